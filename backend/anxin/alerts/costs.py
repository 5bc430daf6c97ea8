"""What messages cost: segments as they are sent, the price once Twilio says it."""

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.models import Message
from anxin.alerts.schemas import MonthCost
from anxin.alerts.sms import NotTaken, SmsSender, Unanswered
from anxin.core import jobs
from anxin.core.clock import SITE_ZONE
from anxin.core.database import Sessions, transaction
from anxin.core.jobs import Payload
from anxin.projects.models import Project

ASKED_AT_MOST: Final = 4
ASKED_AGAIN_SECONDS: Final = 3600


async def ask_price(sessions: Sessions, payload: Payload, *, sender: SmsSender) -> None:
    """Job `sms_price`: what a message has cost. Asked a few times, an hour apart; a price is no reason to keep a job for."""
    async with transaction(sessions) as session:
        message = await session.get_one(Message, payload["message"])
        sid = message.provider_id if message.price_micros is None else None
    if sid is None:
        return
    try:
        known = await sender.fetch(sid)
    except (NotTaken, Unanswered):
        known = None
    async with transaction(sessions) as session:
        message = await session.get_one(Message, payload["message"], with_for_update=True)
        if known is not None and known.price_micros is not None:
            message.price_micros, message.price_unit = known.price_micros, known.price_unit
            message.segments = known.segments or message.segments
        elif payload["asked"] + 1 < ASKED_AT_MOST:
            again = {**payload, "asked": payload["asked"] + 1}
            await jobs.enqueue(session, "sms_price", again, after_seconds=ASKED_AGAIN_SECONDS)


async def costs_of(session: AsyncSession, project: Project) -> list[MonthCost]:
    """Return what a project's messages were and cost, by month of the site's calendar, newest first."""
    month = func.to_char(func.timezone(SITE_ZONE.key, Message.sent_at), "YYYY-MM").label("month")
    rows = await session.execute(
        select(
            month, func.count(), func.sum(Message.segments), func.count(Message.price_micros),
            func.coalesce(func.sum(Message.price_micros), 0), func.max(Message.price_unit),
        )
        .where(Message.project_pk == project.id, Message.sent_at.is_not(None))
        .group_by(month)
        .order_by(month.desc())
    )  # fmt: skip
    return [
        MonthCost(of, count, int(segments), priced, int(micros), unit) for of, count, segments, priced, micros, unit in rows
    ]

