"""What can be wrong with files that go to banks and come from them."""

from collections.abc import Sequence

from anxin.core.errors import AnxinError
from anxin.core.tables import CellError


class BadFile(AnxinError):
    """A file breaks its format; `errors` names each line and field, all that could be found at once."""

    status = 422
    title = {"zh": "文件不符合格式", "en": "The file breaks its format"}
    detail = {
        "zh": "{name}：{count} 处不符合格式。第 {line} 行 {field}：{problem}",
        "en": "{name}: {count} errors. Line {line}, {field}: {problem}",
    }

    def __init__(self, name: str, errors: Sequence[CellError]) -> None:
        first = errors[0]
        super().__init__(
            name=name, count=len(errors), line=first.line, field=first.column, problem=first.problem, errors=list(errors)
        )


class UnknownMessage(AnxinError):
    status = 422
    title = {"zh": "不认识的报文", "en": "Unknown message"}
    detail = {
        "zh": "报文 {message} 没有对应的标准。可用：{known}。",
        "en": "There is no schema of the message {message}. Known are {known}.",
    }


class NotPayable(AnxinError):
    """A payment that cannot be put in a file."""

    status = 422
    title = {"zh": "无法支付", "en": "Not payable"}
    detail = {"zh": "{reference} 的 {field}：{problem}", "en": "{reference}, {field}: {problem}"}


class BadReference(AnxinError):
    status = 422
    title = {"zh": "付款编号不对", "en": "Not a payment reference of ours"}
    detail = {"zh": "{reference} 不是本系统的付款编号。", "en": "{reference} is no payment reference of ours."}
