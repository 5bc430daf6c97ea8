"""What messages say, per language. One segment where it can be (70 characters in Chinese, 160 in English), two at most.

"Released" is not "paid": only the bank's receipt lets a message say paid. Nobody is named: a phone lies about, or is shared.
"""

import re
from datetime import date, datetime
from typing import Final

from anxin.core.clock import SITE_ZONE
from anxin.core.language import Language

LONGEST_NAME: Final = 20  # characters of a project's name that a message has room for
_MARKS: Final = re.compile(r"[^\w ()（）《》·、，#-]")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

TEXTS: dict[str, dict[Language, str]] = {
    "login_code": {
        "zh": "【安薪】验证码 {code}，5分钟内有效。安薪不会打电话要验证码。",
        "en": "[Anxin] Your code is {code}, valid for 5 minutes. We never ask for it by phone.",
    },
    "line_posted": {
        "zh": "【安薪】{project} {days}天工资{amount}已上链，请打开安薪核对并签名。",
        "en": "[Anxin] {project}: {amount} for {days} days is posted. Open Anxin to check it and sign.",
    },
    "line_added": {
        "zh": "【安薪】{project} 补发工资{amount}已上链，请打开安薪核对并签名。",
        "en": "[Anxin] {project}: {amount} more is posted. Open Anxin to check it and sign.",
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
    "please_confirm": {
        "zh": "【安薪】{project}工资{amount}（{days}天）待您核对，{until}前可签名或申诉；过期按无异议放款，之后仍可申诉。",
        "en": "[Anxin] {project}: {amount} for {days} days waits for you. Sign or contest it by {until}.",
    },
    # keys, payouts, numbers: to the old number and the new one
    "payout_change_announced": {
        "zh": "【安薪】您的收款账户将于{until}变更。如非本人操作，请立即打开安薪更换钥匙，或找登记处。",
        "en": "[Anxin] Your pay goes to another account from {until}. Not you? See the registrar at once.",
    },
    "payout_change_withdrawn": {
        "zh": "【安薪】收款账户变更已撤销，工资仍付到原账户。",
        "en": "[Anxin] The change of your account was given up: your pay goes where it went before.",
    },
    "payout_changed": {
        "zh": "【安薪】您的收款账户已变更，今后工资付到新账户。如非本人操作，请立即找登记处或劳动部门。",
        "en": "[Anxin] Your pay goes to another account from now on. Not you? See the registrar at once.",
    },
    "recovery_announced": {
        "zh": "【安薪】有人在登记处为您申请新钥匙，{until}生效。如非本人，请立即打开安薪撤销，或找劳动部门。",
        "en": "[Anxin] A new key was asked for you, from {until} on. Not you? Cancel it in Anxin at once.",
    },
    "recovery_cancelled": {
        "zh": "【安薪】新钥匙申请已撤销，您原来的钥匙继续有效。",
        "en": "[Anxin] The new key was cancelled: the key you have stays good.",
    },
    "key_changed": {
        "zh": "【安薪】您的签名钥匙已更换。如非本人操作，请立即找登记处或劳动部门。",
        "en": "[Anxin] Your signing key was changed. Not you? See the registrar or the labour bureau at once.",
    },
    "number_code": {
        "zh": "【安薪】换号验证码 {code}，5分钟内有效。不是您要换号，请不要理会，也不要告诉别人。",
        "en": "[Anxin] Code to put this number on record: {code}, valid for 5 minutes. Not you? Ignore it; tell nobody.",
    },
    "phone_change_announced": {
        "zh": "【安薪】您登记的手机号将于{until}换成别的号码。如非本人操作，请立即打开安薪撤销，或找登记处。",
        "en": "[Anxin] Another phone number will be on record for you from {until}. Not you? Cancel it in Anxin at once.",
    },
    "phone_change_withdrawn": {
        "zh": "【安薪】换手机号的申请已撤销，通知仍发到原来的号码。",
        "en": "[Anxin] The change of your phone number was given up: notices come to this number as before.",
    },
    "phone_changed_old": {
        "zh": "【安薪】您在安薪登记的手机号已换成别的号码。如非本人操作，请立即找登记处或劳动部门。",
        "en": "[Anxin] Another phone number is on record for you now. Not you? See the registrar at once.",
    },
    "phone_changed_new": {
        "zh": "【安薪】今后安薪的通知发到这个号码。手机号只用于通知，不能代替您签名。",
        "en": "[Anxin] Notices come to this number from now on. A number never signs for you: only your key does.",
    },
    # contacts of contractor and bureau
    "claim_to_answer": {
        "zh": "【安薪】{project}有工人追讨工资{amount}，请于{until}前在安薪答复；逾期不答复即成立。",
        "en": "[Anxin] {project}: a worker claims {amount}. Answer it in Anxin by {until}, or it stands.",
    },
    "escrow_low": {
        "zh": "【安薪】{project}工资专户余额{have}，应付{owed}，缺{short}。请尽快拨付人工费。",
        "en": "[Anxin] {project}: the wage account holds {have} and owes {owed}. {short} is missing: please fund it.",
    },
    "attendance_proposed": {
        "zh": "【安薪】考勤拟更正：{old}→{new}。请打开安薪核对，不同意请在3天内提出。",
        "en": "[Anxin] Your attendance is to be changed: {old} -> {new}. Open Anxin; if it is wrong, object within 3 days.",
    },
    "attendance_corrected": {
        "zh": "【安薪】考勤已更正：{old}→{new}。如有不符，请打开安薪申诉。",
        "en": "[Anxin] Your attendance was changed: {old} -> {new}. If it is wrong, contest the wage in Anxin.",
    },
    # answers to what people write
    "reply_owed": {
        "zh": "【安薪】欠您工资{owed}，最近发薪日{payday}；另有{on_way}在银行转账途中。明细请打开安薪。",
        "en": "[Anxin] You are owed {owed}, next payday {payday}; {on_way} is with the bank. Details: open Anxin.",
    },
    "reply_nothing_owed": {
        "zh": "【安薪】已列工资没有欠款；{on_way}在银行转账途中。如有漏记，请打开安薪追讨。",
        "en": "[Anxin] Nothing posted is owed to you; {on_way} is with the bank. Days missing? Claim them in Anxin.",
    },
    "reply_last": {
        "zh": "【安薪】最近一笔工资{amount}，{day}到账。",
        "en": "[Anxin] Your last wage of {amount} reached your account on {day}.",
    },
    "reply_no_last": {
        "zh": "【安薪】还没有到账的工资。",
        "en": "[Anxin] No wage has reached your account yet.",
    },
    "reply_object": {
        "zh": "【安薪】已告知劳动部门。要正式申诉，请打开 {link} 填写并签名；短信不能代替签名。",
        "en": "[Anxin] The labour bureau was told. To contest, fill in and sign at {link} - an SMS is no signature.",
    },
    "reply_help": {
        "zh": "【安薪】回复：余额 查欠薪；工资 查到账；不对 要申诉；退订 停短信；恢复 收短信。维权电话12333。",
        "en": "[Anxin] Reply BALANCE, LAST (payment), OBJECT, STOP or START. SMS never moves money. Labour hotline: 12333.",
    },
    "reply_stopped": {
        "zh": "【安薪】不再给您发短信，重要通知请在安薪里看。回复 恢复 可重新接收。",
        "en": "[Anxin] No more messages. Important notices are shown in Anxin. Reply START to get them again.",
    },
    "reply_started": {
        "zh": "【安薪】已恢复短信通知。",
        "en": "[Anxin] Messages are on again.",
    },
    "reply_stranger": {
        "zh": "【安薪】本号码只发通知，不受理咨询。维权电话12333。",
        "en": "[Anxin] This number only sends notices. Labour hotline: 12333.",
    },
}


def text(kind: str, language: Language, **values: object) -> str:
    """Return a message. Instants and days among the values are written as people say them, at the site's time."""
    return TEXTS[kind][language].format(**{name: _said(value, language) for name, value in values.items()})


def short_name(name: str) -> str:
    """A project's name, as much of it as a message has room for.

    Without what links and line breaks are made of: whoever names a project does not write messages in our name.
    """
    name = " ".join(_MARKS.sub(" ", name).split())
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + ("." if name.isascii() else "…")


def _said(value: object, language: Language) -> object:
    if isinstance(value, datetime):
        local = value.astimezone(SITE_ZONE)
        day, time = _said(local.date(), language), f"{local:%H:%M}"
        return f"{day}{time}" if language == "zh" else f"{day} {time}"
    if isinstance(value, date):
        return f"{value.month}月{value.day}日" if language == "zh" else f"{value.day} {MONTHS[value.month - 1]}"
    return value
