"""Setting lines back when an event that was final is not on the chain after all: the reverse of outcomes.py.

The same signature is still good, and its transaction is sent again; where its release comes back, so does its record.
"""

from collections.abc import Mapping

from sqlalchemy import case, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs, relayed
from anxin.core.events import Event
from anxin.core.history import Earlier
from anxin.core.signing import from_hex
from anxin.payroll.models import WageLine
from anxin.wages.models import Confirmation, Contest
from anxin.wages.outcomes import RETURNED, line_of, record_released, record_returned, record_settled

RECORD = {"Released": record_released, "LineSettled": record_settled, "LineReturned": record_returned}
NOTHING: Mapping[str, None] = dict.fromkeys(
    ("released_tx", "released_at", "released_assurance", "released_payout", "settled_tx", "settled_at", "returned_tx",
     "returned_at")
)  # fmt: skip


async def unrecord_payment(session: AsyncSession, event: Event, *, earlier: Earlier) -> None:
    """The line is what the events say that stay: released before it was given back, given back before it was released."""
    line = await line_of(session, event)
    if line is None:
        return
    for name in NOTHING:
        setattr(line, name, None)
    if line.silent_key == RETURNED:
        line.silent_key = None
    if event.name == "Released":
        await _wait_again(session, line)
    await session.flush()
    for each in await earlier(session, event, RECORD, sheetId=event.args["sheetId"], index=event.args["index"]):
        await RECORD[each.name](session, each)
    await session.flush()


async def _wait_again(session: AsyncSession, line: WageLine) -> None:
    """What was signed goes out again: by the transaction it went in, or in another where that was not ours."""
    again = case((Confirmation.call_key.is_not(None), relayed.SENT), else_=relayed.ACCEPTED)
    waiting = await session.execute(
        update(Confirmation)
        .where(
            Confirmation.sheet_pk == line.sheet_pk, Confirmation.line_index == line.index,
            Confirmation.state == relayed.DONE,
        )
        .values(state=again)
        .returning(Confirmation.call_key)
    )  # fmt: skip
    if None in waiting.scalars().all():
        await jobs.enqueue(session, "release", {"sheet": line.sheet_pk})


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
