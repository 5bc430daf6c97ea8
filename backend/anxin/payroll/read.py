"""Sheets as others see them: what is public, what a party of the project sees, what is posted."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from anxin.core import relayed
from anxin.core.clock import days_in
from anxin.payroll.errors import SheetUnknown
from anxin.payroll.models import DRAFT, WITHDRAWN, SheetKind, WageLine, WageSheet
from anxin.payroll.payslip import PayslipText, decode
from anxin.payroll.schemas import BookLine, BookSheet, LeftOutView, SheetDetail, SheetLineView, SheetView
from anxin.projects.access import Acting
from anxin.projects.models import Party, Project

READERS = ("contractor", "subcontractor", "officer", "bureau")
COMPILERS = ("contractor", "subcontractor")
EMPTY = "0x"


async def sheet_for(session: AsyncSession, acting: Acting, sheet_pk: int, *, for_update: bool = False) -> WageSheet:
    """Return a project's sheet with its lines; of a subcontractor, only its own. Raises SheetUnknown."""
    statement = (
        select(WageSheet)
        .where(WageSheet.id == sheet_pk, WageSheet.project_pk == acting.project.id)
        .options(selectinload(WageSheet.lines))
        .execution_options(populate_existing=True)
    )
    if acting.role == "subcontractor":
        statement = statement.where(WageSheet.employer == acting.address)
    sheet: WageSheet | None = await session.scalar(statement.with_for_update() if for_update else statement)
    if sheet is None:
        raise SheetUnknown(sheet=sheet_pk)
    return sheet


async def sheets_of(session: AsyncSession, escrow: str) -> list[SheetView]:
    """What is on the chain, or waits to be: nothing of drafts, nor of what was withdrawn."""
    sheets = await session.scalars(
        select(WageSheet)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(Project.escrow == escrow.lower(), WageSheet.state.not_in((DRAFT, WITHDRAWN)))
        .options(selectinload(WageSheet.lines).defer(WageLine.payslip))
        .order_by(WageSheet.sheet_id)
    )
    return [_view(sheet) for sheet in sheets]


async def book_of(session: AsyncSession, acting: Acting) -> list[BookSheet]:
    """All sheets of a project that the party may see, newest first; drafts come with those who compile."""
    lines = select(func.count()).where(WageLine.sheet_pk == WageSheet.id).scalar_subquery()
    statement = (
        select(WageSheet, lines).where(WageSheet.project_pk == acting.project.id).order_by(WageSheet.id.desc())
    )
    if acting.role == "subcontractor":
        statement = statement.where(WageSheet.employer == acting.address)
    if acting.role == "bureau":
        statement = statement.where(WageSheet.state != DRAFT)
    firms = await _firms(session, acting.project)
    rows = await session.execute(statement)
    return [book_view(sheet, count, acting.project, firms) for sheet, count in rows]


async def detail_of(session: AsyncSession, acting: Acting, sheet_pk: int) -> SheetDetail:
    """One sheet with its lines. Raises SheetUnknown."""
    sheet = await sheet_for(session, acting, sheet_pk)
    return detail_view(sheet, acting.project, await _firms(session, acting.project))


def book_view(sheet: WageSheet, line_count: int, project: Project, firms: dict[str, str]) -> BookSheet:
    return BookSheet(
        id=sheet.id, state=sheet.state, kind=SheetKind(sheet.kind), sheet_id=sheet.sheet_id, batch=sheet.batch,
        employer=sheet.employer, employer_name=firms.get(sheet.employer or project.contractor, project.contractor_name),
        first_day=sheet.first_day, last_day=sheet.last_day, payday=sheet.payday, total_fen=sheet.total_fen,
        line_count=line_count, digest=_hex(sheet.digest), tx_hash=sheet.tx_hash, reason=sheet.reason,
        left_out=[LeftOutView(each["workerNo"], each["reason"]) for each in sheet.left_out],
        compiled_at=sheet.compiled_at, submitted_at=sheet.submitted_at, posted_at=sheet.posted_at,
        replaces=sheet.replaces_pk, corrects=sheet.corrects_pk,
    )  # fmt: skip


def detail_view(sheet: WageSheet, project: Project, firms: dict[str, str]) -> SheetDetail:
    return SheetDetail(
        sheet=book_view(sheet, len(sheet.lines), project, firms), rules_hash="0x" + sheet.rules_hash.hex(),
        terms_root="0x" + sheet.terms_root.hex(), root="0x" + sheet.root.hex(),
        lines=[_book_line(sheet, line) for line in sheet.lines],
    )  # fmt: skip


def _book_line(sheet: WageSheet, line: WageLine) -> BookLine:
    slip = decode(line.payslip) if line.payslip else None
    fen = {item.item: item.amount_fen for item in slip.items} if slip else {}
    return BookLine(
        index=line.index, worker_no=worker_no_of(line), worker_id="0x" + line.worker_id.hex(),
        amount_fen=line.amount_fen, day_mask=line.day_mask, payslip_hash="0x" + line.payslip_hash.hex(),
        days=days_in(line.day_mask, sheet.first_day), contract_type=slip.contract_type if slip else None,
        rate_fen=slip.rate_fen if slip else None, items=fen, gross_fen=slip.gross_fen if slip else None,
        earlier_fen=sum(each.gross_fen for each in slip.earlier) if slip else 0,
        back_pay_fen=sum(each.amount_fen for each in slip.back_pay) if slip else 0, taken_fen=_taken_fen(slip),
        released_at=line.released_at, settled_at=line.settled_at,
    )  # fmt: skip


def worker_no_of(line: WageLine) -> str:
    """The worker's number as the payslip says it; nothing once that is shredded."""
    slip = decode(line.payslip) if line.payslip else None
    return slip.worker if slip else ""


def _taken_fen(slip: PayslipText | None) -> int:
    if slip is None:
        return 0
    return (slip.tax.amount_fen if slip.tax else 0) + sum(each.amount_fen for each in slip.deductions)


async def _firms(session: AsyncSession, project: Project) -> dict[str, str]:
    parties = await session.execute(
        select(Party.address, Party.firm).where(Party.project_pk == project.id, Party.role == "subcontractor")
    )
    return {project.contractor: project.contractor_name} | {address: firm for address, firm in parties}  # noqa: C416


def _view(sheet: WageSheet) -> SheetView:
    return SheetView(
        digest=_hex(sheet.digest) or EMPTY, state=sheet.state, sheet_id=sheet.sheet_id or 0, first_day=sheet.first_day,
        last_day=sheet.last_day, payday=sheet.payday, rules_hash="0x" + sheet.rules_hash.hex(),
        terms_root="0x" + sheet.terms_root.hex(), root="0x" + sheet.root.hex(), total_fen=sheet.total_fen,
        lines=[
            SheetLineView(
                line.index, "0x" + line.worker_id.hex(), line.amount_fen, line.day_mask, "0x" + line.payslip_hash.hex()
            )
            for line in sheet.lines
        ],
        tx_hash=sheet.tx_hash,
    )  # fmt: skip


def _hex(raw: bytes | None) -> str | None:
    return None if raw is None else "0x" + raw.hex()


# ------------------------------------------------------------------ what is posted


async def posted_line(
    session: AsyncSession, escrow: str, sheet_id: int, index: int
) -> tuple[WageSheet, WageLine] | None:
    """Return a line whose sheet is posted and final, for update; None where there is none."""
    found = (
        await session.execute(
            select(WageSheet, WageLine)
            .join(WageLine, WageLine.sheet_pk == WageSheet.id)
            .join(Project, Project.id == WageSheet.project_pk)
            .where(
                Project.escrow == escrow.lower(),
                WageSheet.sheet_id == sheet_id,
                WageLine.index == index,
                WageSheet.state == relayed.DONE,
            )
            .with_for_update(of=WageLine)
        )
    ).one_or_none()
    return None if found is None else (found[0], found[1])


async def posted_sheet(session: AsyncSession, escrow: str, sheet_id: int) -> WageSheet | None:
    """Return a posted sheet with its lines."""
    sheet: WageSheet | None = await session.scalar(
        select(WageSheet)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(Project.escrow == escrow.lower(), WageSheet.sheet_id == sheet_id, WageSheet.state == relayed.DONE)
        .options(selectinload(WageSheet.lines))
    )
    return sheet
