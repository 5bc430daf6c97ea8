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


# ------------------------------------------------------------------ rosters


class NotOnRoster(AnxinError):
    status = 404
    title = {"zh": "名册上没有这个工号", "en": "Not on the roster"}
    detail = {"zh": "本项目名册上没有工号 {worker_no}。", "en": "There is no {worker_no} on this project's roster."}


class NumberTaken(AnxinError):
    status = 409
    title = {"zh": "工号已被使用", "en": "Number taken"}
    detail = {
        "zh": "工号 {worker_no} 在本项目已属于另一人，请换一个工号。",
        "en": "On this project {worker_no} is another person. Use another number.",
    }


class OnRosterAlready(AnxinError):
    status = 409
    title = {"zh": "此人已在名册上", "en": "Already on the roster"}
    detail = {
        "zh": "这个身份证号在本项目的工号是 {worker_no}。一个人只能有一个工号。",
        "en": "This ID number is {worker_no} on this project. A person has one number.",
    }


class UnknownEmployer(AnxinError):
    status = 422
    title = {"zh": "用工单位不是本项目的", "en": "Not an employer here"}
    detail = {
        "zh": "{employer} 不是本项目的总包或分包。请先由总包登记这家分包。",
        "en": "{employer} is neither contractor nor subcontractor here. The contractor names subcontractors first.",
    }


class TermsSigned(AnxinError):
    status = 409
    title = {"zh": "合同已签，条件不能改", "en": "The terms are signed"}
    detail = {
        "zh": "工号 {worker_no} 已签合同，工价、班组和用工单位以合同为准。",
        "en": "{worker_no} has signed: rate, team and employer are those of the contract.",
    }


class NotSignedHere(AnxinError):
    status = 409
    title = {"zh": "签合同后才能查看", "en": "Not before they have signed"}
    detail = {
        "zh": "工号 {worker_no} 此前已有登记。此人与本项目签合同后，您才能查看其信息。",
        "en": "{worker_no} was on record before. You can see their data once they have signed with this project.",
    }


class BadCell(AnxinError):
    status = 422
    title = {"zh": "单元格不对", "en": "Unusable cell"}
    detail = {"zh": "{problem_zh}。", "en": "Here {problem}."}


class BadRosterFile(AnxinError):
    status = 422
    title = {"zh": "名册文件不能用", "en": "Unusable roster"}
    detail = {"zh": "这份名册不能导入：{problem_zh}。", "en": "This roster cannot be stored: {problem}."}


class BadMoveDay(AnxinError):
    status = 422
    title = {"zh": "日期不对", "en": "Not a day to record"}
    detail = {
        "zh": "{day} 不能登记：只能登记今天或过去 {max_days} 天内的进出场。",
        "en": "{day} cannot be recorded: only today and the {max_days} days before can.",
    }


class BadProjectDays(AnxinError):
    status = 422
    title = {"zh": "开工和竣工日期不对", "en": "Dates out of order"}
    detail = {
        "zh": "竣工日期 {completed} 早于开工日期 {started}。",
        "en": "Completed on {completed}, which is before it started on {started}.",
    }
