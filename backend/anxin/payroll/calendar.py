"""Which day is a working day, a rest day, or a statutory holiday, in China.

The 13 statutory holidays (全国年节及纪念日放假办法, 2024 revision, in force 2025) come from the `holidays` library, which
computes the lunar ones; those up to 2040 are on record in `data/holidays.csv`, as it names them. `data/swapped-days.csv`
holds the days that the State Council's yearly notice swaps. Only statutory holidays earn 300 %: a day off in place of
another one is a rest day, and a weekend worked in exchange for it is a working day.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

SATURDAY = 5
HOLIDAYS = Path(__file__).with_name("data") / "holidays.csv"
SWAPPED_DAYS = Path(__file__).with_name("data") / "swapped-days.csv"
OBSERVED, DAY_OFF = "(observed)", "Day off"  # how the library names what is not a statutory holiday
FIRST_YEAR = 2025  # before it there were 11 statutory holidays, and earlier fewer


class DayKind(StrEnum):
    """What a local day is, and with it what overtime on it is worth: 150 %, 200 %, 300 %."""

    WORKING = "working"
    REST = "rest"
    HOLIDAY = "holiday"


class UnknownYear(ValueError):
    """The calendar's rules are those in force since 2025."""


@dataclass(frozen=True)
class Calendar:
    """A site's calendar. `swapped` overrules weekends, never statutory holidays."""

    swapped: Mapping[date, DayKind]

    def kind(self, day: date) -> DayKind:
        """Raises UnknownYear before 2025."""
        if day in _statutory(day.year):
            return DayKind.HOLIDAY
        if (known := self.swapped.get(day)) is not None:
            return known
        if day.weekday() >= SATURDAY:
            return DayKind.REST
        has_notice = any(known.year == day.year for known in self.swapped)
        return DayKind.REST if not has_notice and day in _in_lieu(day.year) else DayKind.WORKING

    def days(self, first_day: date, last_day: date, kind: DayKind) -> list[date]:
        """The days of this kind in a period, ascending."""
        every = (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
        return [day for day in every if self.kind(day) is kind]

    def last_working_day(self, until: date) -> date:
        """Return `until`, or the nearest working day before it: wages are paid before a day off, not after it (Art. 14)."""
        while self.kind(until) is not DayKind.WORKING:
            until -= timedelta(days=1)
        return until


@cache
def china() -> Calendar:
    """The calendar with the swapped days on record."""
    with SWAPPED_DAYS.open(encoding="utf-8", newline="") as lines:
        return Calendar({date.fromisoformat(row["day"]): DayKind(row["kind"]) for row in csv.DictReader(lines)})


@cache
def _statutory(year: int) -> frozenset[date]:
    return frozenset(day for day, name in _named(year).items() if any(map(_is_statutory, name.split("; "))))


def _is_statutory(name: str) -> bool:
    return not name.endswith(OBSERVED) and not name.startswith(DAY_OFF)


@cache
def _in_lieu(year: int) -> frozenset[date]:
    """Working days off because a statutory holiday fell on a weekend: what holds until the year's notice is out."""
    return frozenset(day for day, name in _named(year).items() if name.endswith(OBSERVED))


def _named(year: int) -> Mapping[date, str]:
    if year < FIRST_YEAR:
        raise UnknownYear(f"the calendar begins with {FIRST_YEAR}, and does not know {year}")
    return _on_record().get(year) or library_days(year)


@cache
def _on_record() -> Mapping[int, Mapping[date, str]]:
    """By year."""
    found: dict[int, dict[date, str]] = {}
    with HOLIDAYS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            day = date.fromisoformat(row["day"])
            found.setdefault(day.year, {})[day] = row["name"]
    return found


def library_days(year: int) -> Mapping[date, str]:
    """What the library knows of a year."""
    from holidays import country_holidays  # half a second, for all countries of the world

    found: Mapping[date, str] = country_holidays("CN", years=year, language="en_US", expand=False)
    return found
