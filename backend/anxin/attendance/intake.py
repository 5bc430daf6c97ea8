"""Taking in readings: each once, however often it is sent, and none edited afterwards.

A reading that no one signed is known by itself (worker, second, direction, device), so that the same row in a resent push
or in two files is one record of its source. A device's clock is a claim: what it says is kept beside the server's own time,
and only an impossible time is refused.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance.errors import AbsurdTime
from anxin.attendance.models import AttendanceSource
from anxin.core.clock import now
from anxin.people.models import Worker
from anxin.projects.access import Acting
from anxin.projects.models import Membership, Project, RosterEntry

MAX_PAST_DAYS: Final = 400
MAX_FUTURE_DAYS: Final = 1
SALT_BYTES: Final = 16

# worker_pk, at, direction, attend_type, device, strength
PunchRow = tuple[int, datetime, str, str, str, str]

_COLUMNS = ("worker_pk", "at", "direction", "attend_type", "device", "strength")
_MAKE_ROOM = """
    CREATE TEMP TABLE IF NOT EXISTS incoming_punches (
        worker_pk bigint, at timestamptz, direction varchar, attend_type varchar, device varchar, strength varchar
    ) ON COMMIT DELETE ROWS
"""
_STORE = """
    INSERT INTO punches (
        project_pk, worker_pk, source_pk, record_id, at, received_at, direction, attend_type, device, strength, salt
    )
    SELECT sources.project_pk, worker_pk, sources.id,
           'w' || worker_pk || ':' || floor(extract(epoch FROM at))::bigint || ':' || direction || ':' || device,
           at, $2, direction, attend_type, device, incoming_punches.strength,
           substr(sha256($3 || int8send(row_number() OVER ())), 1, 16)
    FROM incoming_punches
    JOIN workers ON workers.id = worker_pk
    JOIN attendance_sources sources ON sources.id = $1
    ORDER BY worker_pk, at
    ON CONFLICT (source_pk, record_id) DO NOTHING
"""


@dataclass(frozen=True)
class Origin:
    """Whence rows come: one source of one project, received at one moment."""

    project_pk: int
    source_pk: int
    received_at: datetime

    @classmethod
    def of(cls, source: AttendanceSource) -> "Origin":
        return cls(source.project_pk, source.id, now())


def record_id(worker_pk: int, at: datetime, direction: str, device: str) -> str:
    """The name of a reading that no one signed: the same as `store_rows` gives it."""
    return f"w{worker_pk}:{int(at.timestamp())}:{direction}:{device}"


def check_time(at: datetime) -> datetime:
    """Return `at` in UTC. Raises AbsurdTime; a little in the future is a wrong clock, which is flagged and not refused."""
    moment = now()
    if not moment - timedelta(days=MAX_PAST_DAYS) <= at <= moment + timedelta(days=MAX_FUTURE_DAYS):
        raise AbsurdTime(at=at.isoformat(), max_past_days=MAX_PAST_DAYS, max_future_days=MAX_FUTURE_DAYS)
    return at.astimezone(UTC)


async def store_rows(connection: asyncpg.Connection, origin: Origin, rows: Iterable[PunchRow]) -> int:
    """Store readings in one go, all of one origin, and return how many were new. In the caller's transaction.

    COPY into a temporary table, and from there what is not known yet, in the order of the indexes: scripts/bench_import.py
    says what that costs beside COPY alone.
    """
    await connection.execute(_MAKE_ROOM)
    await connection.copy_records_to_table("incoming_punches", records=rows, columns=_COLUMNS)
    # These rows' salts come of a seed that is forgotten: asking for a random number a row takes a third of the time.
    seed = secrets.token_bytes(32)
    answer: str = await connection.execute(_STORE, origin.source_pk, origin.received_at, seed)
    await connection.execute("TRUNCATE incoming_punches")
    return int(answer.rpartition(" ")[2])


async def store(session: AsyncSession, origin: Origin, rows: Iterable[PunchRow]) -> int:
    """`store_rows` in the session's transaction."""
    await session.execute(text("SELECT 1"))  # the driver begins a transaction with its first statement
    raw = await (await session.connection()).get_raw_connection()
    connection: Any = raw.driver_connection
    return await store_rows(connection, origin, rows)


async def numbers_of(session: AsyncSession, project: Project) -> dict[str, int]:
    """Return the primary keys of a project's people by the numbers they have there: the roster's, else their own."""
    return {number: worker_pk for number, worker_pk, _, _ in await _people(session, project)}


async def numbers_for(session: AsyncSession, acting: Acting) -> dict[str, int]:
    """`numbers_of` the people somebody may see: a foreman those of the own team, a subcontractor those it employs."""
    return {
        number: worker_pk
        for number, worker_pk, team, employer in await _people(session, acting.project)
        if (acting.role != "foreman" or acting.team in (None, team))
        and (acting.role != "subcontractor" or employer == acting.address)
    }


async def _people(session: AsyncSession, project: Project) -> list[tuple[str, int, str, str]]:
    """Number, primary key, team and employer of everyone on a project."""
    listed = await session.execute(
        select(RosterEntry.worker_no, RosterEntry.worker_pk, RosterEntry.team, RosterEntry.employer).where(
            RosterEntry.project_pk == project.id
        )
    )
    people = [(number, worker_pk, team, employer) for number, worker_pk, team, employer in listed]
    on_roster = {worker_pk for _, worker_pk, _, _ in people}
    joined = await session.execute(
        select(Worker.worker_no, Worker.id, Membership.team, Membership.employer)
        .join(Membership, Membership.worker_pk == Worker.id)
        .where(Membership.project_pk == project.id)
    )
    return people + [
        (number, worker_pk, team, employer) for number, worker_pk, team, employer in joined if worker_pk not in on_roster
    ]
