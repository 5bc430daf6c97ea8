"""WageEscrow and WorkerRegistry where bureau and arbiter are wallet contracts (ERC-1271), as offices have them.

├── the wallet agreed to these words → as if a key had signed them
└── it agreed to other words, or to none → refused
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from brownie import reverts

from .book_keeping import answered, assert_books, claimed, dispute, wait_until
from .building_site import BUREAU_SECONDS, NOTICE_SECONDS, key_of, key_words, now, refusal, word

ASKED_FEN = 100_000
DECIDED = 3
NEW_KEY = key_of("passkey", 78)


@dataclass(frozen=True)
class Office:
    """A wallet contract that signs as `Wallet` does, except that its agreement lies in the contract."""

    wallet: Any
    clerk: Any
    agrees: bool = True

    @property
    def address(self) -> str:
        return str(self.wallet.address)

    def sign_bytes(self, digest: bytes) -> bytes:
        if self.agrees:
            self.wallet.agree(digest, {"from": self.clerk})
        return b""


@pytest.fixture(scope="module")
def bureau(module_isolation, OfficeWallet, admin):
    """In place of the site's bureau: named by its escrow, and given the role."""
    return admin.deploy(OfficeWallet)


@pytest.fixture(scope="module")
def arbiter(module_isolation, OfficeWallet, admin):
    return admin.deploy(OfficeWallet)


@pytest.fixture(scope="module")
def site(open_site, token, bureau, arbiter, admin):
    return replace(open_site(token), bureau=Office(bureau, admin), arbiter=Office(arbiter, admin))


@pytest.fixture
def answered_claim(site, crew):
    """A claim of 100,000 fen that the contractor denies; the money is there."""
    site.fund(ASKED_FEN)
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    answered(site, claim, 0)
    return claim


def test_a_wallet_contract_decides_as_the_bureau(site, escrow, token, crew, bureau, answered_claim, stranger):
    told = escrow.resolve(*site.resolution(answered_claim, 60_000), {"from": stranger})

    assert bureau.address == told.events["Resolved"]["by"]
    assert DECIDED == dispute(site, answered_claim)["state"]
    assert 60_000 == token.balanceOf(crew[0].payout)


def test_a_wallet_contract_decides_as_the_arbiter(site, escrow, token, crew, arbiter, answered_claim, stranger):
    wait_until(dispute(site, answered_claim)["since"] + BUREAU_SECONDS + 1)

    told = escrow.resolve(*site.resolution(answered_claim, 60_000, signer=site.arbiter), {"from": stranger})

    assert arbiter.address == told.events["Resolved"]["by"]
    assert 60_000 == token.balanceOf(crew[0].payout)


def test_a_wallet_contract_draws_bond(site, escrow, crew, stranger):
    sheet = site.posted(crew)
    site.deposit_bond(sheet.total_fen)

    escrow.drawBond(*site.bond_draw(sheet.total_fen), {"from": stranger})

    assert_books(site, funded=sheet.total_fen, owed=sheet.total_fen)


def test_a_wallet_contract_closes(site, token, contractor):
    site.fund(70_000)
    before = token.balanceOf(contractor)

    site.close()

    assert 70_000 == token.balanceOf(contractor) - before
    assert_books(site)


def test_a_wallet_contract_confirms_a_recovery(site, registry, crew, stranger):
    registry.proposeRecovery(*site.recovery(crew[2], NEW_KEY, bureau=site.bureau), {"from": stranger})

    assert (key_words(NEW_KEY.public), True) == tuple(registry.pendingRecoveryOf(crew[2].worker_id))[::2]


# ---------------------------------------------------------------- not what the wallet agreed to


def test_a_wallet_contract_that_agreed_to_another_award_has_not_decided(site, escrow, answered_claim, relayer):
    *said, _ = site.resolution(answered_claim, 0, award=60_000)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.resolve(*said, b"", {"from": relayer})


def test_a_wallet_contract_that_agreed_to_another_order_draws_nothing(site, escrow, crew, relayer):
    sheet = site.posted(crew)
    site.deposit_bond(sheet.total_fen)
    *said, _ = site.bond_draw(sheet.total_fen, orderHash=word("another order"))

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.drawBond(*said, b"", {"from": relayer})


def test_a_wallet_contract_that_agreed_for_an_earlier_notice_does_not_close(site, escrow, relayer):
    deadline, _ = site.closing(deadline=2**40)
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(now() + NOTICE_SECONDS + 1)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.close(deadline, b"", {"from": relayer})


def test_a_wallet_contract_that_agreed_to_another_key_has_not_confirmed(site, registry, crew, relayer):
    owner = crew[2]
    site.recovery(owner, key_of("device", 79), bureau=site.bureau)
    words = site.recovery(owner, NEW_KEY, bureau=replace(site.bureau, agrees=False))

    with reverts(refusal("Registry_BadBureauSignature", owner.worker_id, site.bureau.address)):
        registry.proposeRecovery(*words, {"from": relayer})
