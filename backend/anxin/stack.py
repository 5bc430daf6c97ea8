"""Everything in one place: embedded services where none are given, contracts, API and worker as supervised processes.

`anxin up` is this and nothing more; the demonstration adds people. On many machines the same parts run alone, with every
setting from the environment: `anxin migrate`, `anxin api`, `anxin worker`.
"""

import asyncio
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import httpx
import msgspec
from eth_account import Account

from anxin.core.deployment import Deployment
from anxin.core.embedded import EmbeddedChain, EmbeddedPostgres
from anxin.core.embedded.keys import OperatorKeys, operator_keys
from anxin.core.migrate import migrate
from anxin.settings import ROOT, Settings

READY_WITHIN_SECONDS = 60
RESTART_AFTER_SECONDS = 0.5
STOP_WITHIN_SECONDS = 10
BLOCK_SECONDS = 1
EMBEDDED_FINALITY_DEPTH = 1  # blocks; the embedded chain has one miner and no forks


class CannotStart(Exception):
    """A part did not come up. The message says which, and what to do."""


@dataclass(frozen=True)
class Roles:
    """Who does what on the embedded deployment (0x addresses). An escrow names its bureau and its arbiter."""

    registrar: str
    bank: str
    bureau: str
    arbiter: str
    guardian: str
    witness: str


@dataclass(frozen=True)
class Stack:
    """A running Anxin. Closing its context stops all of it."""

    settings: Settings
    deployment: Deployment
    chain: EmbeddedChain
    state: Path
    parts: Mapping[str, "Supervised"]


# The embedded chain's well-known test accounts (anvil's mnemonic): worth nothing anywhere else.
EMBEDDED_ACCOUNTS = {
    "deployer": "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "contractor": "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "registrar": "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "bank": "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "bureau": "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
    "arbiter": "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    "guardian": "0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
    "witness": "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
}


def address_of(account: str) -> str:
    return str(Account.from_key(EMBEDDED_ACCOUNTS[account]).address)


EMBEDDED_ROLES = Roles(**{role: address_of(role) for role in Roles.__dataclass_fields__})


@asynccontextmanager
async def running(state: Path, more: Mapping[str, str] = os.environ) -> AsyncIterator[Stack]:
    """Start whatever is missing and yield once the first page answers.

    Args:
        state: folder of the embedded services; reused where it is there.
        more: settings (ANXIN_…) that override the embedded ones.

    Raises: EmbeddedError, CannotStart.
    """
    port, chain_port = _port(more, "ANXIN_PORT", 8000), _port(more, "ANXIN_CHAIN_PORT", 8545)
    _check_port(port)
    keys = operator_keys(state)
    async with AsyncExitStack() as stack:
        postgres, chain = EmbeddedPostgres(state), EmbeddedChain(state, chain_port, block_seconds=BLOCK_SECONDS)
        await asyncio.gather(stack.enter_async_context(postgres), stack.enter_async_context(chain))
        settings = _settings(state, postgres.url("anxin"), chain, port, keys, more)
        await asyncio.gather(_deploy(chain, settings), migrate(settings.database_url))
        parts = {part: Supervised([part], settings.to_environment(), state / f"{part}.log") for part in ("worker", "api")}
        for process in parts.values():
            await process.start()
            stack.push_async_callback(process.stop)
        await _first_page(settings, state)
        yield Stack(settings, Deployment.read(settings.deployment), chain, state, parts)


async def run_up(state: Path) -> None:
    """`anxin up`: run until SIGINT or SIGTERM, or until the terminal is closed."""
    async with running(state) as stack:
        click.echo(f"Anxin is up: {stack.settings.public_url}/w/  /c/  /b/   (logs in {state}, Ctrl-C stops)")
        await until_stopped()


async def until_stopped() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


class Supervised:
    """One `anxin` process, with the processes it starts, that is started again whenever it ends by itself."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = command
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Of the process that runs now; its group has the same number. None between two."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep(self._process))

    async def stop(self) -> None:
        self._stopping = True
        if self._process is None or self._keeper is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(self._keeper), STOP_WITHIN_SECONDS)
        except TimeoutError:
            _kill_group(self._process.pid)
            await self._keeper

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "anxin.cli", *self._command, env=self._environment, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=_end_with_parent,
            )  # fmt: skip

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        while True:
            await process.wait()
            _kill_group(process.pid)  # a web server that was killed leaves its workers, and they its port
            if self._stopping:
                return
            await asyncio.sleep(RESTART_AFTER_SECONDS)
            if self._stopping:
                return
            self._process = process = await self._spawn()
            if self._stopping:
                process.terminate()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Runs in the child. On Linux it is told to stop when we are killed; elsewhere it would stay, and keep its port."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _settings(
    state: Path, database_url: str, chain: EmbeddedChain, port: int, keys: OperatorKeys, more: Mapping[str, str]
) -> Settings:
    return Settings.from_environment(
        {
            "ANXIN_DATABASE_URL": database_url,
            "ANXIN_RPC_URL": chain.url,
            "ANXIN_DEPLOYMENT": str(state / "deployment.json"),
            "ANXIN_PORT": str(port),
            "ANXIN_PUBLIC_URL": f"http://localhost:{port}",
            "ANXIN_FINALITY_DEPTH": str(EMBEDDED_FINALITY_DEPTH),
            "ANXIN_SAFE_HEIGHT_FILE": str(chain.safe_height_file),
            "ANXIN_POLL_SECONDS": "0.4",
            "ANXIN_RELEASE_BATCH_SECONDS": "1",
            "ANXIN_RELAY_REPLACE_SECONDS": "8",  # this chain takes what it is given at once
            "ANXIN_REGISTRARS": EMBEDDED_ROLES.registrar,
            **{f"ANXIN_{name.upper()}": value for name, value in msgspec.to_builtins(keys).items()},
            **{name: value for name, value in more.items() if name.startswith("ANXIN_")},
        }
    )


async def _deploy(chain: EmbeddedChain, settings: Settings) -> None:
    """Deploy the contracts with Brownie, unless this very chain has them. They are on record once they are stored."""
    if settings.deployment.exists() and Deployment.read(settings.deployment).genesis_hash == chain.genesis_hash:
        factory = Deployment.read(settings.deployment).addresses.factory
        if await chain.rpc("eth_getCode", factory, "latest") != "0x":
            return
    half = settings.deployment.with_suffix(".half")
    arguments = [
        "--rpc", chain.url, "--out", str(half), "--rp-id", "localhost",
        "--registrar", EMBEDDED_ROLES.registrar, "--bank", EMBEDDED_ROLES.bank, "--bureau", EMBEDDED_ROLES.bureau,
        "--arbiter", EMBEDDED_ROLES.arbiter, "--guardian", EMBEDDED_ROLES.guardian, "--witness", EMBEDDED_ROLES.witness,
        "--relayer", *(str(Account.from_key(key).address) for key in settings.all_relayer_keys),
    ]  # fmt: skip
    script = ROOT / "scripts" / "deploy.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, "ANXIN_DEPLOYER_KEY": EMBEDDED_ACCOUNTS["deployer"]},
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise CannotStart(f"the contracts could not be deployed:\n{output.decode()[-2000:]}")
    await chain.save()
    half.rename(settings.deployment)


async def _first_page(settings: Settings, state: Path) -> None:
    """Wait until the API answers."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(READY_WITHIN_SECONDS * 10):
            try:
                if (await client.get(f"http://127.0.0.1:{settings.port}/api/health")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass  # not up yet; the loop is bounded
            await asyncio.sleep(0.1)
    raise CannotStart(f"the web server did not answer within {READY_WITHIN_SECONDS} s: see {state / 'api.log'}")


def _port(more: Mapping[str, str], name: str, default: int) -> int:
    text = more.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise CannotStart(f"{name} is {text!r}: a port is a number from 1 to 65535")
    return int(text)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"port {port} is used by another program: stop it, or choose another, as in ANXIN_PORT={port + 1} make demo"
            ) from error
