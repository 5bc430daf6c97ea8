"""What the bank's own files say of wages that it was given: for whoever shows a line from its day to its money.

Nothing here says that a wage is settled: only the chain's final event does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.payment_models import ORDERED, REFUSED, BankOrder, BankPayment
from anxin.bank.reasons import ORDER_REFUSED, reason_text
from anxin.core.language import Language
from anxin.projects.service import project_at

Place = tuple[int, int]  # sheet, index


@dataclass(frozen=True, slots=True)
class BankTrail:
    """The latest payment of one line. Instants are UTC; `reason` is why it waits, or was rejected or given back.

    state: due (to be ordered), ordered, submitted, pending (the bank is at it), booked, rejected, returned (after booking).
    """

    submitted_at: datetime | None = None
    booked_at: datetime | None = None
    rejected_at: datetime | None = None
    reason: str = ""
    ordered_at: datetime | None = None
    state: str = "due"
    attempt: int = 0


async def trail_of(
    session: AsyncSession, escrow: str, places: Sequence[Place], *, language: Language = "zh"
) -> Mapping[Place, BankTrail]:
    """Return what is known of each of these lines of an escrow; those that no bank was given are not in it."""
    project = await project_at(session, escrow)
    if project is None or not places:
        return {}
    found = await session.execute(
        select(BankPayment, BankOrder.state)
        .outerjoin(BankOrder, BankOrder.id == BankPayment.order_pk)
        .where(
            BankPayment.project_pk == project.id, BankPayment.kind == "line",
            tuple_(BankPayment.number, BankPayment.line_index).in_(places),
        )
        .order_by(BankPayment.attempt)
    )  # fmt: skip
    return {
        (payment.number, payment.line_index): _trail(payment, order_state, language) for payment, order_state in found
    }


def _trail(payment: BankPayment, order_state: str | None, language: Language) -> BankTrail:
    return BankTrail(
        payment.submitted_at, payment.booked_at, payment.rejected_at or payment.returned_at,
        reason_of(payment, order_state, language), payment.ordered_at, payment.state, payment.attempt,
    )  # fmt: skip


def reason_of(payment: BankPayment, order_state: str | None, language: Language) -> str:
    """Return why a payment waits, was rejected or came back; empty where it goes on. Never the bank's words: a worker's
    line is shown to the office too, and banks write names into them."""
    if payment.state == ORDERED and order_state == REFUSED:
        return reason_text(ORDER_REFUSED, language)
    return reason_text(payment.held or payment.reason_code, language)
