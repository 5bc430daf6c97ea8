"""BankPayout.returnDispute and returnUnsettledDispute: what the bank did not pay of a dispute is owed again.

├── the caller of returnDispute is not the bank → refused
├── returnUnsettledDispute before 30 days of something being with the bank have passed (their end included) → refused
├── the dispute is unknown, or nothing of it is with the bank: unpaid, settled, returned → refused
└── else → DisputeReturned; the money is funded and owed again, payable to the payout registered then
"""

import pytest
from brownie import reverts

from .book_keeping import answered, assert_books, claimed, dispute, resolved, wait_until
from .building_site import DAY_SECONDS, next_block_at, now, refusal, word

SETTLEMENT_SECONDS = 30 * DAY_SECONDS
REASON = word("closed account")
NO_REASON = "0x" + "00" * 32
ASKED_FEN = 100_000


@pytest.fixture
def claim(site, bank_crew):
    """A claim of 100,000 fen of which 60,000 are admitted and with the bank."""
    site.fund(ASKED_FEN)
    dispute_id = claimed(site, bank_crew[0], amount_fen=ASKED_FEN)
    answered(site, dispute_id, 60_000)
    return dispute_id


@pytest.fixture
def move(registry, relayer):
    """Let a worker's payout be another, after the cooling-off."""

    def moved(site, worker, payout):
        registry.proposePayout(*site.payout_change(worker, payout), {"from": relayer})
        wait_until(now() + 7 * DAY_SECONDS)
        registry.applyPayout(worker.worker_id, {"from": relayer})

    return moved


def test_a_returned_dispute_is_owed_again_and_the_money_is_there(site, escrow, bank_payout, token, bank_crew, bank, claim):
    told = bank_payout.returnDispute(escrow, claim, REASON, {"from": bank})

    assert 0 == token.balanceOf(bank_payout)
    assert {
        "disputeId": claim, "workerId": "0x" + bank_crew[0].worker_id.hex(), "amount": 60_000,
        "reason": "0x" + REASON.hex(),
    } == dict(told.events["DisputeReturned"])  # fmt: skip
    assert (60_000, 0, 0) == tuple(dispute(site, claim)[name] for name in ("granted", "paid", "banked"))
    assert_books(site, funded=ASKED_FEN, owed=60_000, contested=40_000)


def test_a_returned_dispute_is_paid_to_the_payout_registered_then(
    site, escrow, bank_payout, token, bank_crew, bank, claim, relayer, stranger, move
):
    bank_payout.returnDispute(escrow, claim, REASON, {"from": bank})
    move(site, bank_crew[0], stranger.address)

    escrow.releaseStanding(claim, {"from": relayer})

    assert 60_000 == token.balanceOf(stranger)
    assert (60_000, 60_000, 0) == tuple(dispute(site, claim)[name] for name in ("granted", "paid", "banked"))


def test_a_returned_admission_is_paid_with_the_award(site, escrow, bank_payout, token, bank, claim):
    bank_payout.returnDispute(escrow, claim, REASON, {"from": bank})

    resolved(site, claim, 80_000)

    assert 80_000 == token.balanceOf(bank_payout)
    assert_books(site, funded=20_000)


def test_only_what_the_bank_holds_of_a_dispute_comes_back(
    site, escrow, bank_payout, token, bank_crew, bank, claim, stranger, move
):
    """A part was settled, a part went to another payout, a part lies with the bank."""
    bank_payout.settleDispute(escrow, claim, word("receipt"), {"from": bank})
    answered(site, claim, 70_000)
    move(site, bank_crew[0], stranger.address)
    answered(site, claim, 85_000)

    told = bank_payout.returnDispute(escrow, claim, REASON, {"from": bank})

    assert 10_000 == told.events["DisputeReturned"]["amount"]
    assert (85_000, 75_000, 0) == tuple(dispute(site, claim)[name] for name in ("granted", "paid", "banked"))
    assert 15_000 == token.balanceOf(stranger)
    assert_books(site, funded=25_000, owed=10_000, contested=15_000)


def test_a_dispute_is_returned_once(escrow, bank_payout, bank, claim):
    bank_payout.returnDispute(escrow, claim, REASON, {"from": bank})

    with reverts(refusal("Escrow_NothingDue", claim)):
        bank_payout.returnDispute(escrow, claim, REASON, {"from": bank})


def test_a_settled_dispute_is_never_returned(escrow, bank_payout, bank, claim, stranger):
    bank_payout.settleDispute(escrow, claim, word("receipt"), {"from": bank})

    with reverts(refusal("Escrow_NothingDue", claim)):
        bank_payout.returnDispute(escrow, claim, REASON, {"from": bank})
    wait_until(now() + SETTLEMENT_SECONDS + 1)
    with reverts(refusal("Escrow_NothingDue", claim)):
        bank_payout.returnUnsettledDispute(escrow, claim, {"from": stranger})


def test_after_30_days_anyone_gives_a_dispute_back(site, escrow, bank_payout, token, claim, stranger):
    next_block_at(dispute(site, claim)["bankedAt"] + SETTLEMENT_SECONDS + 1)
    told = bank_payout.returnUnsettledDispute(escrow, claim, {"from": stranger})

    assert NO_REASON == str(told.events["DisputeReturned"]["reason"])
    assert 0 == token.balanceOf(bank_payout)
    assert_books(site, funded=ASKED_FEN, owed=60_000, contested=40_000)


@pytest.mark.parametrize("before_end", [SETTLEMENT_SECONDS - 5, 1, 0], ids=["at once", "a second before", "at the end"])
def test_within_30_days_a_dispute_stays_with_the_bank(site, escrow, bank_payout, claim, stranger, before_end):
    until = dispute(site, claim)["bankedAt"] + SETTLEMENT_SECONDS

    next_block_at(until - before_end)
    with reverts(refusal("BankPayout_TooEarly", until, until - before_end)):
        bank_payout.returnUnsettledDispute(escrow, claim, {"from": stranger})


def test_no_later_admission_of_a_fen_keeps_the_wage_with_the_bank(site, escrow, bank_payout, token, claim, stranger):
    """Its 30 days run from when something of it first lay there."""
    since = dispute(site, claim)["bankedAt"]
    wait_until(since + SETTLEMENT_SECONDS - 100)
    answered(site, claim, 60_001)

    assert since == dispute(site, claim)["bankedAt"]
    next_block_at(since + SETTLEMENT_SECONDS + 1)
    bank_payout.returnUnsettledDispute(escrow, claim, {"from": stranger})

    assert 0 == token.balanceOf(bank_payout)
    assert_books(site, funded=ASKED_FEN, owed=60_001, contested=39_999)


@pytest.mark.parametrize("settled", [True, False], ids=["settled", "given back"])
def test_once_the_bank_holds_nothing_its_time_begins_anew(site, escrow, bank_payout, bank, claim, stranger, settled):
    """A bank that settled the first part has 30 days for the second."""
    call = bank_payout.settleDispute if settled else bank_payout.returnDispute
    call(escrow, claim, word("receipt"), {"from": bank})
    wait_until(now() + SETTLEMENT_SECONDS + 1)
    answered(site, claim, 60_001)
    until = now() + SETTLEMENT_SECONDS

    next_block_at(until)
    with reverts(refusal("BankPayout_TooEarly", until, until)):
        bank_payout.returnUnsettledDispute(escrow, claim, {"from": stranger})


def test_an_unknown_dispute_is_refused(escrow, bank_payout, bank, stranger):
    with reverts(refusal("Escrow_UnknownDispute", 0)):
        bank_payout.returnUnsettledDispute(escrow, 0, {"from": stranger})
    with reverts(refusal("Escrow_UnknownDispute", 0)):
        bank_payout.returnDispute(escrow, 0, REASON, {"from": bank})


@pytest.mark.parametrize("who", ["admin", "stranger", "contractor", "bureau", "relayer"])
def test_only_the_bank_gives_a_dispute_back_before_its_time(escrow, bank_payout, request, claim, who):
    account = request.getfixturevalue(who)

    with reverts(refusal("AccessManagedUnauthorized", account.address)):
        bank_payout.returnDispute(escrow, claim, REASON, {"from": account})
