"""WageEscrow.contest: the worker claims more; the posted part is paid now, the remainder set aside.

├── the sheet is unknown, not one line is given, the line is not the sheet's → refused
├── the line is contested already → refused
├── the deadline has passed (at it: still good) → refused
├── the worker has not joined → refused
├── claimed is not above the posted amount, or above dayCap × claimed days → refused
├── the claimed days leave out a posted day or lie outside the period → refused
├── a day claimed or contested before counts nothing towards the bound
├── the signature is not the worker's, or not over these words → refused
├── the line is released already → remainder set aside, nothing paid again
├── there is not enough money → remainder set aside, PayoutFailed, still owed
└── else, paused or closed, whoever relays it → a dispute, remainder set aside, Contested; the posted part paid, Released
    └── the bank pays → the posted part is marked as banked
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .building_site import (
    DAY_CAP_FEN,
    TEN_DAYS,
    Worker,
    indexes,
    key_of,
    next_block_at,
    now,
    on_other_chain,
    payments,
    refusal,
    with_high_s,
    word,
    worker_id,
)

ELEVEN_DAYS = 0b111_1111_1111
CONTESTED = 2  # of DisputeState
CLAIMED_FEN = 200_000


@pytest.fixture
def sheet(site, crew):
    sheet = site.posted(crew)
    site.fund(2 * sheet.total_fen)
    return sheet


@pytest.fixture(params=range(3), ids=["passkey", "wallet", "device"])
def index(request):
    """The crew's places: each holds another kind of key."""
    return request.param


@pytest.fixture
def contest(site, crew):
    """Contest a line, signed by its worker unless said otherwise."""

    def sent(sheet, index=0, worker=None, *, claimed_fen=CLAIMED_FEN, **signed):
        return site.contest(worker or crew[index], sheet, index, claimed_fen=claimed_fen, **signed)

    return sent


# ---------------------------------------------------------------- the undisputed part is paid


def test_the_posted_part_is_paid_and_the_remainder_set_aside(escrow, token, crew, sheet, index, contest):
    posted_fen = sheet.lines[index].amount_fen

    told = contest(sheet, index)

    assert posted_fen == token.balanceOf(crew[index].payout)
    assert (2 * sheet.total_fen - posted_fen, sheet.total_fen - posted_fen, CLAIMED_FEN - posted_fen) == tuple(
        escrow.books()[:3]
    )
    assert (1 << index, 1 << index, 0) == tuple(escrow.sheet(0)[7:])
    assert {
        "disputeId": 0, "workerId": "0x" + crew[index].worker_id.hex(), "sheetId": 0, "index": index,
        "asked": CLAIMED_FEN - posted_fen, "claimedDays": TEN_DAYS, "evidenceHash": "0x" + word("evidence").hex(),
    } == dict(told.events["Contested"])  # fmt: skip
    assert [sheet.payment(index, crew[index])] == payments(told)


def test_the_remainder_is_a_dispute_on_the_bureaus_clock(escrow, crew, sheet, index, contest):
    told = contest(sheet, index)

    assert 1 == escrow.disputeCount()
    assert {
        "workerId": "0x" + crew[index].worker_id.hex(), "asked": CLAIMED_FEN - sheet.lines[index].amount_fen,
        "granted": 0, "paid": 0, "since": told.timestamp, "state": CONTESTED, "assurance": crew[index].assurance,
        "banked": 0, "bankedAt": 0,
    } == dict(escrow.dispute(0).dict())  # fmt: skip


def test_disputes_are_numbered_in_their_order(escrow, sheet, contest):
    assert [0, 1, 2] == [contest(sheet, place).events["Contested"]["disputeId"] for place in (2, 0, 1)]
    assert 3 == escrow.disputeCount()


def test_a_posted_part_that_the_bank_pays_is_marked_as_banked(site, escrow, token, bank_payout, bank_crew, index):
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)

    told = site.contest(bank_crew[index], sheet, index, claimed_fen=CLAIMED_FEN)

    assert [sheet.payment(index, bank_crew[index])] == payments(told)
    assert sheet.lines[index].amount_fen == token.balanceOf(bank_payout)
    assert (1 << index, told.timestamp) == (escrow.sheet(0)["banked"], escrow.sheet(0)["bankedAt"])


def test_what_is_set_aside_is_not_free(escrow, sheet, contest):
    contest(sheet, 0)

    funded, owed, contested, _, free = escrow.books()
    assert funded - owed - contested == free > 0


def test_nothing_is_free_while_more_is_owed_and_contested_than_there_is(site, escrow, crew, contest):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)

    contest(sheet, 0)

    assert 0 == escrow.books()["free"]


def test_confirming_waives_nothing(site, escrow, token, crew, sheet, contest):
    """A line may be contested after it was released; nothing is paid twice."""
    site.release(sheet, crew, 0)

    told = contest(sheet, 0)

    assert ([], []) == (indexes(told), indexes(told, "PayoutFailed"))
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)
    assert CLAIMED_FEN - sheet.lines[0].amount_fen == escrow.books()["contested"]


def test_a_confirmation_after_the_contest_pays_nothing_more(site, token, crew, sheet, contest):
    contest(sheet, 0)

    site.release(sheet, crew, 0)

    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_a_contest_counts_even_when_money_is_short(site, escrow, crew, contest):
    sheet = site.posted(crew)

    told = contest(sheet, 0)

    assert [sheet.payment(0, crew[0])] == payments(told, "PayoutFailed")
    assert (0, sheet.total_fen, CLAIMED_FEN - sheet.lines[0].amount_fen, 0, 0) == escrow.books()
    assert (0, 1, 0) == tuple(escrow.sheet(0)[7:])


def test_after_funding_the_posted_part_of_a_contested_line_can_be_signed_for(site, token, crew, contest):
    sheet = site.posted(crew)
    contest(sheet, 0)
    site.fund(sheet.total_fen)

    assert [sheet.payment(0, crew[0])] == payments(site.release(sheet, crew, 0))
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_anyone_may_relay_it(site, escrow, token, crew, sheet, stranger):
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    escrow.contest(*sheet.lines_and_proof(0), *objection, {"from": stranger})

    assert (0, sheet.lines[0].amount_fen) == (token.balanceOf(stranger), token.balanceOf(crew[0].payout))


# ---------------------------------------------------------------- the line


def test_a_sheet_nobody_posted_is_refused(sheet, contest):
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        contest(replace(sheet, sheet_id=1))


def test_a_changed_line_is_refused(site, escrow, crew, sheet, relayer):
    lower = replace(sheet, lines=[replace(sheet.lines[0], amount_fen=1), *sheet.lines[1:]])
    objection = site.objection(crew[0], lower, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.contest(0, lower.packed(0), sheet.tree.proof([0]), *objection, {"from": relayer})


def test_a_proof_of_another_line_is_refused(site, escrow, crew, sheet, relayer):
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.contest(0, sheet.packed(0), sheet.tree.proof([2]), *objection, {"from": relayer})


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (lambda sheet: b"", 0), (lambda sheet: sheet.packed(0, 1), 2), (lambda sheet: sheet.packed(0)[:-1], 0),
        (lambda sheet: sheet.packed(0) + b"\x00", 0),
    ],
    ids=["none", "two", "a byte short", "a byte over"],
)  # fmt: skip
def test_anything_but_one_line_is_refused(site, escrow, crew, sheet, relayer, lines, count):
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadLineCount", count)):
        escrow.contest(0, lines(sheet), sheet.tree.proof([0]), *objection, {"from": relayer})


@pytest.mark.parametrize("size", [1, 2, 3, 7, 60, 256])
def test_the_last_line_of_any_sheet_can_be_contested(site, escrow, crew, contest, size):
    """Also bit 255, the bitmap's highest."""
    sheet = site.posted([crew[2]] * size)

    contest(sheet, size - 1, crew[2])

    assert 1 << (size - 1) == escrow.sheet(sheet.sheet_id)["contested"]


def test_a_line_is_contested_once(sheet, contest):
    contest(sheet, 0)

    with reverts(refusal("Escrow_AlreadyContested", 0, 0)):
        contest(sheet, 0, claimed_fen=CLAIMED_FEN + 1)


def test_an_objection_is_good_until_its_deadline(site, escrow, crew, sheet, relayer):
    deadline = now() + 1_000
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN, deadline=deadline)

    next_block_at(deadline)
    escrow.contest(*sheet.lines_and_proof(0), *objection, {"from": relayer})

    assert 1 == escrow.sheet(0)["contested"]


def test_an_objection_is_refused_a_second_after_its_deadline(site, escrow, crew, sheet, relayer):
    deadline = now() + 1_000
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.contest(*sheet.lines_and_proof(0), *objection, {"from": relayer})


# ---------------------------------------------------------------- how much


def test_a_worker_who_has_not_joined_has_no_bound_to_claim_within(site, contest):
    worker = Worker.named(50)
    site.enrol(worker)
    sheet = site.posted([worker])

    with reverts(refusal("Escrow_NotJoined", worker.worker_id)):
        contest(sheet, 0, worker)


def test_the_posted_amount_itself_is_no_objection(sheet, contest):
    posted_fen = sheet.lines[0].amount_fen

    with reverts(refusal("Escrow_BadObjection", posted_fen, posted_fen, 10 * DAY_CAP_FEN)):
        contest(sheet, 0, claimed_fen=posted_fen)


def test_a_fen_more_than_posted_is_an_objection(escrow, sheet, contest):
    contest(sheet, 0, claimed_fen=sheet.lines[0].amount_fen + 1)

    assert 1 == escrow.books()["contested"]


def test_the_bound_itself_can_be_claimed(escrow, sheet, contest):
    contest(sheet, 0, claimed_fen=10 * DAY_CAP_FEN)

    assert 10 * DAY_CAP_FEN - sheet.lines[0].amount_fen == escrow.books()["contested"]


def test_a_fen_above_the_bound_is_refused(sheet, contest):
    with reverts(refusal("Escrow_BadObjection", 10 * DAY_CAP_FEN + 1, sheet.lines[0].amount_fen, 10 * DAY_CAP_FEN)):
        contest(sheet, 0, claimed_fen=10 * DAY_CAP_FEN + 1)


def test_a_day_missing_from_the_sheet_raises_the_bound(escrow, sheet, contest):
    told = contest(sheet, 0, claimed_fen=11 * DAY_CAP_FEN, claimed_days=ELEVEN_DAYS)

    assert ELEVEN_DAYS == told.events["Contested"]["claimedDays"]


def test_a_posted_day_cannot_be_left_out(sheet, contest):
    other_ten_days = ELEVEN_DAYS ^ 1

    with reverts(refusal("Escrow_BadObjection", CLAIMED_FEN, sheet.lines[0].amount_fen, 10 * DAY_CAP_FEN)):
        contest(sheet, 0, claimed_days=other_ten_days)


def test_a_day_after_the_period_cannot_be_claimed(sheet, contest):
    with reverts(refusal("Escrow_BadObjection", CLAIMED_FEN, sheet.lines[0].amount_fen, 11 * DAY_CAP_FEN)):
        contest(sheet, 0, claimed_days=TEN_DAYS | 1 << 31)


def test_the_largest_claim_does_not_overflow(sheet, contest):
    with reverts(refusal("Escrow_BadObjection", 2**64 - 1, sheet.lines[0].amount_fen, 10 * DAY_CAP_FEN)):
        contest(sheet, 0, claimed_fen=2**64 - 1)


# ---------------------------------------------------------------- each day of a worker once


def test_a_day_contested_on_one_sheet_is_not_contested_on_the_next(site, crew, sheet, contest):
    """Two sheets over the same days: what a day is worth is bounded once."""
    following = site.posted(crew)
    contest(sheet, 0)

    with reverts(refusal("Escrow_BadObjection", CLAIMED_FEN, following.lines[0].amount_fen, 0)):
        contest(following, 0)


def test_a_day_claimed_before_does_not_count_towards_the_bound(site, escrow, crew, sheet, contest, relayer):
    escrow.claim(*site.claim(crew[0], amount_fen=1, first_day=20_009, day_mask=1), {"from": relayer})

    with reverts(refusal("Escrow_BadObjection", 9 * DAY_CAP_FEN + 1, sheet.lines[0].amount_fen, 9 * DAY_CAP_FEN)):
        contest(sheet, 0, claimed_fen=9 * DAY_CAP_FEN + 1)


def test_a_claimed_day_posted_afterwards_does_not_take_the_others_contest_away(site, escrow, crew, relayer, contest):
    """Else a contractor could post a claimed day, underpay the rest, and no one could object."""
    escrow.claim(*site.claim(crew[0], amount_fen=1, first_day=20_009, day_mask=1), {"from": relayer})
    sheet = site.posted(crew)

    contest(sheet, 0, claimed_fen=9 * DAY_CAP_FEN)

    assert 9 * DAY_CAP_FEN - sheet.lines[0].amount_fen == escrow.dispute(1)["asked"]


def test_the_day_after_the_contested_ones_can_be_claimed(site, escrow, crew, sheet, contest, relayer):
    contest(sheet, 0)

    escrow.claim(*site.claim(crew[0], amount_fen=1, first_day=20_010, day_mask=1), {"from": relayer})

    assert 2 == escrow.disputeCount()


def test_another_workers_days_are_their_own(sheet, contest, escrow):
    contest(sheet, 0)
    contest(sheet, 1)

    assert 0b011 == escrow.sheet(0)["contested"]


def test_days_over_the_edge_of_a_storage_word_are_each_counted(site, escrow, crew, relayer):
    """Day 20,224 is 79 × 256: a period from 20,220 lies in two words."""
    sheet = replace(site.sheet(crew), header=(20_220, 20_250, 20_260, word("rules"), word("terms")))
    site.post(sheet)
    escrow.claim(*site.claim(crew[0], amount_fen=1, first_day=20_224, day_mask=1), {"from": relayer})
    escrow.claim(*site.claim(crew[1], amount_fen=1, first_day=20_223, day_mask=1), {"from": relayer})
    too_much = 9 * DAY_CAP_FEN + 1

    for place in (0, 1):
        with reverts(refusal("Escrow_BadObjection", too_much, sheet.lines[place].amount_fen, 9 * DAY_CAP_FEN)):
            site.contest(crew[place], sheet, place, claimed_fen=too_much)
    site.contest(crew[2], sheet, 2, claimed_fen=too_much)
    assert 0b100 == escrow.sheet(0)["contested"]


# ---------------------------------------------------------------- pauses, and after closing


def test_a_pause_stops_no_contest(escrow, crew, sheet, contest, guardian):
    escrow.pause({"from": guardian})

    assert [0] == indexes(contest(sheet, 0))


def test_a_paid_line_may_be_contested_after_closing(site, escrow, crew, sheet, contest):
    """Closing ends the project, not what a worker is owed: the bond is still there."""
    site.release(sheet, crew, 0, 1, 2)
    site.close()

    contest(sheet, 0)

    assert CLAIMED_FEN - sheet.lines[0].amount_fen == escrow.books()["contested"]


# ---------------------------------------------------------------- who signed, over what


def test_another_key_of_the_same_kind_is_refused(crew, sheet, index, contest):
    thief = replace(crew[index], key=key_of(("passkey", "wallet", "device")[index], 666))

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        contest(sheet, index, thief)


@pytest.mark.parametrize(
    "field",
    [
        {"sheetId": 1}, {"index": 3}, {"workerId": worker_id("somebody")}, {"amount": 1}, {"dayMask": 1},
        {"payslipHash": word("other")}, {"claimed": CLAIMED_FEN - 1}, {"claimedDays": ELEVEN_DAYS},
        {"evidenceHash": word("other")}, {"deadline": 2**40},
    ],
    ids=lambda field: next(iter(field)),
)  # fmt: skip
def test_a_field_signed_otherwise_is_refused(site, escrow, crew, sheet, relayer, field):
    said, _ = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)
    _, signature = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN, **field)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.lines_and_proof(0), said, signature, {"from": relayer})


def test_a_confirmation_is_not_an_objection(site, escrow, crew, sheet, index, relayer):
    said, _ = site.objection(crew[index], sheet, index, claimed_fen=CLAIMED_FEN)
    _, signature = site.confirm(crew[index], sheet, index, deadline=said[3])

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.lines_and_proof(index), said, signature, {"from": relayer})


def test_a_high_s_is_refused(site, escrow, crew, sheet, index, relayer, monkeypatch):
    """The worker's own signature, in the other form the curve accepts."""
    key = type(crew[index].key)
    sign = key.sign
    monkeypatch.setattr(key, "sign", lambda self, words: with_high_s(sign(self, words)))
    objection = site.objection(crew[index], sheet, index, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.lines_and_proof(index), *objection, {"from": relayer})


def test_a_passkey_without_user_verification_is_refused(site, escrow, crew, sheet, relayer, monkeypatch):
    key = type(crew[0].key)
    sign = key.sign
    monkeypatch.setattr(key, "sign", lambda self, words: sign(self, words, flags=0x01))
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.lines_and_proof(0), *objection, {"from": relayer})


def test_an_objection_for_another_escrow_is_refused(site, open_site, token, crew, sheet, relayer):
    other = open_site(token, "another tower")
    other.post(sheet)
    other.join(crew[0])
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        other.escrow.contest(*sheet.lines_and_proof(0), *objection, {"from": relayer})


def test_an_objection_for_another_chain_is_refused(site, sheet, contest):
    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        contest(sheet, 0, domain=on_other_chain(site.escrow_domain()))


def test_a_signature_cut_short_is_refused(site, escrow, crew, sheet, index, relayer):
    said, signature = site.objection(crew[index], sheet, index, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.lines_and_proof(index), said, signature[:-32], {"from": relayer})
