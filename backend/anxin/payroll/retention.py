"""The end of payslips: three years after a wage was paid its text goes, and the numbers on the chain stay.

What has not been paid is kept, however old, and so is what is still in dispute. Source: 保障农民工工资支付条例 Art. 15.
"""

from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.payroll.models import WageLine, WageSheet


async def shred_payslips(
    session: AsyncSession, before: datetime, *, bank: str, disputed: Select[int, int | None, int | None]
) -> int:
    """Destroy the texts of payslips that were paid before an instant; return how many. Done again it finds none.

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
    return len(shredded.all())
