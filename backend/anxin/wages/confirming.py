"""Keeping confirmations: several words at once cost little more than one, and each is judged by itself.

    words ──► their lines, keys and what is known, one query ──► checked one by one ──► one INSERT ──► a release a sheet
A line that somebody else holds is left out (`wait=False`): its word is tried again alone, and holds up nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs, relayed
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import AmountChanged, LineNotFound, Malformed, NotEnrolled, WrongKey
from anxin.core.signing import SignerKey, Value, from_hex, is_signed_by, pack
from anxin.core.wire import check_deadline, check_form, hex_address, hex_bytes, signed_digest
from anxin.wages import releases
from anxin.wages.schemas import Receipt, SignedConfirmation, SignedLine

# Locks in order of lines, so that groups never wait for each other in a ring. Shared: a word for a line excludes none, but
# what the chain says of the line comes before it or after it.
_LINES = """
    SELECT word.place, sheet.id AS sheet_pk, line.index, line.worker_id, line.amount_fen, line.day_mask, line.payslip_hash,
           worker.assurance, worker.x, worker.y, known.state, known.received_at
    FROM unnest(CAST(:escrows AS text[]), CAST(:sheet_ids AS integer[]), CAST(:indexes AS integer[]),
                CAST(:digests AS bytea[])) WITH ORDINALITY AS word (escrow, sheet_id, index, digest, place)
    JOIN projects project ON project.escrow = word.escrow
    JOIN wage_sheets sheet ON sheet.project_pk = project.id AND sheet.sheet_id = word.sheet_id AND sheet.state = 'done'
    JOIN wage_lines line ON line.sheet_pk = sheet.id AND line.index = word.index
    JOIN workers worker ON worker.id = line.worker_pk
    LEFT JOIN confirmations known ON known.digest = word.digest
    ORDER BY line.sheet_pk, line.index
    FOR SHARE OF line
"""
_WAIT_FOR_LINES, _FREE_LINES = text(_LINES), text(_LINES + " SKIP LOCKED")
_KEEP = text("""
    INSERT INTO confirmations (digest, sheet_pk, line_index, deadline, signature, received_at, state)
    SELECT word.*, CAST(:received_at AS timestamptz), CAST(:state AS text)
    FROM unnest(CAST(:digests AS bytea[]), CAST(:sheets AS bigint[]), CAST(:indexes AS integer[]),
                CAST(:deadlines AS bigint[]), CAST(:signatures AS bytea[])) AS word (digest)
    ORDER BY word.digest
    ON CONFLICT DO NOTHING
    RETURNING digest
""")
_KNOWN = text("SELECT digest, state, received_at FROM confirmations WHERE digest = ANY(CAST(:digests AS bytea[]))")


@dataclass(frozen=True)
class Word:
    """A confirmation as it came: what was signed, and the address it was sent to."""

    digest: str
    signed: SignedConfirmation


Outcome = Receipt | Exception | None  # kept, refused, or not judged: the line was held, or there is none


@dataclass(frozen=True)
class _Good:
    """A word that passed every check and is to be kept."""

    digest: bytes
    sheet_pk: int
    word: Word


async def keep(
    session: AsyncSession, deployment: Deployment, words: Sequence[Word], *, batch_seconds: float, wait: bool
) -> list[Outcome]:
    """Keep those words that are good, and return in order what became of each; for the caller to commit, then to tell.

    Args:
        wait: for lines that somebody else holds; else nothing becomes of such a word.
    """
    found = await session.execute(
        _WAIT_FOR_LINES if wait else _FREE_LINES,
        {
            "escrows": [_escrow(word) for word in words],
            "sheet_ids": [word.signed.sheet_id for word in words], "indexes": [word.signed.index for word in words],
            "digests": [_as_bytes(word.digest) for word in words],
        },
    )  # fmt: skip
    lines = {row.place - 1: row for row in found}
    judged = [_judge(deployment, word, lines.get(place), wait) for place, word in enumerate(words)]
    good = {each.digest: each for each in judged if isinstance(each, _Good)}
    kept = await _store(session, list(good.values()), batch_seconds) if good else {}
    return [Receipt(each.word.digest, *kept[each.digest]) if isinstance(each, _Good) else each for each in judged]


def check_line(
    deployment: Deployment, line: Any, digest: str, type_name: str, signed: SignedLine, asked: dict[str, Value]
) -> bytes:
    """Return the digest of what was signed about `line`, as it was posted. Raises Malformed, DigestMismatch, AmountChanged.

    Args:
        line: a WageLine, or a row with its `worker_id`, `amount_fen`, `day_mask` and `payslip_hash`.
        asked: what the type holds besides the line.
    """
    words = signed_digest(
        digest, deployment.escrow_domain(hex_address(signed.escrow, "escrow")), type_name,
        {
            "sheetId": signed.sheet_id, "index": signed.index, "workerId": line.worker_id, "amount": signed.amount_fen,
            "dayMask": signed.day_mask, "payslipHash": signed.payslip_hash, "deadline": signed.deadline, **asked,
        },
    )  # fmt: skip
    payslip_hash = hex_bytes(signed.payslip_hash, 32, "payslipHash")
    if (signed.amount_fen, signed.day_mask, payslip_hash) != (line.amount_fen, line.day_mask, line.payslip_hash):
        raise AmountChanged(signed_fen=signed.amount_fen, posted_fen=line.amount_fen)
    return words


def _judge(deployment: Deployment, word: Word, line: Any, wait: bool) -> Outcome | _Good:
    """Whatever is wrong with a word is for whoever sent it: the others go on."""
    try:
        return _check(deployment, word, line, wait)
    except Exception as error:
        return error


def _check(deployment: Deployment, word: Word, line: Any, wait: bool) -> Receipt | _Good | None:
    signed = word.signed
    check_form(signed.signature)
    hex_address(signed.escrow, "escrow")
    if line is None and not wait:
        return None
    if line is None:
        raise LineNotFound(sheet_id=signed.sheet_id, index=signed.index)
    words = check_line(deployment, line, word.digest, "Confirmation", signed, {})
    if line.state is not None:
        return Receipt(word.digest, line.state, line.received_at)
    if None in (line.assurance, line.x, line.y):
        raise NotEnrolled()
    if not is_signed_by(SignerKey(line.assurance, line.x, line.y), words, signed.signature, deployment.rp_id_hash):
        raise WrongKey()
    check_deadline(signed.deadline)
    return _Good(words, line.sheet_pk, word)


async def _store(
    session: AsyncSession, good: Sequence[_Good], batch_seconds: float
) -> dict[bytes, tuple[str, datetime]]:
    """Keep the words and queue their releases, together; return state and time of each. What is kept already stays so."""
    received = now()
    new = await session.scalars(
        _KEEP,
        {
            "digests": [each.digest for each in good], "sheets": [each.sheet_pk for each in good],
            "indexes": [each.word.signed.index for each in good], "deadlines": [each.word.signed.deadline for each in good],
            "signatures": [pack(each.word.signed.signature) for each in good],
            "received_at": received, "state": relayed.ACCEPTED,
        },
    )  # fmt: skip
    kept = set(new)
    await _queue_releases(session, [each for each in good if each.digest in kept], batch_seconds)
    if len(kept) == len(good):
        return dict.fromkeys(kept, (relayed.ACCEPTED, received))
    known = await session.execute(_KNOWN, {"digests": [each.digest for each in good]})
    return {digest: (state, at) for digest, state, at in known}


async def _queue_releases(session: AsyncSession, new: Sequence[_Good], batch_seconds: float) -> None:
    """One job a sheet, for all its new words: at once where nobody is left to join them."""
    by_sheet: dict[int, list[str]] = {}
    for each in new:
        by_sheet.setdefault(each.sheet_pk, []).append(each.word.digest)
    full = await releases.full_sheets(session, list(by_sheet))
    payloads: list[jobs.Payload] = [{"sheet": sheet_pk, "digests": digests} for sheet_pk, digests in by_sheet.items()]
    await jobs.enqueue_all(
        session, "release", payloads, after_seconds=[0 if sheet_pk in full else batch_seconds for sheet_pk in by_sheet]
    )


def _escrow(word: Word) -> str | None:
    """None where it is no address: what is wrong with it is told by `_check`."""
    try:
        return hex_address(word.signed.escrow, "escrow")
    except Malformed:
        return None


def _as_bytes(digest: str) -> bytes:
    """Of what is no digest at all, nothing is known."""
    try:
        return from_hex(digest)
    except ValueError:
        return b""
