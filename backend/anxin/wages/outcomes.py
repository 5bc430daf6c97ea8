"""What the chain's final events say became of a line: released, not paid, settled by the bank, given back, contested."""

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs, relayed
from anxin.core.events import Event
from anxin.core.signing import from_hex
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Worker
from anxin.projects.models import Project
from anxin.wages.models import Confirmation, Contest
from anxin.wages.releases import REFUSED

UNPAID = "waits for money"  # `silent_key` of a line whose release the escrow could not pay
RETURNED = "returned by the bank"  # and of one that the bank could not pay into its worker's account


async def record_released(session: AsyncSession, event: Event) -> None:
    line = await line_of(session, event)
    if line is None:
        return
    line.released_tx, line.released_at = event.tx_hash, event.block_time
    line.released_assurance, line.released_payout = event.args["assurance"], event.args["payout"]
    await session.execute(
        update(Confirmation)
        .where(Confirmation.sheet_pk == line.sheet_pk, Confirmation.line_index == line.index)
        .values(state=relayed.DONE, tx_hash=event.tx_hash)
    )


async def record_payout_failed(session: AsyncSession, event: Event) -> None:
    """Still owed: the signature stays good, and goes out again when money comes in. So does a silent worker's line."""
    line = await line_of(session, event)
    if line is None:
        return
    line.silent_key = line.silent_key and UNPAID
    await session.execute(
        update(Confirmation)
        .where(
            Confirmation.sheet_pk == line.sheet_pk,
            Confirmation.line_index == line.index,
            Confirmation.state.in_((relayed.ACCEPTED, relayed.SENT)),
        )
        .values(state=relayed.ACCEPTED, call_key=None, tx_hash=None)
    )


async def retry_after_funding(session: AsyncSession, event: Event) -> None:
    """Money came in: whatever could not be paid is tried again."""
    ours = select(WageSheet.id).join(Project, Project.id == WageSheet.project_pk).where(Project.escrow == event.address)
    await session.execute(
        update(WageLine).where(WageLine.silent_key == UNPAID, WageLine.sheet_pk.in_(ours)).values(silent_key=None)
    )
    await _release_what_waits(session, ours)


async def release_waiting(session: AsyncSession, event: Event) -> None:
    """A sheet is posted: for the first time nobody can have signed for it; again, what was signed for it goes out."""
    posted = select(WageSheet.id).join(Project, Project.id == WageSheet.project_pk).where(
        Project.escrow == event.address, WageSheet.sheet_id == event.args["sheetId"], WageSheet.state == relayed.DONE
    )  # fmt: skip
    await _release_what_waits(session, posted)


async def _release_what_waits(session: AsyncSession, sheets: Select[int]) -> None:
    """Ask for the release of those of `sheets` that have words which are with nobody."""
    waiting = select(Confirmation.sheet_pk).where(
        Confirmation.sheet_pk.in_(sheets), Confirmation.state == relayed.ACCEPTED, Confirmation.call_key.is_(None)
    )
    found = await session.scalars(waiting.distinct())
    await jobs.enqueue_all(session, "release", [{"sheet": sheet_pk} for sheet_pk in found])


async def retry_once_enrolled(session: AsyncSession, event: Event) -> None:
    """Somebody has a payout now: what could not be paid to them while they were silent can be."""
    theirs = select(Worker.id).where(Worker.worker_id == from_hex(event.args["workerId"]))
    refused = WageLine.silent_key.startswith(f"{REFUSED}Escrow_NotEnrolled")
    await session.execute(
        update(WageLine).where(WageLine.worker_pk.in_(theirs), refused).values(silent_key=None)
    )


async def record_settled(session: AsyncSession, event: Event) -> None:
    """The bank has paid: from now on the wage may be called paid."""
    line = await line_of(session, event)
    if line is not None:
        line.settled_tx, line.settled_at = event.tx_hash, event.block_time


async def record_returned(session: AsyncSession, event: Event) -> None:
    """The bank could not pay into the worker's account, and the line is owed again.

    It is not sent to the same bank again by itself: its worker signs once more, or changes where they are paid.
    """
    line = await line_of(session, event)
    if line is None:
        return
    line.returned_tx, line.returned_at = event.tx_hash, event.block_time
    line.released_tx = line.released_at = line.released_assurance = line.released_payout = None
    line.silent_key = RETURNED
    await session.execute(
        update(Confirmation)
        .where(
            Confirmation.sheet_pk == line.sheet_pk,
            Confirmation.line_index == line.index,
            Confirmation.state == relayed.DONE,
        )
        .values(call_key=None)
    )


async def retry_at_new_payout(session: AsyncSession, event: Event) -> None:
    """The worker is paid elsewhere now: what the bank gave back goes there, on the signature we have or on none."""
    lines = await session.scalars(
        select(WageLine)
        .join(Worker, Worker.id == WageLine.worker_pk)
        .where(Worker.worker_id == from_hex(event.args["workerId"]), WageLine.silent_key == RETURNED)
    )
    for line in lines.all():
        line.silent_key = None
        await session.execute(
            update(Confirmation)
            .where(
                Confirmation.sheet_pk == line.sheet_pk,
                Confirmation.line_index == line.index,
                Confirmation.state == relayed.DONE,
            )
            .values(state=relayed.ACCEPTED, call_key=None, tx_hash=None)
        )
        await jobs.enqueue(session, "release", {"sheet": line.sheet_pk})


async def record_contested(session: AsyncSession, event: Event) -> None:
    line = await line_of(session, event)
    if line is None:
        return
    await session.execute(
        update(Contest)
        .where(
            Contest.sheet_pk == line.sheet_pk,
            Contest.line_index == line.index,
            Contest.evidence_hash == from_hex(event.args["evidenceHash"]),
        )
        .values(state=relayed.DONE, tx_hash=event.tx_hash, dispute_id=event.args["disputeId"])
    )


async def line_of(session: AsyncSession, event: Event) -> WageLine | None:
    """None for one of a project that is not ours."""
    line: WageLine | None = await session.scalar(
        select(WageLine)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(
            Project.escrow == event.address,
            WageSheet.sheet_id == event.args["sheetId"],
            WageSheet.state == relayed.DONE,  # a withdrawn one keeps its number
            WageLine.index == event.args["index"],
        )
    )
    return line
