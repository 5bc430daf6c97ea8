"""What a project's parties see of its wages at the bank: no names, no account numbers, and no words of the bank's."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.payment_models import BankOrder, BankPayment
from anxin.bank.payment_schemas import OrderView, PaymentState, PaymentsView, PaymentView
from anxin.bank.trail import reason_of
from anxin.core.clock import SITE_ZONE
from anxin.core.exports import MAX_ROWS, Titles
from anxin.core.language import Language
from anxin.core.tables import Cell
from anxin.projects.models import Project

MAX_SHOWN: Final = 500
NAME: Final[dict[Language, str]] = {"zh": "银行代发", "en": "bank payments"}
TITLES: Final[Titles] = {
    "zh": (
        "类别", "工资表/争议", "行", "次", "付款编号", "金额（分）", "应付日", "状态", "原因", "提交", "入账", "拒付",
        "退回", "上链结果", "上链时间",
    ),
    "en": (
        "kind", "sheet or dispute", "line", "attempt", "reference", "amount (fen)", "due on", "state", "reason",
        "submitted", "booked", "rejected", "returned", "on chain", "on chain at",
    ),
}  # fmt: skip


async def payments_of(
    session: AsyncSession, project: Project, state: PaymentState | None, language: Language
) -> PaymentsView:
    """Return counts, orders and payments of a project, at most `MAX_SHOWN` of each."""
    counted = await session.execute(
        select(BankPayment.state, func.count())
        .where(BankPayment.project_pk == project.id, BankPayment.closed_at.is_(None))
        .group_by(BankPayment.state)
    )
    orders = await session.scalars(
        select(BankOrder).where(BankOrder.project_pk == project.id).order_by(BankOrder.id.desc()).limit(MAX_SHOWN)
    )
    return PaymentsView(
        {row[0]: row[1] for row in counted}, [_order(each) for each in orders],
        await _payments(session, project, state, language, MAX_SHOWN),
    )  # fmt: skip


async def table_of(session: AsyncSession, project: Project, language: Language) -> Sequence[Sequence[Cell]]:
    """Return every payment as a row, one more than may be exported where there are more."""
    return [_row(each) for each in await _payments(session, project, None, language, MAX_ROWS + 1)]


async def _payments(
    session: AsyncSession, project: Project, state: PaymentState | None, language: Language, limit: int
) -> list[PaymentView]:
    chosen = [BankPayment.project_pk == project.id]
    if state is not None:
        chosen += [BankPayment.state == state, BankPayment.closed_at.is_(None)]
    found = await session.execute(
        select(BankPayment, BankOrder.state)
        .outerjoin(BankOrder, BankOrder.id == BankPayment.order_pk)
        .where(*chosen)
        .order_by(BankPayment.id.desc())
        .limit(limit)
    )
    return [_payment(payment, order_state, language) for payment, order_state in found]


def _order(each: BankOrder) -> OrderView:
    return OrderView(
        each.message_id, each.payday, each.state, each.payments, each.total_fen, each.reason or "", each.created_at,
        each.submitted_at,
    )  # fmt: skip


def _payment(each: BankPayment, order_state: str | None, language: Language) -> PaymentView:
    return PaymentView(
        each.kind, each.number, each.line_index, each.attempt, each.reference or "", each.amount_fen, each.due_on,
        each.state, reason_of(each, order_state, language), each.ordered_at, each.submitted_at, each.booked_at,
        each.rejected_at, each.returned_at, each.closed_as, each.closed_at,
    )  # fmt: skip


def _row(each: PaymentView) -> Sequence[Cell]:
    times = (each.submitted_at, each.booked_at, each.rejected_at, each.returned_at)
    return (
        each.kind, each.number, each.index, each.attempt, each.reference, each.amount_fen, each.due_on, each.state,
        each.reason, *(at and at.astimezone(SITE_ZONE) for at in times), each.closed_as,
        each.closed_at and each.closed_at.astimezone(SITE_ZONE),
    )  # fmt: skip
