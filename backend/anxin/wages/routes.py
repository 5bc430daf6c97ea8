"""/api/me/lines, /api/confirmations, /api/contests, /api/projects/{escrow}/trails"""

from typing import Annotated

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, Parameter
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.exports import MAX_ROWS, Format, answer_table, answer_word
from anxin.core.language import Language
from anxin.core.problems import language_of
from anxin.core.relay_file import RelayFile
from anxin.people.bearer import AnyRequest
from anxin.people.models import Worker
from anxin.people.staff import Staff
from anxin.projects.access import as_party
from anxin.wages import export, lines, service, trail_tables, trails
from anxin.wages.acceptance import Acceptance
from anxin.wages.schemas import MyLines, Receipt, ReleaseCall, SignedConfirmation, SignedContest, Trails

MAX_SHEET = 2**31 - 1


class MyLinesController(Controller):
    path = "/api/me/lines"
    tags = ["worker"]

    @get()
    async def my_lines(
        self,
        request: AnyRequest,
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        read_coverage: NamedDependency[lines.ReadCoverage],
        read_bank_steps: NamedDependency[trails.ReadBankSteps],
    ) -> MyLines:
        """What the signed-in worker is owed and was paid, newest first."""
        source = trails.Source(deployment.bank, read_bank_steps, language_of(request))
        return MyLines(await lines.my_lines(session, source, worker, read_coverage))


class TrailController(Controller):
    path = "/api/projects/{escrow:str}/trails"
    tags = ["staff"]

    @get()
    async def page(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        read_bank_steps: NamedDependency[trails.ReadBankSteps],
        sheet: Annotated[int | None, Parameter(ge=0, le=MAX_SHEET)] = None,
        late: FromQuery[bool] = False,
        after: FromQuery[str | None] = None,
        limit: Annotated[int, Parameter(ge=1, le=500)] = 200,
    ) -> Trails:
        """How far each line has come, by sheet and line; to a subcontractor its own people's.

        Raises ProjectNotFound (404), RoleNeeded (403), Malformed (400) for a cursor that is none.
        """
        acting = await as_party(session, staff, escrow, *trails.READS)
        source = trails.Source(deployment.bank, read_bank_steps, language_of(request))
        return await trails.trails_of(session, source, acting, trails.Asked(sheet, late, after), limit)

    @get("/export", media_type="application/octet-stream")
    async def export(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        read_bank_steps: NamedDependency[trails.ReadBankSteps],
        format: FromQuery[Format] = "csv",
        sheet: Annotated[int | None, Parameter(ge=0, le=MAX_SHEET)] = None,
        late: FromQuery[bool] = False,
        language: FromQuery[Language | None] = None,
    ) -> Response[bytes]:
        """The same as a table. Raises ExportTooLarge (413) besides."""
        acting = await as_party(session, staff, escrow, *trails.READS)
        spoken = language or language_of(request)
        source = trails.Source(deployment.bank, read_bank_steps, spoken)
        found = await trails.exported(session, source, acting, trails.Asked(sheet, late), MAX_ROWS + 1)
        rows = [trail_tables.cells(row, spoken) for row in found]
        return await answer_table(request, trail_tables.NAME, trail_tables.TITLES, rows, format, spoken)


class ConfirmationController(Controller):
    path = "/api/confirmations"
    tags = ["signed words"]

    @put("/{digest:str}", status_code=202)
    async def confirm(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedConfirmation],
        acceptance: NamedDependency[Acceptance],
    ) -> Receipt:
        """Keep the worker's signed word; release follows and is not awaited. Resending the same digest changes nothing.

        Raises LineNotFound (404), AmountChanged (409), NotEnrolled (409), SignatureExpired (410), WrongKey (403),
        DigestMismatch, HighS (422), NotKeptYet (503: send it again).
        """
        return await acceptance.confirm(digest, data)

    @get("/{digest:str}")
    async def export(
        self,
        digest: FromPath[str],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> ReleaseCall:
        """The confirmation as a call that anyone can make, without this server. Raises NotFound (404)."""
        return await service.release_call(session, deployment, digest)


    @get("/{digest:str}/file")
    async def file(
        self,
        digest: FromPath[str],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Response[RelayFile]:
        """The signed word as a file, for its signer: `anxin relay FILE` takes it to the chain. Raises NotFound (404)."""
        return answer_word(digest, await export.confirmation_file(session, deployment, worker, digest))


class ContestController(Controller):
    path = "/api/contests"
    tags = ["signed words"]

    @put("/{digest:str}", status_code=202)
    async def contest(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedContest],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Receipt:
        """Keep the worker's claim to more: the posted part is paid, the remainder set aside.

        Raises what confirming does, and BadObjection (422), AlreadyContested (409).
        """
        return await service.contest_line(session, deployment, digest, data)


    @get("/{digest:str}/file")
    async def file(
        self,
        digest: FromPath[str],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Response[RelayFile]:
        """The signed word as a file, for its signer: `anxin relay FILE` takes it to the chain. Raises NotFound (404)."""
        return answer_word(digest, await export.contest_file(session, deployment, worker, digest))


ROUTES: list[ControllerRouterHandler] = [
    MyLinesController, TrailController, ConfirmationController, ContestController,
]  # fmt: skip
