"""A month computed from its files: read, spilled, settled a partition at a time, printed in order."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal

from anxin.payroll.bulk import printed, processes, scan
from anxin.payroll.bulk.fields import Unusual
from anxin.payroll.bulk.processes import Processes
from anxin.payroll.bulk.roster import Roster, from_rows, read_blocks
from anxin.payroll.bulk.scan import Found, PieceSpill, PunchSpill
from anxin.payroll.bulk.spill import partitions
from anxin.payroll.columns import Month
from anxin.payroll.files import (
    PIECE_COLUMNS,
    PUNCH_COLUMNS,
    ROSTER_COLUMNS,
    Problems,
    name_repeats,
    read_pieces,
    read_punches,
    read_roster,
)

Form = Literal["json", "table"]


@dataclass(frozen=True)
class Files:
    roster: Path
    punches: Path
    pieces: Path | None = None


class BadFiles(Exception):
    """Something in the files is wrong. Nothing was printed."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        super().__init__(f"{problems.count} problems")


@dataclass(frozen=True)
class LeftOut:
    """Whom the files name but not the roster: rows by worker number."""

    punches: Counter[str]
    pieces: Counter[str]


def compute_files(files: Files, month: Month, form: Form, out: BinaryIO) -> LeftOut:
    """Print every worker's wage in order of worker number. Raises BadFiles."""
    roster = _read_roster(files)
    _ = roster.slots, month.kinds, month.working_days  # made once, for all processes
    with tempfile.TemporaryDirectory(prefix="anxin-payroll-") as folder, Processes(roster, month) as pool:
        problems = Problems()
        punches = _read_punches(files.punches, roster, Path(folder), pool, problems)
        pieces = _read_pieces(files.pieces, roster, Path(folder), pool, problems) if files.pieces else []
        if problems.count:
            raise BadFiles(problems)
        left_out = LeftOut(_strangers(punches), _strangers(pieces))
        printing = _Printing(pool, roster, _without_strangers(punches), _without_strangers(pieces), out)
        printing.json() if form == "json" else printing.table()
    return left_out


# ------------------------------------------------------------------ reading


def _read_roster(files: Files) -> Roster:
    """Where the roster is wrong, the other files are read for what is wrong in them: all of it is named at once."""
    try:
        (part,) = scan.parts_of(files.roster, ROSTER_COLUMNS, 1)
        return read_blocks(part.blocks(), part.header)
    except Unusual:
        problems = Problems()
    rows = read_roster(files.roster, problems)
    if not problems.count:
        return from_rows(rows)
    for _punch in read_punches(files.punches, problems):
        pass
    for _piece in read_pieces(files.pieces, problems) if files.pieces else ():
        pass
    raise BadFiles(problems)


def _read_punches(file: Path, roster: Roster, folder: Path, pool: Processes, problems: Problems) -> list[Found]:
    try:
        return pool.read(processes.punches_of, scan.parts_of(file, PUNCH_COLUMNS, pool.count), folder)
    except Unusual:
        spill = PunchSpill(folder / "cells", len(roster))
        scan.take_punches(read_punches(file, problems), roster, spill)
        return [spill.close()]


def _read_pieces(file: Path, roster: Roster, folder: Path, pool: Processes, problems: Problems) -> list[Found]:
    try:
        found = pool.read(processes.pieces_of, scan.parts_of(file, PIECE_COLUMNS, pool.count), folder)
    except Unusual:
        spill = PieceSpill(folder / "cells", len(roster))
        scan.take_pieces(read_pieces(file, problems), roster, spill)
        found = [spill.close()]
    repeats = list(chain(*pool.in_order(processes.repeated_days_of, partitions(len(roster)), _without_strangers(found))))
    if repeats:
        names = roster.numbers()
        name_repeats(file, {(names[place], day) for place, day in repeats}, problems)
    return found


def _strangers(found: Sequence[Found]) -> Counter[str]:
    return sum((part.strangers for part in found), Counter())


def _without_strangers(found: Sequence[Found]) -> list[Found]:
    """What processes are sent, again and again."""
    return [replace(part, strangers=Counter()) for part in found]


# ------------------------------------------------------------------ printing


@dataclass(frozen=True)
class _Printing:
    pool: Processes
    roster: Roster
    punches: list[Found]
    pieces: list[Found]
    out: BinaryIO

    def json(self) -> None:
        self.out.write(b"[")
        before = b"\n"
        for rows in self.pool.in_order(processes.json_of, partitions(len(self.roster)), self.punches, self.pieces):
            self.out.write(before + rows)
            before = b",\n"
        self.out.write(b"\n]\n")

    def table(self) -> None:
        width = max(map(printed.text_width, ("worker", *self.roster.numbers())))
        self.out.write(printed.table_head(width).encode())
        totals, count = printed.Totals(), partitions(len(self.roster))
        for rows, some in self.pool.in_order(processes.table_of, count, self.punches, self.pieces, width):
            self.out.write(rows)
            totals.join(some)
        self.out.write(printed.table_foot(totals, width).encode())
