"""What can be wrong with what somebody asks of a project."""

from anxin.core.errors import AnxinError


class RoleNeeded(AnxinError):
    status = 403
    title = {"zh": "您的身份不能做这件事", "en": "Another role is needed"}
    detail = {
        "zh": "这件事需要由{roles_zh}来做，您登录的钱包在本项目是{role_zh}。",
        "en": "This is for: {roles}. The wallet you signed in with is: {role}.",
    }


class PartyNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这个参与方", "en": "No such party"}
    detail = {"zh": "{address} 不是本项目的{role_zh}。", "en": "{address} is no {role} of this project."}


class NotIndependent(AnxinError):
    status = 409
    title = {"zh": "见证方须独立", "en": "A witness must be independent"}
    detail = {
        "zh": "{address} 在本项目已是{role_zh}，见证方不能兼任其他身份。",
        "en": "{address} is {role} here; a witness can be nothing else on the project.",
    }
