"""Entry to a site and exit from it: recorded by whoever is there, only ever added to.

A fact is recorded whether or not a contract was signed first: a missing contract is the employer's fault and must not cost
the worker the day. Leaving takes nothing away: not the membership, not a claim.
"""

from datetime import date, timedelta
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import SITE_ZONE, now
from anxin.projects.access import Acting
from anxin.projects.errors import BadMoveDay, NotOnRoster
from anxin.projects.models import EntryExit, Membership, RosterEntry
from anxin.projects.registration import entry_of
from anxin.projects.schemas import MoveView

RECORDS = ("contractor", "officer", "subcontractor", "foreman")
OLDEST_DAYS = 400

Kind = Literal["entry", "exit"]


async def record_move(session: AsyncSession, acting: Acting, worker_no: str, kind: Kind, day: date) -> None:
    """Keep that a worker came or left on a day of the site's calendar. Recording it again changes nothing.

    Raises NotOnRoster, BadMoveDay.
    """
    entry = await _theirs(session, acting, worker_no)
    today = now().astimezone(SITE_ZONE).date()
    if not today - timedelta(days=OLDEST_DAYS) <= day <= today:
        raise BadMoveDay(day=day.isoformat(), max_days=OLDEST_DAYS)
    await session.execute(
        insert(EntryExit)
        .values(
            project_pk=entry.project_pk, worker_pk=entry.worker_pk, kind=kind, day=day, recorded_by=acting.address,
            recorded_at=now(),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    await bring_up_to_date(session, entry.project_pk, entry.worker_pk)


async def moves_of(session: AsyncSession, acting: Acting, worker_no: str) -> list[MoveView]:
    """Return all entries and exits of a worker, the last first. Raises NotOnRoster."""
    entry = await _theirs(session, acting, worker_no)
    rows = await session.scalars(
        select(EntryExit)
        .where(EntryExit.project_pk == entry.project_pk, EntryExit.worker_pk == entry.worker_pk)
        .order_by(EntryExit.day.desc(), EntryExit.id.desc())
    )
    return [MoveView(row.kind, row.day, row.recorded_by, row.recorded_at) for row in rows]


async def bring_up_to_date(session: AsyncSession, project_pk: int, worker_pk: int) -> None:
    """Let the membership, once there is one, say what was recorded last: who came back after leaving has not left."""
    last = await session.execute(
        select(EntryExit.kind, func.max(EntryExit.day))
        .where(EntryExit.project_pk == project_pk, EntryExit.worker_pk == worker_pk)
        .group_by(EntryExit.kind)
    )
    days = {row[0]: row[1] for row in last}
    entered, left = days.get("entry"), days.get("exit")
    has_left = left is not None and (entered is None or left >= entered)
    await session.execute(
        update(Membership)
        .where(Membership.project_pk == project_pk, Membership.worker_pk == worker_pk)
        .values(entered_on=entered, left_on=left if has_left else None)
    )


async def _theirs(session: AsyncSession, acting: Acting, worker_no: str) -> RosterEntry:
    """A foreman has to do with the own team. Raises NotOnRoster."""
    entry = await entry_of(session, acting, worker_no)
    if acting.role == "foreman" and entry.team != acting.team:
        raise NotOnRoster(worker_no=worker_no)
    return entry
