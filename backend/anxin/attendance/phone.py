"""A worker's own punch: signed on the phone, offline if need be, and taken whenever it comes.

Authorised by the signature alone, like a confirmation, so that a phone may send thirty days of them without a session, in
any order and more than once. Position, site code and the rest of the hint are evidence beside the punch: never a refusal.
"""

import secrets
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import site_code, sources
from anxin.attendance.errors import AbsurdTime
from anxin.attendance.intake import MAX_FUTURE_DAYS, MAX_PAST_DAYS, SALT_BYTES, check_time
from anxin.attendance.models import Punch
from anxin.attendance.schemas import Hint, SignedPunch
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import Malformed, NotJoined, ProjectNotFound, WrongKey
from anxin.core.signing import Value, pack
from anxin.core.wire import Kept, check_form, hex_address, hex_bytes, signed_digest
from anxin.people.models import Worker
from anxin.people.service import check_signed
from anxin.projects.service import project_at

SCANNED, OTHER = "010", "011"
KEPT = "kept"


async def keep_punch(session: AsyncSession, deployment: Deployment, digest: str, signed: SignedPunch) -> Kept:
    """Keep a worker's punch. Resending it changes nothing, also once its key was replaced.

    Raises Malformed, HighS, DigestMismatch, ProjectNotFound, NotJoined, NotEnrolled, WrongKey, AbsurdTime.
    """
    check_form(signed.signature)
    escrow = hex_address(signed.escrow, "escrow")
    message = message_of(signed)
    words = signed_digest(digest, deployment.escrow_domain(escrow), "Punch", message)
    hint = read_hint(signed.hint_text)
    at = _instant(signed.at)
    project = await project_at(session, escrow)
    if project is None:
        raise ProjectNotFound(escrow=escrow)
    worker = await session.scalar(select(Worker).where(Worker.worker_id == message["workerId"]))
    if worker is None:
        raise NotJoined()
    try:
        check_signed(deployment, worker, words, signed.signature)
    except WrongKey:
        if await _is_kept(session, worker, words):
            return Kept(digest, KEPT)
        raise
    source = await sources.ensure(session, project, sources.PHONE)
    code_verdict = site_code.verdict(source.secret or "", hint.site_code, at)
    await session.execute(
        insert(Punch)
        .values(
            project_pk=project.id, worker_pk=worker.id, source_pk=source.id, record_id=words.hex(), at=at,
            received_at=now(), direction=f"0{signed.direction}", device=hint.device_id or "",
            attend_type=SCANNED if code_verdict == site_code.MATCHED else OTHER,
            strength=sources.signed_strength(worker.assurance or 0), code_verdict=code_verdict, digest=words,
            signature=pack(signed.signature), hint=signed.hint_text or None, salt=secrets.token_bytes(SALT_BYTES),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return Kept(digest, KEPT)


async def _is_kept(session: AsyncSession, worker: Worker, words: bytes) -> bool:
    """Whether these very words were taken before, when their key was the worker's: our answer was lost."""
    known = select(Punch.id).where(Punch.worker_pk == worker.id, Punch.digest == words)
    return await session.scalar(known.limit(1)) is not None


def message_of(signed: SignedPunch) -> dict[str, Value]:
    """What the worker signs (`Punch`)."""
    return {
        "workerId": hex_bytes(signed.worker_id, 32, "workerId"), "direction": signed.direction, "at": signed.at,
        "hintHash": sha256(signed.hint_text.encode()).digest(),
    }  # fmt: skip


def read_hint(hint_text: str) -> Hint:
    """Raises Malformed. Members we do not know are no mistake: a phone may be newer than we are."""
    try:
        return msgspec.json.decode(hint_text, type=Hint) if hint_text else Hint()
    except msgspec.DecodeError as error:
        raise Malformed(problem=f"hintText: {error}") from error


def _instant(unix_seconds: int) -> datetime:
    try:
        at = datetime.fromtimestamp(unix_seconds, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise AbsurdTime(at=unix_seconds, max_past_days=MAX_PAST_DAYS, max_future_days=MAX_FUTURE_DAYS) from error
    return check_time(at)
