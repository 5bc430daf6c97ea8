"""From attendance to drafts: who is owed what for a period, who is left out, and that nobody's day is on two sheets.

Compilations of a project take turns (its row is locked), so that of two at once the second sees what the first has done.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.language import Language
from anxin.payroll import rules
from anxin.payroll.calendar import china
from anxin.payroll.deductions import net
from anxin.payroll.drafts import SheetPlan, Wage, keep_drafts
from anxin.payroll.errors import NothingToPay, PeriodsOverlap
from anxin.payroll.inputs import Member, load_members
from anxin.payroll.models import DRAFT, WITHDRAWN, SheetKind, WageLine, WageSheet
from anxin.payroll.payslip import Slip
from anxin.payroll.periods import check_period, days_of, is_whole_month, month_end, payday_after
from anxin.projects.access import Acting
from anxin.projects.models import Project

NAMED = 20  # of those left out, in an error


class LeftOut(StrEnum):
    """Why somebody is not on a sheet."""

    NOT_JOINED = "not-joined"  # no contract signed by both: the escrow would pay, but nobody could contest
    ON_SHEET = "on-sheet"
    UNREADABLE = "unreadable"  # punches without their other half, and nothing else
    MONTH_CONTRACT = "month-contract"  # part of a month, and no exit in it
    NOTHING_LEFT = "nothing-left"  # deductions take all of it
    CANNOT_LOWER = "cannot-lower"  # posted with more than is due now


WHY: dict[LeftOut, dict[Language, str]] = {
    LeftOut.NOT_JOINED: {"zh": "合同没签完", "en": "has no contract signed by both"},
    LeftOut.ON_SHEET: {"zh": "已在工资表上", "en": "is on a sheet already"},
    LeftOut.UNREADABLE: {"zh": "打卡缺一半，算不出", "en": "has only halves of punches"},
    LeftOut.MONTH_CONTRACT: {"zh": "月薪要按整月编", "en": "is paid by the whole month"},
    LeftOut.NOTHING_LEFT: {"zh": "扣完没有剩余", "en": "has nothing left after deductions"},
    LeftOut.CANNOT_LOWER: {"zh": "上链的更多，不能调低", "en": "was posted with more"},
}


@dataclass(frozen=True)
class Ask:
    """What to compile. `employer`: one firm's workers, everybody's where null. `payday`: moved before days off."""

    first_day: date
    last_day: date
    kind: SheetKind = SheetKind.REGULAR
    employer: str | None = None
    payday: date | None = None


@dataclass(frozen=True)
class LivePeriod:
    first_day: date
    last_day: date
    sheet_pk: int


async def compile_sheets(
    session: AsyncSession, acting: Acting, ask: Ask, *, replaces_pk: int | None = None, reason: str | None = None
) -> list[WageSheet]:
    """Compile the wages of a period into drafts, in place of earlier drafts of the same.

    A subcontractor compiles its own workers. Raises BadPeriod, PeriodsOverlap, NothingToPay.
    """
    check_period(ask.first_day, ask.last_day)
    if acting.role == "subcontractor":
        ask = replace(ask, employer=acting.address)
    project = acting.project
    await lock_project(session, project)
    replaces_pk, reason = await _discard_same(session, project, ask, (replaces_pk, reason))
    members = await load_members(session, project, ask.last_day, first_day=ask.first_day, employer=ask.employer)
    live = await live_periods(session, project)
    wages, left_out = await asyncio.to_thread(_sort_out, members, ask, live)  # others are answered meanwhile
    if replaces_pk is not None:  # those on the batch's other sheets are no news
        left_out = [each for each in left_out if each["reason"] != LeftOut.ON_SHEET]
    if not wages:
        raise NothingToPay(
            first_day=ask.first_day.isoformat(), last_day=ask.last_day.isoformat(), left_out=_named(left_out, "en"),
            left_out_zh=_named(left_out, "zh"),
        )  # fmt: skip
    plan = SheetPlan(
        ask.first_day, ask.last_day, payday_of(project, ask), ask.kind, ask.employer, acting.address, left_out,
        replaces_pk=replaces_pk, reason=reason,
    )  # fmt: skip
    return await keep_drafts(session, project, plan, wages)


def _named(left_out: Sequence[Mapping[str, str]], language: Language) -> str:
    return ", ".join(f"{each['workerNo']} {WHY[LeftOut(each['reason'])][language]}" for each in left_out[:NAMED]) or "—"


async def lock_project(session: AsyncSession, project: Project) -> None:
    """Whatever numbers, compiles or withdraws sheets of a project takes turns."""
    await session.execute(select(Project.id).where(Project.id == project.id).with_for_update(key_share=True))


def payday_of(project: Project, ask: Ask) -> date:
    """Return when the wages are due: whoever leaves is paid at once (489 Art. 9)."""
    if ask.kind is SheetKind.FINAL:
        return ask.last_day
    if ask.payday is not None:
        return china().last_working_day(ask.payday)
    return payday_after(ask.last_day, project.payday_day, china())


def _sort_out(
    members: Sequence[Member], ask: Ask, live: Mapping[int, Sequence[LivePeriod]]
) -> tuple[list[Wage], list[dict[str, str]]]:
    """Return the wages, and who is owed something or worked but has none."""
    wages: list[Wage] = []
    left_out: list[dict[str, str]] = []
    for member in members:
        found = wage_of(member, ask.first_day, ask.last_day, ask.kind)
        if found is not None and is_on_sheet(member, ask, live.get(member.worker.id, ())):
            found = LeftOut.ON_SHEET
        if isinstance(found, Wage):
            wages.append(found)
        elif found is not None:
            left_out.append({"workerNo": member.worker_no, "reason": found.value})
    return wages, left_out


def wage_of(member: Member, first_day: date, last_day: date, kind: SheetKind) -> Wage | LeftOut | None:
    """Return a member's wage of a period; why they have none; or None for who was not there."""
    left_on = member.terms.left_on
    if kind is SheetKind.FINAL and not (left_on and first_day <= left_on <= last_day):
        return None
    pay = pay_of(member, first_day, last_day)
    if isinstance(pay, LeftOut) or pay is None:
        return pay
    if not member.is_joined:
        return LeftOut.NOT_JOINED
    left = net(
        pay.gross_fen, back_pay=member.back_pay, claims=member.claims, labour_service=member.labour_service,
        minimum_month_fen=member.minimum_month_fen, consent=member.consent,
    )  # fmt: skip
    if left.amount_fen > 0:
        days = days_paid(member, pay)
        slip = Slip(member.worker_no, member.contract, pay, left, days, (), member.minimum_month_fen)
        return Wage(
            member.worker, slip, member.terms.terms_hash, member.terms.employer, member.hash(pay)
        )
    if pay.gross_fen:
        return LeftOut.NOTHING_LEFT
    return LeftOut.UNREADABLE if pay.flags else None


def pay_of(member: Member, first_day: date, last_day: date) -> rules.Pay | LeftOut | None:
    """Return what a member's work of a period earned; None where they were not there and are owed nothing else.

    A month's wage is for a whole month, or for the month of the exit, whose later days then count as absence.
    """
    contract, left_on = member.contract, member.terms.left_on
    until = last_day
    is_part = contract.kind is rules.ContractKind.MONTH and not is_whole_month(first_day, last_day)
    if is_part and first_day.day == 1 and left_on and first_day <= left_on <= last_day <= month_end(first_day):
        until, is_part = month_end(first_day), False
    minimum = member.minimum
    pay = rules.compute(
        contract, member.punches, member.pieces, first_day, until, china(),
        minimum_month_fen=minimum.month_fen if minimum else 0, minimum_hour_fen=minimum.hour_fen if minimum else 0,
    )  # fmt: skip
    was_there = bool(pay.shifts or pay.flags or days_paid(member, pay)) or _is_employed(member, first_day, last_day)
    if not was_there and not member.back_pay:
        return None
    if is_part or any(day > last_day for day in pay.days_worked):
        return LeftOut.MONTH_CONTRACT
    return pay


def days_paid(member: Member, pay: rules.Pay) -> tuple[date, ...]:
    """The dates on which shifts started; of piece work, those with pieces too."""
    days = set(pay.days_worked)
    if member.contract.kind is rules.ContractKind.PIECE and days:
        days |= {day for day, count in member.pieces.items() if count and min(days) <= day <= max(days)}
    return tuple(sorted(days))


def _is_employed(member: Member, first_day: date, last_day: date) -> bool:
    """Whether entry and exit say that a month's wage runs in the period, even where nobody punched."""
    if member.contract.kind is not rules.ContractKind.MONTH or member.terms.entered_on is None:
        return False
    return member.terms.entered_on <= last_day and (member.terms.left_on or last_day) >= first_day


def is_on_sheet(member: Member, ask: Ask, live: Iterable[LivePeriod]) -> bool:
    """Whether all of a member's period is on sheets already. Raises PeriodsOverlap where only some of it is."""
    overlapping = [each for each in live if each.first_day <= ask.last_day and each.last_day >= ask.first_day]
    if not overlapping:
        return False
    covered = set().union(*(days_of(each.first_day, each.last_day) for each in overlapping))
    since = max(ask.first_day, member.terms.entered_on or ask.first_day)
    until = min(ask.last_day, member.terms.left_on or ask.last_day)
    if since > until or days_of(since, until) <= covered:
        return True
    first = overlapping[0]
    raise PeriodsOverlap(
        worker_no=member.worker_no, sheet=first.sheet_pk, first_day=first.first_day.isoformat(),
        last_day=first.last_day.isoformat(),
    )  # fmt: skip


async def live_periods(session: AsyncSession, project: Project) -> dict[int, list[LivePeriod]]:
    """Return by worker the periods that are on sheets: a refused one counts until it is reissued."""
    rows = await session.execute(
        select(WageLine.worker_pk, WageSheet.first_day, WageSheet.last_day, WageSheet.id)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .where(
            WageSheet.project_pk == project.id, WageSheet.state != WITHDRAWN,
            WageSheet.kind != SheetKind.CORRECTING.value,
        )
        .order_by(WageSheet.id)
    )  # fmt: skip
    live: dict[int, list[LivePeriod]] = {}
    for worker_pk, first_day, last_day, sheet_pk in rows:
        live.setdefault(worker_pk, []).append(LivePeriod(first_day, last_day, sheet_pk))
    return live


async def _discard_same(
    session: AsyncSession, project: Project, ask: Ask, origin: tuple[int | None, str | None]
) -> tuple[int | None, str | None]:
    """Drafts of the same are compiled afresh. Return what they replace and why, where `origin` says nothing."""
    drafts = await session.scalars(
        select(WageSheet)
        .where(
            WageSheet.project_pk == project.id, WageSheet.state == DRAFT, WageSheet.kind == ask.kind.value,
            WageSheet.first_day == ask.first_day, WageSheet.last_day == ask.last_day,
            WageSheet.employer.is_not_distinct_from(ask.employer),
        )
        .order_by(WageSheet.id)
    )  # fmt: skip
    for draft in drafts.all():
        if origin == (None, None):
            origin = draft.replaces_pk, draft.reason
        await delete_draft(session, draft)
    return origin


async def delete_draft(session: AsyncSession, draft: WageSheet) -> None:
    """A draft was shown to nobody who could have signed it."""
    await session.execute(delete(WageLine).where(WageLine.sheet_pk == draft.id))
    await session.execute(delete(WageSheet).where(WageSheet.id == draft.id, WageSheet.state == DRAFT))
    session.expunge(draft)
