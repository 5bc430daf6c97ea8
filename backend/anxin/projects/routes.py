"""/api/me/projects, /api/joins"""

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.wire import Kept
from anxin.people.models import Worker
from anxin.projects import board_routes, offer_routes, party_routes, roster_routes, service
from anxin.projects.schemas import MyProjects, SignedJoin


class MyProjectsController(Controller):
    path = "/api/me/projects"
    tags = ["worker"]

    @get()
    async def my_projects(
        self, worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]
    ) -> MyProjects:
        """Where the signed-in worker works or is offered work."""
        return MyProjects(await service.my_projects(session, worker))


class JoinController(Controller):
    path = "/api/joins"
    tags = ["signed words"]

    @put("/{digest:str}", status_code=202)
    async def accept(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedJoin],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Kept:
        """Keep the worker's signature under an offer; the signature alone says who sends it.

        Raises OfferNotFound (404), NotEnrolled (409), SignatureExpired (410), DigestMismatch, HighS (422), WrongKey (403).
        """
        return await service.accept_join(session, deployment, digest, data)


ROUTES: list[ControllerRouterHandler] = [
    MyProjectsController, JoinController, *party_routes.ROUTES, *roster_routes.ROUTES,
    *offer_routes.ROUTES, *board_routes.ROUTES,
]  # fmt: skip
