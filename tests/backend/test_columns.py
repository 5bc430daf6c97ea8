"""Whole arrays must say what the rules say, to the fen and the day: hundreds of nasty months in each call.

Branches: repeats, and chains of them · halves · sixteen hours · nights over the month's ends · swapped days and holidays ·
every kind of contract, and two at once · caps · minimum wages · numbers too large for 63 bits · work far beyond the month.
"""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.core.clock import EPOCH, day_number
from anxin.payroll import columns
from anxin.payroll.bulk.settle import by_the_rules
from anxin.payroll.calendar import china
from anxin.payroll.columns import FLAG_KINDS, NONE, WORKER_BIT, Crew, Month, PieceCounts, crew_of
from anxin.payroll.rules import Contract, ContractKind

OCTOBER = Month(date(2026, 10, 1), date(2026, 10, 31), china(), 233_000, 2_300)
FEBRUARY = Month(date(2026, 2, 1), date(2026, 2, 28), china(), 900_000, 100)
JANUARY = Month(date(2025, 1, 1), date(2025, 1, 31), china(), 900_000)
GAPS = np.array([0, 1, 60, 299, 300, 301, 3600, 4 * 3600 - 1, 4 * 3600, 8 * 3600, 8 * 3600 + 1, 16 * 3600, 16 * 3600 + 1])
IN, OUT = 1, 0


def key(worker, seconds, is_in):
    return worker << WORKER_BIT | seconds << 1 | is_in


def seconds_of(day, clock="00:00"):
    hours, minutes = clock.split(":")
    return day_number(day) * 86_400 + int(hours) * 3600 + int(minutes) * 60


def no_pieces():
    return PieceCounts(*np.zeros((3, 0), np.int64))


def random_crew(dice, size):
    time_kind = dice.integers(-1, 3, size)
    has_piece = (time_kind == NONE) | (dice.random(size) < 0.2)
    rate = dice.choice([1, 59, 480, 7_777, 26_000, 777_700], size)
    price = np.where(has_piece, dice.choice([1, 150, 421], size), NONE)
    quota = np.where(has_piece & (dice.random(size) < 0.7), dice.integers(0, 200, size), NONE)
    return Crew(time_kind, np.where(time_kind == NONE, NONE, rate), price, quota)


def random_punches(dice, size, month):
    """From some days before the month to some after it; gaps about every boundary, directions mostly in turns."""
    counts = dice.integers(0, 40, size)
    worker = np.repeat(np.arange(size), counts)
    n = len(worker)
    gaps = np.where(dice.random(n) < 0.5, dice.choice(GAPS, n), dice.integers(0, 20 * 3600, n))
    gaps = np.where(dice.random(n) < 0.02, dice.integers(0, 10 * 86_400, n), gaps)
    begins = (month.first - dice.integers(-24, 4, size)) * 86_400 + dice.integers(0, 86_400, size)
    walked = np.cumsum(gaps)
    at = begins[worker] + walked - np.concatenate(([0], walked))[np.searchsorted(worker, worker)]
    steady = np.where(dice.random(n) < 0.12, 0, 1)
    is_in = (np.cumsum(steady) + dice.integers(0, 2, size)[worker]) & 1
    return np.sort(key(worker, at, is_in))


def random_pieces(dice, size, month):
    chosen = dice.random((size, 33)) < 0.2
    worker, day = np.nonzero(chosen)
    return PieceCounts(worker, month.first - 1 + day, dice.integers(0, 400, len(worker)))


def by_rules(crew, punches, pieces, month, worker):
    mine = punches[(punches >> WORKER_BIT) == worker]
    times = [(at >> 1 & columns.SECONDS) * 10**6 << 1 | at & 1 for at in mine.tolist()]
    chosen = pieces.worker == worker
    counts = {
        EPOCH + timedelta(days=day): quantity
        for day, quantity in zip(pieces.day[chosen].tolist(), pieces.quantity[chosen].tolist(), strict=True)
    }
    return by_the_rules(crew.contracts(worker), times, counts, month)


def told(pay):
    """Items, days worked, flags: what the rules say."""
    items = pay.items
    flags = {(FLAG_KINDS.index(flag.kind), day_number(flag.day)) for flag in pay.flags}
    return [items.base, items.ot150, items.ot200, items.ot300, items.piece], [day_number(d) for d in pay.days_worked], flags


def told_by_columns(wages, worker):
    flagged = wages.flag_worker == worker
    flags = set(zip(wages.flag[flagged].tolist(), wages.flag_day[flagged].tolist(), strict=True))
    return wages.items[worker].tolist(), wages.day[wages.day_worker == worker].tolist(), flags


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((OCTOBER, FEBRUARY, JANUARY)))
def test_arrays_say_what_the_rules_say(seed, month):
    """Where they are sure; and they are sure of most."""
    dice, size = np.random.default_rng(seed), 300
    crew, punches, pieces = random_crew(dice, size), random_punches(dice, size, month), random_pieces(dice, size, month)
    wages = columns.compute(crew, punches, pieces, month)
    sure = np.flatnonzero(~wages.unsure).tolist()

    assert len(sure) > size // 2
    for worker in sure:
        assert told(by_rules(crew, punches, pieces, month, worker)) == told_by_columns(wages, worker)


def compute(contracts, punches, pieces=None, month=OCTOBER):
    return columns.compute(crew_of(contracts), np.sort(np.array(punches, np.int64)), pieces or no_pieces(), month)


DAY_WORKER = [Contract(ContractKind.DAY, 30_000)]
SEVEN = seconds_of(date(2026, 10, 13), "07:00")


@pytest.mark.parametrize(
    ("later", "unsure"),
    [((300,), False), ((200, 300), False), ((200, 400), True), ((301,), False), ((301, 601), False), ((301, 602), False)],
)
def test_chain_of_repeats_longer_than_five_minutes_is_left_to_the_rules(later, unsure):
    punches = [key(0, SEVEN + after, IN) for after in (0, *later)]

    assert [unsure] == compute([DAY_WORKER], punches).unsure.tolist()


def test_one_workers_punches_never_pair_with_anothers():
    """The first goes in, the next in order goes out a minute later."""
    wages = compute([DAY_WORKER, DAY_WORKER], [key(0, SEVEN, IN), key(1, SEVEN + 60, OUT)])

    assert ([], [[0] * 5] * 2) == (wages.day.tolist(), wages.items.tolist())
    flags = zip(wages.flag_worker.tolist(), wages.flag.tolist(), strict=True)
    assert [(0, "missing-out"), (1, "missing-in")] == [(worker, FLAG_KINDS[kind]) for worker, kind in sorted(flags)]


def test_one_workers_punch_is_no_repeat_of_anothers():
    wages = compute([DAY_WORKER, DAY_WORKER], [key(0, SEVEN, IN), key(1, SEVEN, IN), key(1, SEVEN + 3600, OUT)])

    assert [0, 3_750] == wages.items[:, 0].tolist()


@pytest.mark.parametrize("rate_fen", [2**50, 10**17])
def test_rate_whose_products_are_too_large_is_left_to_the_rules(rate_fen):
    wages = compute([[Contract(ContractKind.MONTH, rate_fen)], DAY_WORKER], [key(0, SEVEN, IN), key(0, SEVEN + 3600, OUT)])

    assert [True, False] == wages.unsure.tolist()


@pytest.mark.parametrize(("price_fen", "quantity"), [(10**17, 1_000), (1, 10**17), (10**10, 10**9)])
def test_pieces_whose_products_are_too_large_are_left_to_the_rules(price_fen, quantity):
    pieces = PieceCounts(np.array([0]), np.array([OCTOBER.first + 12]), np.array([quantity]))
    wages = compute([[Contract(ContractKind.PIECE, price_fen)], DAY_WORKER], [], pieces)

    assert [True, False] == wages.unsure.tolist()


def test_largest_rate_that_fits_is_exact():
    rate_fen = columns.MOST // (3 * 31 * 86_400)
    punches = [key(0, SEVEN, IN), key(0, SEVEN + 8 * 3600 + 1, OUT)]
    crew = crew_of([[Contract(ContractKind.DAY, rate_fen)]])
    wages = columns.compute(crew, np.array(punches), no_pieces(), Month(OCTOBER.first_day, OCTOBER.last_day, china()))

    assert [False] == wages.unsure.tolist()
    assert told(by_rules(crew, np.array(punches), no_pieces(), OCTOBER, 0))[0] == wages.items[0].tolist()


def test_shift_that_runs_on_for_weeks_after_the_month_is_left_to_the_rules():
    """Fifteen hours in, an hour out, for fifty days from the last of the month on: one shift."""
    begin = seconds_of(date(2026, 10, 31), "08:00")
    punches = [key(0, begin + n * 57_600 + part, is_in) for n in range(75) for part, is_in in ((0, IN), (54_000, OUT))]

    assert [True] == compute([DAY_WORKER], punches).unsure.tolist()


def test_nobody_earns_nothing():
    wages = compute([], [])

    assert (0, 0) == (len(wages.items), len(wages.day))


def test_who_has_no_punches_has_what_the_contract_says():
    """A month's contract: 3.75 days' pay of October's 21.75, which has 18 working days."""
    wages = compute([DAY_WORKER, [Contract(ContractKind.MONTH, 652_500)], [Contract(ContractKind.PIECE, 150, 160)]], [])

    assert [[0] * 5, [112_500, 0, 0, 0, 0], [0] * 5] == wages.items.tolist()
    assert [] == wages.flag.tolist()
