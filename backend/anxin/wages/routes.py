"""/api/me/lines, /api/confirmations, /api/contests"""

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.relay_file import RelayFile
from anxin.people.models import Worker
from anxin.settings import Settings
from anxin.wages import export, lines, service
from anxin.wages.schemas import MyLines, Receipt, ReleaseCall, SignedConfirmation, SignedContest


class MyLinesController(Controller):
    path = "/api/me/lines"
    tags = ["worker"]

    @get()
    async def my_lines(
        self,
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        read_coverage: NamedDependency[lines.ReadCoverage],
    ) -> MyLines:
        """What the signed-in worker is owed and was paid, newest first."""
        return MyLines(await lines.my_lines(session, deployment, worker, read_coverage))


class ConfirmationController(Controller):
    path = "/api/confirmations"
    tags = ["signed words"]

    @put("/{digest:str}", status_code=202)
    async def confirm(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedConfirmation],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        settings: NamedDependency[Settings],
    ) -> Receipt:
        """Keep the worker's signed word; release follows and is not awaited. Resending the same digest changes nothing.

        Raises LineNotFound (404), AmountChanged (409), NotEnrolled (409), SignatureExpired (410), WrongKey (403),
        DigestMismatch, HighS (422).
        """
        return await service.confirm_period(
            session, deployment, digest, data, batch_seconds=settings.release_batch_seconds
        )

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
        return _download(digest, await export.confirmation_file(session, deployment, worker, digest))


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
        return _download(digest, await export.contest_file(session, deployment, worker, digest))


def _download(digest: str, file: RelayFile) -> Response[RelayFile]:
    name = f"anxin-{file.signed.lower()}-{digest[2:10]}.json"
    return Response(file, headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"})


ROUTES: list[ControllerRouterHandler] = [MyLinesController, ConfirmationController, ContestController]
