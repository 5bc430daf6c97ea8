"""The audit's arithmetic: a clean history gives the books, and each contradiction in one is found.

Branches: clean · shortfall paid later · unsigned · wrong root · wrong total · unposted line · other amount · other worker ·
paid twice · wrong payout · never enrolled · contested twice · foreign escrow · other events.
"""

from dataclasses import replace

import pytest
from tests.backend.conftest import ESCROW
from tests.fakes import final_event

from anxin.audit.recompute import recompute
from anxin.core.sheet_tree import SheetLine, SheetTree
from anxin.core.signing import from_hex

ALICE, BOB = "0x" + "01" * 32, "0x" + "02" * 32
PAYOUTS = {ALICE: "0x" + "f1" * 20, BOB: "0x" + "f2" * 20}
FACTORY, REGISTRY = "0x" + "a5" * 20, "0x" + "a3" * 20
LINES = [
    {"index": 0, "dayMask": 3, "amount": 60_000, "workerId": ALICE, "payslipHash": "0x" + "aa" * 32},
    {"index": 1, "dayMask": 1, "amount": 30_000, "workerId": BOB, "payslipHash": "0x" + "bb" * 32},
]
ROOT = SheetTree(
    [SheetLine(each["index"], each["dayMask"], each["amount"], from_hex(each["workerId"]), from_hex(each["payslipHash"]))
     for each in LINES]
).root  # fmt: skip


def of_escrow(name, **args):
    return final_event(name, "WageEscrow", ESCROW, **args)


def released(line_index, **changed):
    line = LINES[line_index]
    args = {
        "sheetId": 0, "index": line_index, "workerId": line["workerId"], "payout": PAYOUTS[line["workerId"]],
        "amount": line["amount"], "assurance": 2,
    }  # fmt: skip
    return of_escrow("Released", **args | changed)


CREATED = final_event("EscrowCreated", "WageEscrowFactory", FACTORY, escrow=ESCROW)
ENROLLED = [
    final_event("Enrolled", "WorkerRegistry", REGISTRY, workerId=worker, payout=payout) for worker, payout in PAYOUTS.items()
]
FUNDED = of_escrow("Funded", amount=100_000)
POSTED = of_escrow("SheetPosted", sheetId=0, root="0x" + ROOT.hex(), total=90_000, lines=LINES)
CONTESTED = of_escrow("Contested", sheetId=0, index=1, remainder=10_000)
HISTORY = [CREATED, *ENROLLED, FUNDED, POSTED]


def test_clean_history_gives_the_books():
    result = recompute([*HISTORY, released(0), CONTESTED])

    books = result.escrows[ESCROW]
    assert result.ok
    assert (
        books.funded_fen, books.owed_fen, books.contested_fen, books.released_fen,
    ) == (40_000, 30_000, 10_000, 60_000)  # fmt: skip
    assert ({(0, 0)}, {(0, 1)}) == (books.released, books.contested)


def test_payout_that_failed_and_was_made_later_is_clean():
    failed = of_escrow("PayoutFailed", sheetId=0, index=0)

    assert recompute([CREATED, *ENROLLED, POSTED, failed, FUNDED, released(0)]).ok


def test_unsigned_releases_are_counted():
    assert recompute([*HISTORY, released(0), released(1, assurance=0)]).escrows[ESCROW].released_unsigned == 1


def test_no_events_are_no_contradiction():
    assert recompute([]).ok


@pytest.mark.parametrize(
    ("events", "finding"),
    [
        ([CREATED, replace(POSTED, args=POSTED.args | {"root": "0x" + "00" * 32})], "the root is not that of its lines"),
        ([CREATED, replace(POSTED, args=POSTED.args | {"total": 90_001})], "the total is not that of its lines"),
        ([*HISTORY, released(0, sheetId=1)], "no such line was posted"),
        ([*HISTORY, released(0, index=2)], "no such line was posted"),
        ([*HISTORY, released(0, amount=60_001)], "no such line was posted"),
        ([*HISTORY, released(0, workerId=BOB, payout=PAYOUTS[BOB])], "no such line was posted"),
        ([*HISTORY, released(0), released(0)], "paid twice"),
        ([*HISTORY, released(0, payout=PAYOUTS[BOB])], "not to the worker's payout"),
        ([CREATED, FUNDED, POSTED, released(0)], "not to the worker's payout"),
        ([*HISTORY, CONTESTED, CONTESTED], "contested twice"),
        ([FUNDED], "was not made by the factory"),
    ],
    ids=[
        "root", "total", "unposted sheet", "unposted line", "other amount", "other worker", "twice", "other payout",
        "never enrolled", "contested twice", "foreign escrow",
    ],
)  # fmt: skip
def test_contradiction_is_found(events, finding):
    result = recompute(events)

    assert not result.ok
    assert [finding in each for each in result.findings] == [True]


def test_finding_names_the_transaction():
    (finding,) = recompute([*HISTORY, released(0), again := released(0)]).findings

    assert again.tx_hash in finding
