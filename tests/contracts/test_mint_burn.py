"""WageToken.mint and WageToken.burn: the bank mirrors real money; {BankPayout} takes back the mirror of what was paid out.

mint
├── caller is not the bank → refused
├── receipt has minted or burned → refused
└── else → the holder has it, Minted
burn
├── caller does not hold the payout role, the bank itself included → refused
├── caller holds less → refused
├── receipt has minted or burned → refused
└── else → gone from caller and supply, Burned
"""

import pytest
from brownie import reverts

from .building_site import refusal, word
from .conftest import PAYOUT_ROLE

RECEIPT = word("bank receipt 7")


@pytest.fixture
def payout(roles, accounts, admin):
    """An account in BankPayout's place: it holds the role that burns."""
    roles.grantRole(PAYOUT_ROLE, accounts[7], 0, {"from": admin})
    return accounts[7]


def test_a_deposit_is_mirrored_to_its_owner(token, bank, stranger):
    before = token.totalSupply()

    minted = token.mint(stranger, 500, RECEIPT, {"from": bank})

    assert (500, before + 500) == (token.balanceOf(stranger), token.totalSupply())
    assert {"to": stranger, "amount": 500, "receipt": "0x" + RECEIPT.hex()} == dict(minted.events["Minted"])
    assert token.receiptUsed(RECEIPT)


def test_only_the_bank_mints(token, admin):
    with reverts(refusal("AccessManagedUnauthorized", admin)):
        token.mint(admin, 500, RECEIPT, {"from": admin})


def test_a_resent_receipt_does_not_mint_twice(token, bank, stranger):
    token.mint(stranger, 500, RECEIPT, {"from": bank})

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        token.mint(stranger, 500, RECEIPT, {"from": bank})


def test_a_receipt_that_burned_does_not_mint(token, bank, payout):
    token.mint(payout, 500, word("deposit"), {"from": bank})
    token.burn(500, RECEIPT, {"from": payout})

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        token.mint(bank, 500, RECEIPT, {"from": bank})


def test_a_payout_takes_the_mirror_back(token, bank, payout):
    token.mint(payout, 500, word("deposit"), {"from": bank})
    before = token.totalSupply()

    burned = token.burn(200, RECEIPT, {"from": payout})

    assert (300, before - 200) == (token.balanceOf(payout), token.totalSupply())
    assert {"amount": 200, "receipt": "0x" + RECEIPT.hex()} == dict(burned.events["Burned"])
    assert token.receiptUsed(RECEIPT)


@pytest.mark.parametrize("caller", ["contractor", "bank", "admin"])
def test_only_the_payout_burns(token, request, caller):
    """Not even the bank: what is burned has left an escrow as a wage."""
    account = request.getfixturevalue(caller)

    with reverts(refusal("AccessManagedUnauthorized", account)):
        token.burn(1, RECEIPT, {"from": account})


def test_no_more_is_burned_than_the_payout_holds(token, bank, payout):
    token.mint(payout, 500, word("deposit"), {"from": bank})

    with reverts(refusal("ERC20InsufficientBalance", payout, 500, 501)):
        token.burn(501, RECEIPT, {"from": payout})


def test_a_receipt_that_burned_does_not_burn_again(token, bank, payout):
    token.mint(payout, 500, word("deposit"), {"from": bank})
    token.burn(200, RECEIPT, {"from": payout})

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        token.burn(200, RECEIPT, {"from": payout})


def test_a_receipt_that_minted_does_not_burn(token, bank, payout):
    token.mint(payout, 500, RECEIPT, {"from": bank})

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        token.burn(500, RECEIPT, {"from": payout})


def test_one_unit_is_one_fen(token):
    assert 2 == token.decimals()
