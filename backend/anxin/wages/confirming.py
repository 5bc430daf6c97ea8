"""Keeping confirmations: several words at once cost little more than one, and each is judged by itself.

    words ──► their lines, keys and what is known ──► what can be told without a key ──► signatures ──► one INSERT
A line that somebody else holds is left out (`wait=False`): its word is tried again alone, and holds up nobody. Statements go
to the driver as they are, because thousands of words come in the minutes after a payday's message. The release of what is
kept is asked for by gathering.py.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from anxin.core import relayed
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import AmountChanged, LineNotFound, Malformed, NotEnrolled, WrongKey
from anxin.core.signing import SignerKey, Value, from_hex, is_signed_by, pack
from anxin.core.wire import check_deadline, check_form, hex_address, hex_bytes, signed_digest
from anxin.wages.schemas import Receipt, SignedConfirmation, SignedLine

_LINES = """
    SELECT word.place, sheet.id AS sheet_pk, line.worker_id, line.amount_fen, line.day_mask, line.payslip_hash,
           worker.assurance, worker.x, worker.y, known.state, known.received_at
    FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bytea[])
        WITH ORDINALITY AS word (escrow, sheet_id, index, digest, place)
    JOIN projects project ON project.escrow = word.escrow
    JOIN wage_sheets sheet ON sheet.project_pk = project.id AND sheet.sheet_id = word.sheet_id AND sheet.state = 'done'
    JOIN wage_lines line ON line.sheet_pk = sheet.id AND line.index = word.index
    JOIN workers worker ON worker.id = line.worker_pk
    LEFT JOIN confirmations known ON known.digest = word.digest
"""
# Locks in order of lines, and keeps in order of digests, so that groups never wait for each other in a ring. Shared: a word
# for a line excludes none, but what the chain says of the line comes before it or after it.
_KEEP = """
    WITH word AS (
        SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::integer[], $4::bigint[], $5::bytea[])
            AS word (digest, sheet_pk, line_index, deadline, signature)
    ), line AS (
        SELECT sheet_pk, index FROM wage_lines
        WHERE (sheet_pk, index) IN (SELECT sheet_pk, line_index FROM word)
        ORDER BY sheet_pk, index
        FOR SHARE
    )
    INSERT INTO confirmations (digest, sheet_pk, line_index, deadline, signature, received_at, state)
    SELECT word.*, $6::timestamptz, $7::text
    FROM word JOIN line ON line.sheet_pk = word.sheet_pk AND line.index = word.line_index
    ORDER BY word.digest
    ON CONFLICT DO NOTHING
    RETURNING digest
"""
_KEEP_FREE = _KEEP.replace("FOR SHARE", "FOR SHARE SKIP LOCKED")
_KNOWN = "SELECT digest, state, received_at FROM confirmations WHERE digest = ANY($1::bytea[])"

# A signature is checked without the interpreter, which serves others meanwhile. More threads would wait for it in turns.
_JUDGE = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signatures")


@dataclass(frozen=True, slots=True)
class Word:
    """A confirmation as it came: what was signed, and the address it was sent to."""

    digest: str
    signed: SignedConfirmation


Outcome = Receipt | Exception | None  # kept, refused, or not kept: somebody held the line, or it went away meanwhile


class _Line(NamedTuple):
    """What is on record of the line that a word is about, and of the word."""

    place: int
    sheet_pk: int
    worker_id: bytes
    amount_fen: int
    day_mask: int
    payslip_hash: bytes
    assurance: int | None
    x: str | None
    y: str | None
    state: str | None
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class _New:
    """A word that fits its line and is not known: good, if the line's worker signed it."""

    digest: bytes
    sheet_pk: int
    key: SignerKey
    word: Word


async def keep(
    connection: asyncpg.Connection, deployment: Deployment, words: Sequence[Word], *, wait: bool
) -> list[Outcome]:
    """Keep those words that are good, and return in order what became of each.

    Args:
        connection: of its own; what is kept is committed when this returns.
        wait: for lines that somebody else holds; else nothing becomes of such a word.
    """
    found = await connection.fetch(
        _LINES, [_escrow(word) for word in words], [word.signed.sheet_id for word in words],
        [word.signed.index for word in words], [_as_bytes(word.digest) for word in words],
    )  # fmt: skip
    lines = {row[0] - 1: _Line(*row) for row in found}
    fitting = [_fit(deployment, word, lines.get(place)) for place, word in enumerate(words)]
    judged = await asyncio.get_running_loop().run_in_executor(_JUDGE, _judge_all, fitting, deployment.rp_id_hash)
    good = {each.digest: each for each in judged if isinstance(each, _New)}
    kept = await _store(connection, list(good.values()), _KEEP if wait else _KEEP_FREE) if good else {}
    return [kept.get(each.digest) if isinstance(each, _New) else each for each in judged]


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


def _fit(deployment: Deployment, word: Word, line: _Line | None) -> Receipt | Exception | _New:
    """Whatever is wrong with a word is for whoever sent it: the others go on."""
    try:
        return _check(deployment, word, line)
    except Exception as error:
        return error


def _check(deployment: Deployment, word: Word, line: _Line | None) -> Receipt | _New:
    signed = word.signed
    check_form(signed.signature)
    if line is None:
        hex_address(signed.escrow, "escrow")
        raise LineNotFound(sheet_id=signed.sheet_id, index=signed.index)
    words = check_line(deployment, line, word.digest, "Confirmation", signed, {})
    if line.state is not None and line.received_at is not None:
        return Receipt(word.digest, line.state, line.received_at)
    if line.assurance is None or line.x is None or line.y is None:
        raise NotEnrolled()
    return _New(words, line.sheet_pk, SignerKey(line.assurance, line.x, line.y), word)


def _judge_all(fitting: Sequence[Outcome | _New], rp_id_hash: bytes) -> list[Outcome | _New]:
    return [_judge(each, rp_id_hash) if isinstance(each, _New) else each for each in fitting]


def _judge(new: _New, rp_id_hash: bytes) -> Exception | _New:
    try:
        if not is_signed_by(new.key, new.digest, new.word.signed.signature, rp_id_hash):
            raise WrongKey()
        check_deadline(new.word.signed.deadline)
    except Exception as error:
        return error
    return new


async def _store(connection: asyncpg.Connection, good: Sequence[_New], statement: str) -> dict[bytes, Receipt]:
    """Keep the words, all at once; return what is kept now. What was kept already stays as it is."""
    received = now()
    new = await connection.fetch(
        statement, [each.digest for each in good], [each.sheet_pk for each in good],
        [each.word.signed.index for each in good], [each.word.signed.deadline for each in good],
        [pack(each.word.signed.signature) for each in good], received, relayed.ACCEPTED,
    )  # fmt: skip
    kept = {digest: (relayed.ACCEPTED, received) for (digest,) in new}
    if len(kept) < len(good):
        known = await connection.fetch(_KNOWN, [each.digest for each in good if each.digest not in kept])
        kept |= {digest: (state, at) for digest, state, at in known}
    return {each.digest: Receipt(each.word.digest, *kept[each.digest]) for each in good if each.digest in kept}


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
