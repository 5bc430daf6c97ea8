"""WageEscrow.answer: the contractor admits a part, which is paid now; the rest is the bureau's.

├── the dispute is unknown, or decided → refused
├── a claim, after the answer window (at its end: still good) → refused
├── less than before, the same as before, or more than was asked → refused
├── the words are not signed as they must be → refused: test_answer_signatures.py
├── a claim, nothing admitted → contested; the bureau's clock starts
├── a claim, a part admitted → contested, that part paid
├── a contested dispute, more admitted → the difference paid; the bureau's clock goes on as it ran
├── everything admitted → decided
├── there is not enough money, or the payee refuses it → owed, DisputePayoutFailed
└── the payout is the bank → counted as with the bank
"""

import pytest
from brownie import reverts

from .book_keeping import answered, assert_books, claimed, contested, dispute, hostile_site, resolved, wait_until
from .building_site import (
    ANSWER_SECONDS,
    BUREAU_SECONDS,
    DAY_SECONDS,
    next_block_at,
    now,
    refusal,
    word,
)

ASKED_FEN = 100_000
CONTESTED, DECIDED = 2, 3


@pytest.fixture
def claim(site, crew):
    """A claim of the passkey's worker, with money enough."""
    site.fund(10 * ASKED_FEN)
    return claimed(site, crew[0], amount_fen=ASKED_FEN)


@pytest.fixture
def contest(site, crew):
    """The passkey's worker asks 100,000 fen beyond the posted amount, which is paid; money enough is left."""
    sheet = site.posted(crew[:1])
    site.fund(sheet.total_fen + 10 * ASKED_FEN)
    return contested(site, crew[0], sheet, 0, claimed_fen=sheet.total_fen + ASKED_FEN)


def standing(site, dispute_id):
    """Granted, paid and state."""
    return tuple(dispute(site, dispute_id)[name] for name in ("granted", "paid", "state"))


# ---------------------------------------------------------------- a claim is answered


def test_the_admitted_part_is_paid_and_the_rest_contested(site, token, crew, claim):
    told = answered(site, claim, 30_000)

    assert 30_000 == token.balanceOf(crew[0].payout)
    assert (30_000, 30_000, CONTESTED) == standing(site, claim)
    assert_books(site, funded=970_000, contested=70_000)
    assert {"disputeId": claim, "admitted": 30_000, "evidenceHash": "0x" + word("counter-evidence").hex()} == dict(
        told.events["Answered"]
    )
    assert {
        "disputeId": claim, "workerId": "0x" + crew[0].worker_id.hex(), "payout": crew[0].payout, "amount": 30_000,
        "assurance": crew[0].assurance,
    } == dict(told.events["DisputePaid"])  # fmt: skip


def test_anyone_may_relay_it(site, escrow, token, crew, claim, stranger):
    escrow.answer(*site.answer(claim, 30_000), {"from": stranger})

    assert (0, 30_000) == (token.balanceOf(stranger), token.balanceOf(crew[0].payout))


def test_admitting_nothing_hands_the_claim_to_the_bureau(site, claim):
    told = answered(site, claim, 0)

    assert (0, 0, CONTESTED) == standing(site, claim)
    assert "DisputePaid" not in told.events
    assert_books(site, funded=1_000_000, contested=ASKED_FEN)


def test_the_bureaus_clock_starts_with_the_first_answer(site, claim):
    next_block_at(now() + 3 * DAY_SECONDS)
    answered(site, claim, 0)

    assert now() == dispute(site, claim)["since"]


def test_admitting_everything_decides_it(site, token, crew, claim):
    answered(site, claim, ASKED_FEN)

    assert (ASKED_FEN, ASKED_FEN, DECIDED) == standing(site, claim)
    assert ASKED_FEN == token.balanceOf(crew[0].payout)
    assert_books(site, funded=900_000)


def test_an_admission_counts_though_no_money_is_there(site, crew):
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)

    told = answered(site, claim, 30_000)

    assert (30_000, 0, CONTESTED) == standing(site, claim)
    assert {
        "disputeId": claim, "workerId": "0x" + crew[0].worker_id.hex(), "payout": crew[0].payout, "amount": 30_000,
    } == dict(told.events["DisputePayoutFailed"])  # fmt: skip
    assert_books(site, owed=30_000, contested=70_000)


def test_a_fen_too_little_pays_nothing_and_keeps_it_owed(site, token, crew):
    """An admission is paid whole or not at all; what is there stays for whoever it suffices for."""
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    site.fund(29_999)

    answered(site, claim, 30_000)

    assert 0 == token.balanceOf(crew[0].payout)
    assert_books(site, funded=29_999, owed=30_000, contested=70_000)


def test_the_last_fen_pays_an_admission(site, token, crew):
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    site.fund(30_000)

    answered(site, claim, 30_000)

    assert 30_000 == token.balanceOf(crew[0].payout)
    assert_books(site, contested=70_000)


def test_what_could_not_be_paid_before_is_paid_with_a_further_admission(site, token, crew):
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    answered(site, claim, 30_000)
    site.fund(40_000)

    told = answered(site, claim, 40_000)

    assert 40_000 == told.events["DisputePaid"]["amount"]
    assert 40_000 == token.balanceOf(crew[0].payout)
    assert_books(site, contested=60_000)


def test_wages_paid_by_the_bank_are_counted_as_with_it(site, token, bank_crew):
    site.fund(ASKED_FEN)
    claim = claimed(site, bank_crew[0], amount_fen=ASKED_FEN)

    answered(site, claim, 30_000)

    assert 30_000 == token.balanceOf(site.bank_payout)
    assert (30_000, now()) == tuple(dispute(site, claim)[name] for name in ("banked", "bankedAt"))


@pytest.mark.parametrize("refuses", ["reverts", "returns false"])
def test_a_refused_payee_leaves_the_admission_owed(open_site, BlockingToken, RefusingToken, crew, admin, relayer, refuses):
    container, switch = {"reverts": (BlockingToken, "setBlocked"), "returns false": (RefusingToken, "setRefused")}[refuses]
    site = hostile_site(open_site, admin, relayer, container, crew[0])
    site.fund(ASKED_FEN)
    getattr(site.token, switch)(crew[0].payout, {"from": admin})
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)

    told = answered(site, claim, 30_000)

    assert 30_000 == told.events["DisputePayoutFailed"]["amount"]
    assert (30_000, 0, CONTESTED) == standing(site, claim)
    assert_books(site, funded=ASKED_FEN, owed=30_000, contested=70_000)


def test_a_token_that_calls_back_pays_an_admission_once(open_site, ReenteringToken, crew, admin, relayer):
    site = hostile_site(open_site, admin, relayer, ReenteringToken, crew[0])
    site.fund(ASKED_FEN)
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    again = site.escrow.answer.encode_input(*site.answer(claim, 60_000))
    site.token.setCallback(again, {"from": admin})

    answered(site, claim, 30_000)

    assert "0x3ee5aeb5" == str(site.token.answer())  # ReentrancyGuardReentrantCall()
    assert 30_000 == site.token.balanceOf(crew[0].payout)
    assert_books(site, funded=70_000, contested=70_000)


# ---------------------------------------------------------------- the answer window


def test_a_claim_may_be_answered_until_the_window_ends(site, escrow, claim, relayer):
    until = dispute(site, claim)["since"] + ANSWER_SECONDS
    words = site.answer(claim, 30_000)

    next_block_at(until)
    escrow.answer(*words, {"from": relayer})

    assert (30_000, 30_000, CONTESTED) == standing(site, claim)


def test_a_second_later_the_answer_is_too_late(site, escrow, claim, relayer):
    """Though nobody has yet released the claim that stands."""
    until = dispute(site, claim)["since"] + ANSWER_SECONDS
    words = site.answer(claim, 0)

    next_block_at(until + 1)
    with reverts(refusal("Escrow_WindowOver", until, until + 1)):
        escrow.answer(*words, {"from": relayer})


def test_a_contested_remainder_may_be_admitted_at_any_time_before_the_decision(site, contest):
    wait_until(dispute(site, contest)["since"] + BUREAU_SECONDS + ANSWER_SECONDS)

    answered(site, contest, 30_000)

    assert (30_000, 30_000, CONTESTED) == standing(site, contest)


def test_an_answered_claim_may_be_admitted_further_after_the_answer_window(site, claim):
    answered(site, claim, 0)
    next_block_at(dispute(site, claim)["since"] + 2 * ANSWER_SECONDS)

    answered(site, claim, 30_000)

    assert (30_000, 30_000, CONTESTED) == standing(site, claim)


# ---------------------------------------------------------------- admitting more


def test_a_further_admission_pays_the_difference(site, token, crew, claim):
    answered(site, claim, 30_000)

    told = answered(site, claim, 50_000)

    assert 20_000 == told.events["DisputePaid"]["amount"]
    assert 50_000 == token.balanceOf(crew[0].payout)
    assert_books(site, funded=950_000, contested=50_000)


def test_a_further_admission_does_not_restart_the_bureaus_clock(site, claim):
    answered(site, claim, 0)
    since = dispute(site, claim)["since"]
    next_block_at(since + BUREAU_SECONDS)

    answered(site, claim, 1)

    assert since == dispute(site, claim)["since"]


def test_an_admission_does_not_restart_the_clock_of_a_contest(site, contest):
    since = dispute(site, contest)["since"]
    next_block_at(since + BUREAU_SECONDS)

    answered(site, contest, 1)

    assert since == dispute(site, contest)["since"]


def test_the_whole_remainder_of_a_contest_can_be_admitted(site, token, crew, contest):
    answered(site, contest, ASKED_FEN)

    assert (ASKED_FEN, ASKED_FEN, DECIDED) == standing(site, contest)
    assert 2 * ASKED_FEN == token.balanceOf(crew[0].payout)
    assert_books(site, funded=900_000)


def test_the_whole_rest_of_an_answered_claim_can_be_admitted(site, claim):
    answered(site, claim, 30_000)

    answered(site, claim, ASKED_FEN)

    assert (ASKED_FEN, ASKED_FEN, DECIDED) == standing(site, claim)
    assert_books(site, funded=900_000)


@pytest.mark.parametrize("admitted_fen", [0, 30_000])
def test_the_same_words_do_nothing_twice(site, escrow, claim, relayer, admitted_fen):
    words = site.answer(claim, admitted_fen)
    escrow.answer(*words, {"from": relayer})

    with reverts(refusal("Escrow_BadAmount", admitted_fen, admitted_fen + 1, ASKED_FEN)):
        escrow.answer(*words, {"from": relayer})


def test_an_admission_is_not_taken_back(site, claim):
    answered(site, claim, 30_000)

    with reverts(refusal("Escrow_BadAmount", 29_999, 30_001, ASKED_FEN)):
        answered(site, claim, 29_999)


def test_more_than_was_asked_cannot_be_admitted(site, claim):
    """The contractor cannot move money to a worker's payout beyond what is disputed."""
    with reverts(refusal("Escrow_BadAmount", ASKED_FEN + 1, 0, ASKED_FEN)):
        answered(site, claim, ASKED_FEN + 1)


def test_nothing_is_no_answer_to_a_contest(site, contest):
    with reverts(refusal("Escrow_BadAmount", 0, 1, ASKED_FEN)):
        answered(site, contest, 0)


# ---------------------------------------------------------------- what cannot be answered


def test_an_unknown_dispute_is_refused(site):
    with reverts(refusal("Escrow_UnknownDispute", 0)):
        answered(site, 0, 0)


def test_an_admitted_dispute_is_decided(site, claim):
    answered(site, claim, ASKED_FEN)

    with reverts(refusal("Escrow_WrongState", claim, DECIDED)):
        answered(site, claim, ASKED_FEN)


def test_a_resolved_dispute_is_decided(site, contest):
    resolved(site, contest, 0)

    with reverts(refusal("Escrow_WrongState", contest, DECIDED)):
        answered(site, contest, 1)


def test_a_standing_claim_is_decided(site, escrow, claim, relayer):
    next_block_at(dispute(site, claim)["since"] + ANSWER_SECONDS + 1)
    escrow.releaseStanding(claim, {"from": relayer})

    with reverts(refusal("Escrow_WrongState", claim, DECIDED)):
        answered(site, claim, 0)


# ---------------------------------------------------------------- where the admission goes


def test_an_admission_goes_to_the_payout_that_is_registered_now(site, registry, token, crew, claim, stranger, relayer):
    registry.proposePayout(*site.payout_change(crew[0], stranger.address), {"from": relayer})
    next_block_at(now() + 7 * DAY_SECONDS - 3_600)
    answered(site, claim, 10_000)
    next_block_at(now() + DAY_SECONDS)
    registry.applyPayout(crew[0].worker_id, {"from": relayer})

    answered(site, claim, 30_000)

    assert (10_000, 20_000) == (token.balanceOf(crew[0].payout), token.balanceOf(stranger))


def test_two_disputes_of_one_worker_are_kept_apart(site, token, crew, claim):
    other = claimed(site, crew[0], amount_fen=50_000, first_day=20_200)

    answered(site, other, 20_000)

    assert (0, 0, 1) == standing(site, claim)
    assert 20_000 == token.balanceOf(crew[0].payout)
    assert_books(site, funded=980_000, contested=130_000)


def test_the_worker_of_another_dispute_gets_nothing(site, token, crew, claim):
    claimed(site, crew[1], amount_fen=50_000)

    answered(site, claim, 30_000)

    assert (30_000, 0) == (token.balanceOf(crew[0].payout), token.balanceOf(crew[1].payout))
