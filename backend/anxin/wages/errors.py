"""What can go wrong with keeping a signed word that is no fault of the word."""

from anxin.core.errors import AnxinError


class NotKeptYet(AnxinError):
    status = 503
    title = {"zh": "暂时收不下", "en": "Not kept yet"}
    detail = {
        "zh": "现在太忙，您的签名还没有存下。请保留，{retry_after_seconds} 秒后再发一次。",
        "en": "Too busy just now: your signature is not stored yet. Send it again in {retry_after_seconds} seconds.",
    }
