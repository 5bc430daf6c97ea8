"""Confirmations that arrive together are kept together: one statement for all, and nobody is answered before its commit.

    request ──► waiting ──► a lane takes what waits ──► confirming.keep ──► each is told what became of its own
                   └─ full ──► 503, send it again                    └─ fails ──► 503 for all of it, or each alone
While one lane waits for the disk, another checks signatures. Nothing is remembered between requests: what waits here was
promised to nobody.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

import asyncpg
import structlog
from asyncpg.exceptions import DataError, IntegrityConstraintViolationError

from anxin.core.database import Sessions, bare_connection
from anxin.core.deployment import Deployment
from anxin.wages.confirming import Outcome, Word, keep
from anxin.wages.errors import NotKeptYet
from anxin.wages.schemas import Receipt, SignedConfirmation

LANES: Final = 2
MOST_TOGETHER: Final = 64  # of what a busy process has waiting: the other lane takes the next
MOST_WAITING: Final = 384  # a web process takes 512 connections or more: what is beyond is told to come again
RETRY_AFTER_SECONDS: Final = 2
IDLE_SECONDS: Final = 0.1  # then a lane gives its connection back: taking one costs as much as keeping a group

Waiting = tuple[Word, "asyncio.Future[Receipt | None]"]

log = structlog.get_logger()


class Acceptance:
    """Where a process's confirmations meet. Lanes run while anything comes."""

    def __init__(self, sessions: Sessions, deployment: Deployment) -> None:
        self._sessions, self._deployment = sessions, deployment
        self._waiting: asyncio.Queue[Waiting] = asyncio.Queue()
        self._lanes: set[asyncio.Task[None]] = set()

    async def confirm(self, digest: str, signed: SignedConfirmation) -> Receipt:
        """Keep a worker's confirmation of a line, with others that came at the same time; the release follows from it.

        Resending it changes nothing. Raises Malformed, DigestMismatch, LineNotFound, AmountChanged, HighS, NotEnrolled,
        WrongKey, SignatureExpired, DeadlineTooFar; and NotKeptYet where too many wait or the database fails.
        """
        if self._waiting.qsize() >= MOST_WAITING:
            raise _not_yet()
        told: asyncio.Future[Receipt | None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((Word(digest, signed), told))
        if len(self._lanes) < LANES:
            self._lanes.add(asyncio.create_task(self._work()))
        receipt = await told
        return receipt if receipt is not None else await self._alone(Word(digest, signed))

    async def close(self) -> None:
        """Nobody is served any more."""
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    async def _alone(self, word: Word) -> Receipt:
        """Wait for whoever holds the line."""
        async with bare_connection(self._sessions) as connection:
            (outcome,) = await keep(connection, self._deployment, [word], wait=True)
        if isinstance(outcome, Receipt):
            return outcome
        raise outcome or _not_yet()  # its line went away meanwhile

    async def _work(self) -> None:
        """One lane: take what comes, until nothing has come for a while."""
        try:
            while group := await self._next_group():
                while group:
                    group = await self._serve(group)
        finally:  # nothing waits: nobody was let go since it was looked
            self._lanes.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _serve(self, group: list[Waiting]) -> list[Waiting]:
        """Keep this group and what comes next, as long as one connection holds. Return those for whom it did not."""
        try:
            async with bare_connection(self._sessions) as connection:
                while group and not connection.is_closed():
                    await self._keep(connection, group)
                    group = await self._next_group()
                return group
        except Exception:
            log.exception("no connection to keep confirmations with")
            while group:
                _tell_each(group, [_not_yet()] * len(group))
                group = self._waiting_now()
        return group

    async def _next_group(self) -> list[Waiting]:
        """What waits, or else comes next; nothing where nothing comes."""
        group: list[Waiting] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                await asyncio.sleep(0)  # who is being read joins
                group.append(await self._waiting.get())
        return group + self._waiting_now(MOST_TOGETHER - len(group))

    def _waiting_now(self, at_most: int = MOST_TOGETHER) -> list[Waiting]:
        return [self._waiting.get_nowait() for _ in range(min(self._waiting.qsize(), at_most))]

    async def _keep(self, connection: asyncpg.Connection, group: Sequence[Waiting]) -> None:
        """Tell each what became of its word once that is committed; nobody anything where it is not."""
        try:
            outcomes = await keep(connection, self._deployment, [word for word, _ in group], wait=False)
        except (DataError, IntegrityConstraintViolationError) as error:  # of one word, it may be: the others do not suffer
            log.exception("confirmations are kept one by one")
            outcomes = [None if len(group) > 1 else error] * len(group)
        except Exception:
            log.exception("confirmations were not kept", count=len(group))
            outcomes = [_not_yet()] * len(group)
        except BaseException:
            for _, told in group:
                told.cancel()
            raise
        _tell_each(group, outcomes)


def _not_yet() -> NotKeptYet:
    return NotKeptYet(retry_after_seconds=RETRY_AFTER_SECONDS)


def _tell_each(group: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    for (_, told), outcome in zip(group, outcomes, strict=True):
        if told.done():  # whoever sent it is gone; it may be kept all the same
            continue
        if isinstance(outcome, Exception):
            told.set_exception(outcome)
        else:
            told.set_result(outcome)
