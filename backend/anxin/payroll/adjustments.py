"""What a party enters to be taken from a wage or added to it: listed kinds only, with a reason, never changed afterwards."""

from datetime import date

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import now
from anxin.core.wire import hex_bytes
from anxin.payroll.compile import lock_project
from anxin.payroll.deductions import DeductionKind
from anxin.payroll.errors import (
    AdjustmentConflict,
    AdjustmentUnknown,
    AdjustmentUsed,
    BadPeriod,
    DeductionNotListed,
    NotOnRoster,
    ReceiptNeeded,
)
from anxin.payroll.inputs import BACK_PAY
from anxin.payroll.models import (
    WITHDRAWN,
    Adjustment,
    AdjustmentRevocation,
    AppliedAdjustment,
    TaxTreatment,
    WageSheet,
)
from anxin.payroll.schemas import AdjustmentRequest, AdjustmentView, TaxTreatmentRequest, TaxTreatmentView
from anxin.projects.access import Acting
from anxin.projects.models import Membership, RosterEntry

LISTED = (*DeductionKind, BACK_PAY)


async def enter(session: AsyncSession, acting: Acting, key: str, asked: AdjustmentRequest) -> AdjustmentView:
    """Enter something to be taken or added, once per `key`.

    Raises DeductionNotListed, ReceiptNeeded, BadPeriod, NotOnRoster, AdjustmentConflict.
    """
    if asked.kind not in LISTED:
        raise DeductionNotListed(kind=asked.kind, listed=", ".join(LISTED))
    if asked.kind == DeductionKind.ADVANCE and asked.receipt_hash is None:
        raise ReceiptNeeded()
    if asked.kind == BACK_PAY:
        _check_period(asked.first_day, asked.last_day)
    worker_pk = await _member(session, acting, asked.worker_no)
    receipt = None if asked.receipt_hash is None else hex_bytes(asked.receipt_hash, 32, "receiptHash")
    await session.execute(
        insert(Adjustment)
        .values(
            project_pk=acting.project.id, worker_pk=worker_pk, key=key, kind=asked.kind, amount_fen=asked.amount_fen,
            on_day=asked.on_day, first_day=asked.first_day, last_day=asked.last_day, reason=asked.reason,
            receipt_hash=receipt, entered_by=acting.address, entered_at=now(),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    (kept,) = await _rows(session, acting, key)
    asked_again = (kept.worker_no, kept.kind, kept.amount_fen, kept.on_day, kept.reason)
    if asked_again != (asked.worker_no, asked.kind, asked.amount_fen, asked.on_day, asked.reason):
        raise AdjustmentConflict(key=key)
    return kept


def _check_period(first_day: date | None, last_day: date | None) -> None:
    if first_day is None or last_day is None or first_day > last_day:
        raise BadPeriod(first_day=str(first_day), last_day=str(last_day), most_days="—")


async def revoke(session: AsyncSession, acting: Acting, key: str, reason: str) -> AdjustmentView:
    """Take an entry back before any sheet has it. Raises AdjustmentUnknown, AdjustmentUsed."""
    await lock_project(session, acting.project)
    found = await _rows(session, acting, key)
    if not found:
        raise AdjustmentUnknown(key=key)
    entry_pk = await session.scalar(
        select(Adjustment.id).where(Adjustment.project_pk == acting.project.id, Adjustment.key == key)
    )
    used = await session.scalar(
        select(WageSheet.id)
        .join(AppliedAdjustment, AppliedAdjustment.sheet_pk == WageSheet.id)
        .where(AppliedAdjustment.adjustment_pk == entry_pk, WageSheet.state != WITHDRAWN)
        .limit(1)
    )
    if used is not None:
        raise AdjustmentUsed(key=key, sheet=used)
    await session.execute(
        insert(AdjustmentRevocation)
        .values(adjustment_pk=entry_pk, reason=reason, revoked_by=acting.address, revoked_at=now())
        .on_conflict_do_nothing()
    )
    return (await _rows(session, acting, key))[0]


async def list_all(session: AsyncSession, acting: Acting) -> list[AdjustmentView]:
    """All entries of the project, or of a subcontractor's own workers, newest first."""
    return await _rows(session, acting)


async def treat_tax(session: AsyncSession, acting: Acting, worker_no: str, asked: TaxTreatmentRequest) -> None:
    """Record how a worker's pay is taxed from a day on. Raises NotOnRoster."""
    worker_pk = await _member(session, acting, worker_no)
    latest = await session.scalar(
        select(TaxTreatment.treatment)
        .where(
            TaxTreatment.project_pk == acting.project.id, TaxTreatment.worker_pk == worker_pk,
            TaxTreatment.from_day == asked.from_day,
        )
        .order_by(TaxTreatment.entered_at.desc())
        .limit(1)
    )  # fmt: skip
    if latest != asked.treatment:
        session.add(
            TaxTreatment(
                project_pk=acting.project.id, worker_pk=worker_pk, from_day=asked.from_day, entered_at=now(),
                treatment=asked.treatment, entered_by=acting.address,
            )
        )  # fmt: skip


async def list_treatments(session: AsyncSession, acting: Acting) -> list[TaxTreatmentView]:
    """What was said of the project's contracts, or of a subcontractor's own workers'; of one day the last that was said."""
    said = (
        select(TaxTreatment, RosterEntry.worker_no)
        .join(
            RosterEntry,
            (RosterEntry.project_pk == TaxTreatment.project_pk) & (RosterEntry.worker_pk == TaxTreatment.worker_pk),
        )
        .where(TaxTreatment.project_pk == acting.project.id)
        .ext(distinct_on(RosterEntry.worker_no, TaxTreatment.from_day))
        .order_by(RosterEntry.worker_no, TaxTreatment.from_day.desc(), TaxTreatment.entered_at.desc())
    )
    if acting.role == "subcontractor":
        said = said.where(TaxTreatment.worker_pk.in_(_own_workers(acting)))
    return [
        TaxTreatmentView(
            worker_no=worker_no, treatment="labour-service" if row.treatment == "labour-service" else "wages",
            from_day=row.from_day, entered_by=row.entered_by, entered_at=row.entered_at,
        )
        for row, worker_no in await session.execute(said)
    ]  # fmt: skip


def _own_workers(acting: Acting) -> Select[int]:
    return select(Membership.worker_pk).where(
        Membership.project_pk == acting.project.id, Membership.employer == acting.address
    )


async def _member(session: AsyncSession, acting: Acting, worker_no: str) -> int:
    """Return the worker of this number; of a subcontractor, only its own. Raises NotOnRoster."""
    statement = (
        select(Membership.worker_pk)
        .join(
            RosterEntry,
            (RosterEntry.project_pk == Membership.project_pk) & (RosterEntry.worker_pk == Membership.worker_pk),
        )
        .where(Membership.project_pk == acting.project.id, RosterEntry.worker_no == worker_no)
    )
    if acting.role == "subcontractor":
        statement = statement.where(Membership.employer == acting.address)
    worker_pk: int | None = await session.scalar(statement)
    if worker_pk is None:
        raise NotOnRoster(worker_no=worker_no)
    return worker_pk


async def _rows(session: AsyncSession, acting: Acting, key: str | None = None) -> list[AdjustmentView]:
    applied = (
        select(func.coalesce(func.sum(AppliedAdjustment.amount_fen), 0))
        .join(WageSheet, WageSheet.id == AppliedAdjustment.sheet_pk)
        .where(AppliedAdjustment.adjustment_pk == Adjustment.id, WageSheet.state != WITHDRAWN)
        .scalar_subquery()
    )
    statement = (
        select(Adjustment, RosterEntry.worker_no, applied, AdjustmentRevocation.adjustment_pk)
        .join(
            RosterEntry,
            (RosterEntry.project_pk == Adjustment.project_pk) & (RosterEntry.worker_pk == Adjustment.worker_pk),
        )
        .outerjoin(AdjustmentRevocation, AdjustmentRevocation.adjustment_pk == Adjustment.id)
        .where(Adjustment.project_pk == acting.project.id, *([] if key is None else [Adjustment.key == key]))
        .order_by(Adjustment.id.desc())
    )
    if acting.role == "subcontractor":
        statement = statement.where(Adjustment.worker_pk.in_(_own_workers(acting)))
    rows = await session.execute(statement)
    return [_view(entry, number, int(taken), revoked is not None) for entry, number, taken, revoked in rows]


def _view(entry: Adjustment, worker_no: str, applied_fen: int, is_revoked: bool) -> AdjustmentView:
    state = "revoked" if is_revoked else "taken" if applied_fen >= entry.amount_fen else "open"
    return AdjustmentView(
        key=entry.key, worker_no=worker_no, kind=entry.kind, amount_fen=entry.amount_fen, applied_fen=applied_fen,
        on_day=entry.on_day, first_day=entry.first_day, last_day=entry.last_day, reason=entry.reason,
        receipt_hash=None if entry.receipt_hash is None else "0x" + entry.receipt_hash.hex(), entered_by=entry.entered_by,
        entered_at=entry.entered_at, state=state,
    )  # fmt: skip
