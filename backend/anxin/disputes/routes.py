"""/api/claims, /api/answers, /api/resolutions, /api/projects/{escrow}/disputes, /api/me/disputes"""

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.exports import MAX_ROWS, Format, answer_table, answer_word
from anxin.core.language import Language
from anxin.core.problems import language_of
from anxin.core.relay_file import RelayFile
from anxin.core.wire import Kept
from anxin.disputes import claims, decisions, export, tables, views
from anxin.disputes.schemas import DisputesView, MyDisputes, SignedAnswer, SignedClaim, SignedResolution
from anxin.people.bearer import AnyRequest
from anxin.people.models import Worker


class ProjectDisputesController(Controller):
    path = "/api/projects/{escrow:str}/disputes"
    tags = ["public"]

    @get()
    async def disputes(self, escrow: FromPath[str], session: NamedDependency[AsyncSession]) -> DisputesView:
        """A project's disputes as the chain has them, newest first. Raises ProjectNotFound (404)."""
        return await views.of_project(session, escrow)

    @get("/export", media_type="application/octet-stream")
    async def export(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        session: NamedDependency[AsyncSession],
        format: FromQuery[Format] = "csv",
        language: FromQuery[Language | None] = None,
    ) -> Response[bytes]:
        """The same as a table. Raises ProjectNotFound (404), ExportTooLarge (413)."""
        spoken = language or language_of(request)
        found = await views.of_project(session, escrow, limit=MAX_ROWS + 1)
        rows = [tables.cells(dispute, spoken) for dispute in found.disputes]
        return await answer_table(request, tables.NAME, tables.TITLES, rows, format, spoken)


class MyDisputesController(Controller):
    path = "/api/me/disputes"
    tags = ["worker"]

    @get()
    async def my_disputes(
        self, worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]
    ) -> MyDisputes:
        """The signed-in worker's claims and contests, newest first."""
        return await views.my_disputes(session, worker)


class ClaimController(Controller):
    path = "/api/claims"
    tags = ["signed words"]

    @put("/{digest:str}", status_code=202)
    async def claim(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedClaim],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Kept:
        """Keep the worker's claim to days that no sheet has. Resending the same digest changes nothing.

        Raises ProjectNotFound (404), NotEnrolled, NotJoined, DayClaimed (409), SignatureExpired (410), WrongKey (403),
        DigestMismatch, HighS, BadClaim, FutureDay, DayTooOld (422).
        """
        return await claims.claim_days(session, deployment, digest, data)

    @get("/{digest:str}/file")
    async def file(
        self,
        digest: FromPath[str],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Response[RelayFile]:
        """The claim as a file, for its signer: `anxin relay FILE` takes it to the chain. Raises NotFound (404)."""
        return answer_word(digest, await export.claim_file(session, deployment, worker, digest))


class AnswerController(Controller):
    path = "/api/answers"
    tags = ["signed words"]

    @put("/{digest:str}", status_code=202)
    async def answer(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedAnswer],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Kept:
        """Keep the contractor's answer: what it admits is paid, the rest is for the bureau.

        Raises DisputeNotFound (404), WrongSigner (403), DisputeDecided (409), AnswerTooLate, SignatureExpired (410),
        DigestMismatch, BadDisputeAmount (422).
        """
        return await decisions.answer(session, deployment, digest, data)


class ResolutionController(Controller):
    path = "/api/resolutions"
    tags = ["signed words"]

    @put("/{digest:str}", status_code=202)
    async def resolve(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedResolution],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Kept:
        """Keep the bureau's decision, or the arbiter's where the bureau stayed silent: the award is paid, the rest freed.

        Raises DisputeNotFound (404), WrongSigner (403), DisputeDecided, NotAnswered, ArbiterTooEarly (409),
        SignatureExpired (410), DigestMismatch, BadDisputeAmount (422).
        """
        return await decisions.resolve(session, deployment, digest, data)


ROUTES: list[ControllerRouterHandler] = [
    ProjectDisputesController, MyDisputesController, ClaimController, AnswerController, ResolutionController,
]  # fmt: skip
