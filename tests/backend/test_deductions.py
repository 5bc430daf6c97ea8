"""What may be taken from a wage, how far, and what labour service is taxed.

Branches: tax vectors · half up · month so far · loss limits, both sides · several losses · order · advance beyond the wage ·
back pay · no minimum known · paydays.
"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.payroll.calendar import china
from anxin.payroll.deductions import (
    BackPay,
    Claim,
    DeductionKind,
    MonthSoFar,
    labour_service_tax_fen,
    loss_limit_fen,
    net,
)
from anxin.payroll.errors import BadPeriod
from anxin.payroll.periods import check_period, payday_after

MINIMUM = 233_000


def claim(kind, amount_fen, entry=1):
    return Claim(entry, DeductionKind(kind), amount_fen, "为什么")


@pytest.mark.parametrize(
    ("income_yuan", "tax_yuan"),
    [(800, 0), (4_000, 640), (10_000, 1_600), (25_000, 4_000), (30_000, 5_200), (62_500, 13_000), (80_000, 18_600)],
)
def test_labour_service_is_taxed_as_the_table_says(income_yuan, tax_yuan):
    assert tax_yuan * 100 == labour_service_tax_fen(income_yuan * 100)


@pytest.mark.parametrize(
    ("income_fen", "tax_fen"), [(80_002, 0), (80_003, 1), (80_007, 1), (80_008, 2)], ids=["0.4", "0.6", "1.4", "1.6"]
)
def test_tax_is_rounded_half_up(income_fen, tax_fen):
    assert tax_fen == labour_service_tax_fen(income_fen)


def test_labour_service_that_goes_on_is_taxed_by_the_month():
    first = net(300_000, labour_service=MonthSoFar())
    second = net(700_000, labour_service=MonthSoFar(300_000, first.tax.amount_fen))

    assert (44_000, 116_000) == (first.tax.amount_fen, second.tax.amount_fen)
    assert labour_service_tax_fen(1_000_000) == first.tax.amount_fen + second.tax.amount_fen


def test_employees_are_not_taxed_here():
    assert net(1_000_000).tax is None


@pytest.mark.parametrize(
    ("wage_fen", "limit_fen"),
    [(500_000, 100_000), (291_250, 58_250), (291_249, 58_249), (233_001, 1), (233_000, 0), (100_000, 0)],
    ids=["a fifth", "both alike", "down to the minimum", "one fen", "at the minimum", "below it"],
)
def test_loss_is_recovered_to_a_fifth_and_down_to_the_minimum_wage(wage_fen, limit_fen):
    assert limit_fen == loss_limit_fen(wage_fen, wage_fen, MINIMUM)


def test_a_fifth_is_rounded_down():
    assert loss_limit_fen(500_004, 500_004, MINIMUM) == 100_000


def test_no_more_than_the_loss_is_taken():
    assert net(500_000, claims=[claim("loss-recovery", 700)], minimum_month_fen=MINIMUM).amount_fen == 499_300


def test_several_losses_share_one_fifth():
    taken = net(500_000, claims=[claim("loss-recovery", 80_000, n) for n in (1, 2)], minimum_month_fen=MINIMUM).taken

    assert [80_000, 20_000] == [each.amount_fen for each in taken]


def test_other_deductions_come_before_a_loss_and_leave_it_less():
    claims = [claim("loss-recovery", 90_000), claim("advance", 250_000)]

    taken = net(500_000, claims=claims, minimum_month_fen=MINIMUM).taken

    assert [("advance", 250_000), ("loss-recovery", 17_000)] == [(each.claim.kind, each.amount_fen) for each in taken]


def test_where_no_minimum_is_known_no_loss_is_recovered():
    assert net(500_000, claims=[claim("loss-recovery", 90_000)]).amount_fen == 500_000


def test_advance_takes_what_there_is_and_no_more():
    left = net(50_000, claims=[claim("advance", 80_000)])

    assert (50_000, 0) == (left.taken[0].amount_fen, left.amount_fen)


def test_back_pay_is_added_and_raises_no_limit():
    owed = BackPay(9, date(2026, 8, 1), date(2026, 8, 31), 300_000, "八月少发")

    left = net(300_000, back_pay=[owed], claims=[claim("loss-recovery", 90_000)], minimum_month_fen=MINIMUM)

    assert (60_000, 540_000) == (left.taken[0].amount_fen, left.amount_fen)


@given(
    st.integers(0, 10_000_000),
    st.lists(st.tuples(st.sampled_from(list(DeductionKind)), st.integers(1, 5_000_000)), max_size=6),
    st.none() | st.integers(1, 400_000),
    st.booleans(),
)
def test_whatever_is_claimed_nobody_pays_to_work(gross_fen, claims, minimum_fen, is_service):
    left = net(
        gross_fen, claims=[Claim(n, kind, fen, "") for n, (kind, fen) in enumerate(claims)],
        minimum_month_fen=minimum_fen, labour_service=MonthSoFar() if is_service else None,
    )  # fmt: skip

    losses = sum(each.amount_fen for each in left.taken if each.claim.kind is DeductionKind.LOSS_RECOVERY)
    assert 0 <= left.amount_fen <= gross_fen
    assert losses * 5 <= gross_fen
    assert losses == 0 or left.amount_fen >= minimum_fen


@pytest.mark.parametrize(
    ("last_day", "day_of_month", "payday"),
    [
        (date(2026, 10, 31), None, date(2026, 11, 13)),  # the 15th is a Sunday
        (date(2026, 8, 31), 30, date(2026, 9, 30)),
        (date(2026, 9, 30), 1, date(2026, 9, 30)),  # 1 October: before the holiday, not after it
        (date(2026, 1, 31), 31, date(2026, 2, 28)),  # a Saturday that is worked
        (date(2026, 1, 31), 18, date(2026, 2, 14)),  # Spring Festival
    ],
    ids=["Sunday", "working day", "National Day", "short month", "Spring Festival"],
)
def test_payday_is_moved_before_days_off(last_day, day_of_month, payday):
    assert payday == payday_after(last_day, day_of_month, china())


@pytest.mark.parametrize(("days", "is_good"), [(-1, False), (0, True), (31, True), (32, False)])
def test_period_fits_a_lines_day_mask(days, is_good):
    first = date(2026, 10, 1)
    last = date.fromordinal(first.toordinal() + days)
    if is_good:
        check_period(first, last)
    else:
        with pytest.raises(BadPeriod):
            check_period(first, last)
