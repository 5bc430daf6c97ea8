"""WageEscrow.returnBond: the wage deposit goes back, after its own notice.

├── the escrow was never closed → refused
├── within 30 days of the first closing (their end included) → refused
├── something is owed, contested or claimed → refused
├── there is no bond → refused
└── else → to the contractor, BondReturned; once
"""

import pytest
from brownie import reverts

from .book_keeping import answered, assert_books, claimed, contested, dispute, hostile_site, resolved, wait_until
from .building_site import (
    ANSWER_SECONDS,
    DAY_SECONDS,
    next_block_at,
    now,
    refusal,
)

NOTICE_SECONDS = 30 * DAY_SECONDS
BOND_FEN = 500_000


@pytest.fixture
def bond(site):
    site.deposit_bond(BOND_FEN)
    return BOND_FEN


@pytest.fixture
def closed(site, escrow, bond, relayer):
    """A closed escrow with a bond; the time at which it was closed."""
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(now() + NOTICE_SECONDS + 1)
    escrow.close(*site.closing(), {"from": relayer})
    return escrow.closing()["closedAt"]


def test_after_its_own_notice_the_bond_goes_back(site, escrow, token, contractor, closed, stranger):
    before = token.balanceOf(contractor)

    next_block_at(closed + NOTICE_SECONDS + 1)
    told = escrow.returnBond({"from": stranger})

    assert BOND_FEN == token.balanceOf(contractor) - before
    assert {"contractor": contractor, "amount": BOND_FEN} == dict(told.events["BondReturned"])
    assert_books(site)


@pytest.mark.parametrize("before_end", [NOTICE_SECONDS - 5, 1, 0], ids=["at once", "a second before", "at the end"])
def test_within_its_notice_the_bond_stays(escrow, closed, relayer, before_end):
    until = closed + NOTICE_SECONDS

    next_block_at(until - before_end)
    with reverts(refusal("Escrow_WindowOpen", until, until - before_end)):
        escrow.returnBond({"from": relayer})


def test_before_closing_the_bond_stays(escrow, bond, relayer):
    next_block_at(now() + 1_000 * DAY_SECONDS)
    with reverts(refusal("Escrow_NotClosed")):
        escrow.returnBond({"from": relayer})


def test_announcing_is_not_closing(site, escrow, bond, relayer):
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})

    next_block_at(now() + 100 * DAY_SECONDS)
    with reverts(refusal("Escrow_NotClosed")):
        escrow.returnBond({"from": relayer})


def test_the_bond_goes_back_once(escrow, closed, relayer):
    next_block_at(closed + NOTICE_SECONDS + 1)
    escrow.returnBond({"from": relayer})

    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.returnBond({"from": relayer})


def test_a_claim_holds_the_bond(site, escrow, crew, closed, relayer):
    claimed(site, crew[0], amount_fen=100_000)

    next_block_at(closed + NOTICE_SECONDS + 1)
    with reverts(refusal("Escrow_StillOwed", 0, 100_000)):
        escrow.returnBond({"from": relayer})


def test_a_claim_that_stands_holds_the_bond_until_it_is_paid_from_it(site, escrow, token, crew, closed, relayer):
    """The end of the worst case: no money, no contractor, and the worker is paid."""
    claim = claimed(site, crew[0], amount_fen=100_000)
    next_block_at(dispute(site, claim)["since"] + ANSWER_SECONDS + 1)
    escrow.releaseStanding(claim, {"from": relayer})
    wait_until(closed + NOTICE_SECONDS + 1)
    with reverts(refusal("Escrow_StillOwed", 100_000, 0)):
        escrow.returnBond({"from": relayer})

    escrow.drawBond(*site.bond_draw(100_000), {"from": relayer})
    escrow.releaseStanding(claim, {"from": relayer})
    escrow.returnBond({"from": relayer})

    assert 100_000 == token.balanceOf(crew[0].payout)
    assert_books(site)


def test_a_contest_holds_the_bond_until_it_is_decided(site, escrow, crew, bond, relayer):
    """A line that was paid before closing may be contested after it."""
    sheet = site.posted(crew[:1])
    site.fund(sheet.total_fen)
    site.release(sheet, crew, 0)
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(now() + NOTICE_SECONDS + 1)
    escrow.close(*site.closing(), {"from": relayer})
    contest = contested(site, crew[0], sheet, 0, claimed_fen=sheet.total_fen + 50_000)
    wait_until(now() + NOTICE_SECONDS + 1)

    with reverts(refusal("Escrow_StillOwed", 0, 50_000)):
        escrow.returnBond({"from": relayer})
    resolved(site, contest, 0)
    escrow.returnBond({"from": relayer})

    assert_books(site)


def test_an_unpaid_admission_holds_the_bond(site, escrow, crew, closed, relayer):
    answered(site, claimed(site, crew[0], amount_fen=100_000), 100_000)

    next_block_at(closed + NOTICE_SECONDS + 1)
    with reverts(refusal("Escrow_StillOwed", 100_000, 0)):
        escrow.returnBond({"from": relayer})


def test_a_second_closing_does_not_prolong_the_bonds_notice(site, escrow, closed, relayer):
    site.fund(1_000)
    wait_until(closed + NOTICE_SECONDS - 100)
    escrow.close(*site.closing(), {"from": relayer})

    next_block_at(closed + NOTICE_SECONDS + 1)
    escrow.returnBond({"from": relayer})

    assert_books(site)


def test_only_the_bond_leaves(site, escrow, token, contractor, closed, relayer):
    site.fund(7_000)
    before = token.balanceOf(contractor)

    next_block_at(closed + NOTICE_SECONDS + 1)
    escrow.returnBond({"from": relayer})

    assert BOND_FEN == token.balanceOf(contractor) - before
    assert_books(site, funded=7_000)


def test_a_token_that_calls_back_cannot_take_the_bond_twice(open_site, ReenteringToken, admin, relayer):
    site = hostile_site(open_site, admin, relayer, ReenteringToken)
    site.deposit_bond(BOND_FEN)
    site.fund(BOND_FEN)
    site.escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(now() + NOTICE_SECONDS + 1)
    site.escrow.close(*site.closing(), {"from": relayer})
    site.fund(BOND_FEN)
    wait_until(now() + NOTICE_SECONDS + 1)
    site.token.setCallback(site.escrow.close.encode_input(*site.closing()), {"from": admin})

    site.escrow.returnBond({"from": relayer})

    assert "0x3ee5aeb5" == str(site.token.answer())  # ReentrancyGuardReentrantCall()
    assert_books(site, funded=BOND_FEN)
