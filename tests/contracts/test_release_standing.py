"""WageEscrow.releaseStanding: pays a claim nobody answered, or what a dispute granted and could not be paid before.

├── the dispute is unknown → refused
├── a claim within the answer window (its end included) → refused
├── contested or decided, and nothing granted is unpaid → refused
├── a claim after the window, whoever calls → all of it owed, ClaimStood; paid, DisputePaid
├── granted and unpaid → paid now, to the payout registered now; no second ClaimStood
├── there is not enough money for all of it → stays owed, DisputePayoutFailed
├── the payee refuses it → stays owed, DisputePayoutFailed; paid once it can be
└── the payout is the bank → counted as with the bank
"""

import pytest
from brownie import reverts

from .book_keeping import answered, assert_books, claimed, contested, dispute, hostile_site, resolved, wait_until
from .building_site import ANSWER_SECONDS, DAY_SECONDS, key_of, next_block_at, now, refusal

ASKED_FEN = 100_000
CONTESTED, DECIDED = 2, 3


@pytest.fixture
def claim(site, crew):
    """A claim of the passkey's worker; no money yet."""
    return claimed(site, crew[0], amount_fen=ASKED_FEN)


@pytest.fixture
def stand(site):
    """Let the answer window of a claim pass, and release it."""

    def stood(dispute_id, on=site):
        next_block_at(dispute(on, dispute_id)["since"] + ANSWER_SECONDS + 1)
        return on.escrow.releaseStanding(dispute_id, {"from": on.relayer})

    return stood


def standing(site, dispute_id):
    """Granted, paid and state."""
    return tuple(dispute(site, dispute_id)[name] for name in ("granted", "paid", "state"))


# ---------------------------------------------------------------- nobody answered


@pytest.mark.parametrize("place", range(3), ids=["passkey", "wallet", "device"])
def test_a_claim_nobody_answered_is_paid(site, token, crew, stand, place):
    site.fund(150_000)
    claim = claimed(site, crew[place], amount_fen=ASKED_FEN)

    told = stand(claim)

    assert ASKED_FEN == token.balanceOf(crew[place].payout)
    assert (ASKED_FEN, ASKED_FEN, DECIDED) == standing(site, claim)
    assert {"disputeId": claim} == dict(told.events["ClaimStood"])
    assert {
        "disputeId": claim, "workerId": "0x" + crew[place].worker_id.hex(), "payout": crew[place].payout,
        "amount": ASKED_FEN, "assurance": crew[place].assurance,
    } == dict(told.events["DisputePaid"])  # fmt: skip
    assert_books(site, funded=50_000)


def test_anyone_may_release_it(site, escrow, token, crew, claim, stranger):
    site.fund(ASKED_FEN)
    next_block_at(dispute(site, claim)["since"] + ANSWER_SECONDS + 1)

    escrow.releaseStanding(claim, {"from": stranger})

    assert (0, ASKED_FEN) == (token.balanceOf(stranger), token.balanceOf(crew[0].payout))


@pytest.mark.parametrize("before_end", [ANSWER_SECONDS - 5, 1, 0], ids=["at once", "a second before", "at the end"])
def test_within_the_answer_window_it_does_not_stand(site, escrow, claim, relayer, before_end):
    site.fund(ASKED_FEN)
    until = dispute(site, claim)["since"] + ANSWER_SECONDS

    next_block_at(until - before_end)
    with reverts(refusal("Escrow_WindowOpen", until, until - before_end)):
        escrow.releaseStanding(claim, {"from": relayer})


def test_an_answered_claim_does_not_stand(site, escrow, claim, relayer):
    answered(site, claim, 0)

    next_block_at(now() + 2 * ANSWER_SECONDS)
    with reverts(refusal("Escrow_NothingDue", claim)):
        escrow.releaseStanding(claim, {"from": relayer})
    assert_books(site, contested=ASKED_FEN)


def test_a_claim_stands_though_the_contractor_would_answer_late(site, escrow, claim, relayer, stand):
    """The two windows do not overlap: a late answer in the same block cannot get in first."""
    words = site.answer(claim, 0)
    until = dispute(site, claim)["since"] + ANSWER_SECONDS
    next_block_at(until + 1)
    with reverts(refusal("Escrow_WindowOver", until, until + 1)):
        escrow.answer(*words, {"from": relayer})

    escrow.releaseStanding(claim, {"from": relayer})

    assert (ASKED_FEN, 0, DECIDED) == standing(site, claim)


def test_a_contest_never_stands_by_itself(site, escrow, crew, relayer):
    """A contested remainder is the bureau's or the arbiter's to decide, however long it takes."""
    sheet = site.posted(crew)
    contest = contested(site, crew[0], sheet, 0, claimed_fen=200_000)

    next_block_at(now() + 365 * DAY_SECONDS)
    with reverts(refusal("Escrow_NothingDue", contest)):
        escrow.releaseStanding(contest, {"from": relayer})


# ---------------------------------------------------------------- money short


def test_a_claim_stands_though_no_money_is_there(site, claim, stand):
    told = stand(claim)

    assert (ASKED_FEN, 0, DECIDED) == standing(site, claim)
    assert "ClaimStood" in told.events
    assert ASKED_FEN == told.events["DisputePayoutFailed"]["amount"]
    assert_books(site, owed=ASKED_FEN)


def test_after_funding_it_is_paid_without_standing_again(site, escrow, token, crew, claim, relayer, stand):
    stand(claim)
    site.fund(ASKED_FEN)

    told = escrow.releaseStanding(claim, {"from": relayer})

    assert ASKED_FEN == token.balanceOf(crew[0].payout)
    assert ["DisputePaid"] == [event.name for event in told.events if event.address == escrow]
    assert_books(site)


def test_a_fen_too_little_pays_nothing(site, escrow, token, crew, claim, relayer, stand):
    stand(claim)
    site.fund(ASKED_FEN - 1)

    escrow.releaseStanding(claim, {"from": relayer})

    assert 0 == token.balanceOf(crew[0].payout)
    assert_books(site, funded=ASKED_FEN - 1, owed=ASKED_FEN)


@pytest.mark.parametrize("grant", [answered, resolved])
def test_what_was_granted_while_money_was_short_is_paid_after_funding(site, escrow, token, crew, relayer, grant):
    """Whether the contractor admitted it or the bureau awarded it."""
    sheet = site.posted(crew[:1])
    contest = contested(site, crew[0], sheet, 0, claimed_fen=sheet.total_fen + ASKED_FEN)
    grant(site, contest, 40_000)
    site.fund(40_000)

    escrow.releaseStanding(contest, {"from": relayer})

    assert 40_000 == token.balanceOf(crew[0].payout)
    left = ASKED_FEN - 40_000 if grant is answered else 0
    assert_books(site, owed=sheet.total_fen, contested=left)


def test_paying_an_admission_leaves_the_rest_contested(site, escrow, claim, relayer):
    answered(site, claim, 40_000)
    since = dispute(site, claim)["since"]
    site.fund(40_000)

    escrow.releaseStanding(claim, {"from": relayer})

    assert (40_000, 40_000, CONTESTED) == standing(site, claim)
    assert since == dispute(site, claim)["since"]


# ---------------------------------------------------------------- once


def test_it_is_paid_once(site, escrow, token, crew, claim, relayer, stand):
    site.fund(2 * ASKED_FEN)
    stand(claim)

    with reverts(refusal("Escrow_NothingDue", claim)):
        escrow.releaseStanding(claim, {"from": relayer})
    assert ASKED_FEN == token.balanceOf(crew[0].payout)


def test_a_decided_dispute_with_nothing_awarded_has_nothing_due(site, escrow, claim, relayer):
    answered(site, claim, 0)
    resolved(site, claim, 0)

    with reverts(refusal("Escrow_NothingDue", claim)):
        escrow.releaseStanding(claim, {"from": relayer})


def test_an_unknown_dispute_is_refused(escrow, relayer):
    with reverts(refusal("Escrow_UnknownDispute", 0)):
        escrow.releaseStanding(0, {"from": relayer})


def test_a_standing_claim_cannot_be_resolved_down(site, claim, stand):
    stand(claim)

    with reverts(refusal("Escrow_WrongState", claim, DECIDED)):
        resolved(site, claim, 0)


def test_a_token_that_calls_back_pays_a_standing_claim_once(open_site, ReenteringToken, crew, admin, relayer, stand):
    site = hostile_site(open_site, admin, relayer, ReenteringToken, crew[0])
    site.fund(2 * ASKED_FEN)
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    site.token.setCallback(site.escrow.releaseStanding.encode_input(claim), {"from": admin})

    stand(claim, site)

    assert "0x3ee5aeb5" == str(site.token.answer())  # ReentrancyGuardReentrantCall()
    assert ASKED_FEN == site.token.balanceOf(crew[0].payout)
    assert_books(site, funded=ASKED_FEN)


# ---------------------------------------------------------------- where it goes


def test_it_goes_to_the_payout_that_is_registered_now(site, escrow, registry, token, crew, claim, stranger, relayer, stand):
    stand(claim)
    registry.proposePayout(*site.payout_change(crew[0], stranger.address), {"from": relayer})
    next_block_at(now() + 7 * DAY_SECONDS)
    registry.applyPayout(crew[0].worker_id, {"from": relayer})
    site.fund(ASKED_FEN)

    escrow.releaseStanding(claim, {"from": relayer})

    assert (0, ASKED_FEN) == (token.balanceOf(crew[0].payout), token.balanceOf(stranger))


def test_a_new_key_does_not_lose_the_claim(site, token, crew, claim, stand):
    site.fund(ASKED_FEN)
    site.rotate(crew[0], key_of("device", 77))

    told = stand(claim)

    assert ASKED_FEN == token.balanceOf(crew[0].payout)
    assert 4 == told.events["DisputePaid"]["assurance"]


@pytest.mark.parametrize("refuses", ["reverts", "returns false"])
def test_a_refused_payee_is_paid_once_it_can_be(
    open_site, BlockingToken, RefusingToken, crew, admin, relayer, stand, refuses
):
    container, switch = {"reverts": (BlockingToken, "setBlocked"), "returns false": (RefusingToken, "setRefused")}[refuses]
    site = hostile_site(open_site, admin, relayer, container, crew[0])
    site.fund(ASKED_FEN)
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    getattr(site.token, switch)(crew[0].payout, {"from": admin})

    refused = stand(claim, site)
    assert ASKED_FEN == refused.events["DisputePayoutFailed"]["amount"]
    assert_books(site, funded=ASKED_FEN, owed=ASKED_FEN)

    getattr(site.token, switch)(admin, {"from": admin})
    site.escrow.releaseStanding(claim, {"from": relayer})
    assert ASKED_FEN == site.token.balanceOf(crew[0].payout)
    assert_books(site)


def test_wages_paid_by_the_bank_are_counted_as_with_it(site, token, bank_crew, stand):
    site.fund(ASKED_FEN)
    claim = claimed(site, bank_crew[0], amount_fen=ASKED_FEN)

    stand(claim)

    assert ASKED_FEN == token.balanceOf(site.bank_payout)
    assert (ASKED_FEN, now()) == tuple(dispute(site, claim)[name] for name in ("banked", "bankedAt"))


def test_a_failed_payment_to_the_bank_is_not_counted_as_with_it(site, bank_crew, stand):
    claim = claimed(site, bank_crew[0], amount_fen=ASKED_FEN)

    stand(claim)

    assert (0, 0) == tuple(dispute(site, claim)[name] for name in ("banked", "bankedAt"))


def test_a_bank_that_is_refused_holds_nothing(open_site, BlockingToken, admin, relayer, stand):
    site = hostile_site(open_site, admin, relayer, BlockingToken)
    worker = site.paid_by_bank(40)
    site.enrol(worker)
    site.join(worker)
    site.fund(ASKED_FEN)
    site.token.setBlocked(site.bank_payout, {"from": admin})
    claim = claimed(site, worker, amount_fen=ASKED_FEN)

    stand(claim, site)

    assert (0, 0) == tuple(dispute(site, claim)[name] for name in ("banked", "bankedAt"))
    assert_books(site, funded=ASKED_FEN, owed=ASKED_FEN)


def test_other_debts_do_not_stop_it(site, token, crew, claim, stand):
    """Whoever comes first is paid: a sheet that is owed takes no precedence."""
    sheet = site.posted(crew)
    site.fund(ASKED_FEN)

    stand(claim)

    assert ASKED_FEN == token.balanceOf(crew[0].payout)
    assert_books(site, owed=sheet.total_fen)


def test_a_long_forgotten_claim_still_stands(site, token, crew, claim, stand):
    wait_until(now() + 1_000 * DAY_SECONDS)
    site.fund(ASKED_FEN)

    site.escrow.releaseStanding(claim, {"from": site.relayer})

    assert ASKED_FEN == token.balanceOf(crew[0].payout)
