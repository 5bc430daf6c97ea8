"""Why a bank did not pay, in words: ISO 20022 external codes, and our own reasons for holding a wage back."""

from typing import Final

from anxin.bank.ordering import BAD_ACCOUNT, BAD_NAME, NO_ACCOUNT, NO_WAGE_ACCOUNT, NOT_SENDABLE
from anxin.bank.payouts import TOO_OFTEN
from anxin.core.language import Language

Words = dict[Language, str]

ORDER_REFUSED: Final = "order-refused"

REASONS: Final[dict[str, Words]] = {
    "AC01": {"zh": "账号不对", "en": "wrong account number"},
    "AC02": {"zh": "付款账号不对", "en": "wrong account number of the payer"},
    "AC03": {"zh": "账号不对", "en": "wrong account number"},
    "AC04": {"zh": "账户已销户", "en": "account closed"},
    "AC05": {"zh": "付款账户已销户", "en": "payer's account closed"},
    "AC06": {"zh": "账户被冻结", "en": "account blocked"},
    "AC13": {"zh": "账户类型不符", "en": "wrong kind of account"},
    "AG01": {"zh": "该账户不能收这类款项", "en": "transfer not allowed on this account"},
    "AM01": {"zh": "金额为零", "en": "amount is zero"},
    "AM02": {"zh": "金额超过限额", "en": "amount above the limit"},
    "AM03": {"zh": "币种不符", "en": "wrong currency"},
    "AM04": {"zh": "专用账户余额不足", "en": "too little money in the wage account"},
    "AM05": {"zh": "重复支付", "en": "a duplicate"},
    "AM09": {"zh": "金额不对", "en": "wrong amount"},
    "AM14": {"zh": "金额超过约定限额", "en": "amount above the agreed limit"},
    "BE01": {"zh": "户名与账号不符", "en": "name and account do not belong together"},
    "BE04": {"zh": "缺少收款人地址", "en": "the worker's address is missing"},
    "BE05": {"zh": "付款方不明", "en": "unknown payer"},
    "BE06": {"zh": "收款人不明", "en": "the bank does not know the worker"},
    "BE07": {"zh": "缺少付款人地址", "en": "the payer's address is missing"},
    "MD07": {"zh": "收款人已去世", "en": "the account's owner has died"},
    "MS02": {"zh": "收款人拒收", "en": "refused by the receiver"},
    "MS03": {"zh": "银行未说明原因", "en": "the bank gives no reason"},
    "NARR": {"zh": "见银行说明", "en": "see the bank's words"},
    "RC01": {"zh": "开户行号不对", "en": "wrong bank code"},
    "RR04": {"zh": "监管原因", "en": "regulatory reason"},
    NO_WAGE_ACCOUNT: {"zh": "总包还没有登记工资专用账户", "en": "the contractor has not named the project's wage account"},
    NO_ACCOUNT: {"zh": "没有登记工人的银行账号", "en": "no bank account of the worker is on record"},
    BAD_ACCOUNT: {"zh": "登记的银行账号不能用于付款", "en": "the bank account on record cannot be paid to"},
    BAD_NAME: {"zh": "银行不接受登记的姓名写法", "en": "the bank does not take the name as it is on record"},
    NOT_SENDABLE: {"zh": "这笔款无法写入付款文件", "en": "this wage cannot be put into a payment order"},
    ORDER_REFUSED: {"zh": "银行不受理付款文件，正在处理", "en": "the bank did not take the order: being settled"},
    TOO_OFTEN: {"zh": "退回次数过多，需要人工处理", "en": "came back too often: a person must look at it"},
}


def reason_text(code: str | None, language: Language) -> str:
    """Return what a code means; the code where nobody has said, empty without one."""
    return REASONS[code][language] if code in REASONS else code or ""
