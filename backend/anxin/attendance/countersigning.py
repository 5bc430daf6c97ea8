"""Who must agree before a correction counts.

The worker's signature makes it effective. Where it can only give time, a second party's will do: the contractor's or a
labour officer's, never the proposer's own. Where it may take time away it also needs the worker: their signature, or three
days' silence after they were told. An objection ends it, and from then on silence says nothing any more about that day.
Silence leaves the worker free to dispute the wage that follows.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from anxin.attendance.corrections import digest_of, may_take_away, notice_key, tell, view
from anxin.attendance.errors import CorrectionClosed, CorrectionNotFound, OwnProposal
from anxin.attendance.models import Correction
from anxin.attendance.schemas import CorrectionView, WorkerWord
from anxin.attendance.states import COUNTERSIGNED, EFFECTIVE, OBJECTED, PROPOSED
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import WrongSigner
from anxin.core.signing import pack, recover_wallet
from anxin.core.wire import check_form, hex_bytes
from anxin.people.models import Worker
from anxin.people.service import check_signed
from anxin.projects.access import Acting
from anxin.projects.models import Project

SILENCE: Final = timedelta(days=3)
OPEN: Final = (PROPOSED, COUNTERSIGNED)

# When the message of that key was taken for delivery; None where it was not.
ToldAt = Callable[[AsyncSession, str], Awaitable[datetime | None]]


async def countersign(
    session: AsyncSession, deployment: Deployment, acting: Acting, correction_id: str, signature: str
) -> CorrectionView:
    """Keep a second party's signature. What may take time away still waits for the worker.

    Raises CorrectionNotFound, OwnProposal, WrongSigner, CorrectionClosed.
    """
    row = await _of(session, correction_id, acting.project)
    await session.get_one(Worker, row.worker_pk, with_for_update={"key_share": True})  # one of a worker's at a time
    raw = hex_bytes(signature, 65, "signature")
    if row.proposed_by == acting.address:
        raise OwnProposal()
    if recover_wallet(await digest_of(session, deployment, row), raw) != acting.address:
        raise WrongSigner(expected=acting.address)
    if row.countersigned_by is None:
        _check_open(row)
        row.countersigned_by, row.countersignature, row.countersigned_at = acting.address, raw, now()
        row.state, row.takes_away = COUNTERSIGNED, await may_take_away(session, row)
        if not row.takes_away:
            await _take_effect(session, row)
    return await view(session, deployment, row)


async def worker_signs(
    session: AsyncSession, deployment: Deployment, correction_id: str, word: WorkerWord
) -> CorrectionView:
    """Keep the worker's signature: the correction is effective. The signature alone says who sends it.

    Raises CorrectionNotFound, HighS, NotEnrolled, WrongKey, CorrectionClosed.
    """
    row = await _of(session, correction_id, None)
    check_form(word.signature)
    worker = await session.get_one(Worker, row.worker_pk)
    check_signed(deployment, worker, await digest_of(session, deployment, row), word.signature)
    if row.worker_signed_at is None:
        _check_open(row)
        row.worker_signature, row.worker_signed_at = pack(word.signature), now()
        await _take_effect(session, row)
    return await view(session, deployment, row)


async def object_to(session: AsyncSession, deployment: Deployment, worker: Worker, correction_id: str) -> CorrectionView:
    """The worker does not agree: the correction is over. It binds nobody to anything, so a session will do.

    Raises CorrectionNotFound, CorrectionClosed.
    """
    row = await _of(session, correction_id, None)
    if row.worker_pk != worker.id:
        raise CorrectionNotFound(correction=correction_id)
    if row.state != OBJECTED:
        _check_open(row)
        row.state, row.closed_at = OBJECTED, now()
    return await view(session, deployment, row)


async def effect_silent(session: AsyncSession, _: datetime, *, told_at: ToldAt) -> None:
    """What was countersigned, told to the worker three days ago, and not objected to, is effective: marked as by silence.

    The clock is the server's, and starts when the message was taken for delivery: who was not told has not been silent.
    """
    other = aliased(Correction)
    objected_to = exists().where(
        other.project_pk == Correction.project_pk, other.worker_pk == Correction.worker_pk, other.day == Correction.day,
        other.state == OBJECTED,
    )  # fmt: skip
    waiting = await session.scalars(
        select(Correction)
        .where(Correction.state == COUNTERSIGNED, Correction.proposed_at < now() - SILENCE, ~objected_to)
        .with_for_update(skip_locked=True)
    )
    for row in waiting:
        told = await told_at(session, notice_key(row, PROPOSED))
        if told is not None and told < now() - SILENCE:
            row.by_silence = True
            await _take_effect(session, row)


async def _take_effect(session: AsyncSession, row: Correction) -> None:
    row.state, row.closed_at = EFFECTIVE, now()
    await tell(session, row)


async def _of(session: AsyncSession, correction_id: str, project: Project | None) -> Correction:
    row = await session.get(Correction, hex_bytes(correction_id, 32, "correctionId"), with_for_update=True)
    if row is None or (project is not None and row.project_pk != project.id):
        raise CorrectionNotFound(correction=correction_id)
    return row


def _check_open(row: Correction) -> None:
    if row.state not in OPEN:
        raise CorrectionClosed(correction="0x" + row.correction_id.hex(), state=row.state)
