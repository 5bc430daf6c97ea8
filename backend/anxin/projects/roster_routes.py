"""/api/projects/{escrow}/roster"""

from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.exports import Format, answer_table
from anxin.core.language import Language
from anxin.core.problems import language_of
from anxin.people.bearer import AnyRequest
from anxin.people.staff import Staff
from anxin.projects import registration, roster, roster_files
from anxin.projects.access import as_party
from anxin.projects.registration import REGISTERS, Intake
from anxin.projects.schemas import (
    Opened,
    OpeningAsked,
    Registered,
    Roster,
    RosterPerson,
    RosterPreview,
    RosterStored,
    ShortName,
)


class RosterController(Controller):
    path = "/api/projects/{escrow:str}/roster"
    tags = ["people"]

    @get()
    async def roster(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> Roster:
        """Who is on the roster, personal data masked; to a subcontractor its own. Raises ProjectNotFound, RoleNeeded."""
        return Roster(await roster.roster_of(session, await as_party(session, staff, escrow, *roster.READS)))

    @get("/export")
    async def export(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        format: FromQuery[Format] = "csv",
        language: FromQuery[Language | None] = None,
    ) -> Response[bytes]:
        """The same as CSV or XLSX, as masked as the page. Raises ProjectNotFound, RoleNeeded."""
        rows = await roster.roster_of(session, await as_party(session, staff, escrow, *roster.READS))
        return await answer_table(request, roster.NAME, roster.TITLES, map(roster.cells, rows), format, language)

    @put("/{worker_no:str}")
    async def register(
        self,
        escrow: FromPath[str],
        worker_no: FromPath[ShortName],
        data: JSONBody[RosterPerson],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Registered:
        """Put a person on the roster under this number, or write over what it says. Sending it again changes nothing.

        Raises BadIdNumber, BadName, BadPhone, BadBankAccount, UnknownEmployer (422), NumberTaken, OnRosterAlready,
        RecordFixed, TermsSigned (409), RoleNeeded (403), ProjectNotFound (404).
        """
        intake = Intake(await as_party(session, staff, escrow, *REGISTERS), deployment.bank)
        return await registration.register(session, intake, worker_no, data)

    @post("/{worker_no:str}/openings", status_code=201)
    async def open_field(
        self,
        escrow: FromPath[str],
        worker_no: FromPath[str],
        data: JSONBody[OpeningAsked],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> Opened:
        """Read a sealed field of a worker; that it was opened, by whom and why, is kept for the worker to see.

        Raises NotOnRoster, ProjectNotFound (404), NotSignedHere (409), RoleNeeded (403).
        """
        acting = await as_party(session, staff, escrow, *roster.READS)
        return Opened(await roster.open_field(session, acting, worker_no, data))

    @post("/files", status_code=200, request_max_body_size=roster_files.MAX_FILE_BYTES)
    async def preview(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        name: FromQuery[str] = "",
    ) -> RosterPreview:
        """Look through a CSV or XLSX (the body) and name every bad cell. Stores nothing.

        Raises UnreadableTable, BadRosterFile (422), RoleNeeded (403), ProjectNotFound (404).
        """
        intake = Intake(await as_party(session, staff, escrow, *REGISTERS), deployment.bank)
        content = await request.body()
        return await roster_files.preview(session, intake, content, name, language_of(request))

    @put("/files/{digest:str}", request_max_body_size=roster_files.MAX_FILE_BYTES)
    async def store(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        digest: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        name: FromQuery[str] = "",
    ) -> RosterStored:
        """Register everybody of a CSV or XLSX (the body, of this SHA-256), or nobody. Sending it again changes nothing.

        Raises UnreadableTable, BadRosterFile, DigestMismatch (422), RoleNeeded (403), ProjectNotFound (404).
        """
        intake = Intake(await as_party(session, staff, escrow, *REGISTERS), deployment.bank)
        content = await request.body()
        return await roster_files.store(session, intake, digest, content, name, language_of(request))


ROUTES: list[ControllerRouterHandler] = [RosterController]
