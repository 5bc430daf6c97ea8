"""WageEscrow.release: posted lines go to the workers who signed for them, many in one call. What is signed:
test_release_signatures.py; tokens that misbehave: test_release_hostile.py; large batches: test_release_gas.py.

├── the sheet is unknown, no line is given, the bytes are not whole lines → refused
├── the lines are not the sheet's, do not ascend, or the proof is not theirs → refused
├── a confirmation is cut short or of unknown kind → refused, with the line's place
├── bytes are left after the last confirmation → refused
├── a line is paid already → skipped
├── the worker is not enrolled → refused, with the line's place
├── a confirmation has expired (at its deadline: still good) → refused
├── the signature is not the worker's → refused, with the line's place
├── there is not enough money for a line → PayoutFailed, still owed
└── else → paid to the worker's own payout, whoever sends it; Released with its assurance
    └── lines that the bank pays → one transfer together, marked as banked
"""

import random
from dataclasses import replace

import pytest
from brownie import reverts

from anxin.core.confirmations import pack_confirmations

from .building_site import indexes, next_block_at, now, payments, refusal, word, worker_id


@pytest.fixture
def sheet(site, crew):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    return sheet


@pytest.fixture
def send(escrow, relayer):
    """Release these lines and confirmations, just as they are."""

    def sent(sheet_id, lines, proof, confirmations, tails=()):
        return escrow.release(sheet_id, lines, proof, confirmations, list(tails), {"from": relayer})

    return sent


@pytest.fixture
def ask(escrow, relayer):
    """Ask what `send` would do, and send nothing: what is refused need not be traced."""

    def asked(sheet_id, lines, proof, confirmations, tails=()):
        return escrow.release.call(sheet_id, lines, proof, confirmations, list(tails), {"from": relayer})

    return asked


# ---------------------------------------------------------------- paid


def test_each_worker_is_paid_at_their_own_payout(site, escrow, token, crew, sheet):
    paid = site.release(sheet, crew, 0, 1, 2)

    assert [line.amount_fen for line in sheet.lines] == [token.balanceOf(worker.payout) for worker in crew]
    assert (0, 0, 0, 0, 0) == escrow.books()
    assert (0b111, 0, 0) == tuple(escrow.sheet(0)[name] for name in ("released", "banked", "bankedAt"))
    assert [sheet.payment(i, worker) for i, worker in enumerate(crew)] == payments(paid)


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
        places = sorted({*chance.sample(range(size), part - 1), size - 1})
        assert sorted(set(places) - done) == indexes(site.release(sheet, workers, *places))
        done.update(places)

    assert sum(1 << place for place in done) == escrow.sheet(sheet.sheet_id)["released"]


# ---------------------------------------------------------------- through the bank


def test_lines_paid_by_the_bank_are_transferred_together(site, escrow, token, bank_payout, bank_crew):
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)

    paid = site.release(sheet, bank_crew, 0, 1, 2)

    assert [(bank_payout, sheet.total_fen)] == [(moved["to"], moved["value"]) for moved in paid.events["Transfer"]]
    assert sheet.total_fen == token.balanceOf(bank_payout)
    assert [sheet.payment(i, worker) for i, worker in enumerate(bank_crew)] == payments(paid)
    assert (0b111, 0b111, paid.timestamp) == tuple(escrow.sheet(0)[name] for name in ("released", "banked", "bankedAt"))
    assert (0, 0, 0, 0, 0) == escrow.books()


def test_a_batch_may_mix_keys_banks_and_own_accounts(site, escrow, token, bank_payout, crew, bank_crew):
    workers = [crew[0], bank_crew[0], crew[1], bank_crew[1], bank_crew[2], crew[2]]
    sheet = site.posted(workers)
    site.fund(sheet.total_fen)

    paid = site.release(sheet, workers, *range(6))

    assert [sheet.payment(i, worker) for i, worker in enumerate(workers)] == payments(paid)
    assert sum(sheet.lines[i].amount_fen for i in (1, 3, 4)) == token.balanceOf(bank_payout)
    assert [sheet.lines[i].amount_fen for i in (0, 2, 5)] == [token.balanceOf(worker.payout) for worker in crew]
    assert (0b111111, 0b011010) == (escrow.sheet(0)["released"], escrow.sheet(0)["banked"])


def test_a_bank_paid_line_whose_payout_is_written_out_is_the_banks_all_the_same(
    site, escrow, token, bank_payout, bank_crew, send
):
    """The short form only leaves out what is known."""
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    written_out = replace(site.confirmation(bank_crew[0], sheet, 0), to_bank=False)

    send(*sheet.lines_and_proof(0), *pack_confirmations([written_out]))

    assert sheet.lines[0].amount_fen == token.balanceOf(bank_payout)
    assert 0b001 == escrow.sheet(0)["banked"]


def test_a_line_of_a_bank_paid_batch_that_is_paid_already_is_not_transferred_again(site, token, bank_payout, bank_crew):
    sheet = site.posted(bank_crew)
    site.fund(2 * sheet.total_fen)
    site.release(sheet, bank_crew, 1)

    paid = site.release(sheet, bank_crew, 0, 1, 2)

    assert [0, 2] == indexes(paid)
    assert sheet.total_fen == token.balanceOf(bank_payout)


def test_a_batch_without_bank_lines_leaves_the_banks_clock_alone(site, escrow, crew, bank_crew):
    workers = [bank_crew[0], crew[0]]
    sheet = site.posted(workers)
    site.fund(sheet.total_fen)
    banked_at = site.release(sheet, workers, 0).timestamp
    next_block_at(banked_at + 1_000)

    site.release(sheet, workers, 1)

    assert banked_at == escrow.sheet(0)["bankedAt"]


def test_another_escrows_bank_is_an_account_like_any_other(site, open_site, token, crew):
    """Only this escrow's own bank can settle its lines, so only with it are they marked."""
    other = open_site(token, "another tower")
    worker = other.paid_by_bank(30)
    site.enrol(worker)
    sheet = site.posted([worker])
    site.fund(sheet.total_fen)

    site.release(sheet, [worker], 0)

    assert sheet.total_fen == token.balanceOf(other.bank_payout)
    assert (1, 0) == (site.escrow.sheet(0)["released"], site.escrow.sheet(0)["banked"])


# ---------------------------------------------------------------- paid once


def test_a_resend_after_a_lost_answer_pays_nothing_more(site, escrow, token, crew, sheet):
    site.release(sheet, crew, 0, 1, 2)
    site.fund(sheet.total_fen)

    again = site.release(sheet, crew, 0, 1, 2)

    assert [] == indexes(again)
    assert [line.amount_fen for line in sheet.lines] == [token.balanceOf(worker.payout) for worker in crew]
    assert sheet.total_fen == escrow.books()["funded"]


def test_a_paid_line_is_skipped_and_its_neighbours_paid(site, crew, sheet):
    site.release(sheet, crew, 1)

    assert [0, 2] == indexes(site.release(sheet, crew, 0, 1, 2))


@pytest.mark.parametrize("place", range(3), ids=["passkey", "wallet", "device"])
def test_a_paid_line_is_skipped_without_a_look_at_its_signature(site, crew, sheet, send, place):
    """Nor at its deadline: a resend that comes late pays the others. It must only be as long as its kind is."""
    site.release(sheet, crew, place)
    old, tails = pack_confirmations([site.confirmation(crew[place], sheet, place, deadline=1)])
    spoilt = bytes(byte ^ 0x01 if i >= 29 else byte for i, byte in enumerate(old))
    other = (place + 1) % 3
    fresh, tails = pack_confirmations([site.confirmation(crew[other], sheet, other)])
    in_order = spoilt + fresh if place < other else fresh + spoilt

    paid = send(*sheet.lines_and_proof(*sorted((place, other))), in_order, tails)

    assert [other] == indexes(paid)


def test_a_paid_line_with_a_confirmation_of_unknown_kind_is_refused(site, crew, sheet, ask):
    """Nobody could say where the next one begins."""
    site.release(sheet, crew, 0)
    packed, tails = site.confirmations(sheet, crew, 0, 1)

    with reverts(refusal("Escrow_BadConfirmation", 0)):
        ask(*sheet.lines_and_proof(0, 1), b"\x00" + packed[1:], tails)


def test_a_line_given_twice_in_a_batch_is_refused(site, crew, sheet, ask):
    """Indexes ascend, so a line is there once."""
    sheet_id, lines, proof = sheet.lines_and_proof(0)
    packed, tails = site.confirmations(sheet, crew, 0, 0)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(sheet_id, lines * 2, proof, packed, tails)


def test_the_only_line_of_a_sheet_given_twice_is_refused(site, crew, ask):
    sheet = site.posted(crew[:1])
    packed, tails = site.confirmations(sheet, crew, 0, 0)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, sheet.packed() * 2, [], packed, tails)


def test_as_many_lines_as_the_sheet_has_but_one_twice_are_refused(site, crew, sheet, ask):
    """A whole sheet needs no proof: its lines must all be there."""
    packed, tails = site.confirmations(sheet, crew, 0, 0, 2)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, sheet.packed(0, 0, 2), [], packed, tails)


# ---------------------------------------------------------------- the lines are the sheet's


def test_a_sheet_nobody_posted_is_refused(site, crew, sheet):
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        site.release(replace(sheet, sheet_id=1), crew, 0)


def test_an_empty_batch_is_refused(sheet, ask):
    """With no line, a root would prove itself."""
    with reverts(refusal("Escrow_BadLineCount", 0)):
        ask(0, b"", [sheet.tree.root], b"")


@pytest.mark.parametrize("lines", [lambda packed: packed[:-1], lambda packed: packed + b"\x00"], ids=["short", "over"])
def test_bytes_that_are_not_whole_lines_are_refused(site, crew, sheet, ask, lines):
    sheet_id, packed, proof = sheet.lines_and_proof(0, 1)

    with reverts(refusal("Escrow_BadLineCount", 0)):
        ask(sheet_id, lines(packed), proof, *site.confirmations(sheet, crew, 0, 1))


def test_a_line_of_another_sheet_is_refused(site, crew, sheet):
    other = site.posted(crew, amount_fen=900_000)

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        site.release(replace(other, sheet_id=0), crew, 0)


@pytest.mark.parametrize(
    "field",
    [
        {"amount_fen": 999_999}, {"day_mask": 1}, {"index": 1}, {"index": 7}, {"worker_id": worker_id("friend")},
        {"payslip_hash": bytes(32)},
    ],
    ids=["amount", "days", "neighbour's index", "index beyond the sheet", "worker", "payslip"],
)  # fmt: skip
def test_a_changed_line_is_refused_even_if_its_worker_signs_it(site, crew, sheet, ask, field):
    forged = replace(sheet, lines=[replace(sheet.lines[0], **field), *sheet.lines[1:]])

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, forged.packed(0), sheet.tree.proof([0]), *site.confirmations(forged, crew, 0))


def test_swapped_amounts_of_two_lines_are_refused(site, crew, sheet):
    first, second = sheet.lines[:2]
    swapped = [
        replace(first, amount_fen=second.amount_fen), replace(second, amount_fen=first.amount_fen), sheet.lines[2],
    ]  # fmt: skip

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        site.release(replace(sheet, lines=swapped), crew, 0, 1, 2)


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 0, 2), (0, 2, 1)])
def test_lines_out_of_order_are_refused(site, crew, sheet, ask, order):
    """A sheet's proof is bound to places: also two neighbours cannot change theirs."""
    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, sheet.packed(*order), [], *site.confirmations(sheet, crew, *order))


def test_two_neighbours_out_of_order_are_refused_with_their_own_proof(site, crew, sheet, ask):
    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, sheet.packed(1, 0), sheet.tree.proof([0, 1]), *site.confirmations(sheet, crew, 1, 0))


@pytest.mark.parametrize("hashes", range(4))
def test_a_proof_made_up_of_the_root_is_refused(site, crew, sheet, ask, hashes):
    """A foreign line, with the true root at hand."""
    foreign = replace(sheet, lines=[replace(sheet.lines[0], amount_fen=10**9)])

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, foreign.packed(), [sheet.tree.root] * hashes, *site.confirmations(foreign, crew, 0))


@pytest.mark.parametrize("proof", ["short", "long", "empty", "turned round", "another line's"])
def test_a_proof_that_is_not_the_lines_is_refused(site, crew, sheet, ask, proof):
    hashes = sheet.tree.proof([0])
    proofs = {
        "short": hashes[:-1], "long": [*hashes, word("more")], "empty": [], "turned round": hashes[::-1],
        "another line's": sheet.tree.proof([1]),
    }  # fmt: skip

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, sheet.packed(0), proofs[proof], *site.confirmations(sheet, crew, 0))


def test_a_proof_given_for_a_whole_sheet_is_refused(site, crew, sheet, ask):
    """There is nothing left to prove: another proof for the same lines would be another way to say them."""
    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, sheet.packed(), [word("more")], *site.confirmations(sheet, crew, 0, 1, 2))


def test_an_inner_node_does_not_pass_for_a_line(site, crew, sheet, ask):
    """A shorter proof that starts from an inner node needs a line whose hash is that node."""
    upper = sheet.tree.proof([2])

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        ask(0, sheet.packed(0), upper, *site.confirmations(sheet, crew, 0))


# ---------------------------------------------------------------- a confirmation for each line, and nothing else


@pytest.mark.parametrize("place", range(3), ids=["passkey", "wallet", "device"])
def test_a_confirmation_cut_short_is_refused(site, crew, sheet, ask, place):
    packed, tails = site.confirmations(sheet, crew, place)

    for cut in (1, 5, len(packed) - 1):
        with reverts(refusal("Escrow_BadConfirmation", 0)):
            ask(*sheet.lines_and_proof(place), packed[:-cut], tails)


@pytest.mark.parametrize("place", range(3), ids=["passkey", "wallet", "device"])
def test_a_byte_after_the_last_confirmation_is_refused(site, crew, sheet, ask, place):
    packed, tails = site.confirmations(sheet, crew, place)

    with reverts(refusal("Escrow_LengthMismatch", len(packed), len(packed) + 1)):
        ask(*sheet.lines_and_proof(place), packed + b"\x00", tails)


def test_more_lines_than_confirmations_are_refused(site, crew, sheet, ask):
    with reverts(refusal("Escrow_BadConfirmation", 1)):
        ask(*sheet.lines_and_proof(0, 1), *site.confirmations(sheet, crew, 0))


def test_more_confirmations_than_lines_are_refused(site, crew, sheet, ask):
    packed, tails = site.confirmations(sheet, crew, 0, 1)
    first = len(site.confirmations(sheet, crew, 0)[0])

    with reverts(refusal("Escrow_LengthMismatch", first, len(packed))):
        ask(*sheet.lines_and_proof(0), packed, tails)


def test_no_confirmation_at_all_is_refused(sheet, ask):
    with reverts(refusal("Escrow_BadConfirmation", 0)):
        ask(*sheet.lines_and_proof(0), b"")


@pytest.mark.parametrize("kind", [0, 1, 5, 6, 0x7F, 0x80, 0x81, 0x85, 0xFF])
def test_a_confirmation_of_unknown_kind_is_refused_with_its_place(site, crew, sheet, ask, kind):
    first, tails = site.confirmations(sheet, crew, 0)
    second, _ = site.confirmations(sheet, crew, 1)

    with reverts(refusal("Escrow_BadConfirmation", 1)):
        ask(*sheet.lines_and_proof(0, 1), first + bytes([kind]) + second[1:], tails)


def test_confirmations_in_another_order_than_the_lines_are_refused(site, crew, sheet, ask):
    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        ask(*sheet.lines_and_proof(0, 1), *site.confirmations(sheet, crew, 1, 0))


# ---------------------------------------------------------------- who signed, and when


def test_a_worker_nobody_enrolled_is_told_with_the_lines_place(site, crew, outsider):
    people = [*crew, outsider]
    sheet = site.posted(people)

    with reverts(refusal("Escrow_NotEnrolled", 2, outsider.worker_id)):
        site.release(sheet, people, 0, 2, 3)


def test_one_bad_line_is_told_with_its_place_and_nobody_is_paid(site, token, crew, sheet):
    with reverts(refusal("Escrow_BadWorkerSignature", 1)):
        site.release(sheet, [crew[0], crew[0], crew[2]], 0, 1, 2)
    assert [0, 0, 0] == [token.balanceOf(worker.payout) for worker in crew]


def test_the_batch_without_its_bad_line_goes_through(site, crew, sheet):
    assert [0, 2] == indexes(site.release(sheet, crew, 0, 2))


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_confirmation_is_good_until_its_deadline(site, crew, sheet, send, seconds):
    deadline = now() + 1_000
    words = pack_confirmations([site.confirmation(crew[0], sheet, 0, deadline=deadline)])

    next_block_at(deadline + seconds)

    assert [0] == indexes(send(*sheet.lines_and_proof(0), *words))


def test_a_confirmation_is_refused_a_second_after_its_deadline(site, crew, sheet, send):
    deadline = now() + 1_000
    words = pack_confirmations([site.confirmation(crew[0], sheet, 0, deadline=deadline)])

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        send(*sheet.lines_and_proof(0), *words)


def test_each_confirmation_has_its_own_deadline(site, crew, sheet, send):
    deadline = now() + 1_000
    confirmations = [site.confirmation(crew[0], sheet, 0), site.confirmation(crew[1], sheet, 1, deadline=deadline)]

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        send(*sheet.lines_and_proof(0, 1), *pack_confirmations(confirmations))


# ---------------------------------------------------------------- money is short


def test_a_line_without_money_stays_owed_and_is_paid_after_funding(site, escrow, token, crew, send):
    sheet = site.posted(crew)
    words = site.confirmations(sheet, crew, 0)
    short = send(*sheet.lines_and_proof(0), *words)

    assert ([], [sheet.payment(0, crew[0])]) == (payments(short), payments(short, "PayoutFailed"))
    assert (0, sheet.total_fen, 0, 0, 0) == escrow.books()
    assert 0 == escrow.sheet(0)["released"]

    site.fund(sheet.total_fen)
    paid = send(*sheet.lines_and_proof(0), *words)

    assert [0] == indexes(paid)
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_what_money_there_is_goes_out_in_the_batchs_order(site, escrow, crew):
    """The second line is a fen too dear; the third, as dear, fails too; nothing is lost."""
    sheet = site.posted(crew)
    site.fund(sheet.lines[0].amount_fen + sheet.lines[1].amount_fen - 1)

    batch = site.release(sheet, crew, 0, 1, 2)

    assert ([0], [1, 2]) == (indexes(batch), indexes(batch, "PayoutFailed"))
    books = escrow.books()
    assert (sheet.lines[1].amount_fen - 1, sheet.total_fen - sheet.lines[0].amount_fen) == (books["funded"], books["owed"])


def test_a_line_too_dear_does_not_stop_a_cheaper_one_after_it(site, crew):
    sheet = site.sheet(crew)
    dear = replace(sheet, lines=[replace(sheet.lines[0], amount_fen=10**9), *sheet.lines[1:]])
    site.post(dear)
    site.fund(10**9 - 1)

    batch = site.release(dear, crew, 0, 1, 2)

    assert ([1, 2], [0]) == (indexes(batch), indexes(batch, "PayoutFailed"))


def test_money_for_some_of_the_banks_lines_pays_those(site, escrow, token, bank_payout, bank_crew):
    sheet = site.posted(bank_crew)
    site.fund(sheet.lines[0].amount_fen + sheet.lines[1].amount_fen)

    batch = site.release(sheet, bank_crew, 0, 1, 2)

    assert ([0, 1], [2]) == (indexes(batch), indexes(batch, "PayoutFailed"))
    assert sheet.lines[0].amount_fen + sheet.lines[1].amount_fen == token.balanceOf(bank_payout)
    assert (0b011, 0b011) == (escrow.sheet(0)["released"], escrow.sheet(0)["banked"])
    assert (0, sheet.lines[2].amount_fen) == (escrow.books()["funded"], escrow.books()["owed"])


def test_without_any_money_the_banks_clock_does_not_start(site, escrow, bank_crew):
    sheet = site.posted(bank_crew)

    site.release(sheet, bank_crew, 0)

    assert (0, 0) == (escrow.sheet(0)["banked"], escrow.sheet(0)["bankedAt"])


def test_tokens_sent_past_the_books_pay_nobody(site, escrow, token, crew, relayer):
    """Only what the books hold is spent: the events tell every fen."""
    sheet = site.posted(crew)
    token.transfer(escrow, sheet.total_fen, {"from": relayer})

    assert [] == indexes(site.release(sheet, crew, 0))
    assert 0 == escrow.books()["funded"]


def test_the_bond_pays_no_wage_before_the_bureau_draws_it(site, escrow, crew):
    sheet = site.posted(crew)
    site.deposit_bond(sheet.total_fen)

    assert [] == indexes(site.release(sheet, crew, 0))
    assert (0, sheet.total_fen) == (escrow.books()["funded"], escrow.books()["bond"])


def test_a_pause_stops_no_wage(site, escrow, crew, sheet, guardian):
    escrow.pause({"from": guardian})

    assert [0, 1, 2] == indexes(site.release(sheet, crew, 0, 1, 2))
