"""/api/chain, /api/health, /api/projects, /api/events, /api/ledger: public, read-only."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, Parameter
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.audit import views
from anxin.audit.schemas import ChainFacts, EventsView, Health, LedgerView, ProjectsView, ProjectView
from anxin.core.deployment import Deployment
from anxin.settings import Settings


class PublicController(Controller):
    path = "/api"
    tags = ["public"]

    @get("/chain")
    async def chain(
        self, deployment: NamedDependency[Deployment], settings: NamedDependency[Settings]
    ) -> ChainFacts:
        """The contracts, and where a signature counts."""
        at = deployment.addresses
        return ChainFacts(
            deployment.chain_id, deployment.rp_id, at.registry, at.factory, at.token, at.bank, at.anchor,
            settings.finality_depth,
        )  # fmt: skip

    @get("/health")
    async def health(self, session: NamedDependency[AsyncSession]) -> Health:
        """Whether this process answers, how far the chain is indexed, and what a person must look at."""
        return await views.health(session)

    @get("/projects")
    async def projects(self, session: NamedDependency[AsyncSession]) -> ProjectsView:
        """Every project that has an escrow, with its books."""
        return ProjectsView(await views.projects(session))

    @get("/projects/{escrow:str}")
    async def project(self, escrow: FromPath[str], session: NamedDependency[AsyncSession]) -> ProjectView:
        """One project. Raises NotFound (404)."""
        return await views.project(session, escrow)

    @get("/events")
    async def events(
        self,
        session: NamedDependency[AsyncSession],
        escrow: FromQuery[str | None] = None,
        name: FromQuery[str | None] = None,
        before: FromQuery[str | None] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> EventsView:
        """Chain events as indexed, newest first. Raises Malformed (400) for a cursor that is none."""
        return await views.events(session, escrow=escrow, name=name, before=before, limit=limit)

    @get("/ledger")
    async def ledger(
        self, session: NamedDependency[AsyncSession], escrow: FromQuery[str | None] = None
    ) -> LedgerView:
        """The books of an escrow; of the token where none is named."""
        return await views.ledger_of(session, escrow)


ROUTES: list[ControllerRouterHandler] = [PublicController]
