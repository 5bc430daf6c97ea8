"""From confirmations to releases: batches for the relayer, and what the chain's final events say became of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from anxin.core import calls, jobs, relayed
from anxin.core.events import Event
from anxin.core.jobs import Payload
from anxin.core.sheet_tree import SheetTree
from anxin.payroll.models import WageLine, WageSheet
from anxin.projects.models import Project
from anxin.wages.models import Confirmation, Contest

MAX_BATCH = 200  # the contract takes 256; a first wage by passkey costs 63,000 gas, a transaction holds 16.7 million
UNPAID = "waits for money"  # `silent_key` of a line whose release the escrow could not pay


async def release_batch(session: AsyncSession, payload: Payload) -> None:
    """Job `release`: hand a sheet's waiting confirmations to the relayer, as one call.

    Whichever job comes first takes all that wait; the others find nothing left to do. A second signature for a line waits
    while the first is on its way: nobody makes the relayer pay for one wage as often as they can sign.
    """
    sheet = await _sheet(session, payload["sheet"])
    other = aliased(Confirmation)
    on_its_way = exists().where(
        other.sheet_pk == Confirmation.sheet_pk, other.line_index == Confirmation.line_index,
        other.call_key.is_not(None), other.state != relayed.REFUSED,
    )  # fmt: skip
    waiting = (
        await session.scalars(
            select(Confirmation)
            .join(
                WageLine,
                (WageLine.sheet_pk == Confirmation.sheet_pk) & (WageLine.index == Confirmation.line_index),
            )
            .where(
                Confirmation.sheet_pk == sheet.id,
                Confirmation.state == relayed.ACCEPTED,
                Confirmation.call_key.is_(None),
                WageLine.released_tx.is_(None),
                ~on_its_way,
            )
            .order_by(Confirmation.line_index, Confirmation.received_at)
            .limit(MAX_BATCH)
            .with_for_update(of=Confirmation, skip_locked=True)
        )
    ).all()
    batch = list({each.line_index: each for each in waiting}.values())  # one signature a line is enough
    if not batch:
        return
    await _relay_release(session, sheet, batch)
    if len(waiting) == MAX_BATCH:
        await jobs.enqueue(session, "release", payload)


async def _relay_release(session: AsyncSession, sheet: WageSheet, batch: Sequence[Confirmation]) -> None:
    """Ask for one release of these lines, in ascending order."""
    key = f"release:{uuid4()}"
    indexes = [each.line_index for each in batch]
    signed = [{"deadline": each.deadline, "signature": "0x" + each.signature.hex()} for each in batch]
    call = await _call_for(session, key, sheet, "release", indexes, confirmations=signed)
    await relayed.hand_over(session, batch, call)


async def _call_for(
    session: AsyncSession, key: str, sheet: WageSheet, function: str, indexes: list[int], **more: object
) -> calls.Call:
    project = await session.get_one(Project, sheet.project_pk)
    proof = SheetTree([line.on_chain for line in sheet.lines]).proof(indexes)
    return calls.Call(
        key=key,
        contract="WageEscrow",
        address=project.escrow or "",
        function=function,
        arguments={
            "sheetId": sheet.sheet_id,
            "lines": [sheet.lines[index].as_argument() for index in indexes],
            "proof": {"hashes": ["0x" + each.hex() for each in proof.hashes], "flags": proof.flags},
            **more,
        },
    )


async def _sheet(session: AsyncSession, sheet_pk: int) -> WageSheet:
    return (
        await session.scalars(
            select(WageSheet).where(WageSheet.id == sheet_pk).options(selectinload(WageSheet.lines))
        )
    ).one()


async def release_silent(session: AsyncSession, chain_time: datetime) -> None:
    """Pay lines whose workers stayed silent past the objection window, by the chain's clock. They may still contest."""
    due = (
        await session.execute(
            select(WageSheet.id, WageLine.index)
            .join(WageLine, WageLine.sheet_pk == WageSheet.id)
            .join(Project, Project.id == WageSheet.project_pk)
            .outerjoin(
                Confirmation,
                (Confirmation.sheet_pk == WageLine.sheet_pk)
                & (Confirmation.line_index == WageLine.index)
                & (Confirmation.state != relayed.REFUSED),
            )
            .where(
                WageSheet.state == relayed.DONE,
                WageSheet.posted_at < chain_time - timedelta(days=1),  # no window is shorter
                WageSheet.posted_at
                + Project.objection_window_seconds * timedelta(seconds=1)
                < chain_time,
                WageLine.released_tx.is_(None),
                WageLine.silent_key.is_(None),
                Confirmation.digest.is_(None),
            )
            .order_by(WageSheet.id, WageLine.index)
            .limit(MAX_BATCH)
        )
    ).all()
    for sheet_pk in sorted({row[0] for row in due}):
        await _release_silent_lines(session, sheet_pk, [index for pk, index in due if pk == sheet_pk])


async def _release_silent_lines(session: AsyncSession, sheet_pk: int, indexes: list[int]) -> None:
    sheet = await _sheet(session, sheet_pk)
    key = f"releaseUnsigned:{uuid4()}"
    for index in indexes:
        sheet.lines[index].silent_key = key
    await calls.relay(session, await _call_for(session, key, sheet, "releaseUnsigned", indexes))


async def mend_batch(session: AsyncSession, key: str, refusal: calls.Refusal) -> None:
    """The chain refused a batch: leave out the line it names, and send the others again.

    Where it names none (a wallet contract that changes its mind between simulation and block), the batch is halved until
    the one at fault is alone: nobody's signature may be refused for another's.
    """
    batch = (
        await session.scalars(
            select(Confirmation).where(Confirmation.call_key == key).order_by(Confirmation.line_index).with_for_update()
        )
    ).all()
    if not batch:
        return
    at_fault = [each for position, each in enumerate(batch) if _is_at_fault(position, each, refusal)]
    if not at_fault and len(batch) > 1:
        sheet, half = await _sheet(session, batch[0].sheet_pk), len(batch) // 2
        for part in (batch[:half], batch[half:]):
            await _relay_release(session, sheet, part)
        return
    for confirmation in batch:
        confirmation.call_key, confirmation.state = None, relayed.ACCEPTED
    for confirmation in at_fault or batch:
        confirmation.state, confirmation.reason = relayed.REFUSED, str(refusal)
    await jobs.enqueue(session, "release", {"sheet": batch[0].sheet_pk})


def _is_at_fault(position: int, confirmation: Confirmation, refusal: calls.Refusal) -> bool:
    if refusal.error in ("Escrow_BadWorkerSignature", "Escrow_NotEnrolled"):
        return bool(refusal.values[0] == position)
    return refusal.error == "Escrow_Expired" and confirmation.deadline < refusal.values[1]  # by the chain's clock


async def mend_silent(session: AsyncSession, key: str, refusal: calls.Refusal) -> None:
    """A silent worker's line was refused. One whose worker has no payout yet stays owed; it is not tried again by itself."""
    lines = (await session.scalars(select(WageLine).where(WageLine.silent_key == key).order_by(WageLine.index))).all()
    for position, line in enumerate(lines):
        at_fault = refusal.error != "Escrow_NotEnrolled" or refusal.values[0] == position
        line.silent_key = f"refused:{refusal}" if at_fault else None


# ------------------------------------------------------------------ final events


async def record_released(session: AsyncSession, event: Event) -> None:
    line = await _line_of(session, event)
    if line is None:
        return
    line.released_tx, line.released_at = event.tx_hash, event.block_time
    line.released_assurance = event.args["assurance"]
    await session.execute(
        update(Confirmation)
        .where(Confirmation.sheet_pk == line.sheet_pk, Confirmation.line_index == line.index)
        .values(state=relayed.DONE, tx_hash=event.tx_hash)
    )


async def record_payout_failed(session: AsyncSession, event: Event) -> None:
    """Still owed: the signature stays good, and goes out again when money comes in. So does a silent worker's line."""
    line = await _line_of(session, event)
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
    sheets = await session.scalars(
        select(Confirmation.sheet_pk)
        .where(
            Confirmation.sheet_pk.in_(ours), Confirmation.state == relayed.ACCEPTED, Confirmation.call_key.is_(None)
        )
        .distinct()
    )
    for sheet_pk in sheets:
        await jobs.enqueue(session, "release", {"sheet": sheet_pk})


async def record_contested(session: AsyncSession, event: Event) -> None:
    line = await _line_of(session, event)
    if line is None:
        return
    await session.execute(
        update(Contest)
        .where(Contest.sheet_pk == line.sheet_pk, Contest.line_index == line.index)
        .values(state=relayed.DONE, tx_hash=event.tx_hash)
    )


async def _line_of(session: AsyncSession, event: Event) -> WageLine | None:
    line: WageLine | None = await session.scalar(
        select(WageLine)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(
            Project.escrow == event.address,
            WageSheet.sheet_id == event.args["sheetId"],
            WageLine.index == event.args["index"],
        )
    )
    return line
