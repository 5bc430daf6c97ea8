"""Changing what counts, in the open: proposed with a reason, countersigned, and the worker told old → new both times.

A punch is never touched; a correction says that it does not count, or that one counts that no device has. What makes it
effective is in countersigning.py.
"""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import intake, service, words
from anxin.attendance.effective import Reading, fills_a_gap
from anxin.attendance.errors import CorrectionChanged, CorrectionNotFound, NothingToCorrect, NotOnProject, RecordNotFound
from anxin.attendance.models import Correction, Punch
from anxin.attendance.schemas import (
    AddPunch,
    ChangePieces,
    Corrections,
    CorrectionView,
    ProposedCorrection,
    VoidPunch,
)
from anxin.attendance.states import PROPOSED
from anxin.core import jobs
from anxin.core.clock import SITE_ZONE, now
from anxin.core.deployment import Deployment
from anxin.core.signing import Value, digest
from anxin.core.wire import hex_bytes
from anxin.people.models import Worker
from anxin.projects.access import Acting
from anxin.projects.models import Project
from anxin.projects.service import escrow_of

NOTICE_JOB: Final = "correction_notice"
PAGE: Final = 100


async def propose(
    session: AsyncSession, deployment: Deployment, acting: Acting, correction_id: str, asked: ProposedCorrection
) -> CorrectionView:
    """Keep a proposal and tell the worker. The same again changes nothing.

    Raises Malformed, NotOnProject, RecordNotFound, AbsurdTime, NothingToCorrect, CorrectionChanged.
    """
    key = hex_bytes(correction_id, 32, "correctionId")
    known = await session.get(Correction, key)
    if known is not None:
        if (known.project_pk, known.proposed_by, gist_of(known)) != (acting.project.id, acting.address, gist(asked)):
            raise CorrectionChanged(correction=correction_id)
        return await view(session, deployment, known)
    worker_pk, values = await _change(session, acting, asked)
    worker_no = await _number(session, acting.project, worker_pk)
    text = words.content(
        action=values["action"], escrow=escrow_of(acting.project), worker_no=worker_no, day=values["day"],
        old=values.pop("old"), new=values.pop("new"), reason=asked.reason,
    )  # fmt: skip
    await session.execute(
        insert(Correction)
        .values(
            correction_id=key, project_pk=acting.project.id, worker_pk=worker_pk, content=text,
            content_hash=sha256(text.encode()).digest(), proposed_by=acting.address, proposer_role=acting.role,
            proposed_at=now(), state=PROPOSED, by_silence=False, salt=secrets.token_bytes(intake.SALT_BYTES), **values,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    row = await session.get_one(Correction, key)
    await tell(session, row)
    return await view(session, deployment, row)


async def _change(session: AsyncSession, acting: Acting, asked: ProposedCorrection) -> tuple[int, dict[str, Any]]:
    """Return whose record it is, and what is to become of it."""
    match asked:
        case VoidPunch():
            return await _void(session, acting, asked)
        case AddPunch():
            return await _add(session, acting, asked)
        case ChangePieces():
            return await _recount(session, acting, asked)


async def _void(session: AsyncSession, acting: Acting, asked: VoidPunch) -> tuple[int, dict[str, Any]]:
    kind, _, number = asked.record.partition("-")
    found = await session.get(Punch, int(number)) if kind == "punch" and number.isdecimal() and len(number) < 19 else None
    theirs = (await intake.numbers_for(session, acting)).values()
    if found is None or found.project_pk != acting.project.id or found.worker_pk not in theirs:
        raise RecordNotFound(record=asked.record)
    if await session.scalar(service.voided().where(Correction.punch_pk == found.id)) is not None:
        raise NothingToCorrect(problem=asked.record)
    return found.worker_pk, {
        "action": "void", "punch_pk": found.id, "at": found.at, "direction": found.direction, "takes_away": True,
        "day": found.at.astimezone(SITE_ZONE).date(), "new": None,
        "old": words.punch_text(found.at, found.direction, found.device),
    }  # fmt: skip


async def _add(session: AsyncSession, acting: Acting, asked: AddPunch) -> tuple[int, dict[str, Any]]:
    project, worker_pk = acting.project, await _worker(session, acting, asked.worker_no)
    at = intake.check_time(asked.at if asked.at.tzinfo else asked.at.replace(tzinfo=SITE_ZONE))
    readings = await _counting(session, project, worker_pk)
    if any(each.at == at and each.direction == asked.direction for each in readings):
        raise NothingToCorrect(problem=at.isoformat())
    return worker_pk, {
        "action": "add", "at": at, "direction": asked.direction, "day": at.astimezone(SITE_ZONE).date(),
        "takes_away": not fills_a_gap(readings, at, asked.direction), "old": None,
        "new": words.punch_text(at, asked.direction, ""),
    }  # fmt: skip


async def _recount(session: AsyncSession, acting: Acting, asked: ChangePieces) -> tuple[int, dict[str, Any]]:
    project, worker_pk = acting.project, await _worker(session, acting, asked.worker_no)
    counted = (await service.pieces_of(session, project)).get(worker_pk, {}).get(asked.day)
    if counted == asked.quantity:
        raise NothingToCorrect(problem=str(counted))
    return worker_pk, {
        "action": "pieces", "day": asked.day, "old_quantity": counted, "new_quantity": asked.quantity,
        "takes_away": asked.quantity < (counted or 0), "old": counted, "new": asked.quantity,
    }  # fmt: skip


async def may_take_away(session: AsyncSession, row: Correction) -> bool:
    """Whether a correction may take time or pieces from the worker as things are now: others may have come first."""
    project = await session.get_one(Project, row.project_pk)
    if row.action == "pieces":
        counted = (await service.pieces_of(session, project)).get(row.worker_pk, {}).get(row.day, 0)
        return (row.new_quantity or 0) < counted
    if row.action == "add" and row.at is not None and row.direction is not None:
        return not fills_a_gap(await _counting(session, project, row.worker_pk), row.at, row.direction)
    return True


async def _counting(session: AsyncSession, project: Project, worker_pk: int) -> list[Reading]:
    return service.effective((await service.readings_of(session, project, worker_pk)).get(worker_pk, []))


def gist(asked: ProposedCorrection) -> tuple[object, ...]:
    """What a proposal asks for, to tell a resend from another use of its number."""
    match asked:
        case VoidPunch():
            return "void", asked.record, asked.reason
        case AddPunch():
            at = asked.at if asked.at.tzinfo else asked.at.replace(tzinfo=SITE_ZONE)
            return "add", asked.worker_no, at, asked.direction, asked.reason
        case ChangePieces():
            return "pieces", asked.worker_no, asked.day, asked.quantity, asked.reason


def gist_of(row: Correction) -> tuple[object, ...]:
    said: Mapping[str, Any] = msgspec.json.decode(row.content)
    if row.action == "void":
        return "void", f"punch-{row.punch_pk}", said["reason"]
    if row.action == "add":
        return "add", said["workerNo"], row.at, row.direction, said["reason"]
    return "pieces", said["workerNo"], row.day, row.new_quantity, said["reason"]


async def tell(session: AsyncSession, row: Correction) -> None:
    """Tell the worker; `alerts` finds the words."""
    await jobs.enqueue(session, NOTICE_JOB, {"correction": row.correction_id.hex(), "state": row.state})


def notice_key(row: Correction, state: str) -> str:
    """The key of the message that told of a correction in this state."""
    return f"{row.correction_id.hex()}:{state}"


async def digest_of(session: AsyncSession, deployment: Deployment, row: Correction) -> bytes:
    """Return the digest of what worker and second party sign (`Correction`)."""
    project = await session.get_one(Project, row.project_pk)
    worker = await session.get_one(Worker, row.worker_pk)
    message: dict[str, Value] = {
        "correctionId": row.correction_id, "workerId": worker.worker_id, "contentHash": row.content_hash,
    }  # fmt: skip
    return digest(deployment.escrow_domain(escrow_of(project)), "Correction", message)


async def _worker(session: AsyncSession, acting: Acting, worker_no: str) -> int:
    worker_pk = (await intake.numbers_for(session, acting)).get(worker_no)
    if worker_pk is None:
        raise NotOnProject(worker_no=worker_no)
    return worker_pk


async def _number(session: AsyncSession, project: Project, worker_pk: int) -> str:
    """The worker's number on the project; their own where they are not on its roster."""
    named = {pk: number for number, pk in (await intake.numbers_of(session, project)).items()}
    return named.get(worker_pk) or (await session.get_one(Worker, worker_pk)).worker_no


async def corrections_for(
    session: AsyncSession, deployment: Deployment, acting: Acting, *, state: str | None = None, before: str | None = None
) -> Corrections:
    """Return a page of a project's corrections, newest first, of the people somebody may see: 100 proposed before one.

    Raises Malformed, CorrectionNotFound.
    """
    theirs = (await intake.numbers_for(session, acting)).values()
    in_order = tuple_(Correction.proposed_at, Correction.correction_id)
    asked = (
        select(Correction, Worker)
        .join(Worker, Worker.id == Correction.worker_pk)
        .where(Correction.project_pk == acting.project.id, Correction.worker_pk.in_(theirs))
        .order_by(Correction.proposed_at.desc(), Correction.correction_id.desc())
        .limit(PAGE + 1)
    )
    if state is not None:
        asked = asked.where(Correction.state == state)
    if before is not None:
        last = await session.get(Correction, hex_bytes(before, 32, "before"))
        if last is None or last.project_pk != acting.project.id:
            raise CorrectionNotFound(correction=before)
        asked = asked.where(in_order < (last.proposed_at, last.correction_id))
    rows = (await session.execute(asked)).all()
    page = [await view(session, deployment, row) for row, _ in rows[:PAGE]]
    return Corrections(page, page[-1].correction_id if len(rows) > PAGE else None)


async def view(session: AsyncSession, deployment: Deployment, row: Correction) -> CorrectionView:
    worker = await session.get_one(Worker, row.worker_pk)
    return CorrectionView(
        correction_id="0x" + row.correction_id.hex(),
        digest="0x" + (await digest_of(session, deployment, row)).hex(),
        worker_no=msgspec.json.decode(row.content)["workerNo"], worker_id=worker.hex_id, action=row.action, day=row.day,
        content=row.content,
        content_hash="0x" + row.content_hash.hex(), takes_away=row.takes_away, proposed_by=row.proposed_by,
        proposer_role=row.proposer_role, proposed_at=row.proposed_at, state=row.state,
        countersigned_by=row.countersigned_by, countersigned_at=row.countersigned_at,
        worker_signed_at=row.worker_signed_at, by_silence=row.by_silence, closed_at=row.closed_at,
    )  # fmt: skip
