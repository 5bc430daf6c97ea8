"""BankPayout deals with its own factory's escrows only: nothing else gets its approval, whatever it answers.

├── a contract that answers as an escrow would → refused, no approval, no money
├── an escrow of another factory, the implementation behind the escrows → refused
├── another escrow of the same factory → its own lines only
├── an escrow of the factory → approval for the length of one call
└── a token that calls back while money is given back → refused; nothing is paid with money that is not there yet
"""

from dataclasses import replace

import pytest
from brownie import compile_source, reverts

from .book_keeping import answered, assert_books, claimed, hostile_site, wait_until
from .building_site import OBJECTION_SECONDS, Worker, indexes, now, refusal, word

RECEIPT = word("payment of the bank")


@pytest.fixture
def sheet(site, bank_crew):
    """Three workers paid by the bank, all released."""
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    site.release(sheet, bank_crew, 0, 1, 2)
    return sheet


@pytest.fixture
def claim(site, bank_crew):
    """A claim of 100,000 fen, admitted and with the bank."""
    site.fund(100_000)
    dispute_id = claimed(site, bank_crew[0], amount_fen=100_000)
    answered(site, dispute_id, 100_000)
    return dispute_id


PRETENDER = """
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface IToken {
    function balanceOf(address) external view returns (uint256);
    function transferFrom(address, address, uint256) external returns (bool);
}

/// Answers as an escrow would, and takes whatever it was approved.
contract PretendedEscrow {
    IToken private immutable token;
    uint256 public taken;

    constructor(IToken token_) { token = token_; }

    function settleLines(uint256, bytes calldata, bytes32[] calldata, bytes32) external view returns (uint256) {
        return token.balanceOf(msg.sender);
    }

    function settleDispute(uint256, bytes32) external view returns (uint256) { return token.balanceOf(msg.sender); }

    function takeBackLines(uint256, bytes calldata, bytes32[] calldata, bytes32) external returns (uint256) {
        return _take();
    }

    function takeBackDispute(uint256, bytes32) external returns (uint256) { return _take(); }

    function sheet(uint256) external pure returns (uint256[10] memory) {}

    function dispute(uint256) external pure returns (uint256[9] memory) {}

    function _take() private returns (uint256) {
        uint256 amount = token.balanceOf(msg.sender);
        token.transferFrom(msg.sender, address(this), amount);
        taken += amount;
        return amount;
    }
}
"""


@pytest.fixture(scope="module")
def pretender(token, admin):
    """A contract that answers as an escrow would, and takes whatever it is approved."""
    return admin.deploy(compile_source(PRETENDER, evm_version="osaka").PretendedEscrow, token)


CALLS = [kind + what for kind in ("settle", "return", "returnUnsettled") for what in ("Lines", "Dispute")]


@pytest.mark.parametrize("call", CALLS)
def test_a_pretended_escrow_gets_neither_approval_nor_money(bank_payout, token, bank, sheet, claim, pretender, call):
    before = token.balanceOf(bank_payout)
    said = [0] if call.endswith("Dispute") else sheet.lines_and_proof(0)
    record = [] if "Unsettled" in call else [RECEIPT]

    with reverts(refusal("BankPayout_UnknownEscrow", pretender.address)):
        getattr(bank_payout, call)(pretender, *said, *record, {"from": bank})
    assert (before, 0, 0) == (
        token.balanceOf(bank_payout), token.balanceOf(pretender), token.allowance(bank_payout, pretender)
    )  # fmt: skip


def test_an_escrow_of_another_factory_is_not_this_banks(open_site, token, bank_payout, bank, sheet):
    other = open_site(token, "another tower")

    with reverts(refusal("BankPayout_UnknownEscrow", other.escrow.address)):
        bank_payout.settleLines(other.escrow, *sheet.lines_and_proof(0), RECEIPT, {"from": bank})


def test_the_implementation_behind_the_escrows_is_none_of_them(bank_payout, bank, implementation, sheet):
    with reverts(refusal("BankPayout_UnknownEscrow", implementation.address)):
        bank_payout.settleLines(implementation, *sheet.lines_and_proof(0), RECEIPT, {"from": bank})


def test_another_project_does_not_settle_this_ones_lines(
    site, WageEscrow, WageEscrowFactory, bank_payout, bank, contractor, bureau, arbiter, sheet
):
    """One factory, two projects: the money with the bank is told apart by the escrows."""
    factory = WageEscrowFactory.at(bank_payout.factory())
    terms = site.escrow.terms()
    made = factory.createEscrow(word("second"), bureau, arbiter, tuple(terms["windows"]), {"from": contractor})
    second = replace(site, escrow=WageEscrow.at(made.events["EscrowCreated"]["escrow"]))
    unpaid = second.posted([Worker.named(20)])

    with reverts(refusal("Escrow_NotBanked", 0)):
        bank_payout.settleLines(second.escrow, *unpaid.lines_and_proof(0), RECEIPT, {"from": bank})


@pytest.mark.parametrize("call", ["returnLines", "returnDispute"])
def test_the_approval_ends_with_the_call(escrow, bank_payout, token, bank, sheet, claim, call):
    said = [claim] if call == "returnDispute" else sheet.lines_and_proof(0)

    told = getattr(bank_payout, call)(escrow, *said, RECEIPT, {"from": bank})

    assert 0 < told.events["Transfer"]["value"]
    assert 0 == token.allowance(bank_payout, escrow)


def test_the_pretender_would_take_what_it_is_approved(token, pretender, relayer):
    """So that the refusals above mean something."""
    token.approve(pretender, 2**256 - 1, {"from": relayer})
    held = token.balanceOf(relayer)

    pretender.takeBackDispute(0, RECEIPT, {"from": relayer})

    assert (0, held) == (token.balanceOf(relayer), token.balanceOf(pretender))


def test_money_on_its_way_back_pays_nothing_yet(open_site, ReenteringToken, bank, admin, relayer):
    """In mid-return the books have it and the tokens are still with the bank."""
    site = hostile_site(open_site, admin, relayer, ReenteringToken)
    workers = [site.paid_by_bank(40), Worker.named(41)]
    site.enrol(*workers)
    sheet = site.posted(workers)
    site.fund(sheet.lines[0].amount_fen)
    site.release(sheet, workers, 0)
    wait_until(now() + OBJECTION_SECONDS)
    pay_the_other = site.escrow.releaseUnsigned.encode_input(*sheet.lines_and_proof(1))
    site.token.setCallback(pay_the_other, {"from": admin})

    told = site.bank_payout.returnLines(site.escrow, *sheet.lines_and_proof(0), RECEIPT, {"from": bank})

    assert "0x3ee5aeb5" == str(site.token.answer())  # ReentrancyGuardReentrantCall()
    assert [] == indexes(told)
    assert_books(site, funded=sheet.lines[0].amount_fen, owed=sheet.total_fen)
