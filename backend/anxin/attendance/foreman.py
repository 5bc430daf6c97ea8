"""The foreman's sheet: who came when and went when, or how many pieces, as written down by hand. Weak evidence, and said so.

A row is known by worker, day and number of the shift: sending a sheet again changes nothing, and a row that says something
else than before is not taken. That is what corrections are for, which the worker hears of.
"""

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import intake, sources
from anxin.attendance.errors import AbsurdTime
from anxin.attendance.models import AttendanceSource, PieceCount, Punch
from anxin.attendance.schemas import ForemanSheet, SheetKept, SheetPieces, SheetProblem, SheetShift
from anxin.attendance.strength import WEAK
from anxin.core.clock import SITE_ZONE, now
from anxin.projects.access import Acting

IN, OUT = "01", "02"
WRITTEN = "011"  # the platform's "other"
NOT_ON_PROJECT, IMPOSSIBLE_TIME, DIFFERS, EMPTY = "not-on-project", "impossible-time", "differs", "empty"


class _Refused(Exception):
    """A row that is not taken, with its problem."""


async def take_sheet(session: AsyncSession, acting: Acting, sheet: ForemanSheet) -> SheetKept:
    """Keep a sheet's rows, and name those that were not taken."""
    numbers = await intake.numbers_for(session, acting)
    source = await sources.ensure(session, acting.project, sources.FOREMAN)
    kept = SheetKept(0, 0, [])
    for index, shift in enumerate(sheet.shifts):
        try:
            for direction, at in _instants(shift):
                new = await _keep_punch(session, source, _worker(numbers, shift.worker_no), shift, direction, at)
                kept.kept, kept.known = kept.kept + new, kept.known + (not new)
        except _Refused as problem:
            kept.problems.append(SheetProblem("shifts", index, shift.worker_no, str(problem)))
    for index, pieces in enumerate(sheet.pieces):
        try:
            new = await keep_pieces(session, source, _worker(numbers, pieces.worker_no), pieces)
            kept.kept, kept.known = kept.kept + new, kept.known + (not new)
        except _Refused as problem:
            kept.problems.append(SheetProblem("pieces", index, pieces.worker_no, str(problem)))
    return kept


def _worker(numbers: dict[str, int], worker_no: str) -> int:
    if worker_no not in numbers:
        raise _Refused(NOT_ON_PROJECT)
    return numbers[worker_no]


def _instants(shift: SheetShift) -> list[tuple[str, datetime]]:
    """The shift's readings. An `out` that is not after its `in` is of the next day."""
    written = [(IN, shift.into), (OUT, shift.out)]
    instants = [(direction, _on(shift.day, clock)) for direction, clock in written if clock is not None]
    if not instants:
        raise _Refused(EMPTY)
    if len(instants) == 2 and instants[1][1] <= instants[0][1]:
        instants[1] = (OUT, instants[1][1] + timedelta(days=1))
    try:
        return [(direction, intake.check_time(at)) for direction, at in instants]
    except AbsurdTime as error:
        raise _Refused(IMPOSSIBLE_TIME) from error


def _on(day: date, clock: str) -> datetime:
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), SITE_ZONE)


async def _keep_punch(
    session: AsyncSession, source: AttendanceSource, worker_pk: int, shift: SheetShift, direction: str, at: datetime
) -> bool:
    """Return whether the reading is new. Raises _Refused where another is on record for this shift."""
    record = f"w{worker_pk}:{shift.day}:{shift.shift}:{direction}"
    values: dict[str, Any] = {
        "project_pk": source.project_pk, "worker_pk": worker_pk, "source_pk": source.id, "record_id": record, "at": at,
        "received_at": now(), "direction": direction, "attend_type": WRITTEN, "device": "", "strength": WEAK,
        "salt": secrets.token_bytes(intake.SALT_BYTES),
    }  # fmt: skip
    stored = insert(Punch).values(**values).on_conflict_do_nothing().returning(Punch.id)
    if await session.scalar(stored) is not None:
        return True
    known = await session.scalar(select(Punch.at).where(Punch.source_pk == source.id, Punch.record_id == record))
    if known != at:
        raise _Refused(DIFFERS)
    return False


async def keep_pieces(session: AsyncSession, source: AttendanceSource, worker_pk: int, pieces: SheetPieces) -> bool:
    """Return whether the count is new. Raises _Refused where another is on record for that day."""
    values: dict[str, Any] = {
        "project_pk": source.project_pk, "worker_pk": worker_pk, "source_pk": source.id, "day": pieces.day,
        "quantity": pieces.quantity, "received_at": now(), "strength": sources.BEST[source.kind],
        "salt": secrets.token_bytes(intake.SALT_BYTES),
    }  # fmt: skip
    stored = insert(PieceCount).values(**values).on_conflict_do_nothing().returning(PieceCount.id)
    if await session.scalar(stored) is not None:
        return True
    known = await session.scalar(
        select(PieceCount.quantity).where(
            PieceCount.project_pk == source.project_pk, PieceCount.worker_pk == worker_pk, PieceCount.day == pieces.day
        )
    )
    if known != pieces.quantity:
        raise _Refused(DIFFERS)
    return False
