"""One process at a time reads the chain, and one writes to it for each key; the others wait to take over.

The lock belongs to a database connection of its own, without an open transaction (which would hold back vacuum). When
that connection dies the lock is gone, and so is the leader. A process that freezes, or whose machine loses its power, ends
no connection: so the server ends one of which it hears nothing for long, and a leader is heard of even in a long step.
A leader that does not know it yet does no harm: every write is checked again in its own transaction, against the rows.
The lock only spares the work.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from anxin.chain.alarms import CHAIN_CHANGED, clear_alarm, raise_alarm
from anxin.chain.identity import ChainChanged, NodeBehind
from anxin.chain.rpc import RpcError, RpcUnreachable
from anxin.core.database import Sessions, transaction

Step = Callable[[], Awaitable[bool]]

SILENT_SECONDS = 60.0  # without a word: then somebody else may lead
END_WHEN_SILENT = text("SELECT set_config('idle_session_timeout', :milliseconds, false)")
ANYTHING = text("SELECT 1")
TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:role, 0))")  # waiting in SQL would hold a transaction open

log = structlog.get_logger()


class Moving(Exception):
    """The chain, or what is known of it, moved while it was read. Read again."""


async def lead(sessions: Sessions, role: str, step: Step, stop: asyncio.Event, *, poll_seconds: float) -> None:
    """Repeat `step` until `stop`, as the only one of `role` on this database; at once where it says there is more.

    An error is logged and the step taken again: it finds what the last one left undone. Raises ChainChanged, only; that
    is an alarm, until somebody leads again and gets on.
    """
    while not stop.is_set():
        try:
            async with sessions() as session, _own_line(session) as line:
                while not stop.is_set() and not await line.ask(TRY_LOCK, role=role):
                    await _pause(stop, poll_seconds)
                await _repeat(line, _all_clear(sessions, role, step), stop, poll_seconds)
        except ChainChanged as reason:
            async with transaction(sessions) as session:
                await raise_alarm(session, CHAIN_CHANGED, role, f"{reason}. See docs/operations.md")
            raise
        except Exception:
            log.exception("no longer the leader", role=role)
            await _pause(stop, poll_seconds)


def _all_clear(sessions: Sessions, role: str, step: Step) -> Step:
    """The step; after the first that succeeds, what a run before this one has stopped for is over."""
    is_well = False

    async def taken() -> bool:
        nonlocal is_well
        more = await step()
        if not is_well:
            async with transaction(sessions) as session:
                await clear_alarm(session, CHAIN_CHANGED, role)
            is_well = True
        return more

    return taken


class _Line:
    """A connection that several ask in turns."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def ask(self, statement: TextClause, **values: object) -> Any:
        """Return the first value. Raises where the connection is gone, and the lock with it."""
        async with self._turn:
            return await self._connection.scalar(statement, values)

    async def stay(self) -> None:
        """Be heard of, until that fails or is cancelled."""
        while True:
            await asyncio.sleep(SILENT_SECONDS / 4)
            await self.ask(ANYTHING)


@contextlib.asynccontextmanager
async def _own_line(session: AsyncSession) -> AsyncIterator[_Line]:
    connection = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
    line = _Line(connection)
    staying: asyncio.Task[None] | None = None
    try:
        await line.ask(END_WHEN_SILENT, milliseconds=str(round(SILENT_SECONDS * 1000)))
        staying = asyncio.create_task(line.stay())
        yield line
    finally:
        if staying is not None:
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)  # whoever asks next is told what is wrong
        await connection.invalidate()  # not back to the pool: the lock ends with its connection


async def _repeat(line: _Line, step: Step, stop: asyncio.Event, poll_seconds: float) -> None:
    while not stop.is_set():
        await line.ask(ANYTHING)
        if not await _take(step):
            await _pause(stop, poll_seconds)


async def _take(step: Step) -> bool:
    try:
        return await step()
    except ChainChanged:
        raise
    except (Moving, NodeBehind, RpcError, RpcUnreachable) as reason:
        log.warning("the chain side waits", reason=str(reason))
    except Exception:
        log.exception("the chain side cannot go on, and tries again")
    return False


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
