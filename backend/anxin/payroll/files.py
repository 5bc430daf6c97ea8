"""A month's files, read cell by cell: roster, punches, pieces. What is wrong is collected and named, never guessed.

CSV in UTF-8, with or without a mark at its beginning, LF or CR LF, quoted or not; columns in any order, others beside them.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final, TextIO, TypeVar

from anxin.core.clock import SITE_ZONE
from anxin.payroll.rules import IN, OUT, Contract, ContractKind

ROSTER_COLUMNS: Final = ("worker_no", "contract_type", "rate_fen", "piece_quota")
PUNCH_COLUMNS: Final = ("worker_no", "at", "direction")
PIECE_COLUMNS: Final = ("worker_no", "date", "quantity")

SHOWN_PROBLEMS: Final = 20
SHOWN_CHARACTERS: Final = 40
LONGEST_WORKER_NO: Final = 60
T = TypeVar("T")
_UNDECODED: Final = re.compile("[\ud800-\udfff]")
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


@dataclass(frozen=True)
class Problem:
    """`line` as a person counts lines; `column` is empty where a whole line is meant."""

    file: str
    line: int
    column: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}{self.column and f', column {self.column}'}: {self.what}"


@dataclass
class Problems:
    """The first problems, and how many there are."""

    count: int = 0
    shown: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        self.count += 1
        if len(self.shown) < SHOWN_PROBLEMS:
            self.shown.append(problem)


class BadCell(ValueError):
    """What is wrong with a cell, and what to write instead."""


@dataclass(frozen=True)
class RosterRow:
    line: int
    worker_no: str
    contract: Contract


@dataclass(frozen=True)
class PunchRow:
    line: int
    worker_no: str
    at: datetime  # in the site's zone
    is_in: bool


@dataclass(frozen=True)
class PieceRow:
    line: int
    worker_no: str
    day: date
    quantity: int


@dataclass(frozen=True)
class Row:
    """A line's cells by column. `read` notes what cannot be read and goes on."""

    file: str
    line: int
    cells: dict[str, str]
    problems: Problems

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(self.cells[column])
        except BadCell as bad:
            self.problem(column, str(bad))
            return None

    def problem(self, column: str, what: str) -> None:
        self.problems.add(Problem(self.file, self.line, column, what))


# ------------------------------------------------------------------ the three files


def read_roster(file: Path, problems: Problems) -> list[RosterRow]:
    """A contract a line. A worker has one, or one for time and one for pieces."""
    rows: list[RosterRow] = []
    first_line: dict[tuple[str, bool], int] = {}
    for row in rows_of(file, ROSTER_COLUMNS, problems):
        worker_no, kind = row.read("worker_no", worker_number), row.read("contract_type", _contract_kind)
        rate_fen, quota = row.read("rate_fen", _rate), row.read("piece_quota", _quota)
        if kind not in (None, ContractKind.PIECE) and row.cells["piece_quota"]:
            row.problem("piece_quota", f"only piece contracts have a quota: leave it empty, or is {kind} wrong?")
            continue
        if worker_no is None or kind is None or rate_fen is None or (quota is None and row.cells["piece_quota"]):
            continue
        line = first_line.setdefault((worker_no, kind is ContractKind.PIECE), row.line)
        if line != row.line:
            what = "pieces" if kind is ContractKind.PIECE else "time"
            row.problem("worker_no", f"{worker_no} has a contract for {what} in line {line} already: leave one of them out")
        rows.append(RosterRow(row.line, worker_no, Contract(kind, rate_fen, quota)))
    return rows


def read_punches(file: Path, problems: Problems) -> Iterator[PunchRow]:
    for row in rows_of(file, PUNCH_COLUMNS, problems):
        worker_no, at, is_in = row.read("worker_no", _named), row.read("at", instant), row.read("direction", _is_in)
        if worker_no is not None and at is not None and is_in is not None:
            yield PunchRow(row.line, worker_no, at, is_in)


def read_pieces(file: Path, problems: Problems) -> Iterator[PieceRow]:
    for row in rows_of(file, PIECE_COLUMNS, problems):
        worker_no, day, quantity = row.read("worker_no", _named), row.read("date", _day), row.read("quantity", _quantity)
        if worker_no is not None and day is not None and quantity is not None:
            yield PieceRow(row.line, worker_no, day, quantity)


def name_repeats(file: Path, repeated: set[tuple[str, date]], problems: Problems) -> None:
    """Name the lines in which a worker's day comes again."""
    first_line: dict[tuple[str, date], int] = {}
    for row in read_pieces(file, Problems()):
        key = row.worker_no, row.day
        if key in repeated and (line := first_line.setdefault(key, row.line)) != row.line:
            what = f"{row.worker_no} has a quantity for {row.day} in line {line} already: add them up in one line"
            problems.add(Problem(file.name, row.line, "date", what))


# ------------------------------------------------------------------ lines and cells


def rows_of(file: Path, columns: tuple[str, ...], problems: Problems) -> Iterator[Row]:
    """The lines under the header that have as many cells as it has."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        lines = _records(text, file.name, problems)
        _, header = next(lines, (1, []))
        if (named := check_header(header, columns)) is not None:
            problems.add(Problem(file.name, 1, "", named))
            return
        places = {column: header.index(column) for column in columns}
        for line, cells in lines:
            if len(cells) != len(header):
                what = f"it has {len(cells)} cells where the header has {len(header)}: give each column its cell"
                problems.add(Problem(file.name, line, "", what))
            else:
                yield Row(file.name, line, {column: cells[place] for column, place in places.items()}, problems)


def _records(text: TextIO, file: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Each record's cells, and the line on which it begins. Empty lines are left out."""
    records, line = csv.reader(text, strict=True), 1
    while True:
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(Problem(file, line, "", f"it cannot be read ({error}): look for a quote that is not closed"))
            cells = []
        if any(_UNDECODED.search(cell) for cell in cells):
            problems.add(Problem(file, line, "", "it is not UTF-8: save the file as CSV in UTF-8"))
        elif cells:
            yield line, cells
        line = records.line_num + 1


def check_header(header: list[str], columns: tuple[str, ...]) -> str | None:
    """Say what is wrong with a header, if anything is."""
    if not header:
        return f"the file has no header: its first line must name the columns {', '.join(columns)}"
    missing = [column for column in columns if column not in header]
    if missing:
        return f"the header has no column {', '.join(missing)} (it has: {_shown(', '.join(header))}): add it"
    twice = [column for column in columns if header.count(column) > 1]
    if twice:
        return f"the header names {', '.join(twice)} more than once: leave one"
    return None


def _shown(value: str) -> str:
    return value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}…"


def _quoted(value: str) -> str:
    return f"“{_shown(value)}”" if value else "nothing"


def _named(value: str) -> str:
    if not value:
        raise BadCell("it is empty: give the worker's number")
    return value


def worker_number(value: str) -> str:
    """A worker's number as the roster may give it: what can be read and told apart by eye."""
    if not value.strip():
        raise BadCell("it is empty: give the worker's number")
    if len(value) > LONGEST_WORKER_NO:
        raise BadCell(f"{_quoted(value)} is longer than {LONGEST_WORKER_NO} characters: give a shorter number")
    if value != value.strip() or not value.isprintable():
        raise BadCell(f"{_quoted(value)} has blanks about it, or characters that do not show: leave them out")
    return value


def _contract_kind(value: str) -> ContractKind:
    try:
        return ContractKind(value)
    except ValueError:
        raise BadCell(f"{_quoted(value)} is no contract: write one of {', '.join(ContractKind)}") from None


def _whole(value: str, example: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(value):
        raise BadCell(f"{_quoted(value)} is no whole number of at most 18 digits: write it like {example}")
    return int(value)


def _rate(value: str) -> int:
    if (fen := _whole(value, "32500 (in fen)")) == 0:
        raise BadCell("a contract pays more than nothing: write the rate in fen, like 32500")
    return fen


def _quota(value: str) -> int | None:
    return _whole(value, "160, or leave it empty") if value else None


def _quantity(value: str) -> int:
    return _whole(value, "183")


def _day(value: str) -> date:
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # as any other text that is no date
    raise BadCell(f"{_quoted(value)} is no date: write it like 2026-10-08")


def _is_in(value: str) -> bool:
    if value not in (IN, OUT):
        raise BadCell(f"{_quoted(value)} is no direction: write {IN} for in, {OUT} for out")
    return value == IN


def instant(value: str) -> datetime:
    """An instant of RFC 3339 in the site's zone, to the microsecond. Raises BadCell."""
    parts = _INSTANT.fullmatch(value)
    if parts is None:
        raise BadCell(f"{_quoted(value)} is no instant: write it like 2026-10-08T07:00:00+08:00")
    day, clock, fraction, zone = parts.groups()
    if zone is None:
        raise BadCell(f"{_quoted(value)} does not say its zone: write it like {value}+08:00")
    try:
        return datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{zone.upper()}").astimezone(SITE_ZONE)
    except (ValueError, OverflowError):
        raise BadCell(f"{_quoted(value)} is no instant there ever is: look at its day, its time and its zone") from None
