"""The bureau's desk: who wrote by SMS that something is wrong, and who has seen to it.

Who complains must not be known to who pays: the bureau alone reads this.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.errors import DeskNoticeNotFound
from anxin.alerts.models import DeskNotice
from anxin.alerts.schemas import DeskNotices, DeskNoticeView
from anxin.core.clock import SITE_ZONE, now
from anxin.core.exports import Titles
from anxin.core.language import Language
from anxin.core.tables import Cell
from anxin.people.models import Worker
from anxin.projects.access import Acting
from anxin.projects.models import Project, RosterEntry

PAGE: Final = 100
NAME: Mapping[Language, str] = {"zh": "短信来信", "en": "desk-notices"}
TITLES: Titles = {
    "zh": ("编号", "收到", "工号", "链上编号", "办结", "办结人"),
    "en": ("Number", "Written", "Worker", "Id on the chain", "Done", "Done by"),
}


async def notices_of(
    session: AsyncSession, project: Project, *, done: bool | None = None, before: int | None = None
) -> DeskNotices:
    """Return a page of what reached a project's desk, newest first: open ones, done ones, or both."""
    statement = _notices(project, done)
    if before is not None:
        statement = statement.where(DeskNotice.id < before)
    rows = (await session.execute(statement.limit(PAGE + 1))).all()
    shown = [_view(*row) for row in rows[:PAGE]]
    counts = select(func.count(DeskNotice.done_at), func.count()).where(DeskNotice.project_pk == project.id)
    done_count, all_count = (await session.execute(counts)).one()
    return DeskNotices(shown, shown[-1].id if len(rows) > PAGE else None, all_count - done_count, done_count)


async def exported(session: AsyncSession, project: Project, limit: int) -> list[DeskNoticeView]:
    """All of it for a file, at most `limit`."""
    return [_view(*row) for row in await session.execute(_notices(project, None).limit(limit))]


async def mark_done(session: AsyncSession, acting: Acting, notice: int) -> DeskNoticeView:
    """Keep who has seen to a notice, and when. Done already it stays whoever's it was. Raises DeskNoticeNotFound."""
    row = await _one(session, acting.project, notice)
    if row.done_at is None:
        row.done_at, row.done_by = now(), acting.address
    return await _shown(session, acting.project, row)


async def open_again(session: AsyncSession, acting: Acting, notice: int) -> DeskNoticeView:
    """It was not done after all. Open already nothing changes. Raises DeskNoticeNotFound."""
    row = await _one(session, acting.project, notice)
    row.done_at = row.done_by = None
    return await _shown(session, acting.project, row)


def cells(row: DeskNoticeView) -> Sequence[Cell]:
    """A row under `TITLES`."""
    return (row.id, _site(row.written_at), row.worker_no, row.worker_id, _site(row.done_at), row.done_by)


def _notices(project: Project, done: bool | None) -> Select[DeskNotice, bytes, str]:
    statement = (
        select(DeskNotice, Worker.worker_id, RosterEntry.worker_no)
        .join(Worker, Worker.id == DeskNotice.worker_pk)
        .outerjoin(
            RosterEntry,
            and_(RosterEntry.project_pk == DeskNotice.project_pk, RosterEntry.worker_pk == DeskNotice.worker_pk),
        )
        .where(DeskNotice.project_pk == project.id)
        .order_by(DeskNotice.id.desc())
    )
    if done is None:
        return statement
    return statement.where(DeskNotice.done_at.is_not(None) if done else DeskNotice.done_at.is_(None))


async def _one(session: AsyncSession, project: Project, notice: int) -> DeskNotice:
    found: DeskNotice | None = await session.scalar(
        select(DeskNotice)
        .where(DeskNotice.id == notice, DeskNotice.project_pk == project.id)
        .with_for_update()
    )
    if found is None:
        raise DeskNoticeNotFound(notice=notice)
    return found


async def _shown(session: AsyncSession, project: Project, row: DeskNotice) -> DeskNoticeView:
    await session.flush()
    found = (await session.execute(_notices(project, None).where(DeskNotice.id == row.id))).one()
    return _view(*found)


def _view(row: DeskNotice, worker_id: bytes, worker_no: str | None) -> DeskNoticeView:
    return DeskNoticeView(row.id, "0x" + worker_id.hex(), worker_no or "", row.written_at, row.done_at, row.done_by)


def _site(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(SITE_ZONE)
