"""What messages say, per language. One segment where it can be: 70 characters in Chinese, 160 in English.

"Released" is not "paid": only the bank's receipt lets a message say paid.
"""

from anxin.core.language import Language

TEXTS: dict[str, dict[Language, str]] = {
    "login_code": {
        "zh": "【安薪】验证码 {code}，5分钟内有效。安薪不会打电话要验证码。",
        "en": "[Anxin] Your code is {code}, valid for 5 minutes. We never ask for it by phone.",
    },
    "line_posted": {
        "zh": "【安薪】{project} {days}天工资{amount}已上链，请打开安薪核对并签名。",
        "en": "[Anxin] {project}: {amount} for {days} days is posted. Open Anxin to check it and sign.",
    },
    "released": {
        "zh": "【安薪】您签名的工资{amount}已放款，正转往您的收款账户。",
        "en": "[Anxin] The wage you signed for, {amount}, is released and on its way to your account.",
    },
    "released_unsigned": {
        "zh": "【安薪】工资{amount}已放款到您的收款账户。您未签名，如有不符仍可申诉。",
        "en": "[Anxin] {amount} was released to your account. You did not sign; if it is wrong you can still contest it.",
    },
    "released_to_bank": {
        "zh": "【安薪】您签名的工资{amount}已放款，银行正在转入您的账户，到账另行短信通知。",
        "en": "[Anxin] The wage you signed for, {amount}, is released; the bank is paying it and we will tell you.",
    },
    "released_unsigned_to_bank": {
        "zh": "【安薪】工资{amount}已放款，银行正在转入您的账户。您未签名，如有不符仍可申诉。",
        "en": "[Anxin] {amount} was released; the bank is paying it. You did not sign; if it is wrong you can contest it.",
    },
    "paid": {
        "zh": "【安薪】银行已将{amount}转入您的账户，请查收。如未到账，请拨打银行客服核对。",
        "en": "[Anxin] The bank has paid {amount} into your account. If it is not there, ask the bank.",
    },
    "returned": {
        "zh": "【安薪】银行未能转入{amount}，已退回专户，这笔工资仍欠您。请核对账户后在安薪重新签名。",
        "en": "[Anxin] The bank could not pay {amount}: it is owed again. Check your account, then sign again in Anxin.",
    },
    "grant_returned": {
        "zh": "【安薪】银行未能转入{amount}，已退回专户，这笔钱仍欠您。请到登记处核对收款账户。",
        "en": "[Anxin] The bank could not pay {amount}: it is owed to you again. See the registrar about your account.",
    },
    "claimed": {
        "zh": "【安薪】您追讨的{amount}已上链并锁定。总包须在期限内答复，逾期不答复即成立。",
        "en": "[Anxin] Your claim of {amount} is recorded and set aside. With no answer in time it stands.",
    },
    "answered": {
        "zh": "【安薪】您要求的{asked}，总包承认{admitted}，随即放款；其余由劳动部门处理。",
        "en": "[Anxin] Of the {asked} you ask the contractor admits {admitted}, paid now; the rest is for the bureau.",
    },
    "claim_stood": {
        "zh": "【安薪】总包逾期未答复，您追讨的{asked}成立，随即放款。",
        "en": "[Anxin] The contractor did not answer in time: your claim of {asked} stands and is paid.",
    },
    "resolved": {
        "zh": "【安薪】劳动部门已裁决：您要求的{asked}，支持{granted}。",
        "en": "[Anxin] The dispute is decided: of the {asked} you asked, {granted} is yours.",
    },
    "grant_released": {
        "zh": "【安薪】您争取到的{amount}已放款，正转往您的收款账户。",
        "en": "[Anxin] What you were granted, {amount}, is released and on its way to your account.",
    },
    "grant_released_to_bank": {
        "zh": "【安薪】您争取到的{amount}已放款，银行正在转入您的账户，到账另行短信通知。",
        "en": "[Anxin] What you were granted, {amount}, is released; the bank is paying it and we will tell you.",
    },
    "contested": {
        "zh": "【安薪】您的申诉已上链：差额{amount}已锁定，等待劳动部门处理。已列工资照发。",
        "en": "[Anxin] Your contest is recorded: {amount} is set aside for the labour bureau. The posted part is paid.",
    },
}


def text(kind: str, language: Language, **values: object) -> str:
    return TEXTS[kind][language].format(**values)
