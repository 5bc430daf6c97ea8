"""Sending an upload: tried until the platform says what became of it, told to it once as far as anybody can know.

    waiting ──► send ──► taken, as a number ──► ask what became of it ──► done, or rejected
       ▲          │ no answer, or refused for now                │ not handled yet
       └── later ─┴──────────────────────────────────────────────┘

No transaction is open while the platform is asked. `leased_until` keeps a second job from sending the same meanwhile. An
attempt without an answer may have been taken: a platform that then says "already there" has it.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction
from anxin.core.jobs import Payload
from anxin.realname.client import NoAnswer, Platform, Refused
from anxin.realname.models import DONE, OPEN, REJECTED, SPLIT, TAKEN, WAITING, Item, PlatformProject, Upload
from anxin.realname.plan import PLAN_JOB, UPLOAD_JOB, keep_upload, singles

LEASE: Final = timedelta(minutes=2)  # longer than two calls are given
ASK_AFTER_SECONDS: Final = 2
FIRST_RETRY_SECONDS: Final = 5
LONGEST_RETRY_SECONDS: Final = 3600
_ALREADY_THERE: Final = re.compile("已存在|重复")

log = structlog.get_logger()


@dataclass(frozen=True)
class Attempt:
    upload_pk: int
    number: int
    method: str
    data: str
    serial: str | None
    unanswered: bool


@dataclass(frozen=True)
class Said:
    """What the platform said. state: waiting (nothing), taken, done, rejected."""

    state: str
    serial: str | None = None
    answer: Any = None
    message: str | None = None
    unanswered: bool = False


async def upload(sessions: Sessions, payload: Payload, *, platform: Platform | None) -> None:
    """Job `realname_upload`. Any number of jobs for one upload do what one does."""
    if platform is None:
        log.warning("an upload waits for the real-name platform, which is not set up", upload=payload["upload"])
        async with transaction(sessions) as session:
            await jobs.enqueue(session, UPLOAD_JOB, payload, after_seconds=LONGEST_RETRY_SECONDS)
        return
    async with transaction(sessions) as session:
        attempt = await _begin(session, payload["upload"])
    if attempt is None:
        return
    said = await _ask(platform, attempt)
    async with transaction(sessions) as session:
        await _finish(session, attempt, said)


async def _begin(session: AsyncSession, upload_pk: int) -> Attempt | None:
    row = await session.get(Upload, upload_pk, with_for_update=True)
    if row is None or row.state not in OPEN or row.data is None:
        return None
    if row.leased_until is not None and row.leased_until > now():
        seconds = (row.leased_until - now()).total_seconds() + 1
        await jobs.enqueue(session, UPLOAD_JOB, {"upload": upload_pk}, after_seconds=seconds)
        return None
    if row.leased_until is not None and row.state == WAITING:
        row.unanswered = True  # whoever held it never came back
    row.attempts += 1
    row.leased_until = now() + LEASE
    return Attempt(row.id, row.attempts, row.method, row.data, row.serial, row.unanswered)


async def _ask(platform: Platform, attempt: Attempt) -> Said:
    try:
        if attempt.serial is None:
            serial, answer = await platform.send(attempt.method, attempt.data)
            return Said(TAKEN, serial) if serial is not None else Said(DONE, answer=answer)
        handled = await platform.result(attempt.serial)
    except NoAnswer as error:
        return Said(WAITING, attempt.serial, message=str(error), unanswered=attempt.serial is None)
    except Refused as error:
        if error.for_now or attempt.serial is not None:
            return Said(WAITING, attempt.serial, message=str(error))
        return _rejected(attempt, str(error))
    if handled.done is None:
        return Said(TAKEN, attempt.serial)
    if handled.done:
        return Said(DONE, attempt.serial, handled.result)
    return _rejected(attempt, _words(handled.result))


def _rejected(attempt: Attempt, message: str) -> Said:
    if attempt.unanswered and _ALREADY_THERE.search(message):
        return Said(DONE, attempt.serial, message=message)
    return Said(REJECTED, attempt.serial, message=message)


def _words(result: Any) -> str:
    return result if isinstance(result, str) else msgspec.json.encode(result).decode()


async def _finish(session: AsyncSession, attempt: Attempt, said: Said) -> None:
    row = await session.get_one(Upload, attempt.upload_pk, with_for_update=True)
    if row.state not in OPEN or row.attempts != attempt.number:
        return  # another job has come further meanwhile
    row.leased_until, row.serial = None, said.serial
    row.message = said.message and said.message[:500]
    row.unanswered = row.unanswered or said.unanswered
    row.state = TAKEN if said.state == WAITING and said.serial else said.state
    if row.state in OPEN:
        first = ASK_AFTER_SECONDS if said.state == TAKEN else FIRST_RETRY_SECONDS
        seconds = min(first * 2 ** min(attempt.number - 1, 12), LONGEST_RETRY_SECONDS)
        await jobs.enqueue(session, UPLOAD_JOB, {"upload": row.id}, after_seconds=seconds)
        return
    row.ended_at = now()
    if row.state == DONE:
        row.answer, row.data = said.answer, None
    elif row.state == REJECTED:
        await _split(session, row)
    await _go_on(session, row)


async def _split(session: AsyncSession, row: Upload) -> None:
    """One wrong item must not keep the others out: each goes alone."""
    carried = list(await session.scalars(select(Item).where(Item.upload_pk == row.id).order_by(Item.place)))
    if len(carried) < 2 or row.data is None:
        return
    for item, data in zip(carried, singles(row.method, row.data), strict=True):
        await keep_upload(session, row.project_pk, row.method, data, [(item.key, item.version)])
    row.state, row.data = SPLIT, None


async def _go_on(session: AsyncSession, row: Upload) -> None:
    """When all that was due is through, plan what it has made possible. Two that end at once see each other end."""
    await session.flush()
    await session.get(PlatformProject, row.project_pk, with_for_update=True)
    still_open = await session.scalar(
        select(func.count()).select_from(Upload).where(Upload.project_pk == row.project_pk, Upload.state.in_(OPEN))
    )
    if not still_open:
        await jobs.enqueue(session, PLAN_JOB, {"project": row.project_pk})
