"""What can be wrong with what somebody asks of a project."""

from anxin.core.errors import AnxinError


class RoleNeeded(AnxinError):
    status = 403
    title = {"zh": "您的身份不能做这件事", "en": "Another role is needed"}
    detail = {
        "zh": "这件事需要由{roles_zh}来做，您登录的钱包在本项目是{role_zh}。",
        "en": "This is for: {roles}. The wallet you signed in with is: {role}.",
    }
