"""Confirmations that arrive together are kept together: one statement for all, and nobody is answered before its commit.

    request ──► waiting ──► a lane takes what waits ──► confirming.keep ──► each is told what became of its own
                   └─ full ──► 503, send it again                    └─ fails ──► 503 for all of it, or each alone
While one lane waits for the disk, another checks signatures. Nothing is remembered between requests: what waits here was
promised to nobody.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog
from asyncpg.exceptions import DataError, IntegrityConstraintViolationError

from anxin.core.database import Sessions, bare_connection
from anxin.core.deployment import Deployment
from anxin.wages.confirming import Outcome, Word, keep
from anxin.wages.errors import NotKeptYet
from anxin.wages.schemas import Receipt, SignedConfirmation

LANES: Final = 2
MOST_TOGETHER: Final = 48  # of what a busy process has waiting: the other lane takes the next
MOST_WAITING: Final = 384  # a web process takes 512 connections or more: what is beyond is told to come again
RETRY_AFTER_SECONDS: Final = 2

Waiting = tuple[Word, "asyncio.Future[Receipt | None]"]

log = structlog.get_logger()


class Acceptance:
    """Where a process's confirmations meet. Lanes run while anything waits."""

    def __init__(self, sessions: Sessions, deployment: Deployment) -> None:
        self._sessions, self._deployment = sessions, deployment
        self._waiting: deque[Waiting] = deque()
        self._lanes: set[asyncio.Task[None]] = set()

    async def confirm(self, digest: str, signed: SignedConfirmation) -> Receipt:
        """Keep a worker's confirmation of a line, with others that came at the same time; the release follows from it.

        Resending it changes nothing. Raises Malformed, DigestMismatch, LineNotFound, AmountChanged, HighS, NotEnrolled,
        WrongKey, SignatureExpired, DeadlineTooFar; and NotKeptYet where too many wait or the database fails.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise _not_yet()
        told: asyncio.Future[Receipt | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Word(digest, signed), told))
        if len(self._lanes) < LANES:
            lane = asyncio.create_task(self._work())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        receipt = await told
        return receipt if receipt is not None else await self._alone(Word(digest, signed))

    async def _alone(self, word: Word) -> Receipt:
        """Wait for whoever holds the line."""
        async with bare_connection(self._sessions) as connection:
            (outcome,) = await keep(connection, self._deployment, [word], wait=True)
        if isinstance(outcome, Receipt):
            return outcome
        raise outcome or _not_yet()  # its line went away meanwhile

    async def _work(self) -> None:
        """One lane: take what waits, until nothing does."""
        while self._waiting:
            try:
                async with bare_connection(self._sessions) as connection:
                    while self._waiting and not connection.is_closed():
                        await asyncio.sleep(0)  # who is being read joins
                        await self._keep(connection, self._next_group())
            except Exception:
                log.exception("no connection to keep confirmations with")
                while self._waiting:
                    _tell(self._waiting.popleft()[1], _not_yet())

    def _next_group(self) -> list[Waiting]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]

    async def _keep(self, connection: asyncpg.Connection, group: Sequence[Waiting]) -> None:
        """Tell each what became of its word once that is committed; nobody anything where it is not."""
        if not group:
            return
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
        for (_, told), outcome in zip(group, outcomes, strict=True):
            _tell(told, outcome)


def _not_yet() -> NotKeptYet:
    return NotKeptYet(retry_after_seconds=RETRY_AFTER_SECONDS)


def _tell(told: "asyncio.Future[Receipt | None]", outcome: Outcome) -> None:
    if told.done():  # whoever sent it is gone; it may be kept all the same
        return
    if isinstance(outcome, Exception):
        told.set_exception(outcome)
    else:
        told.set_result(outcome)
