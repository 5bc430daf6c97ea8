"""The end of payslips: three years after a wage was paid its text goes, and the numbers on the chain stay.

What has not been paid is kept, however old, and so is what is still in dispute. The reasons of what was taken or added go
with the last payslip that names them. Source: 保障农民工工资支付条例 Art. 15.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.payroll.models import (
    WITHDRAWN,
    Adjustment,
    AdjustmentRevocation,
    AppliedAdjustment,
    WageLine,
    WageSheet,
)
from anxin.projects.models import Project


async def shred_payslips(
    session: AsyncSession, before: datetime, *, bank: str, disputed: Select[int, int | None, int | None]
) -> int:
    """Destroy the texts of payslips that were paid before an instant, and the reasons that only they named.

    Returns how many payslips. Done again it finds none.

    Args:
        bank: 0x address of BankPayout: what was released to it is paid once the bank has said so.
        disputed: (project, sheet id, line index) of lines that somebody still argues about.
    """
    paid_at = func.coalesce(WageLine.settled_at, WageLine.released_at)
    is_paid = or_(WageLine.settled_at.is_not(None), WageLine.released_payout != bank.lower())
    argued = (
        select(WageSheet.id)
        .where(
            WageSheet.id == WageLine.sheet_pk,
            tuple_(WageSheet.project_pk, WageSheet.sheet_id, WageLine.index).in_(disputed),
        )
        .exists()
    )
    shredded = await session.scalars(
        update(WageLine)
        .where(and_(WageLine.payslip.is_not(None), paid_at < before, is_paid, ~argued))
        .values(payslip=None)
        .returning(WageLine.index)
    )
    count = len(shredded.all())
    await _shred_reasons(session, before)
    return count


async def _shred_reasons(session: AsyncSession, before: datetime) -> None:
    """Destroy the reasons of entries that no payslip names any more, nor will, and of those revoked before an instant."""
    over = or_(_is_over(before), AdjustmentRevocation.revoked_at < before)
    rows = await session.execute(
        select(Adjustment.id, Adjustment.reason, AdjustmentRevocation.reason)
        .outerjoin(AdjustmentRevocation, AdjustmentRevocation.adjustment_pk == Adjustment.id)
        .where(over)
    )
    told = [entry for entry, reason, why_revoked in rows if reason or why_revoked]  # no two seals are alike: looked at here
    await session.execute(update(Adjustment).where(Adjustment.id.in_(told)).values(reason=""))
    revocations = update(AdjustmentRevocation).where(AdjustmentRevocation.adjustment_pk.in_(told))
    await session.execute(revocations.values(reason=""))


def _is_over(before: datetime) -> ColumnElement[bool]:
    """That an entry's payslips are gone, and none is to come: it is taken whole, or its project ended before an instant."""
    applied = (
        select(func.coalesce(func.sum(AppliedAdjustment.amount_fen), 0))
        .join(WageSheet, WageSheet.id == AppliedAdjustment.sheet_pk)
        .where(AppliedAdjustment.adjustment_pk == Adjustment.id, WageSheet.state != WITHDRAWN)
    )
    on_line = and_(WageLine.sheet_pk == AppliedAdjustment.sheet_pk, WageLine.index == AppliedAdjustment.line_index)
    still_read = applied.join(WageLine, on_line).where(WageLine.payslip.is_not(None)).with_only_columns(WageLine.index)
    ended = select(Project.id).where(Project.closed_at < before)
    is_whole = applied.scalar_subquery() >= Adjustment.amount_fen
    return and_(~still_read.exists(), or_(is_whole, Adjustment.project_pk.in_(ended)))
