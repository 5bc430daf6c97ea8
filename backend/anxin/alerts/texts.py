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
    "contested": {
        "zh": "【安薪】您的申诉已上链：差额{amount}已锁定，等待劳动部门处理。已列工资照发。",
        "en": "[Anxin] Your contest is recorded: {amount} is set aside for the labour bureau. The posted part is paid.",
    },
}


def text(kind: str, language: Language, **values: object) -> str:
    return TEXTS[kind][language].format(**values)
