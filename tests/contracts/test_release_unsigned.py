"""WageEscrow.releaseUnsigned: a silent worker is paid all the same.

├── the sheet is unknown, no line is given, the bytes are not whole lines, the lines are not the sheet's → refused
├── a line is paid already → skipped
├── the objection window is open (its last second included) and the line is not contested → refused
├── the worker is not enrolled → refused, with the line's place
├── there is not enough money → PayoutFailed, still owed
└── else, paused or not → paid to the worker's own payout; Released with assurance 0
    └── lines that the bank pays → one transfer together, marked as banked
"""

from dataclasses import replace

import pytest
from brownie import chain, reverts

from .building_site import OBJECTION_SECONDS, indexes, next_block_at, payments, refusal


@pytest.fixture
def sheet(site, crew):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    return sheet


@pytest.fixture
def window_end(escrow, sheet):
    """The objection window's last second."""
    return escrow.sheet(0)["postedAt"] + OBJECTION_SECONDS


def send(site, sheet, *indexes):
    return site.escrow.releaseUnsigned(*sheet.lines_and_proof(*indexes), {"from": site.relayer})


def let_window_pass():
    chain.sleep(OBJECTION_SECONDS + 1)
    chain.mine()


def test_before_the_window_has_passed_nothing_moves(site, sheet, window_end):
    next_block_at(window_end - 1)
    with reverts(refusal("Escrow_WindowOpen", window_end, window_end - 1)):
        send(site, sheet, 0)


def test_in_the_windows_last_second_nothing_moves(site, sheet, window_end):
    next_block_at(window_end)
    with reverts(refusal("Escrow_WindowOpen", window_end, window_end)):
        send(site, sheet, 0)


def test_a_second_later_the_silent_are_paid(site, escrow, token, crew, sheet, window_end):
    next_block_at(window_end + 1)
    paid = send(site, sheet, 0, 2)

    assert [sheet.payment(i, crew[i], assurance=0) for i in (0, 2)] == payments(paid)
    assert sheet.lines[2].amount_fen == token.balanceOf(crew[2].payout)
    assert (sheet.lines[1].amount_fen,) * 2 == tuple(escrow.books()[:2])
    assert 0b101 == escrow.sheet(0)["released"]


def test_anyone_may_send_it_and_gains_nothing(site, token, crew, sheet, stranger):
    let_window_pass()

    send(replace(site, relayer=stranger), sheet, 0)

    assert (0, sheet.lines[0].amount_fen) == (token.balanceOf(stranger), token.balanceOf(crew[0].payout))


def test_a_paid_line_is_skipped(site, token, crew, sheet):
    site.release(sheet, crew, 0)
    let_window_pass()

    paid = send(site, sheet, 0, 1)

    assert [1] == indexes(paid)
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_a_paid_line_is_skipped_while_the_window_is_open(site, crew, sheet):
    site.release(sheet, crew, 0)

    assert [] == indexes(send(site, sheet, 0))


def test_a_late_signature_after_an_unsigned_release_pays_nothing_more(site, token, crew, sheet):
    let_window_pass()
    send(site, sheet, 0)

    site.release(sheet, crew, 0)

    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_a_worker_may_sign_after_the_window(site, token, crew, sheet):
    let_window_pass()

    paid = site.release(sheet, crew, 0)

    assert [sheet.payment(0, crew[0])] == payments(paid)


def test_a_contested_line_does_not_wait(site, crew):
    """Money was short when the worker objected; their word is given, so the posted part waits for nothing else."""
    sheet = site.posted(crew)
    site.contest(crew[1], sheet, 1, claimed_fen=200_000)
    site.fund(sheet.total_fen)

    assert [sheet.payment(1, crew[1], assurance=0)] == payments(send(site, sheet, 1))


def test_a_contested_line_does_not_open_its_neighbours_window(site, crew, sheet):
    site.contest(crew[1], sheet, 1, claimed_fen=200_000)

    with reverts(revert_pattern="Escrow_WindowOpen: .*"):
        send(site, sheet, 0, 1)


def test_a_line_without_money_stays_owed_and_is_paid_after_funding(site, escrow, crew):
    sheet = site.posted(crew)
    let_window_pass()

    assert [sheet.payment(0, crew[0], assurance=0)] == payments(send(site, sheet, 0), "PayoutFailed")
    assert (sheet.total_fen, 0) == (escrow.books()["owed"], escrow.sheet(0)["released"])

    site.fund(sheet.total_fen)
    assert [0] == indexes(send(site, sheet, 0))


def test_what_money_there_is_goes_out_in_the_batchs_order(site, escrow, crew):
    sheet = site.posted(crew)
    site.fund(sheet.lines[0].amount_fen)
    let_window_pass()

    batch = send(site, sheet, 0, 1)

    assert ([0], [1]) == (indexes(batch), indexes(batch, "PayoutFailed"))
    assert 0 == escrow.books()["funded"]


def test_the_silent_whom_the_bank_pays_are_paid_through_it(site, escrow, token, bank_payout, bank_crew):
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    let_window_pass()

    paid = send(site, sheet, 0, 1, 2)

    assert [(bank_payout, sheet.total_fen)] == [(moved["to"], moved["value"]) for moved in paid.events["Transfer"]]
    assert [sheet.payment(i, worker, assurance=0) for i, worker in enumerate(bank_crew)] == payments(paid)
    assert (0b111, paid.timestamp) == (escrow.sheet(0)["banked"], escrow.sheet(0)["bankedAt"])


def test_a_sheet_of_256_silent_workers_is_paid_in_one_call(site, escrow, token, bank_crew):
    sheet = site.posted([bank_crew[0]] * 256, amount_fen=10)
    site.fund(sheet.total_fen)
    let_window_pass()

    send(site, sheet, *range(256))

    assert 2**256 - 1 == escrow.sheet(0)["released"] == escrow.sheet(0)["banked"]


def test_a_pause_stops_no_wage(site, escrow, crew, sheet, window_end, guardian):
    """The pause is given after six of the window's seven days and lasts beyond it."""
    next_block_at(window_end - 86_400)
    escrow.pause({"from": guardian})

    next_block_at(window_end + 1)
    assert [0] == indexes(send(site, sheet, 0))


def test_a_worker_who_has_not_joined_is_paid_too(site, token, outsider):
    site.enrol(outsider)
    sheet = site.posted([outsider])
    site.fund(sheet.total_fen)
    let_window_pass()

    send(site, sheet, 0)

    assert sheet.total_fen == token.balanceOf(outsider.payout)


def test_a_worker_nobody_enrolled_is_told_with_the_lines_place(site, crew, outsider):
    sheet = site.posted([*crew, outsider])
    site.fund(sheet.total_fen)
    let_window_pass()

    with reverts(refusal("Escrow_NotEnrolled", 2, outsider.worker_id)):
        send(site, sheet, 0, 1, 3)


def test_a_sheet_nobody_posted_is_refused(site, sheet):
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        send(site, replace(sheet, sheet_id=1), 0)


def test_an_empty_batch_is_refused(escrow, sheet, relayer):
    with reverts(refusal("Escrow_BadLineCount", 0)):
        escrow.releaseUnsigned(0, b"", [sheet.tree.root], {"from": relayer})


def test_a_changed_amount_is_refused(site, escrow, sheet, relayer):
    let_window_pass()
    dearer = replace(sheet, lines=[replace(sheet.lines[0], amount_fen=999_999), *sheet.lines[1:]])

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.releaseUnsigned(0, dearer.packed(0), sheet.tree.proof([0]), {"from": relayer})


@pytest.mark.parametrize("lines", [lambda packed: packed[:-1], lambda packed: packed + b"\x00"], ids=["short", "over"])
def test_bytes_that_are_not_whole_lines_are_refused(escrow, sheet, relayer, lines):
    with reverts(refusal("Escrow_BadLineCount", 0)):
        escrow.releaseUnsigned(0, lines(sheet.packed(0)), sheet.tree.proof([0]), {"from": relayer})


@pytest.mark.parametrize("places", [(0, 0), (1, 0)], ids=["twice", "out of order"])
def test_lines_that_do_not_ascend_are_refused(escrow, sheet, relayer, places):
    let_window_pass()

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.releaseUnsigned(0, sheet.packed(*places), sheet.tree.proof([0, 1]), {"from": relayer})


def test_a_proof_of_another_line_is_refused(escrow, sheet, relayer):
    let_window_pass()

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.releaseUnsigned(0, sheet.packed(0), sheet.tree.proof([2]), {"from": relayer})
