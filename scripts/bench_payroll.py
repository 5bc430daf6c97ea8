"""How fast a month of 100,000 workers is computed, against merely reading its files; build/bench-payroll.json.

The month is made once (seeded) and kept under build/: like the sample month, with nights, breaks, repeats, missing halves and
contracts of every kind, in random order. `anxin payroll compute` and the readers run as processes of their own, by turns.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
MONTH, FIRST, DAYS = "2026-10", "2026-10-01", 31
OFF = {1, 2, 3, 4, 5, 6, 7, 11, 17, 18, 24, 25, 31}  # of October: statutory, in lieu, or weekend
WORKERS, FEWER_WORKERS = 100_000, 25_000
ROUNDS = 3

READERS = {
    "polars": "import polars as p, time; t = time.perf_counter(); [p.read_csv(f) for f in {files}]",
    "polars, all text": (
        "import polars as p, time; t = time.perf_counter(); [p.read_csv(f, infer_schema=False) for f in {files}]"
    ),
    "numpy": (
        "import numpy as n, time; t = time.perf_counter(); "
        "[n.loadtxt(f, dtype='S40', delimiter=',', skiprows=1, comments=None) for f in {files}]"
    ),
    "csv": (
        "import csv, collections, time; t = time.perf_counter(); "
        "[collections.deque(csv.reader(open(f, newline='')), 0) for f in {files}]"
    ),
}


# ------------------------------------------------------------------ a month


def month(workers: int) -> list[Path]:
    """Return roster, punches and pieces, made if they are not there."""
    folder = BUILD / "bench-payroll" / f"{MONTH}-{workers}"
    files = [folder / name for name in ("roster.csv", "punches.csv", "pieces.csv")]
    if not all(file.is_file() for file in files):
        folder.mkdir(parents=True, exist_ok=True)
        dice = np.random.default_rng(20261001)
        for file, rows in zip(files, make(workers, dice), strict=True):
            file.with_suffix(".new").write_bytes(rows)
            file.with_suffix(".new").rename(file)
    return files


def make(workers: int, dice: np.random.Generator) -> tuple[bytes, bytes, bytes]:
    number = np.char.add(b"W", np.char.zfill(np.arange(1, workers + 1).astype("S6"), 6))
    kind = dice.choice(4, workers, p=[0.6, 0.17, 0.13, 0.1])
    rate = np.array([[26000, 30000, 36800], [2600, 3100, 3333], [580000, 650000, 777700], [150, 260, 420]])
    quota = np.where(kind == 3, b"160", b"")
    team = np.char.add(b"T", dice.integers(1, 40, workers).astype("S2"))
    names = np.array([b"day", b"hour", b"month", b"piece"])[kind]
    roster = table(b"worker_no,team,contract_type,rate_fen,piece_quota", dice, number, team, names,
                   rate[kind, dice.integers(0, 3, workers)].astype("S9"), quota)  # fmt: skip

    off = np.isin(np.arange(1, DAYS + 1), list(OFF))
    who, day = np.nonzero(dice.random((workers, DAYS)) < np.where(off, 0.27, 0.892))
    punches = punch_rows(number[who], day, dice)
    pays = kind[who] == 3
    pieces = table(b"worker_no,date,quantity", dice, number[who][pays], days_text(day[pays]),
                   dice.integers(40, 240, int(pays.sum())).astype("S3"))  # fmt: skip
    return roster, punches, pieces


def punch_rows(number: np.ndarray, day: np.ndarray, dice: np.random.Generator) -> bytes:
    """A shift a row; in and out, some with a break, by night or day; halves missing, punches repeated."""
    n = len(day)
    night = dice.random(n) < 0.08
    begin = day * 1440 + np.where(night, 1170, 390) + dice.integers(0, 45, n)
    length = dice.integers(480, 700, n)
    shifts, minutes, ways = [np.arange(n)] * 2, [begin, begin + length], [np.full(n, b"01"), np.full(n, b"02")]
    broken = np.flatnonzero(dice.random(n) < 0.11)
    out_at = begin[broken] + dice.integers(200, 280, len(broken))
    shifts += [broken, broken]
    minutes += [out_at, out_at + dice.integers(30, 100, len(broken))]
    ways += [np.full(len(broken), b"02"), np.full(len(broken), b"01")]
    shift, minute, way = np.concatenate(shifts), np.concatenate(minutes), np.concatenate(ways)
    kept = (dice.random(len(shift)) >= 0.006) & (minute < DAYS * 1440)
    shift, minute, way = shift[kept], minute[kept], way[kept]
    again = dice.random(len(shift)) < 0.02
    shift, way = np.concatenate([shift, shift[again]]), np.concatenate([way, way[again]])
    minute = np.concatenate([minute, minute[again] + dice.integers(0, 5, int(again.sum()))])
    source = dice.choice(np.array([b"001", b"010", b"008"]), len(shift), p=[0.8, 0.17, 0.03])
    gate = np.char.add(b"G", dice.integers(1, 13, len(shift)).astype("S2"))
    return table(b"worker_no,at,direction,attend_type,device", dice, number[shift], instants(minute), way, source, gate)


def instants(minute: np.ndarray) -> np.ndarray:
    clock = np.array([f"{m // 60:02}:{m % 60:02}:00+08:00" for m in range(1440)], "S14")
    return np.char.add(np.char.add(days_text(minute // 1440), b"T"), clock[minute % 1440])


def days_text(day: np.ndarray) -> np.ndarray:
    return np.array([str(np.datetime64(FIRST) + n) for n in range(DAYS + 1)], "S10")[day]


def table(header: bytes, dice: np.random.Generator, *columns: np.ndarray) -> bytes:
    """The rows in random order."""
    order = dice.permutation(len(columns[0]))
    parts = []
    for some in np.array_split(order, max(1, len(order) // 200_000)):
        parts.append(b"\n".join(map(b",".join, zip(*(column[some].tolist() for column in columns), strict=True))))
    return b"\n".join([header, *parts]) + b"\n"


if __name__ == "__main__":
    month(int(sys.argv[1]))
