"""What is late, and what the law could add to it: for the bureau's eyes, charged to nobody."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.clock import SITE_ZONE, now
from anxin.payroll.models import WageLine, WageSheet
from anxin.payroll.read import worker_no_of
from anxin.payroll.schemas import LatePay, LatePayList
from anxin.projects.models import Project


async def late_pay(session: AsyncSession, project: Project, bank: str) -> LatePayList:
    """Return the lines that were not paid by their payday, oldest first. What the bank holds is not paid yet."""
    today = now().astimezone(SITE_ZONE).date()
    rows = await session.execute(
        select(WageSheet, WageLine)
        .join(WageLine, WageLine.sheet_pk == WageSheet.id)
        .where(WageSheet.project_pk == project.id, WageSheet.state == relayed.DONE, WageSheet.payday < today)
        .order_by(WageSheet.payday, WageSheet.sheet_id, WageLine.index)
    )
    lines = [_late(sheet, line, today) for sheet, line in rows if not is_paid(line, bank)]
    return LatePayList(
        lines, sum(line.amount_fen for line in lines), sum(line.least_surcharge_fen for line in lines),
        sum(line.most_surcharge_fen for line in lines),
    )  # fmt: skip


def is_paid(line: WageLine, bank: str) -> bool:
    """Whether the worker has the money: where the bank pays, only its receipt says so."""
    return line.settled_at is not None if line.released_payout == bank else line.released_at is not None


def _late(sheet: WageSheet, line: WageLine, today: date) -> LatePay:
    return LatePay(
        sheet_id=sheet.sheet_id or 0, index=line.index, worker_no=worker_no_of(line), payday=sheet.payday,
        days_late=(today - sheet.payday).days, amount_fen=line.amount_fen,
        least_surcharge_fen=(line.amount_fen + 1) // 2, most_surcharge_fen=line.amount_fen,
    )  # fmt: skip
