"""What makes a block final: deep enough, and every handler done, in the transaction that says so."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.live import announce
from anxin.chain.models import FINAL, SEEN, Block, ChainEvent
from anxin.chain.storing import last_indexed, writing
from anxin.core.database import Sessions
from anxin.core.events import Event

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
        """Make seen blocks up to `height` final, one transaction up to each that holds events. Return whether any was.

        Raises Moving where somebody else writes, and whatever a handler raises: its event stays seen with all that follow.
        """
        async with self._sessions() as session:
            last = await last_indexed(session)
            newest = await session.scalar(
                select(Block).where(Block.state == SEEN, Block.number <= height).order_by(Block.number.desc()).limit(1)
            )
            if last is None or newest is None:
                return False
            after = await newest_final(session)
            holding = select(ChainEvent.block_number).where(*_due(after, height)).distinct()
            numbers = sorted({newest.number, *await session.scalars(holding)})
        for number in numbers:
            async with writing(self._sessions, last.hash) as session:
                await self._finalize(session, after, number)
                for handler in self._on_block if number == newest.number else ():
                    await handler(session, newest.time)
            after = number
        return True

    async def _finalize(self, session: AsyncSession, after: int, number: int) -> None:
        """A block and its events become final together: else a reorg in between would leave events of no block."""
        due = _due(after, number)
        handled = select(ChainEvent).where(*due, ChainEvent.name.in_(list(self._on_event)))
        for row in await session.scalars(handled.order_by(ChainEvent.block_number, ChainEvent.log_index)):
            event = event_of(row)
            for handler in self._on_event[event.name]:
                await handler(session, event)
        final = update(ChainEvent).where(*due).values(state=FINAL)
        addresses = (await session.scalars(final.returning(ChainEvent.address))).all()
        seen = Block.state == SEEN, Block.number > after, Block.number <= number
        await session.execute(update(Block).where(*seen).values(state=FINAL))
        if addresses:
            await announce(session, number, addresses)


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
