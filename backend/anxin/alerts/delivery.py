"""Sending a stored message: once where all goes well, twice at most, and never lost.

    queued ──► commit `sending` ──► call Twilio ──► commit what it answered
                     │ crash, or no answer
                     ▼
               ask Twilio for such a message ──► there: it is that one        not there: queued again

No transaction is open while Twilio is asked. `next_attempt_at` is until when nobody else touches the row: a job that comes
earlier puts itself off. A process that slept through that time is how a message can go out twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.limits import (
    DAY,
    GIVE_UP_AFTER,
    LONGEST_RETRY_SECONDS,
    URGENT,
    Policy,
    after_quiet,
    retry_seconds,
    when_free,
)
from anxin.alerts.models import FAILED, HELD, QUEUED, SENDING, SENT, Message, OptOut
from anxin.alerts.sms import ANSWER_WITHIN_SECONDS, OPTED_OUT, NotTaken, SmsSender, Taken, Unanswered, Undeliverable
from anxin.core import jobs
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction
from anxin.core.jobs import Payload
from anxin.core.sealing import sealer
from anxin.people.models import Worker

LEASE: Final = timedelta(seconds=ANSWER_WITHIN_SECONDS + 10)  # longer than Twilio is given for an answer
OPTED_OUT_REASON: Final = "the number wants no messages"

log = structlog.get_logger()


@dataclass(frozen=True)
class Attempt:
    """What one job does outside any transaction. `unanswered_since`: an earlier call has no answer, and is looked up."""

    message_id: int
    number: int
    to: str
    body: str
    unanswered_since: datetime | None


class NotThere:
    """Twilio has no such message: the call that nobody answered did nothing."""


Result = Taken | Undeliverable | NotTaken | Unanswered | NotThere


async def deliver(sessions: Sessions, payload: Payload, *, sender: SmsSender, policy: Policy) -> None:
    """Job `sms`. Any number of jobs for one message do what one does."""
    async with transaction(sessions) as session:
        attempt = await _begin(session, payload["message"], policy)
    if attempt is None:
        return
    result = await _call(sessions, sender, attempt)
    try:
        async with transaction(sessions) as session:
            await _finish(session, attempt, result, policy)
    except IntegrityError:  # a message of the same words took that one for its own meanwhile: look for ours again
        async with transaction(sessions) as session:
            await _finish(session, attempt, Unanswered("taken for another message"), policy)


# ------------------------------------------------------------------ before the call


async def _begin(session: AsyncSession, message_id: int, policy: Policy) -> Attempt | None:
    """Return what to do now; None where there is nothing to do, or not yet."""
    message = await session.get_one(Message, message_id, with_for_update=True)
    at = now()
    if message.state not in (QUEUED, SENDING):
        return None
    if message.next_attempt_at > at:
        await _put_off(session, message, message.next_attempt_at)
        return None
    if message.state == SENDING:
        message.next_attempt_at = at + LEASE
        return Attempt(message.id, message.attempts, message.tried_phone or "", message.body or "", message.attempted_at)
    to = await _number_of(session, message)
    if to is None:
        message.end(FAILED, at, reason="no number on record")
        return None
    if not await _may_go(session, message, to, at, policy):
        return None
    message.state, message.attempts, message.attempted_at = SENDING, message.attempts + 1, at
    message.next_attempt_at, message.tried_phone, message.reason = at + LEASE, to, None
    return Attempt(message.id, message.attempts, to, message.body or "", None)


async def _number_of(session: AsyncSession, message: Message) -> str | None:
    """The number the message names, or the worker's own as it is now."""
    if message.to_phone is not None or message.worker_pk is None:
        return message.to_phone
    return (await session.get_one(Worker, message.worker_pk)).phone


async def _may_go(session: AsyncSession, message: Message, to: str, at: datetime, policy: Policy) -> bool:
    """Whether it goes now. If not it is put off, held, or given up, and its reason says why."""
    index = message.phone_index = sealer().index(to)
    await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(index[:8], signed=True))))
    if await session.get(OptOut, index) is not None:
        message.end(HELD, at, reason=OPTED_OUT_REASON)
        return False
    if at - message.created_at > GIVE_UP_AFTER:
        message.end(FAILED, at, reason=f"not taken by Twilio in {GIVE_UP_AFTER.days} days: {message.reason}")
        return False
    if message.kind in URGENT:
        return True
    morning = after_quiet(at, policy.quiet)
    if morning > at:
        await _put_off(session, message, morning, "waits for the morning")
        return False
    free = when_free(at, await _earlier(session, message, at), policy)
    if free is None:
        message.end(HELD, at, reason=f"more than {policy.per_day} messages a day to one number")
        return False
    if free > at:
        await _put_off(session, message, free, f"more than {policy.per_hour} messages an hour to one number")
    return free == at


async def _earlier(session: AsyncSession, message: Message, at: datetime) -> Sequence[datetime]:
    """When this number was last tried for other messages, within a day."""
    found = await session.scalars(
        select(Message.attempted_at).where(
            Message.phone_index == message.phone_index, Message.attempted_at > at - DAY, Message.id != message.id
        )
    )
    return [each for each in found if each is not None]


# ------------------------------------------------------------------ the call


async def _call(sessions: Sessions, sender: SmsSender, attempt: Attempt) -> Result:
    try:
        if attempt.unanswered_since is None:
            return await sender.send(attempt.to, attempt.body, reference=str(attempt.message_id))
        found = await sender.find(attempt.to, attempt.body, attempt.unanswered_since)
    except (Undeliverable, NotTaken, Unanswered) as result:
        return result
    async with transaction(sessions) as session:
        sids = [each.sid for each in found]
        others = set(await session.scalars(select(Message.provider_id).where(Message.provider_id.in_(sids))))
    return next((each for each in found if each.sid not in others), NotThere())


# ------------------------------------------------------------------ after it


async def _finish(session: AsyncSession, attempt: Attempt, result: Result, policy: Policy) -> None:
    """Keep what became of the attempt, unless its status callback, or another job, was here first."""
    message = await session.get_one(Message, attempt.message_id, with_for_update=True)
    at = now()
    if isinstance(result, Taken):
        await take(session, message, result, at)
        return
    if message.state != SENDING or message.attempts != attempt.number:
        return
    if isinstance(result, Undeliverable):
        await _give_up(session, message, result, at)
    elif isinstance(result, NotThere):
        message.state = QUEUED
        await _put_off(session, message, at)
    elif isinstance(result, Unanswered) or attempt.unanswered_since is not None:
        await _put_off(session, message, at + _until_look_up(message, at, policy), str(result))
    else:
        message.state = QUEUED
        wait = timedelta(seconds=retry_seconds(message.attempts, result.retry_after_seconds))
        await _put_off(session, message, at + wait, str(result))
        log.warning("message not taken", message=message.id, attempts=message.attempts, reason=message.reason)


async def take(session: AsyncSession, message: Message, taken: Taken, at: datetime) -> None:
    """Twilio has this message. A second copy of it is only told to the operator: it cannot be called back."""
    if message.provider_id not in (None, taken.sid):
        log.error("message sent twice", message=message.id, sid=taken.sid)
        return
    message.provider_id, message.sent_at = taken.sid, message.sent_at or at
    message.segments = taken.segments or message.segments
    message.price_micros, message.price_unit = taken.price_micros, taken.price_unit
    if message.state in (QUEUED, SENDING):
        message.state, message.reason = SENT, None


async def _give_up(session: AsyncSession, message: Message, final: Undeliverable, at: datetime) -> None:
    if final.code == OPTED_OUT and message.phone_index is not None:
        await stop(session, message.phone_index, "carrier")
        message.end(HELD, at, reason=OPTED_OUT_REASON, error_code=final.code)
        return
    message.end(FAILED, at, reason=str(final), error_code=final.code)


async def stop(session: AsyncSession, phone_index: bytes, by: str) -> None:
    """Nothing more goes to this number until its owner says so."""
    await session.execute(
        insert(OptOut).values(phone_index=phone_index, by=by, since=now()).on_conflict_do_nothing()
    )


def _until_look_up(message: Message, at: datetime, policy: Policy) -> timedelta:
    """Soon after the call, then after half as long again as it has been: an hour's outage is some ten questions."""
    age = (at - (message.attempted_at or at)).total_seconds()
    return timedelta(seconds=min(max(policy.lookup_seconds, age / 2), LONGEST_RETRY_SECONDS))


async def _put_off(session: AsyncSession, message: Message, until: datetime, reason: str | None = None) -> None:
    message.next_attempt_at, message.reason = until, reason or message.reason
    wait = max(0.0, (until - now()).total_seconds())
    await jobs.enqueue(session, "sms", {"message": message.id}, after_seconds=wait)
