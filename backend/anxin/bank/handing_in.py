"""Handing orders in: the bytes that were kept, and the same ones again until the bank has said something of them.

    ready ──► attempt noted ──► handed in ──► submitted          no transaction is open while the bank is asked
                                   ├ no answer: it may have it ──► the same bytes again
                                   └ refused: never ──► an alarm; its payments wait for a person

An order of which a wage is owed again on the chain is not handed in any more: the bank might pay it a second time.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from anxin.bank.adapter import Adapter, OrderRefused
from anxin.bank.payment_models import ORDERED, READY, REFUSED, RETURNED, SUBMITTED, BankOrder, BankPayment
from anxin.bank.payouts import RaiseAlarm
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction

ORDER_REFUSED: Final = "bank refuses an order"


@dataclass(frozen=True)
class Attempt:
    order_pk: int
    message_id: str
    content: bytes


async def hand_in(sessions: Sessions, bank: Adapter, *, resend: timedelta, raise_alarm: RaiseAlarm) -> bool:
    """Hand in one order. Return whether the bank answered, one way or the other: then there may be more.

    Args:
        resend: after which an order that was taken, and of which nothing was heard, is handed in again.

    Raises:
        BankUnreachable: the bank may have it or not. The one that was tried longest ago comes next.
    """
    async with transaction(sessions) as session:
        attempt = await _begin(session, bank.name, resend)
    if attempt is None:
        return False
    try:
        await bank.submit(attempt.message_id, attempt.content)
    except OrderRefused as reason:
        async with transaction(sessions) as session:
            await refuse(session, attempt.order_pk, str(reason), raise_alarm)
        return True
    async with transaction(sessions) as session:
        await _note_taken(session, attempt.order_pk)
    return True


async def _begin(session: AsyncSession, bank_name: str, resend: timedelta) -> Attempt | None:
    at = now()
    owed_again = exists().where(BankPayment.order_pk == BankOrder.id, BankPayment.closed_as == RETURNED)
    due = or_(BankOrder.state == READY, and_(BankOrder.state == SUBMITTED, BankOrder.attempted_at < at - resend))
    order = await session.scalar(
        select(BankOrder)
        .options(undefer(BankOrder.content))
        .where(BankOrder.bank == bank_name, BankOrder.content.is_not(None), due, ~owed_again)
        .order_by(BankOrder.attempted_at.nulls_first(), BankOrder.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if order is None or order.content is None:
        return None
    order.attempts, order.attempted_at = order.attempts + 1, at
    return Attempt(order.id, order.message_id, order.content.encode())


async def _note_taken(session: AsyncSession, order_pk: int) -> None:
    """Its answers may have been read meanwhile: what is known already stays."""
    order = await session.get_one(BankOrder, order_pk, with_for_update=True)
    if order.state == READY:
        order.state = SUBMITTED
    order.submitted_at = order.submitted_at or now()
    await session.execute(
        update(BankPayment)
        .where(BankPayment.order_pk == order_pk, BankPayment.state == ORDERED)
        .values(state=SUBMITTED, submitted_at=order.submitted_at)
    )


async def refuse(session: AsyncSession, order_pk: int, reason: str, raise_alarm: RaiseAlarm) -> None:
    """The bank takes none of it. Once it has said something of a payment it cannot say that any more: only the alarm."""
    order = await session.get_one(BankOrder, order_pk, with_for_update=True)
    payments = await session.scalars(select(BankPayment).where(BankPayment.order_pk == order_pk).with_for_update())
    untouched = [each for each in payments if each.state in (ORDERED, SUBMITTED)]
    if order.state in (READY, SUBMITTED) and len(untouched) == order.payments:
        order.state, order.reason = REFUSED, reason[:300]
        for each in untouched:
            each.state, each.submitted_at = ORDERED, None
    text = f"{order.message_id}: {order.payments} wages, {order.total_fen} fen. Settle it with the bank, then order again"
    await raise_alarm(session, ORDER_REFUSED, order.message_id, text)
