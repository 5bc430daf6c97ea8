"""Confirming and contesting: a worker's signed word is checked, kept, and only then answered.

Authorised by the signature alone, so that a phone may resend for as long as the signature is good, without a session.
"""

from hashlib import sha256

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from anxin.core import calls, relayed
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import (
    AlreadyContested,
    BadObjection,
    LineNotFound,
    NotFound,
)
from anxin.core.signing import Value, pack
from anxin.core.wire import check_deadline, check_form, hex_address, hex_bytes
from anxin.payroll import read as payroll
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Worker
from anxin.people.service import check_signed
from anxin.projects.models import Membership, Project
from anxin.projects.service import escrow_of
from anxin.wages.confirming import check_line
from anxin.wages.models import Confirmation, Contest
from anxin.wages.schemas import Receipt, ReleaseCall, SignedContest, SignedLine


async def release_call(session: AsyncSession, deployment: Deployment, digest: str) -> ReleaseCall:
    """Return a kept confirmation as anyone can take it to the chain, all public there. Raises Malformed, NotFound."""
    row = await session.get(Confirmation, hex_bytes(digest, 32, "digest"))
    if row is None:
        raise NotFound(what=f"confirmation {digest}")
    sheet = await session.get_one(WageSheet, row.sheet_pk, options=[selectinload(WageSheet.lines)])
    escrow = escrow_of(await session.get_one(Project, sheet.project_pk))
    indexes = [row.line_index]
    return ReleaseCall(
        deployment.chain_id, escrow, "releaseLine", sheet.number, sheet.packed(indexes), sheet.proof(indexes),
        row.deadline, "0x" + row.signature.hex(),
    )  # fmt: skip


async def contest_line(session: AsyncSession, deployment: Deployment, digest: str, signed: SignedContest) -> Receipt:
    """Keep a worker's contest of a line and send it to the chain. Resending it changes nothing.

    Raises what `confirm_period` does, and BadObjection, AlreadyContested. Evidence that was changed is a DigestMismatch.
    """
    evidence_hash = sha256(signed.evidence.encode()).digest()
    asked: dict[str, Value] = {
        "claimed": signed.claimed_fen, "claimedDays": signed.claimed_days, "evidenceHash": evidence_hash,
    }  # fmt: skip
    sheet, line, words = await _signed_line(session, deployment, digest, "Contest", signed, asked)
    known = await session.get(Contest, words)
    if known is not None:
        return Receipt(digest, known.state, known.received_at)
    await _check_signature(session, deployment, line, words, signed)
    await _check_objection(session, sheet, line, signed)
    call, received = await _contest_call(session, sheet, line, words, signed, evidence_hash), now()
    kept = await session.scalar(
        insert(Contest)
        .values(
            digest=words, sheet_pk=sheet.id, line_index=line.index, deadline=signed.deadline,
            signature=pack(signed.signature), received_at=received, state=relayed.ACCEPTED,
            claimed_fen=signed.claimed_fen, claimed_days=signed.claimed_days, evidence=signed.evidence,
            evidence_hash=evidence_hash, call_key=call.key,
        )
        .on_conflict_do_nothing()
        .returning(Contest.received_at)
    )  # fmt: skip
    if kept is None:
        raise AlreadyContested()
    await calls.relay(session, call)
    return Receipt(digest, relayed.ACCEPTED, received)


async def _signed_line(
    session: AsyncSession,
    deployment: Deployment,
    digest: str,
    type_name: str,
    signed: SignedLine,
    asked: dict[str, Value],
) -> tuple[WageSheet, WageLine, bytes]:
    """Find the line, see that it is the one that was signed, and that the digest is of these very words."""
    check_form(signed.signature)
    escrow = hex_address(signed.escrow, "escrow")
    found = await payroll.posted_line(session, escrow, signed.sheet_id, signed.index)
    if found is None:
        raise LineNotFound(sheet_id=signed.sheet_id, index=signed.index)
    sheet, line = found
    return sheet, line, check_line(deployment, line, digest, type_name, signed, asked)


async def _check_signature(
    session: AsyncSession,
    deployment: Deployment,
    line: WageLine,
    words: bytes,
    signed: SignedLine,
) -> None:
    worker = await session.get_one(Worker, line.worker_pk)
    check_signed(deployment, worker, words, signed.signature)
    check_deadline(signed.deadline)


async def _check_objection(
    session: AsyncSession, sheet: WageSheet, line: WageLine, signed: SignedContest
) -> None:
    """The contract's bound: more than posted, at most the agreed day cap for each claimed day of the period."""
    member = await session.scalar(
        Membership.__table__.select()
        .with_only_columns(Membership.day_cap_fen)
        .where(Membership.project_pk == sheet.project_pk, Membership.worker_pk == line.worker_pk)
    )
    days = signed.claimed_days
    period = (1 << (sheet.last_day - sheet.first_day).days + 1) - 1
    bound = (member or 0) * days.bit_count()
    if not (line.amount_fen < signed.claimed_fen <= bound and days & line.day_mask == line.day_mask and days <= period):
        raise BadObjection(posted_fen=line.amount_fen, bound_fen=bound)


async def _contest_call(
    session: AsyncSession,
    sheet: WageSheet,
    line: WageLine,
    words: bytes,
    signed: SignedContest,
    evidence_hash: bytes,
) -> calls.Call:
    whole = await payroll.posted_sheet(session, signed.escrow, signed.sheet_id)
    assert whole is not None  # noqa: S101 - posted_line found it in this transaction
    return calls.Call(
        key=f"contest:0x{words.hex()}",
        contract="WageEscrow",
        address=hex_address(signed.escrow, "escrow"),
        function="contest",
        arguments={
            "sheetId": sheet.sheet_id,
            "line": whole.packed([line.index]),
            "proof": whole.proof([line.index]),
            "objection": {
                "claimed": signed.claimed_fen, "claimedDays": signed.claimed_days,
                "evidenceHash": "0x" + evidence_hash.hex(), "deadline": signed.deadline,
            },
            "signature": "0x" + pack(signed.signature).hex(),
        },
    )  # fmt: skip
