"""WageEscrow.pause and unpause: the guardian delays what is not pay, and never what is.

pause
├── the caller is not the guardian → refused
├── a pause runs, or ended less than 30 days ago → refused (after 30 days: good)
└── else → Paused, 7 days
unpause
├── the caller is not the guardian, or no pause runs → refused
└── else → Unpaused; the 30 days' rest begins
while paused (to the second before its end)
├── fund, fundWithPermit, bookTransfer, depositBond, postSheet, announceClosing, close, returnBond → refused
└── join, release, releaseLine, releaseUnsigned, contest, claim, answer, releaseStanding, resolve, drawBond,
    the bank's settling and returning → as ever
"""

import pytest
from brownie import reverts

from .book_keeping import answered, assert_books, claimed, contested, dispute, resolved, wait_until
from .building_site import ANSWER_SECONDS, DAY_SECONDS, OBJECTION_SECONDS, Worker, indexes, next_block_at, now, refusal, word

PAUSE_SECONDS = 7 * DAY_SECONDS
REST_SECONDS = 30 * DAY_SECONDS


@pytest.fixture
def pause(escrow, guardian):
    """Pause now; returns when the pause ends."""

    def paused():
        escrow.pause({"from": guardian})
        return escrow.closing()["pausedUntil"]

    return paused


# ---------------------------------------------------------------- pause and unpause


def test_the_guardian_pauses_for_a_week(escrow, guardian):
    told = escrow.pause({"from": guardian})

    assert {"until": now() + PAUSE_SECONDS} == dict(told.events["Paused"])
    assert now() + PAUSE_SECONDS == escrow.closing()["pausedUntil"]


@pytest.mark.parametrize("who", ["admin", "bank", "stranger", "relayer", "contractor", "registrar", "bureau", "arbiter"])
def test_nobody_else_pauses(escrow, request, who):
    account = request.getfixturevalue(who)

    with reverts(refusal("Escrow_NotGuardian", account.address)):
        escrow.pause({"from": account})


def test_a_guardian_with_a_delay_does_not_count(escrow, roles, admin, stranger):
    roles.grantRole(4, stranger, 1, {"from": admin})

    with reverts(refusal("Escrow_NotGuardian", stranger.address)):
        escrow.pause({"from": stranger})


def test_a_dismissed_guardian_does_not_count(escrow, roles, admin, guardian):
    roles.revokeRole(4, guardian, {"from": admin})

    with reverts(refusal("Escrow_NotGuardian", guardian.address)):
        escrow.pause({"from": guardian})


def test_a_pause_cannot_be_prolonged(escrow, guardian, pause):
    until = pause()

    next_block_at(until - 1)
    with reverts(refusal("Escrow_PauseTooSoon", until + REST_SECONDS, until - 1)):
        escrow.pause({"from": guardian})


@pytest.mark.parametrize("before", [REST_SECONDS, 1], ids=["as it ends", "a second before the rest is over"])
def test_one_pause_does_not_follow_the_other(escrow, guardian, pause, before):
    rested = pause() + REST_SECONDS

    next_block_at(rested - before)
    with reverts(refusal("Escrow_PauseTooSoon", rested, rested - before)):
        escrow.pause({"from": guardian})


def test_after_the_rest_it_can_be_paused_again(escrow, guardian, pause):
    rested = pause() + REST_SECONDS

    next_block_at(rested)
    escrow.pause({"from": guardian})

    assert rested + PAUSE_SECONDS == escrow.closing()["pausedUntil"]


def test_the_guardian_ends_the_pause(site, escrow, guardian, pause):
    pause()

    told = escrow.unpause({"from": guardian})

    assert "Unpaused" in told.events
    assert now() == escrow.closing()["pausedUntil"]
    site.fund(1)


def test_after_unpausing_the_rest_runs_from_then(escrow, guardian, pause):
    pause()
    escrow.unpause({"from": guardian})
    rested = now() + REST_SECONDS

    next_block_at(rested - 1)
    with reverts(refusal("Escrow_PauseTooSoon", rested, rested - 1)):
        escrow.pause({"from": guardian})
    next_block_at(rested)
    escrow.pause({"from": guardian})


@pytest.mark.parametrize("who", ["admin", "stranger", "contractor", "bureau"])
def test_nobody_else_ends_it(escrow, request, pause, who):
    account = request.getfixturevalue(who)
    pause()

    with reverts(refusal("Escrow_NotGuardian", account.address)):
        escrow.unpause({"from": account})


def test_no_pause_cannot_be_ended(escrow, guardian):
    next_block_at(now() + 10)
    with reverts(refusal("Escrow_NotPaused", 0, now() + 10)):
        escrow.unpause({"from": guardian})


def test_a_pause_that_is_over_cannot_be_ended(escrow, guardian, pause):
    """Else the rest would begin anew, or earlier."""
    until = pause()

    next_block_at(until)
    with reverts(refusal("Escrow_NotPaused", until, until)):
        escrow.unpause({"from": guardian})


def test_a_pause_of_one_project_is_not_of_another(open_site, token, pause):
    pause()

    other = open_site(token, "another tower")
    other.fund(1_000)

    assert_books(other, funded=1_000)


# ---------------------------------------------------------------- what waits


@pytest.fixture
def waiting(site, escrow, token, crew, contractor, relayer):
    """What a pause stops, ready to be sent: name → call."""
    token.approve(escrow, 10**9, {"from": relayer})
    token.transfer(escrow, 5, {"from": relayer})
    sheet = site.sheet(crew)
    signed = site.sign_sheet(sheet)
    notice = site.closing_notice(deadline=2**40)
    as_relayer = {"from": relayer}
    return {
        "fund": lambda: escrow.fund(10, word("memo"), as_relayer),
        "fundWithPermit": lambda: escrow.fundWithPermit(10, word("memo"), 2**40, 27, word("r"), word("s"), as_relayer),
        "bookTransfer": lambda: escrow.bookTransfer(word("memo"), as_relayer),
        "depositBond": lambda: escrow.depositBond(10, as_relayer),
        "postSheet": lambda: escrow.postSheet(sheet.sheet_id, sheet.header, sheet.packed(), signed, as_relayer),
        "announceClosing": lambda: escrow.announceClosing(*notice, as_relayer),
    }


STOPPED = ["fund", "fundWithPermit", "bookTransfer", "depositBond", "postSheet", "announceClosing"]


@pytest.mark.parametrize("call", STOPPED)
def test_a_pause_stops_it_to_the_last_second(waiting, pause, call):
    until = pause()

    next_block_at(until - 1)
    with reverts(refusal("Escrow_Paused", until)):
        waiting[call]()


@pytest.mark.parametrize("call", STOPPED)
def test_at_the_end_of_the_pause_it_goes_on(waiting, pause, call):
    until = pause()

    next_block_at(until)

    assert 1 == waiting[call]().status


@pytest.fixture
def closable(site, escrow, relayer):
    site.fund(1_000)
    site.deposit_bond(2_000)
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    wait_until(escrow.closing()["announcedUntil"] + 1)


def test_a_pause_stops_closing(site, escrow, closable, pause, relayer):
    until = pause()
    order = site.closing()

    next_block_at(until - 1)
    with reverts(refusal("Escrow_Paused", until)):
        escrow.close(*order, {"from": relayer})
    next_block_at(until)
    escrow.close(*order, {"from": relayer})

    assert_books(site, bond=2_000)


def test_a_pause_stops_the_bonds_return(site, escrow, closable, pause, relayer):
    escrow.close(*site.closing(), {"from": relayer})
    wait_until(now() + REST_SECONDS + 1)
    until = pause()

    next_block_at(until - 1)
    with reverts(refusal("Escrow_Paused", until)):
        escrow.returnBond({"from": relayer})
    next_block_at(until)
    escrow.returnBond({"from": relayer})

    assert_books(site)


def test_the_notice_runs_on_during_a_pause(site, escrow, pause, relayer):
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})
    until = escrow.closing()["announcedUntil"]

    pause()

    assert until == escrow.closing()["announcedUntil"]


# ---------------------------------------------------------------- what never waits


@pytest.fixture
def paused_sheet(site, crew, pause):
    """A posted and funded sheet in a paused escrow."""
    sheet = site.posted(crew)
    site.fund(3 * sheet.total_fen)
    pause()
    return sheet


def test_signed_wages_are_paid(site, escrow, crew, paused_sheet):
    assert [0, 1, 2] == indexes(site.release(paused_sheet, crew, 0, 1, 2))
    assert 0 == escrow.books()["owed"]


def test_a_single_line_is_paid(site, crew, paused_sheet):
    assert [1] == indexes(site.release_line(paused_sheet, crew[1], 1))


def test_silent_workers_are_paid(site, escrow, crew, guardian, relayer):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    wait_until(now() + OBJECTION_SECONDS + 1)
    escrow.pause({"from": guardian})

    assert [0, 1, 2] == indexes(escrow.releaseUnsigned(*sheet.lines_and_proof(0, 1, 2), {"from": relayer}))


def test_a_line_is_contested_and_its_posted_part_paid(site, crew, paused_sheet):
    assert [0] == indexes(site.contest(crew[0], paused_sheet, 0, claimed_fen=200_000))


def test_claims_are_made_answered_and_decided(site, token, crew, paused_sheet):
    claim = claimed(site, crew[0], amount_fen=100_000)
    answered(site, claim, 10_000)
    resolved(site, claim, 60_000)

    assert 60_000 == token.balanceOf(crew[0].payout)


def test_a_contested_remainder_is_decided(site, token, crew, paused_sheet):
    contest = contested(site, crew[0], paused_sheet, 0, claimed_fen=200_000)
    resolved(site, contest, 100_000)

    assert 200_000 == token.balanceOf(crew[0].payout)


def test_a_claim_stands_and_is_paid(site, escrow, token, crew, guardian, relayer):
    site.fund(100_000)
    claim = claimed(site, crew[0], amount_fen=100_000)
    wait_until(dispute(site, claim)["since"] + ANSWER_SECONDS + 1)
    escrow.pause({"from": guardian})

    escrow.releaseStanding(claim, {"from": relayer})

    assert 100_000 == token.balanceOf(crew[0].payout)


def test_the_bond_is_drawn(site, escrow, crew, pause, relayer):
    sheet = site.posted(crew)
    site.deposit_bond(sheet.total_fen)
    pause()

    escrow.drawBond(*site.bond_draw(sheet.total_fen), {"from": relayer})

    assert_books(site, funded=sheet.total_fen, owed=sheet.total_fen)


def test_a_worker_joins(site, escrow, pause):
    """Joining gives a worker the right to claim."""
    worker = Worker.named(50)
    site.enrol(worker)
    pause()

    site.join(worker)

    assert 0 < escrow.dayCapOf(worker.worker_id)


@pytest.fixture
def banked(site, bank_crew, pause):
    """Two lines and a dispute with the bank, in a paused escrow."""
    sheet = site.posted(bank_crew[:2])
    site.fund(10 * sheet.total_fen)
    site.release(sheet, bank_crew, 0, 1)
    answered(site, claimed(site, bank_crew[2], amount_fen=100_000), 100_000)
    pause()
    return sheet


def test_the_bank_settles(escrow, bank_payout, token, bank, banked):
    bank_payout.settleLines(escrow, *banked.lines_and_proof(0, 1), word("receipt"), {"from": bank})
    bank_payout.settleDispute(escrow, 0, word("another receipt"), {"from": bank})

    assert 0 == token.balanceOf(bank_payout)


def test_the_bank_gives_back(site, escrow, bank_payout, token, bank, banked):
    before = escrow.books()["funded"]

    bank_payout.returnLines(escrow, *banked.lines_and_proof(0, 1), word("closed account"), {"from": bank})
    bank_payout.returnDispute(escrow, 0, word("closed account"), {"from": bank})

    owed = banked.total_fen + 100_000
    assert_books(site, funded=before + owed, owed=owed)


def test_what_the_bank_left_lying_is_given_back(site, escrow, bank_payout, guardian, bank_crew, relayer):
    sheet = site.posted(bank_crew[:1])
    site.fund(sheet.total_fen)
    site.release(sheet, bank_crew, 0)
    wait_until(now() + bank_payout.SETTLEMENT_WINDOW() + 1)
    escrow.pause({"from": guardian})

    bank_payout.returnUnsettledLines(escrow, *sheet.lines_and_proof(0), {"from": relayer})

    assert_books(site, funded=sheet.total_fen, owed=sheet.total_fen)
