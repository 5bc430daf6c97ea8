"""Who is paid, in order of worker number, and where each number is: a hash table of whole arrays."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anxin.payroll.bulk.fields import WORD, Block, Unusual, Words, keys, whole_numbers, word
from anxin.payroll.columns import NONE, TIME_KINDS, Bools, Crew, Ints
from anxin.payroll.files import LONGEST_WORKER_NO, ROSTER_COLUMNS, RosterRow
from anxin.payroll.rules import ContractKind

PIECE: Final = len(TIME_KINDS)
_KIND_WORDS: Final = [word(kind.value.encode()) for kind in (*TIME_KINDS, ContractKind.PIECE)]
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: an odd multiplier that spreads neighbours


@dataclass(frozen=True)
class Roster:
    """`names`: worker numbers as words, ascending in plain string order; `crew`: their contracts, in the same order."""

    names: Words
    crew: Crew

    def __len__(self) -> int:
        return len(self.crew)

    def numbers(self, some: slice = slice(None)) -> list[str]:
        """Worker numbers; nobody's has a line's end in it."""
        if not len(written := self.names[some]):
            return []
        letters: NDArray[np.bytes_] = np.ascontiguousarray(written).view(f"S{WORD * written.shape[1]}")[:, 0]
        return b"\n".join(letters.tolist()).decode().split("\n")

    @cached_property
    def by_name(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.numbers())}

    @cached_property
    def slots(self) -> NDArray[np.int32]:
        """Places by hash; each in its slot, or in the next that was free. NONE where there is nobody."""
        slots = np.full(1 << max(4, (2 * len(self)).bit_length()), NONE, np.int32)
        left, step = np.arange(len(self), dtype=np.int32), 0
        at = _hash(self.names, len(slots))
        while len(left):
            slot = (at[left] + step) % len(slots)
            free = slots[slot] == NONE
            slots[slot[free]] = left[free]
            left = left[slots[slot] != left]
            step += 1
        return slots

    def places(self, names: Words) -> Ints:
        """Return each name's place; NONE for who is not on the roster."""
        if not len(self):
            return np.full(len(names), NONE)
        at = _hash(names, len(self.slots))
        found = self.slots.take(at)
        left = np.flatnonzero((found != NONE) & ~self._is(found, names))
        step = 0
        while len(left):
            step += 1
            there = self.slots[(at[left] + step) % len(self.slots)]
            found[left] = there
            left = left[(there != NONE) & ~self._is(there, names[left])]
        return found.astype(np.int64)

    def _is(self, places: NDArray[np.int32], names: Words) -> Bools:
        same: Bools = self._columns[0].take(places, mode="wrap") == names[:, 0]
        for known, part in zip(self._columns[1:], names.T[1:], strict=True):
            same &= known.take(places, mode="wrap") == part
        return same

    @cached_property
    def _columns(self) -> list[Words]:
        return [np.ascontiguousarray(part) for part in self.names.T]


def _hash(names: Words, size: int) -> Ints:
    mixed = np.zeros(len(names), np.uint64)
    for part in names.T:
        mixed = (mixed ^ part) * _SPREAD
        mixed ^= mixed >> np.uint64(29)
    return (mixed * _SPREAD >> np.uint64(65 - size.bit_length())).astype(np.int64)


def read_blocks(blocks: Iterable[bytes], header: list[str]) -> Roster:
    """Read a roster's lines. Raises Unusual where a line is not as expected, or a worker is on it in any way but once."""
    read = [_read(lines, header) for lines in blocks]
    count = max((names.shape[1] for names, _ in read), default=1)
    names = [np.pad(names, ((0, 0), (0, count - names.shape[1]))) for names, _ in read]
    contracts = [rows for _, rows in read]
    return _in_order(
        np.concatenate([np.zeros((0, count), np.uint64), *names]),
        np.concatenate([np.zeros((4, 0), np.int64), *contracts], axis=1),
    )


def _read(lines: bytes, header: list[str]) -> tuple[Words, Ints]:
    """Return names, and contracts as `Crew` has them."""
    block = Block.of(lines, len(header))
    name, kind, rate, quota = (header.index(column) for column in ROSTER_COLUMNS)
    names = _names(block, name)
    kinds = _kinds(keys(block, kind, 1)[:, 0])
    rates, rate_read = whole_numbers(block, rate)
    quotas, quota_read = whole_numbers(block, quota)
    begin, end = block.cells(quota)
    no_quota, by_time = begin == end, kinds != PIECE
    if not (rate_read & (rates > 0) & (no_quota | quota_read & ~by_time)).all():
        raise Unusual
    return names, np.array(
        [
            np.where(by_time, kinds, NONE), np.where(by_time, rates, NONE), np.where(by_time, NONE, rates),
            np.where(no_quota, NONE, quotas),
        ]
    )  # fmt: skip


def _names(block: Block, column: int) -> Words:
    begin, end = block.cells(column)
    length = int((end - begin).max(initial=1))
    if length > LONGEST_WORKER_NO or (end == begin).any():
        raise Unusual
    names = keys(block, column, -(-length // WORD))
    letters = names.view(np.uint8)
    if ((letters != 0) & ((letters < 0x21) | (letters > 0x7E))).any():
        raise Unusual  # more than plain letters: files.py knows which are allowed
    return names


def _kinds(written: Words) -> Ints:
    kinds = np.full(len(written), NONE)
    for place, known in enumerate(_KIND_WORDS):
        kinds[written == known] = place
    if (kinds == NONE).any():
        raise Unusual
    return kinds


def _in_order(names: Words, contracts: Ints) -> Roster:
    """Text is in order of its bytes: of its words, when their first character is highest."""
    order = np.lexsort(names.byteswap().T[::-1])
    names = names[order]
    if (names[1:] == names[:-1]).all(axis=1).any():
        raise Unusual
    return Roster(names, Crew(*contracts[:, order]))


def from_rows(rows: Iterable[RosterRow]) -> Roster:
    """Put together what `files.py` read, a contract a row."""
    contracts: dict[str, list[int]] = {}
    for row in rows:
        mine = contracts.setdefault(row.worker_no, [NONE, NONE, NONE, NONE])
        if row.contract.kind is ContractKind.PIECE:
            mine[2:] = row.contract.rate_fen, NONE if row.contract.piece_quota is None else row.contract.piece_quota
        else:
            mine[:2] = TIME_KINDS.index(row.contract.kind), row.contract.rate_fen
    written = [name.encode() for name in contracts]
    count = -(-max(map(len, written), default=1) // WORD)
    names = np.frombuffer(b"".join(name.ljust(count * WORD, b"\0") for name in written), "<u8").reshape(-1, count)
    return _in_order(names.astype(np.uint64), np.array(list(contracts.values()), np.int64).reshape(-1, 4).T)
