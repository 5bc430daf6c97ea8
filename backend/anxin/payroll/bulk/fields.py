"""Cells of a CSV file as whole columns: numbers, dates and instants read eight characters at a time.

A block is bytes of whole lines. Words are eight characters as one integer, the first character lowest; characters beyond a
cell's end are zero. Only what is surely as expected counts as read; all else is told by a mask, for `files.py` to read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from anxin.core.clock import day_number
from anxin.payroll.columns import DAY, Bools, Ints

Words: TypeAlias = NDArray[np.uint64]

COMMA, NEWLINE, QUOTE = b",", b"\n", b'"'
MARGIN: Final = 256  # zero bytes about a block, so that no cell is too near an end
WORD: Final = 8
FIRST_YEAR, LAST_YEAR = 2000, 2199  # of what is read here; the site zone is +08:00 throughout
MOST_MONTHS: Final = 60  # of one block
SITE_OFFSET_SECONDS: Final = 8 * 3600

# MASKS[n] keeps the first n characters of a word.
MASKS: Final[Words] = np.array([(1 << 8 * n) - 1 for n in range(WORD + 1)], np.uint64)


class Unusual(Exception):
    """The file does not look as expected somewhere; it may still be right."""


def word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(WORD, b"\0"), "little"))


@dataclass(frozen=True)
class Block:
    """Whole lines, and where their cells end: an array of (lines, columns)."""

    text: NDArray[np.uint8]  # with MARGIN zero bytes before and after
    ends: Ints
    line_end: int  # characters: LF, or CR LF

    @classmethod
    def of(cls, lines: bytes, columns: int) -> "Block":
        """Raises Unusual where a line has other than `columns` cells, or there is a NUL, or what is not UTF-8."""
        if b"\0" in lines:
            raise Unusual
        if QUOTE in lines:
            lines = _without_quotes(lines)
        if not lines.isascii():
            try:
                lines.decode()
            except UnicodeDecodeError as error:
                raise Unusual from error
        text = np.frombuffer(bytes(MARGIN) + lines + bytes(MARGIN), np.uint8)
        is_newline = text == NEWLINE[0]
        found = np.flatnonzero((text == COMMA[0]) | is_newline)
        if len(found) != columns * np.count_nonzero(is_newline):
            raise Unusual
        ends = found.reshape(-1, columns)
        if not is_newline[ends[:, -1]].all():
            raise Unusual
        return cls(text, ends, _line_end(lines, text, ends[:, -1]))

    def cells(self, column: int) -> tuple[Ints, Ints]:
        """Return where the column's cells begin and end."""
        if column:
            begin = self.ends[:, column - 1] + 1
        else:
            begin = np.full(len(self.ends), MARGIN)
            begin[1:] = self.ends[:-1, -1] + 1
        is_last = column == self.ends.shape[1] - 1
        return begin, self.ends[:, column] - (self.line_end - 1 if is_last else 0)

    def words(self, at: Ints, count: int = 1) -> Words:
        """Return the `count` words from each place on, an array of (places, count)."""
        size = WORD * count
        every = np.ndarray((len(self.text) - size + 1,), f"V{size}", self.text, strides=(1,))
        found: Words = every[at].view("<u8").reshape(-1, count)
        return found

    def cell_texts(self, column: int, lines: Ints) -> list[str]:
        begin, end = self.cells(column)
        return [self.text[begin[line] : end[line]].tobytes().decode() for line in lines.tolist()]


def _without_quotes(lines: bytes) -> bytes:
    """Leave out quotes about cells. Raises Unusual where they are needed: for commas, line ends or quotes within."""
    text = np.frombuffer(NEWLINE + lines, np.uint8)
    is_end = (text == COMMA[0]) | (text == NEWLINE[0])
    quotes = np.flatnonzero(text == QUOTE[0])
    opens, closes = quotes[::2], quotes[1::2]
    if len(opens) != len(closes) or not is_end[opens - 1].all():
        raise Unusual
    if not (is_end[closes + 1] | (text[closes + 1] == ord("\r"))).all():
        raise Unusual
    ends = np.flatnonzero(is_end)
    if (np.searchsorted(ends, opens) != np.searchsorted(ends, closes)).any():
        raise Unusual
    return lines.replace(QUOTE, b"")


def _line_end(lines: bytes, text: NDArray[np.uint8], newlines: Ints) -> int:
    """Lines end in CR LF, all of them, or none."""
    if b"\r" not in lines:
        return 1
    if lines.count(b"\r") != len(newlines) or not (text[newlines - 1] == ord("\r")).all():
        raise Unusual
    return 2


def keys(block: Block, column: int, count: int) -> Words:
    """Return cells of at most `count` words, zero beyond their ends; longer ones are all zero, and so nobody's name."""
    begin, end = block.cells(column)
    length = end - begin
    found = block.words(begin, count)
    for n in range(count):
        found[:, n] &= MASKS[np.clip(length - n * WORD, 0, WORD)]
    found[length > count * WORD] = 0
    return found


# ------------------------------------------------------------------ numbers


def whole_numbers(block: Block, column: int) -> tuple[Ints, Bools]:
    """Return cells of one to eight digits as numbers, and which of them are that."""
    begin, end = block.cells(column)
    length = end - begin
    digits = block.words(end - WORD)[:, 0]
    missing = MASKS[np.clip(WORD - length, 0, WORD)]
    digits = (digits & ~missing) | (word(b"0" * WORD) & missing)
    read = _all_digits(digits) & (length >= 1) & (length <= WORD)
    return np.where(read, _number(digits), 0), read


def _all_digits(digits: Words) -> Bools:
    high, zeros = np.uint64(0xF0F0F0F0F0F0F0F0), word(b"0" * WORD)
    found: Bools = ((digits & high) == zeros) & ((digits + np.uint64(0x0606060606060606) & high) == zeros)
    return found


def _number(digits: Words) -> Ints:
    """Eight digits as a number: neighbours are joined to pairs, pairs to fours, fours to all eight."""
    value = digits - word(b"0" * WORD)
    value = value * np.uint64(10) + (value >> np.uint64(8))
    pairs = np.uint64(0x000000FF000000FF)
    value = (value & pairs) * np.uint64(0x000F424000000064) + (value >> np.uint64(16) & pairs) * np.uint64(
        0x0000271000000001
    )
    return (value >> np.uint64(32)).astype(np.int64)


def _pairs(words: Words) -> Ints:
    """Each byte is what its digit and the next one say together."""
    digits = words & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (digits * np.uint64(10) + (digits >> np.uint64(8))).view(np.int64)


def _two_digits(pairs: Ints, place: int) -> Ints:
    return pairs >> 8 * place & 0xFF


# ------------------------------------------------------------------ dates and instants


class Months:
    """The months that a file speaks of, by how they are written: `2026-10-`."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[int, int]] = {}

    def look_up(self, words: Words) -> tuple[Ints, Ints]:
        """Return the day number of each month's first day, and how many days it has: 0 where it is no month.

        Raises Unusual where there are very many.
        """
        first, days, unknown = np.zeros(len(words), np.int64), np.zeros(len(words), np.int64), np.ones(len(words), np.bool_)
        for _ in range(MOST_MONTHS):
            if not unknown.any():
                return first, days
            written = int(words[np.argmax(unknown)])
            this = words == np.uint64(written)
            if written not in self.known:
                self.known[written] = self._month(written)
            first[this], days[this] = self.known[written]
            unknown &= ~this
        raise Unusual

    @staticmethod
    def _month(written: int) -> tuple[int, int]:
        text = written.to_bytes(WORD, "little")
        year, month = text[:4], text[5:7]
        if not (text[4:5] == text[7:] == b"-" and year.isdigit() and month.isdigit()):
            return 0, 0
        if not (FIRST_YEAR <= int(year) <= LAST_YEAR and 1 <= int(month) <= 12):
            return 0, 0
        first = date(int(year), int(month), 1)
        return day_number(first), ((first + timedelta(days=31)).replace(day=1) - first).days


def dates(block: Block, column: int, months: Months) -> tuple[Ints, Bools]:
    """Return cells as day numbers, and which of them are dates: `2026-10-08`."""
    begin, end = block.cells(column)
    found = block.words(begin, 2)
    first, days = months.look_up(found[:, 0])
    day = _two_digits(_pairs(found[:, 1]), 0)
    read = (end - begin == 10) & _matches(found[:, 1], b"00") & (day >= 1) & (day <= days)
    return first + day - 1, read


def instants(block: Block, column: int, months: Months) -> tuple[Ints, Bools]:
    """Return cells as seconds of the site's wall clock, and which of them were read.

    `2026-10-08T07:00:00+08:00`, with any offset or Z; a fraction of a second only where it is nothing (`.000`).
    """
    begin, end = block.cells(column)
    found = block.words(begin, 3)
    first, days = months.look_up(found[:, 0])
    clock, second_word = found[:, 1], found[:, 2]
    pairs, second = _pairs(clock), _two_digits(_pairs(second_word), 1)
    day, hour, minute = (_two_digits(pairs, place) for place in (0, 3, 6))
    read = _matches(clock, b"00T00:00") & _matches(second_word, b":00")
    read &= (day >= 1) & (day <= days) & (hour < 24) & (minute < 60) & (second < 60)
    offset, has_offset = _offsets(block, begin + 19, end)
    seconds = (first + day - 1) * DAY + hour * 3600 + minute * 60 + second + SITE_OFFSET_SECONDS - offset
    return seconds, read & has_offset


def _offsets(block: Block, at: Ints, end: Ints) -> tuple[Ints, Bools]:
    """Return the zone written from `at` to `end` as seconds east of UTC, and which of them are one."""
    zone = block.words(at)[:, 0]
    if (end - at == 6).all() and (zone & MASKS[6] == word(b"+08:00")).all():
        return np.full(len(at), SITE_OFFSET_SECONDS), np.ones(len(at), np.bool_)
    for nothing in (b".000000", b".000"):
        has_fraction = (zone & MASKS[len(nothing)]) == word(nothing)
        if has_fraction.any():
            at = at + has_fraction * len(nothing)
            zone = block.words(at)[:, 0]
    length = end - at
    zone &= MASKS[np.clip(length, 0, WORD)]
    hours, minutes = (_two_digits(_pairs(zone), place) for place in (1, 4))
    east, west, utc = _matches(zone, b"+00:00\0\0"), _matches(zone, b"-00:00\0\0"), zone == word(b"Z")
    read = (length <= WORD) & (utc | (east | west) & (hours < 24) & (minutes < 60))
    offset = (hours * 60 + minutes) * 60
    return np.where(utc, 0, np.where(west, -offset, offset)), read


def _matches(words: Words, pattern: bytes) -> Bools:
    """Whether words begin as the pattern says, in which 0 stands for any digit."""
    digits = [c == ord("0") for c in pattern]
    fixed = _bytes(0xF0 if is_digit else 0xFF for is_digit in digits)
    low, six, high = (_bytes(part if is_digit else 0 for is_digit in digits) for part in (0x0F, 0x06, 0xF0))
    found: Bools = ((words & fixed) == word(pattern)) & (((words & low) + six & high) == 0)
    return found


def _bytes(parts: Iterable[int]) -> np.uint64:
    return word(bytes(parts))
