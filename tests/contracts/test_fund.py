"""WageEscrow.fund: anyone pays money in.

├── the escrow is paused (at the pause's end: no more) → refused
├── amount is zero → refused
├── allowance is short, or the token says no or nothing but false → refused
├── less arrives than was sent → refused
├── the token calls back in the middle → the inner call is refused
└── else → in the books, Funded
"""

import pytest
from brownie import reverts

from .building_site import PAUSE_SECONDS, next_block_at, refusal, word

MEMO = word("transfer 2026-10")


def test_money_paid_in_is_in_the_books(escrow, token, contractor):
    token.approve(escrow, 900, {"from": contractor})

    funded = escrow.fund(900, MEMO, {"from": contractor})

    assert (900, 0, 0, 0, 900) == escrow.books()
    assert 900 == token.balanceOf(escrow)
    assert {"from": contractor, "amount": 900, "memo": "0x" + MEMO.hex()} == dict(funded.events["Funded"])


def test_anyone_may_fund(escrow, token, stranger, bank):
    token.mint(stranger, 5, word("deposit"), {"from": bank})
    token.approve(escrow, 5, {"from": stranger})

    escrow.fund(5, MEMO, {"from": stranger})

    assert 5 == escrow.books()[0]


def test_nothing_is_refused(escrow, contractor):
    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.fund(0, MEMO, {"from": contractor})


def test_a_short_allowance_is_refused(escrow, token, contractor):
    token.approve(escrow, 899, {"from": contractor})

    with reverts(refusal("ERC20InsufficientAllowance", escrow.address, 899, 900)):
        escrow.fund(900, MEMO, {"from": contractor})


def test_money_that_arrives_short_is_refused(open_site, FeeToken, admin, relayer):
    """A token that keeps 1 % would leave the books above the balance."""
    token = admin.deploy(FeeToken)
    site = open_site(token)
    token.mint(relayer, 1_000, {"from": admin})

    with reverts(refusal("Escrow_ReceivedLess", 990, 1_000)):
        site.fund(1_000)


@pytest.mark.parametrize("refuses", ["reverts", "returns false"])
def test_money_that_the_token_does_not_move_is_not_booked(open_site, BlockingToken, RefusingToken, admin, relayer, refuses):
    token = admin.deploy(BlockingToken if refuses == "reverts" else RefusingToken)
    site = open_site(token)
    token.mint(relayer, 1_000, {"from": admin})
    if refuses == "reverts":
        token.setBlocked(relayer, {"from": admin})
        error = refusal("Token_Blocked", relayer)
    else:
        token.setRefused(relayer, {"from": admin})
        error = refusal("SafeERC20FailedOperation", token)

    with reverts(error):
        site.fund(1_000)
    assert 0 == site.escrow.books()["funded"]


def test_a_paused_escrow_takes_no_money_until_the_pauses_last_second(site, escrow, guardian, relayer):
    until = escrow.pause({"from": guardian}).timestamp + PAUSE_SECONDS

    next_block_at(until - 1)
    with reverts(refusal("Escrow_Paused", until)):
        escrow.fund(900, MEMO, {"from": relayer})


def test_at_the_pauses_end_money_comes_in_again(escrow, token, guardian, relayer):
    token.approve(escrow, 900, {"from": relayer})
    until = escrow.pause({"from": guardian}).timestamp + PAUSE_SECONDS

    next_block_at(until)
    escrow.fund(900, MEMO, {"from": relayer})

    assert 900 == escrow.books()["funded"]


@pytest.mark.parametrize("inner", ["fund", "fundWithPermit", "depositBond", "bookTransfer"])
def test_a_token_cannot_fund_again_from_within(open_site, ReenteringToken, admin, relayer, inner):
    token = admin.deploy(ReenteringToken)
    site = open_site(token)
    token.mint(relayer, 1_000, {"from": admin})
    more = {
        "fund": (1, MEMO),
        "fundWithPermit": (1, MEMO, 2**40, 27, MEMO, MEMO),
        "depositBond": (1,),
        "bookTransfer": (MEMO,),
    }[inner]
    token.setCallback(getattr(site.escrow, inner).encode_input(*more), {"from": admin})

    site.fund(1_000)

    assert not token.entered()
    assert 1_000 == site.escrow.books()[0] == token.balanceOf(site.escrow)
