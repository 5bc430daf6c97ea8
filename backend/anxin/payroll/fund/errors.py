"""What can be wrong with a consent to the provident fund, or with naming one."""

from anxin.core.errors import AnxinError


class BadShare(AnxinError):
    status = 422
    title = {"zh": "缴存比例不对", "en": "Not a share"}
    detail = {
        "zh": "{basis_points} 个基点不能作为缴存比例：请在 {least} 到 {most} 之间选（100 = 1%），停缴填 0。",
        "en": "{basis_points} basis points cannot be agreed to: {least} to {most} (100 are 1 %), or 0 to stop.",
    }


class FundChanged(AnxinError):
    status = 409
    title = {"zh": "公积金账户不是这个", "en": "Not the project's fund"}
    detail = {
        "zh": "您签的公积金账户是 {signed}，项目现在登记的是 {fund}：请看清后重新签字。",
        "en": "What was signed names the fund {signed}; the project's is {fund}. Look at it and sign again.",
    }


class ConsentOutdated(AnxinError):
    status = 409
    title = {"zh": "已有更新的签字", "en": "Signed something later"}
    detail = {
        "zh": "这份同意书签在您更新的一份之前，没有采用：要改比例请重新签字。",
        "en": "This was signed before a later word of yours, and is not taken: sign again to change the share.",
    }


class ConsentTooLong(AnxinError):
    status = 422
    title = {"zh": "签字的有效期太长", "en": "Valid for too long"}
    detail = {
        "zh": "同意书签好后最多 {hours} 小时内要送到：请校准手机时间后重新签字。",
        "en": "A consent has to arrive within {hours} hours of being signed: set the phone's clock and sign again.",
    }


class FundUnfit(AnxinError):
    status = 409
    title = {"zh": "不能登记为公积金账户", "en": "Cannot be the fund"}
    detail = {
        "zh": "{worker_no} 不能登记为公积金账户：要有已登记的钱包密钥和收款账户，已加入项目专户，"
        "不是月薪合同，也没有考勤。",
        "en": "{worker_no} cannot be the fund: it needs a wallet key and a payout on record, to have joined the escrow, "
        "no contract by the month and no attendance.",
    }


class NoFundSlip(AnxinError):
    status = 404
    title = {"zh": "没有公积金明细", "en": "No fund line"}
    detail = {
        "zh": "第 {sheet} 号工资表没有您的公积金缴存，或者已过保存期限。",
        "en": "Sheet {sheet} has no share of yours for a fund, or the time for which it is kept is over.",
    }
