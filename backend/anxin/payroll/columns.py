"""The rules of `rules.py` for thousands of workers at once, in whole arrays of exact integers.

`rules.py` is the law. What this module cannot surely do the same way it says in `Wages.unsure`, and the caller hands those
workers to `rules.compute`: chains of repeats, numbers whose products would pass 63 bits, work far beyond the period's end.

A punch is one integer, `worker << 35 | seconds << 1 | is_in`: sorted, they are by worker, by time, and `out` before `in`.
Seconds are the site's wall clock since 1970-01-01, up to 2241; days are counted from the same date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from anxin.core.clock import EPOCH, day_number
from anxin.payroll import rules
from anxin.payroll.calendar import Calendar, DayKind
from anxin.payroll.rules import ContractKind, FlagKind

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

WORKER_BIT: Final = 35
SECONDS: Final = (1 << 34) - 1
MOST_SECONDS: Final = 1 << 33  # any two workers are further apart than any two punches
DAY: Final = 86_400
MOST: Final = (1 << 62) - 1  # of any product: two of them can be added
DAYS_BEYOND: Final = 40  # a shift of the last day may run on

TIME_KINDS: Final = (ContractKind.DAY, ContractKind.HOUR, ContractKind.MONTH)
DAY_KINDS: Final = (DayKind.WORKING, DayKind.REST, DayKind.HOLIDAY)
WORKING, REST, HOLIDAY = range(3)
FLAG_KINDS: Final = tuple(FlagKind)
NONE: Final = -1

NORMAL_SECONDS: Final = rules.MINUTES_PER_DAY * 60
_SECONDS_PER_RATE: Final = tuple(rules.MINUTES_PER_RATE[kind] * 60 for kind in TIME_KINDS)
_SECONDS_PER_MONTH: Final = rules.MINUTES_PER_MONTH * 60
_COMMON: Final = lcm(*(part.numerator for part in (*_SECONDS_PER_RATE, _SECONDS_PER_MONTH)))  # compares fen per second


@dataclass(frozen=True)
class Month:
    """A period and its calendar as arrays: `kinds[day - first_day]`, on to `DAYS_BEYOND` days after the last."""

    first_day: date
    last_day: date
    calendar: Calendar
    minimum_month_fen: int = 0
    minimum_hour_fen: int = 0

    @cached_property
    def first(self) -> int:
        return day_number(self.first_day)

    @cached_property
    def last(self) -> int:
        return day_number(self.last_day)

    @cached_property
    def kinds(self) -> Ints:
        every = range(self.last - self.first + 1 + DAYS_BEYOND)
        return np.array([DAY_KINDS.index(self.calendar.kind(self.first_day + timedelta(days=n))) for n in every])

    @cached_property
    def working_days(self) -> int:
        return len(self.calendar.days(self.first_day, self.last_day, DayKind.WORKING))

    def days(self) -> list[date]:
        return [EPOCH + timedelta(days=day) for day in range(self.first, self.last + 1)]


@dataclass(frozen=True)
class Crew:
    """Some workers' contracts, an entry a worker; NONE where there is none. `time_kind` counts in TIME_KINDS."""

    time_kind: Ints
    time_rate: Ints
    piece_price: Ints
    piece_quota: Ints

    def __len__(self) -> int:
        return len(self.time_kind)

    def __getitem__(self, some: slice) -> "Crew":
        return Crew(self.time_kind[some], self.time_rate[some], self.piece_price[some], self.piece_quota[some])

    def contracts(self, worker: int) -> list[rules.Contract]:
        found = []
        if (kind := int(self.time_kind[worker])) != NONE:
            found.append(rules.Contract(TIME_KINDS[kind], int(self.time_rate[worker])))
        if (price := int(self.piece_price[worker])) != NONE:
            quota = int(self.piece_quota[worker])
            found.append(rules.Contract(ContractKind.PIECE, price, None if quota == NONE else quota))
        return found


@dataclass(frozen=True)
class PieceCounts:
    """Pieces by worker and day, in order of worker."""

    worker: Ints
    day: Ints
    quantity: Ints


@dataclass(frozen=True)
class Wages:
    """What a crew earned.

    `items[worker]`: base, ot150, ot200, ot300, piece in fen. `day_worker`, `day`: the days worked, in order of worker and
    day. `flag_worker`, `flag`, `flag_day`: in no order. `unsure`: the workers to be handed to `rules.compute`.
    """

    items: Ints
    day_worker: Ints
    day: Ints
    flag_worker: Ints
    flag: Ints
    flag_day: Ints
    unsure: Bools


@dataclass(frozen=True)
class _Shifts:
    worker: Ints
    day: Ints
    normal: Ints
    ot150: Ints
    ot200: Ints
    ot300: Ints


class _Flags:
    """Collects who is flagged for what on which day."""

    def __init__(self) -> None:
        self.found: list[tuple[Ints, Ints, Ints]] = []

    def add(self, kind: FlagKind, worker: Ints, day: Ints | int) -> None:
        self.found.append((worker, np.full(len(worker), FLAG_KINDS.index(kind)), np.broadcast_to(day, worker.shape)))


def compute(crew: Crew, punches: Ints, pieces: PieceCounts, month: Month) -> Wages:
    """Return what a crew earned in a month. `punches`: sorted, workers counted from 0; those around the month too."""
    flags, unsure = _Flags(), np.zeros(len(crew), np.bool_)
    shifts = _shifts(_intervals(_without_repeats(punches, unsure), flags), month, unsure)
    heads = _changes(shifts.worker, shifts.day)
    day_worker, day = shifts.worker[heads], shifts.day[heads]
    normal_by_day = _add_from(heads, shifts.normal)
    normal, ot150, ot200, ot300 = (
        _add_by(crew, shifts.worker, part) for part in (shifts.normal, shifts.ot150, shifts.ot200, shifts.ot300)
    )
    present = np.where(month.kinds[day - month.first] == WORKING, np.minimum(normal_by_day, NORMAL_SECONDS), 0)
    absent = month.working_days * NORMAL_SECONDS - _add_by(crew, day_worker, present)
    full_price, piece = _piece_fen(crew, pieces, month, unsure)
    items = np.column_stack(
        (
            _base(crew, normal, absent, unsure),
            _fen(crew, ot150, rules.OT150, unsure),
            _fen(crew, ot200, rules.OT200, unsure),
            _fen(crew, ot300, rules.OT300, unsure),
            piece,
        )
    )
    over = _add_from(heads, shifts.ot150) > rules.OVERTIME_CAP_PER_DAY_MINUTES * 60
    flags.add(FlagKind.OVER_3_HOURS, day_worker[over], day[over])
    over = ot150 + ot200 + ot300 > rules.OVERTIME_CAP_PER_MONTH_MINUTES * 60
    flags.add(FlagKind.OVER_36_HOURS, np.flatnonzero(over), month.last)
    flags.add(FlagKind.BELOW_MINIMUM, _below_minimum(crew, normal, full_price, month, unsure), month.last)
    worker, kind, flag_day = (np.concatenate(part) for part in zip(*flags.found, strict=True))
    within = (month.first <= flag_day) & (flag_day <= month.last)
    return Wages(items, day_worker, day, worker[within], kind[within], flag_day[within], unsure)


# ------------------------------------------------------------------ from punches to shifts


def _without_repeats(punches: Ints, unsure: Bools) -> Ints:
    """Leave out repeats. A chain of them that outlasts five minutes has a punch to keep in it: that is left to the rules."""
    limit = int(rules.SAME_PUNCH.total_seconds()) << 1
    later = np.diff(punches)  # another direction is an odd difference, another worker a very great one
    again = np.flatnonzero((later <= limit) & (later & 1 == 0)) + 1
    if not len(again):
        return punches
    is_kept = np.ones(len(punches), np.bool_)
    is_kept[again] = False
    kept = np.flatnonzero(is_kept)
    last_kept = punches[kept[np.searchsorted(kept, again) - 1]]
    unsure[punches[again[punches[again] - last_kept > limit]] >> WORKER_BIT] = True
    return punches[kept]


def _intervals(punches: Ints, flags: _Flags) -> tuple[Ints, Ints, Ints]:
    """Return worker, start and end of each `in` and the next `out`; flag halves and what is longer than 16 hours."""
    worker, is_in = punches >> WORKER_BIT, (punches & 1).astype(np.bool_)
    begins = np.flatnonzero(is_in[:-1] & ~is_in[1:] & (worker[:-1] == worker[1:]))
    alone = np.ones(len(punches), np.bool_)
    alone[begins] = alone[begins + 1] = False
    for kind, half in ((FlagKind.MISSING_OUT, alone & is_in), (FlagKind.MISSING_IN, alone & ~is_in)):
        flags.add(kind, worker[half], _seconds(punches[half]) // DAY)
    worker, start, end = worker[begins], _seconds(punches[begins]), _seconds(punches[begins + 1])
    too_long = end - start > int(rules.LONGEST_INTERVAL.total_seconds())
    if not too_long.any():
        return worker, start, end
    flags.add(FlagKind.TOO_LONG, worker[too_long], start[too_long] // DAY)
    return worker[~too_long], start[~too_long], end[~too_long]


def _seconds(punches: Ints) -> Ints:
    return punches >> 1 & SECONDS


def _shifts(intervals: tuple[Ints, Ints, Ints], month: Month, unsure: Bools) -> _Shifts:
    """Return the shifts that started in the month, their seconds classed by the local day on which they fall."""
    worker, start, end = intervals
    begins_shift = np.ones(len(worker), np.bool_)
    begins_shift[1:] = (np.diff(worker) != 0) | (start[1:] - end[:-1] >= int(rules.SAME_SHIFT.total_seconds()))
    day = start[begins_shift] // DAY
    is_of_month = (month.first <= day) & (day <= month.last)
    if not is_of_month.all():
        kept = is_of_month[np.cumsum(begins_shift) - 1]
        worker, start, end, begins_shift = worker[kept], start[kept], end[kept], begins_shift[kept]

    day, last = start // DAY, end // DAY  # 16 hours touch two days at most
    far = last - month.first >= len(month.kinds)
    unsure[worker[far]] = True
    before = np.minimum(end, (day + 1) * DAY) - start
    after = end - start - before
    heads, kind = np.flatnonzero(begins_shift), month.kinds[np.where(far, 0, day - month.first)]
    working, rest, holiday = (_add_from(heads, np.where(kind == one, before, 0)) for one in (WORKING, REST, HOLIDAY))
    over = np.flatnonzero((after > 0) & ~far)  # midnight: few
    shift = np.searchsorted(heads, over, "right") - 1
    for part, one in ((working, WORKING), (rest, REST), (holiday, HOLIDAY)):
        np.add.at(part, shift, np.where(month.kinds[last[over] - month.first] == one, after[over], 0))
    normal = np.minimum(working, NORMAL_SECONDS)
    return _Shifts(worker[heads], day[heads], normal, working - normal, rest, holiday)


# ------------------------------------------------------------------ from seconds and pieces to fen


def _base(crew: Crew, normal: Ints, absent: Ints, unsure: Bools) -> Ints:
    """Return what normal hours earn: by the day and hour for those worked, by the month for all but those not worked."""
    seconds = normal.copy()
    whole = _SECONDS_PER_RATE[TIME_KINDS.index(ContractKind.MONTH)]
    monthly = crew.time_kind == TIME_KINDS.index(ContractKind.MONTH)
    # A month's rate is for `whole` seconds, however many the month has.
    seconds[monthly] = np.maximum(0, int(whole) - absent[monthly])
    return _fen(crew, seconds, Fraction(1), unsure)


def _fen(crew: Crew, seconds: Ints, multiple: Fraction, unsure: Bools) -> Ints:
    """Return rate × multiple × seconds / seconds of the rate, rounded up to a fen."""
    per_second = [multiple / part for part in _SECONDS_PER_RATE]
    up = np.array([part.numerator for part in per_second])[crew.time_kind]
    down = np.array([part.denominator for part in per_second])[crew.time_kind]
    rate = np.where(crew.time_kind == NONE, 0, crew.time_rate)
    fen: Ints = -(-_product(rate, up * seconds, unsure) // down)
    return fen


def _piece_fen(crew: Crew, pieces: PieceCounts, month: Month, unsure: Bools) -> tuple[Ints, Ints]:
    """Return what pieces earn at 100 %, and what they earn in all."""
    counts = (month.first <= pieces.day) & (pieces.day <= month.last) & (crew.piece_price[pieces.worker] != NONE)
    worker, day, quantity = pieces.worker[counts], pieces.day[counts], pieces.quantity[counts]
    many = quantity > MOST >> 30
    unsure[worker[many]] = True
    quantity = np.where(many, 0, quantity)
    kind, quota = month.kinds[day - month.first], crew.piece_quota[worker]
    within = np.where(kind == WORKING, np.where(quota == NONE, quantity, np.minimum(quantity, quota)), 0)
    beyond = quantity - within
    multiples = (rules.OT150, rules.OT200, rules.OT300)
    down = lcm(*(multiple.denominator for multiple in multiples))
    up = np.array([int(multiple * down) for multiple in multiples])[kind]
    full = _add_by(crew, worker, within)
    weighed = full * down + _add_by(crew, worker, beyond * up)
    price = np.maximum(crew.piece_price, 0)
    return _product(price, full, unsure), -(-_product(price, weighed, unsure) // down)


def _below_minimum(crew: Crew, normal: Ints, full_price_fen: Ints, month: Month, unsure: Bools) -> Ints:
    """Return the workers whose normal hours earn less than the minimum wage asks for them, both contracts together."""
    per_rate = np.array([_COMMON // part.numerator * part.denominator for part in _SECONDS_PER_RATE])
    rate = np.where(crew.time_kind == NONE, 0, crew.time_rate)
    earned = _product(rate, normal * per_rate[crew.time_kind], unsure) + _product(
        full_price_fen, np.full(len(crew), _COMMON), unsure
    )
    hourly = TIME_KINDS.index(ContractKind.HOUR)
    by_month = month.minimum_month_fen * int(_COMMON / _SECONDS_PER_MONTH)
    by_hour = month.minimum_hour_fen * int(per_rate[hourly]) or by_month
    asked = np.where(crew.time_kind == hourly, by_hour, by_month)
    asked = np.where(crew.piece_price == NONE, asked, np.maximum(asked, by_month))
    return np.flatnonzero(earned < _product(asked, normal, unsure))


def _product(one: Ints, other: Ints, unsure: Bools) -> Ints:
    """Multiply what cannot be negative; where the product would not fit, be unsure and return 0."""
    fits = one <= MOST // np.maximum(other, 1)
    np.logical_or(unsure, ~fits, out=unsure)
    return np.where(fits, one, 0) * np.where(fits, other, 0)


# ------------------------------------------------------------------ sums


def _changes(*columns: Ints) -> Ints:
    """Return where any of the columns differs from the row before; the first row always does."""
    differs = np.ones(len(columns[0]), np.bool_)
    differs[1:] = np.logical_or.reduce([np.diff(column) != 0 for column in columns])
    return np.flatnonzero(differs)


def _add_from(heads: Ints, values: Ints) -> Ints:
    """Add up the values from each head to the next."""
    return np.add.reduceat(values, heads) if len(heads) else np.zeros(0, np.int64)


def _add_by(crew: Crew, worker: Ints, values: Ints) -> Ints:
    """Add up the values of each worker; `worker` ascends."""
    upto = np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
    edges = upto[np.searchsorted(worker, np.arange(len(crew) + 1))]
    return edges[1:] - edges[:-1]


def crew_of(contracts: Sequence[Sequence[rules.Contract]]) -> Crew:
    """Return workers' contracts, each one for time, one for pieces, or both, as arrays."""
    rows: list[tuple[int, int, int, int]] = []
    for some in contracts:
        by_time: dict[bool, Any] = {contract.kind is not ContractKind.PIECE: contract for contract in some}
        time, piece = by_time.get(True), by_time.get(False)
        kind, rate = (TIME_KINDS.index(time.kind), time.rate_fen) if time else (NONE, NONE)
        quota = NONE if piece is None or piece.piece_quota is None else piece.piece_quota
        rows.append((kind, rate, piece.rate_fen if piece else NONE, quota))
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Crew(table[:, 0], table[:, 1], table[:, 2], table[:, 3])
