"""Telling open pages that something has changed: PostgreSQL notifications, one listening connection a process, many streams.

    indexer's transaction ──NOTIFY──► every API process ──► its streams: "change", at block N, for these contracts
A message holds nothing but where to look: the page asks again for what it shows. Whatever may have been missed (a lost
connection, a slow reader, a reorganisation) becomes "resync": ask for everything. Public, like the chain itself.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any, Literal

import asyncpg
import msgspec
import structlog
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.models import ORPHANED, ChainEvent
from anxin.core.no_database import NoDatabase, connection_to

CHANNEL = "anxin_live"
NOTIFY = text("SELECT pg_notify(:channel, :payload)")
MOST_CONTRACTS = 100  # named in one message, which PostgreSQL holds to 8,000 bytes; more are everybody
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 15.0  # seconds between two attempts to connect
ALIVE_EVERY_SECONDS = 20  # a connection that is open on our side only is noticed
CONNECTED_WITHIN_SECONDS = 10
MOST_WAITING = 32  # messages of one stream; a reader that is slower is told to ask for everything

log = structlog.get_logger()


class Message(msgspec.Struct, frozen=True):
    """`block`: of the newest event. `contracts`: lower-case addresses; none where it may concern anybody."""

    kind: Literal["change", "resync"]
    block: int
    contracts: tuple[str, ...] = ()

    def concerns(self, escrow: str | None) -> bool:
        return escrow is None or not self.contracts or escrow in self.contracts


async def announce(session: AsyncSession, block: int, contracts: Collection[str]) -> None:
    """Tell, if and when the session's transaction commits, that these contracts have events that are new or final."""
    named = tuple(sorted(set(contracts))) if len(set(contracts)) <= MOST_CONTRACTS else ()
    await _notify(session, Message("change", block, named))


async def announce_resync(session: AsyncSession, block: int) -> None:
    """Tell that what was shown may be gone."""
    await _notify(session, Message("resync", block))


async def _notify(session: AsyncSession, message: Message) -> None:
    await session.execute(NOTIFY, {"channel": CHANNEL, "payload": msgspec.json.encode(message).decode()})


async def newest_block(session: AsyncSession, escrow: str | None) -> int:
    """Of the events a stream is about; 0 where there is none."""
    newest = select(ChainEvent.block_number).where(ChainEvent.state != ORPHANED)
    if escrow is not None:
        newest = newest.where(ChainEvent.address == escrow, ChainEvent.leads)
    return await session.scalar(newest.order_by(ChainEvent.block_number.desc()).limit(1)) or 0


@dataclass(eq=False)
class Stream:
    """One reader."""

    escrow: str | None
    queue: asyncio.Queue[Message | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def put(self, message: Message | None) -> None:
        """None ends it."""
        if message is not None and not message.concerns(self.escrow):
            return
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            message = message and Message("resync", message.block)
        self.queue.put_nowait(message)


class Live:
    """The one listening connection of a process. It connects with the first stream, and again whenever it is lost."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._streams: set[Stream] = set()
        self._listening: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._newest = 0
        self._is_closing = False

    async def close(self) -> None:
        """End every stream: an open one would hold up the end of the process."""
        self._is_closing = True
        for stream in self._streams:
            stream.put(None)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening}, timeout=CONNECTED_WITHIN_SECONDS)

    @contextlib.asynccontextmanager
    async def stream(self, escrow: str | None) -> AsyncIterator[Stream]:
        """What concerns an escrow; everything where that is None. Nothing that is told from here on is missed.

        Raises TimeoutError while there is no connection: the reader comes back.
        """
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        stream = Stream(escrow)
        self._streams.add(stream)
        try:
            async with asyncio.timeout(CONNECTED_WITHIN_SECONDS):
                await self._connected.wait()
            yield stream
        finally:
            self._streams.discard(stream)

    async def _listen(self) -> None:
        pause = FIRST_PAUSE
        while not self._is_closing:
            try:
                await self._listen_once()
                pause = FIRST_PAUSE
            except (NoDatabase, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
                log.warning("no live updates for now", reason=f"{type(reason).__name__}: {reason}")
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _listen_once(self) -> None:
        """Until the connection is lost. Never UNLISTEN: the connection ends, and its subscription with it."""
        connection = await connection_to(self._url)
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._heard)
            if self._connected.is_set():
                self._tell(Message("resync", self._newest))  # nobody knows what was said meanwhile
            self._connected.set()
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ALIVE_EVERY_SECONDS):  # wait_for can swallow the end of this task
                        await lost.wait()
                if not lost.is_set():
                    await connection.execute("SELECT 1", timeout=10)
        finally:
            connection.terminate()

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        try:
            self._tell(msgspec.json.decode(payload, type=Message))
        except msgspec.DecodeError:
            self._tell(Message("resync", self._newest))  # from a process of another version

    def _tell(self, message: Message) -> None:
        self._newest = max(self._newest, message.block)
        for stream in list(self._streams):
            stream.put(message)
