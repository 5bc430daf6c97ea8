"""WageEscrow.release: a wage that goes to the signing wallet itself, and lines that only the bank pays.

├── kind + 64: the payout is the signer, and left out
│   ├── the worker is registered with it → paid
│   └── the worker is registered with another → bad signature
├── all lines go to the bank, and the token refuses it → none is released, all stay owed
└── the token answers "many at once" with anything but true → each line is paid by itself
"""

from dataclasses import replace

import pytest
from brownie import reverts, web3

from .book_keeping import assert_books, hostile_site
from .building_site import Worker, indexes, payments, refusal

TO_SIGNER = 0x40


@pytest.fixture
def own(site):
    """A worker whose wallet signs and is paid."""
    wallet = Worker.named(60, "wallet")
    worker = replace(wallet, payout=web3.to_checksum_address(wallet.key.address))
    site.enrol(worker)
    return worker


def test_a_wallet_that_is_its_own_payout_needs_not_say_so(site, escrow, token, own):
    sheet = site.posted([own])
    site.fund(sheet.total_fen)
    confirmations, _ = site.confirmations(sheet, [own], 0)

    released = site.release(sheet, [own], 0)

    assert (TO_SIGNER | 3, 1 + 8 + 65) == (confirmations[0], len(confirmations))
    assert [sheet.payment(0, own)] == payments(released)
    assert sheet.total_fen == token.balanceOf(own.payout)


def test_a_wallet_paid_elsewhere_cannot_be_paid_at_itself(site, escrow, crew, relayer):
    """Whoever relays cannot turn the wage away by another kind of confirmation."""
    wallet = crew[1]
    sheet = site.posted([wallet])
    site.fund(sheet.total_fen)
    confirmations, tails = site.confirmations(sheet, [wallet], 0)
    turned = bytes([confirmations[0] | TO_SIGNER]) + confirmations[1:9] + confirmations[29:]

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.release(*sheet.lines_and_proof(0), turned, tails, {"from": relayer})

    assert [0] == indexes(site.release(sheet, [wallet], 0))


def test_while_the_bank_is_refused_its_lines_stay_owed(open_site, BlockingToken, admin, relayer):
    token = admin.deploy(BlockingToken)
    token.mint(relayer, 10**9, {"from": admin})
    site = open_site(token, "bank only")
    people = [site.paid_by_bank(61), site.paid_by_bank(62, "wallet")]
    site.enrol(*people)
    sheet = site.posted(people)
    site.fund(sheet.total_fen)
    token.setBlocked(site.bank_payout, {"from": admin})

    batch = site.release(sheet, people, 0, 1)

    assert ([], [0, 1]) == (indexes(batch), indexes(batch, "PayoutFailed"))
    assert (sheet.total_fen,) * 2 == (site.escrow.books()["funded"], site.escrow.books()["owed"])
    assert (0, 0) == (site.escrow.sheet(0)["released"], site.escrow.sheet(0)["banked"])


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x01", bytes(32), (2).to_bytes(32), b"\x01" + bytes(31), (1).to_bytes(32) + bytes(32), bytes(2_000)],
    ids=["nothing", "a byte", "false", "two", "true on the left", "true and more", "very much"],
)
def test_a_token_that_babbles_keeps_no_wage(open_site, BabblingToken, admin, relayer, crew, answer):
    """It has a `transferMany` that is none."""
    site = hostile_site(open_site, admin, relayer, BabblingToken, *crew)
    site.token.setAnswer(answer, {"from": admin})
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)

    batch = site.release(sheet, crew, 0, 1, 2)

    assert [0, 1, 2] == indexes(batch)
    assert [line.amount_fen for line in sheet.lines] == [site.token.balanceOf(worker.payout) for worker in crew]
    assert_books(site)
