"""Confirmations that arrive together are kept together: one transaction for all, and nobody is answered before it.

    request ──► waiting ──► a lane takes what waits ──► confirming.keep ──► commit ──► each is told what became of its own
                   └─ full ──► 503, send it again                    └─ fails ──► 503 for all of it, or each alone
While one lane waits for the disk, another checks signatures. Nothing is remembered between requests: what waits here was
promised to nobody.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.wages import service
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

    def __init__(self, sessions: Sessions, deployment: Deployment, *, batch_seconds: float) -> None:
        self._sessions, self._deployment, self._batch_seconds = sessions, deployment, batch_seconds
        self._waiting: deque[Waiting] = deque()
        self._lanes: set[asyncio.Task[None]] = set()

    async def confirm(self, digest: str, signed: SignedConfirmation) -> Receipt:
        """Keep a worker's confirmation, as `service.confirm_period` does, with others that came at the same time.

        Raises what that does, and NotKeptYet where too many wait or the database fails.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise NotKeptYet(retry_after_seconds=RETRY_AFTER_SECONDS)
        told: asyncio.Future[Receipt | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Word(digest, signed), told))
        if len(self._lanes) < LANES:
            lane = asyncio.create_task(self._work())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        receipt = await told
        return receipt if receipt is not None else await self._alone(digest, signed)

    async def _alone(self, digest: str, signed: SignedConfirmation) -> Receipt:
        """Wait for whoever holds the line; or hear that there is none."""
        async with transaction(self._sessions) as session:
            return await service.confirm_period(
                session, self._deployment, digest, signed, batch_seconds=self._batch_seconds
            )

    async def _work(self) -> None:
        """One lane: take what waits, until nothing does."""
        while self._waiting:
            await asyncio.sleep(0)  # who is being read joins
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
            if group:
                await self._keep(group)

    async def _keep(self, group: Sequence[Waiting]) -> None:
        """Tell each what became of its word once that is committed; nobody anything where it is not."""
        try:
            async with transaction(self._sessions) as session:
                words = [word for word, _ in group]
                outcomes = await keep(session, self._deployment, words, batch_seconds=self._batch_seconds, wait=False)
        except (DataError, IntegrityError) as error:  # of one word, it may be: the others do not suffer
            log.exception("confirmations are kept one by one")
            outcomes = [None if len(group) > 1 else error] * len(group)
        except Exception:
            log.exception("confirmations were not kept", count=len(group))
            outcomes = [NotKeptYet(retry_after_seconds=RETRY_AFTER_SECONDS)] * len(group)
        except BaseException:
            for _, told in group:
                told.cancel()
            raise
        for (_, told), outcome in zip(group, outcomes, strict=True):
            _tell(told, outcome)


def _tell(told: "asyncio.Future[Receipt | None]", outcome: Outcome) -> None:
    if told.done():  # whoever sent it is gone; it may be kept all the same
        return
    if isinstance(outcome, Exception):
        told.set_exception(outcome)
    else:
        told.set_result(outcome)
