"""What became of a message, as Twilio says later: in any order, more than once, and perhaps before it has answered us."""

from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.delivery import stop, take
from anxin.alerts.models import DELIVERED, ENDED, FAILED, UNDELIVERED, Message
from anxin.alerts.sms import OPTED_OUT, Taken
from anxin.core import jobs
from anxin.core.clock import now

ENDINGS: Final = {
    "delivered": DELIVERED, "read": DELIVERED, "undelivered": UNDELIVERED, "failed": FAILED, "canceled": FAILED,
}  # fmt: skip
PRICED_AFTER_SECONDS: Final = 300  # Twilio knows what a message has cost some time after it has gone

log = structlog.get_logger()


async def record_status(
    session: AsyncSession, sid: str, status: str, *, reference: str | None = None, error_code: int | None = None
) -> None:
    """Keep a message's status. What goes backwards, or comes again, changes nothing; a stranger's is logged.

    Args:
        reference: the message's own number, which we gave Twilio with it: its answer to us may still be on its way, or lost.
    """
    message = await _message_of(session, sid, reference)
    if message is None:
        log.warning("status of a message that is not ours", sid=sid, status=status)
        return
    at = now()
    if message.provider_id is None:
        await take(session, message, Taken(sid, status), at)
    ending = ENDINGS.get(status)
    if ending is None or message.state == DELIVERED or (message.state in ENDED and ending != DELIVERED):
        return
    message.end(ending, at, reason=None if ending == DELIVERED else f"Twilio {error_code or status}", error_code=error_code)
    if error_code == OPTED_OUT and message.phone_index is not None:
        await stop(session, message.phone_index, "carrier")
    await jobs.enqueue(session, "sms_price", {"message": message.id, "asked": 0}, after_seconds=PRICED_AFTER_SECONDS)


async def _message_of(session: AsyncSession, sid: str, reference: str | None) -> Message | None:
    by_sid = select(Message).where(Message.provider_id == sid).with_for_update()
    found: Message | None = await session.scalar(by_sid)
    if found is not None or reference is None or not (reference.isascii() and reference.isdecimal()) or len(reference) > 18:
        return found
    named = await session.get(Message, int(reference), with_for_update=True)
    if named is None or named.provider_id in (None, sid):
        return named
    return None  # a second copy of one whose first is on record
