"""Reading what the bank has written: each file kept once, as it came, with what it changes, in one transaction.

    ordered, submitted ──► pending ──► booked ──► returned
             └───────────────┴──► rejected

A file that comes twice, late or out of order changes nothing: what is known of a payment only ever goes on. What cannot be
(another amount, a reference nobody gave, money both rejected and booked) changes nothing either, and is told.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.adapter import Adapter, BankFile
from anxin.bank.answers import Answer, Expected, Named, Outcome, named_in, read_answer
from anxin.bank.errors import BadFile, BadReference, UnknownMessage
from anxin.bank.handing_in import refuse
from anxin.bank.payment_models import (
    ANSWERED,
    BOOKED,
    ORDERED,
    PENDING,
    READY,
    REJECTED,
    RETURNED,
    SUBMITTED,
    BankInbox,
    BankOrder,
    BankPayment,
)
from anxin.bank.payment_models import BankFile as KeptFile
from anxin.bank.payouts import RaiseAlarm
from anxin.bank.references import parse_reference
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction

DOUBTFUL_FILE: Final = "doubts in a bank's file"
MAX_TOLD: Final = 20  # doubts of one file
# What is known of a payment → what may be said of it next. Anything that comes before is of a late file.
_GOES_ON: Final[Mapping[str, tuple[str, ...]]] = {
    ORDERED: (PENDING, BOOKED, REJECTED, RETURNED), SUBMITTED: (PENDING, BOOKED, REJECTED, RETURNED),
    PENDING: (BOOKED, REJECTED, RETURNED), BOOKED: (RETURNED,),
}  # fmt: skip
_CONTRADICTS: Final = {(BOOKED, REJECTED), (REJECTED, BOOKED)}
_STATES: Final = {"settled": BOOKED, "rejected": REJECTED, "pending": PENDING, "returned": RETURNED}


@dataclass(frozen=True)
class Doubt:
    """A place in a file that cannot be right. `reference` is one of ours, or empty: others' may be personal."""

    line: int
    field: str
    problem: str
    reference: str = ""

    def document(self) -> dict[str, Any]:
        return {"line": self.line, "field": self.field, "problem": self.problem, "reference": self.reference}

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.problem}" + (f" ({self.reference})" if self.reference else "")


async def read_inbox(sessions: Sessions, bank: Adapter, *, raise_alarm: RaiseAlarm) -> bool:
    """Read what the bank has written since the last time. Return whether there was anything. Raises BankUnreachable."""
    async with transaction(sessions) as session:
        inbox = await session.get(BankInbox, bank.name)
        cursor = inbox.cursor if inbox is not None else ""
    found = await bank.fetch(cursor)
    for file in found.files:
        async with transaction(sessions) as session:
            await read_file(session, bank.name, file, raise_alarm)
    async with transaction(sessions) as session:
        read = {"cursor": found.cursor, "read_at": now()}
        kept = insert(BankInbox).values(bank=bank.name, **read)
        await session.execute(kept.on_conflict_do_update(index_elements=[BankInbox.bank], set_=read))
    return bool(found.files)


async def read_file(session: AsyncSession, bank_name: str, file: BankFile, raise_alarm: RaiseAlarm) -> None:
    """Keep a file and what it says, the first time. Under a known name with other content it is another file, and told."""
    values = {
        "bank": bank_name, "name": file.name[:200], "content_hash": sha256(file.content).digest(),
        "content": file.content.decode("latin-1"), "doubts": [], "received_at": now(),
    }  # fmt: skip
    made = insert(KeptFile).values(**values).on_conflict_do_nothing().returning(KeptFile.id)
    file_pk = await session.scalar(made)
    if file_pk is None:
        return
    doubts = await _apply_file(session, bank_name, file, raise_alarm)
    known = select(KeptFile.id).where(KeptFile.bank == bank_name, KeptFile.name == values["name"], KeptFile.id != file_pk)
    if await session.scalar(known.limit(1)) is not None:
        doubts.append(Doubt(1, "", "came before under this name, with other content"))
    if doubts:
        kept = await session.get_one(KeptFile, file_pk)
        kept.doubts = [doubt.document() for doubt in doubts[:MAX_TOLD]]
        text = f"{file.name[:100]}: {len(doubts)} doubts. {'; '.join(map(str, doubts[:3]))}"
        await raise_alarm(session, DOUBTFUL_FILE, f"{bank_name} file {file_pk}"[:66], text)


async def _apply_file(session: AsyncSession, bank_name: str, file: BankFile, raise_alarm: RaiseAlarm) -> list[Doubt]:
    try:
        named = await asyncio.to_thread(named_in, file.content, file.name)
        payments = await _payments(session, bank_name, named)
        expected = {
            reference: Expected(payment.amount_fen, order.message_id, order.block_id)
            for reference, (payment, order) in payments.items()
        }
        answer = await asyncio.to_thread(read_answer, file.content, expected, file.name)
    except BadFile as error:  # its own words may hold a name or an account
        return [Doubt(error.values["line"], error.values["field"], "the file cannot be read")]
    except UnknownMessage as error:
        return [Doubt(1, "Document", str(error)[:200])]
    doubts = [Doubt(each.line, each.column, each.problem, _ours(each.value)) for each in answer.doubts]
    return doubts + await _apply(session, answer, payments, raise_alarm)


async def _payments(
    session: AsyncSession, bank_name: str, named: Named
) -> dict[str, tuple[BankPayment, BankOrder]]:
    """Return every payment that this bank was asked for and speaks of, whatever is known of it, locked."""
    rows = await session.execute(
        select(BankPayment, BankOrder)
        .join(BankOrder, BankOrder.id == BankPayment.order_pk)
        .where(
            BankOrder.bank == bank_name,
            or_(BankPayment.reference.in_(named.references), BankOrder.message_id.in_(named.orders)),
        )
        .order_by(BankPayment.id)
        .with_for_update()
    )
    return {payment.reference: (payment, order) for payment, order in rows if payment.reference is not None}


async def _apply(
    session: AsyncSession, answer: Answer, payments: Mapping[str, tuple[BankPayment, BankOrder]], raise_alarm: RaiseAlarm
) -> list[Doubt]:
    doubts, orders, at = list[Doubt](), dict[int, BankOrder](), now()
    for order in {order.id: order for _, order in payments.values()}.values():
        if order.message_id in answer.refused:
            refused = answer.refused[order.message_id]
            await refuse(session, order.id, f"{refused.reason} {refused.text}".strip(), raise_alarm)
    for reference, outcome in answer.outcomes.items():
        payment, order = payments[reference]
        if order.message_id in answer.refused:
            continue
        orders[order.id] = order
        if problem := note(payment, outcome, at):
            doubts.append(Doubt(0, "EndToEndId", problem, reference))
    for order in orders.values():
        _note_answered(order, at)
    return doubts


def note(payment: BankPayment, outcome: Outcome, at: datetime) -> str:
    """Keep what the bank says of a payment where it goes on from what is known; return what cannot be, or nothing."""
    said = _STATES[outcome.state]
    if (payment.state, said) in _CONTRADICTS:
        return f"{said}, but {payment.state} before"
    if payment.state == RETURNED and said == BOOKED:
        payment.booked_at = payment.booked_at or at
    if said not in _GOES_ON.get(payment.state, ()):
        return ""
    payment.state = said
    payment.submitted_at = payment.submitted_at or at
    payment.bank_reference = outcome.bank_reference[:35] or payment.bank_reference
    if said in (REJECTED, RETURNED):
        payment.reason_code, payment.reason_text = outcome.reason[:35] or None, outcome.text[:300] or None
    if said == BOOKED:
        payment.booked_at = at
    elif said == REJECTED:
        payment.rejected_at = at
    elif said == RETURNED:
        payment.returned_at = at
    return ""


def _note_answered(order: BankOrder, at: datetime) -> None:
    """The bank has it: there is no need to hand it in again."""
    order.submitted_at = order.submitted_at or at
    if order.state in (READY, SUBMITTED):
        order.state, order.answered_at = ANSWERED, at


def _ours(reference: str) -> str:
    try:
        return str(parse_reference(reference))
    except BadReference:
        return ""
