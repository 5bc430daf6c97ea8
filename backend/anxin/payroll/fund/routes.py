"""/api/fund-consents, /api/projects/{escrow}/fund, /api/me/funds"""

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.wire import Kept
from anxin.payroll.fund import consents
from anxin.payroll.fund.schemas import FundOfProject, FundRequest, FundSlip, MyFunds, SignedFundConsent
from anxin.people.models import Worker
from anxin.people.staff import Staff
from anxin.projects.access import as_party

READERS = ("contractor", "officer", "bureau")


class FundConsentController(Controller):
    path = "/api/fund-consents"
    tags = ["worker"]

    @put("/{digest:str}")
    async def consent(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedFundConsent],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Kept:
        """Keep a worker's signed consent to the provident fund, or its end. The signature says who; resending is harmless.

        Raises BadShare, ConsentTooLong (422), WrongKey (403), FundChanged, ConsentOutdated, SignatureExpired (409).
        """
        return await consents.keep_consent(session, deployment, digest, data)


class ProjectFundController(Controller):
    path = "/api/projects/{escrow:str}/fund"
    tags = ["contractor"]

    @get()
    async def fund(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> FundOfProject:
        """The project's provident fund, and how many have agreed to a share."""
        acting = await as_party(session, staff, escrow, *READERS)
        return await consents.fund_for(session, acting.project)

    @put()
    async def name(
        self,
        escrow: FromPath[str],
        data: JSONBody[FundRequest],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> FundOfProject:
        """Name a joined payee as the project's fund. It gets what workers sign for it, and nothing else.

        Raises NotOnRoster (404), FundUnfit (409).
        """
        return await consents.name_fund(session, await as_party(session, staff, escrow, "contractor"), data)


class MyFundController(Controller):
    path = "/api/me/funds"
    tags = ["worker"]

    @get()
    async def funds(self, worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]) -> MyFunds:
        """The fund of each project the worker has joined: its name and payout, and what the worker last agreed to."""
        return await consents.my_funds(session, worker)

    @get("/{escrow:str}/{sheet:int}")
    async def slip(
        self,
        escrow: FromPath[str],
        sheet: FromPath[int],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
    ) -> FundSlip:
        """The fund's line of a posted sheet in which the worker has a share: its text holds a hash for each share.

        Raises NoFundSlip (404).
        """
        return await consents.fund_slip(session, worker, escrow, sheet)


ROUTES: list[ControllerRouterHandler] = [FundConsentController, ProjectFundController, MyFundController]
