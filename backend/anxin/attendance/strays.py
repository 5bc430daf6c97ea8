"""Readings of people who were not on record yet, and giving them to the person they are of."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import intake
from anxin.attendance.errors import NotOnProject, StrayNotFound
from anxin.attendance.models import AttendanceSource, StrayReading
from anxin.attendance.schemas import Strays, StrayView
from anxin.attendance.strength import WEAK
from anxin.core.clock import now
from anxin.projects.access import Acting
from anxin.projects.models import Project

MAX_SHOWN = 500
ID_DIGITS = 18


async def strays_of(session: AsyncSession, project: Project) -> Strays:
    """Return what waits to be assigned, oldest first."""
    rows = await session.execute(
        select(StrayReading, AttendanceSource.name)
        .join(AttendanceSource, AttendanceSource.id == StrayReading.source_pk)
        .where(StrayReading.project_pk == project.id, StrayReading.assigned_at.is_(None))
        .order_by(StrayReading.at)
        .limit(MAX_SHOWN)
    )
    return Strays([
        StrayView(
            stray=row.id, subject=_shown(row.subject), source_name=name, device=row.device, at=row.at,
            received_at=row.received_at, direction="01" if row.direction == "01" else "02",
        )
        for row, name in rows
    ])  # fmt: skip


def _shown(subject: str) -> str:
    """A worker's number; of an ID number only the end, since to see it whole somebody would have to say why."""
    return subject if len(subject) != ID_DIGITS else "*" * (ID_DIGITS - 4) + subject[-4:]


async def assign(session: AsyncSession, acting: Acting, stray: int, worker_no: str) -> None:
    """Make a stray reading a worker's, weak as evidence: a device saw somebody, a person says whom. Who said so is kept.

    Assigning it again to the same worker changes nothing. Raises StrayNotFound, NotOnProject.
    """
    row = await session.get(StrayReading, stray, with_for_update=True)
    worker_pk = (await intake.numbers_for(session, acting)).get(worker_no)
    if row is None or row.project_pk != acting.project.id or row.assigned_worker_pk not in (None, worker_pk):
        raise StrayNotFound(stray=stray)
    if worker_pk is None:
        raise NotOnProject(worker_no=worker_no)
    if row.assigned_at is not None:
        return
    row.assigned_worker_pk, row.assigned_by, row.assigned_at = worker_pk, acting.address, now()
    source = await session.get_one(AttendanceSource, row.source_pk)
    punch = (worker_pk, row.at, row.direction, row.attend_type, row.device, WEAK)
    await intake.store(session, intake.Origin.of(source), [punch])
