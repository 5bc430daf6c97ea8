"""From punches to days, from days to fen. Pure: no database, clock or network.

This slice pays days × day rate (pieces × price for piece work); overtime, holidays and deductions come with the full pay
rules. Money is integer fen, rounded up once per line. Source: 劳社部发〔2008〕3号 (21.75 paid days a month).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil

RULES_VERSION = "days-times-rate/1"
PAID_DAYS_PER_MONTH = Fraction("21.75")
HOURS_PER_DAY = 8
IN, OUT = "01", "02"
SAME_PUNCH = timedelta(minutes=5)
LONGEST_INTERVAL = timedelta(hours=16)
SAME_SHIFT = timedelta(hours=4)


def days_worked(punches: Iterable[tuple[datetime, str]]) -> list[date]:
    """Return the local dates on which shifts started, ascending.

    The same direction again within five minutes is a duplicate. An `in` and the next `out` make an interval; a missing half,
    or more than 16 hours, pays nothing and is never guessed. An interval that begins less than four hours after the last
    one ended belongs to the same shift.

    Args:
        punches: (site-local instant, "01" in or "02" out), in time order.
    """
    days: list[date] = []
    last_out: datetime | None = None
    for start, end in _intervals(_without_duplicates(punches)):
        if last_out is None or start - last_out >= SAME_SHIFT:
            days.append(start.date())
        last_out = end
    return sorted(set(days))


def _without_duplicates(punches: Iterable[tuple[datetime, str]]) -> Iterable[tuple[datetime, str]]:
    last: dict[str, datetime] = {}
    for at, direction in punches:
        if direction not in last or at - last[direction] > SAME_PUNCH:
            last[direction] = at
            yield at, direction


def _intervals(punches: Iterable[tuple[datetime, str]]) -> Iterable[tuple[datetime, datetime]]:
    began: datetime | None = None
    for at, direction in punches:
        if direction == IN:
            began = at
        elif began is not None:
            if at - began <= LONGEST_INTERVAL:
                yield began, at
            began = None


def day_rate_fen(contract_type: str, rate_fen: int) -> Fraction:
    """What a day is worth under a day, hour or month contract, in exact fen."""
    match contract_type:
        case "day":
            return Fraction(rate_fen)
        case "hour":
            return Fraction(rate_fen) * HOURS_PER_DAY
        case "month":
            return Fraction(rate_fen) / PAID_DAYS_PER_MONTH
    raise ValueError(f"no day rate for a {contract_type} contract")


def wage_fen(contract_type: str, rate_fen: int, days: list[date], pieces: Mapping[date, int]) -> int:
    """Return the period's wage, rounded up to a fen."""
    if contract_type == "piece":
        return rate_fen * sum(pieces.values())
    return ceil(day_rate_fen(contract_type, rate_fen) * len(days))


def day_cap_fen(contract_type: str, rate_fen: int, piece_quota: int | None) -> int:
    """Return the most a day can be worth in a dispute: three day rates (a statutory holiday, Labour Law Art. 44).

    Piece work counts its daily quota, three times.
    """
    day = Fraction(rate_fen * (piece_quota or 1)) if contract_type == "piece" else day_rate_fen(contract_type, rate_fen)
    return ceil(day * 3)
