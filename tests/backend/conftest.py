"""A real PostgreSQL, an empty database per test, and a small site on it whose workers hold real keys."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet
from litestar.testing import AsyncTestClient
from litestar.types import ASGIApp
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.fakes import final_event

from anxin import wiring
from anxin.app import answering
from anxin.core import sealing
from anxin.core.calls import Refusal
from anxin.core.database import Sessions, connect, sessions_of, transaction
from anxin.core.deployment import Deployment
from anxin.core.embedded import EmbeddedPostgres
from anxin.core.events import Event
from anxin.core.migrate import migrate
from anxin.core.no_database import dsn_of
from anxin.core.signing import digest
from anxin.demo.keys import DeviceKey, Key, Passkey, Wallet
from anxin.payroll import rules, sign
from anxin.payroll.calendar import china
from anxin.payroll.deductions import Net
from anxin.payroll.drafts import SheetPlan, Wage, keep_drafts
from anxin.payroll.models import WageLine, WageSheet
from anxin.payroll.payslip import Slip
from anxin.payroll.submit import number
from anxin.people import enrolment
from anxin.people import service as people
from anxin.people.login import SessionKey
from anxin.people.models import Worker
from anxin.people.staff import personal_digest
from anxin.projects import service as projects
from anxin.projects.models import Project
from anxin.settings import Settings
from anxin.wages.gathering import gather

CONTRACTOR = Wallet.from_hex("0x" + "c1" * 32)
REGISTRAR = Wallet.from_hex("0x" + "c2" * 32)
BUREAU = Wallet.from_hex("0x" + "c3" * 32)
ARBITER = Wallet.from_hex("0x" + "c4" * 32)
WINDOWS = projects.Windows(objection_seconds=3 * 86400, answer_seconds=4 * 86400, bureau_seconds=30 * 86400)
BANK = f"0x{0xA6:040x}"  # BankPayout of `deployment_file`
ESCROW = "0x" + "e5" * 20
FIRST_DAY, LAST_DAY, PAYDAY = date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 13)
DAYS = [date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 10)]
DATABASE = "anxin_test"
DATA_KEY = Fernet.generate_key().decode()
# Whoever an earlier test left connected would hold locks.
LEAVE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Few of the many tables have rows after a test: deleting those is five times faster than truncating all.
EMPTY = """
    DO $$ DECLARE known record; BEGIN
        SET LOCAL session_replication_role = replica;
        FOR known IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
            EXECUTE format('DELETE FROM %I', known.tablename);
        END LOOP;
        FOR known IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
            EXECUTE format('ALTER SEQUENCE %I RESTART', known.sequencename);
        END LOOP;
    END $$
"""


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    folder = tmp_path_factory.mktemp("postgres")
    async with EmbeddedPostgres(folder, databases=(DATABASE,), settings={"fsync": "off"}) as server:
        await migrate(server.url(DATABASE))
        yield server


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres) -> str:
    """The same database, emptied: several times faster than another copy of it."""
    url = postgres.url(DATABASE)
    admin = await asyncpg.connect(dsn_of(url))
    await admin.execute(LEAVE)
    await admin.execute(EMPTY)
    await admin.close()
    return url


@pytest.fixture(scope="session")
def deployment_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("deployment") / "deployment.json"
    addresses = {
        name: f"0x{place:040x}"
        for place, name in enumerate(
            (
                "RoleManager", "WageToken", "WorkerRegistry", "WageEscrow", "WageEscrowFactory", "BankPayout",
                "EvidenceAnchor",
            ),
            start=0xA1,
        )
    }
    document = {
        "chainId": 31337, "genesisHash": "0x" + "00" * 32, "startBlock": 1, "rpId": "localhost", "addresses": addresses,
    }  # fmt: skip
    file.write_text(json.dumps(document))
    return file


@pytest.fixture
def settings(database_url: str, deployment_file: Path) -> Settings:
    return Settings(
        database_url=database_url, rpc_url="http://127.0.0.1:1", deployment=deployment_file,
        web_folder=deployment_file.parent / "none", jwt_key="11" * 32, data_keys=DATA_KEY, index_key="22" * 32,
        relayer_key="33" * 32,
        registrars=REGISTRAR.address, release_batch_seconds=0,
    )  # fmt: skip


@pytest.fixture
def deployment(settings: Settings) -> Deployment:
    return Deployment.read(settings.deployment)


@pytest.fixture
async def sessions(settings: Settings) -> AsyncIterator[Sessions]:
    sealing.use(sealing.Sealer(settings.data_keys, settings.index_key))
    engine = connect(settings.database_url)
    yield sessions_of(engine)
    await engine.dispose()


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    async with transaction(sessions) as session:
        yield session


@pytest.fixture
async def client(settings: Settings, sessions: Sessions) -> AsyncIterator[AsyncTestClient[Any]]:
    """The API over ASGI. English answers unless a test asks otherwise."""
    async with AsyncTestClient(_api(settings)) as client:
        client.headers["accept-language"] = "en"
        yield client


@cache
def _api(settings: Settings) -> ASGIApp:
    """The application holds no state between requests, and takes longer to build than most tests run."""
    return answering(settings)


def as_event(line: WageLine) -> dict[str, Any]:
    """A line as SheetPosted has it, once decoded."""
    return {
        "index": line.index, "dayMask": line.day_mask, "amount": line.amount_fen,
        "workerId": "0x" + line.worker_id.hex(), "payslipHash": "0x" + line.payslip_hash.hex(),
    }  # fmt: skip


def escrow_created(deployment: Deployment, **changed: Any) -> Event:
    """The test project's escrow, made as agreed but for what is `changed`."""
    args = {
        "escrow": ESCROW, "contractor": CONTRACTOR.address, "bureau": BUREAU.address, "arbiter": ARBITER.address,
        "project": "0x" + "01" * 32, "windows": WINDOWS.on_chain,
    }  # fmt: skip
    return final_event("EscrowCreated", "WageEscrowFactory", deployment.addresses.factory, **args | changed)


def plain_wage(worker: Worker, amount_fen: int, days: list[date] = DAYS) -> Wage:
    """A wage of this amount for these days, whatever work it was for."""
    contract = rules.Contract(rules.ContractKind.DAY, 30_000)
    pay = rules.compute(contract, [], {}, FIRST_DAY, LAST_DAY, china())
    pay = replace(pay, items=rules.Items(base=amount_fen), days_worked=tuple(days))
    return Wage(worker, Slip(worker.worker_no, contract, pay, Net(amount_fen), tuple(days)))


@dataclass
class Site:
    """A project with an escrow, and workers whose phones are `keys`."""

    sessions: Sessions
    deployment: Deployment
    project: Project
    keys: dict[str, Key]
    workers: dict[str, Worker]

    async def post(self, *amounts_fen: int, days: list[date] = DAYS) -> WageSheet:
        """Post a sheet with one line a worker, in order, and make it final."""
        workers = list(self.workers.values())
        wages = [plain_wage(workers[i], amount, days) for i, amount in enumerate(amounts_fen)]
        async with transaction(self.sessions) as session:
            (sheet,) = await keep_drafts(session, self.project, SheetPlan(FIRST_DAY, LAST_DAY, PAYDAY), wages)
            await number(session, self.deployment, self.project, sheet)
            await sign.record_sheet_posted(
                session,
                final_event(
                    "SheetPosted", "WageEscrow", ESCROW, sheetId=sheet.sheet_id, root="0x" + sheet.root.hex(),
                    header=sheet.header, total=sheet.total_fen, lines=[as_event(line) for line in sheet.lines],
                ),
            )  # fmt: skip
        return sheet

    async def final(self, *events: Event) -> None:
        """What the indexer does as each of these becomes final: all handlers of the flow, in one transaction."""
        for event in events:
            for handler in wiring.on_final_event(self.deployment)[event.name]:
                await self.apply(handler, event)

    async def refused(self, call: dict[str, Any], error: str, *values: Any) -> None:
        """What the relayer does when the chain will not take a call."""
        handler = wiring.on_refused(self.deployment)[call["function"]]
        await self.apply(handler, call["key"], Refusal(error, list(values)))

    async def apply(self, handler: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        async with transaction(self.sessions) as session:
            await handler(session, *arguments)


@pytest.fixture
async def site(sessions: Sessions, deployment: Deployment) -> Site:
    """Three workers: W001 with a device key, W002 with a passkey, W003 with a wallet; all enrolled and joined."""
    keys: dict[str, Key] = {
        "W001": DeviceKey.from_number(101),
        "W002": Passkey.from_number(102, "localhost", "http://localhost:8000"),
        "W003": Wallet.from_hex("0x" + "67" * 32),
    }
    async with transaction(sessions) as session:
        project = await projects.open_project(
            session, b"\x01" * 32, name="测试项目", contractor_name="渝安建工", contractor=CONTRACTOR.address,
            bureau=BUREAU.address, arbiter=ARBITER.address, windows=WINDOWS,
        )  # fmt: skip
        await projects.record_escrow_created(session, escrow_created(deployment))
        workers = {
            number: await _join(session, deployment, project, number, place, key)
            for place, (number, key) in enumerate(keys.items(), start=1)
        }
    return Site(sessions, deployment, project, keys, workers)


async def _join(
    session: AsyncSession, deployment: Deployment, project: Project, number: str, place: int, key: Key
) -> Worker:
    payout = f"0x{0xF00 + place:040x}"
    worker = await people.register_worker(
        session, number, name=f"工人{number}", phone=f"1380000{place:04d}", payout=payout
    )
    public = key.public
    await enrolment.record_enrolled(
        session,
        final_event(
            "Enrolled", "WorkerRegistry", deployment.addresses.registry, workerId=worker.hex_id, payout=payout,
            assurance=public.assurance, x=public.x, y=public.y, registrar=REGISTRAR.address,
        ),
    )  # fmt: skip
    terms = projects.Terms("T1", "day", 30_000, 90_000)
    deadline = 2_000_000_000
    words = digest(deployment.escrow_domain(ESCROW), "Join", projects.join_message(worker, terms, deadline))
    await projects.enlist(session, deployment, project, worker, terms, deadline, CONTRACTOR.sign_bytes(words))
    await projects.record_joined(
        session, final_event("Joined", "WageEscrow", ESCROW, workerId=worker.hex_id, dayCap=90_000)
    )
    return worker


@pytest.fixture
def staff_headers(client: AsyncTestClient[Any]) -> Callable[[Wallet], Awaitable[dict[str, str]]]:
    """Sign a wallet in over the API; return the headers of its session."""

    async def sign_in(wallet: Wallet) -> dict[str, str]:
        asked = (await client.post("/api/staff/challenges", json={"address": wallet.address})).json()
        signature = "0x" + wallet.sign_bytes(personal_digest(asked["message"])).hex()
        body = {"message": asked["message"], "signature": signature}
        opened = (await client.post("/api/staff/sessions", json=body)).json()
        return {"authorization": f"Bearer {opened['accessToken']}"}

    return sign_in


@pytest.fixture
async def jobs(sessions: Sessions) -> Callable[[str], Awaitable[list[dict[str, Any]]]]:
    """The payloads of queued jobs of a name."""

    async def queued(name: str) -> list[dict[str, Any]]:
        async with sessions() as session:
            rows = await session.execute(
                text("SELECT payload FROM pgqueuer WHERE entrypoint = :name ORDER BY id"), {"name": name}
            )
            return [json.loads(payload) for (payload,) in rows]

    return queued


@pytest.fixture
async def gathered(sessions: Sessions, jobs: Any) -> Callable[[], Awaitable[list[int]]]:
    """The sheets of all `release` jobs, once what is signed has waited for long enough."""

    async def sheets() -> list[int]:
        async with transaction(sessions) as session:
            await gather(session, wait=timedelta(0))
        return [job["sheet"] for job in await jobs("release")]

    return sheets


@pytest.fixture
def signed_in(settings: Settings) -> Callable[[Worker], dict[str, str]]:
    """The headers of a worker's open session."""
    key = SessionKey(settings.jwt_key)
    return lambda worker: {"authorization": f"Bearer {key.issue(worker.id)}"}


def assert_problem(answer: Any, status: int, slug: str, sentence: str) -> None:
    document = answer.json()
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"].split(";")[0])
    assert (f"urn:anxin:error:{slug}", status) == (document["type"], document["status"])
    assert sentence in document["detail"]
