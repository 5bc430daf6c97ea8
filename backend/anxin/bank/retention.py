"""The end of what is kept of payments: names and account numbers in orders and answers, once the law does not ask for them.

What was paid, when and under which reference stays: it is nobody's without them.
Source: 保障农民工工资支付条例 Art. 15 (bank proof, 3 years).
"""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.payment_models import ANSWERED, REFUSED, BankFile, BankOrder, BankPayment


async def shred_bank_files(session: AsyncSession, before: datetime) -> None:
    """Shred the orders that are over, and the files, of before an instant. Done again it finds nothing."""
    over = (BankOrder.created_at < before, BankOrder.state.in_((ANSWERED, REFUSED)), BankOrder.content.is_not(None))
    await session.execute(update(BankOrder).where(*over).values(content=None, reason=None))
    await session.execute(
        update(BankFile).where(BankFile.received_at < before, BankFile.content.is_not(None)).values(content=None)
    )
    await session.execute(
        update(BankPayment)
        .where(BankPayment.closed_at < before, BankPayment.reason_text.is_not(None))
        .values(reason_text=None)
    )
