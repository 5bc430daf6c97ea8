"""Which format a file has, and everything that is wrong with it: what `anxin files check` prints."""

from typing import Literal, get_args

from anxin.bank.answers import check_answer
from anxin.bank.errors import BadFile
from anxin.bank.iso20022 import check_pain001
from anxin.bank.wps import parse_sif, profile_named
from anxin.bank.wps_qatar import parse_qatar
from anxin.bank.xml import read_document
from anxin.core.tables import CellError

Kind = Literal["sif", "qatar", "pain001", "pain002", "camt054"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_MESSAGES: dict[Kind, str] = {"pain001": "pain.001.", "pain002": "pain.002.", "camt054": "camt.054."}


def kind_of(content: bytes) -> Kind | None:
    """Return the kind a file seems to be; nothing where it is like none."""
    start = content[:4096].lstrip(b"\xef\xbb\xbf\r\n \t")
    if start.startswith(b"<"):
        return next((kind for kind, message in _MESSAGES.items() if message.encode() in start), None)
    if start[:4].upper() in (b"EDR,", b"EVP,", b"SCR,"):
        return "sif"
    return "qatar" if start.lower().startswith(b"employer eid,") else None


def errors_in(content: bytes, kind: Kind, *, profile: str = "uae-central-bank", currency: str = "CNY") -> list[CellError]:
    """Return what is wrong with a file of a kind, by line.

    Args:
        profile: of the UAE's banks, for `sif`.
        currency: that a pain.001 must be in.

    Raises:
        UnknownMessage: an XML message of a version there is no schema of.
    """
    if kind == "sif":
        return sorted(parse_sif(content, profile_named(profile))[1], key=_line)
    if kind == "qatar":
        return sorted(parse_qatar(content)[1], key=_line)
    try:
        document = read_document(content, kind)
    except BadFile as error:
        errors: list[CellError] = error.values["errors"]
        return errors
    if not document.message.startswith(_MESSAGES[kind]):
        return [document.error(document.root, "Document", f"this is a {document.message}")]
    return sorted(check_pain001(document, currency) if kind == "pain001" else check_answer(document), key=_line)


def _line(error: CellError) -> int:
    return error.line
