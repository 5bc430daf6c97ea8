"""An embedded EVM chain: anvil, whose blocks survive restarts and whose clock never runs backwards.

anvil itself writes its state file in place, and after a restart takes the wall clock for new blocks even where the
chain's time had been moved ahead. So the state is asked for here, soon after each block, and written whole; which block
it reaches up to is told in `chain-safe-height`, and nobody takes a later one for final. The clock is set on from the
last block. A chain that is killed is started again with what it had stored.
"""

import asyncio
import os
import shutil
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import structlog

from anxin.core.embedded.chain_files import ChainFiles, Running
from anxin.core.embedded.errors import (
    BinariesMissing,
    ChainRefused,
    DidNotStart,
    EmbeddedError,
    InUse,
    PortTaken,
    files_in,
    raise_for_log,
)
from anxin.core.embedded.keeping import end_of, keep_running
from anxin.core.embedded.ownership import Ownership

PROJECT = Path(__file__).resolve().parents[4]
HOST = "127.0.0.1"
PORT_VARIABLE = "ANXIN_CHAIN_PORT"
DEFAULT_PORT = 8545
CHAIN_ID = 31337
BLOCK_GAS = 60_000_000
READY_WITHIN_SECONDS = 30.0
SAVING_SHARE = 10  # the state grows with the blocks: so many times as long as a save took nothing is saved

log = structlog.get_logger()


class EmbeddedChain:
    """The chain of a state folder. Mines each transaction at once and, with `block_seconds`, keeps time besides.

    `async with EmbeddedChain(folder, port) as chain: chain.url`

    Args:
        folder: the state folder; made where it is missing.
        port: on 127.0.0.1.
        block_seconds: a block every so often, transactions or not, as a public chain has; 0: only with transactions.
        save_every_seconds: so soon after the last time new blocks are stored, and are safe from then on; later where a
            save takes long. A power cut, or a kill of the chain, costs those that are not. A clean stop loses nothing,
            nor does a kill of this process alone.

    Raises on entry: BinariesMissing, PortTaken, DiskFull, NoPermission, DidNotStart.
    """

    genesis_hash: str

    def __init__(
        self, folder: Path, port: int = DEFAULT_PORT, *, block_seconds: int = 0, save_every_seconds: float = 0.2
    ) -> None:
        self._folder = folder.resolve()
        self._port = port
        self._block_seconds = block_seconds
        self._save_every_seconds = save_every_seconds
        self._files = ChainFiles(self._folder)
        self._process: asyncio.subprocess.Process | None = None
        self._saving = asyncio.Lock()
        self._saved_block = ""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def safe_height_file(self) -> Path:
        """Where the newest stored block's number stands, decimal."""
        return self._files.safe_height

    async def __aenter__(self) -> Self:
        with files_in(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._ownership = Ownership(self._folder / "chain.lock")
            self._is_owner = self._ownership.__enter__()
        self._client = httpx.AsyncClient(timeout=60, trust_env=False)
        try:
            await (self._start() if self._is_owner else self._wait_for_owner())
        except BaseException:
            if self._process and self._process.returncode is None:
                self._process.kill()
            await self._let_go()
            raise
        if self._is_owner:
            again = keep_running("chain", self._end_of_process, self._start)
            self._tasks = [asyncio.create_task(self._keep_saving()), asyncio.create_task(again)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._is_owner:
                await self._stop()
        finally:
            await self._let_go()

    async def end(self) -> None:
        """Ends a chain that outlived its owner; starts nothing. Raises InUse where its owner lives."""
        if not self._folder.exists():
            return
        with Ownership(self._folder / "chain.lock") as is_ours:
            if not is_ours:
                raise InUse(self._folder)
            async with httpx.AsyncClient(timeout=60, trust_env=False) as self._client:
                if running := self._files.running():
                    self._port = running.port
                    if await self._is(running):
                        await self._end(running)

    async def rpc(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call. Raises ChainRefused, or httpx.HTTPError where nobody answers."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = msgspec.json.decode((await self._client.post(self.url, json=body)).content)
        if "error" in answer:
            raise ChainRefused(method, answer["error"]["message"])
        return answer["result"]

    async def save(self) -> None:
        """Store the chain's state, unless the newest block is stored already."""
        with files_in(self._folder):
            async with self._saving:
                block = await self.rpc("eth_getBlockByNumber", "latest", False)
                if block["hash"] == self._saved_block:
                    return
                dumped = await self.rpc("anvil_dumpState")
                await asyncio.to_thread(self._files.keep_state, dumped, int(block["number"], 16))
                self._saved_block = block["hash"]

    # ------------------------------------------------------------------ start

    async def _start(self) -> None:
        with files_in(self._folder):
            if await self._adopt():
                return
            if not _is_free(self._port):
                raise PortTaken(self._port, PORT_VARIABLE)
            async with self._saving:  # what a killed chain had answered may still be on its way into the file
                await self._spawn()

    async def _spawn(self) -> None:
        written = self._files.log.stat().st_size if self._files.log.exists() else 0
        with self._files.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                _program(), *self._options(), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,  # out of reach of the terminal's Ctrl-C
            )  # fmt: skip
        await self._wait_for_answer(written)
        await self._go_on()
        self._files.is_running(Running(self._process.pid, self._port, self.genesis_hash))

    def _options(self) -> list[str]:
        options = ["--host", HOST, "--port", str(self._port), "--chain-id", str(CHAIN_ID), "--hardfork", "osaka"]
        options += ["--gas-limit", str(BLOCK_GAS), "--slots-in-an-epoch", "1", "--quiet"]
        options += ["--timestamp", str(self._files.genesis_time())]
        if self._block_seconds:
            options += ["--mixed-mining", "--block-time", str(self._block_seconds)]
        state = self._files.state()
        return [*options, "--load-state", str(state)] if state else options

    async def _wait_for_answer(self, written: int) -> None:
        give_up_at = asyncio.get_running_loop().time() + READY_WITHIN_SECONDS
        while self._process and self._process.returncode is None and asyncio.get_running_loop().time() < give_up_at:
            with suppress(httpx.HTTPError):
                self.genesis_hash = await self._genesis()
                return
            await asyncio.sleep(0.03)
        said = self._files.log.read_bytes()[written:].decode(errors="replace")
        raise_for_log(said, self._folder)
        if "Address already in use" in said:
            raise PortTaken(self._port, PORT_VARIABLE)
        raise DidNotStart("The local chain (anvil)", self._files.log)

    async def _go_on(self) -> None:
        """Every block it begins with is stored. Time goes on from now, or from the last block where that is ahead of us."""
        self._files.say_safe(await asyncio.to_thread(self._files.state_height))
        last = await self.rpc("eth_getBlockByNumber", "latest", False)
        await self.rpc("evm_setTime", max(int(time.time()), int(last["timestamp"], 16) + 1))

    async def _adopt(self) -> bool:
        """Takes over a chain that outlived the process which started it, with every block it has mined since."""
        running = self._files.running()
        if running is None:
            return False
        wanted, self._port = self._port, running.port
        if not await self._is(running):
            self._port = wanted
            return False
        if running.port == wanted:
            return True
        await self._end(running)
        self._port = wanted
        return False

    async def _wait_for_owner(self) -> None:
        give_up_at = asyncio.get_running_loop().time() + READY_WITHIN_SECONDS
        while asyncio.get_running_loop().time() < give_up_at:
            if running := self._files.running():
                self._port = running.port
                if await self._is(running):
                    return
            await asyncio.sleep(0.1)
        raise DidNotStart("The local chain, which another process should have started,", self._files.log)

    async def _is(self, running: Running) -> bool:
        """Whether the chain that answers on our port is the one on record."""
        try:
            self.genesis_hash = await self._genesis()
        except (httpx.HTTPError, msgspec.DecodeError, EmbeddedError):
            return False
        return self.genesis_hash == running.genesis_hash

    async def _genesis(self) -> str:
        return str((await self.rpc("eth_getBlockByNumber", "0x0", False))["hash"])

    # ------------------------------------------------------------------ keep and stop

    async def _keep_saving(self) -> None:
        pause = self._save_every_seconds
        while True:
            await asyncio.sleep(pause)
            began = time.monotonic()
            try:
                await self.save()
            except (EmbeddedError, OSError, httpx.HTTPError, msgspec.DecodeError) as error:
                log.warning("chain_not_saved", reason=str(error) or type(error).__name__)
            pause = max(self._save_every_seconds, SAVING_SHARE * (time.monotonic() - began))

    async def _end_of_process(self) -> None:
        running = self._files.running()
        await end_of(self._process, running.pid if running else None)

    async def _stop(self) -> None:
        """Saves, then ends the chain. Where it cannot be saved it is left running, and adopted at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        running = self._files.running()
        if running and await self._is(running):
            await self._end(running)
        elif self._process and self._process.returncode is None:  # somebody deleted the folder: nothing is left to keep
            self._process.terminate()
            await self._process.wait()

    async def _end(self, running: Running) -> None:
        await self.save()
        self._files.is_stopped()
        if self._process and self._process.returncode is None:  # started again, it may not be on record yet
            self._process.terminate()
            await self._process.wait()
        else:
            with suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGTERM)
        while not _is_free(self._port):
            await asyncio.sleep(0.03)

    async def _let_go(self) -> None:
        await self._client.aclose()
        self._ownership.__exit__(None, None, None)


def _program() -> Path:
    """anvil, from npm or from PATH."""
    local = PROJECT / "node_modules" / ".bin" / "anvil"
    found = str(local) if local.exists() else shutil.which("anvil")
    if found is None:
        raise BinariesMissing(
            "The local chain's program `anvil`",
            "on Linux x86_64 `make setup` brings it; elsewhere install Foundry (https://getfoundry.sh), so that it is "
            "on PATH",
        )
    return Path(found)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
