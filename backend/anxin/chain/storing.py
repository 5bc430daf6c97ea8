"""Many events into their table with one statement: a column an array, whatever their number."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ARRAY, BigInteger, DateTime, Integer, String, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.events import Event

# What was orphaned and is on the chain again is seen again.
_STORE = text(
    """
    INSERT INTO chain_events
        (block_hash, log_index, block_number, block_time, tx_hash, contract, address, name, args, state)
    SELECT *, 'seen' FROM unnest(
        :block_hash, :log_index, :block_number, :block_time, :tx_hash, :contract, :address, :name, CAST(:args AS json[])
    )
    ON CONFLICT (block_hash, log_index) DO UPDATE SET state = 'seen' WHERE chain_events.state = 'orphaned'
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(String)) for name in ("block_hash", "tx_hash", "contract", "address", "name", "args")),
    bindparam("log_index", type_=ARRAY(Integer)),
    bindparam("block_number", type_=ARRAY(BigInteger)),
    bindparam("block_time", type_=ARRAY(DateTime(timezone=True))),
)


async def store_events(session: AsyncSession, events: Sequence[Event]) -> None:
    """Keep events as seen. Those that are there already stay as they are."""
    if not events:
        return
    columns = {
        name: [getattr(event, name) for event in events]
        for name in ("block_hash", "log_index", "block_number", "block_time", "tx_hash", "contract", "address", "name")
    }
    columns["args"] = [msgspec.json.encode(event.args).decode() for event in events]
    await session.execute(_STORE, columns)
