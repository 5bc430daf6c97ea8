"""From punches to days, from days to fen: the arithmetic alone, and a real month of it.

Branches: a pair · duplicate within five minutes · after five minutes · missing in · missing out · sixteen hours · longer ·
night shift · over the month's end · break · second shift of a day · day, hour, month and piece rates · rounding · day cap ·
October.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.attendance import service as attendance
from anxin.core.clock import SITE_ZONE
from anxin.demo.site import DATA, FIRST_DAY, LAST_DAY, read_roster
from anxin.payroll import rules

IN, OUT = rules.IN, rules.OUT
EIGHTH, NINTH = date(2026, 10, 8), date(2026, 10, 9)


def punches(*written):
    """From "08 07:00 in": day of October, time, direction."""
    parted = [text.split() for text in written]
    return [
        (datetime.strptime(f"2026-10-{day} {time}", "%Y-%m-%d %H:%M").replace(tzinfo=SITE_ZONE), IN if way == "in" else OUT)
        for day, time, way in parted
    ]


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ([], []),
        (["08 07:00 in", "08 18:00 out"], [EIGHTH]),
        (["08 07:00 in", "08 11:30 out", "08 13:00 in", "08 18:00 out"], [EIGHTH]),
        (["08 07:00 in", "08 07:04 in", "08 18:00 out", "08 18:05 out"], [EIGHTH]),
        (["08 07:00 in"], []),
        (["08 18:00 out"], []),
        (["08 07:00 in", "09 07:00 in", "09 18:00 out"], [NINTH]),
        (["08 18:00 out", "09 07:00 in", "09 18:00 out"], [NINTH]),
        (["08 07:00 in", "08 23:00 out"], [EIGHTH]),
        (["08 07:00 in", "08 23:01 out"], []),
        (["08 20:00 in", "09 04:00 out"], [EIGHTH]),
        (["08 20:00 in", "08 23:50 out", "09 00:30 in", "09 04:00 out"], [EIGHTH]),
        (["08 20:00 in", "09 04:00 out", "09 08:00 in", "09 17:00 out"], [EIGHTH, NINTH]),
        (["08 20:00 in", "09 04:00 out", "09 07:59 in", "09 17:00 out"], [EIGHTH]),
        (["08 06:00 in", "08 10:00 out", "08 18:00 in", "08 22:00 out"], [EIGHTH]),
    ],
    ids=[
        "nothing", "a pair", "a break", "duplicates", "missing out", "missing in", "missing out, then a day",
        "missing in, then a day", "sixteen hours", "longer than sixteen hours", "night shift",
        "night shift with a break after midnight", "four hours' rest", "less than four hours' rest", "two shifts of a day",
    ],
)  # fmt: skip
def test_days_are_those_on_which_shifts_began(written, days):
    assert days == rules.days_worked(punches(*written))


def test_late_in_replaces_an_in_without_its_out():
    """Six minutes later is no duplicate: the worker went in again."""
    assert rules.days_worked(punches("08 06:00 in", "08 06:06 in", "08 22:05 out")) == [EIGHTH]


def test_night_shift_over_the_months_end_belongs_to_the_day_it_began():
    last = datetime(2026, 10, 31, 20, tzinfo=SITE_ZONE)

    assert [date(2026, 10, 31)] == rules.days_worked([(last, IN), (last + timedelta(hours=8), OUT)])


@pytest.mark.parametrize(
    ("contract_type", "rate_fen", "fen"),
    [("day", 32_500, Fraction(32_500)), ("hour", 4_000, Fraction(32_000)), ("month", 652_500, Fraction(30_000))],
)
def test_day_is_worth_what_its_contract_says(contract_type, rate_fen, fen):
    assert fen == rules.day_rate_fen(contract_type, rate_fen)


def test_contract_nobody_knows_has_no_day_rate():
    with pytest.raises(ValueError, match="barter"):
        rules.day_rate_fen("barter", 1)


def test_month_rate_is_rounded_up_once_a_line():
    """700,000 / 21.75 = 32,183.908…: twenty days are 643,678.16 fen, not twenty times a rounded day."""
    assert rules.wage_fen("month", 700_000, [EIGHTH] * 20, {}) == 643_679


def test_pieces_are_counted_not_days():
    assert rules.wage_fen("piece", 260, [], {EIGHTH: 183, NINTH: 212}) == 260 * 395


@pytest.mark.parametrize(
    ("contract_type", "rate_fen", "quota", "cap_fen"),
    [
        ("day", 32_500, None, 97_500),
        ("hour", 4_000, None, 96_000),
        ("month", 700_000, None, 96_552),
        ("piece", 260, 150, 117_000),
    ],
)
def test_day_cap_is_three_day_rates(contract_type, rate_fen, quota, cap_fen):
    assert cap_fen == rules.day_cap_fen(contract_type, rate_fen, quota)


MONTH_OF_PUNCHES = st.lists(
    st.tuples(
        st.datetimes(datetime(2026, 10, 1), datetime(2026, 10, 31), timezones=st.just(SITE_ZONE)), st.sampled_from((IN, OUT))
    ),
    max_size=60,
).map(sorted)


@given(MONTH_OF_PUNCHES, st.integers(0, 60))
def test_later_punches_never_take_an_earlier_day_away(month, count):
    assert set(rules.days_worked(month[:count])) <= set(rules.days_worked(month))


@given(MONTH_OF_PUNCHES)
def test_device_that_repeats_each_punch_changes_nothing(month):
    twice = sorted(punch for punch in month for _ in range(2))

    assert rules.days_worked(month) == rules.days_worked(twice)


@given(MONTH_OF_PUNCHES)
def test_day_is_paid_once_and_only_where_somebody_went_in(month):
    days = rules.days_worked(month)

    assert sorted(set(days)) == days
    assert set(days) <= {at.date() for at, direction in month if direction == IN}


@given(st.sampled_from(("day", "hour", "month")), st.integers(1, 10**7), st.integers(0, 30))
def test_another_day_never_pays_less(contract_type, rate_fen, count):
    fewer, more = (rules.wage_fen(contract_type, rate_fen, [EIGHTH] * days, {}) for days in (count, count + 1))

    assert fewer <= more


@given(st.integers(1, 10**7), st.integers(0, 31))
def test_rounding_gives_the_worker_less_than_a_fen(rate_fen, count):
    exact = rules.day_rate_fen("month", rate_fen) * count

    assert 0 <= rules.wage_fen("month", rate_fen, [EIGHTH] * count, {}) - exact < 1


@pytest.fixture(scope="module")
def october():
    """Worker number → (days, fen), from the site's own files."""
    readings, pieces = defaultdict(list), defaultdict(dict)
    for reading in attendance.read_punches(DATA / "punches.csv"):
        readings[reading.worker_no].append((reading.at.astimezone(SITE_ZONE), reading.direction))
    for count in attendance.read_pieces(DATA / "pieces.csv"):
        pieces[count.worker_no][count.day] = count.quantity
    paid = {}
    for row in read_roster():
        days = [day for day in rules.days_worked(sorted(readings[row.worker_no])) if FIRST_DAY <= day <= LAST_DAY]
        paid[row.worker_no] = (len(days), rules.wage_fen(row.contract_type, row.rate_fen, days, pieces[row.worker_no]))
    return paid


def test_october_is_worth_what_it_was_always_worth(october):
    assert (len(october), sum(fen for _, fen in october.values())) == (60, 34_125_599)


@pytest.mark.parametrize(
    ("worker_no", "days", "fen"),
    [("W001", 20, 650_000), ("W038", 19, 506_616), ("W047", 19, 679_371), ("W055", 18, 484_200)],
    ids=["by the day", "by the hour", "by the month", "by the piece"],
)
def test_worker_of_october(october, worker_no, days, fen):
    assert (days, fen) == october[worker_no]
