"""/api/projects/{escrow}/wage-account, /bank-payments, /bank-orders"""

from typing import Any

from litestar import Controller, Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank import payment_views, wage_accounts
from anxin.bank.payment_schemas import NewWageAccount, PaymentState, PaymentsView, WageAccountView
from anxin.core import problems
from anxin.core.exports import Format, answer_table
from anxin.core.language import Language
from anxin.people.staff import Staff
from anxin.projects.access import as_party

READERS = ("contractor", "officer", "bureau")


class BankPaymentController(Controller):
    path = "/api/projects/{escrow:str}"
    tags = ["bank"]

    @get("/wage-account")
    async def wage_account(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> WageAccountView:
        """The account wages are paid from, its number masked. Raises ProjectNotFound (404), RoleNeeded (403)."""
        return await wage_accounts.view(session, await as_party(session, staff, escrow, *READERS))

    @put("/wage-account")
    async def set_wage_account(
        self,
        escrow: FromPath[str],
        data: JSONBody[NewWageAccount],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> WageAccountView:
        """Name the account; the contractor does. Raises ProjectNotFound (404), RoleNeeded (403), BadWageAccount (422)."""
        return await wage_accounts.set_wage_account(session, await as_party(session, staff, escrow, "contractor"), data)

    @get("/bank-payments")
    async def payments(
        self,
        request: Request[Any, Any, Any],
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        only: FromQuery[PaymentState | None] = None,
    ) -> PaymentsView:
        """How far wages at the bank are; with `only`, the open ones in that state. Raises ProjectNotFound, RoleNeeded."""
        acting = await as_party(session, staff, escrow, *READERS)
        return await payment_views.payments_of(session, acting.project, only, problems.language_of(request))

    @get("/bank-payments/export")
    async def export(
        self,
        request: Request[Any, Any, Any],
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        format: FromQuery[Format] = "csv",
        language: FromQuery[Language | None] = None,
    ) -> Response[bytes]:
        """Every payment as CSV or XLSX. Raises ProjectNotFound (404), RoleNeeded (403), ExportTooLarge (413)."""
        acting = await as_party(session, staff, escrow, *READERS)
        spoken = language or problems.language_of(request)
        rows = await payment_views.table_of(session, acting.project, spoken)
        return await answer_table(request, payment_views.NAME, payment_views.TITLES, rows, format, spoken)

    @post("/bank-orders/{message_id:str}/again", status_code=204)
    async def again(
        self,
        escrow: FromPath[str],
        message_id: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Hand a refused order in again, once it is settled with the bank. Raises NoRefusedOrder (404), RoleNeeded (403)."""
        acting = await as_party(session, staff, escrow, "contractor", "officer")
        await wage_accounts.hand_in_again(session, acting, message_id)


ROUTES: list[ControllerRouterHandler] = [BankPaymentController]
