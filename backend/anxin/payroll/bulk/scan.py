"""Punches and pieces from their files to runs on disk; whoever is not on the roster is counted and left out."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from anxin.core.clock import EPOCH, SITE_ZONE, day_number
from anxin.payroll import rules
from anxin.payroll.bulk.fields import MASKS, Block, Months, Unusual, dates, instants, keys, whole_numbers, word
from anxin.payroll.bulk.roster import Roster
from anxin.payroll.bulk.spill import Runs, Spill
from anxin.payroll.columns import MOST_SECONDS, NONE, WORKER_BIT, Bools, Ints
from anxin.payroll.files import PIECE_COLUMNS, PUNCH_COLUMNS, BadCell, PieceRow, PunchRow, check_header, instant

BLOCK_BYTES: Final = 1 << 20
ROWS_A_RUN: Final = 100_000  # of what files.py reads
EPOCH_AT: Final = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=SITE_ZONE)
MICROSECOND: Final = timedelta(microseconds=1)
IN, OUT = word(rules.IN.encode()), word(rules.OUT.encode())


@dataclass(frozen=True)
class Part:
    """Whole lines of a file, from byte to byte, under its header."""

    file: Path
    header: list[str]
    begin: int
    end: int

    def blocks(self) -> Iterator[bytes]:
        """The lines, each with its end, about a megabyte at a time."""
        with self.file.open("rb") as lines:
            lines.seek(self.begin)
            while read := lines.read(min(BLOCK_BYTES, self.end - lines.tell())):
                if not read.endswith(b"\n"):
                    read += lines.readline()
                yield read if read.endswith(b"\n") else read + b"\n"


def parts_of(file: Path, columns: tuple[str, ...], count: int) -> list[Part]:
    """Cut a file into about equal parts. Raises Unusual where the header is not there or not plain."""
    with file.open("rb") as lines:
        first = lines.readline()
        if b"\0" in first or b"\r" in first.rstrip(b"\r\n"):
            raise Unusual
        try:
            header = next(csv.reader([first.decode("utf-8-sig")], strict=True), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise Unusual from error
        if check_header(header, columns) is not None:
            raise Unusual
        begin, size = lines.tell(), file.stat().st_size
        cuts = [begin]
        for n in range(1, count):
            lines.seek(max(cuts[-1], begin + (size - begin) * n // count - 1))
            lines.readline()
            cuts.append(lines.tell())
    return [Part(file, header, *span) for span in zip(cuts, [*cuts[1:], size], strict=True)]


@dataclass
class Found:
    """What a part of a file came to. `fine`: punches with fractions of a second, which only the rules reckon with."""

    rows: Runs
    fine: Runs | None = None
    strangers: Counter[str] = field(default_factory=Counter)


class PunchSpill:
    """`worker << 35 | seconds << 1 | is_in`; and beside it, for instants within seconds, worker and microseconds."""

    def __init__(self, file: Path, workers: int) -> None:
        self.whole = Spill(file.with_suffix(".punches"), 1, workers)
        self.fine = Spill(file.with_suffix(".fine"), 2, workers)
        self.strangers: Counter[str] = Counter()

    def close(self) -> Found:
        return Found(self.whole.close(), self.fine.close(), self.strangers)


class PieceSpill:
    """`worker << 35 | day`, quantity."""

    def __init__(self, file: Path, workers: int) -> None:
        self.rows = Spill(file.with_suffix(".pieces"), 2, workers)
        self.strangers: Counter[str] = Counter()

    def close(self) -> Found:
        return Found(self.rows.close(), None, self.strangers)


# ------------------------------------------------------------------ files as they usually are


def scan_punches(part: Part, roster: Roster, spill: PunchSpill) -> None:
    """Raises Unusual where a cell is not surely right: `files.py` says whether it is wrong."""
    name, at, direction = (part.header.index(column) for column in PUNCH_COLUMNS)
    months = Months()
    for lines in part.blocks():
        block = Block.of(lines, len(part.header))
        place = _places(block, name, roster, spill.strangers)
        seconds, read = instants(block, at, months)
        is_in = _directions(block, direction)
        known = place != NONE
        fine = np.flatnonzero(~read)
        moment = np.array([_micros(text) for text in block.cell_texts(at, fine)], np.int64) << 1 | is_in[fine]
        spill.fine.add((place[fine] << WORKER_BIT)[known[fine]], moment[known[fine]])
        kept = read & known
        spill.whole.add((place << WORKER_BIT | seconds << 1 | is_in)[kept])


def scan_pieces(part: Part, roster: Roster, spill: PieceSpill) -> None:
    """Raises Unusual where a cell is not surely right."""
    name, date, quantity = (part.header.index(column) for column in PIECE_COLUMNS)
    months = Months()
    for lines in part.blocks():
        block = Block.of(lines, len(part.header))
        place = _places(block, name, roster, spill.strangers)
        day, day_read = dates(block, date, months)
        pieces, pieces_read = whole_numbers(block, quantity)
        if not (day_read & pieces_read).all():
            raise Unusual
        kept = place != NONE
        spill.rows.add((place << WORKER_BIT | day)[kept], pieces[kept])


def _micros(text: str) -> int:
    try:
        return wall_micros(instant(text))
    except BadCell as bad:
        raise Unusual from bad


def _places(block: Block, column: int, roster: Roster, strangers: Counter[str]) -> Ints:
    begin, end = block.cells(column)
    if (begin == end).any():
        raise Unusual
    place = roster.places(keys(block, column, roster.names.shape[1]))
    strangers.update(block.cell_texts(column, np.flatnonzero(place == NONE)))
    return place


def _directions(block: Block, column: int) -> Bools:
    begin, end = block.cells(column)
    written = block.words(begin)[:, 0] & MASKS[len(rules.IN)]
    is_in: Bools = written == IN
    if not (is_in | (written == OUT)).all() or not (end - begin == len(rules.IN)).all():
        raise Unusual
    return is_in


# ------------------------------------------------------------------ files that another reader read


def take_punches(rows: Iterable[PunchRow], roster: Roster, spill: PunchSpill) -> None:
    batch: list[tuple[int, int]] = []
    for row in rows:
        if (place := roster.by_name.get(row.worker_no)) is None:
            spill.strangers[row.worker_no] += 1
        else:
            batch.append((place, wall_micros(row.at) << 1 | row.is_in))
        if len(batch) == ROWS_A_RUN:
            _add_punches(batch, spill)
    _add_punches(batch, spill)


def _add_punches(batch: list[tuple[int, int]], spill: PunchSpill) -> None:
    place, moment = np.array(batch, np.int64).reshape(-1, 2).T
    batch.clear()
    seconds, fraction = np.divmod(moment >> 1, 10**6)
    whole = (fraction == 0) & (seconds >= 0) & (seconds < MOST_SECONDS)
    spill.whole.add((place << WORKER_BIT | seconds << 1 | moment & 1)[whole])
    spill.fine.add((place << WORKER_BIT)[~whole], moment[~whole])


def take_pieces(rows: Iterable[PieceRow], roster: Roster, spill: PieceSpill) -> None:
    batch: list[tuple[int, int]] = []
    for row in rows:
        if (place := roster.by_name.get(row.worker_no)) is None:
            spill.strangers[row.worker_no] += 1
        elif (day := day_number(row.day)) >= 0:
            batch.append((place << WORKER_BIT | day, row.quantity))
        if len(batch) == ROWS_A_RUN:
            spill.rows.add(*np.array(batch, np.int64).T)
            batch.clear()
    spill.rows.add(*np.array(batch, np.int64).reshape(-1, 2).T)


def wall_micros(at: datetime) -> int:
    """Microseconds of the site's wall clock since 1970."""
    return (at - EPOCH_AT) // MICROSECOND


def at_micros(micros: int) -> datetime:
    return EPOCH_AT + micros * MICROSECOND
