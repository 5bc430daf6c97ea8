"""WageEscrow.resolve: the bureau, or the arbiter after it, decides what is disputed.

├── the dispute is unknown, not yet answered, or decided → refused
├── the award is more than was asked → refused (all of it is good)
├── the words are not signed as they must be → refused: test_resolve_signatures.py
├── the arbiter's, within the bureau's window (its end included) → refused
├── the award is above what was admitted → the difference owed and paid, the rest freed
├── the award is not above what was admitted → nothing more is owed, nothing is taken back, the rest freed
├── there is not enough money, or the payee refuses it → owed, DisputePayoutFailed
└── the payout is the bank → counted as with the bank
"""

import pytest
from brownie import reverts

from .book_keeping import answered, assert_books, claimed, contested, dispute, hostile_site, resolved
from .building_site import (
    ANSWER_SECONDS,
    BUREAU_SECONDS,
    next_block_at,
    now,
    refusal,
    word,
)

ASKED_FEN = 100_000
CLAIMED, DECIDED = 1, 3


@pytest.fixture
def contest(site, crew):
    """The passkey's worker asks 100,000 fen beyond the posted amount, which is paid; money enough is left."""
    sheet = site.posted(crew[:1])
    site.fund(sheet.total_fen + ASKED_FEN)
    return contested(site, crew[0], sheet, 0, claimed_fen=sheet.total_fen + ASKED_FEN)


@pytest.fixture
def claim(site, crew):
    """An unanswered claim of the wallet's worker."""
    return claimed(site, crew[1], amount_fen=ASKED_FEN)


def standing(site, dispute_id):
    """Granted, paid and state."""
    return tuple(dispute(site, dispute_id)[name] for name in ("granted", "paid", "state"))


# ---------------------------------------------------------------- the award


def test_the_award_is_paid_and_the_rest_freed(site, token, crew, bureau, contest):
    told = resolved(site, contest, 60_000)

    assert ASKED_FEN + 60_000 == token.balanceOf(crew[0].payout)
    assert (60_000, 60_000, DECIDED) == standing(site, contest)
    assert_books(site, funded=40_000)
    assert {"disputeId": contest, "by": bureau, "granted": 60_000, "orderHash": "0x" + word("order").hex()} == dict(
        told.events["Resolved"]
    )
    assert {
        "disputeId": contest, "workerId": "0x" + crew[0].worker_id.hex(), "payout": crew[0].payout, "amount": 60_000,
        "assurance": crew[0].assurance,
    } == dict(told.events["DisputePaid"])  # fmt: skip


def test_anyone_may_relay_it(site, escrow, token, crew, contest, stranger):
    escrow.resolve(*site.resolution(contest, 60_000), {"from": stranger})

    assert (0, ASKED_FEN + 60_000) == (token.balanceOf(stranger), token.balanceOf(crew[0].payout))


def test_all_that_was_asked_can_be_awarded(site, contest):
    resolved(site, contest, ASKED_FEN)

    assert (ASKED_FEN, ASKED_FEN, DECIDED) == standing(site, contest)
    assert_books(site)


def test_nothing_can_be_awarded(site, contest):
    told = resolved(site, contest, 0)

    assert (0, 0, DECIDED) == standing(site, contest)
    assert "DisputePaid" not in told.events
    assert_books(site, funded=ASKED_FEN)


def test_more_than_was_asked_cannot_be_awarded(site, contest):
    with reverts(refusal("Escrow_BadAmount", ASKED_FEN + 1, 0, ASKED_FEN)):
        resolved(site, contest, ASKED_FEN + 1)


def test_what_was_admitted_counts_towards_the_award(site, token, crew, contest):
    answered(site, contest, 25_000)

    told = resolved(site, contest, 60_000)

    assert 35_000 == told.events["DisputePaid"]["amount"]
    assert ASKED_FEN + 60_000 == token.balanceOf(crew[0].payout)
    assert_books(site, funded=40_000)


@pytest.mark.parametrize("award_fen", [0, 24_999, 25_000])
def test_an_award_below_the_admission_takes_nothing_back(site, token, crew, contest, award_fen):
    answered(site, contest, 25_000)

    told = resolved(site, contest, award_fen)

    assert 25_000 == told.events["Resolved"]["granted"]
    assert "DisputePaid" not in told.events
    assert ASKED_FEN + 25_000 == token.balanceOf(crew[0].payout)
    assert_books(site, funded=75_000)


def test_admitting_a_fen_first_does_not_undo_the_bureaus_signature(site, escrow, token, crew, contest, relayer):
    order = site.resolution(contest, 60_000)
    answered(site, contest, 1)

    escrow.resolve(*order, {"from": relayer})

    assert ASKED_FEN + 60_000 == token.balanceOf(crew[0].payout)


def test_an_admission_above_the_signed_award_stays(site, escrow, contest, relayer):
    order = site.resolution(contest, 10_000)
    answered(site, contest, 25_000)

    escrow.resolve(*order, {"from": relayer})

    assert (25_000, 25_000, DECIDED) == standing(site, contest)


def test_an_answered_claim_is_resolved_like_a_contest(site, token, crew, claim):
    site.fund(ASKED_FEN)
    answered(site, claim, 25_000)

    resolved(site, claim, 60_000)

    assert 60_000 == token.balanceOf(crew[1].payout)
    assert_books(site, funded=40_000)


def test_resolving_one_dispute_leaves_the_other(site, contest, claim):
    answered(site, claim, 0)

    resolved(site, contest, 60_000)

    assert_books(site, funded=40_000, contested=ASKED_FEN)


# ---------------------------------------------------------------- money short, payee refused, bank


def test_an_award_counts_though_no_money_is_there(site, crew):
    sheet = site.posted(crew[:1])
    contest = contested(site, crew[0], sheet, 0, claimed_fen=sheet.total_fen + ASKED_FEN)

    told = resolved(site, contest, 60_000)

    assert 60_000 == told.events["DisputePayoutFailed"]["amount"]
    assert (60_000, 0, DECIDED) == standing(site, contest)
    assert_books(site, owed=sheet.total_fen + 60_000)


def test_an_unpaid_admission_is_paid_with_the_award(site, token, crew, claim):
    answered(site, claim, 25_000)
    site.fund(60_000)

    resolved(site, claim, 60_000)

    assert 60_000 == token.balanceOf(crew[1].payout)
    assert_books(site)


def test_an_unpaid_admission_is_paid_by_a_decision_that_awards_no_more(site, token, crew, claim):
    answered(site, claim, 25_000)
    site.fund(25_000)

    resolved(site, claim, 0)

    assert 25_000 == token.balanceOf(crew[1].payout)
    assert_books(site)


@pytest.mark.parametrize("refuses", ["reverts", "returns false"])
def test_a_refused_payee_leaves_the_award_owed(open_site, BlockingToken, RefusingToken, crew, admin, relayer, refuses):
    container, switch = {"reverts": (BlockingToken, "setBlocked"), "returns false": (RefusingToken, "setRefused")}[refuses]
    site = hostile_site(open_site, admin, relayer, container, crew[0])
    site.fund(ASKED_FEN)
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    answered(site, claim, 0)
    getattr(site.token, switch)(crew[0].payout, {"from": admin})

    told = resolved(site, claim, 60_000)

    assert 60_000 == told.events["DisputePayoutFailed"]["amount"]
    assert (60_000, 0, DECIDED) == standing(site, claim)
    assert_books(site, funded=ASKED_FEN, owed=60_000)


def test_a_token_that_calls_back_pays_an_award_once(open_site, ReenteringToken, crew, admin, relayer):
    site = hostile_site(open_site, admin, relayer, ReenteringToken, *crew[:2])
    site.fund(2 * ASKED_FEN)
    disputes = [claimed(site, worker, amount_fen=ASKED_FEN) for worker in crew[:2]]
    for each in disputes:
        answered(site, each, 0)
    site.token.setCallback(site.escrow.resolve.encode_input(*site.resolution(disputes[1], 60_000)), {"from": admin})

    resolved(site, disputes[0], 60_000)

    assert "0x3ee5aeb5" == str(site.token.answer())  # ReentrancyGuardReentrantCall()
    assert (60_000, 0) == (site.token.balanceOf(crew[0].payout), site.token.balanceOf(crew[1].payout))
    assert_books(site, funded=140_000, contested=ASKED_FEN)


def test_wages_paid_by_the_bank_are_counted_as_with_it(site, token, bank_crew):
    site.fund(ASKED_FEN)
    claim = claimed(site, bank_crew[0], amount_fen=ASKED_FEN)
    answered(site, claim, 25_000)

    resolved(site, claim, 60_000)

    assert 60_000 == token.balanceOf(site.bank_payout)
    assert (60_000, now()) == tuple(dispute(site, claim)[name] for name in ("banked", "bankedAt"))


# ---------------------------------------------------------------- what can be resolved


def test_an_unknown_dispute_is_refused(site):
    with reverts(refusal("Escrow_UnknownDispute", 0)):
        resolved(site, 0, 0)


def test_a_claim_must_be_answered_first(site, claim):
    """The bureau cannot take the answer from the contractor, nor the standing from the worker."""
    with reverts(refusal("Escrow_WrongState", claim, CLAIMED)):
        resolved(site, claim, 0)


def test_an_unanswered_claim_cannot_be_resolved_after_its_window_either(site, escrow, claim, relayer):
    order = site.resolution(claim, 0)

    next_block_at(dispute(site, claim)["since"] + ANSWER_SECONDS + 1)
    with reverts(refusal("Escrow_WrongState", claim, CLAIMED)):
        escrow.resolve(*order, {"from": relayer})


def test_the_same_words_do_nothing_twice(site, escrow, contest, relayer):
    order = site.resolution(contest, 60_000)
    escrow.resolve(*order, {"from": relayer})

    with reverts(refusal("Escrow_WrongState", contest, DECIDED)):
        escrow.resolve(*order, {"from": relayer})
    assert_books(site, funded=40_000)


def test_a_decision_is_final(site, contest):
    resolved(site, contest, 0)

    with reverts(refusal("Escrow_WrongState", contest, DECIDED)):
        resolved(site, contest, ASKED_FEN)


def test_what_the_contractor_admitted_whole_needs_no_decision(site, contest):
    answered(site, contest, ASKED_FEN)

    with reverts(refusal("Escrow_WrongState", contest, DECIDED)):
        resolved(site, contest, 0)


# ---------------------------------------------------------------- the arbiter


@pytest.mark.parametrize("before_end", [BUREAU_SECONDS - 5, 1, 0], ids=["at once", "a second before", "at the end"])
def test_the_arbiter_waits_for_the_bureau(site, escrow, contest, relayer, before_end):
    until = dispute(site, contest)["since"] + BUREAU_SECONDS
    order = site.resolution(contest, 60_000, signer=site.arbiter)

    next_block_at(until - before_end)
    with reverts(refusal("Escrow_WindowOpen", until, until - before_end)):
        escrow.resolve(*order, {"from": relayer})


def test_after_the_bureaus_silence_the_arbiter_decides(site, escrow, arbiter, token, crew, contest, relayer):
    order = site.resolution(contest, 60_000, signer=site.arbiter)

    next_block_at(dispute(site, contest)["since"] + BUREAU_SECONDS + 1)
    told = escrow.resolve(*order, {"from": relayer})

    assert arbiter == told.events["Resolved"]["by"]
    assert ASKED_FEN + 60_000 == token.balanceOf(crew[0].payout)
    assert_books(site, funded=40_000)


def test_the_bureau_may_still_decide_after_its_window(site, escrow, bureau, contest, relayer):
    order = site.resolution(contest, 60_000)

    next_block_at(dispute(site, contest)["since"] + BUREAU_SECONDS + 1)

    assert bureau == escrow.resolve(*order, {"from": relayer}).events["Resolved"]["by"]


def test_the_bureaus_clock_on_a_claim_runs_from_the_answer(site, escrow, claim, relayer):
    order = site.resolution(claim, 0, signer=site.arbiter)
    next_block_at(dispute(site, claim)["since"] + ANSWER_SECONDS)
    answered(site, claim, 0)
    until = now() + BUREAU_SECONDS

    next_block_at(until)
    with reverts(refusal("Escrow_WindowOpen", until, until)):
        escrow.resolve(*order, {"from": relayer})


def test_answering_again_does_not_hold_the_arbiter_off(site, escrow, arbiter, contest, relayer):
    """Else the contractor could keep a dispute open for ever, a fen at a time."""
    order = site.resolution(contest, 60_000, signer=site.arbiter)
    until = dispute(site, contest)["since"] + BUREAU_SECONDS
    admission = site.answer(contest, 1, deadline=until)
    next_block_at(until)
    escrow.answer(*admission, {"from": relayer})

    next_block_at(until + 1)

    assert arbiter == escrow.resolve(*order, {"from": relayer}).events["Resolved"]["by"]


def test_the_first_decision_counts(site, escrow, contest, relayer):
    by_arbiter = site.resolution(contest, ASKED_FEN, signer=site.arbiter)
    next_block_at(dispute(site, contest)["since"] + BUREAU_SECONDS + 1)
    resolved(site, contest, 10_000)

    with reverts(refusal("Escrow_WrongState", contest, DECIDED)):
        escrow.resolve(*by_arbiter, {"from": relayer})
