"""The contractor answers, the bureau or the arbiter decides: each by a wallet's signature, kept and sent to the chain."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.indexer import chain_time
from anxin.core import calls, relayed
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import (
    AnswerTooLate,
    ArbiterTooEarly,
    BadDisputeAmount,
    DisputeDecided,
    DisputeNotFound,
    NotAnswered,
    WrongSigner,
)
from anxin.core.signing import Value, recover_wallet
from anxin.core.wire import Kept, check_deadline, hex_address, hex_bytes, signed_digest
from anxin.disputes.models import CLAIMED, DECIDED, VANISHED, Answer, Dispute, Resolution
from anxin.disputes.schemas import SignedAnswer, SignedResolution
from anxin.projects.models import Project

Decision = TypeVar("Decision", Answer, Resolution)


async def answer(session: AsyncSession, deployment: Deployment, digest: str, signed: SignedAnswer) -> Kept:
    """Keep the contractor's answer and send it to the chain. Resending it changes nothing.

    Raises Malformed, DigestMismatch, DisputeNotFound, WrongSigner, SignatureExpired, DeadlineTooFar, DisputeDecided,
    AnswerTooLate, BadDisputeAmount.
    """
    evidence_hash = sha256(signed.evidence.encode()).digest()
    message: dict[str, Value] = {
        "disputeId": signed.dispute_id, "admitted": signed.admitted_fen, "evidenceHash": evidence_hash,
        "deadline": signed.deadline,
    }  # fmt: skip
    words = signed_digest(digest, deployment.escrow_domain(hex_address(signed.escrow, "escrow")), "Answer", message)
    dispute, project = await _dispute(session, signed.escrow, signed.dispute_id)
    known = await session.get(Answer, words)
    if known is not None:
        return Kept(digest, known.state)
    signature = hex_bytes(signed.signature, 65, "signature")
    if recover_wallet(words, signature) != project.contractor:
        raise WrongSigner(expected=project.contractor)
    check_deadline(signed.deadline)
    _check_answer(dispute, project, signed.admitted_fen, await _chain_now(session))
    row = Answer(
        digest=words, dispute_pk=dispute.id, admitted_fen=signed.admitted_fen, evidence=signed.evidence,
        evidence_hash=evidence_hash, deadline=signed.deadline, signature=signature, received_at=now(),
    )  # fmt: skip
    return await _hand_over(session, digest, row, call_of(project, dispute, row))


def _check_answer(dispute: Dispute, project: Project, admitted_fen: int, at: datetime) -> None:
    """The contract's rules: in time, and not less than was admitted before."""
    if dispute.state == DECIDED:
        raise DisputeDecided(dispute_id=dispute.dispute_id)
    is_first = dispute.state == CLAIMED
    if is_first and at > dispute.since + timedelta(seconds=project.answer_window_seconds):
        raise AnswerTooLate(dispute_id=dispute.dispute_id)
    least = 0 if is_first else dispute.granted_fen + 1
    if not least <= admitted_fen <= dispute.asked_fen:
        raise BadDisputeAmount(least_fen=least, most_fen=dispute.asked_fen)


async def resolve(session: AsyncSession, deployment: Deployment, digest: str, signed: SignedResolution) -> Kept:
    """Keep the bureau's or the arbiter's decision and send it to the chain. Resending it changes nothing.

    Raises Malformed, DigestMismatch, DisputeNotFound, WrongSigner, SignatureExpired, DeadlineTooFar, DisputeDecided,
    NotAnswered, ArbiterTooEarly, BadDisputeAmount.
    """
    order_hash = sha256(signed.reasons.encode()).digest()
    message: dict[str, Value] = {
        "disputeId": signed.dispute_id, "award": signed.award_fen, "orderHash": order_hash, "deadline": signed.deadline,
    }  # fmt: skip
    words = signed_digest(digest, deployment.escrow_domain(hex_address(signed.escrow, "escrow")), "Resolution", message)
    dispute, project = await _dispute(session, signed.escrow, signed.dispute_id)
    known = await session.get(Resolution, words)
    if known is not None:
        return Kept(digest, known.state)
    signature = hex_bytes(signed.signature, 65, "signature")
    signer = recover_wallet(words, signature)
    if signer is None or signer not in (project.bureau, project.arbiter):
        raise WrongSigner(expected=project.bureau)
    check_deadline(signed.deadline)
    await _check_resolution(session, dispute, project, signer, signed.award_fen)
    row = Resolution(
        digest=words, dispute_pk=dispute.id, award_fen=signed.award_fen, reasons=signed.reasons, order_hash=order_hash,
        signer=signer, deadline=signed.deadline, signature=signature, received_at=now(),
    )  # fmt: skip
    return await _hand_over(session, digest, row, call_of(project, dispute, row))


async def _check_resolution(
    session: AsyncSession, dispute: Dispute, project: Project, signer: str, award_fen: int
) -> None:
    """The contract's rules, and one decision at a time."""
    another = select(Resolution.digest).where(
        Resolution.dispute_pk == dispute.id, Resolution.state != relayed.REFUSED
    )
    if dispute.state == DECIDED or await session.scalar(another) is not None:
        raise DisputeDecided(dispute_id=dispute.dispute_id)
    if dispute.state == CLAIMED:
        raise NotAnswered(dispute_id=dispute.dispute_id)
    bureau_until = dispute.since + timedelta(seconds=project.bureau_window_seconds)
    if signer == project.arbiter and await _chain_now(session) <= bureau_until:
        raise ArbiterTooEarly()
    if award_fen > dispute.asked_fen:
        raise BadDisputeAmount(least_fen=0, most_fen=dispute.asked_fen)


async def _dispute(session: AsyncSession, escrow: str, dispute_id: int) -> tuple[Dispute, Project]:
    """Return a dispute, locked: two who decide it at once come one after the other. Raises DisputeNotFound."""
    found = (
        await session.execute(
            select(Dispute, Project)
            .join(Project, Project.id == Dispute.project_pk)
            .where(Project.escrow == hex_address(escrow, "escrow"), Dispute.dispute_id == dispute_id)
            .where(Dispute.state != VANISHED)
            .with_for_update(of=Dispute)
        )
    ).one_or_none()
    if found is None:
        raise DisputeNotFound(dispute_id=dispute_id)
    return found[0], found[1]


async def _chain_now(session: AsyncSession) -> datetime:
    """Windows run by the chain's clock; ours stands in until the first block is final."""
    return await chain_time(session) or now()


def call_of(project: Project, dispute: Dispute, row: Answer | Resolution) -> calls.Call:
    """The call that brings what was signed about a dispute to its escrow."""
    signed: dict[str, Value] = {"disputeId": dispute.dispute_id, "deadline": row.deadline}
    if isinstance(row, Answer):
        function, signature = "answer", "contractorSignature"
        signed |= {"admitted": row.admitted_fen, "evidenceHash": row.evidence_hash}
    else:
        function, signature = "resolve", "signature"
        signed |= {"award": row.award_fen, "orderHash": row.order_hash}
    return calls.Call(
        key=f"{function}:0x{row.digest.hex()}",
        contract="WageEscrow",
        address=project.escrow or "",
        function=function,
        arguments={**calls.signed_words(signed), signature: "0x" + row.signature.hex()},
    )


async def _hand_over(session: AsyncSession, digest: str, row: Decision, call: calls.Call) -> Kept:
    session.add(row)
    await relayed.hand_over(session, [row], call)
    return Kept(digest, row.state)
