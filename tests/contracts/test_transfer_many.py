"""WageToken.transferMany: from the caller to many at once.

├── a word is zero → passed over
├── one goes to nobody → refused, nothing is transferred
├── the caller holds less than all of it → refused, nothing is transferred
└── else → each has theirs, a Transfer for each; the last 4 bytes of a word mean nothing
"""

import pytest
from brownie import reverts

from .building_site import NOBODY, refusal

FIRST, SECOND = "0x00000000000000000000000000000000000A11CE", "0x0000000000000000000000000000000000000B0B"


def transfer_of(to, amount_fen, rest="00000000"):
    return f"0x{to[2:]}{amount_fen:016x}{rest}"


@pytest.fixture
def held(token, relayer):
    """What the sender holds, in fen."""
    return token.balanceOf(relayer)


def test_each_has_theirs(token, relayer, held):
    sent = token.transferMany([transfer_of(FIRST, 300), transfer_of(SECOND, 12, "ffffffff")], {"from": relayer})

    assert [300, 12, held - 312] == [token.balanceOf(account) for account in (FIRST, SECOND, relayer)]
    assert [(relayer, FIRST, 300), (relayer, SECOND, 12)] == [tuple(each.values()) for each in sent.events["Transfer"]]


def test_a_zero_is_passed_over(token, relayer, held):
    sent = token.transferMany([0, transfer_of(FIRST, 300), 0], {"from": relayer})

    assert (300, held - 300) == (token.balanceOf(FIRST), token.balanceOf(relayer))
    assert 1 == len(sent.events["Transfer"])


def test_with_one_to_nobody_nothing_is_transferred(token, relayer, held):
    with reverts(refusal("ERC20InvalidReceiver", NOBODY)):
        token.transferMany([transfer_of(FIRST, 300), transfer_of(NOBODY, 1)], {"from": relayer})

    assert (0, held) == (token.balanceOf(FIRST), token.balanceOf(relayer))


def test_with_less_than_all_of_it_nothing_is_transferred(token, stranger, relayer):
    token.transfer(stranger, 400, {"from": relayer})

    with reverts(refusal("ERC20InsufficientBalance", stranger.address, 100, 101)):
        token.transferMany([transfer_of(FIRST, 300), transfer_of(SECOND, 101)], {"from": stranger})

    assert (0, 400) == (token.balanceOf(FIRST), token.balanceOf(stranger))
