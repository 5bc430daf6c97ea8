"""What a period of work is worth. Pure: no database, clock or network.

    punches ──► intervals ──► shifts ──► minutes by class ──► items in fen

Money is integer fen; time and everything between is exact, and each item is rounded up to a fen once. What cannot be read
from the punches is flagged and pays nothing: it is never guessed. Nothing that was worked is left unpaid because of a cap.

Sources: Labour Law Art. 41 and 44; 劳部发〔1994〕489号 Art. 13; 劳社部发〔2008〕3号 (21.75 paid days a month).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Final

from anxin.payroll.calendar import Calendar, DayKind

RULES_VERSION: Final = "2026-11"

IN, OUT = "01", "02"
SAME_PUNCH: Final = timedelta(minutes=5)
LONGEST_INTERVAL: Final = timedelta(hours=16)
SAME_SHIFT: Final = timedelta(hours=4)

MINUTES_PER_DAY: Final = 480
PAID_DAYS_PER_MONTH: Final = Fraction("21.75")
MINUTES_PER_MONTH: Final = PAID_DAYS_PER_MONTH * MINUTES_PER_DAY
OT150, OT200, OT300 = Fraction(3, 2), Fraction(2), Fraction(3)
OVERTIME_CAP_PER_DAY_MINUTES: Final = 180
OVERTIME_CAP_PER_MONTH_MINUTES: Final = 36 * 60

PunchTime = tuple[datetime, str]  # site-local instant, direction


class ContractKind(StrEnum):
    """What a contract pays for."""

    DAY = "day"
    HOUR = "hour"
    MONTH = "month"
    PIECE = "piece"


# The minutes of normal work that a contract's rate is for.
MINUTES_PER_RATE: Final[Mapping[ContractKind, Fraction]] = {
    ContractKind.DAY: Fraction(MINUTES_PER_DAY),
    ContractKind.HOUR: Fraction(60),
    ContractKind.MONTH: MINUTES_PER_MONTH,
}


class FlagKind(StrEnum):
    """What somebody should look at. The first three pay nothing for what they flag; the others change no pay."""

    MISSING_OUT = "missing-out"
    MISSING_IN = "missing-in"
    TOO_LONG = "too-long"
    OVER_3_HOURS = "over-3-hours"  # of overtime at 150 % in the shifts of a day
    OVER_36_HOURS = "over-36-hours"  # of overtime in the period
    BELOW_MINIMUM = "below-minimum"


@dataclass(frozen=True)
class Contract:
    """rate_fen is per day, hour, month or piece. `piece_quota`: pieces a working day; None where there is none."""

    kind: ContractKind
    rate_fen: int
    piece_quota: int | None = None


@dataclass(frozen=True)
class Flag:
    kind: FlagKind
    day: date


@dataclass(frozen=True)
class Shift:
    """Work that belongs together. `day` is the local date on which it started; minutes are by what they are worth."""

    day: date
    intervals: tuple[tuple[datetime, datetime], ...]
    normal: Fraction
    ot150: Fraction
    ot200: Fraction
    ot300: Fraction

    @property
    def overtime(self) -> Fraction:
        return self.ot150 + self.ot200 + self.ot300


@dataclass(frozen=True)
class Amounts:
    """One number for each item of a wage: minutes, pieces, or fen."""

    base: int | Fraction = 0
    ot150: int | Fraction = 0
    ot200: int | Fraction = 0
    ot300: int | Fraction = 0


@dataclass(frozen=True)
class Items:
    """A wage's parts in fen. `piece` is all that piece work earns, its multiples included; the others are for time."""

    base: int = 0
    ot150: int = 0
    ot200: int = 0
    ot300: int = 0
    piece: int = 0

    @property
    def gross_fen(self) -> int:
        return self.base + self.ot150 + self.ot200 + self.ot300 + self.piece

    def __add__(self, other: "Items") -> "Items":
        return Items(
            self.base + other.base, self.ot150 + other.ot150, self.ot200 + other.ot200, self.ot300 + other.ot300,
            self.piece + other.piece,
        )  # fmt: skip


@dataclass(frozen=True)
class Pay:
    """A period's wage and what it was computed from.

    `minutes`: worked, by class (`base`: normal minutes). `absent_minutes`: what month contracts are paid less for. `pieces`:
    by class. `days_worked`: the dates on which shifts started, ascending. `flags`: by day. `normal_fen`: what normal hours
    earn, exactly; `minimum_fen`: what the district's minimum wage asks for them.
    """

    items: Items
    minutes: Amounts
    absent_minutes: Fraction
    pieces: Amounts
    days_worked: tuple[date, ...]
    shifts: tuple[Shift, ...]
    flags: tuple[Flag, ...]
    normal_fen: Fraction = Fraction()
    minimum_fen: Fraction = Fraction()

    @property
    def gross_fen(self) -> int:
        return self.items.gross_fen

    @property
    def flag_kinds(self) -> list[FlagKind]:
        """Each kind once, in the order of `FlagKind`."""
        found = {flag.kind for flag in self.flags}
        return [kind for kind in FlagKind if kind in found]


def compute(
    contract: Contract,
    punches: Iterable[PunchTime],
    pieces: Mapping[date, int],
    first_day: date,
    last_day: date,
    calendar: Calendar,
    *,
    minimum_month_fen: int = 0,
    minimum_hour_fen: int = 0,
) -> Pay:
    """Return what a worker earned in a period.

    Args:
        punches: in any order; those around the period too, since a shift belongs to the day on which it started.
        pieces: finished, by day. Only piece contracts pay them.
        minimum_month_fen: the district's minimum wage; 0 raises no flag.
        minimum_hour_fen: the district's minimum for those paid by the hour; where it is 0, the month's holds for them too.
    """
    found, pairing_flags = shifts_of(punches, calendar, first_day, last_day)
    shifts = tuple(found)
    minutes = Amounts(
        sum(shift.normal for shift in shifts), sum(shift.ot150 for shift in shifts),
        sum(shift.ot200 for shift in shifts), sum(shift.ot300 for shift in shifts),
    )  # fmt: skip
    working_days = calendar.days(first_day, last_day, DayKind.WORKING)
    pay = Pay(
        items=Items(),
        minutes=minutes,
        absent_minutes=absent_minutes(shifts, working_days),
        pieces=count_pieces(contract, {day: n for day, n in pieces.items() if first_day <= day <= last_day}, calendar),
        days_worked=tuple(sorted({shift.day for shift in shifts})),
        shifts=shifts,
        flags=tuple(flag for flag in pairing_flags if first_day <= flag.day <= last_day),
    )
    earned = piece_items if contract.kind is ContractKind.PIECE else time_items
    pay = replace(
        pay,
        items=earned(contract, pay),
        flags=_in_order((*pay.flags, *_cap_flags(shifts, last_day))),
        normal_fen=_normal_fen(contract, pay),
        minimum_fen=_minimum_fen(contract, pay, minimum_month_fen, minimum_hour_fen),
    )
    return _with_minimum_flag(pay, last_day)


def merged(time: Pay, piece: Pay, last_day: date) -> Pay:
    """Return the wage of a worker who has a contract for time and one for pieces; the punches are the same.

    Both together must reach the minimum wage: the hours are the same hours.
    """
    flags = {flag for flag in (*time.flags, *piece.flags) if flag.kind is not FlagKind.BELOW_MINIMUM}
    both = replace(
        time, items=time.items + piece.items, pieces=piece.pieces, flags=_in_order(flags),
        normal_fen=time.normal_fen + piece.normal_fen, minimum_fen=max(time.minimum_fen, piece.minimum_fen),
    )  # fmt: skip
    return _with_minimum_flag(both, last_day)


# ------------------------------------------------------------------ from punches to shifts


def shifts_of(
    punches: Iterable[PunchTime], calendar: Calendar, first_day: date = date.min, last_day: date = date.max
) -> tuple[list[Shift], list[Flag]]:
    """Return a worker's shifts that started in a period, in order, and whatever could not be paired.

    An interval that begins less than four hours after the last one ended belongs to the same shift.
    """
    flags: list[Flag] = []
    groups: list[list[tuple[datetime, datetime]]] = []
    for start, end in _intervals(_without_repeats(punches), flags):
        if groups and start - groups[-1][-1][1] < SAME_SHIFT:
            groups[-1].append((start, end))
        else:
            groups.append([(start, end)])
    return [_shift(group, calendar) for group in groups if first_day <= group[0][0].date() <= last_day], flags


def _without_repeats(punches: Iterable[PunchTime]) -> Iterator[PunchTime]:
    """The same direction again within five minutes is the same punch. Of one instant's punches, `out` comes first."""
    last: PunchTime | None = None
    for punch in sorted(punches, key=lambda punch: (punch[0], punch[1] != OUT)):
        if last is None or punch[1] != last[1] or punch[0] - last[0] > SAME_PUNCH:
            last = punch
            yield punch


def _intervals(punches: Iterable[PunchTime], flags: list[Flag]) -> Iterator[tuple[datetime, datetime]]:
    """`in` and the next `out`. A half without the other, or more than 16 hours, is flagged and left out."""
    began: datetime | None = None
    for at, direction in punches:
        if direction == IN:
            if began is not None:
                flags.append(Flag(FlagKind.MISSING_OUT, began.date()))
            began = at
        elif began is None:
            flags.append(Flag(FlagKind.MISSING_IN, at.date()))
        else:
            if at - began <= LONGEST_INTERVAL:
                yield began, at
            else:
                flags.append(Flag(FlagKind.TOO_LONG, began.date()))
            began = None
    if began is not None:
        flags.append(Flag(FlagKind.MISSING_OUT, began.date()))


def _shift(intervals: Sequence[tuple[datetime, datetime]], calendar: Calendar) -> Shift:
    """Of a shift's working-day minutes the first 480 are normal, the rest overtime at 150 %."""
    by_kind = dict.fromkeys(DayKind, Fraction())
    for start, end in intervals:
        for day, minutes in _split_at_midnight(start, end):
            by_kind[calendar.kind(day)] += minutes
    normal = min(by_kind[DayKind.WORKING], Fraction(MINUTES_PER_DAY))
    return Shift(
        day=intervals[0][0].date(), intervals=tuple(intervals), normal=normal, ot150=by_kind[DayKind.WORKING] - normal,
        ot200=by_kind[DayKind.REST], ot300=by_kind[DayKind.HOLIDAY],
    )  # fmt: skip


def _split_at_midnight(start: datetime, end: datetime) -> Iterator[tuple[date, Fraction]]:
    """Each minute takes the class of the local day on which it falls."""
    while start.date() < end.date():
        midnight = datetime.combine(start.date() + timedelta(days=1), time(), start.tzinfo)
        yield start.date(), _minutes(midnight - start)
        start = midnight
    yield start.date(), _minutes(end - start)


def _minutes(length: timedelta) -> Fraction:
    return Fraction(length // timedelta(microseconds=1), 60_000_000)


# ------------------------------------------------------------------ from minutes and pieces to fen


def absent_minutes(shifts: Iterable[Shift], working_days: Iterable[date]) -> Fraction:
    """What is missing to 480 normal minutes on each working day, over all of them."""
    normal: dict[date, Fraction] = {}
    for shift in shifts:
        normal[shift.day] = normal.get(shift.day, Fraction()) + shift.normal
    return sum((max(Fraction(), MINUTES_PER_DAY - normal.get(day, Fraction())) for day in working_days), Fraction())


def time_items(contract: Contract, pay: Pay) -> Items:
    """Return what minutes earn under a day, hour or month contract.

    A month's overtime hour is month / 21.75 / 8 whatever the month: an absence never raises it.
    """
    minute_fen = contract.rate_fen / MINUTES_PER_RATE[contract.kind]
    if contract.kind is ContractKind.MONTH:
        base = max(Fraction(), contract.rate_fen - minute_fen * pay.absent_minutes)
    else:
        base = minute_fen * pay.minutes.base
    return Items(
        base=ceil(base),
        ot150=ceil(minute_fen * OT150 * pay.minutes.ot150),
        ot200=ceil(minute_fen * OT200 * pay.minutes.ot200),
        ot300=ceil(minute_fen * OT300 * pay.minutes.ot300),
    )


def count_pieces(contract: Contract, pieces: Mapping[date, int], calendar: Calendar) -> Amounts:
    """Return pieces by class: on a working day those beyond the quota at 150 %, on a rest day all at 200 %, on a statutory
    holiday all at 300 %.
    """
    if contract.kind is not ContractKind.PIECE:
        return Amounts()
    base = beyond = rest = holiday = 0
    for day, quantity in pieces.items():
        match calendar.kind(day):
            case DayKind.WORKING:
                within = quantity if contract.piece_quota is None else min(quantity, contract.piece_quota)
                base, beyond = base + within, beyond + quantity - within
            case DayKind.REST:
                rest += quantity
            case DayKind.HOLIDAY:
                holiday += quantity
    return Amounts(base, beyond, rest, holiday)


def piece_items(contract: Contract, pay: Pay) -> Items:
    """Return what pieces earn, all of it in `piece`; punches serve as attendance only."""
    weighed = pay.pieces.base + OT150 * pay.pieces.ot150 + OT200 * pay.pieces.ot200 + OT300 * pay.pieces.ot300
    return Items(piece=ceil(contract.rate_fen * weighed))


# ------------------------------------------------------------------ what somebody should look at


def _in_order(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    return tuple(sorted(flags, key=lambda flag: (flag.day, list(FlagKind).index(flag.kind))))


def _cap_flags(shifts: Iterable[Shift], last_day: date) -> list[Flag]:
    """Labour Law Art. 41: three hours a day, 36 a month. Rest days and holidays count towards the month."""
    by_day: dict[date, Fraction] = {}
    overtime = Fraction()
    for shift in shifts:
        by_day[shift.day] = by_day.get(shift.day, Fraction()) + shift.ot150
        overtime += shift.overtime
    flags = [Flag(FlagKind.OVER_3_HOURS, day) for day, minutes in by_day.items() if minutes > OVERTIME_CAP_PER_DAY_MINUTES]
    if overtime > OVERTIME_CAP_PER_MONTH_MINUTES:
        flags.append(Flag(FlagKind.OVER_36_HOURS, last_day))
    return flags


def _normal_fen(contract: Contract, pay: Pay) -> Fraction:
    """What normal hours earn: the minimum wage leaves overtime out."""
    if contract.kind is ContractKind.PIECE:
        return Fraction(contract.rate_fen * pay.pieces.base)
    return contract.rate_fen * pay.minutes.base / MINUTES_PER_RATE[contract.kind]


def _minimum_fen(contract: Contract, pay: Pay, month_fen: int, hour_fen: int) -> Fraction:
    """The minimum wage for the normal hours that were worked. Without normal hours it asks for nothing."""
    if contract.kind is ContractKind.HOUR and hour_fen:
        return hour_fen * pay.minutes.base / MINUTES_PER_RATE[ContractKind.HOUR]
    return month_fen * pay.minutes.base / MINUTES_PER_MONTH


def _with_minimum_flag(pay: Pay, last_day: date) -> Pay:
    if pay.normal_fen >= pay.minimum_fen:
        return pay
    return replace(pay, flags=_in_order((*pay.flags, Flag(FlagKind.BELOW_MINIMUM, last_day))))


# ------------------------------------------------------------------ what a contract fixes beforehand


def day_rate_fen(contract: Contract) -> Fraction:
    """What a normal day is worth, in exact fen; of piece work, its daily quota."""
    if contract.kind is ContractKind.PIECE:
        return Fraction(contract.rate_fen * (contract.piece_quota or 1))
    return contract.rate_fen * MINUTES_PER_DAY / MINUTES_PER_RATE[contract.kind]


def day_cap_fen(contract: Contract) -> int:
    """Return the most a day can be worth in a dispute: three day rates (a statutory holiday, Labour Law Art. 44)."""
    return ceil(day_rate_fen(contract) * OT300)
