"""What the chain says of a payment against what the bank's files say: where both cannot be right a person must look, soon.

The bank's teller reads the same files as we do, and may be quicker: what differs for a while only is nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.payment_models import (
    BOOKED,
    ORDERED,
    PENDING,
    REFUSED,
    REJECTED,
    RETURNED,
    SETTLED,
    SUBMITTED,
    BankOrder,
    BankPayment,
)
from anxin.bank.payouts import RaiseAlarm

DIFFERS: Final = "chain against the bank"
QUICKER_BY: Final = timedelta(hours=1)
_CANNOT_BE: Final[Sequence[tuple[str, tuple[str, ...], str]]] = (
    (SETTLED, (REJECTED, RETURNED), "settled on the chain, not paid by the bank's own files: the worker has no money"),
    (RETURNED, (BOOKED,), "owed again on the chain, but paid by the bank's own files: do not pay it a second time"),
    (RETURNED, (ORDERED, SUBMITTED, PENDING), "owed again on the chain, and the bank may still pay it: stop it there"),
)


async def tell_contradictions(session: AsyncSession, bank_name: str, at: datetime, raise_alarm: RaiseAlarm) -> None:
    """Tell each payment for which they have differed for an hour, once."""
    differs = [
        (BankPayment.closed_as == closed_as) & BankPayment.state.in_(states) for closed_as, states, _ in _CANNOT_BE
    ]
    found = await session.scalars(
        select(BankPayment)
        .join(BankOrder, BankOrder.id == BankPayment.order_pk)
        .where(
            BankOrder.bank == bank_name, BankOrder.state != REFUSED, BankPayment.told_at.is_(None),
            BankPayment.closed_at < at - QUICKER_BY, or_(*differs),
        )
        .order_by(BankPayment.id)
        .limit(100)
        .with_for_update(of=BankPayment)
    )  # fmt: skip
    for payment in found:
        payment.told_at = at
        text = next(
            text for closed_as, states, text in _CANNOT_BE if payment.closed_as == closed_as and payment.state in states
        )
        await raise_alarm(session, DIFFERS, payment.reference or "", f"{payment.amount_fen} fen: {text}")
