"""Our books are the contracts', or an alarm says which are not: a real node, a real ledger.

Branches: equal · the ledger lacks an entry, and has it again · a wrong supply · a second node that says otherwise · a node
without the block · nothing final yet · not before it is time.
"""

import msgspec
import pytest
from sqlalchemy import delete, select, update
from tests.chain import Wire

from anxin.audit import reconcile
from anxin.audit.reconcile import Reconciler
from anxin.chain.alarms import open_alarms
from anxin.chain.indexer import Indexer
from anxin.chain.rpc import Rpc, RpcError
from anxin.core.database import transaction
from anxin.ledger.models import Entry
from anxin.wiring import on_final_event

pytest_plugins = ["tests.chain"]

DEPTH = 2
FUNDED = 700
ENTRY = [column.name for column in Entry.__table__.columns]


@pytest.fixture
def indexer(sessions, chain):
    start = msgspec.structs.replace(chain.deployment, start_block=0)
    on_event = {name: on_final_event(start)[name] for name in ("Funded", "Minted")}
    return Indexer(sessions, chain.rpc, start, finality_depth=DEPTH, on_event=on_event)


@pytest.fixture
async def escrow(chain, indexer):
    """With money in it, final and booked."""
    made = await chain.escrow_with(FUNDED)
    await chain.mine(DEPTH)
    while await indexer.step():
        pass
    return made.lower()


@pytest.fixture
def reconciler(sessions, chain):
    return Reconciler(sessions, {"the node": chain.rpc}, chain.deployment)


@pytest.fixture
def alarms(sessions):
    async def alarms():
        async with sessions() as session:
            return [(each.kind, each.subject) for each in await open_alarms(session)]

    return alarms


async def test_equal_books_raise_nothing(reconciler, escrow, alarms, sessions):
    await reconciler.compare()

    async with sessions() as session:
        assert [FUNDED] == list(await session.scalars(select(Entry.amount_fen).where(Entry.escrow == escrow)))
    assert await alarms() == []


async def test_entry_that_is_missing_is_an_alarm_until_it_is_there(reconciler, escrow, alarms, sessions):
    async with transaction(sessions) as session:
        row = await session.scalar(select(Entry).where(Entry.escrow == escrow))
        await session.execute(delete(Entry).where(Entry.id == row.id))

    await reconciler.compare()
    assert [("books differ", escrow)] == await alarms()

    async with transaction(sessions) as session:
        session.add(Entry(**{name: getattr(row, name) for name in ENTRY if name != "id"}))
    await reconciler.compare()
    assert await alarms() == []


async def test_wrong_amount_is_named_with_both_figures(reconciler, escrow, sessions):
    async with transaction(sessions) as session:
        await session.execute(update(Entry).where(Entry.escrow == escrow).values(amount_fen=FUNDED + 1))

    await reconciler.compare()

    async with sessions() as session:
        (alarm,) = await open_alarms(session)
    assert "the ledger says {'funded': 701," in alarm.text
    assert "the node {'funded': 700," in alarm.text


async def test_wrong_supply_of_tokens_is_an_alarm(reconciler, escrow, alarms, sessions, chain):
    async with transaction(sessions) as session:
        await session.execute(update(Entry).where(Entry.escrow.is_(None)).values(amount_fen=FUNDED - 1))

    await reconciler.compare()

    assert [("books differ", chain.token.lower())] == await alarms()


async def test_second_node_that_says_otherwise_is_an_alarm(escrow, alarms, sessions, chain):
    """Its answers are those of a node that was not shown a deposit."""

    def poorer(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            if request["method"] == "eth_call" and request["params"][0]["to"] == escrow:
                reply["result"] = "0x" + "00" * 160

    async with Wire(chain.anvil.url, altered=poorer) as wire, Rpc(wire.url) as second:
        await Reconciler(sessions, {"the node": chain.rpc, "the second node": second}, chain.deployment).compare()

    assert [("books differ", escrow)] == await alarms()


async def test_node_without_the_block_says_nothing_about_the_books(escrow, alarms, sessions, chain):
    def pruned(requests, answers):
        for reply in answers:
            reply.pop("result", None)
            reply["error"] = {"code": -32000, "message": "missing trie node"}

    async with Wire(chain.anvil.url, altered=pruned) as wire, Rpc(wire.url) as rpc:
        with pytest.raises(RpcError):
            await Reconciler(sessions, {"the node": rpc}, chain.deployment).step()

    assert await alarms() == []


async def test_nothing_is_asked_before_anything_is_final(reconciler, alarms):
    assert not await reconciler.step()

    assert await alarms() == []


async def test_it_compares_again_after_so_many_blocks_only(reconciler, escrow, alarms, sessions, chain, indexer):
    await reconciler.step()
    async with transaction(sessions) as session:
        await session.execute(delete(Entry).where(Entry.escrow == escrow))
    await reconciler.step()
    assert await alarms() == []

    await chain.mine(reconcile.EVERY_BLOCKS)
    while await indexer.step():
        pass
    await reconciler.step()

    assert [("books differ", escrow)] == await alarms()
