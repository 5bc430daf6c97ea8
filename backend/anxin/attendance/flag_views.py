"""Reading what the flags are about, for the bureau and the contractor of a project."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import intake
from anxin.attendance.flags import Seen, flags_of
from anxin.attendance.models import AttendanceSource, Punch
from anxin.attendance.phone import read_hint
from anxin.attendance.schemas import FlagsView, FlagView
from anxin.core.clock import SITE_ZONE, now
from anxin.core.errors import Malformed
from anxin.people.models import Worker
from anxin.projects.models import Project

MAX_DAYS: Final = 31
USUAL_DAYS: Final = 7

Read = tuple[Punch, str, str]


async def flags_view(
    session: AsyncSession, project: Project, first_day: date | None, last_day: date | None
) -> FlagsView:
    """Return the flags of some local days, the last seven where none are named. Raises Malformed for more than 31."""
    last = last_day or now().astimezone(SITE_ZONE).date()
    first = first_day or last - timedelta(days=USUAL_DAYS - 1)
    if not 0 <= (last - first).days < MAX_DAYS:
        raise Malformed(problem=f"first, last: 1 to {MAX_DAYS} days")
    numbers = {worker_pk: number for number, worker_pk in (await intake.numbers_of(session, project)).items()}
    rows = await _punches(session, project, first, last)
    found = await asyncio.to_thread(lambda: flags_of([_seen(row, project, numbers) for row in rows], str(project.id)))
    flags = [FlagView(each.kind, each.day, list(each.workers), list(each.records), each.detail) for each in found]
    return FlagsView(first, last, flags)


async def _punches(session: AsyncSession, project: Project, first: date, last: date) -> Sequence[Read]:
    """A project's punches of these days, and those that the same workers made elsewhere."""
    begin = datetime.combine(first, time(), SITE_ZONE)
    end = datetime.combine(last + timedelta(days=1), time(), SITE_ZONE)
    here = select(Punch.worker_pk).where(Punch.project_pk == project.id, Punch.at >= begin, Punch.at < end)
    found = await session.execute(
        select(Punch, AttendanceSource.kind, Worker.worker_no)
        .join(AttendanceSource, AttendanceSource.id == Punch.source_pk)
        .join(Worker, Worker.id == Punch.worker_pk)
        .where(Punch.worker_pk.in_(here), Punch.at >= begin, Punch.at < end)
        .order_by(Punch.at, Punch.id)
    )
    return [(punch, kind, worker_no) for punch, kind, worker_no in found]


def _seen(row: Read, project: Project, numbers: dict[int, str]) -> Seen:
    punch, kind, worker_no = row
    hint = read_hint(punch.hint or "") if punch.project_pk == project.id else read_hint("")
    place = None if hint.latitude is None or hint.longitude is None else (hint.latitude, hint.longitude)
    return Seen(
        worker=numbers.get(punch.worker_pk, worker_no), project=str(punch.project_pk), record=f"punch-{punch.id}",
        at=punch.at, received_at=punch.received_at, direction=punch.direction, kind=kind, strength=punch.strength,
        device=punch.device, device_id=hint.device_id or "", place=place, mocked=bool(hint.mocked),
        code_verdict=punch.code_verdict, enlisted=punch.worker_pk in numbers,
    )  # fmt: skip
