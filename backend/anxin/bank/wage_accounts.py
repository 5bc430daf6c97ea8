"""The account a project's wages are paid from, as its contractor names it. Without one its wages wait."""

import re

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.deposit_references import deposit_reference
from anxin.bank.errors import BadWageAccount, NoRefusedOrder
from anxin.bank.iso20022 import Account, account_problems
from anxin.bank.payment_models import DUE, ORDERED, READY, REFUSED, BankOrder, BankPayment, WageAccount
from anxin.bank.payment_schemas import NewWageAccount, WageAccountView
from anxin.core.clock import now
from anxin.projects.access import Acting


async def set_wage_account(session: AsyncSession, acting: Acting, given: NewWageAccount) -> WageAccountView:
    """Keep the account. What waited for one is ordered from it; so is what a bank refused to pay from another.

    Setting it again to the same changes nothing. Raises BadWageAccount.
    """
    account = Account(given.name.strip(), re.sub(r"[\s-]", "", given.number), given.bank)
    for field, problem in account_problems("Dbtr", account):
        if problem:
            raise BadWageAccount(field=field, problem=problem)
    project_pk = acting.project.id
    known = await session.get(WageAccount, project_pk, with_for_update=True)
    if known is None or (known.name, known.number, known.bank) != (account.name, account.number, account.bank):
        said = {
            "name": account.name, "number": account.number, "bank": account.bank, "set_by": acting.address, "set_at": now(),
        }  # fmt: skip
        kept = insert(WageAccount).values(project_pk=project_pk, **said)
        await session.execute(kept.on_conflict_do_update(index_elements=[WageAccount.project_pk], set_=said))
        await _order_anew(session, project_pk)
        if known is not None:
            await session.refresh(known)
    return await view(session, acting)


async def _order_anew(session: AsyncSession, project_pk: int) -> None:
    """The bank paid nothing of what it refused: those wages are due, as is what was held back."""
    refused = select(BankOrder.id).where(BankOrder.project_pk == project_pk, BankOrder.state == REFUSED)
    await session.execute(
        update(BankPayment)
        .where(BankPayment.order_pk.in_(refused), BankPayment.state == ORDERED, BankPayment.closed_at.is_(None))
        .values(state=DUE, order_pk=None, ordered_at=None)
    )
    waiting = (BankPayment.project_pk == project_pk, BankPayment.state == DUE, BankPayment.reference.is_not(None))
    await session.execute(update(BankPayment).where(*waiting).values(looked_at=None, held=None))


async def view(session: AsyncSession, acting: Acting) -> WageAccountView:
    account = await session.get(WageAccount, acting.project.id)
    escrow = acting.project.escrow
    reference = str(deposit_reference(escrow)) if escrow is not None else ""
    if account is None:
        return WageAccountView(known=False, deposit_reference=reference)
    return WageAccountView(
        True, account.name, f"…{account.number[-4:]}", account.bank, account.set_by, account.set_at, reference
    )


async def hand_in_again(session: AsyncSession, acting: Acting, message_id: str) -> None:
    """Hand a refused order in again as it is: what was wrong was wrong at the bank. Raises NoRefusedOrder."""
    found = await session.scalar(
        update(BankOrder)
        .where(
            BankOrder.project_pk == acting.project.id, BankOrder.message_id == message_id, BankOrder.state == REFUSED,
            select(BankPayment.id).where(BankPayment.order_pk == BankOrder.id).exists(),
        )
        .values(state=READY, reason=None, attempted_at=None)
        .returning(BankOrder.id)
    )  # fmt: skip
    if found is None:
        raise NoRefusedOrder(order=message_id)
