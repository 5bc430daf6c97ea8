"""WageEscrow.release: posted lines go to the workers who signed for them. What is signed: test_release_signatures.py;
tokens and wallets that misbehave: test_release_hostile.py; large batches: test_release_gas.py.

├── as many confirmations as lines? else → refused
├── the sheet is unknown, no line is given → refused
├── the lines are not the sheet's, or the proof is not theirs → refused
├── a line is paid already → skipped
├── a confirmation has expired (at its deadline: still good) → refused
├── the worker is not enrolled → refused, with the line's place
├── the signature is not the worker's → refused, with the line's place
├── there is not enough money for a line → PayoutFailed, still owed
└── else → paid to the worker's own payout, whoever sends it; Released with its assurance
"""

import random
from dataclasses import replace

import pytest
from brownie import reverts

from .building_site import next_block_at, now, refusal, word


@pytest.fixture
def sheet(site, crew):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    return sheet


def released(transaction):
    return [event["index"] for event in transaction.events["Released"]] if "Released" in transaction.events else []


# ---------------------------------------------------------------- paid


def test_each_worker_is_paid_at_their_own_payout(site, escrow, token, crew, sheet):
    paid = site.release(sheet, crew, 0, 1, 2)

    assert [line.amount_fen for line in sheet.lines] == [token.balanceOf(worker.payout) for worker in crew]
    assert (0, 0, 0, 0) == escrow.books()
    assert 0b111 == escrow.sheet(0)[4]
    assert [
        {
            "sheetId": 0, "index": i, "workerId": "0x" + worker.worker_id.hex(), "payout": worker.payout,
            "amount": sheet.lines[i].amount_fen, "assurance": worker.assurance,
        }
        for i, worker in enumerate(crew)
    ] == [dict(event) for event in paid.events["Released"]]  # fmt: skip


def test_the_sender_is_irrelevant(site, token, crew, sheet, stranger):
    replace(site, relayer=stranger).release(sheet, crew, 1)

    assert sheet.lines[1].amount_fen == token.balanceOf(crew[1].payout)
    assert 0 == token.balanceOf(stranger)


def test_a_worker_who_has_not_joined_is_paid_what_was_posted(site, token, sheet, outsider):
    """Joining bounds claims; what the contractor signed for is owed either way."""
    site.enrol(outsider)
    extra = site.posted([outsider])

    site.release(extra, [outsider], 0)

    assert extra.lines[0].amount_fen == token.balanceOf(outsider.payout)


def test_two_lines_of_one_worker_are_two_wages(site, token, crew):
    sheet = site.posted([crew[2], crew[2]])
    site.fund(sheet.total_fen)

    site.release(sheet, [crew[2], crew[2]], 0, 1)

    assert sheet.total_fen == token.balanceOf(crew[2].payout)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 60, 256])
def test_any_lines_of_a_sheet_can_be_released_together(site, escrow, crew, size):
    """Python's proofs of random parts of a sheet convince the contract, the last line included."""
    chance = random.Random(size)  # noqa: S311
    workers = [crew[2]] * size
    sheet = site.posted(workers, amount_fen=10)
    site.fund(sheet.total_fen)

    done = set()
    for part in {1, min(2, size), min(5, size)}:
        indexes = sorted({*chance.sample(range(size), part - 1), size - 1})
        assert sorted(set(indexes) - done) == released(site.release(sheet, workers, *indexes))
        done.update(indexes)

    assert sum(1 << index for index in done) == escrow.sheet(sheet.sheet_id)[4]


# ---------------------------------------------------------------- paid once


def test_a_resend_after_a_lost_answer_pays_nothing_more(site, escrow, token, crew, sheet):
    site.release(sheet, crew, 0, 1, 2)
    site.fund(sheet.total_fen)

    again = site.release(sheet, crew, 0, 1, 2)

    assert [] == released(again)
    assert [line.amount_fen for line in sheet.lines] == [token.balanceOf(worker.payout) for worker in crew]
    assert sheet.total_fen == escrow.books()[0]


def test_a_paid_line_is_skipped_and_its_neighbours_paid(site, crew, sheet):
    site.release(sheet, crew, 1)

    assert [0, 2] == released(site.release(sheet, crew, 0, 1, 2))


def test_a_paid_line_is_skipped_without_a_look_at_its_signature(site, escrow, crew, sheet, relayer):
    site.release(sheet, crew, 0)
    confirmations = [(0, b""), site.confirm(crew[1], sheet, 1)]

    assert [1] == released(escrow.release(*sheet.lines_and_proof(0, 1), confirmations, {"from": relayer}))


def test_a_line_given_twice_in_a_batch_is_refused(site, escrow, crew, sheet, relayer):
    """No proof holds one leaf twice."""
    sheet_id, words, proof = sheet.lines_and_proof(0, 1)
    confirmation = site.confirm(crew[0], sheet, 0)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.release(sheet_id, [words[0], words[0]], proof, [confirmation] * 2, {"from": relayer})


def test_the_only_line_of_a_sheet_given_twice_is_refused(site, escrow, crew, relayer):
    sheet = site.posted(crew[:1])
    words, confirmation = sheet.words() * 2, site.confirm(crew[0], sheet, 0)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.release(0, words, ([], [True]), [confirmation] * 2, {"from": relayer})


# ---------------------------------------------------------------- the lines are the sheet's


def test_more_lines_than_confirmations_are_refused(site, escrow, crew, sheet, relayer):
    with reverts(refusal("Escrow_LengthMismatch", 2, 1)):
        escrow.release(*sheet.lines_and_proof(0, 1), [site.confirm(crew[0], sheet, 0)], {"from": relayer})


def test_more_confirmations_than_lines_are_refused(site, escrow, crew, sheet, relayer):
    with reverts(refusal("Escrow_LengthMismatch", 1, 2)):
        escrow.release(*sheet.lines_and_proof(0), [site.confirm(crew[0], sheet, 0)] * 2, {"from": relayer})


def test_a_sheet_nobody_posted_is_refused(site, crew, sheet):
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        site.release(replace(sheet, sheet_id=1), crew, 0)


def test_an_empty_batch_is_refused(escrow, sheet, relayer):
    """With no line, a root would prove itself."""
    with reverts(refusal("Escrow_BadLineCount", 0)):
        escrow.release(0, [], ([sheet.tree.root], []), [], {"from": relayer})


def test_a_line_of_another_sheet_is_refused(site, crew, sheet):
    other = site.posted(crew, amount_fen=900_000)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        site.release(replace(other, sheet_id=0), crew, 0)


@pytest.mark.parametrize(
    "field",
    [{"amount_fen": 999_999}, {"day_mask": 1}, {"index": 7}, {"worker_id": word("friend")}, {"payslip_hash": bytes(32)}],
    ids=["amount", "days", "index", "worker", "payslip"],
)
def test_a_changed_line_is_refused_even_if_its_worker_signs_it(site, escrow, crew, sheet, relayer, field):
    lines = [replace(sheet.lines[0], **field), *sheet.lines[1:]]
    forged = replace(sheet, lines=lines)
    confirmation = site.confirm(crew[0], forged, 0)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.release(0, forged.words([0]), sheet.proof([0]), [confirmation], {"from": relayer})


def test_swapped_amounts_of_two_lines_are_refused(site, crew, sheet):
    first, second = sheet.lines[:2]
    swapped = [
        replace(first, amount_fen=second.amount_fen), replace(second, amount_fen=first.amount_fen), sheet.lines[2],
    ]  # fmt: skip

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        site.release(replace(sheet, lines=swapped), crew, 0, 1, 2)


def test_lines_out_of_order_are_refused(site, escrow, crew, sheet, relayer):
    words, confirmations = sheet.words([2, 0, 1]), [site.confirm(crew[i], sheet, i) for i in (2, 0, 1)]

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.release(0, words, sheet.proof([0, 1, 2]), confirmations, {"from": relayer})


def test_two_neighbours_may_change_places(site, escrow, token, crew, sheet, relayer):
    """Pairs are hashed by value, so this proof holds; each line still carries its own index, worker and amount."""
    words, confirmations = sheet.words([1, 0]), [site.confirm(crew[i], sheet, i) for i in (1, 0)]

    paid = escrow.release(0, words, sheet.proof([0, 1]), confirmations, {"from": relayer})

    assert [1, 0] == released(paid)
    assert [line.amount_fen for line in sheet.lines[:2]] == [token.balanceOf(worker.payout) for worker in crew[:2]]


@pytest.mark.parametrize(
    ("hashes", "flags", "error"),
    [
        (0, [], "Escrow_LineNotInSheet: 0"),
        (1, [False], "Escrow_LineNotInSheet: 0"),
        (1, [True], "MerkleProofInvalidMultiproof: "),
        (2, [True, False], "MerkleProofInvalidMultiproof: "),
        (2, [False, True], "MerkleProofInvalidMultiproof: "),
    ],
)
def test_a_proof_made_up_around_the_root_is_refused(site, escrow, crew, sheet, relayer, hashes, flags, error):
    """A foreign line folded onto itself or onto nothing, with the true root at hand."""
    foreign = replace(sheet, lines=[replace(sheet.lines[0], amount_fen=10**9)])
    proof, confirmation = ([sheet.tree.root] * hashes, flags), site.confirm(crew[0], foreign, 0)

    with reverts(error):
        escrow.release(0, foreign.words(), proof, [confirmation], {"from": relayer})


def test_a_proof_of_the_wrong_length_is_refused(site, escrow, crew, sheet, relayer):
    sheet_id, words, (hashes, flags) = sheet.lines_and_proof(0)
    confirmation = site.confirm(crew[0], sheet, 0)

    for proof in ((hashes[:-1], flags), (hashes, flags[:-1]), ([*hashes, word("more")], flags)):
        with reverts(refusal("MerkleProofInvalidMultiproof")):
            escrow.release(sheet_id, words, proof, [confirmation], {"from": relayer})


def test_an_inner_node_does_not_pass_for_a_line(site, escrow, crew, sheet, relayer):
    """A shorter proof that starts from an inner node needs a line whose hash is that node."""
    upper = sheet.tree.proof([2])
    confirmation = site.confirm(crew[0], sheet, 0)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.release(0, sheet.words([0]), (upper.hashes, upper.flags), [confirmation], {"from": relayer})


# ---------------------------------------------------------------- who signed, and when


def test_a_worker_nobody_enrolled_is_told_with_the_lines_place(site, crew, outsider):
    people = [*crew, outsider]
    sheet = site.posted(people)

    with reverts(refusal("Escrow_NotEnrolled", 2, outsider.worker_id)):
        site.release(sheet, people, 0, 2, 3)


def test_one_bad_line_is_told_with_its_place_and_nobody_is_paid(site, escrow, token, crew, sheet, relayer):
    confirmations = [site.confirm(crew[i], sheet, i) for i in (0, 1, 2)]
    confirmations[1] = site.confirm(crew[0], sheet, 1)

    with reverts(refusal("Escrow_BadWorkerSignature", 1)):
        escrow.release(*sheet.lines_and_proof(0, 1, 2), confirmations, {"from": relayer})
    assert [0, 0, 0] == [token.balanceOf(worker.payout) for worker in crew]


def test_the_batch_without_its_bad_line_goes_through(site, crew, sheet):
    assert [0, 2] == released(site.release(sheet, crew, 0, 2))


def test_a_confirmation_is_good_until_its_deadline(site, escrow, crew, sheet, relayer):
    deadline = now() + 1_000
    confirmation = site.confirm(crew[0], sheet, 0, deadline=deadline)

    next_block_at(deadline)

    assert [0] == released(escrow.release(*sheet.lines_and_proof(0), [confirmation], {"from": relayer}))


def test_a_confirmation_is_refused_a_second_after_its_deadline(site, escrow, crew, sheet, relayer):
    deadline = now() + 1_000
    confirmation = site.confirm(crew[0], sheet, 0, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.release(*sheet.lines_and_proof(0), [confirmation], {"from": relayer})


# ---------------------------------------------------------------- money is short


def test_a_line_without_money_stays_owed_and_is_paid_after_funding(site, escrow, token, crew):
    sheet = site.posted(crew)
    confirmations = [site.confirm(crew[0], sheet, 0)]
    short = escrow.release(*sheet.lines_and_proof(0), confirmations, {"from": site.relayer})

    assert [] == released(short)
    assert {
        "sheetId": 0, "index": 0, "workerId": "0x" + crew[0].worker_id.hex(), "payout": crew[0].payout,
        "amount": sheet.lines[0].amount_fen,
    } == dict(short.events["PayoutFailed"])  # fmt: skip
    assert (0, sheet.total_fen, 0, 0) == escrow.books()

    site.fund(sheet.total_fen)
    paid = escrow.release(*sheet.lines_and_proof(0), confirmations, {"from": site.relayer})

    assert [0] == released(paid)
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_what_money_there_is_goes_out_in_the_batchs_order(site, escrow, crew):
    """The second line is a fen too dear; the third, as dear, fails too; nothing is lost."""
    sheet = site.posted(crew)
    site.fund(sheet.lines[0].amount_fen + sheet.lines[1].amount_fen - 1)

    batch = site.release(sheet, crew, 0, 1, 2)

    assert [0] == released(batch)
    assert [1, 2] == [event["index"] for event in batch.events["PayoutFailed"]]
    assert (sheet.lines[1].amount_fen - 1, sheet.total_fen - sheet.lines[0].amount_fen) == tuple(escrow.books()[:2])


def test_tokens_sent_past_the_books_pay_nobody(site, escrow, token, crew, relayer):
    """Only what {fund} recorded is spent: the events tell every fen."""
    sheet = site.posted(crew)
    token.transfer(escrow, sheet.total_fen, {"from": relayer})

    assert [] == released(site.release(sheet, crew, 0))
    assert 0 == escrow.books()[0]
