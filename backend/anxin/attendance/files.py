"""Attendance files: looked at first, every bad cell named, and nothing counts before somebody confirms.

    upload ──► preview ──► (correct the file, upload again) ──► confirm ──► all rows at once

A file is known by its SHA-256: uploading or confirming it again changes nothing. What was uploaded is kept sealed until it
is confirmed, or for a week.
"""

import asyncio
import zlib
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import intake, sources, tabular
from anxin.attendance.errors import FileHasErrors, FileNotFound
from anxin.attendance.models import AttendanceFile, AttendanceSource, PieceCount, Punch
from anxin.attendance.schemas import FileKind, FilePreview, FileStored
from anxin.attendance.tabular import Checked
from anxin.core.clock import now
from anxin.core.language import Language
from anxin.core.tables import read_table
from anxin.core.wire import hex_bytes
from anxin.projects.access import Acting

KEPT_DAYS: Final = 7
MAX_UNKNOWN_SHOWN: Final = 200
CHECKS: Final = {"punches": tabular.check_punches, "pieces": tabular.check_pieces}

_STORE_PIECES = text(
    "INSERT INTO piece_counts (project_pk, worker_pk, source_pk, day, quantity, received_at, strength, salt) "
    "SELECT :project_pk, worker_pk, :source_pk, day, quantity, :received_at, 'weak', uuid_send(gen_random_uuid()) "
    "FROM unnest(CAST(:workers AS bigint[]), CAST(:days AS date[]), CAST(:quantities AS bigint[])) "
    "AS counted (worker_pk, day, quantity) ON CONFLICT DO NOTHING"
)


async def preview(
    session: AsyncSession, acting: Acting, kind: FileKind, name: str, content: bytes, language: Language
) -> FilePreview:
    """Keep an upload and say what it would bring. Raises UnreadableTable."""
    checked, rows = await _check(session, acting, kind, name, content, language)
    digest = sha256(content).digest()
    week_ago = now() - timedelta(days=KEPT_DAYS)
    await session.execute(
        delete(AttendanceFile).where(AttendanceFile.confirmed_at.is_(None), AttendanceFile.uploaded_at < week_ago)
    )
    await session.execute(
        insert(AttendanceFile)
        .values(
            project_pk=acting.project.id, kind=kind, digest=digest, name=name[:200], content=_packed(content),
            uploaded_by=acting.address, uploaded_at=now(),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    file = await session.get_one(AttendanceFile, (acting.project.id, kind, digest))
    known = await _known(session, acting, kind, checked)
    usable = len(checked.punches) + len(checked.pieces)
    first, last = checked.days or (None, None)
    return FilePreview(
        file_digest="0x" + digest.hex(), kind=kind, name=name, rows=rows, new_rows=usable - known, duplicates=known,
        errors=checked.errors, error_count=checked.error_count,
        unknown_workers=list(checked.unknown)[:MAX_UNKNOWN_SHOWN], first_day=first, last_day=last,
        confirmed_at=file.confirmed_at,
    )  # fmt: skip


async def confirm(
    session: AsyncSession, acting: Acting, kind: FileKind, file_digest: str, *, skip_bad: bool
) -> FileStored:
    """Store all rows of an upload, once. Raises FileNotFound, and FileHasErrors unless bad rows are to be left out."""
    key = (acting.project.id, kind, hex_bytes(file_digest, 32, "fileDigest"))
    file = await session.get(AttendanceFile, key, with_for_update=True)
    if file is None or (file.confirmed_at is None and file.content is None):
        raise FileNotFound(digest=file_digest)
    if file.confirmed_at is None:
        checked, _ = await _check(session, acting, kind, file.name, _opened(file.content or ""), "en")
        if checked.error_count and not skip_bad:
            raise FileHasErrors(errors=checked.error_count)
        source = await sources.ensure(session, acting.project, sources.FILE)
        file.stored_rows = await _store(session, source, checked)
        file.confirmed_by, file.confirmed_at, file.content = acting.address, now(), None
    return FileStored(file_digest, file.stored_rows or 0)


async def _check(
    session: AsyncSession, acting: Acting, kind: FileKind, name: str, content: bytes, language: Language
) -> tuple[Checked, int]:
    """Read and check a file beside the event loop; return what it holds and how many rows it has."""
    numbers = await intake.numbers_for(session, acting)
    checked, rows = await asyncio.to_thread(_read, kind, name, content, numbers, now(), language)
    if kind == "pieces":
        await _note_differing(session, acting, checked)
    return checked, rows


def _read(
    kind: FileKind, name: str, content: bytes, numbers: dict[str, int], moment: datetime, language: Language
) -> tuple[Checked, int]:
    table = read_table(content, name)
    return CHECKS[kind](table, numbers, moment, language), len(table.rows)


async def _note_differing(session: AsyncSession, acting: Acting, checked: Checked) -> None:
    """A count that says something else than what is on record is not taken: that would be a correction nobody hears of."""
    on_record = await _counts(session, acting, checked)
    kept = []
    for line, (worker_pk, day, quantity) in zip(checked.lines, checked.pieces, strict=True):
        if on_record.get((worker_pk, day), quantity) != quantity:
            checked.note(line, "quantity", str(quantity), "differs")
        else:
            kept.append((worker_pk, day, quantity))
    checked.pieces = kept


async def _counts(session: AsyncSession, acting: Acting, checked: Checked) -> dict[tuple[int, Any], int]:
    asked = [(worker_pk, day) for worker_pk, day, _ in checked.pieces]
    found: dict[tuple[int, Any], int] = {}
    for start in range(0, len(asked), 10_000):
        part = asked[start : start + 10_000]
        rows = await session.execute(
            select(PieceCount.worker_pk, PieceCount.day, PieceCount.quantity).where(
                PieceCount.project_pk == acting.project.id, tuple_(PieceCount.worker_pk, PieceCount.day).in_(part)
            )
        )
        found |= {(worker_pk, day): quantity for worker_pk, day, quantity in rows}
    return found


async def _known(session: AsyncSession, acting: Acting, kind: FileKind, checked: Checked) -> int:
    """How many usable rows are on record already, or twice in the file."""
    if kind == "pieces":
        on_record = await _counts(session, acting, checked)
        new = {(worker_pk, day) for worker_pk, day, _ in checked.pieces} - on_record.keys()
        return len(checked.pieces) - len(new)
    records = {intake.record_id(worker_pk, at, way, device) for worker_pk, at, way, _, device, _ in checked.punches}
    source = await sources.ensure(session, acting.project, sources.FILE)
    on_file = await session.scalar(
        select(func.count()).where(Punch.source_pk == source.id, Punch.record_id == func.any(list(records)))
    )
    return len(checked.punches) - len(records) + (on_file or 0)


async def _store(session: AsyncSession, source: AttendanceSource, checked: Checked) -> int:
    origin = intake.Origin.of(source)
    if checked.punches:
        return await intake.store(session, origin, checked.punches)
    return await store_pieces(session, origin, checked.pieces)


async def store_pieces(session: AsyncSession, origin: intake.Origin, pieces: list[tabular.PieceRow]) -> int:
    """Store piece counts of days that have none yet; return how many."""
    answer = await session.execute(
        _STORE_PIECES,
        {
            "project_pk": origin.project_pk, "source_pk": origin.source_pk, "received_at": origin.received_at,
            "workers": [each[0] for each in pieces], "days": [each[1] for each in pieces],
            "quantities": [each[2] for each in pieces],
        },
    )  # fmt: skip
    return int(answer.rowcount)  # type: ignore[attr-defined]


def _packed(content: bytes) -> str:
    return b64encode(zlib.compress(content, 1)).decode()


def _opened(packed: str) -> bytes:
    return zlib.decompress(b64decode(packed))
