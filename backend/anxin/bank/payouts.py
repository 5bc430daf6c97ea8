"""What the chain's final events mean for the bank: a wage released to it is a payment to make, once.

    Released, DisputePaid, to the bank ──► due      LineSettled, DisputeSettled ──► closed: settled
                                                    LineReturned, DisputeReturned ─► closed: returned

Nothing here asks the bank anything. An open payment is never dropped; a closed one is never ordered.
"""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Final

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.errors import BadReference
from anxin.bank.payment_models import (
    DUE,
    ORDERED,
    READY,
    RETURNED,
    SETTLED,
    BankOrder,
    BankPayment,
)
from anxin.bank.references import Kind, claim_reference
from anxin.core import relayed
from anxin.core.clock import SITE_ZONE, now
from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.core.signing import from_hex
from anxin.payroll.models import WageSheet
from anxin.projects.models import Project
from anxin.projects.service import project_at

RaiseAlarm = Callable[[AsyncSession, str, str, str], Awaitable[None]]  # kind, subject, text

TOO_OFTEN: Final = "too-often"  # `held` of a wage that came back more often than a reference can count


async def record_released(session: AsyncSession, event: Event, *, deployment: Deployment) -> None:
    """A line, or a part of what a dispute granted, went to the bank: to be paid at its payday, or at once once past it.

    Back on the chain after a reorganisation it is the payment it was before.
    """
    project = await project_at(session, event.address)
    if project is None or event.args["payout"] != deployment.bank:
        return
    again = _at(project, event).where(BankPayment.unreleased_at.is_not(None), BankPayment.closed_at.is_(None))
    again = again.where(BankPayment.amount_fen == event.args["amount"]).limit(1).with_for_update()
    payment = await session.scalar(again)
    if payment is not None:
        payment.unreleased_at = None
    else:
        await _keep(session, project, event)


async def record_settled(session: AsyncSession, event: Event) -> None:
    """The bank's own key says that it has paid. `comparing` sees to it that its files say so too."""
    await _close(session, event, SETTLED)


async def record_returned(session: AsyncSession, event: Event) -> None:
    """It is owed again: nothing that could pay it is handed in from now on."""
    await _close(session, event, RETURNED)


async def unrecord_released(session: AsyncSession, event: Event, *, deployment: Deployment) -> None:
    """The release is not on the chain after all. What has not gone to the bank waits until it is there again."""
    project = await project_at(session, event.address)
    if project is None or event.args["payout"] != deployment.bank:
        return
    found = _at(project, event).where(BankPayment.closed_at.is_(None), BankPayment.unreleased_at.is_(None))
    payment = await session.scalar(found.order_by(BankPayment.attempt.desc()).limit(1).with_for_update())
    if payment is not None:
        payment.unreleased_at = now()
        await _withdraw_unsent(session, payment)


async def unrecord_closed(session: AsyncSession, event: Event) -> None:
    """A settlement, or a return, is not on the chain after all: the payments it closed are open again."""
    project = await project_at(session, event.address)
    if project is not None:
        closed = _at(project, event).where(BankPayment.closed_at == event.block_time)
        for payment in await session.scalars(closed.with_for_update()):
            payment.closed_as = payment.closed_at = None


# ------------------------------------------------------------------ payments


def _place(event: Event) -> tuple[Kind, int, int]:
    if "disputeId" in event.args:
        return "dispute", event.args["disputeId"], 0
    return "line", event.args["sheetId"], event.args["index"]


def _at(project: Project, event: Event) -> Select[BankPayment]:
    """The payments of an event's line or dispute, in order."""
    kind, number, index = _place(event)
    return (
        select(BankPayment)
        .where(
            BankPayment.project_pk == project.id, BankPayment.kind == kind, BankPayment.number == number,
            BankPayment.line_index == index,
        )
        .order_by(BankPayment.attempt)
    )  # fmt: skip


async def _keep(session: AsyncSession, project: Project, event: Event) -> BankPayment:
    kind, number, index = _place(event)
    attempt = await session.scalar(select(func.count()).select_from(_at(project, event).order_by(None).subquery())) or 0
    payment = BankPayment(
        project_pk=project.id, kind=kind, number=number, line_index=index, attempt=attempt,
        worker_id=from_hex(event.args["workerId"]), amount_fen=event.args["amount"], state=DUE, created_at=now(),
        due_on=await _due_on(session, project, event),
    )  # fmt: skip
    try:
        payment.reference = str(claim_reference(event.address, number, index, kind=kind, attempt=attempt))
    except BadReference:  # the event stands, and those behind it must not wait: a person must pay this one
        payment.held, payment.looked_at = TOO_OFTEN, payment.created_at
    session.add(payment)
    await session.flush()
    return payment


async def _due_on(session: AsyncSession, project: Project, event: Event) -> date:
    """The sheet's payday; what a dispute granted is due at once, by the clock that orders go by and not the chain's."""
    today = now().astimezone(SITE_ZONE).date()
    if "sheetId" not in event.args:
        return today
    payday: date | None = await session.scalar(
        select(WageSheet.payday).where(
            WageSheet.project_pk == project.id, WageSheet.sheet_id == event.args["sheetId"], WageSheet.state == relayed.DONE
        )
    )
    return payday or today


async def _close(session: AsyncSession, event: Event, closed_as: str) -> None:
    """Close the open payments of an event's line or dispute. What was not handed in never will be.

    A line that was given to the bank before it was kept here counts, or its next attempt would get a reference twice.
    """
    project = await project_at(session, event.address)
    if project is None:
        return
    found = await session.scalars(_at(project, event).where(BankPayment.closed_at.is_(None)).with_for_update())
    payments = list(found) or [await _keep(session, project, event)]
    for payment in payments:
        payment.closed_as, payment.closed_at = closed_as, event.block_time
        await _withdraw_unsent(session, payment)


async def _withdraw_unsent(session: AsyncSession, payment: BankPayment) -> None:
    """Take back the order that a payment is in, where nobody has tried to hand it in yet; its others are ordered anew."""
    if payment.order_pk is None or payment.state != ORDERED:
        return
    unsent = select(BankOrder).where(BankOrder.id == payment.order_pk, BankOrder.state == READY, BankOrder.attempts == 0)
    order = await session.scalar(unsent.with_for_update())
    if order is not None:
        again = {"state": DUE, "order_pk": None, "ordered_at": None}
        await session.execute(update(BankPayment).where(BankPayment.order_pk == order.id).values(**again))
        await session.delete(order)
        await session.refresh(payment)
