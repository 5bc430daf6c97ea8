"""Everything that can be wrong with what somebody asks: what, where, what to do, in their language.

Over HTTP each becomes a problem document (RFC 9457) of type `urn:anxin:error:<slug>`; its values are its members.
A 4xx answer is final: sending the same thing again gets the same answer. 5xx and 503 mean: keep it and send it again.
"""

import re
from typing import Any, ClassVar

from anxin.core.language import Language


class AnxinError(Exception):
    """Base of the tree. Subclasses say status, title and detail; details name their values in braces."""

    status: ClassVar[int]
    title: ClassVar[dict[Language, str]]
    detail: ClassVar[dict[Language, str]]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, **values: Any) -> None:
        self.values = values
        super().__init__(self.detail["en"].format(**values))

    @classmethod
    def slug(cls) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    def document(self, language: Language) -> dict[str, Any]:
        return {
            "type": f"urn:anxin:error:{self.slug()}",
            "title": self.title[language],
            "status": self.status,
            "detail": self.detail[language].format(**self.values),
            **self.values,
        }


# ------------------------------------------------------------------ the request itself


class Malformed(AnxinError):
    status = 400
    title = {"zh": "请求格式不对", "en": "Malformed request"}
    detail = {"zh": "请求内容读不懂：{problem}", "en": "The request cannot be read: {problem}"}


class NotFound(AnxinError):
    status = 404
    title = {"zh": "没有这个页面或记录", "en": "Not found"}
    detail = {"zh": "没有找到 {what}。", "en": "There is no {what}."}


class MethodNotAllowed(AnxinError):
    status = 405
    title = {"zh": "不支持的操作", "en": "Method not allowed"}
    detail = {"zh": "这里不支持 {method}。", "en": "{method} is not possible here."}


class TooLarge(AnxinError):
    status = 413
    title = {"zh": "内容太大", "en": "Too large"}
    detail = {"zh": "最多可发送 {max_bytes} 字节。", "en": "At most {max_bytes} bytes can be sent."}


class Internal(AnxinError):
    status = 500
    title = {"zh": "我们这边出错了", "en": "Our mistake"}
    detail = {
        "zh": "出错了，已记录。请保留您的操作并稍后重试。编号 {incident}",
        "en": "Something broke and has been recorded. Keep what you have and try again later. Reference {incident}",
    }


class Unavailable(AnxinError):
    """The database is out of reach: nothing was stored, or nobody can say whether it was. Sending it again does no harm."""

    status = 503
    title = {"zh": "暂时无法服务", "en": "Not available just now"}
    detail = {
        "zh": "系统暂时连不上数据库。请保留您的操作，{retry_after_seconds} 秒后再试；重复提交不会重复生效。",
        "en": "The database is out of reach. Keep what you have and try again in {retry_after_seconds} seconds: "
        "what is sent twice counts once.",
    }


# ------------------------------------------------------------------ who is asking


class BadPhone(AnxinError):
    status = 422
    title = {"zh": "手机号不对", "en": "Not a phone number"}
    detail = {"zh": "请填写 11 位手机号，例如 13800000001。", "en": "Give an 11-digit mobile number, such as 13800000001."}


class TooManyCodes(AnxinError):
    status = 429
    title = {"zh": "验证码发送太频繁", "en": "Too many codes"}
    detail = {"zh": "请在 {retry_after_seconds} 秒后再试。", "en": "Try again in {retry_after_seconds} seconds."}


class WrongCode(AnxinError):
    status = 401
    title = {"zh": "验证码不对", "en": "Wrong code"}
    detail = {"zh": "验证码不对，请核对短信后重填。", "en": "That is not the code in the message. Check it and try again."}


class CodeExpired(AnxinError):
    status = 410
    title = {"zh": "验证码已失效", "en": "Code expired"}
    detail = {"zh": "验证码已过期或已用过，请重新获取。", "en": "The code has expired or was used. Ask for a new one."}


class Unauthorized(AnxinError):
    status = 401
    title = {"zh": "请先登录", "en": "Sign in first"}
    detail = {"zh": "登录已过期，请重新登录。", "en": "You are not signed in, or were for too long. Sign in again."}


# ------------------------------------------------------------------ what was signed


class DigestMismatch(AnxinError):
    status = 422
    title = {"zh": "签名内容与地址不符", "en": "Digest does not match"}
    detail = {
        "zh": "地址里的摘要不是这些内容的摘要，应为 {expected}。",
        "en": "The digest in the address is not that of this content, which is {expected}.",
    }


class HighS(AnxinError):
    status = 422
    title = {"zh": "签名格式不规范", "en": "Signature not in low-s form"}
    detail = {"zh": "签名的 s 值偏大，请用 n − s 代替后重发。", "en": "The signature's s is high: send n − s instead."}


class WrongKey(AnxinError):
    status = 403
    title = {"zh": "签名与登记的密钥不符", "en": "Not signed with the registered key"}
    detail = {
        "zh": "这个签名不是用登记的密钥签的。请用登记时的手机签名。",
        "en": "This was not signed with the key on record. Sign on the phone that was enrolled.",
    }


class SignatureExpired(AnxinError):
    status = 410
    title = {"zh": "签名已过期", "en": "Signature expired"}
    detail = {"zh": "签名的有效期已过，请重新签名。", "en": "The signature's deadline has passed. Sign again."}


class DeadlineTooFar(AnxinError):
    status = 422
    title = {"zh": "有效期太长", "en": "Deadline too far"}
    detail = {"zh": "签名有效期最多 {max_days} 天。", "en": "A signature may be valid for {max_days} days at most."}


# ------------------------------------------------------------------ enrolment


class BadKey(AnxinError):
    status = 422
    title = {"zh": "密钥不可用", "en": "Unusable key"}
    detail = {"zh": "这个公钥不在 P-256 曲线上，也不是钱包地址。", "en": "The key is neither a point on P-256 nor a wallet."}


class NoPayout(AnxinError):
    status = 409
    title = {"zh": "没有收款账户", "en": "No payout account"}
    detail = {
        "zh": "还没有登记您的银行收款账户，请联系劳资专管员。",
        "en": "Your bank account is not on record yet. Ask the labour officer.",
    }


class AlreadyEnrolled(AnxinError):
    status = 409
    title = {"zh": "已经登记过密钥", "en": "Already enrolled"}
    detail = {
        "zh": "您已登记过一把密钥，换手机需到登记处办理。",
        "en": "A key is on record. To change phones, see the registrar.",
    }


class NotEnrolled(AnxinError):
    status = 409
    title = {"zh": "还没有登记密钥", "en": "Not enrolled"}
    detail = {"zh": "请先在手机上登记密钥，再签名。", "en": "Enrol this phone's key first, then sign."}


class EnrolmentNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这份登记", "en": "No such enrolment"}
    detail = {"zh": "没有等待办理的登记 {digest}。", "en": "No enrolment {digest} is waiting."}


class WrongSigner(AnxinError):
    status = 403
    title = {"zh": "签名人不对", "en": "Wrong signer"}
    detail = {"zh": "这个签名不是 {expected} 签的。", "en": "This was not signed by {expected}."}


class OfferNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这份用工约定", "en": "No such offer"}
    detail = {"zh": "没有找到这份用工约定，或条件已变。", "en": "There is no such offer, or its terms are others."}


# ------------------------------------------------------------------ wages


class SheetNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这张工资表", "en": "No such wage sheet"}
    detail = {"zh": "没有找到工资表 {sheet}。", "en": "There is no wage sheet {sheet}."}


class LineNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这条工资", "en": "No such line"}
    detail = {
        "zh": "工资表 {sheet_id} 里没有第 {index} 条，或还没有上链。",
        "en": "Wage sheet {sheet_id} has no line {index}, or is not on the chain yet.",
    }


class AmountChanged(AnxinError):
    status = 409
    title = {"zh": "内容与工资表不一致", "en": "Differs from the wage sheet"}
    detail = {
        "zh": "您签的是 {signed_fen} 分，工资表上是 {posted_fen} 分（天数或工资单也须一致）。请刷新后核对再签。",
        "en": "You signed {signed_fen} fen; the sheet says {posted_fen} fen (days and payslip must agree too). "
        "Reload, check and sign again.",
    }


class BadObjection(AnxinError):
    status = 422
    title = {"zh": "申诉金额或天数不对", "en": "Claim out of bounds"}
    detail = {
        "zh": "申诉金额须高于 {posted_fen} 分、不超过 {bound_fen} 分，天数须在工资表期间内并包含已列的天数。",
        "en": "Claim more than {posted_fen} and at most {bound_fen} fen, for days of the period that hold the posted ones.",
    }


class AlreadyContested(AnxinError):
    status = 409
    title = {"zh": "已经申诉过", "en": "Already contested"}
    detail = {"zh": "这条工资已有一份申诉在处理。", "en": "This line is already contested; that contest is being handled."}


# ------------------------------------------------------------------ disputes


class ProjectNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这个项目", "en": "No such project"}
    detail = {"zh": "没有专户地址为 {escrow} 的项目。", "en": "There is no project with escrow {escrow}."}


class NotJoined(AnxinError):
    status = 409
    title = {"zh": "不在这个项目上", "en": "Not on this project"}
    detail = {
        "zh": "您还没有和这个项目签约，请先在安薪里接受用工约定。",
        "en": "You have not joined this project: accept its terms in Anxin first.",
    }


class BadClaim(AnxinError):
    status = 422
    title = {"zh": "追讨金额或天数不对", "en": "Claim out of bounds"}
    detail = {
        "zh": "追讨金额须大于 0、不超过 {bound_fen} 分（每日上限乘天数）。",
        "en": "Claim more than 0 and at most {bound_fen} fen: the day cap for each day claimed.",
    }


class FutureDay(AnxinError):
    status = 422
    title = {"zh": "还没到的日子不能追讨", "en": "Day in the future"}
    detail = {
        "zh": "所选日子里有还没到的，请去掉后再签。",
        "en": "A day among these has not come yet. Leave it out and sign again.",
    }


class DayTooOld(AnxinError):
    status = 422
    title = {"zh": "日子太久远", "en": "Too long ago"}
    detail = {
        "zh": "只能追讨最近 {max_days} 天内的工资。",
        "en": "Only days of the last {max_days} days can be claimed.",
    }


class DayClaimed(AnxinError):
    status = 409
    title = {"zh": "这些天已经追讨过", "en": "Day already claimed"}
    detail = {
        "zh": "所选日子里有已经追讨或申诉过的，请去掉后再签。",
        "en": "A day among these is already claimed or contested. Leave it out and sign again.",
    }


class DisputeNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这件争议", "en": "No such dispute"}
    detail = {
        "zh": "这个项目没有第 {dispute_id} 号争议，或还没有上链。",
        "en": "This project has no dispute {dispute_id}, or it is not on the chain yet.",
    }


class DisputeDecided(AnxinError):
    status = 409
    title = {"zh": "争议已有结果", "en": "Dispute decided"}
    detail = {"zh": "第 {dispute_id} 号争议已经有结果。", "en": "Dispute {dispute_id} is decided."}


class NotAnswered(AnxinError):
    status = 409
    title = {"zh": "答复期还没结束", "en": "Answer awaited"}
    detail = {
        "zh": "第 {dispute_id} 号争议还在等总包答复，之后才能裁决。",
        "en": "The contractor may still answer dispute {dispute_id}; then it can be decided.",
    }


class AnswerTooLate(AnxinError):
    status = 410
    title = {"zh": "答复期已过", "en": "Too late to answer"}
    detail = {
        "zh": "第 {dispute_id} 号争议的答复期已过，追讨已成立。",
        "en": "The time to answer dispute {dispute_id} is over: the claim stands.",
    }


class ArbiterTooEarly(AnxinError):
    status = 409
    title = {"zh": "还轮不到仲裁", "en": "Too early for the arbiter"}
    detail = {
        "zh": "劳动部门的处理期内只有劳动部门可以裁决。",
        "en": "While the bureau's time runs only the bureau can decide.",
    }


class BadDisputeAmount(AnxinError):
    status = 422
    title = {"zh": "金额超出范围", "en": "Amount out of bounds"}
    detail = {
        "zh": "金额须在 {least_fen} 到 {most_fen} 分之间。",
        "en": "The amount must be from {least_fen} to {most_fen} fen.",
    }
