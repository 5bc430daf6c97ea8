"""Looking a sheet over: loads what `check.py` judges."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import service as attendance
from anxin.attendance.strength import WEAK
from anxin.core import relayed
from anxin.core.clock import days_in
from anxin.payroll.check import LineFacts, Odd, OddKind, odds_of
from anxin.payroll.compile import Ask, LeftOut, is_on_sheet, live_periods, pay_of, wage_of
from anxin.payroll.inputs import Member, load_members
from anxin.payroll.models import DRAFT, WITHDRAWN, SheetKind, WageLine, WageSheet
from anxin.payroll.payslip import decode
from anxin.payroll.rules import FlagKind, Pay
from anxin.projects.models import Project


@dataclass(frozen=True)
class CheckedLine:
    """A line with what is odd about it; or somebody who has none, whose `index` is null."""

    index: int | None
    worker_no: str
    amount_fen: int
    last_fen: int | None
    odds: list[Odd]


@dataclass(frozen=True)
class Review:
    """Lines in the sheet's order, and those who are not on it though they worked."""

    lines: list[CheckedLine]
    off_sheet: list[CheckedLine]


@dataclass(frozen=True)
class _Surroundings:
    """What a line is compared with."""

    last_month: Mapping[int, int]
    strength: Mapping[int, Mapping[date, str]]
    payouts: Mapping[str, list[str]]
    lines_of: Counter[int]


async def review(session: AsyncSession, project: Project, sheet: WageSheet, bank: str = "") -> Review:
    """Return what is odd about a sheet today. `bank`: the payout that many share because the bank pays them."""
    members = {
        member.worker.id: member
        for member in await load_members(
            session, project, sheet.last_day, first_day=sheet.first_day, before_sheet=sheet.id
        )
    }
    around = _Surroundings(
        await _last_month(session, sheet), await attendance.strength_of(session, project),
        _shared(members.values(), bank), Counter(line.worker_pk for line in sheet.lines),
    )  # fmt: skip
    lines = await asyncio.to_thread(
        lambda: [_checked(sheet, line, members.get(line.worker_pk), around) for line in sheet.lines]
    )
    return Review(lines, await _off_sheet(session, project, sheet, members))


def _checked(sheet: WageSheet, line: WageLine, member: Member | None, around: _Surroundings) -> CheckedLine:
    slip = decode(line.payslip) if line.payslip else None
    last_fen = around.last_month.get(line.worker_pk)
    if member is None:
        facts = LineFacts(slip.worker if slip else "?", line.amount_fen, is_joined=False)
        return CheckedLine(line.index, facts.worker_no, line.amount_fen, last_fen, odds_of(facts))
    strength = around.strength.get(line.worker_pk, {})
    worker, days = member.worker, days_in(line.day_mask, sheet.first_day)
    in_period = {day for day, count in member.pieces.items() if count and sheet.first_day <= day <= sheet.last_day}
    facts = LineFacts(
        member.worker_no, line.amount_fen, is_joined=member.is_joined, has_key=worker.key is not None,
        has_payout=worker.payout is not None,
        is_changed=_is_changed(sheet, line, member), is_posted=sheet.state not in (DRAFT, relayed.WAITING),
        days=days, flags=[(FlagKind(flag.kind), flag.day) for flag in slip.flags] if slip else (),
        weak_days=frozenset(day for day in days if strength.get(day) == WEAK), entered_on=member.terms.entered_on,
        left_on=member.terms.left_on, last_fen=last_fen if sheet.kind == SheetKind.REGULAR else None,
        same_payout=[each for each in around.payouts.get(worker.payout or "", []) if each != member.worker_no],
        piece_days=frozenset(in_period), punched_days=frozenset(at.date() for at, _ in member.punches),
        lines_of_worker=around.lines_of[line.worker_pk],
        kinds=[
            *([OddKind.NO_MINIMUM] if member.minimum_month_fen is None else []),
            *([] if member.fund_odd is None else [member.fund_odd]),
        ],
    )  # fmt: skip
    return CheckedLine(line.index, member.worker_no, line.amount_fen, last_fen, odds_of(facts))


def _is_changed(sheet: WageSheet, line: WageLine, member: Member) -> bool:
    """Whether terms, attendance or entries are other than when the line was computed."""
    if line.inputs_hash is None:
        return False
    pay = pay_of(member, sheet.first_day, sheet.last_day)
    return not isinstance(pay, Pay) or line.inputs_hash != member.hash(pay)


def _shared(members: Iterable[Member], bank: str) -> dict[str, list[str]]:
    """Return by payout who is paid there, where that is more than one person and not the bank."""
    found: dict[str, list[str]] = {}
    for member in members:
        if member.worker.payout is not None and member.worker.payout != bank:
            found.setdefault(member.worker.payout, []).append(member.worker_no)
    return {payout: numbers for payout, numbers in found.items() if len(numbers) > 1}


async def _last_month(session: AsyncSession, sheet: WageSheet) -> dict[int, int]:
    """Return by worker what live sheets of the month before have for them on this project."""
    before = sheet.first_day.replace(day=1) - timedelta(days=1)
    rows = await session.execute(
        select(WageLine.worker_pk, func.sum(WageLine.amount_fen))
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .where(
            WageSheet.project_pk == sheet.project_pk, WageSheet.state != WITHDRAWN, WageSheet.id != sheet.id,
            WageSheet.last_day.between(before.replace(day=1), before),
        )
        .group_by(WageLine.worker_pk)
    )  # fmt: skip
    return {worker_pk: int(fen) for worker_pk, fen in rows}


async def _off_sheet(
    session: AsyncSession, project: Project, sheet: WageSheet, members: Mapping[int, Member]
) -> list[CheckedLine]:
    """Whoever worked in the sheet's period and is on no sheet, with the reason."""
    if sheet.kind == SheetKind.CORRECTING:
        return []
    kind = SheetKind(sheet.kind)
    ask = Ask(sheet.first_day, sheet.last_day, kind, sheet.employer)
    on_sheets = await live_periods(session, project)
    found: list[CheckedLine] = []
    for member in members.values():
        if sheet.employer is not None and member.terms.employer != sheet.employer:
            continue
        if member.worker.id in on_sheets and is_on_sheet(member, ask, on_sheets[member.worker.id]):
            continue
        wage = wage_of(member, sheet.first_day, sheet.last_day, kind)
        if wage is not None:
            odd, amount_fen = (
                (OddKind(wage.value), 0) if isinstance(wage, LeftOut) else (OddKind.NOT_ON_SHEET, wage.amount_fen)
            )
            found.append(CheckedLine(None, member.worker_no, amount_fen, None, [Odd(odd, _days_of(member, sheet))]))
    return found


def _days_of(member: Member, sheet: WageSheet) -> tuple[date, ...]:
    days = {at.date() for at, _ in member.punches}
    return tuple(sorted(day for day in days if sheet.first_day <= day <= sheet.last_day))
