"""/api/projects/{escrow}/sheets, /api/projects/{escrow}/adjustments, /api/sheets"""

from typing import Any

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.deployment import Deployment
from anxin.core.exports import Format, answer_table
from anxin.core.language import Language
from anxin.core.problems import language_of
from anxin.core.wire import Kept, hex_address
from anxin.payroll import adjustments, correct, late_pay, payslips, read, review, sign, submit
from anxin.payroll.check_words import words_of
from anxin.payroll.compile import Ask, compile_sheets
from anxin.payroll.errors import NoPayslip
from anxin.payroll.models import DRAFT
from anxin.payroll.schemas import (
    AdjustmentRequest,
    Adjustments,
    AdjustmentView,
    CheckedLineView,
    CompileRequest,
    LatePayList,
    OddView,
    Reason,
    SheetBook,
    SheetCheck,
    SheetDetail,
    SheetSignature,
    SheetsView,
    TaxTreatmentRequest,
    TaxTreatments,
)
from anxin.people.models import Worker
from anxin.people.staff import Staff
from anxin.projects.access import as_party


class SignatureController(Controller):
    path = "/api/sheets"
    tags = ["contractor"]

    @put("/{digest:str}/signature", status_code=202)
    async def sign(
        self, digest: FromPath[str], data: JSONBody[SheetSignature], session: NamedDependency[AsyncSession]
    ) -> Kept:
        """Keep the contractor's signature and post the sheet once those before it are.

        Raises SheetNotFound (404), WrongSigner (403), SheetWithdrawn, SignInOrder (409).
        """
        return await sign.sign_sheet(session, digest, data.signature)


class SheetBookController(Controller):
    """Compiling is for contractor and subcontractors, each for its own; reading for the officer and the bureau too."""

    path = "/api/projects/{escrow:str}/sheets"
    tags = ["wage sheets"]

    @get(tags=["contractor"])
    async def sheets(self, escrow: FromPath[str], session: NamedDependency[AsyncSession]) -> SheetsView:
        """A project's sheets in order. Their lines hold nothing that is not, or will not be, public on the chain."""
        return SheetsView(await read.sheets_of(session, escrow))

    @get("/all")
    async def book(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> SheetBook:
        """Every sheet the asker may see, drafts and withdrawn ones too, newest first."""
        acting = await as_party(session, staff, escrow, *read.READERS)
        return SheetBook(acting.role, await read.book_of(session, acting))

    @post()
    async def compile(
        self,
        escrow: FromPath[str],
        data: JSONBody[CompileRequest],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SheetBook:
        """Compile a period's wages into drafts of at most 256 lines, in place of earlier drafts of the same.

        Raises BadPeriod (422), NothingToPay, PeriodsOverlap (409).
        """
        acting = await as_party(session, staff, escrow, *read.COMPILERS)
        employer = None if data.employer is None else hex_address(data.employer, "employer")
        ask = Ask(data.first_day, data.last_day, data.kind, employer, data.payday)
        await compile_sheets(session, acting, ask)
        return SheetBook(acting.role, await read.book_of(session, acting))

    @get("/{sheet:int}")
    async def detail(
        self,
        escrow: FromPath[str],
        sheet: FromPath[int],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SheetDetail:
        """One sheet with its lines and where their amounts come from. Raises SheetUnknown (404)."""
        return await read.detail_of(session, await as_party(session, staff, escrow, *read.READERS), sheet)

    @get("/{sheet:int}/check")
    async def check(
        self,
        request: Request[Any, Any, Any],
        escrow: FromPath[str],
        sheet: FromPath[int],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> SheetCheck:
        """What is odd about a sheet today, line by line, and who is not on it. Raises SheetUnknown (404)."""
        acting = await as_party(session, staff, escrow, *read.READERS)
        found = await read.sheet_for(session, acting, sheet)
        checked = await review.review(session, acting.project, found, deployment.bank)
        return check_view(found.id, found.state, checked, request)

    @get("/{sheet:int}/export")
    async def export(
        self,
        request: Request[Any, Any, Any],
        escrow: FromPath[str],
        sheet: FromPath[int],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        format: FromQuery[Format] = "csv",
    ) -> Response[bytes]:
        """A sheet's lines as CSV or XLSX. Raises SheetUnknown (404)."""
        acting = await as_party(session, staff, escrow, *read.READERS)
        rows = await payslips.sheet_rows(session, acting, sheet)
        name: dict[Language, str] = {"zh": f"工资表 {sheet}", "en": f"wage-sheet-{sheet}"}
        return await answer_table(request, name, payslips.SHEET_TITLES, rows, format)

    @delete("/{sheet:int}")
    async def discard(
        self,
        escrow: FromPath[str],
        sheet: FromPath[int],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Delete a draft. Raises SheetUnknown (404), SheetNotDraft (409)."""
        await submit.discard(session, await as_party(session, staff, escrow, *read.COMPILERS), sheet)

    @put("/{sheet:int}/submission")
    async def submit(
        self,
        request: Request[Any, Any, Any],
        escrow: FromPath[str],
        sheet: FromPath[int],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> SheetDetail:
        """Put a draft before the contractor, with its number. Again changes nothing.

        Raises SheetUnknown (404), SheetNotDraft, SheetBlocked (409).
        """
        acting = await as_party(session, staff, escrow, *read.COMPILERS)
        await submit.submit(session, deployment, acting, sheet, language_of(request))
        return await read.detail_of(session, acting, sheet)

    @post("/{sheet:int}/replacement")
    async def replace(
        self,
        escrow: FromPath[str],
        sheet: FromPath[int],
        data: JSONBody[Reason],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SheetBook:
        """Send a sheet back, or take it back, before it is signed or after the chain refused it: it is compiled afresh.

        Raises SheetUnknown (404), SheetNotDraft, SheetSigned (409).
        """
        acting = await as_party(session, staff, escrow, *read.COMPILERS)
        await submit.reissue(session, acting, sheet, data.reason)
        return SheetBook(acting.role, await read.book_of(session, acting))

    @post("/{sheet:int}/correction")
    async def correct(
        self,
        escrow: FromPath[str],
        sheet: FromPath[int],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SheetBook:
        """Compile what a posted sheet lacks into drafts. A posted wage cannot be lowered.

        Raises SheetUnknown (404), NotPosted, NothingToCorrect (409).
        """
        acting = await as_party(session, staff, escrow, *read.COMPILERS)
        await correct.compile_correction(session, acting, sheet)
        return SheetBook(acting.role, await read.book_of(session, acting))


class AdjustmentController(Controller):
    path = "/api/projects/{escrow:str}"
    tags = ["wage sheets"]

    @get("/adjustments")
    async def adjustments(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> Adjustments:
        """What was entered to be taken from wages or added to them, newest first."""
        acting = await as_party(session, staff, escrow, *read.READERS)
        return Adjustments(await adjustments.list_all(session, acting))

    @put("/adjustments/{key:str}")
    async def enter(
        self,
        escrow: FromPath[str],
        key: FromPath[str],
        data: JSONBody[AdjustmentRequest],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> AdjustmentView:
        """Enter a deduction that the law lists, or back pay, once per `key`, which the sender chooses.

        Raises DeductionNotListed, ReceiptNeeded, BadPeriod (422), NotOnRoster (404), AdjustmentConflict (409).
        """
        acting = await as_party(session, staff, escrow, *read.COMPILERS)
        return await adjustments.enter(session, acting, key, data)

    @put("/adjustments/{key:str}/revocation")
    async def revoke(
        self,
        escrow: FromPath[str],
        key: FromPath[str],
        data: JSONBody[Reason],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> AdjustmentView:
        """Take an entry back that no sheet has taken. Raises AdjustmentUnknown (404), AdjustmentUsed (409)."""
        acting = await as_party(session, staff, escrow, *read.COMPILERS)
        return await adjustments.revoke(session, acting, key, data.reason)

    @get("/tax-treatments")
    async def tax_treatments(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> TaxTreatments:
        """How contracts are taxed, where somebody has said so; of a subcontractor, its own workers'."""
        acting = await as_party(session, staff, escrow, *read.READERS)
        return TaxTreatments(await adjustments.list_treatments(session, acting))

    @put("/workers/{worker_no:str}/tax", status_code=204)
    async def treat_tax(
        self,
        escrow: FromPath[str],
        worker_no: FromPath[str],
        data: JSONBody[TaxTreatmentRequest],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Say how a worker's contract is taxed from a day on. Raises NotOnRoster (404)."""
        acting = await as_party(session, staff, escrow, *read.COMPILERS)
        await adjustments.treat_tax(session, acting, worker_no, data)

    @get("/late-pay")
    async def late_pay(
        self,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> LatePayList:
        """What is late, and what the law could add to it after an order. For the bureau only."""
        acting = await as_party(session, staff, escrow, "bureau")
        return await late_pay.late_pay(session, acting.project, deployment.bank)


def check_view(sheet_pk: int, state: str, found: review.Review, request: Request[Any, Any, Any]) -> SheetCheck:
    """The gravest lines first; what blocks counts on lines only: nobody waits for those who are not on the sheet."""
    lines = sorted(found.lines, key=lambda line: (not any(odd.is_blocking for odd in line.odds), not line.odds, line.index))
    may_block = state in (DRAFT, relayed.WAITING)
    blocking = sum(odd.is_blocking for line in lines for odd in line.odds) if may_block else 0
    return SheetCheck(
        sheet_pk, state, blocking, [_line_view(line, request, may_block=may_block) for line in lines],
        [_line_view(line, request, may_block=False) for line in found.off_sheet],
    )  # fmt: skip


def _line_view(line: review.CheckedLine, request: Request[Any, Any, Any], *, may_block: bool) -> CheckedLineView:
    language = language_of(request)
    odds = [
        OddView(odd.kind, may_block and odd.is_blocking, list(odd.days), words_of(odd, language)) for odd in line.odds
    ]
    return CheckedLineView(line.index, line.worker_no, line.amount_fen, line.last_fen, odds)


class MyPayslipController(Controller):
    path = "/api/me/payslips"
    tags = ["worker"]

    @get()
    async def table(
        self,
        request: Request[Any, Any, Any],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        format: FromQuery[Format] = "csv",
    ) -> Response[bytes]:
        """All payslips of the signed-in worker, of every project, as CSV or XLSX."""
        rows = await payslips.my_rows(session, worker)
        return await answer_table(request, payslips.MY_NAME, payslips.MY_TITLES, rows, format)

    @get("/{escrow:str}/{sheet:int}/{file:str}")
    async def pdf(
        self,
        escrow: FromPath[str],
        sheet: FromPath[int],
        file: FromPath[str],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        lang: FromQuery[Language] = "zh",
    ) -> Response[bytes]:
        """A posted line's payslip on A4: `file` is the line's index and `.pdf`. Raises NoPayslip (404)."""
        index, _, extension = file.partition(".")
        if extension != "pdf" or not (index.isascii() and index.isdecimal()) or len(index) > 3:
            raise NoPayslip()
        content = await payslips.pdf_of(session, worker, escrow, sheet, int(index), lang)
        attached = {"content-disposition": f'attachment; filename="payslip-{sheet}-{index}.pdf"'}
        return Response(content, media_type="application/pdf", headers=attached)


ROUTES: list[ControllerRouterHandler] = [
    SignatureController, SheetBookController, AdjustmentController, MyPayslipController,
]  # fmt: skip
