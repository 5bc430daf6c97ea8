"""WageEscrow.announceClosing: 30 days' public notice that the project is complete.

├── the escrow is closed, or a notice runs or has ended → refused
├── the deadline has passed (at it: still good) → refused
├── the signature is not the contractor's, or not over this count, these words, this escrow, this chain → refused
├── else, whoever relays it → ClosingAnnounced, 30 days, counted
└── a sheet posted or a worker joined → ClosingWithdrawn, counted; can be announced again, by new words
"""

import pytest
from brownie import reverts

from anxin.core.signing import WalletSignature, pack

from .book_keeping import claimed, wait_until
from .building_site import (
    DAY_SECONDS,
    Worker,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
)

NOTICE_SECONDS = 30 * DAY_SECONDS
FREE_FEN = 70_000


@pytest.fixture
def announced(site, escrow, relayer):
    """When the notice ends."""
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    return escrow.closing()["announcedUntil"]


@pytest.fixture
def noticed(site, announced):
    """The notice has ended, and 70,000 fen are free."""
    site.fund(FREE_FEN)
    wait_until(announced + 1)


@pytest.fixture
def close(site, escrow, relayer):
    def closed(**signed):
        return escrow.close(*site.closing(**signed), {"from": relayer})

    return closed


def test_the_notice_is_public_and_30_days(site, escrow, stranger):
    told = escrow.announceClosing(*site.closing_notice(), {"from": stranger})

    assert {"until": now() + NOTICE_SECONDS} == dict(told.events["ClosingAnnounced"])
    assert (now() + NOTICE_SECONDS, 0, 1, 0) == tuple(escrow.closing())


def test_a_notice_that_runs_cannot_be_prolonged(site, escrow, announced, relayer):
    with reverts(refusal("Escrow_AlreadyAnnounced", announced)):
        escrow.announceClosing(*site.closing_notice(), {"from": relayer})


def test_a_notice_that_has_ended_counts_still(site, escrow, announced, relayer):
    next_block_at(announced + 100 * DAY_SECONDS)
    with reverts(refusal("Escrow_AlreadyAnnounced", announced)):
        escrow.announceClosing(*site.closing_notice(deadline=2**40), {"from": relayer})


def test_a_notice_is_good_until_its_deadline(site, escrow, relayer):
    deadline = now() + 1_000
    notice = site.closing_notice(deadline=deadline)

    next_block_at(deadline)
    escrow.announceClosing(*notice, {"from": relayer})

    assert deadline + NOTICE_SECONDS == escrow.closing()["announcedUntil"]


def test_a_notice_is_refused_a_second_after_its_deadline(site, escrow, relayer):
    deadline = now() + 1_000
    notice = site.closing_notice(deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.announceClosing(*notice, {"from": relayer})


@pytest.mark.parametrize("signer", ["bureau", "arbiter", "registrar"])
def test_only_the_contractor_announces(site, escrow, relayer, signer):
    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.announceClosing(*site.closing_notice(signer=getattr(site, signer)), {"from": relayer})


def test_a_notice_with_another_deadline_is_refused(site, escrow, relayer):
    deadline, signature = site.closing_notice()

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.announceClosing(deadline + 1, signature, {"from": relayer})


@pytest.mark.parametrize("count", [1, 2**64 - 1])
def test_a_notice_for_another_count_is_refused(site, escrow, relayer, count):
    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.announceClosing(*site.closing_notice(count=count), {"from": relayer})


def test_a_notice_with_a_high_s_is_refused(site, escrow, relayer):
    deadline, signature = site.closing_notice()
    high = pack(with_high_s(WalletSignature("0x" + signature.hex())))

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.announceClosing(deadline, high, {"from": relayer})


def test_a_notice_for_another_escrow_is_refused(site, open_site, token, relayer):
    other = open_site(token, "another tower")

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        other.escrow.announceClosing(*site.closing_notice(), {"from": relayer})


def test_a_notice_for_another_chain_is_refused(site, escrow, relayer):
    notice = site.closing_notice(domain=on_other_chain(site.escrow_domain()))

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.announceClosing(*notice, {"from": relayer})


# ---------------------------------------------------------------- the notice is withdrawn


def test_posting_a_sheet_withdraws_the_notice(site, escrow, crew, announced):
    told = site.post(site.sheet(crew))

    assert "ClosingWithdrawn" in told.events
    assert (0, 0, 2, 0) == tuple(escrow.closing())


def test_joining_withdraws_the_notice(site, escrow, announced, relayer):
    worker = Worker.named(50)
    site.enrol(worker)

    told = escrow.join(*site.joining(worker), {"from": relayer})

    assert "ClosingWithdrawn" in told.events
    assert (0, 0, 2, 0) == tuple(escrow.closing())


def test_without_a_notice_nothing_is_withdrawn(site, escrow, crew):
    """Nor counted: a notice signed before is good."""
    assert "ClosingWithdrawn" not in site.post(site.sheet(crew)).events
    assert 0 == escrow.closing()["count"]


def test_a_notice_that_has_ended_is_withdrawn_too(site, escrow, crew, noticed, relayer, close):
    """The contractor cannot keep an old notice in the drawer while work goes on."""
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    site.release(sheet, crew, 0, 1, 2)

    with reverts(refusal("Escrow_NotAnnounced")):
        close()


def test_after_a_withdrawal_the_whole_notice_runs_again(site, escrow, crew, announced, relayer, close):
    worker = Worker.named(50)
    site.enrol(worker)
    wait_until(announced - 100)
    site.join(worker)
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    until = now() + NOTICE_SECONDS
    order = site.closing()

    next_block_at(until)
    with reverts(refusal("Escrow_WindowOpen", until, until)):
        escrow.close(*order, {"from": relayer})


def test_nobody_gives_a_withdrawn_notice_again_without_the_contractor(site, escrow, crew, relayer, stranger):
    """Its words were for that notice, however far off their deadline."""
    notice = site.closing_notice(deadline=2**40)
    escrow.announceClosing(*notice, {"from": relayer})
    site.posted(crew)

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.announceClosing(*notice, {"from": stranger})
    escrow.announceClosing(*site.closing_notice(), {"from": stranger})

    assert (now() + NOTICE_SECONDS, 0, 3, 0) == tuple(escrow.closing())


def test_a_claim_does_not_withdraw_the_notice_but_bars_closing(site, crew, noticed, close):
    claimed(site, crew[0], amount_fen=50_000)

    with reverts(refusal("Escrow_StillOwed", 0, 50_000)):
        close()
