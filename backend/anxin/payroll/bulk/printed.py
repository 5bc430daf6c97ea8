"""A month's wages as JSON or as a table to read, some workers at a time."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Final

import numpy as np

from anxin.core.clock import EPOCH, day_number
from anxin.core.money import yuan
from anxin.payroll.bulk.settle import Settled
from anxin.payroll.columns import FLAG_KINDS, Month

ITEMS: Final = ("base", "ot150", "ot200", "ot300", "piece")
MONEY_WIDTH: Final = 15
DAYS_WIDTH: Final = 4


@dataclass
class Totals:
    workers: int = 0
    items: list[int] = field(default_factory=lambda: [0] * len(ITEMS))
    days: int = 0
    flagged: list[int] = field(default_factory=lambda: [0] * len(FLAG_KINDS))  # workers, by kind

    def join(self, other: "Totals") -> None:
        self.workers += other.workers
        self.days += other.days
        self.items = [a + b for a, b in zip(self.items, other.items, strict=True)]
        self.flagged = [a + b for a, b in zip(self.flagged, other.flagged, strict=True)]


@dataclass(frozen=True)
class _Columns:
    """What is printed of each worker, in lists of their own: quicker to go through than objects."""

    items: list[list[int]]
    days: list[str]
    flags: list[int]


def _columns(settled: Settled, month: Month) -> _Columns:
    wages, count = settled.wages, len(settled.names)
    texts = np.array([f'"{day}",'.encode() for day in month.days()])
    text = texts[wages.day - month.first].tobytes().decode()
    edges = (np.searchsorted(wages.day_worker, np.arange(count + 1)) * texts.itemsize).tolist()
    days = [text[begin : end - 1] if end > begin else "" for begin, end in pairwise(edges)]
    flags = np.zeros(count, np.int64)
    np.bitwise_or.at(flags, wages.flag_worker, 1 << wages.flag)
    columns = _Columns(wages.items.tolist(), days, flags.tolist())
    for worker, pay in settled.exact.items():
        columns.items[worker] = [getattr(pay.items, item) for item in ITEMS]
        columns.days[worker] = ",".join(f'"{day}"' for day in pay.days_worked)
        columns.flags[worker] = sum(1 << FLAG_KINDS.index(kind) for kind in pay.flag_kinds)
    return columns


# ------------------------------------------------------------------ JSON


def json_rows(settled: Settled, month: Month) -> bytes:
    """The workers as members of an array, with a comma between them and none after the last."""
    columns = _columns(settled, month)
    flags = [",".join(f'"{kind}"' for bit, kind in enumerate(FLAG_KINDS) if bits >> bit & 1) for bits in range(64)]
    return ",\n".join(
        [
            f'{{"workerNo":{name},"items":{{"base":{base},"ot150":{ot150},"ot200":{ot200},"ot300":{ot300},"piece":{piece}}},'
            f'"grossFen":{base + ot150 + ot200 + ot300 + piece},"daysWorked":[{days}],"flags":[{flags[bits]}]}}'
            for name, (base, ot150, ot200, ot300, piece), days, bits in zip(
                _quoted(settled.names), columns.items, columns.days, columns.flags, strict=True
            )
        ]
    ).encode()


def _quoted(names: list[str]) -> list[str]:
    plain = "".join(names)
    if plain.isascii() and '"' not in plain and "\\" not in plain:
        return [f'"{name}"' for name in names]
    return [json.dumps(name, ensure_ascii=False) for name in names]


# ------------------------------------------------------------------ a table


def table_head(width: int) -> str:
    money = "".join(f"{name:>{MONEY_WIDTH}}" for name in (*ITEMS, "gross"))
    return f"{_padded('worker', width)}{money}{'days':>{DAYS_WIDTH + 1}}  flags\n"


def table_rows(settled: Settled, month: Month, width: int) -> tuple[bytes, Totals]:
    columns, flagged = _columns(settled, month), _flag_days(settled)
    rows = []
    for worker, (name, items, days) in enumerate(zip(settled.names, columns.items, columns.days, strict=True)):
        rows.append(_table_row(name, items, _day_count(days), _flag_text(flagged[worker]), width))
    totals = Totals(
        len(rows), [sum(column) for column in zip(*columns.items, strict=True)], sum(map(_day_count, columns.days)),
        [sum(bits >> bit & 1 for bits in columns.flags) for bit in range(len(FLAG_KINDS))],
    )  # fmt: skip
    return "".join(rows).encode(), totals


def _flag_days(settled: Settled) -> list[list[tuple[int, int]]]:
    """Day and kind of each worker's flags, in order."""
    wages = settled.wages
    found: list[list[tuple[int, int]]] = [[] for _ in settled.names]
    for worker, kind, day in zip(wages.flag_worker.tolist(), wages.flag.tolist(), wages.flag_day.tolist(), strict=True):
        found[worker].append((day, kind))
    for worker, pay in settled.exact.items():
        found[worker] = [(day_number(flag.day), FLAG_KINDS.index(flag.kind)) for flag in pay.flags]
    return [sorted(flags) for flags in found]


def table_foot(totals: Totals, width: int) -> str:
    flagged = [f"{kind} {count}" for kind, count in zip(FLAG_KINDS, totals.flagged, strict=True) if count]
    row = _table_row("total", totals.items, totals.days, "", width)
    workers = f"{totals.workers:,} worker{'' if totals.workers == 1 else 's'}"
    return f"{row}{workers}; flagged workers: {', '.join(flagged) or 'none'}\n"


def _table_row(name: str, items: Sequence[int], days: int, flags: str, width: int) -> str:
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
