"""The pay rules, sentence by sentence, both sides of every boundary; then against a second, naive reading of the same text.

Branches: repeats · pairs and halves · sixteen hours · shifts four hours apart · midnight · the month's ends · 480 minutes ·
working, rest and holiday · day, hour, month and piece contracts · absence · rounding · caps · minimum wages · two
contracts · October.
"""

import json
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.backend import pay_oracle

from anxin.core.clock import SITE_ZONE
from anxin.demo.site import DATA
from anxin.payroll import rules
from anxin.payroll.calendar import Calendar, DayKind, china
from anxin.payroll.rules import Contract, ContractKind, FlagKind, Items

IN, OUT = rules.IN, rules.OUT
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
DAY, HOUR, MONTH, PIECE = ContractKind.DAY, ContractKind.HOUR, ContractKind.MONTH, ContractKind.PIECE
MINUTE = timedelta(minutes=1)

# October 2026: 1–3 statutory, 4–7 off, 8–9 Thursday and Friday, 10 a Saturday that is worked, 11 a Sunday.
HOLIDAY, REST, WORKING = "02", "11", "13"


def at(written):
    """From "13 07:00", a day of October and a time; or the whole date."""
    text = written if written.startswith("2") and len(written) > 14 else f"2026-10-{written}"
    return datetime.fromisoformat(text).replace(tzinfo=SITE_ZONE)


def punches(*written):
    """From "13 07:00 in"."""
    return [(at(text.rsplit(" ", 1)[0]), IN if text.endswith(" in") else OUT) for text in written]


def pay(contract, times, pieces=None, **minimum):
    return rules.compute(contract, times, pieces or {}, FIRST, LAST, china(), **minimum)


def hourly(*written, fen=6_000):
    """Paid a fen a second's hundredth: 6,000 fen an hour are 100 fen a minute."""
    return pay(Contract(HOUR, fen), punches(*written))


def flags(paid):
    return [(str(flag.kind), flag.day.day) for flag in paid.flags]


def minutes(paid):
    return tuple(map(int, (paid.minutes.base, paid.minutes.ot150, paid.minutes.ot200, paid.minutes.ot300)))


# ------------------------------------------------------------------ repeats


@pytest.mark.parametrize(
    ("written", "worked"),
    [
        (["13 07:00 in", "13 07:05 in", "13 08:00 out"], 60),
        (["13 07:00 in", "13 07:06 in", "13 08:00 out"], 54),
        (["13 07:00 in", "13 07:04 in", "13 07:08 in", "13 08:00 out"], 52),
        (["13 07:00 in", "13 07:03 in", "13 07:05 in", "13 08:00 out"], 60),
        (["13 07:00 in", "13 08:00 out", "13 08:05 out"], 60),
        (["13 07:00 in", "13 08:00 out", "13 08:06 out"], 60),
        (["13 07:00 in", "13 07:02 out", "13 07:04 in", "13 08:00 out"], 58),
        (["13 07:00 in", "13 07:00 in", "13 08:00 out", "13 08:00 out"], 60),
    ],
    ids=[
        "five minutes later", "six minutes later: in again", "counted from the punch that was kept", "several within five",
        "out again within five", "out again after six", "in, out and in again is no repeat", "the very same twice",
    ],
)  # fmt: skip
def test_same_direction_within_five_minutes_is_the_same_punch(written, worked):
    assert worked == hourly(*written).minutes.base


@pytest.mark.parametrize(
    ("seconds", "found"), [(300, []), (301, [("missing-out", 13)])], ids=["five minutes", "and a second"]
)
def test_five_minutes_are_five_minutes_to_the_second(seconds, found):
    later = (at("13 07:00") + timedelta(seconds=seconds), IN)

    assert found == flags(pay(Contract(HOUR, 6_000), [*punches("13 07:00 in", "13 08:00 out"), later]))


# ------------------------------------------------------------------ pairs and halves


@pytest.mark.parametrize(
    ("written", "worked", "found"),
    [
        ([], 0, []),
        (["13 07:00 in", "13 08:00 out"], 60, []),
        (["13 07:00 in"], 0, [("missing-out", 13)]),
        (["13 08:00 out"], 0, [("missing-in", 13)]),
        (["13 07:00 in", "14 07:00 in", "14 08:00 out"], 60, [("missing-out", 13)]),
        (["13 07:00 in", "13 08:00 out", "13 09:00 out"], 60, [("missing-in", 13)]),
        (["13 08:00 out", "13 09:00 in"], 0, [("missing-out", 13), ("missing-in", 13)]),
        (["13 07:00 in", "13 08:00 in", "13 09:00 in"], 0, [("missing-out", 13)] * 3),
        (["12 23:00 out", "13 00:30 out"], 0, [("missing-in", 12), ("missing-in", 13)]),
    ],
    ids=[
        "nothing", "a pair", "an in alone", "an out alone", "an in, then a pair", "a pair, then an out", "out and in",
        "three ins", "outs about midnight",
    ],
)  # fmt: skip
def test_half_without_the_other_is_flagged_on_its_day_and_pays_nothing(written, worked, found):
    paid = hourly(*written)

    assert (worked, found) == (paid.minutes.base, flags(paid))


def test_at_one_instant_out_comes_before_in():
    assert 120 == hourly("13 07:00 in", "13 08:00 in", "13 08:00 out", "13 09:00 out").minutes.base


@pytest.mark.parametrize(
    ("end", "items", "found"),
    [("22:00", (480, 480), []), ("22:01", (0, 0), [("too-long", 13)])],
    ids=["sixteen hours", "a minute more"],
)
def test_interval_over_sixteen_hours_is_flagged_and_pays_nothing(end, items, found):
    paid = hourly("13 06:00 in", f"13 {end} out")

    assert items == minutes(paid)[:2]
    assert found == [flag for flag in flags(paid) if flag[0] == "too-long"]


def test_sixteen_hours_and_a_microsecond_pay_nothing():
    late = at("13 22:00") + timedelta(microseconds=1)

    assert [("too-long", 13)] == flags(pay(Contract(HOUR, 6_000), [(at("13 06:00"), IN), (late, OUT)]))


def test_too_long_interval_is_flagged_on_the_day_it_began():
    assert [("too-long", 13)] == flags(hourly("13 20:00 in", "14 12:01 out"))


def test_too_long_interval_is_no_day_worked():
    assert () == hourly("13 06:00 in", "13 22:01 out").days_worked


# ------------------------------------------------------------------ shifts


@pytest.mark.parametrize(
    ("second_begins", "expected"),
    [("17:59", (480, 61)), ("18:00", (540, 0))],
    ids=["a minute less than four hours: one shift", "four hours: another shift"],
)
def test_less_than_four_hours_apart_is_the_same_shift(second_begins, expected):
    """Each shift has 480 normal minutes of its own."""
    begin = at(f"13 {second_begins}")
    times = [*punches("13 06:00 in", "13 14:00 out"), (begin, IN), (begin + 61 * MINUTE - MINUTE * (begin.minute == 0), OUT)]

    assert expected == minutes(pay(Contract(HOUR, 6_000), times))[:2]


def test_four_hours_are_counted_from_the_end_of_the_interval_before():
    """Three intervals, each less than four hours from the last, are one shift, though the first and third are far apart."""
    paid = hourly("13 06:00 in", "13 08:00 out", "13 11:00 in", "13 13:00 out", "13 16:00 in", "13 22:00 out")

    assert (480, 120) == minutes(paid)[:2]


def test_shift_belongs_to_the_day_on_which_it_started():
    paid = hourly("13 20:00 in", "13 23:50 out", "14 00:30 in", "14 04:00 out")

    assert (date(2026, 10, 13),) == paid.days_worked


def test_two_shifts_of_a_day_are_one_day_worked():
    assert (date(2026, 10, 13),) == hourly("13 06:00 in", "13 10:00 out", "13 18:00 in", "13 22:00 out").days_worked


def test_shift_of_the_months_last_night_is_paid_whole():
    paid = pay(Contract(HOUR, 6_000), punches("31 20:00 in", "2026-11-01 04:00 out"))

    assert ((date(2026, 10, 31),), (0, 0, 480, 0)) == (paid.days_worked, minutes(paid))


def test_shift_that_began_before_the_month_is_not_of_it():
    paid = pay(Contract(HOUR, 6_000), punches("2026-09-30 20:00 in", "01 04:00 out"))

    assert ((), (0, 0, 0, 0), []) == (paid.days_worked, minutes(paid), flags(paid))


def test_night_that_goes_on_over_the_months_end_stays_with_the_day_it_began():
    """An interval of the first, two hours after one of the last day before, belongs to that shift."""
    paid = pay(Contract(HOUR, 6_000), punches("2026-09-30 20:00 in", "2026-09-30 23:30 out", "01 01:30 in", "01 04:00 out"))

    assert () == paid.days_worked


def test_flags_of_other_months_are_not_of_this_one():
    assert [] == flags(pay(Contract(HOUR, 6_000), punches("2026-09-30 20:00 in", "2026-11-01 04:00 out")))


def test_punches_of_years_without_a_calendar_do_not_matter():
    paid = pay(Contract(HOUR, 6_000), punches("2024-12-31 08:00 in", "2024-12-31 12:00 out", "13 07:00 in", "13 08:00 out"))

    assert 60 == paid.minutes.base


# ------------------------------------------------------------------ classes of minutes


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (WORKING, (480, 60, 0, 0)),
        ("10", (480, 60, 0, 0)),
        (REST, (0, 0, 540, 0)),
        ("05", (0, 0, 540, 0)),
        (HOLIDAY, (0, 0, 0, 540)),
    ],
    ids=["working day", "Saturday worked for another day", "rest day", "working day off for another", "statutory holiday"],
)
def test_minutes_are_worth_what_their_day_is(day, expected):
    assert expected == minutes(hourly(f"{day} 07:00 in", f"{day} 16:00 out"))


@pytest.mark.parametrize(("end", "expected"), [("15:00", (480, 0)), ("15:01", (480, 1))], ids=["480 minutes", "one more"])
def test_first_480_minutes_of_a_shift_are_normal(end, expected):
    assert expected == minutes(hourly("13 07:00 in", f"13 {end} out"))[:2]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (("03 20:00 in", "04 04:00 out"), (0, 0, 240, 240)),
        (("07 20:00 in", "08 04:00 out"), (240, 0, 240, 0)),
        (("09 20:00 in", "10 04:00 out"), (480, 0, 0, 0)),
        (("10 18:00 in", "11 04:00 out"), (360, 0, 240, 0)),
        (("07 14:00 in", "07 24:00 out"), (0, 0, 600, 0)),
        (("07 22:00 in", "08 09:00 out"), (480, 60, 120, 0)),
    ],
    ids=[
        "holiday to rest",
        "rest to working",
        "working to working",
        "working to rest",
        "to midnight",
        "overtime after midnight",
    ],
)
def test_shift_is_split_at_midnight(written, expected):
    written = tuple(text.replace("07 24:00", "08 00:00") for text in written)

    assert expected == minutes(hourly(*written))


def test_swapped_days_are_data():
    """What another calendar calls a rest day is paid as one."""
    other = Calendar({date(2026, 10, 13): DayKind.REST})
    paid = rules.compute(Contract(HOUR, 6_000), punches("13 07:00 in", "13 08:00 out"), {}, FIRST, LAST, other)

    assert (0, 0, 60, 0) == minutes(paid)


# ------------------------------------------------------------------ what contracts pay


TEN_HOURS = {
    "working": ("13 07:00 in", "13 17:00 out"),
    "rest": ("11 07:00 in", "11 17:00 out"),
    "holiday": ("02 07:00 in", "02 17:00 out"),
}


@pytest.mark.parametrize(
    ("contract", "day", "expected"),
    [
        (Contract(DAY, 32_000), "working", Items(base=32_000, ot150=12_000)),
        (Contract(DAY, 32_000), "rest", Items(ot200=80_000)),
        (Contract(DAY, 32_000), "holiday", Items(ot300=120_000)),
        (Contract(HOUR, 4_000), "working", Items(base=32_000, ot150=12_000)),
        (Contract(HOUR, 4_000), "rest", Items(ot200=80_000)),
        (Contract(HOUR, 4_000), "holiday", Items(ot300=120_000)),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Contract) else None,
)
def test_ten_hours_by_the_day_and_by_the_hour(contract, day, expected):
    assert expected == pay(contract, punches(*TEN_HOURS[day])).items


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("working", Items(base=142_500, ot150=11_250)),
        ("rest", Items(base=112_500, ot200=75_000)),
        ("holiday", Items(base=112_500, ot300=112_500)),
    ],
)
def test_ten_hours_by_the_month(day, expected):
    """652,500 fen a month are 30,000 a day. October 2026 has 18 working days: who comes on none has 3.75 days' pay left."""
    assert expected == pay(Contract(MONTH, 652_500), punches(*TEN_HOURS[day])).items


def every_working_day(begin="08:00", end="16:00"):
    days = china().days(FIRST, LAST, DayKind.WORKING)
    return [punch for day in days for punch in punches(f"{day:%d} {begin} in", f"{day:%d} {end} out")]


def test_month_without_absence_is_paid_whole():
    assert 652_500 == pay(Contract(MONTH, 652_500), every_working_day()).items.base


@pytest.mark.parametrize(("end", "absent", "fen"), [("15:59", 18, 651_375), ("16:00", 0, 652_500), ("16:01", 0, 652_500)])
def test_absence_is_what_is_missing_to_480_minutes_each_day(end, absent, fen):
    """No day makes up for another: overtime of one day is paid as overtime."""
    paid = pay(Contract(MONTH, 652_500), every_working_day(end=end))

    assert (absent, fen) == (paid.absent_minutes, paid.items.base)


def test_shifts_of_one_day_make_up_its_480_minutes_together():
    morning_and_night = punches("13 06:00 in", "13 10:00 out", "13 18:00 in", "13 22:00 out")
    rest = [punch for punch in every_working_day() if punch[0].day != 13]

    assert 0 == pay(Contract(MONTH, 652_500), [*rest, *morning_and_night]).absent_minutes


def test_normal_minutes_count_for_the_day_on_which_their_shift_started():
    """Sunday night into Monday: Monday's four hours are normal minutes of a shift of Sunday, and Monday still lacks 480."""
    paid = pay(Contract(MONTH, 652_500), punches("11 20:00 in", "12 04:00 out"))

    assert (240, 18 * 480) == (paid.minutes.base, paid.absent_minutes)


def test_by_the_month_a_mondays_shift_that_joins_a_sundays_leaves_monday_absent():
    """The text has it so: 31 minutes more on Sunday, at 200 %, cost Monday's 480. By the day and the hour they only add."""
    monday = ["12 00:30 in", "12 08:30 out"]
    apart = pay(Contract(MONTH, 652_500), punches("11 18:00 in", "11 20:00 out", *monday))
    joined = pay(Contract(MONTH, 652_500), punches("11 18:00 in", "11 20:31 out", *monday))

    assert (Items(base=142_500, ot200=15_000), Items(base=112_500, ot200=18_875)) == (apart.items, joined.items)


def test_month_with_more_absence_than_pay_pays_no_less_than_nothing():
    """Of September 2026, 22 working days and one holiday: 22 days' absence are more than 21.75."""
    paid = rules.compute(Contract(MONTH, 652_500), [], {}, date(2026, 9, 1), date(2026, 9, 30), china())

    assert (22 * 480, 0) == (paid.absent_minutes, paid.items.base)


@pytest.mark.parametrize(
    ("day", "quantity", "expected"),
    [
        (WORKING, 160, 160 * 150),
        (WORKING, 161, 160 * 150 + 225),
        (WORKING, 0, 0),
        (REST, 100, 100 * 300),
        (HOLIDAY, 100, 100 * 450),
        ("10", 161, 160 * 150 + 225),
    ],
    ids=["the quota", "one beyond it", "none", "rest day", "holiday", "Saturday that is worked"],
)  # fmt: skip
def test_pieces_are_paid_by_day_and_quota(day, quantity, expected):
    assert Items(piece=expected) == pay(Contract(PIECE, 150, 160), [], {date(2026, 10, int(day)): quantity}).items


def test_quota_is_for_each_day():
    counts = {date(2026, 10, 13): 200, date(2026, 10, 14): 100}

    assert (160 + 100 + 40 * Fraction(3, 2)) * 150 == pay(Contract(PIECE, 150, 160), [], counts).items.piece


def test_piece_contract_without_a_quota_has_nothing_beyond_it():
    assert 1_000 * 150 == pay(Contract(PIECE, 150), [], {date(2026, 10, 13): 1_000}).items.piece


def test_pieces_of_other_months_are_not_of_this_one():
    assert 0 == pay(Contract(PIECE, 150, 160), [], {date(2026, 9, 30): 9, date(2026, 11, 1): 9}).items.piece


def test_punches_of_a_piece_worker_are_attendance_only():
    paid = pay(Contract(PIECE, 150, 160), punches(*TEN_HOURS["holiday"]), {})

    assert (0, (date(2026, 10, 2),)) == (paid.gross_fen, paid.days_worked)


def test_only_piece_contracts_pay_pieces():
    assert 0 == pay(Contract(DAY, 30_000), [], {date(2026, 10, 13): 100}).gross_fen


# ------------------------------------------------------------------ rounding


@pytest.mark.parametrize(
    ("contract", "minutes_worked", "expected"),
    [(Contract(HOUR, 60), 1, 1), (Contract(HOUR, 61), 1, 2), (Contract(HOUR, 61), 60, 61), (Contract(DAY, 481), 479, 480)],
    ids=["a whole fen", "a sixtieth more", "nothing to round", "480 minutes' 481 fen"],
)
def test_item_is_rounded_up(contract, minutes_worked, expected):
    begin = at("13 07:00")

    assert expected == pay(contract, [(begin, IN), (begin + minutes_worked * MINUTE, OUT)]).items.base


def test_item_is_rounded_once_not_shift_by_shift():
    """Three minutes at 1/60 fen, on three days, are one fen together."""
    written = [f"{day} {text}" for day in (13, 14, 15) for text in ("07:00 in", "07:01 out")]

    assert 1 == hourly(*written, fen=1).items.base


@pytest.mark.parametrize(("microseconds", "fen"), [(1_000_000, 1), (1_000_001, 2), (999_999, 1), (1, 1), (0, 0)])
def test_time_is_exact_beneath_the_minute(microseconds, fen):
    """3,600 fen an hour: a fen a second."""
    begin = at("13 07:00")

    assert fen == pay(Contract(HOUR, 3_600), [(begin, IN), (begin + timedelta(microseconds=microseconds), OUT)]).items.base


# ------------------------------------------------------------------ flags that change no pay


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (("13 07:00 in", "13 18:00 out"), []),
        (("13 07:00 in", "13 18:01 out"), [("over-3-hours", 13)]),
        (("11 07:00 in", "11 20:00 out"), []),
        (("13 00:00 in", "13 09:31 out", "13 14:00 in", "13 23:31 out"), [("over-3-hours", 13)]),
    ],
    ids=["three hours", "a minute more", "rest days have no normal hours to exceed", "two shifts of a day together"],
)
def test_more_than_three_hours_a_day_are_flagged(written, found):
    assert found == flags(hourly(*written))


@pytest.mark.parametrize(("extra", "found"), [(0, []), (1, [("over-36-hours", 31)])], ids=["36 hours", "a minute more"])
def test_more_than_36_hours_a_month_are_flagged(extra, found):
    """3 × 12 hours, on rest days and a holiday: they count."""
    days = [(at(f"{day} 06:00"), at(f"{day} 18:00")) for day in ("02", "04", "11")]
    times = [punch for begin, end in days for punch in ((begin, IN), (end, OUT))]
    times[-1] = (times[-1][0] + extra * MINUTE, OUT)

    assert found == flags(pay(Contract(DAY, 30_000), times))


def test_work_over_the_caps_is_paid():
    assert Items(base=48_000, ot150=48_000 * 3 // 2) == hourly("13 06:00 in", "13 22:00 out").items


@pytest.mark.parametrize(
    ("contract", "is_flagged"),
    [
        (Contract(MONTH, 217_500), False), (Contract(MONTH, 217_499), True), (Contract(DAY, 10_000), False),
        (Contract(DAY, 9_999), True), (Contract(HOUR, 1_250), False), (Contract(HOUR, 1_249), True),
    ],
    ids=lambda value: f"{value.kind.value} {value.rate_fen}" if isinstance(value, Contract) else None,
)  # fmt: skip
def test_pay_under_the_minimum_is_flagged(contract, is_flagged):
    """217,500 fen a month are 10,000 a day and 1,250 an hour. Overtime does not make up for it."""
    paid = pay(contract, every_working_day(end="20:00"), minimum_month_fen=217_500)

    assert is_flagged == (FlagKind.BELOW_MINIMUM in paid.flag_kinds)


@pytest.mark.parametrize(("rate_fen", "is_flagged"), [(2_300, False), (2_299, True)])
def test_who_is_paid_by_the_hour_has_a_minimum_by_the_hour(rate_fen, is_flagged):
    paid = pay(Contract(HOUR, rate_fen), every_working_day(), minimum_month_fen=217_500, minimum_hour_fen=2_300)

    assert is_flagged == (FlagKind.BELOW_MINIMUM in paid.flag_kinds)


@pytest.mark.parametrize(("quantity", "is_flagged"), [(100, False), (99, True), (0, True)])
def test_pieces_must_reach_the_minimum_for_the_hours_they_took(quantity, is_flagged):
    eight_hours = punches("13 08:00 in", "13 16:00 out")
    paid = pay(Contract(PIECE, 100, 500), eight_hours, {date(2026, 10, 13): quantity}, minimum_month_fen=217_500)

    assert is_flagged == (FlagKind.BELOW_MINIMUM in paid.flag_kinds)


@pytest.mark.parametrize("minimum", [{}, {"minimum_month_fen": 10**9}])
def test_who_did_not_come_is_not_below_the_minimum(minimum):
    assert [] == pay(Contract(MONTH, 1), [], **minimum).flag_kinds


# ------------------------------------------------------------------ a contract for time and one for pieces


def both(time, piece, times, pieces, **minimum):
    return rules.merged(pay(time, times, pieces, **minimum), pay(piece, times, pieces, **minimum), LAST)


def test_two_contracts_are_paid_together_and_flagged_once():
    paid = both(Contract(DAY, 32_000), Contract(PIECE, 150, 160), punches("13 07:00 in", "14 07:00 in"), {FIRST: 10})

    assert (Items(piece=10 * 450), [("missing-out", 13), ("missing-out", 14)]) == (paid.items, flags(paid))


@pytest.mark.parametrize(("quantity", "found"), [(60, []), (59, ["below-minimum"])])
def test_two_contracts_reach_the_minimum_together(quantity, found):
    """Neither does alone: 4,000 fen a day, and 100 a piece, for 10,000 fen."""
    eight_hours = punches("13 08:00 in", "13 16:00 out")
    paid = both(
        Contract(DAY, 4_000), Contract(PIECE, 100), eight_hours, {date(2026, 10, 13): quantity}, minimum_month_fen=217_500
    )

    assert found == paid.flag_kinds


# ------------------------------------------------------------------ what a contract fixes beforehand


@pytest.mark.parametrize(
    ("contract", "day_rate", "cap_fen"),
    [
        (Contract(DAY, 32_500), 32_500, 97_500),
        (Contract(HOUR, 4_000), 32_000, 96_000),
        (Contract(MONTH, 700_000), Fraction(700_000) / Fraction("21.75"), 96_552),
        (Contract(PIECE, 260, 150), 39_000, 117_000),
        (Contract(PIECE, 260), 260, 780),
    ],
    ids=["day", "hour", "month", "piece", "piece without quota"],
)
def test_day_rate_and_the_most_a_day_can_be_worth(contract, day_rate, cap_fen):
    assert (day_rate, cap_fen) == (rules.day_rate_fen(contract), rules.day_cap_fen(contract))


# ------------------------------------------------------------------ against the second reading


DAYS = [FIRST + timedelta(days=n) for n in range(31)]
GAPS = st.one_of(
    st.sampled_from((0, 1, 4, 5, 6, 10, 59, 60, 239, 240, 241, 479, 480, 481, 540, 720, 959, 960, 961)), st.integers(0, 1500)
)
CONTRACTS = st.one_of(
    st.builds(Contract, st.sampled_from((DAY, HOUR, MONTH)), st.integers(1, 10**6)),
    st.builds(Contract, st.just(PIECE), st.integers(1, 10**4), st.one_of(st.none(), st.integers(0, 300))),
)
PIECES = st.dictionaries(st.dates(FIRST - timedelta(days=1), LAST + timedelta(days=1)), st.integers(0, 400), max_size=6)


@st.composite
def nasty_months(draw):
    """Punches at gaps about every boundary, mostly in turns, from a day about the month's ends or holidays on."""
    first = draw(st.sampled_from((date(2026, 9, 29), FIRST, date(2026, 10, 6), date(2026, 10, 9), date(2026, 10, 29))))
    moment = datetime(first.year, first.month, first.day, tzinfo=SITE_ZONE) + draw(st.integers(0, 1439)) * MINUTE
    direction, times = IN, []
    for gap, turns in draw(st.lists(st.tuples(GAPS, st.sampled_from((True, True, True, False))), max_size=24)):
        times.append((moment, direction))
        moment += gap * MINUTE
        direction = direction if not turns else OUT if direction == IN else IN
    return times


def second_reading(contract, times, pieces):
    naive = [(moment.replace(tzinfo=None), "in" if direction == IN else "out") for moment, direction in times]
    terms = contract.kind.value, contract.rate_fen, contract.piece_quota
    return pay_oracle.exact_wage(terms, naive, pieces, DAYS, lambda day: china().kind(day).value)


@settings(max_examples=150, deadline=None)
@given(CONTRACTS, nasty_months(), PIECES)
def test_two_readings_of_the_rules_agree(contract, times, pieces):
    items, worked, found = second_reading(contract, times, pieces)
    paid = pay(contract, times, pieces)

    assert {name: pay_oracle.up(Fraction(fen)) for name, fen in items.items()} == vars(paid.items)
    assert worked == list(paid.days_worked)
    assert found == {(str(flag.kind), flag.day) for flag in paid.flags}


@settings(max_examples=50, deadline=None)
@given(CONTRACTS, nasty_months(), PIECES)
def test_rounding_gives_less_than_a_fen_an_item_and_takes_none(contract, times, pieces):
    exact, _, _ = second_reading(contract, times, pieces)
    paid = pay(contract, times, pieces)

    assert all(0 <= getattr(paid.items, name) - fen < 1 for name, fen in exact.items())
    assert paid.gross_fen == sum(vars(paid.items).values())


@settings(max_examples=50, deadline=None)
@given(nasty_months())
def test_parts_sum_to_the_whole(times):
    paid = pay(Contract(DAY, 30_000), times)
    whole = sum((end - begin for shift in paid.shifts for begin, end in shift.intervals), timedelta())

    assert whole == timedelta(minutes=sum(minutes(paid)))


@settings(max_examples=50, deadline=None)
@given(CONTRACTS, nasty_months(), PIECES, st.randoms(use_true_random=False))
def test_order_of_punches_and_pieces_does_not_matter(contract, times, pieces, dice):
    shuffled, other = list(times), list(pieces.items())
    dice.shuffle(shuffled)
    dice.shuffle(other)

    assert pay(contract, times, pieces) == pay(contract, shuffled, dict(other))


@st.composite
def worked_months(draw):
    """Intervals of at most 16 hours that do not touch, from the second of October on, with breaks and nights between."""
    moment, intervals = at("02 00:00") + draw(st.integers(0, 1439)) * MINUTE, []
    for length, pause in draw(st.lists(st.tuples(st.integers(7, 960), st.integers(7, 1200)), min_size=1, max_size=16)):
        intervals.append((moment, moment + length * MINUTE))
        moment += (length + pause) * MINUTE
    assume(moment < at("31 00:00"))
    return intervals


def punched(intervals):
    return [punch for begin, end in intervals for punch in ((begin, IN), (end, OUT))]


@settings(max_examples=50, deadline=None)
@given(CONTRACTS, worked_months(), st.data())
def test_splitting_a_shift_never_changes_pay(contract, intervals, data):
    """Out and in again at one instant, at any minute, even that of going in or out."""
    place = data.draw(st.integers(0, len(intervals) - 1))
    begin, end = intervals[place]
    moment = begin + data.draw(st.integers(1, (end - begin) // MINUTE - 1)) * MINUTE
    whole, split = pay(contract, punched(intervals)), pay(contract, [*punched(intervals), (moment, OUT), (moment, IN)])

    assert (whole.items, whole.days_worked, whole.flags) == (split.items, split.days_worked, split.flags)


@settings(max_examples=70, deadline=None)
@given(st.sampled_from((DAY, HOUR)), st.integers(1, 10**6), worked_months(), st.data())
def test_more_minutes_never_pay_less(kind, rate_fen, intervals, data):
    """To work on for a while pays, also where it makes one shift of two."""
    longer = longer_by_some(intervals, data)

    assert (
        pay(Contract(kind, rate_fen), punched(intervals)).gross_fen
        <= pay(Contract(kind, rate_fen), punched(longer)).gross_fen
    )


@settings(max_examples=70, deadline=None)
@given(st.integers(1, 10**6), worked_months(), st.data())
def test_more_minutes_of_a_shift_never_pay_less_by_the_month(rate_fen, intervals, data):
    """Where they make one shift of two, the minutes of a working day may come to belong to a rest day: see above."""
    longer = longer_by_some(intervals, data)
    before, after = pay(Contract(MONTH, rate_fen), punched(intervals)), pay(Contract(MONTH, rate_fen), punched(longer))
    assume(len(before.shifts) == len(after.shifts))

    assert before.gross_fen <= after.gross_fen


def longer_by_some(intervals, data):
    place = data.draw(st.integers(0, len(intervals) - 1))
    begin, end = intervals[place]
    until = intervals[place + 1][0] - 6 * MINUTE if place + 1 < len(intervals) else end + 600 * MINUTE
    most = min((until - end) // MINUTE, 960 - (end - begin) // MINUTE)
    extra = data.draw(st.integers(0, most))
    return [*intervals[:place], (begin, end + extra * MINUTE), *intervals[place + 1 :]]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**7), worked_months(), st.data())
def test_absence_never_raises_a_rate(rate_fen, intervals, data):
    """Whoever comes on fewer days has no fen more for an hour's overtime, and none more in all."""
    contract = Contract(MONTH, rate_fen)
    whole = pay(contract, punched(intervals))
    day = data.draw(st.sampled_from([shift.day for shift in whole.shifts]))
    fewer = pay(contract, [punch for shift in whole.shifts if shift.day != day for punch in punched(shift.intervals)])

    assert fewer.gross_fen <= whole.gross_fen
    for paid in (whole, fewer):
        assert (
            pay_oracle.up(Fraction(rate_fen) / Fraction("21.75") / 480 * Fraction("1.5") * paid.minutes.ot150)
            == paid.items.ot150
        )


# ------------------------------------------------------------------ October of the sample site


EXPECTED = json.loads((Path(__file__).parent / "wages-2026-10.json").read_text())
OFF = {"holiday": {1, 2, 3}, "rest": {4, 5, 6, 7, 11, 17, 18, 24, 25, 31}}


def test_october_as_the_second_reading_has_it():
    """The committed wages are the second reading's, with the days of October written out by hand."""

    def kind_of_day(day):
        if day.month != 10:
            return "rest" if day.weekday() >= 5 else "working"
        return next((kind for kind, days in OFF.items() if day.day in days), "working")

    assert EXPECTED == pay_oracle.month_of_files(DATA, FIRST, kind_of_day)
