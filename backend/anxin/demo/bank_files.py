"""The files that the simulated banks write: pain.002 (status of an order) and camt.054 (what was booked)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from anxin.bank.iso20022 import yuan_text
from anxin.bank.xml import NAMESPACE, Element

REPORT, NOTICE, OLD_NOTICE = "pain.002.001.10", "camt.054.001.08", "camt.054.001.02"
CURRENCY = "CNY"


@dataclass(frozen=True)
class Entry:
    """One booking on a wage account. `side` is DBIT or CRDT; a returned payment is a credit with a reason."""

    number: str
    side: str
    amount_fen: int
    other_name: str
    other_number: str
    reference: str = ""  # EndToEndId
    text: str = ""
    reason: str = ""
    status: str = "BOOK"


@dataclass(frozen=True)
class Status:
    """What became of one payment of an order: ACSP, ACSC, RJCT and their like."""

    reference: str
    code: str
    reason: str = ""


def report(number: str, at: datetime, message_id: str, block_id: str, group: str, statuses: Sequence[Status]) -> bytes:
    """Return a pain.002 on the order `message_id`."""
    root = ElementTree.Element("Document", xmlns=NAMESPACE + REPORT)
    body = _add(root, "CstmrPmtStsRpt")
    _header(body, number, at)
    original = _add(body, "OrgnlGrpInfAndSts")
    _add(original, "OrgnlMsgId", message_id)
    _add(original, "OrgnlMsgNmId", "pain.001.001.09")
    _add(original, "GrpSts", group)
    if statuses:
        block = _add(body, "OrgnlPmtInfAndSts")
        _add(block, "OrgnlPmtInfId", block_id)
        for each in statuses:
            transaction = _add(block, "TxInfAndSts")
            _add(transaction, "OrgnlEndToEndId", each.reference)
            _add(transaction, "TxSts", each.code)
            if each.reason:
                _add(_add(_add(transaction, "StsRsnInf"), "Rsn"), "Cd", each.reason)
    return _bytes(root)


def notice(number: str, at: datetime, account: str, entries: Sequence[Entry], version: str = NOTICE) -> bytes:
    """Return a camt.054 on one account."""
    root = ElementTree.Element("Document", xmlns=NAMESPACE + version)
    body = _add(root, "BkToCstmrDbtCdtNtfctn")
    _header(body, number, at)
    note = _add(body, "Ntfctn")
    _add(note, "Id", number)
    _add(note, "CreDtTm", _time(at))
    _account(note, "Acct", account)
    for each in entries:
        _entry(note, each, at, is_old=version == OLD_NOTICE)
    return _bytes(root)


def _entry(note: Element, each: Entry, at: datetime, *, is_old: bool) -> None:
    entry = _add(note, "Ntry")
    _add(entry, "NtryRef", each.number)
    _amount(entry, each.amount_fen)
    _add(entry, "CdtDbtInd", each.side)
    if is_old:
        _add(entry, "Sts", each.status)
    else:
        _add(_add(entry, "Sts"), "Cd", each.status)
    _add(_add(entry, "BookgDt"), "Dt", at.date().isoformat())
    _add(entry, "AcctSvcrRef", each.number)
    _add(_add(_add(entry, "BkTxCd"), "Prtry"), "Cd", "SALA" if each.reference else "TRF")
    detail = _add(_add(entry, "NtryDtls"), "TxDtls")
    refs = _add(detail, "Refs")
    _add(refs, "AcctSvcrRef", each.number)
    _add(refs, "EndToEndId", each.reference or "NOTPROVIDED")
    if is_old:
        _amount(_add(_add(detail, "AmtDtls"), "TxAmt"), each.amount_fen)
    else:
        _amount(detail, each.amount_fen)
        _add(detail, "CdtDbtInd", each.side)
    parties = _add(detail, "RltdPties")
    other = "Cdtr" if each.reference else "Dbtr"  # a payment that comes back still names whom it was for
    holder = _add(parties, other)
    _add(holder if is_old else _add(holder, "Pty"), "Nm", each.other_name)
    _account(parties, f"{other}Acct", each.other_number)
    if each.text:
        _add(_add(detail, "RmtInf"), "Ustrd", each.text)
    if each.reason:
        _add(_add(_add(detail, "RtrInf"), "Rsn"), "Cd", each.reason)


def _header(body: Element, number: str, at: datetime) -> None:
    header = _add(body, "GrpHdr")
    _add(header, "MsgId", number)
    _add(header, "CreDtTm", _time(at))


def _account(parent: Element, tag: str, number: str) -> None:
    _add(_add(_add(_add(parent, tag), "Id"), "Othr"), "Id", number)


def _amount(parent: Element, fen: int) -> None:
    _add(parent, "Amt", yuan_text(fen)).set("Ccy", CURRENCY)


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _add(parent: Element, tag: str, text: str = "") -> Element:
    element = ElementTree.SubElement(parent, tag)
    if text:
        element.text = text
    return element


def _bytes(root: Element) -> bytes:
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content
