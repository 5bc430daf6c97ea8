"""How fast 200,000 events of the real contracts go from a node into PostgreSQL, beside curl fetching the same logs.

An anvil and a PostgreSQL of its own; months_of_wages.py makes the events. Then, in turn, several times:
    index   a process with an empty database follows the chain from its first block: every event *seen*, none final yet
    curl    one process, one kept connection, asks for the logs of the very ranges the indexer asked for, one by one
`indexRatio` is the events a second of the first over those of the second, of the medians. Then, for a while, what was seen
becomes final with every handler of wiring.py; `indexToFinalRatio` is of both ways together, and its time the handlers': they
book and look up event by event, in a database that knows the escrow's books but no office's sheets, workers or phones.

Prints one line of JSON in the end, and writes build/bench-index.json.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg

from anxin.core.embedded import EmbeddedChain, EmbeddedPostgres
from anxin.core.embedded.anvil import _is_free
from anxin.core.migrate import migrate
from anxin.core.no_database import dsn_of
from months_of_wages import MonthsOfWages, deploy

ROOT = Path(__file__).resolve().parent.parent
EVENTS, ROUNDS = 200_000, 5
EMPTY = "TRUNCATE chain_events, blocks, escrow_addresses, ledger_entries CASCADE"
PORTS = range(18_600, 18_700)


async def index(mode: str, database: str, chain: EmbeddedChain, deployment: Path) -> dict[str, Any]:
    """One run of index_once.py. Those that only see begin with an empty database."""
    connection = await asyncpg.connect(dsn_of(database))
    if mode == "seen":
        await connection.execute(EMPTY)
    await connection.execute("CHECKPOINT")
    await connection.close()
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "scripts" / "index_once.py"), mode, database, chain.url, str(deployment),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await child.communicate()
    if child.returncode:
        raise SystemExit("the indexing process failed")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def curl(url: str, ranges: list[dict[str, Any]], folder: Path) -> float:
    """Seconds for these logs by curl, one request after the other on one connection, thrown away as they come."""
    requests = [
        f'url = "{url}"\nheader = "content-type: application/json"\noutput = "/dev/null"\ndata = {json.dumps(body)}\n'
        for body in (
            json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [each]}) for each in ranges
        )
    ]
    config = folder / "curl.config"
    config.write_text("next\n".join(requests))
    started = time.perf_counter()
    subprocess.run(["curl", "-sSf", "-K", str(config)], check=True)
    return time.perf_counter() - started


async def measure(chain: EmbeddedChain, database: str, deployment: Path) -> dict[str, Any]:
    runs, curls = [], []
    for number in range(ROUNDS):
        runs.append(await index("seen", database, chain, deployment))
        curls.append(await asyncio.to_thread(curl, chain.url, runs[-1]["ranges"], deployment.parent))
        print(f"round {number + 1}: index {runs[-1]['seconds']:.2f} s, curl {curls[-1]:.2f} s", file=sys.stderr)
    finals = await index("final", database, chain, deployment)
    events = runs[0]["events"]
    seen = events / statistics.median(run["seconds"] for run in runs)
    fetched = events / statistics.median(curls)
    final = finals["events"] / finals["seconds"]
    return {
        "events": events, "indexEventsPerSecond": round(seen), "curlEventsPerSecond": round(fetched),
        "indexRatio": round(seen / fetched, 3), "peakMemoryMb": max(run["peakMemoryMb"] for run in runs),
        "ranges": len(runs[0]["ranges"]), "finalEventsPerSecond": round(final),
        "indexToFinalRatio": round(1 / (1 / seen + 1 / final) / fetched, 5), "peakMemoryToFinalMb": finals["peakMemoryMb"],
        "measured": "indexRatio: every event stored as seen. indexToFinalRatio: and made final by every handler",
    }  # fmt: skip


async def bench(folder: Path, events: int) -> dict[str, Any]:
    port = next(port for port in PORTS if _is_free(port))
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(EmbeddedPostgres(folder / "postgres", databases=("bench",)))
        chain = await stack.enter_async_context(EmbeddedChain(folder / "chain", port, save_every_seconds=86_400))
        await migrate(postgres.url("bench"))
        deployment = folder / "deployment.json"
        wages, started = MonthsOfWages(chain, await deploy(chain, deployment)), time.perf_counter()
        await wages.pay(events)
        print(f"{wages.event_count} events made in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        return await measure(chain, postgres.url("bench"), deployment)


def main() -> None:
    arguments = argparse.ArgumentParser(description="Indexing speed beside curl's")
    arguments.add_argument("--events", type=int, default=EVENTS)
    with tempfile.TemporaryDirectory(prefix="anxin-bench-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)  # as root the embedded server runs as somebody else, who must get through to its files
        result = asyncio.run(bench(Path(name), arguments.parse_args().events))
    file = ROOT / "build" / "bench-index.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(result) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
