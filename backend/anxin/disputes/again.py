"""Answers and decisions whose dispute a reorganisation has taken away: they wait for that dispute, and for no other.

    the chain knows no such dispute, or not yet answered ──► waiting ──► it is there again, final ──► to the chain anew
                                                                └─ another has its number ──► refused: its signer looks again
They name their dispute by its number alone, so it is here that they wait, until the right one is final, and not with the
relayer, which would make them as soon as any has the number.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.calls import Refusal
from anxin.core.events import Event
from anxin.disputes.decisions import call_of
from anxin.disputes.models import CLAIMED, CONTESTED, VANISHED, Answer, Dispute, Resolution
from anxin.disputes.progress import dispute_of
from anxin.projects.models import Project

# What was signed → the states of its dispute in which the contract takes it.
TAKES: Mapping[Any, Sequence[str]] = {Answer: (CLAIMED, CONTESTED), Resolution: (CONTESTED,)}
NOT_ANSWERED = 1  # the contract's number for `claimed`
NUMBER_TAKEN = "another dispute has its number now"


async def mend(table: type[Any], session: AsyncSession, key: str, refusal: Refusal) -> None:
    """The chain refuses an answer or a decision: for good, or because what it is about is not there now."""
    if not _comes_too_early(refusal):
        await relayed.mark_refused(session, table, key, refusal)
        return
    on_its_way = table.state.in_((relayed.ACCEPTED, relayed.SENT))
    row = await session.scalar(select(table).where(table.call_key == key, on_its_way).with_for_update())
    if row is None:
        return
    row.state, row.call_key, row.tx_hash = relayed.WAITING, None, None
    await session.flush()
    await _send(session, await session.get_one(Dispute, row.dispute_pk))


async def send_waiting(session: AsyncSession, event: Event) -> None:
    """A dispute is opened or answered: what waited for that goes out."""
    dispute = await dispute_of(session, event)
    if dispute is not None:
        await _send(session, dispute)


async def give_way(session: AsyncSession, event: Event) -> None:
    """Before a dispute is put on record: what was signed about another of its number, which vanished, is not about it."""
    gone = await dispute_of(session, event)
    if gone is None:
        return
    session.expunge(gone)  # its row is about to be written anew
    if gone.state != VANISHED or _is(gone, event):
        return
    for table in TAKES:
        await session.execute(
            update(table)
            .where(table.dispute_pk == gone.id, table.state != relayed.REFUSED)
            .values(state=relayed.REFUSED, reason=NUMBER_TAKEN)
        )


def _comes_too_early(refusal: Refusal) -> bool:
    if refusal.error == "Escrow_WrongState":
        return bool(refusal.values[1] == NOT_ANSWERED)
    return refusal.error == "Escrow_UnknownDispute"


def _is(dispute: Dispute, event: Event) -> bool:
    """Whether it is that very dispute: its worker's own words, and what they ask."""
    asked = ("0x" + dispute.worker_id.hex(), "0x" + dispute.evidence_hash.hex(), dispute.asked_fen, dispute.sheet_id)
    return asked == tuple(event.args.get(name) for name in ("workerId", "evidenceHash", "asked", "sheetId"))


async def _send(session: AsyncSession, dispute: Dispute) -> None:
    for table, states in TAKES.items():
        if dispute.state not in states:
            continue
        waiting = select(table).where(table.dispute_pk == dispute.id, table.state == relayed.WAITING)
        for row in await session.scalars(waiting.order_by(table.received_at).with_for_update()):
            call = call_of(await session.get_one(Project, dispute.project_pk), dispute, row)
            await relayed.hand_over(session, [row], msgspec.structs.replace(call, key=f"{call.key}:{uuid4()}"))
