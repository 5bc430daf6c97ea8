"""From confirmations to releases: batches for the relayer, and what is done when the chain refuses one.

    accepted ──► packed, up to 256 in one `release` ──refused──► the line it names alone, by `releaseLine` ──refused──► told
                                                                 the others again
What the chain's final events say of a line is in outcomes.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from anxin.core import calls, jobs, relayed
from anxin.core.confirmations import PackedConfirmation, can_be_packed, pack_confirmations
from anxin.core.deployment import Deployment
from anxin.core.jobs import Payload
from anxin.core.signing import DEVICE, PASSKEY, WALLET, SignerKey, unpack
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Worker
from anxin.projects.models import Project
from anxin.projects.service import escrow_of
from anxin.wages.models import Confirmation

MAX_BATCH = 256  # lines of a sheet; a first wage by passkey costs 51,000 gas, a transaction holds 16.7 million
# Jobs of one sheet: what a job that leaves it alone has locked, another would skip, and nobody would come for it again.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('release of a sheet', :sheet))")
REFUSED = "refused:"  # before the reason, in a silent line's `silent_key`
NAMES_A_LINE = ("Escrow_BadWorkerSignature", "Escrow_BadConfirmation", "Escrow_NotEnrolled")
KEPT_BYTES = {DEVICE: 64, WALLET: 65}  # of a signature as it is kept; a passkey's is longer


async def release_batch(session: AsyncSession, payload: Payload, *, deployment: Deployment) -> None:
    """Job `release`: hand a sheet's waiting confirmations to the relayer, as one call.

    The batch is closed at once: what comes later has a job of its own (gathering.py). A second signature for a line waits
    while the first is on its way: nobody makes the relayer pay for one wage as often as they can sign. A sheet whose
    posting a reorganisation has taken back has its job when it is posted again (`outcomes.release_waiting`).
    """
    await session.execute(ONE_AT_A_TIME, {"sheet": payload["sheet"]})
    sheet = await _sheet(session, payload["sheet"])
    if sheet.state != relayed.DONE:
        return
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
    is_whole = len(waiting) < MAX_BATCH
    batch = list({each.line_index: each for each in waiting}.values())  # one signature a line is enough
    if not batch:
        return
    await _relay(session, deployment, sheet, batch)
    if not is_whole:
        await jobs.enqueue(session, "release", {"sheet": sheet.id})


async def _relay(
    session: AsyncSession, deployment: Deployment, sheet: WageSheet, batch: Sequence[Confirmation]
) -> None:
    """Ask for the release of these lines, in ascending order: together where their signatures can be packed."""
    workers = {sheet.lines[each.line_index].worker_pk for each in batch}
    on_record = {each.id: each for each in await session.scalars(select(Worker).where(Worker.id.in_(workers)))}
    packed: list[tuple[Confirmation, PackedConfirmation]] = []
    for each in batch:
        ready = _packed(each, on_record[sheet.lines[each.line_index].worker_pk], deployment)
        if ready is None:
            await _relay_alone(session, sheet, each)
        else:
            packed.append((each, ready))
    if packed:
        confirmations, tails = pack_confirmations([ready for _, ready in packed])
        rows = [row for row, _ in packed]
        call = await _call(
            session, "release", sheet, [row.line_index for row in rows], confirmations="0x" + confirmations.hex(),
            tails=["0x" + tail.hex() for tail in tails],
        )  # fmt: skip
        await relayed.hand_over(session, rows, call)


def _packed(row: Confirmation, worker: Worker, deployment: Deployment) -> PackedConfirmation | None:
    """None where `release` cannot carry it: an unusual clientDataJSON, or a signature by another kind of key than now."""
    if worker.key is None or worker.payout is None or not _is_of_kind(row.signature, worker.key):
        return None
    signature = unpack(worker.key, row.signature)
    if not can_be_packed(signature):
        return None
    return PackedConfirmation(
        worker.key, worker.payout, worker.payout == deployment.bank, row.deadline, signature
    )


def _is_of_kind(kept: bytes, key: SignerKey) -> bool:
    return len(kept) > max(KEPT_BYTES.values()) if key.assurance == PASSKEY else len(kept) == KEPT_BYTES[key.assurance]


async def _relay_alone(session: AsyncSession, sheet: WageSheet, row: Confirmation) -> None:
    """`releaseLine` asks the registry itself, so it takes every signature that the worker's present key can give."""
    call = await _call(
        session, "releaseLine", sheet, [row.line_index], deadline=row.deadline, signature="0x" + row.signature.hex()
    )
    await relayed.hand_over(session, [row], call)


async def _call(
    session: AsyncSession, function: str, sheet: WageSheet, indexes: list[int], **more: object
) -> calls.Call:
    lines = {"line" if function == "releaseLine" else "lines": sheet.packed(indexes)}
    return calls.Call(
        key=f"{function}:{uuid4()}",
        contract="WageEscrow",
        address=escrow_of(await session.get_one(Project, sheet.project_pk)),
        function=function,
        arguments={"sheetId": sheet.sheet_id, **lines, "proof": sheet.proof(indexes), **more},
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
    call = await _call(session, "releaseUnsigned", sheet, indexes)
    for index in indexes:
        sheet.lines[index].silent_key = call.key
    await calls.relay(session, call)


# ------------------------------------------------------------------ refused


async def mend_batch(session: AsyncSession, key: str, refusal: calls.Refusal, *, deployment: Deployment) -> None:
    """The chain refused a batch: leave out the line it names, and send the others again.

    A signature it does not take is tried alone once more: key or payout may have changed since we last read them, and
    `releaseLine` needs neither from us. One by somebody the registry does not know waits there: they were enrolled when it
    was accepted, so a reorganisation has taken that back, and it is on its way again. Where the chain names no line, the
    batch is halved until the one at fault is alone: nobody's signature may be refused for another's.
    """
    batch = (
        await session.scalars(
            select(Confirmation).where(Confirmation.call_key == key).order_by(Confirmation.line_index).with_for_update()
        )
    ).all()
    if not batch:
        return
    sheet = await _sheet(session, batch[0].sheet_pk)
    refused = [each for each in batch if _is_refused(each, refusal)]
    doubtful = [each for position, each in enumerate(batch) if _is_doubtful(position, refusal)]
    if not (refused or doubtful) and len(batch) > 1:
        half = len(batch) // 2
        for part in (batch[:half], batch[half:]):
            await _relay(session, deployment, sheet, part)
        return
    for each in batch:
        each.call_key, each.state = None, relayed.ACCEPTED
    for each in refused:
        each.state, each.reason = relayed.REFUSED, str(refusal)
    for each in doubtful or ([] if refused else batch):
        await _relay_alone(session, sheet, each)
    await jobs.enqueue(session, "release", {"sheet": sheet.id})


def _is_refused(row: Confirmation, refusal: calls.Refusal) -> bool:
    return refusal.error == "Escrow_Expired" and row.deadline < refusal.values[1]  # by the chain's clock


def _is_doubtful(position: int, refusal: calls.Refusal) -> bool:
    return refusal.error in NAMES_A_LINE and bool(refusal.values[0] == position)


async def mend_alone(session: AsyncSession, key: str, refusal: calls.Refusal) -> None:
    """The chain does not take this signature at all: its worker is told. Another one for the same line may wait."""
    await relayed.mark_refused(session, Confirmation, key, refusal)
    for sheet_pk in await session.scalars(select(Confirmation.sheet_pk).where(Confirmation.call_key == key)):
        await jobs.enqueue(session, "release", {"sheet": sheet_pk})


async def mend_silent(session: AsyncSession, key: str, refusal: calls.Refusal) -> None:
    """A silent worker's line was refused. One whose worker has no payout yet stays owed until they are enrolled.

    A window that is open after all, as when its sheet had to be posted again, is waited for.
    """
    lines = (await session.scalars(select(WageLine).where(WageLine.silent_key == key).order_by(WageLine.index))).all()
    for position, line in enumerate(lines):
        others = refusal.error == "Escrow_NotEnrolled" and refusal.values[0] != position
        line.silent_key = None if others or refusal.error == "Escrow_WindowOpen" else f"{REFUSED}{refusal}"
