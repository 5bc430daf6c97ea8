"""How long 100,000 punches take into PostgreSQL, beside COPY of the same rows alone, in the same minute.

COPY alone goes into an empty table of the very same columns, indexes and references: what storing costs whoever does not
mind storing twice. `bare` is COPY into a table that has neither. Prints, and writes build/bench-import.json.
"""

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from anxin.attendance import intake, tabular
from anxin.core.embedded import EmbeddedPostgres
from anxin.core.migrate import migrate
from anxin.core.no_database import dsn_of
from anxin.core.tables import read_table, write_csv

ROOT = Path(__file__).resolve().parent.parent
ROWS, WORKERS, ROUNDS = 100_000, 2_000, 5
COLUMNS = (
    "project_pk", "worker_pk", "source_pk", "record_id", "at", "received_at", "direction", "attend_type", "device",
    "strength", "salt",
)  # fmt: skip
PEOPLE = """
    INSERT INTO projects (reference, name, contractor_name, contractor, bureau, arbiter, objection_window_seconds,
                          answer_window_seconds, bureau_window_seconds)
    VALUES ('\\x01', 'bench', 'bench', '0x1', '0x2', '0x3', 1, 1, 1);
    INSERT INTO workers (worker_no, worker_id, language)
    SELECT 'W' || n, decode(lpad(to_hex(n), 64, '0'), 'hex'), 'zh' FROM generate_series(1, $WORKERS) n;
    INSERT INTO attendance_sources (project_pk, kind, name, strength, created_at) VALUES (1, 'file', 'file', 'weak', now());
""".replace("$WORKERS", str(WORKERS))
TABLES = """
    CREATE TABLE copied_alone (LIKE punches INCLUDING ALL);
    ALTER TABLE copied_alone ADD FOREIGN KEY (project_pk) REFERENCES projects,
        ADD FOREIGN KEY (worker_pk) REFERENCES workers, ADD FOREIGN KEY (source_pk) REFERENCES attendance_sources;
    CREATE TABLE bare AS SELECT * FROM punches WITH NO DATA;
"""


def month(count: int) -> list[intake.PunchRow]:
    """Punches of a month, in no order, as files have them."""
    chance = random.Random(2026)  # noqa: S311, the same rows each time
    first = datetime(2026, 10, 1, tzinfo=UTC)
    rows: list[intake.PunchRow] = []
    for number in range(count):
        worker, shift = number % WORKERS + 1, number // WORKERS
        at = first + timedelta(hours=12 * shift, seconds=chance.randrange(3600))
        rows.append((worker, at, f"0{shift % 2 + 1}", "001", f"G{chance.randrange(8)}", "weak"))
    chance.shuffle(rows)
    return rows


async def timed(connection: asyncpg.Connection, table: str, store: Callable[[], Awaitable[Any]]) -> float:
    """Seconds of one store into an empty table, its commit included."""
    await connection.execute(f"TRUNCATE {table} RESTART IDENTITY CASCADE")
    await connection.execute("CHECKPOINT")
    started = time.perf_counter()
    async with connection.transaction():
        await store()
    return time.perf_counter() - started


async def measure(connection: asyncpg.Connection, rows: list[intake.PunchRow]) -> dict[str, float]:
    """Median seconds of each way, taken in turn."""
    received = datetime.now(UTC)
    salt = b"\0" * intake.SALT_BYTES
    whole = [
        (1, worker, 1, intake.record_id(worker, at, way, device), at, received, way, kind, device, strength, salt)
        for worker, at, way, kind, device, strength in rows
    ]
    ways: dict[str, tuple[str, Callable[[], Awaitable[Any]]]] = {
        "seconds": ("punches", lambda: intake.store_rows(connection, intake.Origin(1, 1, received), rows)),
        "copySeconds": (
            "copied_alone", lambda: connection.copy_records_to_table("copied_alone", records=whole, columns=COLUMNS)
        ),
        "bareCopySeconds": ("bare", lambda: connection.copy_records_to_table("bare", records=whole, columns=COLUMNS)),
    }  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (table, store) in ways.items():
            taken[name].append(await timed(connection, table, store))
    return {name: statistics.median(each) for name, each in taken.items()}


def seconds_to_read(rows: list[intake.PunchRow]) -> float:
    """Seconds from a CSV's bytes to rows that can be stored."""
    header = ("worker_no", "at", "direction", "attend_type", "device")
    content = write_csv(header, ((f"W{worker}", at, way, kind, device) for worker, at, way, kind, device, _ in rows))
    numbers = {f"W{number}": number for number in range(1, WORKERS + 1)}
    started = time.perf_counter()
    checked = tabular.check_punches(read_table(content, "punches.csv"), numbers, datetime.now(UTC), "en")
    taken = time.perf_counter() - started
    if checked.error_count or len(checked.punches) != len(rows):
        raise SystemExit("the bench's own file has errors")
    return taken


def _open_to_the_server(folder: str) -> Path:
    """As root the embedded server runs as somebody else, who must get through to its files."""
    Path(folder).chmod(0o711)
    return Path(folder) / "postgres"


async def main() -> None:
    rows = month(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
    with tempfile.TemporaryDirectory(prefix="anxin-bench-", ignore_cleanup_errors=True) as folder:
        async with EmbeddedPostgres(_open_to_the_server(folder), databases=("bench",)) as server:
            await migrate(server.url("bench"))
            url = dsn_of(server.url("bench"))
            connection = await asyncpg.connect(url)
            await connection.execute(PEOPLE)
            await connection.execute(TABLES)
            found = await measure(connection, rows)
            await connection.close()
    result = {
        "rows": len(rows), **{name: round(seconds, 3) for name, seconds in found.items()},
        "ratio": round(found["seconds"] / found["copySeconds"], 2), "readSeconds": round(seconds_to_read(rows), 3),
    }  # fmt: skip
    file = ROOT / "build" / "bench-import.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(result) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    asyncio.run(main())
