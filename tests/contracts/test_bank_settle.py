"""BankPayout.settleLines and settleDispute: the bank has paid in real money, and the mirror is burned.

├── the caller is not the bank → refused; so on the escrow itself, for everybody but its BankPayout
├── the escrow is not one of the factory's → refused: test_bank_escrows.py
├── the receipt was used before, for a deposit, a settlement or a burn → refused
├── the sheet, a line or the dispute is unknown; lines repeat or do not ascend → refused
├── one of the lines is not with the bank: unpaid, paid elsewhere, settled, returned → refused, all of them
├── nothing of the dispute is with the bank → refused
└── else → LineSettled for each, DisputeSettled; burned; the escrow's books unchanged
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .book_keeping import answered, assert_books, claimed, dispute, wait_until
from .building_site import DAY_SECONDS, now, refusal, word

RECEIPT = word("payment of the bank")
ASKED_FEN = 100_000


@pytest.fixture
def sheet(site, bank_crew, crew):
    """Three workers paid by the bank and one paid elsewhere, all released; 5,000 fen are left."""
    workers = [*bank_crew, crew[0]]
    sheet = site.posted(workers)
    site.fund(sheet.total_fen + 5_000)
    site.release(sheet, workers, 0, 1, 2, 3)
    return sheet


@pytest.fixture
def claim(site, bank_crew):
    """A claim of 100,000 fen of which 60,000 are admitted and with the bank."""
    site.fund(ASKED_FEN)
    dispute_id = claimed(site, bank_crew[0], amount_fen=ASKED_FEN)
    answered(site, dispute_id, 60_000)
    return dispute_id


@pytest.fixture
def settle(escrow, bank_payout, bank):
    def settled(sheet, *places, receipt=RECEIPT):
        return bank_payout.settleLines(escrow, *sheet.lines_and_proof(*places), receipt, {"from": bank})

    return settled


# ---------------------------------------------------------------- lines


def test_released_lines_are_with_the_bank(escrow, bank_payout, token, sheet):
    assert sum(line.amount_fen for line in sheet.lines[:3]) == token.balanceOf(bank_payout)
    assert (0b1111, 0b0111, now()) == tuple(escrow.sheet(0)[name] for name in ("released", "banked", "bankedAt"))


def test_settling_burns_the_mirror(site, bank_payout, token, sheet, settle):
    before, paid = token.totalSupply(), sum(line.amount_fen for line in sheet.lines[:3])

    told = settle(sheet, 0, 1, 2)

    assert (0, paid) == (token.balanceOf(bank_payout), before - token.totalSupply())
    assert {"amount": paid, "receipt": "0x" + RECEIPT.hex()} == dict(told.events["Burned"])
    assert_books(site, funded=5_000)


def test_each_settled_line_is_told(sheet, settle):
    told = settle(sheet, 0, 2)

    assert [
        {
            "sheetId": 0, "index": i, "workerId": "0x" + sheet.lines[i].worker_id.hex(),
            "amount": sheet.lines[i].amount_fen, "receipt": "0x" + RECEIPT.hex(),
        }
        for i in (0, 2)
    ] == [dict(event) for event in told.events["LineSettled"]]  # fmt: skip


def test_a_settled_line_stays_released_and_is_no_longer_with_the_bank(escrow, sheet, settle):
    settle(sheet, 0, 2)

    assert (0b1111, 0b0010) == tuple(escrow.sheet(0)[name] for name in ("released", "banked"))


def test_the_rest_can_be_settled_later(bank_payout, token, sheet, settle):
    settle(sheet, 1)

    settle(sheet, 0, 2, receipt=word("another receipt"))

    assert 0 == token.balanceOf(bank_payout)


def test_a_settled_line_is_not_settled_again(sheet, settle):
    settle(sheet, 0)

    with reverts(refusal("Escrow_NotBanked", 0)):
        settle(sheet, 0, receipt=word("another receipt"))


def test_one_line_that_is_not_with_the_bank_stops_all(bank_payout, token, escrow, sheet, settle):
    settle(sheet, 1)
    before = token.balanceOf(bank_payout)

    with reverts(refusal("Escrow_NotBanked", 1)):
        settle(sheet, 0, 1, 2, receipt=word("another receipt"))
    assert (before, 0b101) == (token.balanceOf(bank_payout), escrow.sheet(0)["banked"])


def test_a_line_paid_elsewhere_is_not_settled(sheet, settle):
    with reverts(refusal("Escrow_NotBanked", 0)):
        settle(sheet, 3)


def test_an_unpaid_line_is_not_settled(site, bank_crew, settle):
    sheet = site.posted(bank_crew)

    with reverts(refusal("Escrow_NotBanked", 0)):
        settle(sheet, 0)


def test_a_line_that_could_not_be_paid_is_not_settled(site, bank_crew, settle):
    """Money was short: PayoutFailed."""
    sheet = site.posted(bank_crew)
    site.release(sheet, bank_crew, 0, 1, 2)

    with reverts(refusal("Escrow_NotBanked", 0)):
        settle(sheet, 0)


def test_a_line_paid_elsewhere_before_its_worker_chose_the_bank_is_not_settled(
    site, registry, bank_payout, crew, bank_crew, relayer, settle
):
    """The worker's payout is the bank now; this wage went where it was before. The bank has other money to be taken."""
    sheet = site.posted([crew[0], bank_crew[0]])
    site.fund(sheet.total_fen)
    site.release(sheet, [crew[0], bank_crew[0]], 0, 1)
    registry.proposePayout(*site.payout_change(crew[0], bank_payout.address), {"from": relayer})
    wait_until(now() + 7 * DAY_SECONDS)
    registry.applyPayout(crew[0].worker_id, {"from": relayer})

    with reverts(refusal("Escrow_NotBanked", 0)):
        settle(sheet, 0)


def test_a_returned_line_is_not_settled(escrow, bank_payout, bank, sheet, settle):
    bank_payout.returnLines(escrow, *sheet.lines_and_proof(0), word("closed account"), {"from": bank})

    with reverts(refusal("Escrow_NotBanked", 0)):
        settle(sheet, 0)


def test_a_line_returned_and_paid_again_is_settled(site, escrow, bank_payout, token, bank_crew, bank, sheet, settle):
    bank_payout.returnLines(escrow, *sheet.lines_and_proof(0), word("closed account"), {"from": bank})
    site.release(sheet, bank_crew, 0)

    settle(sheet, 0, 1, 2)

    assert 0 == token.balanceOf(bank_payout)


@pytest.mark.parametrize("size", [1, 2, 255, 256])
def test_whole_sheets_of_any_size_are_settled(site, bank_payout, token, bank_crew, settle, size):
    worker = bank_crew[2]
    sheet = site.posted([worker] * size)
    site.fund(sheet.total_fen)
    site.escrow.releaseLine(*sheet.lines_and_proof(0), *site.confirm(worker, sheet, 0), {"from": site.relayer})
    wait_until(now() + 8 * DAY_SECONDS)
    site.escrow.releaseUnsigned(*sheet.lines_and_proof(*range(size)), {"from": site.relayer})

    settle(sheet, *range(size))

    assert 0 == token.balanceOf(bank_payout)
    assert 0 == site.escrow.sheet(0)["banked"]


# ---------------------------------------------------------------- receipts


def test_a_receipt_settles_once(sheet, settle):
    settle(sheet, 0)

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        settle(sheet, 1)


def test_a_deposits_receipt_settles_nothing(token, bank, relayer, sheet, settle):
    token.mint(relayer, 1, RECEIPT, {"from": bank})

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        settle(sheet, 0)


def test_a_settlements_receipt_mints_nothing(token, bank, relayer, sheet, settle):
    settle(sheet, 0)

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        token.mint(relayer, 1, RECEIPT, {"from": bank})


def test_a_receipt_of_lines_settles_no_dispute(escrow, bank_payout, bank, sheet, claim, settle):
    settle(sheet, 0)

    with reverts(refusal("Token_ReceiptUsed", RECEIPT)):
        bank_payout.settleDispute(escrow, claim, RECEIPT, {"from": bank})


# ---------------------------------------------------------------- the lines given


def test_an_unknown_sheet_is_refused(sheet, settle):
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        settle(replace(sheet, sheet_id=1), 0)


def test_a_changed_line_is_refused(sheet, settle):
    """The bank cannot burn more than the line's amount."""
    richer = replace(sheet, lines=[replace(sheet.lines[0], amount_fen=200_000), *sheet.lines[1:]])

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        settle(richer, 0)


def test_a_line_given_twice_is_refused(escrow, bank_payout, bank, sheet):
    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        bank_payout.settleLines(escrow, 0, sheet.packed(0) * 2, sheet.tree.proof([0]), RECEIPT, {"from": bank})


def test_lines_out_of_order_are_refused(escrow, bank_payout, bank, sheet):
    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        bank_payout.settleLines(
            escrow, 0, sheet.packed(1) + sheet.packed(0), sheet.tree.proof([0, 1]), RECEIPT, {"from": bank}
        )


def test_no_lines_are_refused(escrow, bank_payout, bank, sheet):
    with reverts(refusal("Escrow_BadLineCount", 0)):
        bank_payout.settleLines(escrow, 0, b"", [], RECEIPT, {"from": bank})


# ---------------------------------------------------------------- disputes


def test_settling_a_dispute_burns_what_the_bank_held_of_it(site, escrow, bank_payout, token, bank_crew, bank, claim):
    told = bank_payout.settleDispute(escrow, claim, RECEIPT, {"from": bank})

    assert 0 == token.balanceOf(bank_payout)
    assert {
        "disputeId": claim, "workerId": "0x" + bank_crew[0].worker_id.hex(), "amount": 60_000,
        "receipt": "0x" + RECEIPT.hex(),
    } == dict(told.events["DisputeSettled"])  # fmt: skip
    assert (60_000, 60_000, 0) == tuple(dispute(site, claim)[name] for name in ("granted", "paid", "banked"))
    assert_books(site, funded=40_000, contested=40_000)


def test_a_dispute_is_settled_as_often_as_it_is_paid(site, escrow, bank_payout, token, bank, claim):
    bank_payout.settleDispute(escrow, claim, RECEIPT, {"from": bank})
    answered(site, claim, 75_000)

    told = bank_payout.settleDispute(escrow, claim, word("another receipt"), {"from": bank})

    assert 15_000 == told.events["DisputeSettled"]["amount"]
    assert 0 == token.balanceOf(bank_payout)


def test_a_settled_dispute_is_not_settled_again(escrow, bank_payout, bank, sheet, claim):
    bank_payout.settleDispute(escrow, claim, RECEIPT, {"from": bank})

    with reverts(refusal("Escrow_NothingDue", claim)):
        bank_payout.settleDispute(escrow, claim, word("another receipt"), {"from": bank})


def test_a_dispute_paid_elsewhere_is_not_settled(site, escrow, bank_payout, crew, bank, sheet):
    site.fund(ASKED_FEN)
    claim = claimed(site, crew[0], amount_fen=ASKED_FEN)
    answered(site, claim, ASKED_FEN)

    with reverts(refusal("Escrow_NothingDue", claim)):
        bank_payout.settleDispute(escrow, claim, RECEIPT, {"from": bank})


def test_an_unpaid_dispute_is_not_settled(site, escrow, bank_payout, bank_crew, bank):
    claim = claimed(site, bank_crew[0], amount_fen=ASKED_FEN)
    answered(site, claim, ASKED_FEN)

    with reverts(refusal("Escrow_NothingDue", claim)):
        bank_payout.settleDispute(escrow, claim, RECEIPT, {"from": bank})


def test_an_unknown_dispute_is_refused(escrow, bank_payout, bank):
    with reverts(refusal("Escrow_UnknownDispute", 0)):
        bank_payout.settleDispute(escrow, 0, RECEIPT, {"from": bank})


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("who", ["admin", "guardian", "stranger", "contractor", "bureau", "registrar", "relayer"])
def test_only_the_bank_settles(escrow, bank_payout, request, sheet, claim, who):
    account = request.getfixturevalue(who)

    with reverts(refusal("AccessManagedUnauthorized", account.address)):
        bank_payout.settleLines(escrow, *sheet.lines_and_proof(0), RECEIPT, {"from": account})
    with reverts(refusal("AccessManagedUnauthorized", account.address)):
        bank_payout.settleDispute(escrow, claim, RECEIPT, {"from": account})


@pytest.mark.parametrize("who", ["bank", "stranger", "contractor"])
def test_on_the_escrow_only_the_bank_payout_speaks_for_the_bank(escrow, request, sheet, claim, who):
    account = request.getfixturevalue(who)
    refused = refusal("Escrow_NotBank", account.address)

    with reverts(refused):
        escrow.settleLines(*sheet.lines_and_proof(0), RECEIPT, {"from": account})
    with reverts(refused):
        escrow.takeBackLines(*sheet.lines_and_proof(0), RECEIPT, {"from": account})
    with reverts(refused):
        escrow.settleDispute(claim, RECEIPT, {"from": account})
    with reverts(refused):
        escrow.takeBackDispute(claim, RECEIPT, {"from": account})
