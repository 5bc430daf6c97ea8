"""A root a project and day over what was received that day, seen by witnesses and anchored: it was so, and was so then.

    midnight ──► job a project ──► root ──► witnesses sign it ──► enough of them ──► EvidenceAnchor.anchor ──► Anchored

The day is that on which the server received a record, since an anchor takes one root a day for good: what a phone brings
after thirty days is in the root of the day it came. What was still being written when its day was closed is in the next.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from eth_utils.crypto import keccak
from sqlalchemy import ColumnElement, String, and_, cast, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance.leaves import leaf_of, root_of, text_of
from anxin.attendance.models import (
    AttendanceLeaf,
    AttendanceRoot,
    AttendanceSource,
    ClosedDay,
    Correction,
    PieceCount,
    Punch,
)
from anxin.core import jobs, relayed
from anxin.core.clock import SITE_ZONE, day_number, now
from anxin.core.deployment import Deployment
from anxin.core.jobs import Payload
from anxin.core.signing import ANCHOR_DOMAIN_NAME, Domain, digest
from anxin.people.models import Worker
from anxin.projects.models import Project
from anxin.projects.service import escrow_of

ROOTS_JOB: Final = "attendance_roots"
AFTER_MIDNIGHT: Final = timedelta(minutes=10)  # what was received before midnight may still be on its way into the database
LOOK_BACK: Final = timedelta(days=3)

ONE_AT_A_TIME: Final = {"key_share": True}  # of these jobs; whoever writes rows that refer to the project goes on

# kind, key as text, received, canonical text
Record = tuple[str, str, datetime, str]


def anchor_domain(deployment: Deployment) -> Domain:
    return Domain(ANCHOR_DOMAIN_NAME, deployment.chain_id, deployment.addresses.anchor)


def topic_of(project: Project) -> bytes:
    return keccak(text=f"anxin/attendance/{escrow_of(project).lower()}")


async def close_days(session: AsyncSession, _: datetime) -> None:
    """Once a day, a little after midnight on site: ask for the roots of the day that ended."""
    day = (now().astimezone(SITE_ZONE) - AFTER_MIDNIGHT).date() - timedelta(days=1)
    closed = insert(ClosedDay).values(day=day, closed_at=now()).on_conflict_do_nothing().returning(ClosedDay.day)
    if await session.scalar(closed) is not None:
        await jobs.enqueue(session, ROOTS_JOB, {"day": day.isoformat()})


async def build_roots(session: AsyncSession, payload: Payload, *, deployment: Deployment) -> None:
    """Job `attendance_roots`: of a day, hand each project to a job of its own; of a day and project, make its roots."""
    day = date.fromisoformat(payload["day"])
    since = await _since(session, day)
    if "project" in payload:
        project = await session.get_one(Project, payload["project"], with_for_update=ONE_AT_A_TIME)
        await build_root(session, deployment, project, day, since=since)
        return
    punched = select(Punch.project_pk).where(*_received(since, day, Punch))
    counted = select(PieceCount.project_pk).where(*_received(since, day, PieceCount))
    corrected = select(Correction.project_pk).where(*_closed(since, day))
    for project_pk in await session.scalars(punched.union(counted, corrected)):
        await jobs.enqueue(session, ROOTS_JOB, {"day": payload["day"], "project": project_pk})


async def build_root(
    session: AsyncSession, deployment: Deployment, project: Project, day: date, *, since: datetime
) -> None:
    """Make the roots over what a project received until the end of `day` and is in none yet. Again, nothing is left."""
    if project.escrow is None:
        return
    by_day: dict[date, list[Record]] = {}
    for record in await _records(session, project, since, day):
        by_day.setdefault(record[2].astimezone(SITE_ZONE).date(), []).append(record)
    have = set(await session.scalars(select(AttendanceRoot.day).where(AttendanceRoot.project_pk == project.id)))
    late = [record for each in by_day.keys() & have for record in by_day.pop(each)]
    if late and day not in have:
        by_day.setdefault(day, []).extend(late)
    for each, records in sorted(by_day.items()):
        await _keep_root(session, deployment, project, each, records)


async def _keep_root(
    session: AsyncSession, deployment: Deployment, project: Project, day: date, records: Sequence[Record]
) -> None:
    leaves, root = await asyncio.to_thread(_hashed, records)
    topic = topic_of(project)
    words = digest(anchor_domain(deployment), "Evidence", {"topic": topic, "day": day_number(day), "root": root})
    row = AttendanceRoot(
        project_pk=project.id, day=day, topic=topic, root=root, digest=words, leaf_count=len(leaves), built_at=now(),
        state=relayed.WAITING,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    placed = [
        {"root_pk": row.id, "position": position, "kind": kind, "record": key, "leaf": leaf}
        for position, (leaf, kind, key) in enumerate(leaves)
    ]
    for start in range(0, len(placed), 5000):
        await session.execute(insert(AttendanceLeaf), placed[start : start + 5000])


def _hashed(records: Sequence[Record]) -> tuple[list[tuple[bytes, str, str]], bytes]:
    leaves = sorted((leaf_of(text), kind, key) for kind, key, _, text in records)
    return leaves, root_of([leaf for leaf, _, _ in leaves])


async def _since(session: AsyncSession, day: date) -> datetime:
    """From when on records may be in no root yet: a while before the last day that was closed before this one."""
    last = await session.scalar(select(func.max(ClosedDay.day)).where(ClosedDay.day < day))
    return _start(last or date(1970, 1, 2)) - LOOK_BACK if last else _start(date(1970, 1, 2))


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), SITE_ZONE)


def _received(since: datetime, day: date, table: type[Punch] | type[PieceCount]) -> tuple[ColumnElement[bool], ...]:
    kind = "punch" if table is Punch else "pieces"
    return (
        table.received_at >= since,
        table.received_at < _start(day + timedelta(days=1)),
        ~exists().where(AttendanceLeaf.kind == kind, AttendanceLeaf.record == cast(table.id, String)),
    )


def _closed(since: datetime, day: date) -> tuple[ColumnElement[bool], ...]:
    placed = and_(
        AttendanceLeaf.kind == "correction",
        AttendanceLeaf.record == func.encode(Correction.correction_id, "hex"),
    )
    return Correction.closed_at >= since, Correction.closed_at < _start(day + timedelta(days=1)), ~exists().where(placed)


# ------------------------------------------------------------------ what a leaf says


async def _records(session: AsyncSession, project: Project, since: datetime, day: date) -> list[Record]:
    records: list[Record] = []
    punches = await session.execute(
        select(Punch, Worker.worker_id, AttendanceSource)
        .join(Worker, Worker.id == Punch.worker_pk)
        .join(AttendanceSource, AttendanceSource.id == Punch.source_pk)
        .where(Punch.project_pk == project.id, *_received(since, day, Punch))
    )
    for punch, worker_id, source in punches:
        records.append(("punch", str(punch.id), punch.received_at, punch_text(project, punch, worker_id, source)))
    counts = await session.execute(
        select(PieceCount, Worker.worker_id, AttendanceSource)
        .join(Worker, Worker.id == PieceCount.worker_pk)
        .join(AttendanceSource, AttendanceSource.id == PieceCount.source_pk)
        .where(PieceCount.project_pk == project.id, *_received(since, day, PieceCount))
    )
    for count, worker_id, source in counts:
        records.append(("pieces", str(count.id), count.received_at, pieces_text(project, count, worker_id, source)))
    corrections = await session.execute(
        select(Correction, Worker.worker_id)
        .join(Worker, Worker.id == Correction.worker_pk)
        .where(Correction.project_pk == project.id, *_closed(since, day))
    )
    for row, worker_id in corrections:
        key = row.correction_id.hex()
        records.append(("correction", key, row.closed_at or now(), correction_text(project, row, worker_id)))
    return records


def punch_text(project: Project, punch: Punch, worker_id: bytes, source: AttendanceSource) -> str:
    return text_of({
        "kind": "punch", "record": f"punch-{punch.id}", "escrow": escrow_of(project), "workerId": worker_id,
        "source": f"{source.kind}:{source.name}", "at": punch.at, "receivedAt": punch.received_at,
        "direction": punch.direction, "attendType": punch.attend_type, "device": punch.device,
        "strength": punch.strength, "codeVerdict": punch.code_verdict, "digest": punch.digest, "salt": punch.salt,
    })  # fmt: skip


def pieces_text(project: Project, count: PieceCount, worker_id: bytes, source: AttendanceSource) -> str:
    return text_of({
        "kind": "pieces", "record": f"pieces-{count.id}", "escrow": escrow_of(project), "workerId": worker_id,
        "source": f"{source.kind}:{source.name}", "day": count.day, "quantity": count.quantity,
        "receivedAt": count.received_at, "strength": count.strength, "salt": count.salt,
    })  # fmt: skip


def correction_text(project: Project, row: Correction, worker_id: bytes) -> str:
    return text_of({
        "kind": "correction", "record": f"correction-0x{row.correction_id.hex()}", "escrow": escrow_of(project),
        "workerId": worker_id, "contentHash": row.content_hash, "proposedBy": row.proposed_by,
        "proposedAt": row.proposed_at, "countersignedBy": row.countersigned_by, "workerSignature": row.worker_signature,
        "state": row.state, "bySilence": row.by_silence, "closedAt": row.closed_at, "salt": row.salt,
    })  # fmt: skip
