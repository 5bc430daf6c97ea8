"""How many signed releases a second go from their rows in the database to final, beside anvil given the same batches.

Measured of ours: from the commit of a round's confirmations (as accepting leaves them) until the database says that
every call is final: gathered → release job → batch of 256 → relay job → tried out → signed, stored, sent → mined →
receipt `DEPTH` blocks deep → closed. One process runs the gatherer, the job queue and one relayer, as `anxin worker`
does; the indexer is measured by bench_index.py. Of anvil: from sending a round's batches, encoded and signed beforehand
by another key with the same gas and access lists, until the last is as deep. Same chain, same blocks (a second, 30
Mgas, as anvil's own: four batches of workers who were paid before), real contracts, real signatures of 256 workers'
device keys, each line paid once.
The two take turns. Prints, and ends with a JSON line.
"""

import asyncio
import json
import os
import re
import socket
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from eth_account import Account

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.backend.chain_site import DEADLINE, FIRST_DAY, LAST_DAY, PAYDAY, OnChainSite  # noqa: E402
from tests.chain import RELAYER_KEY, TestChain, deploy  # noqa: E402

from anxin import worker  # noqa: E402
from anxin.chain.contracts import encode_call  # noqa: E402
from anxin.chain.fees import Price  # noqa: E402
from anxin.chain.lane import MAX_GAS  # noqa: E402
from anxin.chain.relayer import GAS_MARGIN  # noqa: E402
from anxin.chain.rpc import Rpc  # noqa: E402
from anxin.chain.transactions import Words  # noqa: E402
from anxin.core import sealing  # noqa: E402
from anxin.core.calls import Call  # noqa: E402
from anxin.core.confirmations import PackedConfirmation, pack_confirmations  # noqa: E402
from anxin.core.database import connect, sessions_of  # noqa: E402
from anxin.core.deployment import Deployment  # noqa: E402
from anxin.core.embedded import EmbeddedChain, EmbeddedPostgres  # noqa: E402
from anxin.core.migrate import migrate  # noqa: E402
from anxin.core.no_database import dsn_of  # noqa: E402
from anxin.core.sheet_tree import SheetTree, pack_lines  # noqa: E402
from anxin.core.signing import WorkerSignature, digest, pack  # noqa: E402
from anxin.settings import Settings  # noqa: E402
from anxin.stack import EMBEDDED_ACCOUNTS, address_of  # noqa: E402
from anxin.wiring import on_job  # noqa: E402

BATCHES, ROUNDS, LINES = 80, 3, 256  # batches a round: enough that its beginning and its last blocks weigh little
DEPTH, BLOCK_SECONDS, BLOCK_GAS, AMOUNT_FEN = 2, 1, 30_000_000, 100
PATIENCE_SECONDS = 300
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).date()


@dataclass
class Batch:
    """One posted sheet, and what its workers signed."""

    sheet_id: int
    digests: list[bytes]
    signatures: list[WorkerSignature]


# ------------------------------------------------------------------ the site


async def post(site: OnChainSite, count: int) -> list[Batch]:
    """Put `count` sheets on the chain, each with a line a worker."""
    domain, batches = site.chain.deployment.escrow_domain(site.escrow), []
    for sheet_id in range(count):
        call = site.sheet([AMOUNT_FEN] * LINES, sheet_id)
        data = encode_call(call)
        sender = {"from": address_of("deployer"), "to": site.escrow, "data": data, "gas": hex(MAX_GAS)}
        sent = await site.chain("eth_sendTransaction", sender)
        while (receipt := await site.chain("eth_getTransactionReceipt", sent)) is None:
            await asyncio.sleep(0.01)
        if int(receipt["status"], 16) != 1:
            raise SystemExit(f"sheet {sheet_id} could not be posted")
        digests = [digest(domain, "Confirmation", site.words(index, sheet_id)) for index in range(LINES)]
        signatures = [key.sign(words) for key, words in zip(site.keys, digests, strict=True)]
        batches.append(Batch(sheet_id, digests, signatures))
    return batches


def payout(index: int) -> str:
    return f"0x{0xF000 + index:040x}"


def release(site: OnChainSite, batch: Batch) -> Call:
    """The call that pays a whole sheet."""
    lines = site.sheets[batch.sheet_id]
    packed, tails = pack_confirmations([
        PackedConfirmation(key.public, payout(index), False, DEADLINE, batch.signatures[index])
        for index, key in enumerate(site.keys)
    ])  # fmt: skip
    return Call("", "WageEscrow", site.escrow, "release", {
        "sheetId": batch.sheet_id, "lines": "0x" + pack_lines(lines).hex(),
        "proof": ["0x" + each.hex() for each in SheetTree(lines).proof(range(LINES))],
        "confirmations": "0x" + packed.hex(), "tails": ["0x" + tail.hex() for tail in tails],
    })  # fmt: skip


async def put_on_record(connection: asyncpg.Connection, site: OnChainSite) -> None:
    """The same project, workers, sheets and lines in the database."""
    await connection.execute(
        "INSERT INTO projects (reference, name, contractor_name, contractor, bureau, arbiter, objection_window_seconds, "
        "answer_window_seconds, bureau_window_seconds, escrow) "
        "VALUES ($1, 'bench', 'bench', '0x1', '0x2', '0x3', 259200, 259200, 2592000, $2)",
        b"\1" * 32, site.escrow.lower(),
    )  # fmt: skip
    keys = [key.public for key in site.keys]
    await connection.copy_records_to_table(
        "workers", columns=("worker_no", "worker_id", "language", "assurance", "x", "y", "payout"),
        records=[
            (f"W{number}", site.worker_id(number), "zh", key.assurance, key.x, key.y, payout(number))
            for number, key in enumerate(keys)
        ],
    )  # fmt: skip
    first, last, payday = (EPOCH + timedelta(days=day) for day in (FIRST_DAY, LAST_DAY, PAYDAY))
    zero, posted = bytes(32), datetime.now(UTC)
    columns = (
        "project_pk", "sheet_id", "first_day", "last_day", "payday", "rules_hash", "terms_root", "root", "total_fen",
        "state", "posted_at",
    )  # fmt: skip
    await connection.copy_records_to_table("wage_sheets", columns=columns, records=[
        (1, sheet_id, first, last, payday, zero, zero, SheetTree(lines).root, AMOUNT_FEN * LINES, "done", posted)
        for sheet_id, lines in enumerate(site.sheets)
    ])  # fmt: skip
    columns = ("sheet_pk", "index", "worker_pk", "worker_id", "amount_fen", "day_mask", "payslip_hash")
    await connection.copy_records_to_table("wage_lines", columns=columns, records=[
        (sheet_id + 1, line.index, line.index + 1, line.worker_id, line.amount_fen, line.day_mask, line.payslip_hash)
        for sheet_id, lines in enumerate(site.sheets) for line in lines
    ])  # fmt: skip
    await connection.execute("ANALYZE")


# ------------------------------------------------------------------ anvil alone


async def prepare(site: OnChainSite, batches: list[Batch], nonce: int) -> list[str]:
    """Sign these batches as the relayer would, with another key."""
    rpc, account = site.chain.rpc, Account.from_key(EMBEDDED_ACCOUNTS["arbiter"])
    fees, raw = (await Price.now(rpc)).offer, []
    for place, batch in enumerate(batches):
        made: dict[str, Any] = {"to": site.escrow, "data": encode_call(release(site, batch)), "value": "0x0"}
        asked = {**made, "from": account.address}
        tried = await rpc.call("eth_createAccessList", asked, "latest")
        made["accessList"], gas = tried["accessList"], min(int(int(tried["gasUsed"], 16) * GAS_MARGIN) + 30_000, MAX_GAS)
        words = Words.of(made, chain_id=site.chain.deployment.chain_id, nonce=nonce + place, gas=gas, fees=fees)
        raw.append("0x" + words.signed(account)[1].hex())
    return raw


async def direct(site: OnChainSite, batches: list[Batch]) -> float:
    """Return releases a second that the chain takes of prepared transactions."""
    rpc, sender = site.chain.rpc, Account.from_key(EMBEDDED_ACCOUNTS["arbiter"]).address
    first = int(await rpc.call("eth_getTransactionCount", sender, "latest"), 16)
    raw = await prepare(site, batches, first)
    begun = time.perf_counter()
    await rpc.batch([("eth_sendRawTransaction", (each,)) for each in raw])
    while int(await rpc.call("eth_getTransactionCount", sender, hex(await rpc.head() - DEPTH)), 16) < first + len(raw):
        await asyncio.sleep(0.1)
    return len(batches) * LINES / (time.perf_counter() - begun)


# ------------------------------------------------------------------ the relayer


async def relayed(connection: asyncpg.Connection, batches: list[Batch]) -> float:
    """Return releases a second from rows in the database to final calls."""
    now = datetime.now(UTC)
    rows = [
        (words, batch.sheet_id + 1, index, DEADLINE, pack(signature), now, "accepted")
        for batch in batches
        for index, (words, signature) in enumerate(zip(batch.digests, batch.signatures, strict=True))
    ]
    columns = ("digest", "sheet_pk", "line_index", "deadline", "signature", "received_at", "state")
    done = "SELECT count(*) FROM relay_calls WHERE state = 'final'"
    wanted = await connection.fetchval(done) + len(batches)
    begun = time.perf_counter()
    await connection.copy_records_to_table("confirmations", columns=columns, records=rows)
    while await connection.fetchval(done) < wanted:
        if time.perf_counter() - begun > PATIENCE_SECONDS:
            raise SystemExit("the relayer does not get on")
        await asyncio.sleep(0.1)
    return len(rows) / (time.perf_counter() - begun)


async def run_relayer() -> None:
    """The process that is measured: gatherer, job queue and relayer, until it is ended."""
    settings = Settings.from_environment()
    sealing.use(sealing.Sealer(settings.data_keys, settings.index_key))
    sessions, deployment = sessions_of(connect(settings.database_url)), Deployment.read(settings.deployment)
    stop = asyncio.Event()
    handlers = {name: handler for name, handler in on_job(None, deployment).items() if name in ("release", "relay")}
    async with Rpc(settings.rpc_url) as rpc, asyncio.TaskGroup() as tasks:
        (relayer,) = worker._relayers(settings, sessions, rpc, deployment)
        tasks.create_task(relayer.run(stop, poll_seconds=settings.poll_seconds / 4))
        tasks.create_task(worker._gather(settings, sessions, stop))
        tasks.create_task(worker._run_jobs(settings, sessions, handlers, {}, stop))


def memory_mb(pid: int) -> float:
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024  # type: ignore[index]


# ------------------------------------------------------------------ measuring


async def measure(site: OnChainSite, database_url: str, deployment: Path, batches: int) -> dict[str, float]:
    url = dsn_of(database_url)
    connection = await asyncpg.connect(url)
    everything = await post(site, batches * 2 * ROUNDS + 4)
    await put_on_record(connection, site)
    await site.chain("evm_setAutomine", False)
    await site.chain("anvil_setBlockGasLimit", hex(BLOCK_GAS))
    await site.chain("evm_setIntervalMining", BLOCK_SECONDS)
    environment = {
        "ANXIN_DATABASE_URL": database_url, "ANXIN_RPC_URL": site.chain.anvil.url, "ANXIN_DEPLOYMENT": str(deployment),
        "ANXIN_JWT_KEY": "11" * 32, "ANXIN_INDEX_KEY": "22" * 32, "ANXIN_DATA_KEYS": "A" * 43 + "=",
        "ANXIN_RELAYER_KEY": RELAYER_KEY, "ANXIN_FINALITY_DEPTH": str(DEPTH),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--relay", env=os.environ | environment
    )
    speeds: dict[str, list[float]] = {"direct": [], "relayed": []}
    try:
        await direct(site, [everything.pop(), everything.pop()])
        await relayed(connection, [everything.pop(), everything.pop()])
        for _ in range(ROUNDS):  # by turns: what else the machine does falls on both
            some = [everything.pop() for _ in range(2 * batches)]
            speeds["direct"].append(await direct(site, some[:batches]))
            speeds["relayed"].append(await relayed(connection, some[batches:]))
            print(f"relayed {speeds['relayed'][-1]:,.0f}/s, anvil alone {speeds['direct'][-1]:,.0f}/s", flush=True)
        memory = memory_mb(process.pid)
        await check(connection, site, batches)
    finally:
        process.terminate()
        await process.wait()
        await connection.close()
    ratio = statistics.median(ours / theirs for ours, theirs in zip(speeds["relayed"], speeds["direct"], strict=True))
    return {
        "relayRatio": round(ratio, 3), "relayedPerSecond": round(statistics.median(speeds["relayed"])),
        "directPerSecond": round(statistics.median(speeds["direct"])), "relayedWords": batches * ROUNDS * LINES,
        "relayMemoryMb": round(memory, 1),
    }  # fmt: skip


async def check(connection: asyncpg.Connection, site: OnChainSite, batches: int) -> None:
    """Every worker was paid once for each sheet, and no call was refused."""
    balance = {"from": site.escrow, "to": site.chain.token, "data": "0x70a08231" + payout(0)[2:].rjust(64, "0")}
    paid = int(await site.chain("eth_call", balance, "latest"), 16)
    expected = AMOUNT_FEN * (batches * 2 * ROUNDS + 4)
    states = dict(await connection.fetch("SELECT state, count(*) FROM relay_calls GROUP BY state"))
    if paid != expected or states != {"final": batches * ROUNDS + 2}:
        raise SystemExit(f"a worker was paid {paid} of {expected} fen; calls: {states}")


async def main(batches: int) -> None:
    with tempfile.TemporaryDirectory(prefix="anxin-bench-", ignore_cleanup_errors=True) as name, socket.socket() as probe:
        folder = open_to_the_server(name)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        async with (
            EmbeddedPostgres(folder / "postgres", databases=("bench",)) as server,
            EmbeddedChain(folder / "chain", port, save_every_seconds=3600) as anvil,
            Rpc(anvil.url, timeout_seconds=60) as rpc,
        ):
            await migrate(server.url("bench"))
            chain = TestChain(anvil, await deploy(anvil, folder / "deployment.json"), rpc)
            site = OnChainSite(chain, await chain.escrow_with(AMOUNT_FEN * LINES * (batches * 2 * ROUNDS + 8)))
            await site.enrol(LINES)
            print(json.dumps(await measure(site, server.url("bench"), folder / "deployment.json", batches)))


def open_to_the_server(name: str) -> Path:
    """As root the embedded server runs as somebody else, who must get through to its files."""
    folder = Path(name)
    folder.chmod(0o711)
    return folder


if __name__ == "__main__":
    if sys.argv[1:2] == ["--relay"]:
        asyncio.run(run_relayer())
    else:
        asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else BATCHES))
