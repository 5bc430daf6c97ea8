"""What a worker sees of their own month, and what a project's people see of a day."""

import re
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from sqlalchemy import String, and_, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import corrections, intake, leaves, roots, service
from anxin.attendance.effective import outweighed
from anxin.attendance.errors import NotAnchored, RecordNotFound
from anxin.attendance.models import (
    AttendanceLeaf,
    AttendanceRoot,
    AttendanceSource,
    Correction,
    PieceCount,
    Punch,
    RootSignature,
)
from anxin.attendance.schemas import (
    AddedPunch,
    CorrectionView,
    DayPieces,
    EffectivePunch,
    MyAttendance,
    MyProjectAttendance,
    MyRecord,
    RecordProof,
    SiteDay,
    SiteDays,
    SitePieces,
    SiteRecord,
)
from anxin.attendance.service import Span
from anxin.attendance.states import EFFECTIVE
from anxin.attendance.strength import WEAK
from anxin.core.clock import SITE_ZONE, day_number
from anxin.core.deployment import Deployment
from anxin.core.errors import Malformed
from anxin.people.models import Worker
from anxin.projects.access import Acting
from anxin.projects.models import Project
from anxin.projects.service import escrow_of

COUNTED, VOIDED, OUTWEIGHED = "counted", "voided", "outweighed"
MAX_DAYS: Final = 31


async def my_attendance(session: AsyncSession, deployment: Deployment, worker: Worker, month: str) -> MyAttendance:
    """Return a worker's own month, project by project. Raises Malformed."""
    span = month_span(month)
    punched = select(Punch.project_pk).where(Punch.worker_pk == worker.id, Punch.at >= span[0], Punch.at < span[1])
    counted = select(PieceCount.project_pk).where(PieceCount.worker_pk == worker.id)
    corrected = select(Correction.project_pk).where(Correction.worker_pk == worker.id)
    here = or_(Project.id.in_(punched), Project.id.in_(counted), Project.id.in_(corrected))
    projects = await session.scalars(select(Project).where(here, Project.escrow.is_not(None)).order_by(Project.id))
    parts = [await _my_project(session, deployment, worker, project, span) for project in projects]
    return MyAttendance(month, worker.hex_id, [each for each in parts if each.records or each.pieces or each.corrections])


async def _my_project(
    session: AsyncSession, deployment: Deployment, worker: Worker, project: Project, span: Span
) -> MyProjectAttendance:
    readings = (await service.readings_of(session, project, worker.id, span)).get(worker.id, [])
    out = outweighed(readings)
    first, last = span[0].date(), span[1].date()
    pieces = await _pieces(session, project, [worker.id], first, last)
    return MyProjectAttendance(
        escrow=escrow_of(project),
        name=project.name,
        records=await my_records(session, worker, project, span, out),
        pieces=[DayPieces(record, day, now, was, strength) for _, record, day, now, was, strength in pieces],
        corrections=await _my_corrections(session, deployment, worker, project, first, last),
        effective=[
            EffectivePunch(each.at, _way(each.direction), each.agreed)
            for each in service.effective(readings)
            if span[0] <= each.at < span[1]
        ],
    )


async def my_records(
    session: AsyncSession, worker: Worker, project: Project, span: Span, out: set[str]
) -> list[MyRecord]:
    leaf = and_(AttendanceLeaf.kind == "punch", AttendanceLeaf.record == cast(Punch.id, String))
    voided = Punch.id.in_(service.voided()).label("voided")
    rows = await session.execute(
        select(Punch, AttendanceSource, AttendanceRoot, voided)
        .join(AttendanceSource, AttendanceSource.id == Punch.source_pk)
        .outerjoin(AttendanceLeaf, leaf)
        .outerjoin(AttendanceRoot, AttendanceRoot.id == AttendanceLeaf.root_pk)
        .where(Punch.project_pk == project.id, Punch.worker_pk == worker.id)
        .where(Punch.at >= span[0], Punch.at < span[1])
        .order_by(Punch.at, Punch.id)
    )
    return [
        MyRecord(
            record=f"punch-{punch.id}", at=punch.at, received_at=punch.received_at, direction=_way(punch.direction),
            attend_type=punch.attend_type, source_kind=source.kind, source_name=source.name, device=punch.device,
            strength=punch.strength, code_verdict=punch.code_verdict,
            state=_state(f"punch-{punch.id}", is_voided, out),
            digest="0x" + punch.digest.hex() if punch.digest else None, root_day=root.day if root else None,
            root_state=root.state if root else None,
        )
        for punch, source, root, is_voided in rows
    ]  # fmt: skip


async def _my_corrections(
    session: AsyncSession, deployment: Deployment, worker: Worker, project: Project, first: date, last: date
) -> list[CorrectionView]:
    rows = await session.scalars(
        select(Correction)
        .where(Correction.project_pk == project.id, Correction.worker_pk == worker.id)
        .where(Correction.day >= first, Correction.day < last)
        .order_by(Correction.proposed_at)
    )
    return [await corrections.view(session, deployment, row) for row in rows]


async def site_days(session: AsyncSession, acting: Acting, first: date, last: date) -> SiteDays:
    """Return a project's local days, of the people somebody may see. Raises Malformed for more than 31 days."""
    if not 0 <= (last - first).days < MAX_DAYS:
        raise Malformed(problem=f"first, last: 1 to {MAX_DAYS} days")
    project, until = acting.project, last + timedelta(days=1)
    numbers = {worker_pk: number for number, worker_pk in (await intake.numbers_for(session, acting)).items()}
    span = _midnight(first) - service.AROUND, _midnight(until) + service.AROUND
    days = {first + timedelta(days=n): SiteDay(first + timedelta(days=n), [], [], []) for n in range((until - first).days)}
    around: list[SiteRecord] = []
    for each in await site_records(session, project, numbers, span):
        held = days.get(each.at.astimezone(SITE_ZONE).date())
        (around if held is None else held.records).append(each)
    for worker_pk, record, day, counted, was, strength in await _pieces(session, project, list(numbers), first, until):
        days[day].pieces.append(SitePieces(record, numbers[worker_pk], counted, was, strength))
    everybody = set(numbers.values())
    for held in days.values():
        seen = {each.worker_no for each in held.records} | {each.worker_no for each in held.pieces}
        held.without_reading = sorted(everybody - seen)
    return SiteDays(list(days.values()), around, await _added(session, project, numbers, span))


async def _added(session: AsyncSession, project: Project, numbers: dict[int, str], span: Span) -> list[AddedPunch]:
    rows = await session.execute(
        select(Correction.worker_pk, Correction.at, Correction.direction)
        .where(Correction.project_pk == project.id, Correction.worker_pk.in_(numbers), Correction.action == "add")
        .where(Correction.state == EFFECTIVE, Correction.at >= span[0], Correction.at < span[1])
        .order_by(Correction.at, Correction.correction_id)
    )
    return [AddedPunch(numbers[worker_pk], at, _way(way)) for worker_pk, at, way in rows if at and way]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SITE_ZONE)


async def site_records(
    session: AsyncSession, project: Project, numbers: dict[int, str], span: Span
) -> list[SiteRecord]:
    voided = Punch.id.in_(service.voided()).label("voided")
    rows = (
        await session.execute(
            select(
                Punch.id, Punch.worker_pk, Punch.at, Punch.received_at, Punch.direction, Punch.attend_type, Punch.device,
                Punch.strength, Punch.code_verdict, Punch.signature.is_not(None).label("signed"),
                AttendanceSource.kind.label("source_kind"), AttendanceSource.name.label("source_name"), voided,
            )
            .join(AttendanceSource, AttendanceSource.id == Punch.source_pk)
            .where(Punch.project_pk == project.id, Punch.at >= span[0], Punch.at < span[1])
            .order_by(Punch.at, Punch.id)
        )
    ).all()  # fmt: skip
    has_weak = any(row.strength == WEAK for row in rows)
    readings = await service.readings_of(session, project, span=span) if has_weak else {}
    out = {record for each in readings.values() for record in outweighed(each)}
    return [
        SiteRecord(
            record=f"punch-{row.id}", worker_no=numbers[row.worker_pk], at=row.at, received_at=row.received_at,
            skew_seconds=int((row.received_at - row.at).total_seconds()), direction=_way(row.direction),
            attend_type=row.attend_type, source_kind=row.source_kind, source_name=row.source_name, device=row.device,
            strength=row.strength, code_verdict=row.code_verdict, signed=row.signed,
            state=_state(f"punch-{row.id}", row.voided, out),
        )
        for row in rows
        if row.worker_pk in numbers
    ]  # fmt: skip


async def _pieces(
    session: AsyncSession, project: Project, workers: list[int], first: date, last: date
) -> list[tuple[int, str | None, date, int, int | None, str]]:
    """Return worker, record, day, what counts now, what was reported, strength: of days from `first`, before `last`."""
    rows = await session.scalars(
        select(PieceCount).where(PieceCount.project_pk == project.id, PieceCount.worker_pk.in_(workers))
    )
    reported = {(row.worker_pk, row.day): row for row in rows}
    found: list[tuple[int, str | None, date, int, int | None, str]] = []
    for worker_pk, days in (await service.pieces_of(session, project)).items():
        for day, quantity in sorted(days.items()):
            if worker_pk in workers and first <= day < last:
                row = reported.get((worker_pk, day))
                corrected = row is None or row.quantity != quantity
                strength = WEAK if row is None or corrected else row.strength
                record, was = (f"pieces-{row.id}", row.quantity) if row else (None, None)
                found.append((worker_pk, record, day, quantity, was, strength))
    return found


# ------------------------------------------------------------------ proofs


async def proof(session: AsyncSession, deployment: Deployment, worker: Worker, record: str) -> RecordProof:
    """Return the proof that a worker's own record is in a root. Raises RecordNotFound, NotAnchored."""
    kind, key, text = await _own(session, worker, record)
    leaf = await session.scalar(
        select(AttendanceLeaf).where(AttendanceLeaf.kind == kind, AttendanceLeaf.record == key)
    )
    if leaf is None:
        raise NotAnchored(record=record)
    root = await session.get_one(AttendanceRoot, leaf.root_pk)
    every = await session.scalars(
        select(AttendanceLeaf.leaf).where(AttendanceLeaf.root_pk == root.id).order_by(AttendanceLeaf.position)
    )
    signed = await session.scalars(select(RootSignature.witness).where(RootSignature.root_pk == root.id))
    return RecordProof(
        record=record, text=text, leaf="0x" + leaf.leaf.hex(),
        proof=["0x" + each.hex() for each in leaves.proof_of(list(every), leaf.position)], root="0x" + root.root.hex(),
        topic="0x" + root.topic.hex(), day=root.day, day_number=day_number(root.day),
        anchor=deployment.addresses.anchor, state=root.state, tx_hash=root.tx_hash, witnesses=sorted(signed),
    )  # fmt: skip


async def _own(session: AsyncSession, worker: Worker, record: str) -> tuple[str, str, str]:
    """Return kind, key and canonical text of a worker's own record. Raises RecordNotFound."""
    kind, _, key = record.partition("-")
    if kind == "correction" and re.fullmatch("0x[0-9a-f]{64}", key):
        row = await session.get(Correction, bytes.fromhex(key[2:]))
        if row is not None and row.worker_pk == worker.id:
            project = await session.get_one(Project, row.project_pk)
            return kind, key[2:], roots.correction_text(project, row, worker.worker_id)
    if kind in ("punch", "pieces") and re.fullmatch("[0-9]{1,18}", key):
        table: type[Punch] | type[PieceCount] = Punch if kind == "punch" else PieceCount
        reported: Punch | PieceCount | None = await session.get(table, int(key))
        if reported is not None and reported.worker_pk == worker.id:
            project = await session.get_one(Project, reported.project_pk)
            source = await session.get_one(AttendanceSource, reported.source_pk)
            if isinstance(reported, Punch):
                return kind, key, roots.punch_text(project, reported, worker.worker_id, source)
            return kind, key, roots.pieces_text(project, reported, worker.worker_id, source)
    raise RecordNotFound(record=record)


def month_span(month: str) -> Span:
    """Return the first instants of a local month and of the next. Raises Malformed."""
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise Malformed(problem="month: 2026-10")
    first = date.fromisoformat(f"{month}-01")
    following = (first + timedelta(days=31)).replace(day=1)
    return datetime.combine(first, time(), SITE_ZONE), datetime.combine(following, time(), SITE_ZONE)


def _state(record: str, is_voided: bool, out: set[str]) -> str:
    if is_voided:
        return VOIDED
    return OUTWEIGHED if record in out else COUNTED


def _way(direction: str) -> Literal["01", "02"]:
    return "01" if direction == "01" else "02"
