"""What the bank answers: pain.002 (payment status report) and camt.054 (what was booked), one outcome per wage.

Nothing is ignored: a reference we did not send, an amount that is another, an entry without a reference are told beside the
outcomes. A wage counts as settled only where the bank says that it is, with the amount and currency that were sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from anxin.bank.errors import BadFile, BadReference
from anxin.bank.iso20022 import fen_of, is_fen
from anxin.bank.references import parse_reference
from anxin.bank.xml import Document, Element, all_at, at, read_document, schema_errors, text_at
from anxin.core.tables import CellError

State = Literal["settled", "rejected", "pending", "returned"]

# ISO 20022 external code set, payment transaction and group status. What is not here is on its way or unknown: pending.
_STATES: dict[str, State] = {"ACSC": "settled", "ACCC": "settled", "RJCT": "rejected", "CANC": "rejected"}
_FINAL_ENTRY = "BOOK"
_NO_REFERENCE = ("", "NOTPROVIDED")


@dataclass(frozen=True, slots=True)
class Expected:
    """A payment that was sent: what the answer must agree with."""

    amount_fen: int
    message_id: str
    block_id: str  # PmtInfId
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the bank says of one payment. `reason` is an ISO code such as AC04 (closed account), `text` the bank's words."""

    state: State
    reason: str = ""
    text: str = ""
    bank_reference: str = ""
    booked_on: date | None = None


@dataclass
class Answer:
    """`outcomes` by EndToEndId; `doubts` name each place that cannot be right: those payments have no outcome.

    `refused` says of an order as a whole, by MsgId, that the bank does not take it. `deposits` counts what came into the
    account and is no wage coming back.
    """

    message: str
    message_id: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    doubts: list[CellError] = field(default_factory=list)
    refused: dict[str, Outcome] = field(default_factory=dict)
    deposits: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """What a message speaks of: payments by EndToEndId, and orders by MsgId."""

    references: frozenset[str]
    orders: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one element says of a reference; a booking says an amount, a status may."""

    element: Element
    reference: str
    outcome: Outcome
    amount: Element | None = None
    is_booking: bool = False
    is_deposit: bool = False  # came in, and is not said to come back


def expected_of(content: bytes) -> dict[str, Expected]:
    """Return the payments of a pain.001 of ours, by EndToEndId."""
    body = read_document(content, "pain.001").root[0]
    message_id = text_at(body, "GrpHdr/MsgId")
    expected = {}
    for block in all_at(body, "PmtInf"):
        for each in all_at(block, "CdtTrfTxInf"):
            amount = all_at(each, "Amt/InstdAmt")[0]
            expected[text_at(each, "PmtId/EndToEndId")] = Expected(
                fen_of(amount.text or ""), message_id, text_at(block, "PmtInfId"), amount.get("Ccy", "")
            )
    return expected


def named_in(content: bytes, name: str = "answer.xml") -> Named:
    """Return what a pain.002 or camt.054 speaks of: what must be looked up to read it. Raises BadFile."""
    root = read_document(content, name).root
    tags: dict[str, set[str]] = {"EndToEndId": set(), "OrgnlEndToEndId": set(), "OrgnlMsgId": set()}
    for element in root.iter():
        known = tags.get(element.tag.rpartition("}")[2])
        if known is not None:
            known.add((element.text or "").strip())
    references = {_reference(each) for each in tags["EndToEndId"] | tags["OrgnlEndToEndId"]}
    return Named(frozenset(references.difference(_NO_REFERENCE)), frozenset(tags["OrgnlMsgId"]))


def read_answer(content: bytes, expected: Mapping[str, Expected], name: str = "answer.xml") -> Answer:
    """Return what a pain.002 or camt.054 says of the payments `expected`, which are all those still open, by EndToEndId.

    Raises:
        BadFile: it is not a valid message, with line and element of everything that is wrong.
        UnknownMessage: no schema for its version.
    """
    document = read_document(content, name)
    if errors := check_answer(document):
        raise BadFile(name, errors)
    body = document.root[0]
    answer = Answer(document.message, text_at(body, "GrpHdr/MsgId"))
    claims = _status_claims(document, answer, expected) if _is_status(document) else _entry_claims(document, answer)
    for claim in claims:
        _take(document, answer, claim, expected)
    return answer


def _reference(text: str) -> str:
    """Return a reference of ours as we wrote it, for banks change case; others' as they are."""
    try:
        return str(parse_reference(text))
    except BadReference:
        return text


def check_answer(document: Document) -> list[CellError]:
    if not document.message.startswith(("pain.002.", "camt.054.")):
        return [document.error(document.root, "Document", "neither pain.002 nor camt.054", document.message)]
    return schema_errors(document)


def _is_status(document: Document) -> bool:
    return document.message.startswith("pain.002.")


def _take(document: Document, answer: Answer, claim: _Claim, expected: Mapping[str, Expected]) -> None:
    """Keep what is said of one payment, or why it is not believed. What was doubted once is not believed again."""
    reference, sent = claim.reference, expected.get(claim.reference)
    if any(doubt.value == reference for doubt in answer.doubts):
        return
    outcome = _merged(answer.outcomes.get(reference), claim.outcome)
    problem = ""
    if sent is None and claim.is_deposit:
        answer.deposits += 1
        return
    if sent is None:
        problem = "not a payment that is waiting for an answer"
    elif claim.amount is not None and not _agrees(claim.amount, sent):
        problem = f"{claim.amount.get('Ccy')} {claim.amount.text}, but {sent.amount_fen} fen in {sent.currency} were sent"
    elif claim.amount is None and claim.is_booking:
        problem = "booked without an amount"
    elif outcome is None:
        problem = f"{answer.outcomes[reference].state} and {claim.outcome.state} in one message"
    if problem or outcome is None:
        answer.outcomes.pop(reference, None)
        answer.doubts.append(document.error(claim.element, "EndToEndId", problem, reference))
    else:
        answer.outcomes[reference] = outcome


def _merged(known: Outcome | None, said: Outcome) -> Outcome | None:
    """Return what holds of two words on one payment; nothing where they cannot both be true.

    Money may be on its way, then arrive, then come back; what was rejected never left.
    """
    if known is None or known.state == said.state or known.state == "pending":
        return said
    if said.state == "pending" or (known.state, said.state) == ("returned", "settled"):
        return known
    return said if (known.state, said.state) == ("settled", "returned") else None


def _agrees(amount: Element, sent: Expected) -> bool:
    text = amount.text or ""
    return amount.get("Ccy") == sent.currency and is_fen(text) and fen_of(text) == sent.amount_fen


# ------------------------------------------------------------------ pain.002


def _status_claims(document: Document, answer: Answer, expected: Mapping[str, Expected]) -> list[_Claim]:
    """Return what is said of each transaction; what is said of a block or of the whole holds for those not named in it."""
    body, claims = document.root[0], list[_Claim]()
    sent_as = text_at(body, "OrgnlGrpInfAndSts/OrgnlMsgId")
    rest = {reference: each for reference, each in expected.items() if each.message_id == sent_as}
    for block in all_at(body, "OrgnlPmtInfAndSts"):
        named = [_status_claim(document, answer, each) for each in all_at(block, "TxInfAndSts")]
        claims += [claim for claim in named if claim.reference]
        for claim in named:
            rest.pop(claim.reference, None)
        inside = [reference for reference, each in rest.items() if each.block_id == text_at(block, "OrgnlPmtInfId")]
        claims += _laid_on(block, "PmtInfSts", inside)
        if _state(text_at(block, "PmtInfSts")) != "pending":
            for reference in inside:
                del rest[reference]
    whole = all_at(body, "OrgnlGrpInfAndSts")
    if whole and not claims and _state(text_at(whole[0], "GrpSts")) == "rejected":
        answer.refused[sent_as] = Outcome("rejected", *_reason(whole[0]))
    return claims + (_laid_on(whole[0], "GrpSts", list(rest)) if whole else [])


def _laid_on(holder: Element, tag: str, references: list[str]) -> list[_Claim]:
    """A status of many at once counts where it is final: until then each is waited for."""
    state = _state(text_at(holder, tag))
    if state == "pending":
        return []
    return [_Claim(holder, reference, Outcome(state, *_reason(holder))) for reference in references]


def _status_claim(document: Document, answer: Answer, each: Element) -> _Claim:
    reference = _reference(text_at(each, "OrgnlEndToEndId"))
    if reference in _NO_REFERENCE:
        answer.doubts.append(document.error(each, "OrgnlEndToEndId", "a status without a reference", ""))
        reference = ""
    outcome = Outcome(_state(text_at(each, "TxSts")), *_reason(each), bank_reference=text_at(each, "AcctSvcrRef"))
    return _Claim(each, reference, outcome, at(each, "OrgnlTxRef/Amt/InstdAmt"))


def _state(code: str) -> State:
    return _STATES.get(code, "pending")


def _reason(holder: Element) -> tuple[str, str]:
    for each in all_at(holder, "StsRsnInf"):
        code = text_at(each, "Rsn/Cd") or text_at(each, "Rsn/Prtry")
        return code, " ".join((line.text or "").strip() for line in all_at(each, "AddtlInf"))
    return "", ""


# ------------------------------------------------------------------ camt.054


def _entry_claims(document: Document, answer: Answer) -> list[_Claim]:
    claims: list[_Claim] = []
    for entry in all_at(document.root[0], "Ntfctn/Ntry"):
        details = [each for holder in all_at(entry, "NtryDtls") for each in all_at(holder, "TxDtls")]
        named = [each for each in details if text_at(each, "Refs/EndToEndId") not in _NO_REFERENCE]
        if _is_credit(entry) and (len(named) < len(details) or not details):
            answer.deposits += max(1, len(details) - len(named))
        elif len(named) < len(details) or not details:
            reference = text_at(entry, "NtryRef") or text_at(entry, "AcctSvcrRef")
            answer.doubts.append(document.error(entry, "Ntry", "an entry without EndToEndId", reference))
        claims += [_entry_claim(entry, each, alone=len(details) == 1) for each in named]
    return claims


def _entry_claim(entry: Element, each: Element, *, alone: bool) -> _Claim:
    """A debit is a wage going out, a credit is one coming back; it counts once it is booked."""
    booked = (text_at(entry, "Sts/Cd") or text_at(entry, "Sts")) == _FINAL_ENTRY
    incoming = _is_credit(entry, each)
    state: State = "pending" if not booked else "returned" if incoming else "settled"
    reason = text_at(each, "RtrInf/Rsn/Cd") or text_at(each, "RtrInf/Rsn/Prtry")
    words = " ".join((line.text or "").strip() for line in all_at(each, "RtrInf/AddtlInf"))
    day = (text_at(entry, "BookgDt/Dt") or text_at(entry, "BookgDt/DtTm"))[:10]
    amount = at(each, "Amt")
    if amount is None:
        amount = at(each, "AmtDtls/TxAmt/Amt")
    if amount is None and alone:
        amount = at(entry, "Amt")
    outcome = Outcome(
        state, reason, words, text_at(each, "Refs/AcctSvcrRef") or text_at(entry, "AcctSvcrRef"),
        date.fromisoformat(day) if day else None,
    )  # fmt: skip
    is_deposit = incoming and not reason
    reference = _reference(text_at(each, "Refs/EndToEndId"))
    return _Claim(each, reference, outcome, amount, is_booking=True, is_deposit=is_deposit)


def _is_credit(entry: Element, detail: Element | None = None) -> bool:
    own = "" if detail is None else text_at(detail, "CdtDbtInd")
    return (own or text_at(entry, "CdtDbtInd")) == "CRDT"
