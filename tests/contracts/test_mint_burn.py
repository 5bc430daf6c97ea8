"""WageToken.mint and WageToken.burn: the bank mirrors real money and takes its mirror back.

mint
├── caller is not the bank → refused
├── receipt has minted or burned → refused
└── else → the holder has it, Minted
burn
├── caller is not the bank → refused
├── bank holds less → refused
├── receipt has minted or burned → refused
└── else → gone from bank and supply, Burned
"""

from brownie import reverts

from .building_site import refusal, word

RECEIPT = word("bank receipt 7")


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


def test_a_receipt_that_burned_does_not_mint(token, bank):
    token.mint(bank, 500, word("deposit"), {"from": bank})
    token.burn(500, RECEIPT, {"from": bank})

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        token.mint(bank, 500, RECEIPT, {"from": bank})


def test_a_payout_takes_the_mirror_back(token, bank):
    token.mint(bank, 500, word("deposit"), {"from": bank})
    before = token.totalSupply()

    burned = token.burn(200, RECEIPT, {"from": bank})

    assert (300, before - 200) == (token.balanceOf(bank), token.totalSupply())
    assert {"amount": 200, "receipt": "0x" + RECEIPT.hex()} == dict(burned.events["Burned"])


def test_only_the_bank_burns(token, contractor):
    with reverts(refusal("AccessManagedUnauthorized", contractor)):
        token.burn(1, RECEIPT, {"from": contractor})


def test_the_bank_burns_no_more_than_it_holds(token, bank):
    token.mint(bank, 500, word("deposit"), {"from": bank})

    with reverts(refusal("ERC20InsufficientBalance", bank, 500, 501)):
        token.burn(501, RECEIPT, {"from": bank})


def test_a_receipt_that_minted_does_not_burn(token, bank):
    token.mint(bank, 500, RECEIPT, {"from": bank})

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        token.burn(500, RECEIPT, {"from": bank})


def test_one_unit_is_one_fen(token):
    assert 2 == token.decimals()
