"""The audit's arithmetic: a clean history gives the books, and each contradiction in one is found.

Branches: clean · shortfall paid later · unsigned · wrong root · wrong total · unposted line · other amount · other worker ·
paid twice · wrong payout · never enrolled · payout changed · settled · given back and paid again · never with the bank ·
contested twice · claim stood, answered, resolved, paid, settled, given back · grant beyond what was asked, fallen, after the
decision · paid beyond the grant · unknown dispute · bond drawn, overdrawn · closed, too soon, to a stranger · money from
nothing · foreign escrow · other events.
"""

from dataclasses import replace

import pytest
from tests.backend.conftest import BANK, ESCROW
from tests.fakes import final_event

from anxin.audit.books import CLAIMED, CONTESTED, DECIDED, DisputeBooks
from anxin.audit.recompute import recompute
from anxin.core.sheet_tree import SheetLine, SheetTree
from anxin.core.signing import from_hex

ALICE, BOB, CAROL = ("0x" + digits * 16 + "00" * 16 for digits in ("01", "02", "03"))
PAYOUTS = {ALICE: "0x" + "f1" * 20, BOB: "0x" + "f2" * 20, CAROL: BANK}
FACTORY, REGISTRY = "0x" + "a5" * 20, "0x" + "a3" * 20
CONTRACTOR = "0x" + "c1" * 20
AMOUNTS = {ALICE: 60_000, BOB: 30_000, CAROL: 10_000}
LINES = [
    {"index": index, "dayMask": 3, "amount": amount, "workerId": worker, "payslipHash": "0x" + "aa" * 32}
    for index, (worker, amount) in enumerate(AMOUNTS.items())
]
ROOT = SheetTree(
    [SheetLine(each["index"], each["dayMask"], each["amount"], from_hex(each["workerId"]), from_hex(each["payslipHash"]))
     for each in LINES]
).root  # fmt: skip


def of_escrow(name, **args):
    return final_event(name, "WageEscrow", ESCROW, **args)


def of_line(name, line_index, **changed):
    line = LINES[line_index]
    args = {"sheetId": 0, "index": line_index, "workerId": line["workerId"], "amount": line["amount"]}
    return of_escrow(name, **args | changed)


def released(line_index, **changed):
    payout = PAYOUTS[LINES[line_index]["workerId"]]
    return of_line("Released", line_index, **{"payout": payout, "assurance": 2} | changed)


def contested(line_index=1, number=0, **changed):
    return of_line("Contested", line_index, **{"disputeId": number, "asked": 10_000} | changed)


def claimed(worker=ALICE, number=0, asked=8_000):
    return of_escrow("Claimed", disputeId=number, workerId=worker, asked=asked)


def of_dispute(name, number=0, **args):
    return of_escrow(name, disputeId=number, **args)


def grant_paid(amount, worker=ALICE, number=0, **changed):
    return of_dispute("DisputePaid", number, **{"workerId": worker, "payout": PAYOUTS[worker], "amount": amount} | changed)


def from_bank(name, amount, worker=CAROL, number=0):
    return of_dispute(name, number, workerId=worker, amount=amount)


def enrolled(worker, payout):
    return final_event("Enrolled", "WorkerRegistry", REGISTRY, workerId=worker, payout=payout)


CREATED = final_event("EscrowCreated", "WageEscrowFactory", FACTORY, escrow=ESCROW, contractor=CONTRACTOR)
ENROLLED = [enrolled(worker, payout) for worker, payout in PAYOUTS.items()]
FUNDED = of_escrow("Funded", amount=120_000)
POSTED = of_escrow("SheetPosted", sheetId=0, root="0x" + ROOT.hex(), total=100_000, lines=LINES)
HISTORY = [CREATED, *ENROLLED, FUNDED, POSTED]
ALL_PAID = [*HISTORY, released(0), released(1), released(2)]
STOOD = of_dispute("ClaimStood")
BOND = of_escrow("BondDeposited", amount=5_000)


def books_of(*events):
    result = recompute(events, bank=BANK)
    assert result.ok, result.findings
    return result.escrows[ESCROW]


def test_clean_history_gives_the_books():
    books = books_of(*HISTORY, released(0), contested())

    assert (books.funded_fen, books.owed_fen, books.contested_fen) == (60_000, 40_000, 10_000)
    assert (books.released_fen, books.free_fen) == (60_000, 10_000)
    assert ({(0, 0)}, {(0, 1)}) == (books.released, books.contested)


def test_payout_that_failed_and_was_made_later_is_clean():
    books_of(CREATED, *ENROLLED, POSTED, of_line("PayoutFailed", 0), FUNDED, released(0))


def test_unsigned_releases_are_counted():
    assert books_of(*HISTORY, released(0), released(1, assurance=0)).released_unsigned == 1


def test_no_events_are_no_contradiction():
    assert recompute([]).ok


def test_changed_payout_is_where_a_wage_goes_from_then_on():
    payout = "0x" + "9a" * 20
    changed = final_event("PayoutChanged", "WorkerRegistry", REGISTRY, workerId=BOB, payout=payout)

    books_of(*HISTORY, released(0), changed, released(1, payout=payout))


def test_wage_lies_with_the_bank_until_it_has_settled():
    given = books_of(*HISTORY, released(2))
    settled = books_of(*HISTORY, released(2), of_line("LineSettled", 2))

    assert ({(0, 2)}, 10_000) == (given.banked, given.banked_fen)
    assert (set(), 0, {(0, 2)}) == (settled.banked, settled.banked_fen, settled.released)


def test_wage_the_bank_gave_back_is_owed_and_can_be_paid_again():
    back = books_of(*HISTORY, released(2), of_line("LineReturned", 2))
    again = books_of(*HISTORY, released(2), of_line("LineReturned", 2), released(2), of_line("LineSettled", 2))

    assert (120_000, 100_000, 0, set(), 0) == (
        back.funded_fen, back.owed_fen, back.released_fen, back.released, back.banked_fen,
    )  # fmt: skip
    assert (110_000, 90_000, 10_000) == (again.funded_fen, again.owed_fen, again.released_fen)


def test_claim_that_stands_is_owed_and_paid():
    open_, stood = books_of(*HISTORY, claimed()), books_of(*HISTORY, claimed(), STOOD)
    paid = books_of(*HISTORY, claimed(), STOOD, grant_paid(8_000))

    assert (8_000, DisputeBooks(ALICE, 8_000, CLAIMED)) == (open_.contested_fen, open_.disputes[0])
    assert (0, 108_000) == (stood.contested_fen, stood.owed_fen)
    assert DisputeBooks(ALICE, 8_000, DECIDED, 8_000, 8_000) == paid.disputes[0]
    assert (100_000, 112_000) == (paid.owed_fen, paid.funded_fen)


def test_answer_and_resolution_grant_in_all():
    answered = books_of(*HISTORY, contested(), of_dispute("Answered", admitted=4_000), grant_paid(4_000, BOB))
    resolved = books_of(
        *HISTORY, contested(), of_dispute("Answered", admitted=4_000), grant_paid(4_000, BOB),
        of_dispute("Resolved", granted=7_000), grant_paid(3_000, BOB),
    )  # fmt: skip

    assert (6_000, DisputeBooks(BOB, 10_000, CONTESTED, 4_000, 4_000)) == (answered.contested_fen, answered.disputes[0])
    assert (0, DisputeBooks(BOB, 10_000, DECIDED, 7_000, 7_000)) == (resolved.contested_fen, resolved.disputes[0])


def test_answer_that_admits_everything_decides():
    assert books_of(*HISTORY, claimed(), of_dispute("Answered", admitted=8_000)).disputes[0].state == DECIDED


def test_grant_passes_through_the_bank_like_a_wage():
    stood = [*HISTORY, claimed(CAROL), STOOD, grant_paid(8_000, CAROL)]
    back = books_of(*stood, from_bank("DisputeReturned", 8_000))
    settled = books_of(*stood, from_bank("DisputeSettled", 8_000))

    assert books_of(*stood).disputes[0].banked_fen == 8_000
    assert (120_000, 0, 0) == (back.funded_fen, back.disputes[0].paid_fen, back.disputes[0].banked_fen)
    assert (112_000, 8_000, 0) == (settled.funded_fen, settled.disputes[0].paid_fen, settled.banked_fen)


def test_bond_is_apart_until_it_is_drawn():
    books = books_of(*HISTORY, BOND, of_escrow("BondDrawn", amount=2_000))

    assert (3_000, 122_000) == (books.bond_fen, books.funded_fen)


def test_closed_escrow_has_returned_what_nobody_is_owed():
    closed = of_escrow("Closed", contractor=CONTRACTOR, amount=20_000)
    books = books_of(*ALL_PAID, BOND, closed, of_escrow("BondReturned", contractor=CONTRACTOR, amount=5_000))

    assert (0, 0, 25_000) == (books.funded_fen, books.bond_fen, books.returned_fen)


@pytest.mark.parametrize(
    ("events", "finding"),
    [
        ([CREATED, replace(POSTED, args=POSTED.args | {"root": "0x" + "00" * 32})], "the root is not that of its lines"),
        ([CREATED, replace(POSTED, args=POSTED.args | {"total": 100_001})], "the total is not that of its lines"),
        ([*HISTORY, released(0, sheetId=1)], "no such line was posted"),
        ([*HISTORY, released(0, index=3)], "no such line was posted"),
        ([*HISTORY, released(0, amount=60_001)], "no such line was posted"),
        ([*HISTORY, released(0, workerId=BOB, payout=PAYOUTS[BOB])], "no such line was posted"),
        ([*HISTORY, released(1), released(1)], "paid twice"),
        ([*HISTORY, released(0, payout=PAYOUTS[BOB])], "not to the worker's payout"),
        ([CREATED, FUNDED, POSTED, released(0)], "not to the worker's payout"),
        ([CREATED, *ENROLLED, POSTED, released(0)], "more than the escrow had"),
        ([*HISTORY, released(0), of_line("LineSettled", 0)], "the bank did not have it"),
        ([*HISTORY, released(2), of_line("LineSettled", 2), of_line("LineReturned", 2)], "the bank did not have it"),
        ([*HISTORY, released(2), of_line("LineSettled", 2, amount=9_999)], "no such line was posted"),
        ([*HISTORY, contested(), contested(number=1)], "contested twice"),
        ([*HISTORY, contested(workerId=ALICE)], "no such line was posted"),
        ([*HISTORY, claimed(number=1)], "not the next one, which is 0"),
        ([*HISTORY, claimed(), STOOD, grant_paid(8_001)], "more than was granted"),
        ([*HISTORY, claimed(), STOOD, grant_paid(8_000, BOB)], "it is another worker's"),
        ([*HISTORY, claimed(), STOOD, grant_paid(8_000, payout=PAYOUTS[BOB])], "not to the worker's payout"),
        ([*HISTORY, of_dispute("Answered", admitted=0)], "no such dispute was opened"),
        ([*HISTORY, contested(), STOOD], "stood, though it was no open claim"),
        ([*HISTORY, claimed(), of_dispute("Resolved", granted=1)], "resolved, though it was not contested"),
        ([*HISTORY, contested(), of_dispute("Resolved", granted=10_001)], "10001 granted of 10000 asked"),
        (
            [*HISTORY, contested(), of_dispute("Answered", admitted=4_000), of_dispute("Resolved", granted=3_000)],
            "3000 granted of 10000 asked, 4000 granted before",
        ),
        (
            [*HISTORY, claimed(), of_dispute("Answered", admitted=8_000), of_dispute("Answered", admitted=8_000)],
            "8000 granted before",
        ),
        (
            [*HISTORY, claimed(), STOOD, grant_paid(8_000), from_bank("DisputeSettled", 8_000, ALICE)],
            "not what the bank had",
        ),
        ([*HISTORY, BOND, of_escrow("BondDrawn", amount=5_001)], "more than the bond"),
        (
            [*HISTORY, of_escrow("Closed", contractor=CONTRACTOR, amount=20_000)],
            "while 100000 fen were owed and 0 contested",
        ),
        ([*ALL_PAID, of_escrow("Closed", contractor=ESCROW, amount=20_000)], "to somebody else than the contractor"),
        ([*ALL_PAID, BOND, of_escrow("BondReturned", contractor=ESCROW, amount=5_000)], "somebody else"),
        ([FUNDED], "was not made by the factory"),
    ],
    ids=[
        "root", "total", "unposted sheet", "unposted line", "other amount", "other worker", "twice", "other payout",
        "never enrolled", "money from nothing", "settled by nobody", "given back after it was settled", "settled otherwise",
        "contested twice", "another's line contested", "dispute out of order", "beyond the grant", "another's grant",
        "grant elsewhere", "unknown dispute", "contest stood", "claim resolved unanswered", "beyond what was asked",
        "grant fell", "answered after the decision", "grant settled by nobody", "bond overdrawn", "closed while owed",
        "closed to a stranger", "bond to a stranger", "foreign escrow",
    ],
)  # fmt: skip
def test_contradiction_is_found(events, finding):
    result = recompute(events, bank=BANK)

    assert [finding in each for each in result.findings] == [True]


def test_finding_names_the_transaction():
    (finding,) = recompute([*HISTORY, released(1), again := released(1)]).findings

    assert again.tx_hash in finding
