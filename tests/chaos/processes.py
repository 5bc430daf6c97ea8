"""The processes that are killed: a chain of our own, web server and workers that are started again whenever they end."""

import asyncio
import ctypes
import gzip
import os
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from anxin.chain.rpc import Rpc, RpcUnreachable
from anxin.settings import ROOT

ANVIL = ROOT / "node_modules" / ".bin" / "anvil"
RESTART_AFTER_SECONDS = 0.3
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent() -> None:
    """In the child, on Linux: nothing outlives the harness."""
    with suppress(AttributeError):
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Kept:
    """One program of ours, in a group of its own, that is started again whenever it ends."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, dict(environment), log
        self._stopping = False
        self.starts = 0

    async def start(self) -> None:
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process.returncode is None else None

    def kill(self) -> bool:
        """SIGKILL to the process itself, not to what it has started. Return whether it ran."""
        if self.pid is None:
            return False
        os.kill(self.pid, signal.SIGKILL)
        return True

    def kill_child(self) -> bool:
        """SIGKILL to one that it has started (Linux). Return whether there was one."""
        with suppress(OSError, IndexError):
            child = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[-1]
            os.kill(int(child), signal.SIGKILL)
            return True
        return False

    async def freeze(self, seconds: float) -> bool:
        """It does nothing for so long, and does not know it. Return whether it ran."""
        if (pid := self.pid) is None:
            return False
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        return True

    async def stop(self) -> None:
        self._stopping = True
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._keeper, 10)
        except TimeoutError:
            _kill_group(self._process.pid)

    async def _spawn(self) -> asyncio.subprocess.Process:
        self.starts += 1
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._command, cwd=ROOT, env={**os.environ, **self._environment}, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip

    async def _keep(self) -> None:
        while True:
            await self._process.wait()
            _kill_group(self._process.pid)
            if self._stopping:
                return
            await asyncio.sleep(RESTART_AFTER_SECONDS)
            if self._stopping:
                return
            self._process = await self._spawn()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class Chain:
    """anvil, mining when told to, whose state is kept when the harness says so: it decides what a kill costs.

    `floor`: below this block anvil cannot go back, as it has no state of before its start. `highest`: the highest head so
    far; nothing `finality` below it is ever taken back.
    """

    def __init__(self, folder: Path, port: int, finality: int) -> None:
        self._folder, self._finality = folder, finality
        self._arguments = ["--host", "127.0.0.1", "--port", str(port), "--chain-id", "31337", "--hardfork", "osaka"]
        self._arguments += ["--gas-limit", "60000000", "--slots-in-an-epoch", "1", "--quiet", "--no-mining"]
        self._arguments += ["--prune-history", "100000"]  # else it loses contracts when it goes back (tests/chain.py)
        self._arguments += ["--timestamp", str(int(time.time()) - 60)]
        self.url = f"http://127.0.0.1:{port}"
        self.rpc = Rpc(self.url, timeout_seconds=30)
        self.moving = asyncio.Lock()
        self.floor = self.highest = 0

    async def start(self, state: Path | None = None) -> None:
        more = ["--load-state", str(state)] if state else []
        with (self._folder / "chain.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                ANVIL, *self._arguments, *more, stdout=log, stderr=log, preexec_fn=die_with_parent
            )
        async with asyncio.timeout(30):
            while True:
                try:
                    last = await self("eth_getBlockByNumber", "latest", False)
                    break
                except RpcUnreachable:
                    await asyncio.sleep(0.05)
        await self("evm_setTime", max(int(time.time()), int(last["timestamp"], 16) + 1))
        self.floor = int(last["number"], 16)

    async def __call__(self, method: str, *params: Any) -> Any:
        return await self.rpc.call(method, *params)

    async def head(self) -> int:
        return await self.rpc.head()

    async def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            await self("evm_mine")
        self.highest = max(self.highest, await self.head())

    async def reorg(self, depth: int) -> bool:
        """Take back `depth` blocks and put empty ones there; False where nothing that deep may go."""
        head = await self.head()
        if head - depth < max(self.floor, self.highest - self._finality):
            return False
        await self("anvil_reorg", depth, [])
        return True

    async def save(self, name: str) -> Path:
        state = gzip.decompress(bytes.fromhex((await self("anvil_dumpState"))[2:]))
        file = self._folder / name
        file.with_suffix(".half").write_bytes(state)
        return file.with_suffix(".half").rename(file)

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        await self.rpc.__aexit__()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def fresh(folder: Path) -> Path:
    """An empty folder in place of whatever is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
