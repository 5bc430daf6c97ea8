"""What can be wrong with uploads to the real-name platform."""

from anxin.core.errors import AnxinError


class RealNameOff(AnxinError):
    status = 409
    title = {"zh": "未接入实名制平台", "en": "The real-name platform is off"}
    detail = {
        "zh": "运营方还没有设置实名制平台的地址和密钥。",
        "en": "The operator has not set the platform's address and key (ANXIN_REALNAME_URL, …_APPID, …_SECRET).",
    }


class UploadNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这次上传", "en": "No such upload"}
    detail = {"zh": "没有被退回的上传 {upload}。", "en": "There is no rejected upload {upload}."}


class BadAppSecret(AnxinError):
    status = 409
    title = {"zh": "平台密钥长度不对", "en": "Not an app secret"}
    detail = {
        "zh": "平台密钥应为 16、24 或 32 个字符，现有 {length} 个。",
        "en": "The platform's secret has 16, 24 or 32 characters, not {length}.",
    }
