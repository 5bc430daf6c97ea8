"""An embedded EVM chain: anvil, whose blocks survive restarts and whose clock never runs backwards.

anvil itself writes its state file in place, and after a restart takes the wall clock for new blocks even where the
chain's time had been moved ahead. So the state is asked for here and written whole, and the clock is set on from the
last block.
"""

import asyncio
import gzip
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

from anxin.core.embedded.errors import (
    BinariesMissing,
    ChainRefused,
    DidNotStart,
    EmbeddedError,
    InUse,
    PortTaken,
    StateIncomplete,
    files_in,
    raise_for_log,
)
from anxin.core.embedded.ownership import Ownership

PROJECT = Path(__file__).resolve().parents[4]
HOST = "127.0.0.1"
PORT_VARIABLE = "ANXIN_CHAIN_PORT"
DEFAULT_PORT = 8545
CHAIN_ID = 31337
BLOCK_GAS = 60_000_000
READY_WITHIN_SECONDS = 30.0

log = structlog.get_logger()


class Running(msgspec.Struct, frozen=True):
    """The chain that runs on a folder's state: kept in `chain.json`."""

    pid: int
    port: int
    genesis_hash: str


class EmbeddedChain:
    """The chain of a state folder. Mines each transaction at once and, with `block_seconds`, keeps time besides.

    `async with EmbeddedChain(folder, port) as chain: chain.url`

    Args:
        folder: the state folder; made where it is missing.
        port: on 127.0.0.1.
        block_seconds: a block every so often, transactions or not, as a public chain has; 0: only with transactions.
        save_every_seconds: what a power cut can cost. A clean stop loses nothing, nor does a kill of this process.

    Raises on entry: BinariesMissing, PortTaken, DiskFull, NoPermission, DidNotStart.
    """

    genesis_hash: str

    def __init__(
        self, folder: Path, port: int = DEFAULT_PORT, *, block_seconds: int = 0, save_every_seconds: float = 5.0
    ) -> None:
        self._folder = folder.resolve()
        self._port = port
        self._block_seconds = block_seconds
        self._save_every_seconds = save_every_seconds
        self._running_file = self._folder / "chain.json"
        self._state_file = self._folder / "chain-state.json"
        self._genesis_time_file = self._folder / "chain-genesis-time"
        self._log = self._folder / "chain.log"
        self._process: asyncio.subprocess.Process | None = None
        self._saved_block = ""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        with files_in(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._ownership = Ownership(self._folder / "chain.lock")
            self._is_owner = self._ownership.__enter__()
        self._client = httpx.AsyncClient(timeout=60, trust_env=False)
        self._saver: asyncio.Task[None] | None = None
        try:
            await (self._start() if self._is_owner else self._wait_for_owner())
        except BaseException:
            if self._process and self._process.returncode is None:
                self._process.kill()
            await self._let_go()
            raise
        if self._is_owner:
            self._saver = asyncio.create_task(self._keep_saving())
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
                if running := self._read_running():
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
        """Writes the chain's state, whole: a power cut leaves the old file or the new one."""
        with files_in(self._folder):
            block = await self.rpc("eth_blockNumber")
            if block == self._saved_block:
                return
            state = gzip.decompress(bytes.fromhex((await self.rpc("anvil_dumpState"))[2:]))
            half = self._state_file.with_suffix(".half")
            with half.open("wb") as file:
                file.write(state)
                file.flush()
                os.fsync(file.fileno())
            half.rename(self._state_file)
            self._saved_block = block

    # ------------------------------------------------------------------ start

    async def _start(self) -> None:
        with files_in(self._folder):
            if await self._adopt():
                return
            if not _is_free(self._port):
                raise PortTaken(self._port, PORT_VARIABLE)
            written = self._log.stat().st_size if self._log.exists() else 0
            with self._log.open("ab") as output:
                self._process = await asyncio.create_subprocess_exec(
                    _program(), *self._options(), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True,  # out of reach of the terminal's Ctrl-C
                )  # fmt: skip
            await self._wait_for_answer(written)
            await self._set_clock_on()
            self._running_file.write_bytes(msgspec.json.encode(Running(self._process.pid, self._port, self.genesis_hash)))

    def _options(self) -> list[str]:
        options = ["--host", HOST, "--port", str(self._port), "--chain-id", str(CHAIN_ID), "--hardfork", "osaka"]
        options += ["--gas-limit", str(BLOCK_GAS), "--slots-in-an-epoch", "1", "--quiet"]
        options += ["--timestamp", str(self._genesis_time())]
        if self._block_seconds:
            options += ["--mixed-mining", "--block-time", str(self._block_seconds)]
        return [*options, "--load-state", str(self._state_file)] if self._state_file.exists() else options

    def _genesis_time(self) -> int:
        """The first block's time, kept: anvil makes that block anew at each start, and it must come out the same, or
        the state holds several first blocks and the chain's identity becomes a matter of chance."""
        if not self._state_file.exists():
            self._genesis_time_file.write_text(str(int(time.time())))
        elif not self._genesis_time_file.exists():
            raise StateIncomplete(self._folder, self._genesis_time_file.name)
        return int(self._genesis_time_file.read_text())

    async def _wait_for_answer(self, written: int) -> None:
        give_up_at = asyncio.get_running_loop().time() + READY_WITHIN_SECONDS
        while self._process and self._process.returncode is None and asyncio.get_running_loop().time() < give_up_at:
            with suppress(httpx.HTTPError):
                self.genesis_hash = await self._genesis()
                return
            await asyncio.sleep(0.03)
        said = self._log.read_bytes()[written:].decode(errors="replace")
        raise_for_log(said, self._folder)
        if "Address already in use" in said:
            raise PortTaken(self._port, PORT_VARIABLE)
        raise DidNotStart("The local chain (anvil)", self._log)

    async def _set_clock_on(self) -> None:
        """Time goes on: from now, or from the last block where the chain's time had been moved ahead of ours."""
        last = int((await self.rpc("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
        await self.rpc("evm_setTime", max(int(time.time()), last + 1))

    async def _adopt(self) -> bool:
        """Takes over a chain that outlived the process which started it, with every block it has mined since."""
        running = self._read_running()
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
            if running := self._read_running():
                self._port = running.port
                if await self._is(running):
                    return
            await asyncio.sleep(0.1)
        raise DidNotStart("The local chain, which another process should have started,", self._log)

    def _read_running(self) -> Running | None:
        try:
            return msgspec.json.decode(self._running_file.read_bytes(), type=Running)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

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
        while True:
            await asyncio.sleep(self._save_every_seconds)
            try:
                await self.save()
            except (EmbeddedError, OSError, httpx.HTTPError) as error:
                log.warning("chain_not_saved", reason=str(error))

    async def _stop(self) -> None:
        """Saves, then ends the chain. Where it cannot be saved it is left running, and adopted at the next start."""
        if self._saver:
            self._saver.cancel()
            with suppress(asyncio.CancelledError):
                await self._saver
        running = self._read_running()
        if running and await self._is(running):
            await self._end(running)
        elif self._process and self._process.returncode is None:  # somebody deleted the folder: nothing is left to keep
            self._process.terminate()
            await self._process.wait()

    async def _end(self, running: Running) -> None:
        await self.save()
        self._running_file.unlink(missing_ok=True)
        os.kill(running.pid, signal.SIGTERM)
        if self._process:
            await self._process.wait()
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
