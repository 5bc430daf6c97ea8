"""/api/projects/{escrow}/offers, …/roster/{worker_no}/contract and /moves, /api/me/projects/{escrow}/contract"""

from datetime import date

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.errors import ProjectNotFound
from anxin.core.wire import Kept
from anxin.people.models import Worker
from anxin.people.staff import Staff
from anxin.projects import moves, offers, roster, service
from anxin.projects.access import as_party
from anxin.projects.schemas import Moves, OffersAsked, OfferSignature, PreparedOffers, SignedContract

PREPARES = ("contractor", "officer")


class OfferController(Controller):
    path = "/api/projects/{escrow:str}/offers"
    tags = ["people"]

    @get()
    async def prepared(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> PreparedOffers:
        """Contracts that wait for the contractor's signature. Raises ProjectNotFound (404), RoleNeeded (403)."""
        return PreparedOffers(await offers.prepared(session, await as_party(session, staff, escrow, *PREPARES)))

    @post(status_code=200)
    async def prepare(
        self,
        escrow: FromPath[str],
        data: JSONBody[OffersAsked],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        day_cap: NamedDependency[offers.DayCap],
    ) -> PreparedOffers:
        """Write contracts from the roster; again, what is written stays. Raises ProjectNotFound, NotOnRoster (404)."""
        acting = await as_party(session, staff, escrow, *PREPARES)
        return PreparedOffers(await offers.prepare(session, deployment, day_cap, acting, data.worker_nos))

    @put("/{digest:str}", status_code=202)
    async def sign(
        self,
        escrow: FromPath[str],
        digest: FromPath[str],
        data: JSONBody[OfferSignature],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> Kept:
        """Keep the contractor's signature under a contract, which is then the worker's to accept.

        Raises OfferNotFound, ProjectNotFound (404), WrongSigner, RoleNeeded (403), SignatureExpired (410).
        """
        return await offers.sign(session, await as_party(session, staff, escrow, *PREPARES), digest, data.signature)


class RosterPaperController(Controller):
    path = "/api/projects/{escrow:str}/roster/{worker_no:str}"
    tags = ["people"]

    @get("/contract")
    async def contract(
        self,
        escrow: FromPath[str],
        worker_no: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SignedContract:
        """A worker's contract as it was signed; the worker sees who read it. Raises NotOnRoster, OfferNotFound (404)."""
        acting = await as_party(session, staff, escrow, *roster.READS)
        return await offers.read_contract(session, acting, worker_no)

    @get("/moves")
    async def moves_of(
        self,
        escrow: FromPath[str],
        worker_no: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> Moves:
        """A worker's entries and exits, and who recorded them. Raises ProjectNotFound, NotOnRoster (404)."""
        acting = await as_party(session, staff, escrow, *moves.RECORDS, "bureau")
        return Moves(await moves.moves_of(session, acting, worker_no))

    @put("/moves/{kind:str}/{day:date}", status_code=204)
    async def record_move(
        self,
        escrow: FromPath[str],
        worker_no: FromPath[str],
        kind: FromPath[moves.Kind],
        day: FromPath[date],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Record that a worker came to the site, or left it. Sending it again changes nothing.

        Raises ProjectNotFound, NotOnRoster (404), RoleNeeded (403), BadMoveDay (422).
        """
        acting = await as_party(session, staff, escrow, *moves.RECORDS)
        await moves.record_move(session, acting, worker_no, kind, day)


class MyContractController(Controller):
    path = "/api/me/projects/{escrow:str}/contract"
    tags = ["worker"]

    @get()
    async def contract(
        self, escrow: FromPath[str], worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]
    ) -> SignedContract:
        """The signed-in worker's own contract, as it was signed. Raises ProjectNotFound, OfferNotFound (404)."""
        project = await service.project_at(session, escrow)
        if project is None:
            raise ProjectNotFound(escrow=escrow)
        return await offers.contract_of(session, project, worker)


ROUTES: list[ControllerRouterHandler] = [OfferController, RosterPaperController, MyContractController]
