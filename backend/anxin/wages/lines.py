"""A worker's lines as their phone shows them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.clock import days_in
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Worker
from anxin.projects.models import Project
from anxin.projects.service import escrow_of
from anxin.wages.models import Confirmation, Contest
from anxin.wages.schemas import Coverage, MyContest, MyLine, Trail
from anxin.wages.trails import Source, trails_by_line

CONFIRM_WITHIN = timedelta(days=90)

Signed = TypeVar("Signed", Confirmation, Contest)
ReadCoverage = Callable[[AsyncSession, str], Awaitable[Coverage]]


async def my_lines(
    session: AsyncSession, source: Source, worker: Worker, read_coverage: ReadCoverage
) -> list[MyLine]:
    """Posted lines of this worker on all projects, newest first."""
    rows = await session.execute(
        select(WageLine, WageSheet, Project)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(WageLine.worker_pk == worker.id, WageSheet.state == relayed.DONE)
        .order_by(WageSheet.last_day.desc(), WageSheet.id.desc())
    )
    found = [(line, sheet, project, await _latest(session, Confirmation, line)) for line, sheet, project in rows.all()]
    trails = await trails_by_line(
        session, source, [(escrow_of(project), sheet, line, word) for line, sheet, project, word in found]
    )
    return [
        _view(
            line,
            sheet,
            project,
            await read_coverage(session, escrow_of(project)),
            word,
            await _latest(session, Contest, line),
            trails[escrow_of(project), (sheet.number, line.index)],
            source.bank,
        )
        for line, sheet, project, word in found
    ]


async def _latest(session: AsyncSession, table: type[Signed], line: WageLine) -> Signed | None:
    found: Signed | None = await session.scalar(
        select(table)
        .where(table.sheet_pk == line.sheet_pk, table.line_index == line.index)
        .order_by(table.received_at.desc())
        .limit(1)
    )
    return found


def _view(
    line: WageLine,
    sheet: WageSheet,
    project: Project,
    coverage: Coverage,
    confirmation: Confirmation | None,
    contest: Contest | None,
    trail: Trail,
    bank: str,
) -> MyLine:
    posted_at = sheet.posted_at
    assert posted_at is not None  # noqa: S101 - a final sheet has its time
    return MyLine(
        escrow=escrow_of(project),
        sheet_id=sheet.number,
        index=line.index,
        project_name=project.name,
        contractor_name=project.contractor_name,
        first_day=sheet.first_day,
        last_day=sheet.last_day,
        payday=sheet.payday,
        days=days_in(line.day_mask, sheet.first_day),
        day_mask=line.day_mask,
        amount_fen=line.amount_fen,
        payslip_hash="0x" + line.payslip_hash.hex(),
        payslip=line.payslip or "",
        deadline=int(((line.returned_at or posted_at) + CONFIRM_WITHIN).timestamp()),
        coverage=coverage,
        state=_state(line, confirmation),
        assurance=line.released_assurance,
        tx_hash=line.released_tx or (confirmation.tx_hash if confirmation else None),
        released_at=line.released_at,
        to_bank=line.released_payout == bank,
        settled_at=line.settled_at,
        settled_tx=line.settled_tx,
        returned_at=line.returned_at,
        reason=confirmation.reason if confirmation else None,
        contest=None if contest is None else _contest(line, contest),
        trail=trail,
    )


def _state(line: WageLine, confirmation: Confirmation | None) -> str:
    if line.released_tx is not None:
        return "released" if line.settled_tx is None else "settled"
    if confirmation is None or confirmation.state == relayed.DONE:
        return "open" if line.returned_at is None else "returned"
    return confirmation.state


def _contest(line: WageLine, contest: Contest) -> MyContest:
    state = "contested" if contest.state == relayed.DONE else contest.state
    return MyContest(
        state, contest.claimed_fen, contest.claimed_fen - line.amount_fen, contest.dispute_id, contest.tx_hash,
        contest.reason,
    )  # fmt: skip
