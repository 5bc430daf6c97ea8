"""A draft on its way to the contractor: submitted with a number, sent back, reissued, discarded."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.language import Language
from anxin.core.signing import digest as digest_of
from anxin.payroll.check_words import words_of
from anxin.payroll.compile import Ask, compile_sheets, delete_draft, lock_project
from anxin.payroll.correct import compile_correction
from anxin.payroll.errors import NothingToCorrect, NothingToPay, SheetBlocked, SheetNotDraft, SheetSigned
from anxin.payroll.models import DRAFT, WITHDRAWN, SheetKind, WageSheet
from anxin.payroll.read import sheet_for
from anxin.payroll.review import review
from anxin.projects.access import Acting
from anxin.projects.models import Project
from anxin.projects.service import escrow_of

PUBLIC = (relayed.WAITING, relayed.ACCEPTED, relayed.SENT, relayed.DONE, relayed.REFUSED)


async def submit(
    session: AsyncSession, deployment: Deployment, acting: Acting, sheet_pk: int, language: Language = "zh"
) -> WageSheet:
    """Give a draft its number and put it before the contractor. Submitting it again changes nothing.

    Raises SheetUnknown, SheetNotDraft, SheetBlocked.
    """
    await lock_project(session, acting.project)
    sheet = await sheet_for(session, acting, sheet_pk)
    if sheet.state in PUBLIC:
        return sheet
    if sheet.state != DRAFT:
        raise SheetNotDraft(sheet=sheet_pk, state=sheet.state)
    found = await review(session, acting.project, sheet)
    blocking = [(line.worker_no, odd) for line in found.lines for odd in line.odds if odd.is_blocking]
    if blocking:
        worker_no, odd = blocking[0]
        first = f"{worker_no}: {words_of(odd, language)}"
        raise SheetBlocked(sheet=sheet_pk, count=len(blocking), first=first)
    await number(session, deployment, acting.project, sheet)
    sheet.submitted_by, sheet.submitted_at = acting.address, now()
    return sheet


async def number(session: AsyncSession, deployment: Deployment, project: Project, sheet: WageSheet) -> None:
    """Give a sheet the lowest number that no live one has, and with it the digest that the contractor signs."""
    taken = set(
        await session.scalars(
            select(WageSheet.sheet_id).where(WageSheet.project_pk == project.id, WageSheet.state.in_(PUBLIC))
        )
    )
    sheet.sheet_id = next(number for number in range(len(taken) + 1) if number not in taken)
    sheet.digest = digest_of(
        deployment.escrow_domain(escrow_of(project)), "Sheet",
        {**sheet.header, "sheetId": sheet.sheet_id, "root": sheet.root, "total": sheet.total_fen},
    )  # fmt: skip
    sheet.state = relayed.WAITING
    await session.flush()


async def discard(session: AsyncSession, acting: Acting, sheet_pk: int) -> None:
    """Delete a draft. Raises SheetUnknown, SheetNotDraft."""
    await lock_project(session, acting.project)
    sheet = await sheet_for(session, acting, sheet_pk)
    if sheet.state != DRAFT:
        raise SheetNotDraft(sheet=sheet_pk, state=sheet.state)
    await delete_draft(session, sheet)


async def reissue(session: AsyncSession, acting: Acting, sheet_pk: int, reason: str) -> list[WageSheet]:
    """Withdraw a sheet that is not signed, or that the chain refused, and compile it afresh as drafts.

    This is also how the contractor sends a sheet back. The withdrawn one keeps its digest, which somebody may have signed:
    its number goes to the next that is submitted, and the chain takes a number once. Asked again, it changes nothing.
    Raises SheetUnknown, SheetNotDraft, SheetSigned, PeriodsOverlap.
    """
    await lock_project(session, acting.project)
    sheet = await sheet_for(session, acting, sheet_pk, for_update=True)
    if sheet.state == WITHDRAWN:
        return []
    if sheet.state not in (relayed.WAITING, relayed.REFUSED):
        raise (SheetNotDraft if sheet.state == DRAFT else SheetSigned)(sheet=sheet_pk, state=sheet.state)
    sheet.state, sheet.reason = WITHDRAWN, reason
    await session.flush()
    try:
        if sheet.corrects_pk is not None:
            return await compile_correction(session, acting, sheet.corrects_pk)
        ask = Ask(sheet.first_day, sheet.last_day, SheetKind(sheet.kind), sheet.employer, sheet.payday)
        return await compile_sheets(session, acting, ask, replaces_pk=sheet.id, reason=reason)
    except (NothingToPay, NothingToCorrect):
        return []  # withdrawn all the same: nobody is owed what it said
