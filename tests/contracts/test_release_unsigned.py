"""WageEscrow.releaseUnsigned: a silent worker is paid all the same.

├── the sheet is unknown, no line is given, the lines are not the sheet's → refused
├── a line is paid already → skipped
├── the objection window is open (its last second included) and the line is not contested → refused
├── the worker is not enrolled → refused, with the line's place
├── there is not enough money → PayoutFailed, still owed
└── else → paid to the worker's own payout; Released with assurance 0
"""

from dataclasses import replace

import pytest
from brownie import chain, reverts

from .building_site import WINDOW_SECONDS, next_block_at, refusal


@pytest.fixture
def sheet(site, crew):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    return sheet


@pytest.fixture
def window_end(escrow, sheet):
    """The objection window's last second."""
    return escrow.sheet(0)[2] + WINDOW_SECONDS


def send(site, sheet, *indexes):
    return site.escrow.releaseUnsigned(*sheet.lines_and_proof(*indexes), {"from": site.relayer})


def let_window_pass():
    chain.sleep(WINDOW_SECONDS + 1)
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

    assert [(0, 0), (2, 0)] == [(event["index"], event["assurance"]) for event in paid.events["Released"]]
    assert sheet.lines[2].amount_fen == token.balanceOf(crew[2].payout)
    assert (sheet.lines[1].amount_fen,) * 2 == tuple(escrow.books()[:2])


def test_anyone_may_send_it_and_gains_nothing(site, token, crew, sheet, stranger):
    let_window_pass()

    send(replace(site, relayer=stranger), sheet, 0)

    assert (0, sheet.lines[0].amount_fen) == (token.balanceOf(stranger), token.balanceOf(crew[0].payout))


def test_a_paid_line_is_skipped(site, token, crew, sheet):
    site.release(sheet, crew, 0)
    let_window_pass()

    paid = send(site, sheet, 0, 1)

    assert [1] == [event["index"] for event in paid.events["Released"]]
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_a_paid_line_is_skipped_while_the_window_is_open(site, crew, sheet):
    site.release(sheet, crew, 0)

    assert "Released" not in send(site, sheet, 0).events


def test_a_late_signature_after_an_unsigned_release_pays_nothing_more(site, token, crew, sheet):
    let_window_pass()
    send(site, sheet, 0)

    site.release(sheet, crew, 0)

    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_a_worker_may_sign_after_the_window(site, token, crew, sheet):
    let_window_pass()

    paid = site.release(sheet, crew, 0)

    assert 4 == paid.events["Released"]["assurance"]


def test_a_contested_line_does_not_wait(site, escrow, crew):
    """Money was short when the worker objected; their word is given, so the posted part waits for nothing else."""
    sheet = site.posted(crew)
    objection = site.objection(crew[1], sheet, 1, claimed_fen=200_000)
    escrow.contest(*sheet.line_and_proof(1), *objection, {"from": site.relayer})
    site.fund(sheet.total_fen)

    assert [1] == [event["index"] for event in send(site, sheet, 1).events["Released"]]


def test_a_contested_line_does_not_open_its_neighbours_window(site, escrow, crew, sheet):
    objection = site.objection(crew[1], sheet, 1, claimed_fen=200_000)
    escrow.contest(*sheet.line_and_proof(1), *objection, {"from": site.relayer})

    with reverts(revert_pattern="Escrow_WindowOpen: .*"):
        send(site, sheet, 0, 1)


def test_a_line_without_money_stays_owed_and_is_paid_after_funding(site, escrow, crew):
    sheet = site.posted(crew)
    let_window_pass()

    assert 0 == send(site, sheet, 0).events["PayoutFailed"]["index"]
    assert sheet.total_fen == escrow.books()[1]

    site.fund(sheet.total_fen)
    assert 0 == send(site, sheet, 0).events["Released"]["index"]


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
        escrow.releaseUnsigned(0, [], ([sheet.tree.root], []), {"from": relayer})


def test_a_changed_amount_is_refused(site, escrow, sheet, relayer):
    let_window_pass()
    dearer = replace(sheet, lines=[replace(sheet.lines[0], amount_fen=999_999), *sheet.lines[1:]])

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.releaseUnsigned(0, dearer.words([0]), sheet.proof([0]), {"from": relayer})
