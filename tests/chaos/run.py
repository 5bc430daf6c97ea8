"""`make chaos`: thousands of confirmations on real parts, all of which fail, by a seed. Ends with 1 unless all is well.

    SEED=7 WORDS=2048 make chaos

Progress and counts are printed; build/chaos.json is the result. tests/chaos/README.md says what is covered, and what is not.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random

import httpx
import msgspec
from sqlalchemy.engine import make_url
from tests.backend.rpc_faults import LyingNode
from tests.chain import deploy
from tests.chaos.faults import FINALITY, Faults, Parts
from tests.chaos.processes import Chain, Kept
from tests.chaos.site import Site
from tests.chaos.verdict import Verdict, judge, unfinished
from tests.chaos.wires import CountingTwilio, PostgresWire

from anxin.core import sealing
from anxin.core.database import connect, sessions_of
from anxin.core.embedded import EmbeddedPostgres
from anxin.core.embedded.keys import operator_keys
from anxin.core.migrate import migrate
from anxin.settings import ROOT, Settings
from anxin.stack import EMBEDDED_ACCOUNTS, EMBEDDED_ROLES

DATABASE = "anxin"
WORKERS = 2  # processes, each with a relayer for both keys and an indexer
BLOCK_SECONDS, CALM_BLOCK_SECONDS = 0.4, 0.1  # among faults, and before them
WORDS_A_SECOND = 12.0
POSTED_AMONG_FAULTS = 1  # sheets: each waits for the one before it to be final
MOST_SECONDS = 900  # of faults
CALM_SECONDS = 300
LATE_SECONDS = 12  # the relayer gives a node 10
PROGRESS_SECONDS = 10
RESULT = ROOT / "build" / "chaos.json"


class World:
    """A site, what can go wrong with it, and the tasks that go on all the time."""

    def __init__(self, site: Site, faults: Faults, words: int) -> None:
        self.site, self.faults, self.words, self.began = site, faults, words, time.monotonic()

    async def keep_mining(self) -> None:
        while True:
            with suppress(Exception):  # the chain may be down just now
                await self.faults.mine()
            await asyncio.sleep(BLOCK_SECONDS if self.faults.have_begun else CALM_BLOCK_SECONDS)

    async def keep_telling(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            counts = self.faults.counts()
            missing = "" if len(counts) < 20 else f", still to come: {', '.join(sorted(self.faults.missing())) or 'none'}"
            released: object = "?"
            with suppress(Exception):
                released = await self.site.final_events("Released")
            self.say(f"{len(self.site.accepted)} of {self.words} accepted, {released} released for good, "
                     f"{sum(counts.values())} faults of {len(counts)} kinds{missing}")  # fmt: skip

    def say(self, line: str) -> None:
        print(f"{time.monotonic() - self.began:5.0f} s  {line}", flush=True)


async def main(seed: int, words: int) -> int:
    folder = Path(tempfile.mkdtemp(prefix="anxin-chaos-"))
    try:
        async with running(folder, seed, words) as world:
            verdict = await play(world, Random(seed))  # noqa: S311, repeatable
            report(world, seed, verdict)
    finally:
        print(f"logs: {folder}")
    if verdict.is_good and "KEEP" not in os.environ:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if verdict.is_good else 1


@asynccontextmanager
async def running(folder: Path, seed: int, words: int) -> AsyncIterator[World]:
    """Everything is up, the site is built, and nothing fails yet."""
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(EmbeddedPostgres(folder, databases=(DATABASE,)))
        await migrate(postgres.url(DATABASE))
        chain = Chain(folder, free_port(), FINALITY)
        stack.push_async_callback(chain.stop)
        await chain.start()
        await chain("evm_setAutomine", True)
        deployment = await deploy(chain, folder / "deployment.json")  # type: ignore[arg-type]
        twilio = await stack.enter_async_context(CountingTwilio(seed))
        wire = await stack.enter_async_context(PostgresWire(lambda: _place(postgres), seed))
        nodes = [
            await stack.enter_async_context(LyingNode(chain.url, seed + place, 0, late_seconds=LATE_SECONDS))
            for place in range(WORKERS)
        ]
        port = free_port()
        through_wire = make_url(postgres.url(DATABASE)).set(port=wire.port).render_as_string(hide_password=False)
        settings = _settings(folder, through_wire, port, twilio)
        sealing.use(sealing.Sealer(settings.data_keys, settings.index_key))
        engine = connect(postgres.url(DATABASE))
        stack.push_async_callback(engine.dispose)
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False)
        )
        site = Site(sessions_of(engine), deployment, chain, http, settings.public_url)
        await site.build(words)
        await chain("evm_setAutomine", False)
        api = Kept([sys.executable, "-m", "anxin.cli", "api"], _for(settings, chain.url), folder / "api.log")
        workers = [
            Kept(
                [sys.executable, "-m", "tests.chaos.worker", str(folder / f"worker{place}")], _for(settings, node.url),
                folder / f"worker{place}.log",
            )
            for place, node in enumerate(nodes)
        ]  # fmt: skip
        parts = Parts(folder, api, workers, postgres, DATABASE, wire, nodes, chain, twilio, site.escrow.lower())
        faults = Faults(parts, Random(seed))  # noqa: S311
        for place in range(WORKERS):
            faults.set_clock(place, 0)
        for process in (api, *workers):
            await process.start()
            stack.push_async_callback(process.stop)
        world = World(site, faults, words)
        for task in (asyncio.create_task(world.keep_mining()), asyncio.create_task(world.keep_telling())):
            stack.callback(task.cancel)
        await _until_ready(site)
        yield world


async def play(world: World, dice: Random) -> Verdict:
    """Faults while people sign, then calm, then the account."""
    site, faults = world.site, world.faults
    world.say(f"{len(site.sheets)} sheets of {len(site.workers)} workers wait for the contractor")
    await site.sign_sheets()
    if calm := len(site.sheets) - POSTED_AMONG_FAULTS:
        await site.posted(site.sheets[calm - 1])
    world.say("faults begin")
    faults.rage()
    phones = asyncio.create_task(site.confirm_all(WORDS_A_SECOND, dice, lambda: not faults.missing()))
    await faults.run(phones.done, MOST_SECONDS)
    await faults.calm()
    await phones
    world.say("faults are over")
    await _settle(world)
    return await judge(site, faults.parts.twilio.taken)


async def _settle(world: World) -> None:
    """Wait until nothing is on its way; what was put off is not waited for in real time."""
    give_up_at = time.monotonic() + CALM_SECONDS
    left: dict[str, int] = {}
    for look in range(CALM_SECONDS):
        with suppress(Exception):  # PostgreSQL may just be coming back
            left = await unfinished(world.site)
            if not left:
                break
        if time.monotonic() > give_up_at:
            world.say(f"not done in {CALM_SECONDS} s: {left}")
            break
        if look % 3 == 2:
            await world.faults.pass_time(600)
        await asyncio.sleep(1)
    await asyncio.sleep((FINALITY + 4) * BLOCK_SECONDS)


def report(world: World, seed: int, verdict: Verdict) -> None:
    counts, kills = world.faults.counts(), world.faults.kills()
    for kind, count in counts.items():
        print(f"{count:7d}  {kind}")
    print(f"{world.site.resent:7d}  times a phone sent again because it had no 202")
    missing = sorted(world.faults.missing())
    for finding in verdict.findings[:40]:
        print(f"      !  {finding}")
    if missing or world.faults.sent_while_behind:
        verdict.stuck_jobs += len(missing) + world.faults.sent_while_behind
        print(f"      !  never happened: {missing}; sent to a node without its state: {world.faults.sent_while_behind}")
    result = {
        "seed": seed, "confirmations": len(world.site.accepted), "faults": counts, "kills": dict(sorted(kills.items())),
        "lost": verdict.lost, "doublePaid": verdict.double_paid, "ledgerMismatch": verdict.ledger_mismatch,
        "smsMissing": verdict.sms_missing, "smsMoreThanTwice": verdict.sms_more_than_twice,
        "stuckJobs": verdict.stuck_jobs,
    }  # fmt: skip
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    world.say(f"{sum(counts.values())} faults of {len(counts)} kinds, {sum(kills.values())} kills at a named boundary")
    print(json.dumps({name: value for name, value in result.items() if name not in ("faults", "kills")}))


def _settings(folder: Path, database_url: str, port: int, twilio: CountingTwilio) -> Settings:
    keys = msgspec.to_builtins(operator_keys(folder)) | {"relayer_key": EMBEDDED_ACCOUNTS["bureau"]}
    return Settings.from_environment(
        {
            **twilio.settings, **{f"ANXIN_{name.upper()}": value for name, value in keys.items()},
            "ANXIN_RELAYER_KEYS": EMBEDDED_ACCOUNTS["guardian"], "ANXIN_DATABASE_URL": database_url,
            "ANXIN_RPC_URL": "http://127.0.0.1:1", "ANXIN_DEPLOYMENT": str(folder / "deployment.json"),
            "ANXIN_PORT": str(port), "ANXIN_PUBLIC_URL": f"http://localhost:{port}",
            "ANXIN_TWILIO_WEBHOOK_URL": f"http://127.0.0.1:{port}", "ANXIN_FINALITY_DEPTH": str(FINALITY),
            "ANXIN_POLL_SECONDS": "0.4", "ANXIN_RELEASE_BATCH_SECONDS": "1", "ANXIN_RELAY_REPLACE_SECONDS": "3",
            "ANXIN_REGISTRARS": EMBEDDED_ROLES.registrar,
        }
    )  # fmt: skip


def _for(settings: Settings, rpc_url: str) -> dict[str, str]:
    return settings.to_environment() | {"ANXIN_RPC_URL": rpc_url}


def _place(postgres: EmbeddedPostgres) -> tuple[str, int]:
    url = make_url(postgres.url(DATABASE))
    return str(url.host), int(url.port or 0)


async def _until_ready(site: Site) -> None:
    """The web server answers, and the workers have read what is on the chain."""
    async with asyncio.timeout(180):
        while True:
            with suppress(httpx.HTTPError):
                healthy = (await site.http.get("/api/health")).status_code == 200
                if healthy and await site.final_events("Enrolled") == len(site.workers):
                    return
            await asyncio.sleep(0.3)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(os.environ.get("SEED") or 1), int(os.environ.get("WORDS") or 2048))))
