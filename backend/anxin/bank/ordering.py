"""Ordering what is due: a project's wages of a payday become one pain.001, kept with its bytes before the bank sees it.

A wage that cannot go out is held back with its reason, and the others go: looked at again when what it lacks may be there.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.answers import Expected, expected_of
from anxin.bank.iso20022 import CHINA, Account, BankProfile, Credit, Debit, Initiation, problems_of, write_pain001
from anxin.bank.payment_models import DUE, ORDERED, READY, REFUSED, BankOrder, BankPayment, WageAccount
from anxin.core.clock import SITE_ZONE, now
from anxin.core.database import Sessions, transaction
from anxin.payroll.models import WageSheet
from anxin.people import openings
from anxin.people.models import Worker
from anxin.people.openings import Opener
from anxin.projects.models import Project

MAX_PAYMENTS: Final = 1000  # in one message: less than any bank takes, and done in a second
LOOKED_AT_AGAIN: Final = timedelta(minutes=10)
NO_WAGE_ACCOUNT, NO_ACCOUNT, BAD_ACCOUNT, BAD_NAME, NOT_SENDABLE = (
    "no-wage-account", "no-account", "bad-account", "bad-name", "not-sendable",
)  # fmt: skip
WHY_OPENED: Final = "工资代发 wage payment"
_HELD_BY_FIELD: Final = {"Cdtr/Nm": BAD_NAME, "CdtrAcct": BAD_ACCOUNT}


@dataclass(frozen=True)
class Payday:
    """A project's payments that are due on one day."""

    project: Project
    due_on: date
    payments: Sequence[BankPayment]


async def order_due(sessions: Sessions, bank_name: str, *, wait: timedelta, profile: BankProfile = CHINA) -> bool:
    """Order one project's wages of one payday. Return whether there were any: then there may be more.

    Args:
        wait: how long the first of them waits for company; a whole message waits for none.
    """
    async with transaction(sessions) as session:
        payday = await _next_payday(session, wait)
        if payday is None:
            return False
        account = await session.get(WageAccount, payday.project.id)
        if account is None:
            _hold(payday.payments, NO_WAGE_ACCOUNT)
            return True
        debits = await _debits(session, payday, account, bank_name, profile)
        if debits:
            await _keep_order(session, payday, account, bank_name, debits, profile)
        return True


async def _next_payday(session: AsyncSession, wait: timedelta) -> Payday | None:
    at = now()
    today = at.astimezone(SITE_ZONE).date()
    due = (
        BankPayment.state == DUE, BankPayment.closed_at.is_(None), BankPayment.unreleased_at.is_(None),
        BankPayment.reference.is_not(None), BankPayment.due_on <= today,
        or_(BankPayment.looked_at.is_(None), BankPayment.looked_at < at - LOOKED_AT_AGAIN),
    )  # fmt: skip
    enough = or_(func.min(BankPayment.created_at) <= at - wait, func.count() >= MAX_PAYMENTS)
    place = (
        await session.execute(
            select(BankPayment.project_pk, BankPayment.due_on)
            .where(*due)
            .group_by(BankPayment.project_pk, BankPayment.due_on)
            .having(enough)
            .order_by(BankPayment.due_on, BankPayment.project_pk)
            .limit(1)
        )
    ).first()
    if place is None:
        return None
    project_pk, due_on = place
    mine = select(BankPayment).where(*due, BankPayment.project_pk == project_pk, BankPayment.due_on == due_on)
    payments = await session.scalars(
        mine.order_by(BankPayment.kind.desc(), BankPayment.number, BankPayment.line_index)
        .limit(MAX_PAYMENTS)
        .with_for_update(skip_locked=True)
    )
    return Payday(await session.get_one(Project, project_pk), due_on, payments.all())


def _hold(payments: Sequence[BankPayment], why: str) -> None:
    for payment in payments:
        payment.held, payment.looked_at = why, now()


async def _debits(
    session: AsyncSession, payday: Payday, account: WageAccount, bank_name: str, profile: BankProfile
) -> dict[str, Debit]:
    """Return what can be paid, by reference; the rest is held. Whose name and account go to the bank is kept for them."""
    ids = {payment.worker_id for payment in payday.payments}
    workers = {each.worker_id: each for each in await session.scalars(select(Worker).where(Worker.worker_id.in_(ids)))}
    months = await _months(session, payday)
    opener = Opener("", "bank", bank_name, payday.project.name)
    today = now().astimezone(SITE_ZONE).date()
    debits = {}
    for payment in payday.payments:
        worker = workers.get(payment.worker_id)
        if worker is None or not worker.bank_account or payment.reference is None:
            _hold([payment], NO_ACCOUNT)
            continue
        creditor = Account(worker.name or "", worker.bank_account)
        month = months.get(payment.number, "") if payment.kind == "line" else ""
        credit = Credit(payment.reference, creditor, payment.amount_fen, f"工资 {month}".strip())
        debit = Debit(Account(account.name, account.number, account.bank), max(payday.due_on, today), credit)
        problems = problems_of(debit, profile)
        if problems:
            _hold([payment], _HELD_BY_FIELD.get(problems[0][0], NOT_SENDABLE))
            continue
        debits[payment.reference] = debit
        openings.keep(session, worker, "bankAccount", WHY_OPENED, opener)
        openings.keep(session, worker, "name", WHY_OPENED, opener)
    return debits


async def _months(session: AsyncSession, payday: Payday) -> dict[int, str]:
    """What the workers read on their statements: the month of each sheet."""
    sheets = await session.execute(
        select(WageSheet.sheet_id, WageSheet.first_day).where(
            WageSheet.project_pk == payday.project.id,
            WageSheet.sheet_id.in_({each.number for each in payday.payments if each.kind == "line"}),
        )
    )
    return {sheet_id: first_day.strftime("%Y-%m") for sheet_id, first_day in sheets if sheet_id is not None}


async def _keep_order(
    session: AsyncSession, payday: Payday, account: WageAccount, bank_name: str, debits: dict[str, Debit],
    profile: BankProfile,
) -> None:  # fmt: skip
    at = now()
    content, expected = await asyncio.to_thread(_written, account.name, at, tuple(debits.values()), profile)
    first = next(iter(expected.values()))
    order = {
        "project_pk": payday.project.id, "bank": bank_name, "message_id": first.message_id, "block_id": first.block_id,
        "payday": payday.due_on, "content": content.decode(), "payments": len(debits), "state": READY, "attempts": 0,
        "total_fen": sum(each.amount_fen for each in expected.values()), "created_at": at,
    }  # fmt: skip
    order_pk = await session.scalar(_insert_order(order))
    if order_pk is None:
        raise RuntimeError(f"the payments of order {first.message_id} were ordered before")
    for payment in payday.payments:
        if payment.reference in debits:
            payment.state, payment.order_pk, payment.ordered_at = ORDERED, order_pk, at
            payment.held = payment.looked_at = None


def _insert_order(order: dict[str, Any]) -> Any:
    """The same payments from the same account are the same message: only one that was refused is made again."""
    made = insert(BankOrder).values(**order)
    again = {**order, "reason": None, "attempted_at": None, "submitted_at": None, "answered_at": None}
    return made.on_conflict_do_update(
        index_elements=[BankOrder.message_id], set_=again, where=BankOrder.state == REFUSED
    ).returning(BankOrder.id)


def _written(
    initiator: str, at: datetime, debits: tuple[Debit, ...], profile: BankProfile
) -> tuple[bytes, dict[str, Expected]]:
    content = write_pain001(Initiation(initiator, at, debits), profile)
    return content, expected_of(content)
