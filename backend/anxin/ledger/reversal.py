"""Taking back what was booked from blocks that were not final after all: by entries the other way round, never by deleting.

    entry E   debit a credit b                      its reversal   debit b credit a   event E:r
An event that becomes final again after its entry was reversed is booked afresh, as E:b1, E:b2 and so on.
"""

from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from anxin.core.clock import now
from anxin.ledger.models import Entry

REVERSED = "Reversed"  # `event_name` of a reversal


async def reverse_after(session: AsyncSession, block: int) -> int:
    """Post the reversal of every entry of a later block that has none yet. Return how many."""
    reversal = aliased(Entry)
    is_reversed = exists().where(
        reversal.event == Entry.event + ":r", reversal.debit == Entry.credit, reversal.credit == Entry.debit
    )
    wrong = select(Entry).where(Entry.block_number > block, Entry.event_name != REVERSED, ~is_reversed)
    entries = (await session.scalars(wrong.order_by(Entry.id.desc()))).all()
    session.add_all(
        Entry(
            escrow=each.escrow, event=f"{each.event}:r", event_name=REVERSED, debit=each.credit, credit=each.debit,
            amount_fen=each.amount_fen, dispute_id=each.dispute_id, block_number=block, tx_hash=each.tx_hash, at=now(),
        )
        for each in entries
    )  # fmt: skip
    return len(entries)


async def name_again(session: AsyncSession, values: dict[str, Any]) -> str | None:
    """Return the name under which an event is booked once more; None where its entry stands."""
    key = values["event"]
    of_event = (Entry.event == key) | Entry.event.startswith(f"{key}:", autoescape=True)
    there = (Entry.event_name != REVERSED) & (Entry.debit == values["debit"]) & (Entry.credit == values["credit"])
    back = (Entry.event_name == REVERSED) & (Entry.debit == values["credit"]) & (Entry.credit == values["debit"])
    counts = select(func.count().filter(there), func.count().filter(back)).where(of_event)
    booked, reversed_ = (await session.execute(counts)).one()
    return f"{key}:b{booked}" if booked == reversed_ else None
