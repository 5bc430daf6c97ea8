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


class NoBank(AnxinError):
    status = 403
    title = {"zh": "不是银行签的", "en": "Not signed by the bank"}
    detail = {
        "zh": "签名人 {signer} 在链上没有银行角色。",
        "en": "The signer {signer} does not hold the bank's role on chain.",
    }


class AttestedAhead(AnxinError):
    status = 422
    title = {"zh": "时间在链的时钟之后", "en": "Ahead of the chain"}
    detail = {
        "zh": "余额证明的时间 {at} 晚于链上最新区块。",
        "en": "The balance is attested for {at}, after the chain's newest block.",
    }


class ChainSilent(AnxinError):
    status = 503
    title = {"zh": "暂时问不到区块链", "en": "The chain does not answer"}
    detail = {
        "zh": "现在无法在链上核对银行角色，请稍后原样重发。",
        "en": "The bank's role cannot be looked up on chain now. Send the same again later.",
    }
    headers = {"retry-after": "15"}


class BadWageAccount(AnxinError):
    status = 422
    title = {"zh": "专用账户信息不对", "en": "Not a wage account"}
    detail = {"zh": "专用账户的 {field} 不对：{problem}", "en": "The wage account's {field}: {problem}"}


class NoRefusedOrder(AnxinError):
    status = 404
    title = {"zh": "没有这份被拒的付款文件", "en": "No such refused order"}
    detail = {"zh": "没有被银行拒收的付款文件 {order}。", "en": "The bank has refused no order {order}."}
