"""Builds the web application from the list of features."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.openapi import OpenAPIConfig
from litestar.response import Redirect
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.routes import ROUTES as ALERTS
from anxin.attendance.routes import ROUTES as ATTENDANCE
from anxin.audit.routes import ROUTES as AUDIT
from anxin.bank import trail
from anxin.bank.balance_routes import ROUTES as BALANCES
from anxin.bank.balances import AskBank, BankOnChain, ReadSupply
from anxin.bank.errors import ChainSilent
from anxin.bank.payment_routes import ROUTES as BANK_PAYMENTS
from anxin.chain.live import Live
from anxin.chain.roles import BANK, holds_role
from anxin.chain.routes import ROUTES as CHAIN
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.core import logs, problems, sealing
from anxin.core.database import Sessions, connect, sessions_of
from anxin.core.deployment import Deployment
from anxin.core.language import Language
from anxin.core.security import with_security
from anxin.disputes.routes import ROUTES as DISPUTES
from anxin.ledger import service as ledger
from anxin.payroll import rules
from anxin.payroll.fund.routes import ROUTES as FUND
from anxin.payroll.inputs import minimum_of
from anxin.payroll.routes import ROUTES as PAYROLL
from anxin.people.login import SessionKey
from anxin.people.routes import ROUTES as PEOPLE
from anxin.people.routes import signed_in_worker
from anxin.people.staff import StaffKey
from anxin.people.staff_routes import signed_in_staff
from anxin.projects.board import ReadMinimum
from anxin.projects.models import Project
from anxin.projects.offers import DayCap
from anxin.projects.routes import ROUTES as PROJECTS
from anxin.projects.schemas import MinimumShown
from anxin.realname import cipher
from anxin.realname.routes import ROUTES as REAL_NAMES
from anxin.settings import Settings
from anxin.wages.acceptance import Acceptance
from anxin.wages.door import with_door
from anxin.wages.lines import ReadCoverage
from anxin.wages.routes import ROUTES as WAGES
from anxin.wages.schemas import Coverage
from anxin.wages.trails import BankSteps, Place, ReadBankSteps
from anxin.wiring import read_supply

FEATURES: list[ControllerRouterHandler] = [
    *PEOPLE, *PROJECTS, *ATTENDANCE, *PAYROLL, *FUND, *REAL_NAMES, *WAGES, *ALERTS, *DISPUTES, *AUDIT, *CHAIN,
    *BANK_PAYMENTS, *BALANCES,
]  # fmt: skip
PAGES = ("w", "c", "b", "n", "docs")


@get("/", include_in_schema=False)
async def front_door() -> Redirect:
    """Most who come are workers."""
    return Redirect("/w/")


@get("/api/openapi.json", include_in_schema=False, media_type="application/vnd.oai.openapi+json")
async def description() -> bytes:
    return _description()


async def provide_session(sessions: NamedDependency[Sessions]) -> AsyncIterator[AsyncSession]:
    """One transaction a request: committed before the answer goes out, rolled back where the handler raised."""
    async with sessions() as session, session.begin():
        yield session


async def read_coverage(session: AsyncSession, escrow: str) -> Coverage:
    """Is the money there? The ledger's answer in the words of the worker's page."""
    books = await ledger.books_of(session, escrow)
    return Coverage(books.funded_fen, books.owed_fen, books.funded_fen >= books.owed_fen)


async def read_bank_steps(
    session: AsyncSession, escrow: str, places: Sequence[Place], language: Language
) -> Mapping[Place, BankSteps]:
    """What the bank's files say of lines that were released to it."""
    return await trail.trail_of(session, escrow, places, language=language)


def day_cap_fen(contract_type: str, rate_fen: int, piece_quota: int | None) -> int:
    """The most a day can be worth in a dispute, by the pay rules."""
    return rules.day_cap_fen(rules.Contract(rules.ContractKind(contract_type), rate_fen, piece_quota))


def read_minimum(project: Project, day: date) -> MinimumShown | None:
    """The minimum wage of a project's district, for its notice board."""
    found = minimum_of(project, day)
    return None if found is None else MinimumShown(found.name, found.month_fen, found.hour_fen, found.since)


def ask_bank_on(settings: Settings, deployment: Deployment) -> AskBank:
    """Whether somebody holds the bank's role, looked up on the chain itself. Asked rarely: no connection is kept."""

    async def ask(address: str) -> BankOnChain:
        try:
            async with Rpc(settings.rpc_url) as rpc:
                return BankOnChain(*await holds_role(rpc, deployment, BANK, address))
        except (RpcUnreachable, RpcError) as error:
            raise ChainSilent() from error

    return ask


def build(settings: Settings) -> Litestar:
    """Return the application. Nothing is connected before it starts."""
    engine = connect(settings.database_url)
    sealing.use(sealing.Sealer(settings.data_keys, settings.index_key))
    live = Live(settings.database_url)
    sessions, deployment = sessions_of(engine), Deployment.read(settings.deployment)
    acceptance = Acceptance(sessions, deployment)
    fixed = {
        "settings": settings,
        "deployment": deployment,
        "sessions": sessions,
        "acceptance": acceptance,
        "live": live,
        "session_key": SessionKey(settings.jwt_key),
        "staff_key": StaffKey(settings.jwt_key),
        "registrars": settings.registrar_addresses,
        "read_coverage": read_coverage,
        "read_bank_steps": read_bank_steps,
        "day_cap": day_cap_fen,
        "open_field": cipher.decrypt,
        "read_minimum": read_minimum,
        "ask_bank": ask_bank_on(settings, deployment),
        "read_supply": read_supply,
    }

    @asynccontextmanager
    async def close_connections(_: Litestar) -> AsyncIterator[None]:
        yield
        await acceptance.close()
        await live.close()
        await engine.dispose()

    return Litestar(
        route_handlers=[front_door, description, *FEATURES, *_pages(settings)],
        dependencies={
            **{name: Provide(_always(value), sync_to_thread=False) for name, value in fixed.items()},
            "session": Provide(provide_session),
            "worker": Provide(signed_in_worker),
            "staff": Provide(signed_in_staff),
        },
        before_request=problems.refuse_nul,
        exception_handlers=problems.HANDLERS,
        request_max_body_size=problems.MAX_BODY_BYTES,
        signature_types=[ReadCoverage, ReadBankSteps, DayCap, ReadMinimum, AskBank, ReadSupply],
        lifespan=[close_connections],
        state=State({"acceptance": acceptance}),
        openapi_config=None,  # Litestar would answer for all that is below its path, with pages of its own
        logging_config=None,
    )


def schema() -> dict[str, Any]:
    """Return the OpenAPI document: the features alone, nothing connected."""
    names = (
        "settings", "deployment", "sessions", "acceptance", "live", "session_key", "staff_key", "registrars",
        "read_coverage", "day_cap", "open_field", "read_minimum", "ask_bank", "read_supply", "read_bank_steps",
        "session", "worker", "staff",
    )  # fmt: skip
    application = Litestar(
        route_handlers=FEATURES,
        dependencies={name: Provide(_always(None), sync_to_thread=False) for name in names},
        signature_types=[ReadCoverage, ReadBankSteps, DayCap, ReadMinimum, AskBank, ReadSupply],
        openapi_config=OpenAPIConfig(
            title="Anxin (安薪)",
            version="0.1.0",
            description="Wages locked in escrow, released by the worker's own signature. Errors are RFC 9457 documents.",
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )
    return application.openapi_schema.to_schema()


@cache
def _description() -> bytes:
    return msgspec.json.encode(schema())


def _always(value: object) -> Callable[[], object]:
    def provide() -> object:
        return value

    return provide


def _pages(settings: Settings) -> list[ControllerRouterHandler]:
    """The built pages. An API process without them (none built) still answers the API."""
    if not settings.web_folder.is_dir():
        return []
    folders = [(f"/{page}", settings.web_folder / page, True) for page in PAGES]
    folders.append(("/assets", settings.web_folder / "assets", False))
    return [
        create_static_files_router(path=path, directories=[folder], html_mode=html, include_in_schema=False)
        for path, folder, html in folders
        if folder.is_dir()
    ]


def answering(settings: Settings) -> ASGIApp:
    """The application behind all that is in front of it."""
    application = build(settings)
    return with_security(
        with_door(application, application.state.acceptance), pages=frozenset(f"/{page}" for page in PAGES)
    )


def create() -> ASGIApp:
    """What the web server runs."""
    logs.configure()
    return answering(Settings.from_environment())
