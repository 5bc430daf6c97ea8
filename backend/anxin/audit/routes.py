"""/api/chain, /api/health, /api/projects, /api/events, /api/ledger: public, read-only."""

from datetime import date
from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, Parameter, QueryParameter
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.audit import tables, views
from anxin.audit.schemas import ChainFacts, EventsView, Health, LedgerView, ProjectsView, ProjectView
from anxin.core.deployment import Deployment
from anxin.core.exports import Format
from anxin.core.language import Language
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

    @get("/events/export", media_type="application/octet-stream")
    async def export_events(
        self,
        request: Request[Any, Any, Any],
        session: NamedDependency[AsyncSession],
        file_format: Annotated[Format, QueryParameter(name="format")],
        escrow: FromQuery[str | None] = None,
        name: FromQuery[str | None] = None,
        first: FromQuery[date | None] = None,
        last: FromQuery[date | None] = None,
        language: FromQuery[Language | None] = None,
    ) -> Response[bytes]:
        """Chain events as a table, oldest first. Raises ExportTooLarge (413)."""
        found = await views.exported_events(session, escrow=escrow, name=name, first=first, last=last)
        return await tables.answer_events(request, found, file_format, language)

    @get("/ledger/export", media_type="application/octet-stream")
    async def export_ledger(
        self,
        request: Request[Any, Any, Any],
        session: NamedDependency[AsyncSession],
        file_format: Annotated[Format, QueryParameter(name="format")],
        escrow: FromQuery[str | None] = None,
        first: FromQuery[date | None] = None,
        last: FromQuery[date | None] = None,
        language: FromQuery[Language | None] = None,
    ) -> Response[bytes]:
        """The ledger's entries as a table, oldest first. Raises ExportTooLarge (413)."""
        found = await views.exported_entries(session, escrow=escrow, first=first, last=last)
        return await tables.answer_entries(request, found, file_format, language)

    @get("/ledger")
    async def ledger(
        self, session: NamedDependency[AsyncSession], escrow: FromQuery[str | None] = None
    ) -> LedgerView:
        """The books of an escrow; of the token where none is named."""
        return await views.ledger_of(session, escrow)


ROUTES: list[ControllerRouterHandler] = [PublicController]
