"""What can be wrong with who somebody says they are."""

from anxin.core.errors import AnxinError


class NotStaff(AnxinError):
    status = 401
    title = {"zh": "请先用钱包登录", "en": "Sign in with your wallet first"}
    detail = {
        "zh": "没有登录，或登录已超过 12 小时。请用钱包重新登录。",
        "en": "You are not signed in with a wallet, or were for more than 12 hours. Sign in again.",
    }


class ChallengeGone(AnxinError):
    status = 410
    title = {"zh": "登录请求已失效", "en": "Sign-in text expired"}
    detail = {
        "zh": "这段登录文字已过期、已用过，或不是我们发出的。请重新登录。",
        "en": "This sign-in text has expired, was used before, or is not one of ours. Ask for a new one.",
    }


class NotTheirWallet(AnxinError):
    status = 401
    title = {"zh": "签名与地址不符", "en": "Not signed by that wallet"}
    detail = {
        "zh": "这个签名不是 {address} 签的。请用同一个钱包签名；合约钱包目前不能登录。",
        "en": "This was not signed by {address}. Sign with that wallet; contract wallets cannot sign in yet.",
    }


class TooManyChallenges(AnxinError):
    status = 429
    title = {"zh": "登录请求太频繁", "en": "Too many sign-in texts"}
    detail = {"zh": "请在 {retry_after_seconds} 秒后再试。", "en": "Try again in {retry_after_seconds} seconds."}


class NumberOnRecord(AnxinError):
    status = 409
    title = {"zh": "号码没有变", "en": "The same number"}
    detail = {
        "zh": "这就是您现在登记的手机号。要换号，请填写新的号码。",
        "en": "That is the number on record for you already. Give the new one.",
    }


class PersonNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这个人", "en": "Nobody of that name and number"}
    detail = {
        "zh": "没有登记过这个身份证号和姓名的工人。请照证件核对。",
        "en": "No worker of this ID number and name is on record. Compare with the card.",
    }


class NotRegistrar(AnxinError):
    status = 403
    title = {"zh": "只有登记处可以", "en": "For registrars"}
    detail = {
        "zh": "钱包 {address} 不是登记处的。请用登记处的钱包登录。",
        "en": "The wallet {address} is no registrar's. Sign in with a registrar's.",
    }


# ------------------------------------------------------------------ real names


class BadIdNumber(AnxinError):
    status = 422
    title = {"zh": "身份证号不对", "en": "Not an ID number"}
    detail = {
        "zh": "身份证号不对：{problem_zh}。请照证件重新填写。",
        "en": "Not an ID number: {problem}. Copy it from the card again.",
    }


class BadName(AnxinError):
    status = 422
    title = {"zh": "姓名不对", "en": "Not a name"}
    detail = {
        "zh": "姓名须照证件填写，2 到 50 个字，不含数字和符号。",
        "en": "Give the name as on the ID card: 2 to 50 letters or characters, no digits or signs.",
    }


class BadBankAccount(AnxinError):
    status = 422
    title = {"zh": "银行账号不对", "en": "Not a bank account"}
    detail = {"zh": "银行账号应为 8 到 32 位数字。", "en": "A bank account has 8 to 32 digits."}


class RecordFixed(AnxinError):
    status = 409
    title = {"zh": "登记信息不能由您修改", "en": "The record is not yours to change"}
    detail = {
        "zh": "工号 {worker_no} 已办理签字钥匙，或在别处也有登记。姓名、电话和账号须由工人本人到登记处更改。",
        "en": "{worker_no} holds a key, or is on record elsewhere too. Name, phone and account are changed by the worker in "
        "person, before a registrar.",
    }
