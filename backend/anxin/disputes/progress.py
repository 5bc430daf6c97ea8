"""What final events make of a dispute, and the clock that pays what stands or could not be paid before."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import calls, relayed
from anxin.core.clock import EPOCH
from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.core.signing import from_hex
from anxin.disputes.models import CLAIM, CLAIMED, CONTEST, CONTESTED, DECIDED, VANISHED, Answer, Claim, Dispute, Resolution
from anxin.payroll.models import WageSheet
from anxin.people.models import Worker
from anxin.projects.models import Project
from anxin.projects.service import escrow_of, project_at

MAX_CALLS = 64  # a stretch of blocks; the next one goes on
UNPAID = "waits for money"  # `paying_key` of a grant the escrow could not pay
RETURNED = "returned by the bank"  # and of one the bank could not pay into the worker's account


async def record_claimed(session: AsyncSession, event: Event) -> None:
    project = await project_at(session, event.address)
    if project is None:
        return
    dispute = await _open(
        session, project, event, kind=CLAIM, state=CLAIMED, first_day=EPOCH + timedelta(days=event.args["firstDay"]),
        day_mask=event.args["dayMask"],
    )  # fmt: skip
    await session.execute(
        update(Claim)
        .where(
            Claim.project_pk == project.id, Claim.evidence_hash == dispute.evidence_hash,
            Claim.worker_pk.in_(select(Worker.id).where(Worker.worker_id == dispute.worker_id)),
            Claim.first_day == dispute.first_day, Claim.day_mask == dispute.day_mask,
            Claim.amount_fen == dispute.asked_fen,
        )
        .values(state=relayed.DONE, tx_hash=event.tx_hash, dispute_pk=dispute.id)
    )  # fmt: skip


async def record_contested(session: AsyncSession, event: Event) -> None:
    project = await project_at(session, event.address)
    if project is None:
        return
    first_day: date | None = await session.scalar(
        select(WageSheet.first_day).where(
            WageSheet.project_pk == project.id, WageSheet.sheet_id == event.args["sheetId"],
            WageSheet.state == relayed.DONE,
        )
    )
    await _open(
        session, project, event, kind=CONTEST, state=CONTESTED, first_day=first_day or EPOCH,
        day_mask=event.args["claimedDays"], sheet_id=event.args["sheetId"], line_index=event.args["index"],
    )  # fmt: skip


async def _open(session: AsyncSession, project: Project, event: Event, **more: Any) -> Dispute:
    """Put it on record, once; in the place of one of its number that vanished."""
    values = {
        "worker_id": from_hex(event.args["workerId"]), "evidence_hash": from_hex(event.args["evidenceHash"]),
        "asked_fen": event.args["asked"], "since": event.block_time, "opened_tx": event.tx_hash, "last_tx": event.tx_hash,
        "granted_fen": 0, "paid_fen": 0, "banked_fen": 0, "settled_fen": 0, "stood": False, "sheet_id": None,
        "line_index": None, "answer_hash": None, "resolved_by": None, "order_hash": None, "paying_key": None, **more,
    }  # fmt: skip
    new = insert(Dispute).values(project_pk=project.id, dispute_id=event.args["disputeId"], **values)
    await session.execute(
        new.on_conflict_do_update(
            index_elements=[Dispute.project_pk, Dispute.dispute_id], set_=values, where=Dispute.state == VANISHED
        ).execution_options(synchronize_session=False)
    )
    opened = await dispute_of(session, event)
    assert opened is not None  # noqa: S101 - just kept
    return opened


async def record_answered(session: AsyncSession, event: Event) -> None:
    """The rest is for the bureau, and its clock begins with the first answer; all admitted is all decided."""
    dispute = await dispute_of(session, event)
    if dispute is None:
        return
    if dispute.state == CLAIMED:
        dispute.state, dispute.since = CONTESTED, event.block_time
    dispute.granted_fen = event.args["admitted"]
    dispute.answer_hash, dispute.last_tx = from_hex(event.args["evidenceHash"]), event.tx_hash
    if dispute.granted_fen == dispute.asked_fen:
        dispute.state = DECIDED
    done = update(Answer).where(Answer.dispute_pk == dispute.id, Answer.evidence_hash == dispute.answer_hash)
    done = done.where(Answer.admitted_fen == dispute.granted_fen)
    await session.execute(done.values(state=relayed.DONE, tx_hash=event.tx_hash))


async def record_stood(session: AsyncSession, event: Event) -> None:
    dispute = await dispute_of(session, event)
    if dispute is not None:
        dispute.granted_fen, dispute.state, dispute.stood = dispute.asked_fen, DECIDED, True
        dispute.last_tx = event.tx_hash


async def record_resolved(session: AsyncSession, event: Event) -> None:
    dispute = await dispute_of(session, event)
    if dispute is None:
        return
    dispute.granted_fen, dispute.state, dispute.last_tx = event.args["granted"], DECIDED, event.tx_hash
    dispute.resolved_by, dispute.order_hash = event.args["by"], from_hex(event.args["orderHash"])
    done = update(Resolution).where(
        Resolution.dispute_pk == dispute.id, Resolution.order_hash == dispute.order_hash
    )
    await session.execute(done.values(state=relayed.DONE, tx_hash=event.tx_hash))


async def record_paid(session: AsyncSession, event: Event, *, deployment: Deployment) -> None:
    dispute = await dispute_of(session, event)
    if dispute is None:
        return
    dispute.paid_fen += event.args["amount"]
    if event.args["payout"] == deployment.bank:
        dispute.banked_fen += event.args["amount"]
    dispute.last_tx, dispute.paying_key = event.tx_hash, None


async def record_payout_failed(session: AsyncSession, event: Event) -> None:
    """Still owed: paid when money comes in."""
    dispute = await dispute_of(session, event)
    if dispute is not None:
        dispute.paying_key = UNPAID


async def record_settled(session: AsyncSession, event: Event) -> None:
    dispute = await dispute_of(session, event)
    if dispute is not None:
        dispute.banked_fen -= event.args["amount"]
        dispute.settled_fen += event.args["amount"]
        dispute.last_tx = event.tx_hash


async def record_returned(session: AsyncSession, event: Event) -> None:
    """The bank could not pay it into the worker's account: owed again, until the worker changes where they are paid."""
    dispute = await dispute_of(session, event)
    if dispute is not None:
        dispute.banked_fen -= event.args["amount"]
        dispute.paid_fen -= event.args["amount"]
        dispute.last_tx, dispute.paying_key = event.tx_hash, RETURNED


async def dispute_of(session: AsyncSession, event: Event) -> Dispute | None:
    """None for one of a project that is not ours."""
    found: Dispute | None = await session.scalar(
        select(Dispute)
        .join(Project, Project.id == Dispute.project_pk)
        .where(Project.escrow == event.address, Dispute.dispute_id == event.args["disputeId"])
    )
    return found


# ------------------------------------------------------------------ paying without anyone's signature


async def release_standing(session: AsyncSession, chain_time: datetime) -> None:
    """Once per final stretch: claims the contractor left unanswered stand, by the chain's clock, and are paid."""
    standing = select(Dispute).join(Project, Project.id == Dispute.project_pk)
    standing = standing.where(
        Dispute.state == CLAIMED, Dispute.paying_key.is_(None),
        Dispute.since + Project.answer_window_seconds * timedelta(seconds=1) < chain_time,
    )  # fmt: skip
    await _pay(session, (await session.scalars(standing.order_by(Dispute.id).limit(MAX_CALLS))).all())


async def retry_after_funding(session: AsyncSession, event: Event) -> None:
    """Money came in: what was granted and could not be paid is tried again, the oldest first."""
    waiting = select(Dispute).join(Project, Project.id == Dispute.project_pk)
    waiting = waiting.where(Project.escrow == event.address, Dispute.paying_key == UNPAID)
    await _pay(session, (await session.scalars(waiting.order_by(Dispute.id))).all())


async def retry_at_new_payout(session: AsyncSession, event: Event) -> None:
    """The worker is paid elsewhere now: what the bank gave back goes there."""
    returned = select(Dispute).where(
        Dispute.worker_id == from_hex(event.args["workerId"]), Dispute.paying_key == RETURNED
    )
    await _pay(session, (await session.scalars(returned.order_by(Dispute.id))).all())


async def _pay(session: AsyncSession, disputes: Sequence[Dispute]) -> None:
    for dispute in disputes:
        project = await session.get_one(Project, dispute.project_pk)
        dispute.paying_key = f"releaseStanding:{uuid4()}"
        arguments = {"disputeId": dispute.dispute_id}
        await calls.relay(
            session, calls.Call(dispute.paying_key, "WageEscrow", escrow_of(project), "releaseStanding", arguments)
        )


async def mend_standing(session: AsyncSession, key: str, refusal: calls.Refusal) -> None:
    """The chain will not pay it now: somebody else was first, or must look. Not tried again by itself."""
    await session.execute(update(Dispute).where(Dispute.paying_key == key).values(paying_key=f"refused:{refusal}"))
