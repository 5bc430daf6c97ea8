"""What messages cost: segments as they are sent, the price once Twilio says it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.models import Message
from anxin.alerts.schemas import KindCost, MonthCost
from anxin.alerts.sms import NotTaken, SmsSender, Unanswered
from anxin.core import jobs
from anxin.core.clock import SITE_ZONE
from anxin.core.database import Sessions, transaction
from anxin.core.exports import Titles
from anxin.core.jobs import Payload
from anxin.core.language import Language
from anxin.core.tables import Cell
from anxin.projects.models import Project

ASKED_AT_MOST: Final = 4
ASKED_AGAIN_SECONDS: Final = 3600
NAME: Mapping[Language, str] = {"zh": "短信费用", "en": "sms-costs"}
TITLES: Titles = {
    "zh": ("月份", "种类", "短信", "计费条数", "已知价格", "费用", "币种"),
    "en": ("Month", "Kind", "Messages", "Segments", "Priced", "Cost", "Currency"),
}


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
    """Return what a project's messages were and cost, by month of the site's calendar, newest first, and by kind.

    Segments are what carriers charge for, and known at once; prices come later, and may never come.
    """
    month = func.to_char(func.timezone(SITE_ZONE.key, Message.sent_at), "YYYY-MM").label("month")
    segments, micros = func.sum(Message.segments), func.coalesce(func.sum(Message.price_micros), 0)
    rows = await session.execute(
        select(
            month, Message.kind, func.count(), segments, func.count(Message.price_micros), micros,
            func.max(Message.price_unit),
        )
        .where(Message.project_pk == project.id, Message.sent_at.is_not(None))
        .group_by(month, Message.kind)
        .order_by(month.desc(), segments.desc(), Message.kind)
    )  # fmt: skip
    months: dict[str, list[tuple[KindCost, str | None]]] = {}
    for of, kind, count, parts, priced, cost, unit in rows:
        months.setdefault(of, []).append((KindCost(kind, count, int(parts), priced, int(cost)), unit))
    return [_month(of, kinds) for of, kinds in months.items()]


def cells(costs: Sequence[MonthCost]) -> list[Sequence[Cell]]:
    """Rows under `TITLES`, one a month and kind."""
    return [
        (
            month.month, kind.kind, kind.messages, kind.segments, kind.priced,
            Decimal(kind.price_micros).scaleb(-6), month.price_unit,
        )
        for month in costs
        for kind in month.kinds
    ]  # fmt: skip


def _month(of: str, found: Sequence[tuple[KindCost, str | None]]) -> MonthCost:
    kinds = [kind for kind, _ in found]
    return MonthCost(
        of, sum(kind.messages for kind in kinds), sum(kind.segments for kind in kinds),
        sum(kind.priced for kind in kinds), sum(kind.price_micros for kind in kinds),
        next((unit for _, unit in found if unit), None), kinds,
    )  # fmt: skip
