"""Which days are working days, rest days and statutory holidays, checked against the rule and against the library.

Branches: the 13 days · holidays that fall together · weekends · swapped days · days in lieu until a notice is out · years
before the rule · the last working day.
"""

from datetime import date, timedelta

import pytest

from anxin.payroll import calendar
from anxin.payroll.calendar import Calendar, DayKind, UnknownYear, china, library_days

YEARS = range(2025, 2041)
FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}

# Chinese New Year, as the astronomical calendar has it.
NEW_YEAR = {
    2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3), 2031: (1, 23), 2032: (2, 11),
    2033: (1, 31), 2034: (2, 19), 2035: (2, 8), 2036: (1, 28), 2037: (2, 15), 2038: (2, 4), 2039: (1, 24), 2040: (2, 12),
}  # fmt: skip


def days_of(year, kind):
    return china().days(date(year, 1, 1), date(year, 12, 31), kind)


@pytest.mark.parametrize("year", YEARS)
def test_year_has_13_statutory_holidays_less_those_that_fall_together(year):
    """Mid-Autumn falls on National Day's three days in some years: 12 days then."""
    mid_autumn = [day for day, name in library_days(year).items() if "Mid-Autumn" in name and "observed" not in name]
    together = sum((day.month, day.day) in FIXED for day in mid_autumn)

    assert 13 - together == len(days_of(year, DayKind.HOLIDAY))


@pytest.mark.parametrize("year", YEARS)
def test_days_of_the_solar_calendar_are_holidays(year):
    assert {date(year, *day) for day in FIXED} <= set(days_of(year, DayKind.HOLIDAY))


@pytest.mark.parametrize("year", YEARS)
def test_spring_festival_is_the_eve_and_three_days(year):
    new_year = date(year, *NEW_YEAR[year])
    expected = [new_year + timedelta(days=n) for n in (-1, 0, 1, 2)]

    assert expected == [day for day in days_of(year, DayKind.HOLIDAY) if abs((day - new_year).days) <= 5]


@pytest.mark.parametrize("year", YEARS)
def test_qingming_is_on_the_fourth_or_fifth_of_april(year):
    (qingming,) = [day for day in days_of(year, DayKind.HOLIDAY) if day.month == 4]

    assert qingming.day in (4, 5)


@pytest.mark.parametrize("year", YEARS)
def test_days_on_record_are_those_of_the_library(year):
    assert dict(library_days(year)) == calendar._on_record()[year]


def test_years_beyond_the_record_come_from_the_library():
    assert DayKind.HOLIDAY == china().kind(date(2041, 10, 1))


def test_years_before_the_rule_are_refused():
    with pytest.raises(UnknownYear, match="2024"):
        china().kind(date(2024, 10, 1))


# ------------------------------------------------------------------ swapped days


@pytest.mark.parametrize("year", [2025, 2026])
def test_swapped_days_are_those_of_the_library(year):
    """What the library knows of the State Council's notice: days off for others, and in lieu of holidays on weekends."""
    off = {
        day
        for day, name in library_days(year).items()
        if name.startswith("Day off") or (name.endswith("(observed)") and china().kind(day) is not DayKind.HOLIDAY)
    }
    swapped = {day for day, kind in china().swapped.items() if day.year == year and kind is DayKind.REST}

    assert off == swapped


@pytest.mark.parametrize("year", [2025, 2026])
def test_each_day_off_is_worked_for_on_a_weekend(year):
    """Each of the days off that no holiday on a weekend gives is made up for: off − in lieu = worked."""
    kinds = {day: kind for day, kind in china().swapped.items() if day.year == year}
    worked = [day for day, kind in kinds.items() if kind is DayKind.WORKING]
    on_weekends = [day for day in days_of(year, DayKind.HOLIDAY) if day.weekday() >= calendar.SATURDAY]

    assert all(day.weekday() >= calendar.SATURDAY for day in worked)
    assert len(kinds) - len(worked) == len(worked) + len(on_weekends)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 10, 3), DayKind.HOLIDAY), (date(2026, 10, 4), DayKind.REST), (date(2026, 10, 7), DayKind.REST),
        (date(2026, 10, 8), DayKind.WORKING), (date(2026, 10, 10), DayKind.WORKING), (date(2026, 10, 11), DayKind.REST),
        (date(2026, 9, 20), DayKind.WORKING), (date(2026, 9, 25), DayKind.HOLIDAY), (date(2026, 2, 15), DayKind.REST),
        (date(2026, 2, 16), DayKind.HOLIDAY), (date(2026, 2, 20), DayKind.REST), (date(2025, 10, 6), DayKind.HOLIDAY),
    ],
    ids=str,
)  # fmt: skip
def test_day_of_a_year_with_a_notice(day, kind):
    assert kind is china().kind(day)


def test_swap_never_overrules_a_statutory_holiday():
    assert DayKind.HOLIDAY is Calendar({date(2026, 10, 1): DayKind.WORKING}).kind(date(2026, 10, 1))


def test_holiday_on_a_weekend_moves_to_a_working_day_until_the_notice_is_out():
    """1 May 2027 is a Saturday, 2 May a Sunday: Monday and Tuesday are off; a notice for the year overrules that."""
    third = date(2027, 5, 3)

    assert DayKind.REST is Calendar({}).kind(third)
    assert DayKind.WORKING is Calendar({date(2027, 2, 20): DayKind.WORKING}).kind(third)


@pytest.mark.parametrize("year", YEARS)
def test_every_day_has_one_kind(year):
    counts = [len(days_of(year, kind)) for kind in DayKind]

    assert (date(year + 1, 1, 1) - date(year, 1, 1)).days == sum(counts)


# ------------------------------------------------------------------ paydays


@pytest.mark.parametrize(
    ("until", "day"),
    [
        (date(2026, 10, 8), date(2026, 10, 8)),
        (date(2026, 10, 7), date(2026, 9, 30)),
        (date(2026, 10, 1), date(2026, 9, 30)),
        (date(2026, 10, 10), date(2026, 10, 10)),
        (date(2026, 10, 11), date(2026, 10, 10)),
        (date(2026, 2, 23), date(2026, 2, 14)),
        (date(2026, 2, 15), date(2026, 2, 14)),
        (date(2026, 2, 24), date(2026, 2, 24)),
        (date(2025, 2, 4), date(2025, 1, 27)),
        (date(2026, 1, 3), date(2025, 12, 31)),
    ],
    ids=[
        "a working day", "the end of National Day", "its first day", "a Saturday that is worked", "the Sunday after it",
        "the end of Spring Festival", "the Sunday before it", "the first day after it", "Spring Festival 2025", "New Year",
    ],
)  # fmt: skip
def test_payday_moves_to_the_working_day_before(until, day):
    assert day == china().last_working_day(until)
