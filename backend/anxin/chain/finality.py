"""What makes a block final: deep enough, and every handler done, in the transaction that says so."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.live import announce
from anxin.chain.models import FINAL, SEEN, Block, ChainEvent
from anxin.chain.storing import last_indexed, writing
from anxin.core.database import Sessions
from anxin.core.events import Event

EVENTS_A_TRANSACTION = 100  # one commit for many small blocks; what handlers lock is not held long

EventHandler = Callable[[AsyncSession, Event], Awaitable[None]]
BlockHandler = Callable[[AsyncSession, datetime], Awaitable[None]]


class Finality:
    """`on_event` says what each final event means; `on_block` runs once per final stretch."""

    def __init__(
        self, sessions: Sessions, on_event: Mapping[str, Sequence[EventHandler]], on_block: Sequence[BlockHandler]
    ) -> None:
        self._sessions = sessions
        self._on_event = on_event
        self._on_block = on_block

    async def reach(self, height: int) -> bool:
        """Make seen blocks up to `height` final, in order, some events a transaction. Return whether there were any.

        Raises Moving where somebody else writes, and whatever a handler raises: its block stays seen with all that follow.
        """
        async with self._sessions() as session:
            last = await last_indexed(session)
            newest = await session.scalar(
                select(Block).where(Block.state == SEEN, Block.number <= height).order_by(Block.number.desc()).limit(1)
            )
            if last is None or newest is None:
                return False
            after = await newest_final(session)
            handled = select(ChainEvent.block_number, func.count()).where(*_due(after, newest.number), self._is_handled)
            counts = await session.execute(handled.group_by(ChainEvent.block_number).order_by(ChainEvent.block_number))
            ends = _strides([(number, count) for number, count in counts], newest.number)
        for end in ends:
            await self._stride(last.hash, after, end, newest if end == newest.number else None)
            after = end
        return True

    async def _stride(self, last_hash: str, after: int, end: int, newest: Block | None) -> None:
        """One transaction over the blocks after `after` up to `end`. `newest`: the last of the stretch, if it is among them.

        Where a handler fails, the blocks before its own become final all the same, and it is raised then.
        """
        failure: Exception | None = None
        async with writing(self._sessions, last_hash) as session:
            due = select(ChainEvent).where(*_due(after, end), self._is_handled)
            rows = await session.scalars(due.order_by(ChainEvent.block_number, ChainEvent.log_index))
            blocks = {number: [*events] for number, events in groupby(rows, lambda row: row.block_number)}
            done = after
            for number in sorted({*blocks, end}):
                try:
                    async with session.begin_nested():
                        await self._handle(session, blocks.get(number, []), newest if number == end else None)
                except Exception as reason:
                    failure = reason
                    break
                done = number
            if done > after:
                await _mark_final(session, after, done)
        if failure is not None:
            raise failure

    async def _handle(self, session: AsyncSession, rows: Sequence[ChainEvent], newest: Block | None) -> None:
        for row in rows:
            event = event_of(row)
            for handler in self._on_event[event.name]:
                await handler(session, event)
        if newest is not None:
            for on_block in self._on_block:
                await on_block(session, newest.time)

    @property
    def _is_handled(self) -> ColumnElement[bool]:
        return ChainEvent.name.in_(list(self._on_event))


async def _mark_final(session: AsyncSession, after: int, number: int) -> None:
    """Blocks and their events become final together: else a reorg in between would leave events of no block."""
    final = update(ChainEvent).where(*_due(after, number)).values(state=FINAL)
    addresses = (await session.scalars(final.returning(ChainEvent.address))).all()
    seen = Block.state == SEEN, Block.number > after, Block.number <= number
    await session.execute(update(Block).where(*seen).values(state=FINAL))
    if addresses:
        await announce(session, number, addresses)


def _strides(counts: Sequence[tuple[int, int]], newest: int) -> list[int]:
    """Return the last block of each transaction: about EVENTS_A_TRANSACTION handled events each, whole blocks."""
    ends, events = list[int](), 0
    for number, count in counts:
        events += count
        if events >= EVENTS_A_TRANSACTION:
            ends.append(number)
            events = 0
    return ends if ends and ends[-1] == newest else [*ends, newest]


async def newest_final(session: AsyncSession) -> int:
    """Return the number of the newest final block; -1 before there is one."""
    found: int | None = await session.scalar(select(func.max(Block.number)).where(Block.state == FINAL))
    return -1 if found is None else found


def event_of(row: ChainEvent) -> Event:
    return Event(
        name=row.name, contract=row.contract, address=row.address, args=row.args, block_number=row.block_number,
        block_hash=row.block_hash, block_time=row.block_time, log_index=row.log_index, tx_hash=row.tx_hash,
    )  # fmt: skip


def _due(after: int, number: int) -> tuple[ColumnElement[bool], ...]:
    return ChainEvent.state == SEEN, ChainEvent.block_number > after, ChainEvent.block_number <= number
