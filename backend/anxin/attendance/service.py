"""What counts, as payroll and checks read it, and the CSV files of a month as they were always read."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import CompoundSelect, Result, Select, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import files, intake, sources
from anxin.attendance.effective import Reading as Effective
from anxin.attendance.effective import outweighed
from anxin.attendance.models import Correction, PieceCount, Punch
from anxin.attendance.states import EFFECTIVE
from anxin.attendance.strength import WEAK, WEAKEST_FIRST
from anxin.core.clock import SITE_ZONE
from anxin.projects.models import Project

PunchTime = tuple[datetime, str]  # site-local instant, direction
Span = tuple[datetime, datetime]

AROUND = timedelta(days=1)


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


# ------------------------------------------------------------------ a month's files


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
    """Store what a project's devices have seen, by the device each reading names, and piece counts as from a file.

    `workers` maps worker numbers to primary keys; strangers are left out.
    """
    by_device: dict[str, list[intake.PunchRow]] = {}
    for each in readings:
        if each.worker_no in workers:
            strength = sources.reading_strength(sources.DEVICE, each.attend_type)
            row = (workers[each.worker_no], each.at, each.direction, each.attend_type, each.device, strength)
            by_device.setdefault(each.device, []).append(row)
    for device, rows in by_device.items():
        source = await sources.ensure(session, project, sources.DEVICE, device)
        await intake.store(session, intake.Origin.of(source), rows)
    counts = [(workers[each.worker_no], each.day, each.quantity) for each in pieces if each.worker_no in workers]
    source = await sources.ensure(session, project, sources.FILE)
    await files.store_pieces(session, intake.Origin.of(source), counts)


# ------------------------------------------------------------------ what counts


def voided() -> Select[int | None]:
    """The punches that an effective correction took back."""
    return select(Correction.punch_pk).where(
        Correction.state == EFFECTIVE, Correction.action == "void", Correction.punch_pk.is_not(None)
    )


async def readings_of(
    session: AsyncSession, project: Project, worker_pk: int | None = None, span: Span | None = None
) -> dict[int, list[Effective]]:
    """Return each worker's readings in time order, voided ones left out; those that are outweighed are still among them.

    Args:
        span: of these instants only, and a day before and after: what a shift began with, or ended with.
    """
    reported = select(
        Punch.worker_pk, Punch.at, Punch.direction, Punch.strength, Punch.id, literal(False).label("agreed")
    ).where(Punch.project_pk == project.id, Punch.id.not_in(voided()))
    added = select(
        Correction.worker_pk, Correction.at, Correction.direction, literal(WEAK), literal(None), literal(True)
    ).where(Correction.project_pk == project.id, Correction.state == EFFECTIVE, Correction.action == "add")
    if worker_pk is not None:
        reported, added = reported.where(Punch.worker_pk == worker_pk), added.where(Correction.worker_pk == worker_pk)
    if span is not None:
        since, until = span[0] - AROUND, span[1] + AROUND
        reported = reported.where(Punch.at >= since, Punch.at < until)
        added = added.where(Correction.at >= since, Correction.at < until)
    both: CompoundSelect[*tuple[Any, ...]] = union_all(reported, added).order_by("worker_pk", "at", "direction")
    rows: Result[*tuple[Any, ...]] = await session.execute(both)
    by_worker: dict[int, list[Effective]] = {}
    for worker, at, direction, strength, punch_pk, agreed in rows:
        record = f"punch-{punch_pk}" if punch_pk is not None else ""
        by_worker.setdefault(worker, []).append(Effective(at, direction, strength, record, agreed))
    return by_worker


async def punches_of(session: AsyncSession, project: Project) -> dict[int, list[PunchTime]]:
    """Return each worker's punches that count, in time order."""
    return {
        worker_pk: [(each.at.astimezone(SITE_ZONE), each.direction) for each in effective(readings)]
        for worker_pk, readings in (await readings_of(session, project)).items()
    }


def effective(readings: list[Effective]) -> list[Effective]:
    """Return what counts of a worker's readings."""
    out = outweighed(readings)
    return [each for each in readings if each.agreed or each.record not in out] if out else readings


async def pieces_of(session: AsyncSession, project: Project) -> dict[int, dict[date, int]]:
    """Return each worker's pieces by day: as first reported, or as the latest effective correction says."""
    rows = await session.execute(
        select(PieceCount.worker_pk, PieceCount.day, PieceCount.quantity).where(PieceCount.project_pk == project.id)
    )
    by_worker: dict[int, dict[date, int]] = {}
    for worker_pk, day, quantity in rows:
        by_worker.setdefault(worker_pk, {})[day] = quantity
    corrected = await session.execute(
        select(Correction.worker_pk, Correction.day, Correction.new_quantity)
        .where(Correction.project_pk == project.id, Correction.state == EFFECTIVE, Correction.action == "pieces")
        .order_by(Correction.closed_at)
    )
    for worker_pk, day, new_quantity in corrected:
        by_worker.setdefault(worker_pk, {})[day] = new_quantity or 0
    return by_worker


async def strength_of(session: AsyncSession, project: Project) -> dict[int, dict[date, str]]:
    """Return how good the evidence of each worker-day is: that of the weakest reading or count that makes it up."""
    by_worker: dict[int, dict[date, str]] = {}
    for worker_pk, readings in (await readings_of(session, project)).items():
        for each in effective(readings):
            _weaken(by_worker, worker_pk, each.at.astimezone(SITE_ZONE).date(), each.strength)
    counted = await session.execute(
        select(PieceCount.worker_pk, PieceCount.day, PieceCount.strength).where(PieceCount.project_pk == project.id)
    )
    for worker_pk, day, strength in counted:
        _weaken(by_worker, worker_pk, day, strength)
    corrected = select(Correction.worker_pk, Correction.day).where(
        Correction.project_pk == project.id, Correction.state == EFFECTIVE, Correction.action == "pieces"
    )
    for worker_pk, day in await session.execute(corrected):
        _weaken(by_worker, worker_pk, day, WEAK)
    return by_worker


def _weaken(by_worker: dict[int, dict[date, str]], worker_pk: int, day: date, strength: str) -> None:
    days = by_worker.setdefault(worker_pk, {})
    days[day] = min(days.get(day, strength), strength, key=WEAKEST_FIRST.index)
