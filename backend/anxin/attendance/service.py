"""Taking in attendance. Every row may come again: a device repeats until it is acknowledged."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance.models import PieceCount, Punch
from anxin.core.clock import SITE_ZONE
from anxin.projects.models import Project

PunchTime = tuple[datetime, str]  # site-local instant, direction

ROWS_A_STATEMENT = 4000  # PostgreSQL takes at most 32,767 parameters


@dataclass(frozen=True)
class Reading:
    """A punch as a device or file reports it. `at` carries its zone."""

    worker_no: str
    at: datetime
    direction: str
    attend_type: str
    device: str


@dataclass(frozen=True)
class Pieces:
    worker_no: str
    day: date
    quantity: int


def read_punches(file: Path) -> Iterator[Reading]:
    """Columns worker_no, at (RFC 3339), direction, attend_type, device."""
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Reading(
                row["worker_no"], datetime.fromisoformat(row["at"]), row["direction"], row["attend_type"], row["device"]
            )


def read_pieces(file: Path) -> Iterator[Pieces]:
    """Columns worker_no, date, quantity."""
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Pieces(row["worker_no"], date.fromisoformat(row["date"]), int(row["quantity"]))


async def take_in(
    session: AsyncSession,
    project: Project,
    workers: Mapping[str, int],
    readings: Iterable[Reading],
    pieces: Iterable[Pieces],
) -> None:
    """Store readings and piece counts. `workers` maps worker numbers to primary keys; strangers are left out."""
    punches = [
        {
            "project_pk": project.id, "worker_pk": workers[reading.worker_no], "at": reading.at,
            "direction": reading.direction, "device": reading.device, "attend_type": reading.attend_type,
        }
        for reading in readings
        if reading.worker_no in workers
    ]  # fmt: skip
    counts = [
        {"project_pk": project.id, "worker_pk": workers[p.worker_no], "day": p.day, "quantity": p.quantity}
        for p in pieces
        if p.worker_no in workers
    ]
    for table, rows in ((Punch, punches), (PieceCount, counts)):
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            await session.execute(
                insert(table).values(rows[start : start + ROWS_A_STATEMENT]).on_conflict_do_nothing()
            )


async def punches_of(session: AsyncSession, project: Project) -> dict[int, list[PunchTime]]:
    """Return each worker's punches in time order."""
    rows = await session.execute(
        select(Punch.worker_pk, Punch.at, Punch.direction)
        .where(Punch.project_pk == project.id)
        .order_by(Punch.worker_pk, Punch.at)
    )
    by_worker: dict[int, list[PunchTime]] = {}
    for worker_pk, at, direction in rows:
        by_worker.setdefault(worker_pk, []).append((at.astimezone(SITE_ZONE), direction))
    return by_worker


async def pieces_of(session: AsyncSession, project: Project) -> dict[int, dict[date, int]]:
    """Return each worker's pieces by day."""
    rows = await session.execute(
        select(PieceCount.worker_pk, PieceCount.day, PieceCount.quantity).where(PieceCount.project_pk == project.id)
    )
    by_worker: dict[int, dict[date, int]] = {}
    for worker_pk, day, quantity in rows:
        by_worker.setdefault(worker_pk, {})[day] = quantity
    return by_worker
