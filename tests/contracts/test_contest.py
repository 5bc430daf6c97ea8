"""WageEscrow.contest: the worker claims more; the posted part is paid now, the remainder set aside.

├── the sheet is unknown, the line is not the sheet's → refused
├── the line is contested already → refused
├── the deadline has passed (at it: still good) → refused
├── the worker has not joined → refused
├── claimed is not above the posted amount, or above dayCap × claimed days → refused
├── the claimed days leave out a posted day, or lie outside the period → refused
├── the signature is not the worker's, or not over these words → refused
├── the line is released already → remainder set aside, nothing paid again
├── there is not enough money → remainder set aside, PayoutFailed, still owed
└── else → remainder set aside, Contested; the posted part paid, Released
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .building_site import Worker, key_of, next_block_at, now, on_other_chain, refusal, with_high_s, word

TEN_DAYS, ELEVEN_DAYS = 0b11_1111_1111, 0b111_1111_1111
DAY_CAP_FEN = 50_000
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
def contest(site, escrow, crew):
    """Contest a line, signed by its worker unless said otherwise."""

    def sent(sheet, index=0, worker=None, *, claimed_fen=CLAIMED_FEN, **signed):
        objection = site.objection(worker or crew[index], sheet, index, claimed_fen=claimed_fen, **signed)
        return escrow.contest(*sheet.line_and_proof(index), *objection, {"from": site.relayer})

    return sent


# ---------------------------------------------------------------- the undisputed part is paid


def test_the_posted_part_is_paid_and_the_remainder_set_aside(escrow, token, crew, sheet, index, contest):
    posted_fen = sheet.lines[index].amount_fen

    told = contest(sheet, index)

    assert posted_fen == token.balanceOf(crew[index].payout)
    assert (2 * sheet.total_fen - posted_fen, sheet.total_fen - posted_fen, CLAIMED_FEN - posted_fen) == tuple(
        escrow.books()[:3]
    )
    assert (1 << index, 1 << index) == tuple(escrow.sheet(0)[4:])
    assert {
        "sheetId": 0, "index": index, "workerId": "0x" + crew[index].worker_id.hex(),
        "remainder": CLAIMED_FEN - posted_fen, "claimedDays": TEN_DAYS, "evidenceHash": "0x" + word("evidence").hex(),
    } == dict(told.events["Contested"])  # fmt: skip
    assert crew[index].assurance == told.events["Released"]["assurance"]


def test_what_is_set_aside_is_not_free(escrow, sheet, contest):
    contest(sheet, 0)

    funded, owed, contested, free = escrow.books()
    assert funded - owed - contested == free


def test_confirming_waives_nothing(site, escrow, token, crew, sheet, contest):
    """A line may be contested after it was released; nothing is paid twice."""
    site.release(sheet, crew, 0)

    told = contest(sheet, 0)

    assert "Released" not in told.events
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)
    assert CLAIMED_FEN - sheet.lines[0].amount_fen == escrow.books()[2]


def test_a_confirmation_after_the_contest_pays_nothing_more(site, token, crew, sheet, contest):
    contest(sheet, 0)

    site.release(sheet, crew, 0)

    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_a_contest_counts_even_when_money_is_short(site, escrow, crew, contest):
    sheet = site.posted(crew)

    told = contest(sheet, 0)

    assert 0 == told.events["PayoutFailed"]["index"]
    assert (0, sheet.total_fen, CLAIMED_FEN - sheet.lines[0].amount_fen, 0) == escrow.books()
    assert (0, 1) == tuple(escrow.sheet(0)[4:])


def test_after_funding_the_posted_part_of_a_contested_line_can_be_signed_for(site, token, crew, contest):
    sheet = site.posted(crew)
    contest(sheet, 0)
    site.fund(sheet.total_fen)

    assert 4 == site.release(sheet, crew, 0).events["Released"]["assurance"]
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_anyone_may_relay_it(site, escrow, token, crew, sheet, stranger):
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    escrow.contest(*sheet.line_and_proof(0), *objection, {"from": stranger})

    assert (0, sheet.lines[0].amount_fen) == (token.balanceOf(stranger), token.balanceOf(crew[0].payout))


# ---------------------------------------------------------------- the line


def test_a_sheet_nobody_posted_is_refused(sheet, contest):
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        contest(replace(sheet, sheet_id=1))


def test_a_changed_line_is_refused(site, escrow, crew, sheet, relayer):
    lower = replace(sheet, lines=[replace(sheet.lines[0], amount_fen=1), *sheet.lines[1:]])
    objection = site.objection(crew[0], lower, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.contest(0, lower.words([0])[0], sheet.proof([0]), *objection, {"from": relayer})


def test_a_proof_of_another_line_is_refused(site, escrow, crew, sheet, relayer):
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.contest(0, sheet.words([0])[0], sheet.proof([2]), *objection, {"from": relayer})


@pytest.mark.parametrize("size", [1, 2, 3, 7, 60, 256])
def test_the_last_line_of_any_sheet_can_be_contested(site, escrow, crew, contest, size):
    """Also bit 255, the bitmap's highest."""
    sheet = site.posted([crew[2]] * size)

    contest(sheet, size - 1, crew[2])

    assert 1 << (size - 1) == escrow.sheet(sheet.sheet_id)[5]


def test_a_line_is_contested_once(sheet, contest):
    contest(sheet, 0)

    with reverts(refusal("Escrow_AlreadyContested", 0, 0)):
        contest(sheet, 0, claimed_fen=CLAIMED_FEN + 1)


def test_an_objection_is_good_until_its_deadline(site, escrow, crew, sheet, relayer):
    deadline = now() + 1_000
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN, deadline=deadline)

    next_block_at(deadline)
    escrow.contest(*sheet.line_and_proof(0), *objection, {"from": relayer})

    assert 1 == escrow.sheet(0)[5]


def test_an_objection_is_refused_a_second_after_its_deadline(site, escrow, crew, sheet, relayer):
    deadline = now() + 1_000
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.contest(*sheet.line_and_proof(0), *objection, {"from": relayer})


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

    assert 1 == escrow.books()[2]


def test_the_bound_itself_can_be_claimed(escrow, sheet, contest):
    contest(sheet, 0, claimed_fen=10 * DAY_CAP_FEN)

    assert 10 * DAY_CAP_FEN - sheet.lines[0].amount_fen == escrow.books()[2]


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


# ---------------------------------------------------------------- who signed, over what


def test_another_key_of_the_same_kind_is_refused(crew, sheet, index, contest):
    thief = replace(crew[index], key=key_of(("passkey", "wallet", "device")[index], 666))

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        contest(sheet, index, thief)


@pytest.mark.parametrize(
    "field",
    [
        {"sheetId": 1}, {"index": 3}, {"workerId": word("somebody")}, {"amount": 1}, {"dayMask": 1},
        {"payslipHash": word("other")}, {"claimed": CLAIMED_FEN - 1}, {"claimedDays": ELEVEN_DAYS},
        {"evidenceHash": word("other")}, {"deadline": 2**40},
    ],
    ids=lambda field: next(iter(field)),
)  # fmt: skip
def test_a_field_signed_otherwise_is_refused(site, escrow, crew, sheet, relayer, field):
    said, _ = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)
    _, signature = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN, **field)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.line_and_proof(0), said, signature, {"from": relayer})


def test_a_confirmation_is_not_an_objection(site, escrow, crew, sheet, index, relayer):
    said, _ = site.objection(crew[index], sheet, index, claimed_fen=CLAIMED_FEN)
    _, signature = site.confirm(crew[index], sheet, index, deadline=said[3])

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.line_and_proof(index), said, signature, {"from": relayer})


def test_a_high_s_is_refused(site, escrow, crew, sheet, index, relayer, monkeypatch):
    """The worker's own signature, in the other form the curve accepts."""
    key = type(crew[index].key)
    sign = key.sign
    monkeypatch.setattr(key, "sign", lambda self, words: with_high_s(sign(self, words)))
    objection = site.objection(crew[index], sheet, index, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.line_and_proof(index), *objection, {"from": relayer})


def test_a_passkey_without_user_verification_is_refused(site, escrow, crew, sheet, relayer, monkeypatch):
    key = type(crew[0].key)
    sign = key.sign
    monkeypatch.setattr(key, "sign", lambda self, words: sign(self, words, flags=0x01))
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.line_and_proof(0), *objection, {"from": relayer})


def test_an_objection_for_another_escrow_is_refused(site, open_site, token, crew, sheet, relayer):
    other = open_site(token, "another tower")
    other.post(sheet)
    other.join(crew[0])
    objection = site.objection(crew[0], sheet, 0, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        other.escrow.contest(*sheet.line_and_proof(0), *objection, {"from": relayer})


def test_an_objection_for_another_chain_is_refused(site, sheet, contest):
    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        contest(sheet, 0, domain=on_other_chain(site.escrow_domain()))


def test_a_signature_cut_short_is_refused(site, escrow, crew, sheet, index, relayer):
    said, signature = site.objection(crew[index], sheet, index, claimed_fen=CLAIMED_FEN)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.contest(*sheet.line_and_proof(index), said, signature[:-32], {"from": relayer})
