"""WageEscrow.fundWithPermit: approval and payment in one transaction.

├── the permit is good → in the books, Funded
├── somebody submitted the permit first → in the books all the same
├── the permit is by another, or expired, and there is no allowance → refused
├── amount is zero → refused
├── the token keeps some of it, or calls back in the middle → refused
└── the escrow is paused → refused
"""

import pytest
from brownie import reverts
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from anxin.demo.keys import Wallet

from .building_site import PAUSE_SECONDS, now, refusal, word

MEMO = word("transfer 2026-10")
PERMIT_TYPEHASH = keccak(text="Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


@pytest.fixture
def permit(token, escrow, contractor, site):
    """Sign a permit of the contractor's fen to the escrow: `permit(amount, deadline)` → deadline, v, r, s."""

    def signed(amount, deadline, signer=site.contractor):
        words = encode(
            ["bytes32", "address", "address", "uint256", "uint256", "uint256"],
            [PERMIT_TYPEHASH, contractor.address, escrow.address, amount, token.nonces(contractor), deadline],
        )
        signature = signer.sign_bytes(keccak(b"\x19\x01" + bytes(token.DOMAIN_SEPARATOR()) + keccak(words)))
        return deadline, signature[64], signature[:32], signature[32:64]

    return signed


def test_one_transaction_approves_and_funds(escrow, permit, contractor):
    funded = escrow.fundWithPermit(900, MEMO, *permit(900, now() + 60), {"from": contractor})

    assert (900, 0, 0, 0, 900) == escrow.books()
    assert 900 == funded.events["Funded"]["amount"]


def test_a_permit_that_was_front_run_does_not_block_the_funding(escrow, token, permit, contractor, stranger):
    approval = permit(900, now() + 60)
    token.permit(contractor, escrow, 900, *approval, {"from": stranger})

    escrow.fundWithPermit(900, MEMO, *approval, {"from": contractor})

    assert 900 == escrow.books()[0]


def test_a_permit_seen_by_a_stranger_spends_nobodys_money(escrow, permit, stranger):
    """The escrow takes from its caller only, whoever signed the permit."""
    with reverts(refusal("ERC20InsufficientAllowance", escrow.address, 0, 900)):
        escrow.fundWithPermit(900, MEMO, *permit(900, now() + 60), {"from": stranger})


def test_a_permit_by_another_key_is_refused(escrow, permit, contractor):
    forged = permit(900, now() + 60, signer=Wallet.from_hex(f"{7:064x}"))

    with reverts(refusal("ERC20InsufficientAllowance", escrow.address, 0, 900)):
        escrow.fundWithPermit(900, MEMO, *forged, {"from": contractor})


def test_an_expired_permit_is_refused(escrow, permit, contractor):
    with reverts(refusal("ERC20InsufficientAllowance", escrow.address, 0, 900)):
        escrow.fundWithPermit(900, MEMO, *permit(900, now() - 1), {"from": contractor})


def test_nothing_is_refused(escrow, permit, contractor):
    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.fundWithPermit(0, MEMO, *permit(0, now() + 60), {"from": contractor})


def test_money_that_arrives_short_is_refused(open_site, FeeToken, admin, contractor):
    """The token knows no permit: the approval given before is what counts."""
    token = admin.deploy(FeeToken)
    escrow = open_site(token).escrow
    token.mint(contractor, 1_000, {"from": admin})
    token.approve(escrow, 1_000, {"from": contractor})

    with reverts(refusal("Escrow_ReceivedLess", 990, 1_000)):
        escrow.fundWithPermit(1_000, MEMO, now() + 60, 27, MEMO, MEMO, {"from": contractor})


def test_a_token_cannot_fund_again_from_within(open_site, ReenteringToken, admin, contractor):
    token = admin.deploy(ReenteringToken)
    escrow = open_site(token).escrow
    token.mint(contractor, 1_000, {"from": admin})
    token.approve(escrow, 1_000, {"from": contractor})
    token.setCallback(escrow.fund.encode_input(1, MEMO), {"from": admin})

    escrow.fundWithPermit(1_000, MEMO, now() + 60, 27, MEMO, MEMO, {"from": contractor})

    assert not token.entered()
    assert 1_000 == escrow.books()["funded"] == token.balanceOf(escrow)


def test_a_paused_escrow_takes_no_money(escrow, permit, guardian, contractor):
    until = escrow.pause({"from": guardian}).timestamp + PAUSE_SECONDS

    with reverts(refusal("Escrow_Paused", until)):
        escrow.fundWithPermit(900, MEMO, *permit(900, now() + 60), {"from": contractor})
