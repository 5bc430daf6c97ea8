"""Disputes for everybody's pages, and a worker's own."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import days_in, now
from anxin.core.errors import ProjectNotFound
from anxin.disputes.models import CLAIM, CLAIMED, CONTESTED, VANISHED, Claim, Dispute
from anxin.disputes.schemas import DisputesView, DisputeView, MyDispute, MyDisputes
from anxin.people.models import Worker
from anxin.projects.models import Project
from anxin.projects.service import escrow_of, project_at

CLAIM_WITHIN = timedelta(days=90)


async def of_project(session: AsyncSession, escrow: str, *, limit: int | None = None) -> DisputesView:
    """Newest first, at most `limit`. Raises ProjectNotFound."""
    project = await project_at(session, escrow)
    if project is None:
        raise ProjectNotFound(escrow=escrow)
    found = await session.scalars(
        select(Dispute)
        .where(Dispute.project_pk == project.id, Dispute.state != VANISHED)
        .order_by(Dispute.dispute_id.desc()).limit(limit)
    )
    return DisputesView([view(dispute, project) for dispute in found])


async def my_disputes(session: AsyncSession, worker: Worker) -> MyDisputes:
    """The worker's claims from the moment they are kept, and their contests once the chain has them."""
    on_chain = await session.execute(
        select(Dispute, Project)
        .join(Project, Project.id == Dispute.project_pk)
        .where(Dispute.worker_id == worker.worker_id, Dispute.state != VANISHED)
        .order_by(Dispute.id.desc())
    )
    on_their_way = await session.execute(
        select(Claim, Project)
        .join(Project, Project.id == Claim.project_pk)
        .where(Claim.worker_pk == worker.id, Claim.dispute_pk.is_(None))
        .order_by(Claim.received_at.desc())
    )
    return MyDisputes(
        [_kept(claim, project) for claim, project in on_their_way]
        + [_on_chain(dispute, project) for dispute, project in on_chain],
        int((now() + CLAIM_WITHIN).timestamp()),
    )


async def stored(session: AsyncSession) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Every dispute by (escrow, number), as audits compare it with the chain."""
    rows = await session.execute(
        select(Project.escrow, Dispute)
        .join(Project, Project.id == Dispute.project_pk)
        .where(Dispute.state != VANISHED, Project.escrow.is_not(None))
    )
    return {
        (escrow, each.dispute_id): {
            "kind": each.kind, "workerId": "0x" + each.worker_id.hex(), "evidenceHash": "0x" + each.evidence_hash.hex(),
            "asked": each.asked_fen, "granted": each.granted_fen, "paid": each.paid_fen, "banked": each.banked_fen,
            "settled": each.settled_fen, "state": each.state, "stood": each.stood,
        }
        for escrow, each in rows
    }  # fmt: skip


def _kept(claim: Claim, project: Project) -> MyDispute:
    return MyDispute(
        escrow_of(project), project.name, CLAIM, claim.state, claim.amount_fen, claim.first_day,
        days_in(claim.day_mask, claim.first_day), None, claim.tx_hash, claim.reason,
        "0x" + claim.digest.hex(),
    )  # fmt: skip


def _on_chain(dispute: Dispute, project: Project) -> MyDispute:
    shown = view(dispute, project)
    return MyDispute(
        escrow_of(project), project.name, dispute.kind, dispute.state, dispute.asked_fen, dispute.first_day,
        shown.days, shown, dispute.last_tx, None, None,
    )  # fmt: skip


def view(dispute: Dispute, project: Project) -> DisputeView:
    is_claimed, is_contested = dispute.state == CLAIMED, dispute.state == CONTESTED
    return DisputeView(
        dispute_id=dispute.dispute_id,
        kind=dispute.kind,
        state=dispute.state,
        worker_id="0x" + dispute.worker_id.hex(),
        sheet_id=dispute.sheet_id,
        index=dispute.line_index,
        first_day=dispute.first_day,
        day_mask=dispute.day_mask,
        days=days_in(dispute.day_mask, dispute.first_day),
        asked_fen=dispute.asked_fen,
        granted_fen=dispute.granted_fen,
        paid_fen=dispute.paid_fen,
        banked_fen=dispute.banked_fen,
        settled_fen=dispute.settled_fen,
        since=dispute.since,
        answer_until=dispute.since + timedelta(seconds=project.answer_window_seconds) if is_claimed else None,
        bureau_until=dispute.since + timedelta(seconds=project.bureau_window_seconds) if is_contested else None,
        stood=dispute.stood,
        evidence_hash="0x" + dispute.evidence_hash.hex(),
        answer_hash=_hex(dispute.answer_hash),
        resolved_by=dispute.resolved_by,
        order_hash=_hex(dispute.order_hash),
        opened_tx=dispute.opened_tx,
        last_tx=dispute.last_tx,
    )


def _hex(raw: bytes | None) -> str | None:
    return None if raw is None else "0x" + raw.hex()
