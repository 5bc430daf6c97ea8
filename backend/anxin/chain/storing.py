"""Blocks and their events into the database: by one writer at a time, each event once, in one binary COPY a stretch."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.leader import Moving
from anxin.chain.models import ORPHANED, Block
from anxin.chain.rows import BEGIN, COLUMNS, END
from anxin.chain.stretches import Header
from anxin.core.database import Sessions, connection_of, transaction

ONE_WRITER = text("SELECT pg_advisory_xact_lock(hashtextextended('indexer writes', 0))")
# What is merely seen is read again from the chain where a power cut takes it; what is final is written after it, and waits
# for the disk for both.
_NEED_NOT_LAST = "SET LOCAL synchronous_commit = off"

_LAST = select(Block).where(Block.state != ORPHANED).order_by(Block.number.desc()).limit(1)
_LAST_HASH = _LAST.with_only_columns(Block.hash)

_SEE_AGAIN = "UPDATE blocks SET state = 'seen' WHERE hash = ANY($1) AND state = 'orphaned' RETURNING hash"
_FORGET_ORPHANS = """
    DELETE FROM chain_events
    WHERE block_number BETWEEN $2 AND $3 AND block_hash = ANY($1) AND state = 'orphaned'
"""
_SEE = """
    INSERT INTO blocks (hash, number, parent, time, state)
    SELECT *, 'seen' FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[]) ON CONFLICT (hash) DO NOTHING
"""


async def last_indexed(session: AsyncSession) -> Block | None:
    last: Block | None = await session.scalar(_LAST)
    return last


@asynccontextmanager
async def writing(sessions: Sessions, last_hash: str | None) -> AsyncIterator[AsyncSession]:
    """A transaction that alone writes blocks. Raises Moving where the last block indexed is another one by now."""
    async with transaction(sessions) as session:
        await session.execute(ONE_WRITER)
        if await session.scalar(_LAST_HASH) != last_hash:
            raise Moving("another indexer wrote")
        yield session


async def store(session: AsyncSession, headers: Sequence[Header], rows: Sequence[bytes]) -> None:
    """Keep blocks and the rows of their events as seen.

    A block that was orphaned and is on the chain again is seen again, and so are its events: they are stored anew.
    """
    connection = await connection_of(session)
    await connection.execute(_NEED_NOT_LAST)
    hashes, heights = [each.hash for each in headers], [each.height for each in headers]
    again = await connection.fetch(_SEE_AGAIN, hashes)
    if again:
        await connection.execute(_FORGET_ORPHANS, [row["hash"] for row in again], heights[0], heights[-1])
    times = [datetime.fromtimestamp(each.unix_time, UTC) for each in headers]
    await connection.execute(_SEE, hashes, heights, [each.parent_hash for each in headers], times)
    if rows:
        await _copy(connection, rows)


async def _copy(connection: asyncpg.Connection, rows: Sequence[bytes]) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield BEGIN
        for piece in rows:
            yield piece
        yield END

    await connection.copy_to_table("chain_events", source=pieces(), columns=COLUMNS, format="binary")
