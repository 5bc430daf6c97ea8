"""/api/staff/projects, /api/projects/{escrow}/parties"""

from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.people.staff import Staff
from anxin.projects import parties
from anxin.projects.access import as_party
from anxin.projects.schemas import NamedParty, NamedRole, PartiesView, StaffProjects


class PartyController(Controller):
    path = "/api"
    tags = ["parties"]

    @get("/staff/projects")
    async def my_projects(self, staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]) -> StaffProjects:
        """The projects on which the signed-in wallet is a party, and in which roles."""
        return StaffProjects(await parties.projects_of(session, staff))

    @get("/projects/{escrow:str}/parties")
    async def parties_of(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> PartiesView:
        """Who acts on the project, now and before, for any of its parties. Raises ProjectNotFound (404)."""
        return PartiesView(await parties.parties_of(session, await as_party(session, staff, escrow)))

    @put("/projects/{escrow:str}/parties/{address:str}/{role:str}", status_code=204)
    async def name(
        self,
        escrow: FromPath[str],
        address: FromPath[str],
        role: FromPath[NamedRole],
        data: JSONBody[NamedParty],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Name a party; the contractor does. Raises ProjectNotFound (404), RoleNeeded (403), NotIndependent (409)."""
        acting = await as_party(session, staff, escrow, "contractor")
        await parties.name_party(session, acting, address, role, data)

    @delete("/projects/{escrow:str}/parties/{address:str}/{role:str}", status_code=204)
    async def end(
        self,
        escrow: FromPath[str],
        address: FromPath[str],
        role: FromPath[NamedRole],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """End a party; the contractor does. Raises ProjectNotFound, PartyNotFound (404), RoleNeeded (403)."""
        await parties.end_party(session, await as_party(session, staff, escrow, "contractor"), address, role)


ROUTES: list[ControllerRouterHandler] = [PartyController]
