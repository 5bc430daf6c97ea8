"""How fast a month of 100,000 workers is computed, against merely reading its files; build/bench-payroll.json.

The month is made once (seeded) and kept under build/: like the sample month, with nights, breaks, repeats, missing halves
and contracts of every kind, in random order. `anxin payroll compute` and the readers run as processes, by turns.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
MONTH, FIRST, DAYS = "2026-10", "2026-10-01", 31
OFF = {1, 2, 3, 4, 5, 6, 7, 11, 17, 18, 24, 25, 31}  # of October: statutory, in lieu, or weekend
WORKERS, FEWER_WORKERS = 100_000, 25_000
ROUNDS = 5

# Each reads the three files and prints the seconds that reading took; the libraries' own start is not counted.
READER = """
import sys, time
files = sys.argv[1:]
{load}
begun = time.perf_counter()
for file in files:
    {read}
print(time.perf_counter() - begun)
"""
READERS = {
    "polars": ("import polars", "polars.read_csv(file)"),
    "polars, all columns as text": ("import polars", "polars.read_csv(file, infer_schema=False)"),
    "python's csv": ("import collections, csv", "collections.deque(csv.reader(open(file, newline='')), 0)"),
    "numpy": ("import numpy", "numpy.loadtxt(file, 'S25', delimiter=',', skiprows=1, comments=None)"),
}
SLOW = {"python's csv", "numpy"}  # read once


# ------------------------------------------------------------------ a month


def month(workers: int) -> list[Path]:
    """Return roster, punches and pieces, made if they are not there: by another process, that this one stays small."""
    folder = BUILD / "bench-payroll" / f"{MONTH}-{workers}"
    files = [folder / name for name in ("roster.csv", "punches.csv", "pieces.csv")]
    if not all(file.is_file() for file in files):
        subprocess.run([sys.executable, __file__, str(workers), folder], check=True)
    return files


def write(workers: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in zip(("roster", "punches", "pieces"), make(workers, np.random.default_rng(20261001)), strict=True):
        new = folder / f"{name}.new"
        new.write_bytes(rows)
        new.rename(folder / f"{name}.csv")


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


# ------------------------------------------------------------------ what it takes


@dataclass
class Run:
    seconds: float
    cpu_seconds: float
    memory_mb: float
    out: Path


def run(command: list[str | Path], *, watch: bool = False) -> Run:
    """Run to the end, timed; or watched, which takes time: for the most memory that it and its children had together."""
    begun = time.perf_counter()
    out = BUILD / "bench-payroll" / "out"
    with out.open("wb") as written:
        process = subprocess.Popen(command, cwd=ROOT, stdout=written)
    most = 0
    while watch and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        most = max(most, family_memory_kb(process.pid))
        time.sleep(0.02)
    _, status, usage = os.wait4(process.pid, 0)  # of its own, and of the children it waited for
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, most / 1024, out)


def family_memory_kb(pid: int) -> int:
    """Memory of a process and its children, the pages they share counted once, from /proc; 0 where there is none."""
    total = 0
    for process in (str(pid), *children(pid)):
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:  # it has just ended
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def children(pid: int) -> list[str]:
    try:
        return [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []


def compute(workers: int, *, watch: bool = False) -> Run:
    roster, punches, pieces = month(workers)
    anxin = Path(sys.executable).with_name("anxin")
    files = ["--roster", roster, "--punches", punches, "--pieces", pieces]
    done = run([anxin, "payroll", "compute", "--month", MONTH, *files, "--format", "json"], watch=watch)
    with done.out.open() as lines:
        printed = sum(line.startswith('{"workerNo":') for line in lines)
    assert printed == workers, printed
    return done


def read(name: str, files: list[Path]) -> tuple[float, Run]:
    """Seconds that reading took within the process, and the process."""
    load, call = READERS[name]
    done = run([sys.executable, "-c", READER.format(load=load, read=call), *files])
    return float(done.out.read_text()), done


def main() -> None:
    files = month(WORKERS)
    month(FEWER_WORKERS)
    reading = {name: [read(name, files)] for name in READERS}
    computing = []
    for _ in range(ROUNDS):  # by turns: what else the machine does falls on both
        computing.append(compute(WORKERS))
        for name in sorted(READERS.keys() - SLOW):
            reading[name].append(read(name, files))
    memory, fewer_memory = (compute(workers, watch=True).memory_mb for workers in (WORKERS, FEWER_WORKERS))
    report(files, reading, computing, memory, fewer_memory)


def report(
    files: list[Path], reading: dict[str, list[tuple[float, Run]]], computing: list[Run], memory: float, fewer_memory: float
) -> None:
    punches = sum(1 for _ in files[1].open("rb")) - 1
    reader = min(reading, key=lambda name: min(seconds for seconds, _ in reading[name]))
    floor = min(seconds for seconds, _ in reading[reader])
    whole_floor = min(done.seconds for _, done in reading[reader])
    best = min(computing, key=lambda done: done.seconds)
    result = {
        "workers": WORKERS, "punches": punches, "processors": len(os.sched_getaffinity(0)), "seconds": best.seconds,
        "cpuSeconds": best.cpu_seconds, "workersPerSecond": WORKERS / best.seconds, "reader": reader,
        "readerSeconds": floor, "readerProcessSeconds": whole_floor, "ratioToReading": best.seconds / floor,
        "ratioToReadingProcess": best.seconds / whole_floor, "memoryMb": memory, "fewerWorkers": FEWER_WORKERS,
        "fewerWorkersMemoryMb": fewer_memory, "readers": {name: min(s for s, _ in runs) for name, runs in reading.items()},
    }  # fmt: skip
    (BUILD / "bench-payroll.json").write_text(json.dumps(result, indent=1))
    print(f"{WORKERS:,} workers, {punches:,} punches: {best.seconds:.2f} s, {WORKERS / best.seconds:,.0f} workers/s, "
          f"{best.cpu_seconds:.2f} s of processors' time")  # fmt: skip
    for name, seconds in sorted(result["readers"].items(), key=lambda item: item[1]):
        print(f"merely reading the files, {name}: {seconds:.2f} s")
    print(
        f"ratio to reading: {best.seconds / floor:.2f}, from start to end of both processes {best.seconds / whole_floor:.2f}"
    )
    print(f"memory of all processes at most: {memory:.0f} MB; with {FEWER_WORKERS:,} workers {fewer_memory:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:]:
        write(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
