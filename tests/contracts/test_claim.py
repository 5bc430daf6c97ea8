"""WageEscrow.claim: the worker claims wages for days that no sheet has; the contractor's clock starts.

├── the worker has not joined → refused
├── nothing is claimed, no day, or more than dayCap × days → refused (the bound itself is good)
├── the last day is more than a day ahead of UTC → refused (a day ahead: a site's calendar)
├── the first day is more than ten years ago → refused (3,653 days: good)
├── the words are not signed as they must be → refused: test_claim_signatures.py
├── one of the days was claimed before, in a claim or in a contest → refused
└── else, whoever relays it → set aside, Claimed; no money moves
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .book_keeping import assert_books, claimed, contested, dispute
from .building_site import (
    DAY_CAP_FEN,
    DAY_SECONDS,
    TEN_DAYS,
    Worker,
    next_block_at,
    now,
    refusal,
    word,
)

BAD_SIGNATURE = refusal("Escrow_BadWorkerSignature", 0)
CLAIM_DAYS = 3_653  # ten years
BOUNDARY = 79 * 256  # a day at which the bitmap of claimed days begins a new word
CLAIMED_STATE = 1


@pytest.fixture(params=range(3), ids=["passkey", "wallet", "device"])
def worker(request, crew):
    return crew[request.param]


@pytest.fixture
def days(site, crew):
    """Claim a fen for these days of the device key's worker, or of another."""

    def claim(first_day, day_mask, worker=None):
        return claimed(site, worker or crew[2], amount_fen=1, first_day=first_day, day_mask=day_mask)

    return claim


# ---------------------------------------------------------------- a claim is recorded


def test_a_claim_is_set_aside_and_told(site, escrow, worker, stranger):
    words = site.claim(worker, amount_fen=120_000, first_day=20_100, day_mask=0b1011)

    told = escrow.claim(*words, {"from": stranger})

    assert {
        "disputeId": 0, "workerId": "0x" + worker.worker_id.hex(), "asked": 120_000, "firstDay": 20_100,
        "dayMask": 0b1011, "evidenceHash": "0x" + word("evidence").hex(),
    } == dict(told.events["Claimed"])  # fmt: skip
    assert_books(site, contested=120_000)


def test_a_dispute_remembers_who_asked_how_much_and_when(site, worker):
    told = dispute(site, claimed(site, worker, amount_fen=120_000))

    assert {
        "workerId": "0x" + worker.worker_id.hex(), "asked": 120_000, "granted": 0, "paid": 0, "since": now(),
        "state": CLAIMED_STATE, "assurance": worker.assurance, "banked": 0, "bankedAt": 0,
    } == {**told, "workerId": str(told["workerId"])}  # fmt: skip


def test_a_claim_moves_no_money(site, token, worker):
    site.fund(500_000)

    claimed(site, worker)

    assert 0 == token.balanceOf(worker.payout)
    assert_books(site, funded=500_000, contested=100_000)


def test_a_claim_counts_though_no_money_is_there(site, crew):
    sheet = site.posted(crew)

    claimed(site, crew[0])

    assert_books(site, owed=sheet.total_fen, contested=100_000)


def test_claims_are_numbered_with_the_contests(site, crew):
    sheet = site.posted(crew)

    ids = [claimed(site, crew[0]), contested(site, crew[1], sheet, 1, claimed_fen=200_000), claimed(site, crew[2])]

    assert [0, 1, 2] == ids
    assert 3 == site.escrow.disputeCount()


# ---------------------------------------------------------------- how much


def test_a_worker_who_has_not_joined_has_no_bound_to_claim_within(site, escrow, relayer):
    worker = Worker.named(50)
    site.enrol(worker)

    with reverts(refusal("Escrow_NotJoined", worker.worker_id)):
        escrow.claim(*site.claim(worker), {"from": relayer})


def test_nothing_cannot_be_claimed(site, escrow, crew, relayer):
    with reverts(refusal("Escrow_BadClaim", 0, 3 * DAY_CAP_FEN)):
        escrow.claim(*site.claim(crew[0], amount_fen=0), {"from": relayer})


def test_no_day_is_worth_nothing(site, escrow, crew, relayer):
    with reverts(refusal("Escrow_BadClaim", 1, 0)):
        escrow.claim(*site.claim(crew[0], amount_fen=1, day_mask=0), {"from": relayer})


@pytest.mark.parametrize("day_mask", [1, 0b111, 1 << 31, 0x8000_0001, 2**32 - 1])
def test_all_that_the_days_can_be_worth_can_be_claimed(site, crew, day_mask):
    bound_fen = DAY_CAP_FEN * day_mask.bit_count()

    claimed(site, crew[2], amount_fen=bound_fen, day_mask=day_mask)

    assert_books(site, contested=bound_fen)


@pytest.mark.parametrize("day_mask", [1, 0b111, 1 << 31, 0x8000_0001, 2**32 - 1])
def test_a_fen_more_than_the_days_can_be_worth_is_refused(site, escrow, crew, relayer, day_mask):
    bound_fen = DAY_CAP_FEN * day_mask.bit_count()

    with reverts(refusal("Escrow_BadClaim", bound_fen + 1, bound_fen)):
        escrow.claim(*site.claim(crew[2], amount_fen=bound_fen + 1, day_mask=day_mask), {"from": relayer})


def test_the_largest_amount_does_not_overflow(site, escrow, crew, relayer):
    with reverts(refusal("Escrow_BadClaim", 2**64 - 1, 3 * DAY_CAP_FEN)):
        escrow.claim(*site.claim(crew[2], amount_fen=2**64 - 1), {"from": relayer})


def test_the_largest_day_cap_does_not_overflow(site):
    worker = Worker.named(50)
    site.enrol(worker)
    site.join(worker, day_cap_fen=2**64 - 1)

    claimed(site, worker, amount_fen=2**64 - 1, day_mask=2**32 - 1)

    assert_books(site, contested=2**64 - 1)


# ---------------------------------------------------------------- when


@pytest.mark.parametrize("day_mask", [1, 0b1001, 1 << 31])
def test_a_day_ahead_of_utc_can_be_claimed(site, escrow, crew, relayer, day_mask):
    """East of Greenwich that day has begun."""
    midnight = (now() // DAY_SECONDS + 2) * DAY_SECONDS
    first_day = midnight // DAY_SECONDS + 1 - (day_mask.bit_length() - 1)
    words = site.claim(crew[2], amount_fen=1, first_day=first_day, day_mask=day_mask)

    next_block_at(midnight)
    escrow.claim(*words, {"from": relayer})

    assert_books(site, contested=1)


def test_two_days_ahead_of_utc_cannot_be_claimed(site, escrow, crew, relayer):
    """A second before midnight the same day is still two days ahead."""
    midnight = (now() // DAY_SECONDS + 2) * DAY_SECONDS
    last_day = midnight // DAY_SECONDS + 1
    words = site.claim(crew[2], amount_fen=1, first_day=last_day - 3, day_mask=0b1001)

    next_block_at(midnight - 1)
    with reverts(refusal("Escrow_FutureDay", last_day, last_day - 1)):
        escrow.claim(*words, {"from": relayer})


def test_the_end_of_time_does_not_overflow(site, escrow, crew, relayer):
    with reverts(refusal("Escrow_FutureDay", 2**32 - 1 + 31, now() // DAY_SECONDS + 1)):
        escrow.claim(*site.claim(crew[2], amount_fen=1, first_day=2**32 - 1, day_mask=1 << 31), {"from": relayer})


@pytest.mark.parametrize("day_mask", [1, 1 << 31], ids=["that day", "a day a month later"])
def test_a_day_ten_years_ago_can_be_claimed_to_its_last_second(site, escrow, crew, relayer, day_mask):
    midnight = (now() // DAY_SECONDS + 2) * DAY_SECONDS
    words = site.claim(crew[2], amount_fen=1, first_day=midnight // DAY_SECONDS - CLAIM_DAYS, day_mask=day_mask)

    next_block_at(midnight - 1)
    escrow.claim(*words, {"from": relayer})

    assert_books(site, contested=1)


def test_a_second_later_it_cannot(site, escrow, crew, relayer):
    midnight = (now() // DAY_SECONDS + 2) * DAY_SECONDS
    first_day = midnight // DAY_SECONDS - CLAIM_DAYS
    words = site.claim(crew[2], amount_fen=1, first_day=first_day, day_mask=1)

    next_block_at(midnight)
    with reverts(refusal("Escrow_DayTooOld", first_day, first_day + 1)):
        escrow.claim(*words, {"from": relayer})


@pytest.mark.parametrize("first_day", [0, 32, 10_000])
def test_nobody_claims_days_since_1970(site, escrow, crew, relayer, first_day):
    """Else one claim after the other could tie up more than any worker can have earned."""
    words = site.claim(crew[2], amount_fen=32 * DAY_CAP_FEN, first_day=first_day, day_mask=2**32 - 1)

    with reverts(refusal("Escrow_DayTooOld", first_day, now() // DAY_SECONDS + 1 - CLAIM_DAYS)):
        escrow.claim(*words, {"from": relayer})
    assert_books(site)


# ---------------------------------------------------------------- one day, once


def test_the_same_words_do_nothing_twice(site, escrow, crew, relayer):
    words = site.claim(crew[0])
    escrow.claim(*words, {"from": relayer})

    with reverts(refusal("Escrow_DayClaimed", crew[0].worker_id, 20_100, 0b111)):
        escrow.claim(*words, {"from": relayer})
    assert_books(site, contested=100_000)


@pytest.mark.parametrize(
    ("first_day", "day_mask"),
    [(20_100, 1), (20_103, 1), (20_098, 0b100), (20_099, 0b1_0010), (20_072, 1 << 31)],
    ids=["first", "last", "first from before", "last from before", "farthest"],
)
def test_one_day_in_common_is_refused(days, crew, first_day, day_mask):
    days(20_100, 0b1001)

    with reverts(refusal("Escrow_DayClaimed", crew[2].worker_id, first_day, day_mask)):
        days(first_day, day_mask)


def test_days_between_and_beside_are_free(site, days):
    days(20_100, 0b1001)

    days(20_101, 0b11)
    days(20_099, 0b1)
    days(20_104, 0b1)

    assert_books(site, contested=4)


def test_another_worker_may_claim_the_same_days(site, days, crew):
    days(20_100, 0b111, crew[0])

    days(20_100, 0b111, crew[1])

    assert_books(site, contested=2)


def test_the_same_day_at_another_project_is_another_day(site, open_site, token, crew, days):
    other = open_site(token, "another tower")
    other.join(crew[2])
    days(20_100, 0b111)

    claimed(other, crew[2], amount_fen=1)

    assert_books(other, contested=1)


@pytest.mark.parametrize("place", [BOUNDARY - 4, BOUNDARY - 1, BOUNDARY, BOUNDARY + 3])
def test_each_day_on_both_sides_of_a_words_edge_is_claimed_once(days, crew, place):
    """Eight days, four in each word."""
    days(BOUNDARY - 4, 0b1111_1111)

    with reverts(refusal("Escrow_DayClaimed", crew[2].worker_id, place, 1)):
        days(place, 1)


@pytest.mark.parametrize("place", [BOUNDARY - 5, BOUNDARY + 4])
def test_days_next_to_those_on_a_words_edge_are_free(site, days, place):
    days(BOUNDARY - 4, 0b1111_1111)

    days(place, 1)

    assert_books(site, contested=2)


@pytest.mark.parametrize("first_day", [BOUNDARY - 1, BOUNDARY, BOUNDARY - 31, BOUNDARY - 32])
def test_thirty_two_days_fit_wherever_the_words_edge_falls(site, days, crew, first_day):
    days(first_day, 2**32 - 1)

    days(first_day - 1, 1)
    days(first_day + 32, 1)
    for day in (first_day, first_day + 31):
        with reverts(refusal("Escrow_DayClaimed", crew[2].worker_id, day, 1)):
            days(day, 1)
    assert_books(site, contested=3)


def test_a_refusal_for_the_second_word_leaves_the_first_unmarked(site, days, crew):
    days(BOUNDARY, 1)
    with reverts(refusal("Escrow_DayClaimed", crew[2].worker_id, BOUNDARY - 1, 0b11)):
        days(BOUNDARY - 1, 0b11)

    days(BOUNDARY - 1, 1)

    assert_books(site, contested=2)


def test_a_contested_day_cannot_be_claimed(site, days, crew):
    sheet = site.posted(crew)
    contested(site, crew[2], sheet, 2, claimed_fen=200_000, claimed_days=TEN_DAYS | 1 << 15)

    for day in (20_000, 20_009, 20_015):
        with reverts(refusal("Escrow_DayClaimed", crew[2].worker_id, day, 1)):
            days(day, 1)
    assert 1 == days(20_010, 1)


def test_a_claimed_day_is_worth_nothing_in_a_contest(site, days, crew):
    sheet = site.posted(crew)
    days(20_009, 1)
    bound = 9 * site.escrow.dayCapOf(crew[2].worker_id)

    with reverts(refusal("Escrow_BadObjection", bound + 1, sheet.lines[2].amount_fen, bound)):
        site.contest(crew[2], sheet, 2, claimed_fen=bound + 1)


def test_a_contest_across_a_words_edge_marks_both_words(site, days, crew):
    sheet = replace(site.sheet(crew), header=(BOUNDARY - 5, BOUNDARY + 25, BOUNDARY + 40, word("rules"), word("terms")))
    site.post(sheet)
    contested(site, crew[2], sheet, 2, claimed_fen=200_000)

    for day in (BOUNDARY - 1, BOUNDARY):
        with reverts(refusal("Escrow_DayClaimed", crew[2].worker_id, day, 1)):
            days(day, 1)
    assert 1 == days(BOUNDARY + 5, 1)
