"""What can be wrong with attendance that somebody sends."""

from anxin.core.errors import AnxinError


class AbsurdTime(AnxinError):
    status = 422
    title = {"zh": "时间不可能", "en": "Impossible time"}
    detail = {
        "zh": "{at} 早于 {max_past_days} 天前或晚于 {max_future_days} 天后，请校准设备时钟。",
        "en": "{at} is more than {max_past_days} days ago or {max_future_days} day ahead: set the device's clock.",
    }


class SourceNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这个考勤来源", "en": "No such source"}
    detail = {"zh": "没有考勤来源 {source}。", "en": "There is no attendance source {source}."}


class SourceEnded(AnxinError):
    status = 409
    title = {"zh": "考勤来源已停用", "en": "Source ended"}
    detail = {
        "zh": "考勤来源 {source} 已停用，请另取名称登记新的设备。",
        "en": "Attendance source {source} has ended: register a new one under another name.",
    }


class BadDeviceSignature(AnxinError):
    status = 401
    title = {"zh": "设备签名不对", "en": "Wrong device signature"}
    detail = {
        "zh": "sign 与 appid {appid} 的密钥不符，或该设备未登记、已停用。",
        "en": "`sign` is not by the secret of appid {appid}, or that device is not registered any more.",
    }


class FileNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这份文件", "en": "No such file"}
    detail = {
        "zh": "没有上传过文件 {digest}，或已过期，请重新上传。",
        "en": "File {digest} was not uploaded, or too long ago: upload it again.",
    }


class FileHasErrors(AnxinError):
    status = 409
    title = {"zh": "文件里有错", "en": "The file has errors"}
    detail = {
        "zh": "文件里有 {errors} 行不能用，请改正后重新上传，或确认跳过（skipBad=true）。",
        "en": "{errors} rows cannot be used. Correct and upload again, or confirm that they be left out (skipBad=true).",
    }


class StrayNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这条无主记录", "en": "No such reading"}
    detail = {"zh": "没有待认领的记录 {stray}。", "en": "There is no unassigned reading {stray}."}


class NotOnProject(AnxinError):
    status = 422
    title = {"zh": "不在本项目", "en": "Not on this project"}
    detail = {"zh": "本项目没有工号 {worker_no}。", "en": "This project has no worker {worker_no}."}


class RecordNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这条考勤", "en": "No such record"}
    detail = {"zh": "没有考勤记录 {record}。", "en": "There is no attendance record {record}."}


class CorrectionNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这份更正", "en": "No such correction"}
    detail = {"zh": "没有考勤更正 {correction}。", "en": "There is no correction {correction}."}


class CorrectionChanged(AnxinError):
    status = 409
    title = {"zh": "更正编号已用过", "en": "Correction number used"}
    detail = {
        "zh": "更正 {correction} 已用于别的内容，请换一个编号。",
        "en": "Correction {correction} was used for something else: take another number.",
    }


class CorrectionClosed(AnxinError):
    status = 409
    title = {"zh": "更正已有结果", "en": "Correction closed"}
    detail = {
        "zh": "更正 {correction} 的状态是 {state}，不能再签。",
        "en": "Correction {correction} is {state}: it can no longer be signed.",
    }


class OwnProposal(AnxinError):
    status = 403
    title = {"zh": "不能会签自己的更正", "en": "Your own proposal"}
    detail = {
        "zh": "更正须由提出人以外的总包或劳资专管员会签。",
        "en": "Somebody else must countersign: the contractor or a labour officer who did not propose it.",
    }


class NothingToCorrect(AnxinError):
    status = 409
    title = {"zh": "没有可更正的内容", "en": "Nothing to correct"}
    detail = {"zh": "更正没有改变任何内容：{problem}", "en": "This correction changes nothing: {problem}"}


class NotAnchored(AnxinError):
    status = 404
    title = {"zh": "还没有存证", "en": "Not in a root yet"}
    detail = {
        "zh": "记录 {record} 当天的存证根次日零点后生成，请明天再看。",
        "en": "Record {record} goes into the root of the day it was received, which is made after midnight.",
    }


class RootNotFound(AnxinError):
    status = 404
    title = {"zh": "没有这个存证根", "en": "No such root"}
    detail = {"zh": "没有存证根 {digest}。", "en": "There is no root {digest}."}
