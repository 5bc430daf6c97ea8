"""What can be wrong with what somebody sends in Twilio's name, or asks of the desk."""

from anxin.core.errors import AnxinError


class NotTwilio(AnxinError):
    status = 403
    title = {"zh": "不是 Twilio 发来的", "en": "Not from Twilio"}
    detail = {
        "zh": "签名与 {url} 和内容不符。请核对 ANXIN_TWILIO_AUTH_TOKEN 和 ANXIN_TWILIO_WEBHOOK_URL。",
        "en": "The signature is not over {url} and this content: check ANXIN_TWILIO_AUTH_TOKEN, ANXIN_TWILIO_WEBHOOK_URL.",
    }


class DeskNoticeNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这条来信", "en": "No such notice"}
    detail = {
        "zh": "本项目没有编号 {notice} 的来信。请刷新列表。",
        "en": "This project has no notice {notice}. Read the list again.",
    }
