"""A correcting sheet: what a posted sheet lacks by present attendance and terms. Upward only: a posted wage stays owed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.clock import SITE_ZONE, days_in, now
from anxin.payroll import rules
from anxin.payroll.compile import LeftOut, days_paid, delete_draft, lock_project, pay_of
from anxin.payroll.deductions import net
from anxin.payroll.drafts import SheetPlan, Wage, keep_drafts
from anxin.payroll.errors import NothingToCorrect, NotPosted
from anxin.payroll.inputs import Member, load_members
from anxin.payroll.models import DRAFT, WITHDRAWN, SheetKind, WageLine, WageSheet
from anxin.payroll.payslip import EarlierRow, Slip, decode
from anxin.payroll.read import sheet_for
from anxin.projects.access import Acting

Before = tuple[WageSheet, WageLine]


async def compile_correction(session: AsyncSession, acting: Acting, sheet_pk: int) -> list[WageSheet]:
    """Compile drafts of what is missing from a posted sheet, in place of earlier drafts of the same.

    Each line is the difference to all that live sheets have for the worker's same work, so that nothing is owed twice.
    Raises SheetUnknown, NotPosted, NothingToCorrect.
    """
    await lock_project(session, acting.project)
    sheet = await sheet_for(session, acting, sheet_pk)
    if sheet.corrects_pk is not None:
        sheet = await sheet_for(session, acting, sheet.corrects_pk)
    if sheet.state != relayed.DONE:
        raise NotPosted(sheet=sheet.id, state=sheet.state)
    await _discard_drafts(session, sheet)
    wages, left_out = await _differences(session, acting, sheet)
    if not wages:
        raise NothingToCorrect(sheet=sheet.id, lower=", ".join(each["workerNo"] for each in left_out) or "—")
    plan = SheetPlan(
        sheet.first_day, sheet.last_day, max(sheet.payday, now().astimezone(SITE_ZONE).date()), SheetKind.CORRECTING,
        sheet.employer, acting.address, left_out, corrects_pk=sheet.id,
    )  # fmt: skip
    return await keep_drafts(session, acting.project, plan, wages)


async def _discard_drafts(session: AsyncSession, sheet: WageSheet) -> None:
    drafts = select(WageSheet).where(WageSheet.corrects_pk == sheet.id, WageSheet.state == DRAFT)
    for draft in (await session.scalars(drafts)).all():
        await delete_draft(session, draft)


async def _differences(
    session: AsyncSession, acting: Acting, sheet: WageSheet
) -> tuple[list[Wage], list[dict[str, str]]]:
    before = await _lines_before(session, sheet)
    members = await load_members(session, acting.project, sheet.last_day, first_day=sheet.first_day)
    wages: list[Wage] = []
    left_out: list[dict[str, str]] = []
    for member in members:
        lines = before.get(member.worker.id)
        pay = pay_of(member, sheet.first_day, sheet.last_day) if lines else None
        if not lines or not isinstance(pay, rules.Pay):
            continue
        found = _difference(member, sheet, pay, lines)
        if isinstance(found, Wage):
            wages.append(found)
        elif found is not None:
            left_out.append({"workerNo": member.worker_no, "reason": found.value})
    return wages, left_out


def _difference(member: Member, sheet: WageSheet, pay: rules.Pay, lines: Sequence[Before]) -> Wage | LeftOut | None:
    earlier = tuple(EarlierRow(posted.sheet_id or 0, line_gross_fen(line)) for posted, line in lines)
    more_fen = pay.gross_fen - sum(each.gross_fen for each in earlier)
    if more_fen <= 0:
        return LeftOut.CANNOT_LOWER if more_fen else None
    days = set(days_paid(member, pay)) - _days_of(lines)
    left = net(more_fen, labour_service=member.labour_service, consent=member.consent)
    slip = Slip(
        member.worker_no, member.contract, pay, left, tuple(sorted(days)), earlier, member.minimum_month_fen
    )
    first = min(lines, key=lambda each: each[0].id)
    wage = Wage(member.worker, slip, member.terms.terms_hash, member.terms.employer)
    return replace(wage, inputs_hash=member.hash(pay), corrects_index=first[1].index)


def _days_of(lines: Sequence[Before]) -> set[date]:
    return {day for sheet, line in lines for day in days_in(line.day_mask, sheet.first_day)}


def line_gross_fen(line: WageLine) -> int:
    """What a line itself has of a period's gross. Payslips of the first kind, and shredded ones, only say the amount."""
    slip = decode(line.payslip) if line.payslip else None
    if slip is None:
        return line.amount_fen
    return slip.gross_fen - sum(each.gross_fen for each in slip.earlier)


async def _lines_before(session: AsyncSession, sheet: WageSheet) -> dict[int, list[Before]]:
    """Return by worker the lines of a sheet and of all live sheets that correct it."""
    rows = await session.execute(
        select(WageSheet, WageLine)
        .join(WageLine, WageLine.sheet_pk == WageSheet.id)
        .where(or_(WageSheet.id == sheet.id, WageSheet.corrects_pk == sheet.id), WageSheet.state != WITHDRAWN)
        .order_by(WageSheet.id)
    )
    found: dict[int, list[Before]] = {}
    for posted, line in rows:
        found.setdefault(line.worker_pk, []).append((posted, line))
    return found
