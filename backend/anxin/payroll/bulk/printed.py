"""A month's wages as JSON or as a table to read, some workers at a time."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np

from anxin.core.clock import EPOCH
from anxin.core.money import yuan
from anxin.payroll.bulk.settle import Settled
from anxin.payroll.columns import FLAG_KINDS, Month
from anxin.payroll.rules import Pay

ITEMS: Final = ("base", "ot150", "ot200", "ot300", "piece")
MONEY_WIDTH: Final = 15
DAYS_WIDTH: Final = 4


class Line(NamedTuple):
    """One worker's wage. `days`: `"2026-10-08","2026-10-09"`. `flags`: bits of FLAG_KINDS; `flag_days` only where wanted."""

    worker_no: str
    items: tuple[int, ...]
    days: str
    flags: int
    flag_days: list[tuple[int, int]]


@dataclass
class Totals:
    workers: int = 0
    items: list[int] = field(default_factory=lambda: [0] * len(ITEMS))
    days: int = 0
    flagged: list[int] = field(default_factory=lambda: [0] * len(FLAG_KINDS))  # workers, by kind

    def add(self, line: Line) -> None:
        self.workers += 1
        self.items = [total + fen for total, fen in zip(self.items, line.items, strict=True)]
        self.days += _day_count(line.days)
        self.flagged = [count + (line.flags >> bit & 1) for bit, count in enumerate(self.flagged)]

    def join(self, other: "Totals") -> None:
        self.workers += other.workers
        self.days += other.days
        self.items = [a + b for a, b in zip(self.items, other.items, strict=True)]
        self.flagged = [a + b for a, b in zip(self.flagged, other.flagged, strict=True)]


def lines_of(settled: Settled, month: Month) -> Iterator[Line]:
    """The workers' lines, in order."""
    wages, count = settled.wages, len(settled.names)
    texts = np.array([f'"{day}",'.encode() for day in month.days()])
    days, size = texts[wages.day - month.first].tobytes().decode(), texts.itemsize
    edges = (np.searchsorted(wages.day_worker, np.arange(count + 1)) * size).tolist()
    flags = np.zeros(count, np.int64)
    np.bitwise_or.at(flags, wages.flag_worker, 1 << wages.flag)
    order = np.lexsort((wages.flag, wages.flag_day, wages.flag_worker))
    flag_days = np.column_stack((wages.flag_day, wages.flag))[order].tolist()
    flag_edges = np.searchsorted(wages.flag_worker[order], np.arange(count + 1)).tolist()
    rows = zip(settled.names, wages.items.tolist(), flags.tolist(), strict=True)
    for worker, (name, items, bits) in enumerate(rows):
        if (pay := settled.exact.get(worker)) is not None:
            yield _exact_line(name, pay)
            continue
        begin, end = edges[worker], edges[worker + 1]
        marked = flag_days[flag_edges[worker] : flag_edges[worker + 1]]
        yield Line(name, items, days[begin : end - 1] if end > begin else "", bits, marked)


def _exact_line(name: str, pay: Pay) -> Line:
    items = tuple(getattr(pay.items, item) for item in ITEMS)
    days = ",".join(f'"{day}"' for day in pay.days_worked)
    flags = [((flag.day - EPOCH).days, FLAG_KINDS.index(flag.kind)) for flag in pay.flags]
    return Line(name, items, days, sum(1 << kind for kind in {kind for _, kind in flags}), flags)


# ------------------------------------------------------------------ JSON


def json_rows(settled: Settled, month: Month) -> bytes:
    """The workers as members of an array, with a comma between them and none after the last."""
    names = [",".join(f'"{kind}"' for bit, kind in enumerate(FLAG_KINDS) if bits >> bit & 1) for bits in range(64)]
    rows = []
    for name, (base, ot150, ot200, ot300, piece), days, flags, _ in lines_of(settled, month):
        rows.append(
            f'{{"workerNo":{_quoted(name)},"items":{{"base":{base},"ot150":{ot150},"ot200":{ot200},"ot300":{ot300},'
            f'"piece":{piece}}},"grossFen":{base + ot150 + ot200 + ot300 + piece},"daysWorked":[{days}],'
            f'"flags":[{names[flags]}]}}'
        )
    return ",\n".join(rows).encode()


def _quoted(name: str) -> str:
    return f'"{name}"' if name.isascii() and '"' not in name and "\\" not in name else json.dumps(name, ensure_ascii=False)


# ------------------------------------------------------------------ a table


def table_head(width: int) -> str:
    money = "".join(f"{name:>{MONEY_WIDTH}}" for name in (*ITEMS, "gross"))
    return f"{_padded('worker', width)}{money}{'days':>{DAYS_WIDTH + 1}}  flags\n"


def table_rows(settled: Settled, month: Month, width: int) -> tuple[bytes, Totals]:
    totals, rows = Totals(), []
    for line in lines_of(settled, month):
        totals.add(line)
        rows.append(_table_row(line.worker_no, line.items, _day_count(line.days), _flag_text(line.flag_days), width))
    return "".join(rows).encode(), totals


def table_foot(totals: Totals, width: int) -> str:
    flagged = [f"{kind} {count}" for kind, count in zip(FLAG_KINDS, totals.flagged, strict=True) if count]
    row = _table_row("total", tuple(totals.items), totals.days, "", width)
    workers = f"{totals.workers:,} worker{'' if totals.workers == 1 else 's'}"
    return f"{row}{workers}; flagged workers: {', '.join(flagged) or 'none'}\n"


def _table_row(name: str, items: tuple[int, ...], days: int, flags: str, width: int) -> str:
    money = "".join(f"{yuan(fen):>{MONEY_WIDTH}}" for fen in (*items, sum(items)))
    return f"{_padded(name, width)}{money}{days:>{DAYS_WIDTH + 1}}  {flags}".rstrip() + "\n"


def _flag_text(flag_days: list[tuple[int, int]]) -> str:
    """`missing-out 10-08 10-21, over-36-hours`: what is of the whole month needs no day."""
    by_kind: dict[int, list[str]] = {}
    for day, kind in flag_days:
        text = (EPOCH + timedelta(days=day)).strftime("%m-%d")
        days = by_kind.setdefault(kind, [])
        if text not in days:
            days.append(text)
    return ", ".join(f"{FLAG_KINDS[kind]} {' '.join(days)}" for kind, days in sorted(by_kind.items()))


def _day_count(days: str) -> int:
    return days.count(",") + 1 if days else 0


def text_width(name: str) -> int:
    """Columns in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in name)


def _padded(name: str, width: int) -> str:
    return name + " " * (width - text_width(name))
