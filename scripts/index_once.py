"""A process that indexes, for bench_index.py: `index_once.py seen|final DATABASE RPC DEPLOYMENT` prints JSON.

seen: from the first block to the head, every event stored, none final. final: what is stored already becomes final, with
every handler of wiring.py, for a while.
"""

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from anxin.chain.indexer import Indexer
from anxin.chain.models import FINAL, ChainEvent
from anxin.chain.rpc import Rpc
from anxin.core.database import Sessions, connect, sessions_of
from anxin.core.deployment import Deployment

FINAL_SECONDS = 30
NEVER = 10**9  # blocks: nothing becomes final


class Noting(Rpc):
    """A node; the ranges it was asked for logs of are noted."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.ranges: list[dict[str, Any]] = []

    async def call_for(self, kind: Any, method: str, *params: Any) -> Any:
        if method == "eth_getLogs":
            self.ranges.append(params[0])
        return await super().call_for(kind, method, *params)


async def index(database: str, rpc_url: str, deployment: Deployment, *, to_final: bool) -> dict[str, Any]:
    engine = connect(database)
    sessions = sessions_of(engine)
    async with Noting(rpc_url) as rpc:
        indexer = Indexer(
            sessions, rpc, deployment, finality_depth=0 if to_final else NEVER,
            on_event=_flow(deployment) if to_final else {},
        )  # fmt: skip
        started = time.perf_counter()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINAL_SECONDS if to_final else None):
                while await indexer.step():
                    pass
        seconds = time.perf_counter() - started
        events = await _count(sessions, only_final=to_final)
    await engine.dispose()
    return {"seconds": seconds, "events": events, "ranges": rpc.ranges, "peakMemoryMb": _peak_memory_mb()}


def _flow(deployment: Deployment) -> Any:
    """Imported where it is wanted: an indexer alone does without its memory."""
    from cryptography.fernet import Fernet

    from anxin.core import sealing
    from anxin.wiring import on_final_event

    sealing.use(sealing.Sealer(Fernet.generate_key().decode(), "22" * 32))
    return on_final_event(deployment)


async def _count(sessions: Sessions, *, only_final: bool) -> int:
    count = select(func.count()).select_from(ChainEvent)
    async with sessions() as session:
        return await session.scalar(count.where(ChainEvent.state == FINAL) if only_final else count) or 0


def _peak_memory_mb() -> float:
    """Of this process alone; what getrusage says counts whoever started it, too."""
    status = Path("/proc/self/status").read_text()
    return round(int(status.split("VmHWM:")[1].split()[0]) / 1024, 1)


if __name__ == "__main__":
    mode, database, rpc_url, deployment = sys.argv[1:]
    print(json.dumps(asyncio.run(index(database, rpc_url, Deployment.read(Path(deployment)), to_final=mode == "final"))))
