"""WageEscrow.close: the only way in which money goes back to the contractor.

├── no notice → refused; within it (its end included) → refused
├── anything owed, contested or claimed → refused
├── the deadline has passed (at it: still good) → refused
├── the signature is not the bureau's, not over this count, these words, this escrow, this chain → refused
├── else, whoever relays it → what is funded goes to the contractor, Closed; the bond stays
└── closed before and money came in since → again, with a new signature
after closing: no sheet, no joining, no notice; claims, contests and payments as ever
"""

import pytest
from brownie import reverts

from anxin.core.signing import WalletSignature, pack

from .book_keeping import answered, assert_books, claimed, contested, dispute, hostile_site, resolved, wait_until
from .building_site import (
    ANSWER_SECONDS,
    DAY_SECONDS,
    Worker,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
    word,
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


@pytest.fixture
def closed(noticed, close):
    close()


def test_what_is_free_goes_back_to_the_contractor(site, escrow, token, contractor, noticed, stranger):
    before = token.balanceOf(contractor)

    told = escrow.close(*site.closing(), {"from": stranger})

    assert FREE_FEN == token.balanceOf(contractor) - before
    assert {"contractor": contractor, "amount": FREE_FEN} == dict(told.events["Closed"])
    assert (now(), 2) == tuple(escrow.closing())[1:3]
    assert_books(site)


def test_the_bond_stays(site, noticed, close):
    site.deposit_bond(500_000)

    close()

    assert_books(site, bond=500_000)


def test_an_empty_escrow_can_be_closed(site, escrow, token, contractor, announced, close):
    """So that its bond can go back."""
    before = token.balanceOf(contractor)
    wait_until(announced + 1)

    close()

    assert before == token.balanceOf(contractor)
    assert now() == escrow.closing()["closedAt"]


def test_without_a_notice_it_stays_open(site, escrow, relayer):
    site.fund(FREE_FEN)

    with reverts(refusal("Escrow_NotAnnounced")):
        escrow.close(*site.closing(), {"from": relayer})


@pytest.mark.parametrize("before_end", [NOTICE_SECONDS - 5, 1, 0], ids=["at once", "a second before", "at the end"])
def test_within_the_notice_it_stays_open(site, escrow, announced, relayer, before_end):
    order = site.closing()

    next_block_at(announced - before_end)
    with reverts(refusal("Escrow_WindowOpen", announced, announced - before_end)):
        escrow.close(*order, {"from": relayer})


def test_a_second_after_the_notice_it_can_be_closed(site, escrow, announced, relayer):
    order = site.closing()

    next_block_at(announced + 1)
    escrow.close(*order, {"from": relayer})

    assert announced + 1 == escrow.closing()["closedAt"]


# ---------------------------------------------------------------- nothing while anything is owed


@pytest.fixture
def lying(site, escrow, crew, relayer):
    """A notice that has ended beside a sheet of three lines, with money enough: two are paid, the first is not."""
    sheet = site.posted(crew)
    site.fund(2 * sheet.total_fen)
    site.release(sheet, crew, 1, 2)
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(escrow.closing()["announcedUntil"] + 1)
    return sheet


def test_a_line_nobody_has_fetched_bars_closing(site, crew, lying, close):
    with reverts(refusal("Escrow_StillOwed", lying.lines[0].amount_fen, 0)):
        close()

    site.release(lying, crew, 0)
    close()

    assert_books(site)


def test_a_contested_remainder_bars_closing_until_it_is_decided(site, token, crew, contractor, lying, close):
    contest = contested(site, crew[0], lying, 0, claimed_fen=200_000)
    with reverts(refusal("Escrow_StillOwed", 0, 100_000)):
        close()
    before = token.balanceOf(contractor)

    resolved(site, contest, 60_000)
    close()

    assert (200_000 - 40_000, lying.total_fen - 60_000) == (
        token.balanceOf(crew[0].payout), token.balanceOf(contractor) - before
    )  # fmt: skip


def test_an_unanswered_claim_bars_closing_after_its_window_too(site, crew, noticed, close):
    """Though nobody has released it."""
    claim = claimed(site, crew[0], amount_fen=50_000)
    wait_until(dispute(site, claim)["since"] + ANSWER_SECONDS + 1)

    with reverts(refusal("Escrow_StillOwed", 0, 50_000)):
        close()


def test_an_unpaid_award_bars_closing(site, crew, noticed, close):
    claim = claimed(site, crew[0], amount_fen=2 * FREE_FEN)
    answered(site, claim, 2 * FREE_FEN)

    with reverts(refusal("Escrow_StillOwed", 2 * FREE_FEN, 0)):
        close()


def test_a_wage_that_the_bank_gave_back_bars_closing(site, escrow, bank_payout, bank_crew, bank, relayer, close):
    sheet = site.posted(bank_crew[:1])
    site.fund(sheet.total_fen)
    site.release(sheet, bank_crew, 0)
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(escrow.closing()["announcedUntil"] + 1)
    bank_payout.returnLines(escrow, *sheet.lines_and_proof(0), word("no such account"), {"from": bank})

    with reverts(refusal("Escrow_StillOwed", sheet.total_fen, 0)):
        close()


# ---------------------------------------------------------------- who signed, over what


def test_a_closing_order_is_good_until_its_deadline(site, escrow, noticed, relayer):
    deadline = now() + 1_000
    order = site.closing(deadline=deadline)

    next_block_at(deadline)
    escrow.close(*order, {"from": relayer})

    assert deadline == escrow.closing()["closedAt"]


def test_a_closing_order_is_refused_a_second_after_its_deadline(site, escrow, noticed, relayer):
    deadline = now() + 1_000
    order = site.closing(deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.close(*order, {"from": relayer})


@pytest.mark.parametrize("signer", ["contractor", "arbiter", "registrar"])
def test_only_the_bureau_closes(site, noticed, close, signer):
    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        close(signer=getattr(site, signer))
    assert_books(site, funded=FREE_FEN)


@pytest.mark.parametrize("field", [{"count": 0}, {"count": 2}, {"deadline": 2**40}], ids=str)
def test_a_field_signed_otherwise_is_refused(site, escrow, noticed, relayer, field):
    deadline, _ = site.closing()
    _, signature = site.closing(**field)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.close(deadline, signature, {"from": relayer})


def test_a_closing_order_with_a_high_s_is_refused(site, escrow, noticed, relayer):
    deadline, signature = site.closing()
    high = pack(with_high_s(WalletSignature("0x" + signature.hex())))

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.close(deadline, high, {"from": relayer})


def test_a_closing_order_for_another_escrow_is_refused(site, open_site, token, relayer):
    other = open_site(token, "another tower")
    for each in (site, other):
        each.escrow.announceClosing(*each.closing_notice(), {"from": relayer})
    wait_until(now() + NOTICE_SECONDS + 1)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        other.escrow.close(*site.closing(), {"from": relayer})


def test_a_closing_order_for_another_chain_is_refused(site, noticed, close):
    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        close(domain=on_other_chain(site.escrow_domain()))


def test_a_closing_order_from_before_the_notice_is_refused(site, escrow, relayer):
    """The bureau looks at the books once everybody was told."""
    order = site.closing(deadline=2**40)
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(now() + NOTICE_SECONDS + 1)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.close(*order, {"from": relayer})


def test_an_order_for_a_notice_that_was_withdrawn_does_not_close_after_the_next(site, escrow, token, crew, noticed, relayer):
    """Work went on, and the bureau has not looked again."""
    order = site.closing(deadline=2**40)
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    site.release(sheet, crew, 0, 1, 2)
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(now() + NOTICE_SECONDS + 1)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.close(*order, {"from": relayer})
    assert_books(site, funded=FREE_FEN)


# ---------------------------------------------------------------- money after closing


def test_money_that_came_after_closing_goes_back_with_a_new_order(site, escrow, token, contractor, closed, close):
    first = escrow.closing()["closedAt"]
    before = token.balanceOf(contractor)
    site.fund(9_000)

    close()

    assert 9_000 == token.balanceOf(contractor) - before
    assert (first, 3) == tuple(escrow.closing())[1:3]
    assert_books(site)


def test_an_order_closes_once(site, escrow, noticed, relayer):
    """Money that comes later is not in what the bureau looked at."""
    order = site.closing()
    escrow.close(*order, {"from": relayer})
    site.fund(9_000)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.close(*order, {"from": relayer})
    assert_books(site, funded=9_000)


def test_a_claim_after_closing_is_paid_before_the_contractor(site, escrow, token, crew, closed, relayer, close):
    claim = claimed(site, crew[0], amount_fen=50_000)
    site.fund(60_000)
    with reverts(refusal("Escrow_StillOwed", 0, 50_000)):
        close()

    wait_until(dispute(site, claim)["since"] + ANSWER_SECONDS + 1)
    escrow.releaseStanding(claim, {"from": relayer})
    close()

    assert 50_000 == token.balanceOf(crew[0].payout)
    assert_books(site)


def test_a_released_line_may_be_contested_after_closing(site, crew, lying, close):
    site.release(lying, crew, 0)
    close()

    contested(site, crew[0], lying, 0, claimed_fen=200_000)

    assert_books(site, contested=100_000)


def test_no_sheet_is_posted_after_closing(site, escrow, crew, closed):
    with reverts(refusal("Escrow_Closed", escrow.closing()["closedAt"])):
        site.posted(crew)


def test_nobody_joins_after_closing(site, escrow, closed):
    worker = Worker.named(50)
    site.enrol(worker)

    with reverts(refusal("Escrow_Closed", escrow.closing()["closedAt"])):
        site.join(worker)


def test_a_closed_escrow_is_not_announced_again(site, escrow, closed, relayer):
    with reverts(refusal("Escrow_Closed", escrow.closing()["closedAt"])):
        escrow.announceClosing(*site.closing_notice(), {"from": relayer})


def test_a_token_that_calls_back_closes_once(open_site, ReenteringToken, admin, relayer):
    site = hostile_site(open_site, admin, relayer, ReenteringToken)
    site.fund(FREE_FEN)
    site.escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(now() + NOTICE_SECONDS + 1)
    order = site.closing()
    site.token.setCallback(site.escrow.close.encode_input(*order), {"from": admin})

    site.escrow.close(*order, {"from": relayer})

    assert "0x3ee5aeb5" == str(site.token.answer())  # ReentrancyGuardReentrantCall()
    assert 2 == site.escrow.closing()["count"]
    assert_books(site)
