"""Reminding a worker who has not signed, while there is still time to say that it is too low."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, String, cast, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.models import Message
from anxin.alerts.service import tell
from anxin.alerts.texts import short_name
from anxin.core import relayed
from anxin.core.money import yuan
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Worker
from anxin.projects.models import Project

BEFORE: Final = timedelta(days=1)  # or half of the window, where that is shorter
MAX_REMINDERS: Final = 256  # a stretch of blocks; the next one goes on

Signed = Sequence[type[Any]]  # tables of what workers sign of a line: sheet_pk, line_index, state


async def remind_unconfirmed(session: AsyncSession, chain_time: datetime, *, signed: Signed) -> None:
    """Once per final stretch: whoever has neither confirmed nor contested a line is reminded, once, by the chain's clock."""
    ends = WageSheet.posted_at + Project.objection_window_seconds * timedelta(seconds=1)
    half = Project.objection_window_seconds * timedelta(seconds=0.5)
    due = (
        select(WageLine, Project, Worker, ends)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .join(Project, Project.id == WageSheet.project_pk)
        .join(Worker, Worker.id == WageLine.worker_pk)
        .where(
            WageSheet.state == relayed.DONE, ends > chain_time, ends - func.least(BEFORE, half) <= chain_time,
            WageLine.released_tx.is_(None), WageLine.silent_key.is_(None), *(~_has(table) for table in signed),
            ~exists().where(Message.key == _key()),
        )
        .order_by(WageSheet.id, WageLine.index)
        .limit(MAX_REMINDERS)
    )  # fmt: skip
    for line, project, worker, until in (await session.execute(due)).all():
        await tell(
            session, worker, "please_confirm", f"{line.sheet_pk}:{line.index}", escrow=project.escrow,
            project=short_name(project.name), amount=yuan(line.amount_fen), days=line.day_mask.bit_count(), until=until,
        )  # fmt: skip


def _has(table: type[Any]) -> ColumnElement[bool]:
    return exists().where(
        table.sheet_pk == WageLine.sheet_pk, table.line_index == WageLine.index, table.state != relayed.REFUSED
    )


def _key() -> ColumnElement[str]:
    """As `tell` writes it."""
    return literal("please_confirm:") + cast(WageLine.sheet_pk, String) + ":" + cast(WageLine.index, String)
