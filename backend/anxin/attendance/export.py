"""Attendance to take away as a table: a project's days for its people, a month for the worker whose it is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import intake, views
from anxin.attendance.schemas import MyAttendance, SiteRecord
from anxin.core.clock import SITE_ZONE
from anxin.core.errors import Malformed
from anxin.core.exports import Titles
from anxin.core.language import Language
from anxin.core.tables import Cell
from anxin.projects.access import Acting

NAME: Final[Mapping[Language, str]] = {"zh": "考勤记录", "en": "attendance"}
SITE_TITLES: Final[Titles] = {
    "zh": ("工号", "设备时间", "进出", "考勤方式", "设备", "来源", "证据强度", "接收时间", "本人签名", "现场码", "状态"),
    "en": (
        "worker_no", "at", "direction", "attend_type", "device", "source", "strength", "received_at", "signed", "site_code",
        "state",
    ),
}  # fmt: skip
MY_TITLES: Final[Titles] = {
    "zh": ("项目", "设备时间", "进出", "考勤方式", "来源", "证据强度", "接收时间", "现场码", "状态", "编号"),
    "en": ("project", "at", "direction", "attend_type", "source", "strength", "received_at", "site_code", "state", "record"),
}


async def site_rows(session: AsyncSession, acting: Acting, first: date, last: date) -> Iterator[Sequence[Cell]]:
    """Return the records of some local days, of the people somebody may see. Raises Malformed for more than 31 days."""
    if not 0 <= (last - first).days < views.MAX_DAYS:
        raise Malformed(problem=f"first, last: 1 to {views.MAX_DAYS} days")
    numbers = {worker_pk: number for number, worker_pk in (await intake.numbers_for(session, acting)).items()}
    span = datetime.combine(first, time(), SITE_ZONE), datetime.combine(last + timedelta(days=1), time(), SITE_ZONE)
    return map(_site_row, await views.site_records(session, acting.project, numbers, span))


def _site_row(each: SiteRecord) -> Sequence[Cell]:
    return (
        each.worker_no, _local(each.at), each.direction, each.attend_type, each.device,
        f"{each.source_kind}:{each.source_name}", each.strength, _local(each.received_at), each.signed, each.code_verdict,
        each.state,
    )  # fmt: skip


def my_rows(mine: MyAttendance) -> Iterator[Sequence[Cell]]:
    """The records of a worker's own month."""
    for project in mine.projects:
        for each in project.records:
            yield (
                project.name, _local(each.at), each.direction, each.attend_type, f"{each.source_kind}:{each.source_name}",
                each.strength, _local(each.received_at), each.code_verdict, each.state, each.record,
            )  # fmt: skip


def _local(at: datetime) -> str:
    return at.astimezone(SITE_ZONE).isoformat(timespec="seconds")
