"""The books: double entries from final events, each booked once.

Branches: every event's entry · the same event twice · escrows apart · token apart · books of an escrow · free · coverage.
"""

import pytest
from sqlalchemy import select
from tests.backend.conftest import ESCROW
from tests.fakes import final_event

from anxin.core.database import transaction
from anxin.ledger import service as ledger
from anxin.ledger.models import Entry
from anxin.ledger.service import Books

TOKEN = "0x" + "a2" * 20
OTHER_ESCROW = "0x" + "11" * 20


@pytest.fixture
def book(sessions):
    """Book events, each in its own transaction as the indexer does."""

    async def run(*events):
        for event in events:
            async with transaction(sessions) as session:
                await HANDLERS[event.name](session, event)

    return run


@pytest.fixture
def books(sessions):
    async def read(escrow=ESCROW):
        async with sessions() as session:
            return await ledger.books_of(session, escrow)

    return read


HANDLERS = {
    "Funded": ledger.record_funding,
    "SheetPosted": ledger.record_sheet,
    "Released": ledger.record_release,
    "Contested": ledger.record_contest,
    "Minted": ledger.record_mint,
    "Burned": ledger.record_burn,
}


def funded(fen, escrow=ESCROW):
    return final_event("Funded", "WageEscrow", escrow, amount=fen)


def posted(fen, escrow=ESCROW):
    return final_event("SheetPosted", "WageEscrow", escrow, total=fen)


def released(fen):
    return final_event("Released", "WageEscrow", ESCROW, amount=fen)


def contested(fen):
    return final_event("Contested", "WageEscrow", ESCROW, remainder=fen)


@pytest.mark.parametrize(
    ("event", "debit", "credit"),
    [
        (funded(500), "funded", "paid in"),
        (posted(500), "wage debt", "owed"),
        (released(500), "owed", "funded"),
        (contested(500), "claims", "contested"),
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


async def test_event_that_comes_twice_is_booked_once(book, books):
    event = funded(500)

    await book(event, event)

    assert Books(500, 0, 0, 0) == await books()


async def test_books_follow_a_payday(book, books):
    await book(funded(1_000), posted(700), released(300), contested(50))

    assert Books(funded_fen=700, owed_fen=400, contested_fen=50, released_fen=300) == await books()


async def test_escrow_nobody_used_has_empty_books(books):
    empty = await books()

    assert (Books(0, 0, 0, 0), 0, None) == (empty, empty.free_fen, empty.coverage_percent)


async def test_escrows_are_kept_apart(book, books):
    await book(funded(500), funded(7, OTHER_ESCROW), posted(9, OTHER_ESCROW))

    assert Books(500, 0, 0, 0) == await books()
    assert Books(7, 9, 0, 0) == await books(OTHER_ESCROW)


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
        (Books(1_000, 400, 100, 0), 500, 250),
        (Books(400, 400, 0, 0), 0, 100),
        (Books(399, 400, 0, 0), 0, 99),
        (Books(0, 400, 0, 0), 0, 0),
        (Books(500, 0, 0, 300), 500, None),
    ],
    ids=["plenty", "just enough", "a fen short", "empty", "nothing owed"],
)
def test_free_and_coverage(books, free_fen, percent):
    assert (free_fen, percent) == (books.free_fen, books.coverage_percent)
