"""The books: double entries from final events, each booked once.

Branches: every event's entry · given to the bank, settled, given back · claim stood · answered, again, with nothing ·
resolved, below and above what was admitted · disputes apart · bond drawn · closed · the same event twice ·
escrows apart · token apart · books of an escrow · free · coverage · reversed after a block: all of it, once, never deleted ·
booked again when it comes back · a dispute reversed and come back.
"""

from functools import partial

import pytest
from sqlalchemy import select
from tests.backend.conftest import BANK, ESCROW
from tests.fakes import final_event

from anxin.core.database import transaction
from anxin.ledger import service as ledger
from anxin.ledger.models import Entry
from anxin.ledger.reversal import reverse_after
from anxin.ledger.service import Books
from anxin.wiring import on_final_event

TOKEN = "0x" + "a2" * 20
OTHER_ESCROW = "0x" + "11" * 20


@pytest.fixture
def book(sessions, deployment):
    """Book events as the flow has it, each in its own transaction as the indexer does."""

    async def run(*events):
        for event in events:
            async with transaction(sessions) as session:
                for handler in on_final_event(deployment)[event.name]:
                    if (handler.func if isinstance(handler, partial) else handler).__module__ == ledger.__name__:
                        await handler(session, event)

    return run


@pytest.fixture
def books(sessions):
    async def read(escrow=ESCROW):
        async with sessions() as session:
            return await ledger.books_of(session, escrow)

    return read


def funded(fen, escrow=ESCROW):
    return final_event("Funded", "WageEscrow", escrow, amount=fen)


def posted(fen, escrow=ESCROW):
    return final_event("SheetPosted", "WageEscrow", escrow, total=fen)


def released(fen, *, payout="0x" + "f1" * 20):
    return final_event("Released", "WageEscrow", ESCROW, amount=fen, payout=payout)


def of_escrow(name, **args):
    return final_event(name, "WageEscrow", ESCROW, **args)


def contested(fen, number=0):
    return of_escrow("Contested", asked=fen, disputeId=number)


def claimed(fen, number=0):
    return of_escrow("Claimed", asked=fen, disputeId=number)


def answered(fen, number=0):
    return of_escrow("Answered", admitted=fen, disputeId=number)


def resolved(fen, number=0):
    return of_escrow("Resolved", granted=fen, disputeId=number)


def grant_paid(fen, *, payout="0x" + "f1" * 20, number=0):
    return of_escrow("DisputePaid", amount=fen, payout=payout, disputeId=number)


@pytest.mark.parametrize(
    ("event", "debit", "credit"),
    [
        (funded(500), "funded", "paid in"),
        (posted(500), "wage debt", "owed"),
        (released(500), "owed", "funded"),
        (contested(500), "claims", "contested"),
        (claimed(500), "claims", "contested"),
        (grant_paid(500), "owed", "funded"),
        (of_escrow("BondDeposited", amount=500), "bond", "bond paid in"),
        (of_escrow("BondDrawn", amount=500), "funded", "bond"),
        (of_escrow("BondReturned", amount=500), "bond paid in", "bond"),
        (of_escrow("Closed", amount=500), "paid in", "funded"),
        (of_escrow("LineSettled", amount=500), "to be settled", "with bank"),
        (of_escrow("DisputeSettled", amount=500, disputeId=0), "to be settled", "with bank"),
        (final_event("Minted", "WageToken", TOKEN, amount=500), "bank", "tokens"),
        (final_event("Burned", "WageToken", TOKEN, amount=500), "tokens", "bank"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
async def test_event_moves_its_amount_between_two_accounts(book, sessions, event, debit, credit):
    await book(event)

    async with sessions() as session:
        entry = (await session.scalars(select(Entry))).one()
    assert (debit, credit, 500) == (entry.debit, entry.credit, entry.amount_fen)
    assert (event.key, event.tx_hash, event.block_time) == (entry.event, entry.tx_hash, entry.at)
    assert (None if event.contract == "WageToken" else ESCROW) == entry.escrow


async def test_wage_given_to_the_bank_lies_there_until_it_has_paid(book, books):
    await book(funded(1_000), posted(700), released(300, payout=BANK), released(200, payout=BANK), released(100))
    given = await books()

    await book(of_escrow("LineSettled", amount=300))

    assert (500, 200) == (given.with_bank_fen, (await books()).with_bank_fen)
    assert (600, 600) == (given.released_fen, (await books()).released_fen)


@pytest.mark.parametrize("name", ["LineReturned", "DisputeReturned"])
async def test_wage_the_bank_gives_back_is_owed_and_funded_again(book, books, name):
    await book(funded(1_000), posted(700))
    before = await books()

    await book(released(300, payout=BANK), of_escrow(name, amount=300, disputeId=0))

    assert before == await books()


async def test_claim_that_stands_is_owed(book, books):
    await book(funded(1_000), claimed(400), of_escrow("ClaimStood", disputeId=0))

    assert Books(1_000, 400, 0, 0, 0, 0) == await books()


async def test_answer_moves_what_it_admits_and_leaves_the_rest_contested(book, books):
    await book(funded(1_000), claimed(400), answered(150))

    assert Books(1_000, 150, 250, 0, 0, 0) == await books()


async def test_answer_that_admits_nothing_moves_nothing(book, books):
    await book(claimed(400), answered(0))

    assert Books(0, 0, 400, 0, 0, 0) == await books()


async def test_second_answer_moves_only_what_it_admits_beyond_the_first(book, books):
    await book(contested(400), answered(150), answered(400))

    assert Books(0, 400, 0, 0, 0, 0) == await books()


@pytest.mark.parametrize(
    ("granted_fen", "owed_fen"), [(150, 150), (300, 300), (400, 400)], ids=["what was admitted", "more", "all"]
)
async def test_resolution_counts_what_was_admitted_and_frees_the_rest(book, books, granted_fen, owed_fen):
    await book(contested(400), answered(150), resolved(granted_fen))

    assert Books(0, owed_fen, 0, 0, 0, 0) == await books()


async def test_resolution_that_awards_nothing_frees_all(book, books):
    await book(contested(400), resolved(0))

    assert Books(0, 0, 0, 0, 0, 0) == await books()


async def test_disputes_are_kept_apart(book, books):
    await book(contested(400, 0), claimed(70, 1), resolved(100, 0), answered(20, 1))

    assert Books(0, 120, 50, 0, 0, 0) == await books()


async def test_decision_that_comes_twice_is_booked_once(book, books):
    decided = resolved(300)

    await book(contested(400), decided, decided)

    assert Books(0, 300, 0, 0, 0, 0) == await books()


async def test_grant_that_was_paid_counts_as_released(book, books):
    await book(funded(1_000), claimed(400), of_escrow("ClaimStood", disputeId=0), grant_paid(400, payout=BANK))

    assert Books(600, 0, 0, 0, 400, 400) == await books()


async def test_bond_pays_wages_when_the_bureau_says_so(book, books):
    await book(of_escrow("BondDeposited", amount=900), posted(700), of_escrow("BondDrawn", amount=700), released(700))

    assert Books(0, 0, 0, 200, 700, 0) == await books()


async def test_closing_leaves_nothing(book, books):
    await book(
        of_escrow("BondDeposited", amount=900), funded(1_000), posted(700), released(700), of_escrow("Closed", amount=300),
        of_escrow("BondReturned", amount=900),
    )  # fmt: skip

    assert Books(0, 0, 0, 0, 700, 0) == await books()


async def test_event_that_comes_twice_is_booked_once(book, books):
    event = funded(500)

    await book(event, event)

    assert Books(500, 0, 0, 0, 0, 0) == await books()


async def test_books_follow_a_payday(book, books):
    await book(funded(1_000), posted(700), released(300), contested(50))

    assert Books(700, 400, 50, 0, 300, 0) == await books()


async def test_escrow_nobody_used_has_empty_books(books):
    empty = await books()

    assert (Books(0, 0, 0, 0, 0, 0), 0, None) == (empty, empty.free_fen, empty.coverage_percent)


async def test_escrows_are_kept_apart(book, books):
    await book(funded(500), funded(7, OTHER_ESCROW), posted(9, OTHER_ESCROW))

    assert Books(500, 0, 0, 0, 0, 0) == await books()
    assert Books(7, 9, 0, 0, 0, 0) == await books(OTHER_ESCROW)


async def test_books_are_found_however_the_escrow_is_spelled(book, books):
    await book(funded(500))

    assert (await books("0x" + ESCROW[2:].upper())).funded_fen == 500


async def test_debits_equal_credits(book, sessions):
    await book(funded(1_000), posted(700), released(300), contested(50))

    async with sessions() as session:
        assert sum((await ledger.balances(session, ESCROW)).values()) == 0


@pytest.mark.parametrize(
    ("books", "free_fen", "percent"),
    [
        (Books(1_000, 400, 100, 0, 0, 0), 500, 250),
        (Books(400, 400, 0, 0, 0, 0), 0, 100),
        (Books(399, 400, 0, 0, 0, 0), 0, 99),
        (Books(0, 400, 0, 0, 0, 0), 0, 0),
        (Books(500, 0, 0, 0, 300, 0), 500, None),
    ],
    ids=["plenty", "just enough", "a fen short", "empty", "nothing owed"],
)
def test_free_and_coverage(books, free_fen, percent):
    assert (free_fen, percent) == (books.free_fen, books.coverage_percent)


@pytest.fixture
def reverse(sessions):
    async def run(block):
        async with transaction(sessions) as session:
            return await reverse_after(session, block)

    return run


@pytest.fixture
def entries(sessions):
    async def read():
        async with sessions() as session:
            rows = await session.scalars(select(Entry).order_by(Entry.id))
            return [(each.debit, each.credit, each.amount_fen) for each in rows]

    return read


async def test_entries_of_later_blocks_are_reversed_and_stay(book, books, reverse, entries):
    kept, *gone = funded(1_000), posted(700), released(300, payout=BANK)
    await book(kept, *gone)
    before = await entries()

    assert 3 == await reverse(kept.block_number)

    assert (1_000, 0, 0, 0) == (
        (now := await books()).funded_fen, now.owed_fen, now.released_fen, now.with_bank_fen
    )  # fmt: skip
    assert before == (await entries())[: len(before)]
    back = [("to be settled", "with bank", 300), ("funded", "owed", 300), ("owed", "wage debt", 700)]
    assert back == (await entries())[len(before) :]


async def test_entry_is_reversed_once(book, books, reverse):
    await book(funded(1_000))

    assert (1, 0) == (await reverse(0), await reverse(0))

    assert 0 == (await books()).funded_fen


async def test_event_that_comes_back_is_booked_again_and_once(book, books, reverse):
    """The very same block is on the chain after all, and later gone once more."""
    event = funded(1_000)
    seen = []
    for _ in range(2):
        await book(event, event)
        seen.append((await books()).funded_fen)
        await reverse(0)
        seen.append((await books()).funded_fen)
    await book(event)

    assert [1_000, 0, 1_000, 0, 1_000] == [*seen, (await books()).funded_fen]


async def test_dispute_that_comes_back_is_asked_for_once(book, books, reverse):
    """What an answer still decides must not count what was reversed."""
    asked, admitted = contested(500), answered(200)
    await book(asked, admitted)
    await reverse(0)
    await book(contested(500), answered(200), answered(300))

    assert (200, 300) == ((now := await books()).contested_fen, now.owed_fen)
