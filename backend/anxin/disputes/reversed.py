"""Setting a dispute back when an event that was final is not on the chain after all: the reverse of progress.py.

What was signed about it is still good, and its transaction is sent again.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.core.history import Earlier
from anxin.core.signing import from_hex
from anxin.disputes.models import CLAIM, CLAIMED, CONTESTED, VANISHED, Answer, Claim, Dispute, Resolution
from anxin.disputes.progress import (
    RETURNED,
    dispute_of,
    record_answered,
    record_paid,
    record_resolved,
    record_returned,
    record_settled,
    record_stood,
)

OPENING = ("Claimed", "Contested")


async def unrecord_opened(session: AsyncSession, event: Event) -> None:
    """Nobody sees it any more, and the number is free: another dispute may come under it."""
    dispute = await dispute_of(session, event)
    if dispute is None:
        return
    dispute.state, dispute.paying_key = VANISHED, None
    await session.flush()
    await session.execute(
        update(Claim).where(Claim.dispute_pk == dispute.id).values(state=relayed.SENT, dispute_pk=None)
    )


async def unrecord_step(session: AsyncSession, event: Event, *, earlier: Earlier, deployment: Deployment) -> None:
    """The dispute is what the events say that stay."""
    dispute = await dispute_of(session, event)
    if dispute is None:
        return
    record: dict[str, Callable[[AsyncSession, Event], Awaitable[None]]] = {
        "Answered": record_answered, "ClaimStood": record_stood, "Resolved": record_resolved,
        "DisputePaid": partial(record_paid, deployment=deployment), "DisputeSettled": record_settled,
        "DisputeReturned": record_returned,
    }  # fmt: skip
    opening, *steps = await earlier(session, event, {*OPENING, *record}, disputeId=event.args["disputeId"])
    _as_opened(dispute, opening)
    await session.flush()
    await _send_again(session, dispute, event)
    for each in steps:
        await record[each.name](session, each)
    await session.flush()


def _as_opened(dispute: Dispute, opening: Event) -> None:
    dispute.state = CLAIMED if dispute.kind == CLAIM else CONTESTED
    dispute.since, dispute.last_tx, dispute.stood = opening.block_time, opening.tx_hash, False
    dispute.granted_fen = dispute.paid_fen = dispute.banked_fen = dispute.settled_fen = 0
    dispute.answer_hash = dispute.resolved_by = dispute.order_hash = None
    if dispute.paying_key == RETURNED:
        dispute.paying_key = None


async def _send_again(session: AsyncSession, dispute: Dispute, event: Event) -> None:
    """The contractor's answer, or the bureau's decision, that this event was."""
    if event.name == "Answered":
        was = update(Answer).where(Answer.evidence_hash == from_hex(event.args["evidenceHash"]))
        was = was.where(Answer.dispute_pk == dispute.id, Answer.admitted_fen == event.args["admitted"])
        await session.execute(was.where(Answer.state == relayed.DONE).values(state=relayed.SENT))
    elif event.name == "Resolved":
        decided = update(Resolution).where(Resolution.order_hash == from_hex(event.args["orderHash"]))
        decided = decided.where(Resolution.dispute_pk == dispute.id, Resolution.state == relayed.DONE)
        await session.execute(decided.values(state=relayed.SENT))
