"""A worker claims days that no sheet has: the signed word is checked as the contract will check it, kept, and sent.

Authorised by the signature alone, like a confirmation, so that a phone may resend without a session.
"""

from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import calls, relayed
from anxin.core.clock import day_number, days_in, now
from anxin.core.deployment import Deployment
from anxin.core.errors import BadClaim, DayClaimed, DayTooOld, FutureDay, Malformed, NotJoined, ProjectNotFound
from anxin.core.signing import Value, pack
from anxin.core.wire import Kept, check_deadline, check_form, hex_address, hex_bytes, signed_digest
from anxin.disputes.models import Claim
from anxin.disputes.schemas import SignedClaim
from anxin.payroll.models import WageSheet
from anxin.people.models import Worker
from anxin.people.service import check_signed
from anxin.projects.models import Project
from anxin.projects.service import day_cap_of, project_at
from anxin.wages.models import Contest

MAX_DAYS = 32  # one bit of a day mask each
MAX_AGE_DAYS = 3653


async def claim_days(session: AsyncSession, deployment: Deployment, digest: str, signed: SignedClaim) -> Kept:
    """Keep a worker's claim and send it to the chain. Resending it changes nothing.

    Raises Malformed, HighS, DigestMismatch, ProjectNotFound, NotEnrolled, WrongKey, SignatureExpired, DeadlineTooFar,
    NotJoined, BadClaim, FutureDay, DayTooOld, DayClaimed. Evidence that was changed is a DigestMismatch.
    """
    check_form(signed.signature)
    escrow = hex_address(signed.escrow, "escrow")
    evidence_hash = sha256(signed.evidence.encode()).digest()
    message = _message(signed, evidence_hash)
    words = signed_digest(digest, deployment.escrow_domain(escrow), "Claim", message)
    project = await project_at(session, escrow)
    if project is None:
        raise ProjectNotFound(escrow=escrow)
    worker = await session.scalar(select(Worker).where(Worker.worker_id == message["workerId"]))
    if worker is None:
        raise NotJoined()
    check_signed(deployment, worker, words, signed.signature)
    day_cap_fen = await day_cap_of(session, project, worker)  # from here on one claim of this worker at a time
    known = await session.get(Claim, words)
    if known is not None:
        return Kept(digest, known.state)
    check_deadline(signed.deadline)
    await _check_claim(session, project, worker, signed, day_cap_fen)
    row = Claim(
        digest=words, project_pk=project.id, worker_pk=worker.id, amount_fen=signed.amount_fen,
        first_day=signed.first_day, day_mask=signed.day_mask, evidence=signed.evidence, evidence_hash=evidence_hash,
        deadline=signed.deadline, signature=pack(signed.signature), received_at=now(),
    )  # fmt: skip
    session.add(row)
    await relayed.hand_over(session, [row], _call(row, escrow, message))
    return Kept(digest, row.state)


def _message(signed: SignedClaim, evidence_hash: bytes) -> dict[str, Value]:
    return {
        "workerId": hex_bytes(signed.worker_id, 32, "workerId"), "amount": signed.amount_fen,
        "firstDay": day_number(signed.first_day), "dayMask": signed.day_mask, "evidenceHash": evidence_hash,
        "deadline": signed.deadline,
    }  # fmt: skip


async def _check_claim(
    session: AsyncSession, project: Project, worker: Worker, signed: SignedClaim, day_cap_fen: int | None
) -> None:
    """The contract's bounds: a day cap for each day, none of them to come or claimed before."""
    if not 0 < signed.day_mask < 1 << MAX_DAYS:
        raise Malformed(problem=f"dayMask: 1 to {MAX_DAYS} days")
    if day_cap_fen is None:
        raise NotJoined()
    bound_fen = day_cap_fen * signed.day_mask.bit_count()
    if not 0 < signed.amount_fen <= bound_fen:
        raise BadClaim(bound_fen=bound_fen)
    first_day, today = day_number(signed.first_day), day_number(now().date()) + 1  # a site may be a day ahead of UTC
    if first_day + signed.day_mask.bit_length() - 1 > today:
        raise FutureDay()
    if first_day + MAX_AGE_DAYS < today:
        raise DayTooOld(max_days=MAX_AGE_DAYS)
    if set(days_in(signed.day_mask, signed.first_day)) & await _claimed_days(session, project, worker):
        raise DayClaimed()


async def _claimed_days(session: AsyncSession, project: Project, worker: Worker) -> set[object]:
    claims = await session.execute(
        select(Claim.day_mask, Claim.first_day).where(
            Claim.project_pk == project.id, Claim.worker_pk == worker.id, Claim.state != relayed.REFUSED
        )
    )
    contests = await session.execute(
        select(Contest.claimed_days, WageSheet.first_day)
        .join(WageSheet, WageSheet.id == Contest.sheet_pk)
        .where(WageSheet.project_pk == project.id, Contest.state != relayed.REFUSED)
        .where(WageSheet.lines.any(worker_pk=worker.id, index=Contest.line_index))
    )
    return {day for mask, first in [*claims, *contests] for day in days_in(mask, first)}


def _call(row: Claim, escrow: str, message: dict[str, Value]) -> calls.Call:
    return calls.Call(
        key=f"claim:0x{row.digest.hex()}",
        contract="WageEscrow",
        address=escrow,
        function="claim",
        arguments={"claimed": calls.signed_words(message), "signature": "0x" + row.signature.hex()},
    )
