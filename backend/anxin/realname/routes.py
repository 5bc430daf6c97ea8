"""/api/projects/{escrow}/real-name-platform"""

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.people.staff import Staff
from anxin.projects.access import as_party
from anxin.realname import service
from anxin.realname.schemas import PlatformTerms, PlatformView
from anxin.settings import Settings


class RealNameController(Controller):
    path = "/api/projects/{escrow:str}/real-name-platform"
    tags = ["real names"]

    @get()
    async def how_far(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> PlatformView:
        """How far the uploads are, and what was rejected. Raises ProjectNotFound (404), RoleNeeded (403)."""
        return await service.view(session, await as_party(session, staff, escrow, "contractor", "officer", "bureau"))

    @put()
    async def link(
        self,
        escrow: FromPath[str],
        data: JSONBody[PlatformTerms],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        settings: NamedDependency[Settings],
    ) -> PlatformView:
        """Link the project to the platform. Raises ProjectNotFound (404), RoleNeeded (403), RealNameOff (409)."""
        acting = await as_party(session, staff, escrow, "contractor", "officer")
        return await service.link(session, settings, acting, data)

    @post("/uploads/{upload:int}/attempts", status_code=204)
    async def send_again(
        self,
        escrow: FromPath[str],
        upload: FromPath[int],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Send a rejected upload again. Raises ProjectNotFound, UploadNotFound (404), RoleNeeded (403)."""
        acting = await as_party(session, staff, escrow, "contractor", "officer")
        await service.send_again(session, acting, upload)


ROUTES: list[ControllerRouterHandler] = [RealNameController]
