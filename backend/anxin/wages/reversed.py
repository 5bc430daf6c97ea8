"""Setting lines back when an event that was final is not on the chain after all: the reverse of outcomes.py.

The same signature is still good, and its transaction is sent again; where its release comes back, so does its record.
"""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.events import Event
from anxin.core.signing import from_hex
from anxin.payroll.models import WageLine
from anxin.wages.models import Confirmation, Contest
from anxin.wages.outcomes import line_of


async def unrecord_released(session: AsyncSession, event: Event) -> None:
    line = await line_of(session, event)
    if line is None:
        return
    line.released_tx = line.released_at = line.released_assurance = line.released_payout = None
    await session.execute(
        update(Confirmation)
        .where(
            Confirmation.sheet_pk == line.sheet_pk,
            Confirmation.line_index == line.index,
            Confirmation.state == relayed.DONE,
        )
        .values(state=relayed.SENT)
    )


async def unrecord_settled(session: AsyncSession, event: Event) -> None:
    line = await line_of(session, event)
    if line is not None:
        line.settled_tx = line.settled_at = None


async def unrecord_returned(session: AsyncSession, event: Event) -> None:
    """What the bank was given before it gave it back is in an earlier event; it is with the bank again."""
    line: WageLine | None = await line_of(session, event)
    if line is not None:
        line.returned_tx = line.returned_at = line.silent_key = None


async def unrecord_contested(session: AsyncSession, event: Event) -> None:
    line = await line_of(session, event)
    if line is None:
        return
    await session.execute(
        update(Contest)
        .where(
            Contest.sheet_pk == line.sheet_pk,
            Contest.line_index == line.index,
            Contest.evidence_hash == from_hex(event.args["evidenceHash"]),
        )
        .values(state=relayed.SENT, dispute_id=None)
    )
