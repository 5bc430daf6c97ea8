"""BankPayout.returnLines and returnUnsettledLines: wages that the bank did not pay are owed again.

returned by the bank
├── the caller is not the bank → refused
├── one of the lines is not with the bank: unpaid, paid elsewhere, settled, returned → refused, all of them
└── else → LineReturned; the money is funded and owed again
returned by anyone
├── before the bank has held lines of the sheet for 30 days (their end included) → refused
├── settled, or returned already → refused
├── not all that the bank holds of the sheet → refused
└── else → the same, with reason zero
payable again
├── by the same confirmation, or another
├── unsigned, after the objection window
└── always to the payout that is registered then
"""

import pytest
from brownie import reverts

from .book_keeping import assert_books, wait_until
from .building_site import DAY_SECONDS, OBJECTION_SECONDS, indexes, next_block_at, now, refusal, word

SETTLEMENT_SECONDS = 30 * DAY_SECONDS
REASON = word("closed account")
NO_REASON = "0x" + "00" * 32


@pytest.fixture
def sheet(site, bank_crew, crew):
    """Three workers paid by the bank and one paid elsewhere, all released; 5,000 fen are left."""
    workers = [*bank_crew, crew[0]]
    sheet = site.posted(workers)
    site.fund(sheet.total_fen + 5_000)
    site.release(sheet, workers, 0, 1, 2, 3)
    return sheet


@pytest.fixture
def give_back(escrow, bank_payout, bank):
    def given(sheet, *places):
        return bank_payout.returnLines(escrow, *sheet.lines_and_proof(*places), REASON, {"from": bank})

    return given


@pytest.fixture
def fetch_back(escrow, bank_payout, stranger):
    """Anyone gives back what the bank left lying."""

    def fetched(sheet, *places):
        return bank_payout.returnUnsettledLines(escrow, *sheet.lines_and_proof(*places), {"from": stranger})

    return fetched


@pytest.fixture
def move(registry, relayer):
    """Let a worker's payout be another, after the cooling-off."""

    def moved(site, worker, payout):
        registry.proposePayout(*site.payout_change(worker, payout), {"from": relayer})
        wait_until(now() + 7 * DAY_SECONDS)
        registry.applyPayout(worker.worker_id, {"from": relayer})

    return moved


# ---------------------------------------------------------------- the bank gives back


def test_returned_lines_are_owed_again_and_the_money_is_there(site, bank_payout, token, sheet, give_back):
    owed = sheet.lines[0].amount_fen + sheet.lines[2].amount_fen

    give_back(sheet, 0, 2)

    assert sheet.lines[1].amount_fen == token.balanceOf(bank_payout)
    assert (0b1010, 0b0010) == tuple(site.escrow.sheet(0)[name] for name in ("released", "banked"))
    assert_books(site, funded=5_000 + owed, owed=owed)


def test_each_returned_line_is_told(sheet, give_back):
    told = give_back(sheet, 0, 2)

    assert [
        {
            "sheetId": 0, "index": i, "workerId": "0x" + sheet.lines[i].worker_id.hex(),
            "amount": sheet.lines[i].amount_fen, "reason": "0x" + REASON.hex(),
        }
        for i in (0, 2)
    ] == [dict(event) for event in told.events["LineReturned"]]  # fmt: skip


def test_returning_burns_nothing(token, sheet, give_back):
    before = token.totalSupply()

    give_back(sheet, 0, 1, 2)

    assert before == token.totalSupply()


def test_a_line_is_returned_once(site, sheet, give_back):
    give_back(sheet, 0)

    with reverts(refusal("Escrow_NotBanked", 0)):
        give_back(sheet, 0)
    assert_books(site, funded=5_000 + sheet.lines[0].amount_fen, owed=sheet.lines[0].amount_fen)


def test_a_settled_line_is_never_returned(escrow, bank_payout, bank, sheet, give_back, fetch_back):
    """Else the worker would be paid twice: in real money and in its mirror."""
    bank_payout.settleLines(escrow, *sheet.lines_and_proof(0), word("receipt"), {"from": bank})

    with reverts(refusal("Escrow_NotBanked", 0)):
        give_back(sheet, 0)
    wait_until(now() + SETTLEMENT_SECONDS + 1)
    with reverts(refusal("Escrow_NotBanked", 0)):
        fetch_back(sheet, 0)


def test_one_line_that_is_not_with_the_bank_stops_all(bank_payout, token, sheet, give_back):
    before = token.balanceOf(bank_payout)

    with reverts(refusal("Escrow_NotBanked", 2)):
        give_back(sheet, 0, 1, 3)
    assert before == token.balanceOf(bank_payout)


def test_an_unpaid_line_is_not_returned(site, bank_crew, sheet, give_back):
    """Others' money lies with the bank: it cannot be drawn into this line."""
    unpaid = site.posted(bank_crew)

    with reverts(refusal("Escrow_NotBanked", 0)):
        give_back(unpaid, 0)


@pytest.mark.parametrize("who", ["admin", "stranger", "contractor", "bureau", "relayer"])
def test_only_the_bank_gives_back_before_its_time(escrow, bank_payout, request, sheet, who):
    account = request.getfixturevalue(who)

    with reverts(refusal("AccessManagedUnauthorized", account.address)):
        bank_payout.returnLines(escrow, *sheet.lines_and_proof(0), REASON, {"from": account})


# ---------------------------------------------------------------- the bank stays silent


def test_after_30_days_anyone_gives_it_back(site, bank_payout, token, sheet, fetch_back):
    owed = sum(line.amount_fen for line in sheet.lines[:3])

    next_block_at(site.escrow.sheet(0)["bankedAt"] + SETTLEMENT_SECONDS + 1)
    told = fetch_back(sheet, 0, 1, 2)

    assert 0 == token.balanceOf(bank_payout)
    assert [NO_REASON] * 3 == [str(event["reason"]) for event in told.events["LineReturned"]]
    assert_books(site, funded=5_000 + owed, owed=owed)


@pytest.mark.parametrize("before_end", [SETTLEMENT_SECONDS - 5, 1, 0], ids=["at once", "a second before", "at the end"])
def test_within_30_days_it_stays_with_the_bank(escrow, sheet, fetch_back, before_end):
    until = escrow.sheet(0)["bankedAt"] + SETTLEMENT_SECONDS

    next_block_at(until - before_end)
    with reverts(refusal("BankPayout_TooEarly", until, until - before_end)):
        fetch_back(sheet, 0)


def test_the_banks_time_runs_from_the_payment_not_from_posting(site, escrow, bank_crew, fetch_back):
    sheet = site.posted(bank_crew)
    wait_until(now() + 2 * SETTLEMENT_SECONDS)
    site.fund(sheet.total_fen)
    site.release(sheet, bank_crew, 0)
    until = now() + SETTLEMENT_SECONDS

    next_block_at(until)
    with reverts(refusal("BankPayout_TooEarly", until, until)):
        fetch_back(sheet, 0)


def test_nobody_makes_the_other_workers_wait_anew_by_paying_one_more_line(
    site, escrow, token, bank_payout, bank_crew, fetch_back
):
    """The bank's 30 days run from the first line that it holds of a sheet."""
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    site.release(sheet, bank_crew, 0)
    since = now()
    wait_until(since + SETTLEMENT_SECONDS - 100)
    site.release(sheet, bank_crew, 1)

    assert since == escrow.sheet(0)["bankedAt"]
    next_block_at(since + SETTLEMENT_SECONDS + 1)
    fetch_back(sheet, 0, 1)

    assert 0 == token.balanceOf(bank_payout)


def test_once_the_bank_holds_nothing_of_a_sheet_its_time_begins_anew(site, escrow, bank_payout, bank_crew, bank, fetch_back):
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    site.release(sheet, bank_crew, 0)
    bank_payout.settleLines(escrow, *sheet.lines_and_proof(0), word("receipt"), {"from": bank})
    wait_until(now() + SETTLEMENT_SECONDS)
    site.release(sheet, bank_crew, 1)
    until = now() + SETTLEMENT_SECONDS

    next_block_at(until)
    with reverts(refusal("BankPayout_TooEarly", until, until)):
        fetch_back(sheet, 1)


def test_a_line_that_never_went_to_the_bank_is_not_given_back(site, bank_crew, sheet, fetch_back):
    unpaid = site.posted(bank_crew)

    with reverts(refusal("Escrow_NotBanked", 0)):
        fetch_back(unpaid, 0)


def test_a_line_paid_elsewhere_is_not_given_back(sheet, fetch_back):
    wait_until(now() + SETTLEMENT_SECONDS + 1)

    with reverts(refusal("Escrow_NotBanked", 0)):
        fetch_back(sheet, 3)


@pytest.mark.parametrize(("places", "left"), [((0,), 0b110), ((1, 2), 0b001), ((0, 2), 0b010)], ids=str)
def test_nobody_makes_the_other_workers_wait_anew_by_fetching_one_line(
    site, token, bank_payout, sheet, fetch_back, places, left
):
    """One line given back and paid again would begin the bank's 30 days again for all."""
    held = token.balanceOf(bank_payout)
    wait_until(now() + SETTLEMENT_SECONDS + 1)

    with reverts(refusal("BankPayout_LinesLeft", left)):
        fetch_back(sheet, *places)
    assert held == token.balanceOf(bank_payout)
    assert 0b0111 == site.escrow.sheet(0)["banked"]


def test_what_the_bank_settled_or_gave_back_itself_need_not_be_fetched(
    escrow, bank_payout, token, bank, sheet, give_back, fetch_back
):
    bank_payout.settleLines(escrow, *sheet.lines_and_proof(0), word("receipt"), {"from": bank})
    give_back(sheet, 2)
    wait_until(now() + SETTLEMENT_SECONDS + 1)

    fetch_back(sheet, 1)

    assert 0 == token.balanceOf(bank_payout)


def test_the_bank_may_settle_late_what_nobody_fetched(escrow, bank_payout, token, bank, sheet):
    wait_until(now() + SETTLEMENT_SECONDS + 1)

    bank_payout.settleLines(escrow, *sheet.lines_and_proof(0, 1, 2), word("receipt"), {"from": bank})

    assert 0 == token.balanceOf(bank_payout)


def test_what_was_fetched_back_cannot_be_settled(escrow, bank_payout, bank, sheet, fetch_back):
    wait_until(now() + SETTLEMENT_SECONDS + 1)
    fetch_back(sheet, 0, 1, 2)

    with reverts(refusal("Escrow_NotBanked", 0)):
        bank_payout.settleLines(escrow, *sheet.lines_and_proof(0), word("receipt"), {"from": bank})


def test_closing_the_banks_functions_does_not_keep_the_money_there(roles, bank_payout, admin, token, sheet, fetch_back):
    """The administrator of the roles can stop the bank's calls, not what anybody may do."""
    roles.setTargetClosed(bank_payout, True, {"from": admin})
    wait_until(now() + SETTLEMENT_SECONDS + 1)

    fetch_back(sheet, 0, 1, 2)

    assert 0 == token.balanceOf(bank_payout)


# ---------------------------------------------------------------- payable again


def test_the_same_confirmation_pays_a_returned_line_again(site, escrow, bank_payout, token, bank_crew, relayer, give_back):
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    words = site.confirmations(sheet, bank_crew, 0)
    escrow.release(*sheet.lines_and_proof(0), *words, {"from": relayer})
    give_back(sheet, 0)

    told = escrow.release(*sheet.lines_and_proof(0), *words, {"from": relayer})

    assert [0] == indexes(told)
    assert sheet.lines[0].amount_fen == token.balanceOf(bank_payout)
    assert (1, 1, now()) == tuple(escrow.sheet(0)[name] for name in ("released", "banked", "bankedAt"))


def test_the_same_confirmation_pays_a_returned_line_to_the_changed_payout(
    site, escrow, token, bank_crew, relayer, stranger, give_back, move
):
    """The worker signed for the wage, not for the account: nobody has to be found again."""
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    words = site.confirm(bank_crew[0], sheet, 0)
    escrow.releaseLine(*sheet.lines_and_proof(0), *words, {"from": relayer})
    give_back(sheet, 0)
    move(site, bank_crew[0], stranger.address)

    escrow.releaseLine(*sheet.lines_and_proof(0), *words, {"from": relayer})

    assert sheet.lines[0].amount_fen == token.balanceOf(stranger)
    assert 0 == escrow.sheet(0)["banked"]


def test_a_returned_line_is_paid_unsigned_to_the_changed_payout(
    site, escrow, token, bank_crew, sheet, relayer, stranger, give_back, move
):
    give_back(sheet, 0)
    move(site, bank_crew[0], stranger.address)
    wait_until(now() + OBJECTION_SECONDS)

    escrow.releaseUnsigned(*sheet.lines_and_proof(0), {"from": relayer})

    assert sheet.lines[0].amount_fen == token.balanceOf(stranger)
    assert_books(site, funded=5_000)


def test_a_line_whose_worker_had_chosen_another_payout_meanwhile_goes_there(
    site, escrow, token, bank_crew, sheet, relayer, stranger, fetch_back, move
):
    """Paid to the bank before the change, given back after it."""
    move(site, bank_crew[0], stranger.address)
    wait_until(now() + SETTLEMENT_SECONDS)
    fetch_back(sheet, 0, 1, 2)

    escrow.releaseUnsigned(*sheet.lines_and_proof(0), {"from": relayer})

    assert sheet.lines[0].amount_fen == token.balanceOf(stranger)


def test_a_returned_line_may_be_contested(site, sheet, bank_crew, give_back):
    """The posted part is paid again, the remainder is set aside."""
    give_back(sheet, 0)

    told = site.contest(bank_crew[0], sheet, 0, claimed_fen=200_000)

    assert [0] == indexes(told)
    assert_books(site, funded=5_000, contested=200_000 - sheet.lines[0].amount_fen)


def test_a_contested_line_that_is_returned_is_paid_unsigned_at_once(site, escrow, sheet, bank_crew, relayer, give_back):
    """The worker has spoken: no window to wait for."""
    site.contest(bank_crew[0], sheet, 0, claimed_fen=200_000)
    give_back(sheet, 0)

    assert [0] == indexes(escrow.releaseUnsigned(*sheet.lines_and_proof(0), {"from": relayer}))


def test_a_line_can_go_round_more_than_once(site, escrow, bank_payout, token, bank_crew, bank, sheet, give_back):
    for _ in range(3):
        give_back(sheet, 0)
        site.release(sheet, bank_crew, 0)

    bank_payout.settleLines(escrow, *sheet.lines_and_proof(0, 1, 2), word("receipt"), {"from": bank})

    assert 0 == token.balanceOf(bank_payout)
    assert_books(site, funded=5_000)


def test_an_unknown_sheet_is_refused(escrow, bank_payout, bank, sheet, stranger):
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        bank_payout.returnUnsettledLines(escrow, 1, *sheet.lines_and_proof(0)[1:], {"from": stranger})
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        bank_payout.returnLines(escrow, 1, *sheet.lines_and_proof(0)[1:], REASON, {"from": bank})
