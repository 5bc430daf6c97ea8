"""What happens after a reorganisation deeper than finality: the chain side halts and says so, people decide, and it goes on.

What becomes of everybody's rows is in test_reversed_rows.py.

Branches: halted, alarm, health · reversed: events orphaned, entries reversed, transactions sent again · nothing to take
back · a block not on both chains · a block nobody indexed · another chain · a node that lost blocks.
"""

import asyncio

import msgspec
import pytest
from sqlalchemy import select
from tests.backend.relaying import DEPTH, settle

from anxin.chain.identity import ChainChanged
from anxin.chain.indexer import Indexer
from anxin.chain.models import ChainEvent
from anxin.chain.reversal import CannotReverse, reverse
from anxin.ledger import service as ledger
from anxin.ledger.models import Entry
from anxin.ledger.reversal import reverse_after

pytest_plugins = ["tests.chain", "tests.backend.chain_site", "tests.backend.relaying"]


@pytest.fixture
def indexer(sessions, chain):
    start = msgspec.structs.replace(chain.deployment, start_block=chain.start)
    return Indexer(
        sessions, chain.rpc, start, finality_depth=DEPTH, on_event={"Funded": (ledger.record_funding,)}
    )


@pytest.fixture
def take_back(sessions, chain):
    async def run(to_block, *, rpc=None, deployment=None, on_reversed=None):
        return await reverse(
            sessions, rpc or chain.rpc, deployment or chain.deployment, to_block, on_reversed=on_reversed or {},
            reverse_books=reverse_after,
        )  # fmt: skip

    return run


@pytest.fixture
def event_states(sessions):
    async def read(name):
        async with sessions() as session:
            return list(await session.scalars(select(ChainEvent.state).where(ChainEvent.name == name)))

    return read


async def catch_up(indexer):
    for _ in range(50):
        if not await indexer.step():
            return
    raise AssertionError("the indexer never comes to the end of the chain")


async def deep_reorg(chain, indexer, to_block):
    """Everything above `to_block` is replaced by empty blocks, deeper than finality."""
    await catch_up(indexer)
    await chain("anvil_reorg", await chain.head() - to_block, [])
    await chain.mine(DEPTH)


async def test_halted_chain_side_is_an_alarm_until_it_gets_on(chain, indexer, take_back, alarms, client):
    common = await chain.head()
    await chain.approve(1)  # an empty block may come back the same
    await chain.mine(4)
    await deep_reorg(chain, indexer, common)
    with pytest.raises(ChainChanged):
        await asyncio.wait_for(indexer.run(asyncio.Event(), poll_seconds=0.01), 10)
    assert (["chain changed"], "halted") == (await alarms(), (await client.get("/api/health")).json()["status"])

    await take_back(common)
    stop = asyncio.Event()
    running = asyncio.create_task(indexer.run(stop, poll_seconds=0.01))
    await asyncio.sleep(0.5)
    stop.set()
    await running

    assert (["blocks reversed"], "degraded") == (await alarms(), (await client.get("/api/health")).json()["status"])


async def test_books_follow_the_chain_back_and_forth(chain, chain_site, indexer, take_back, sessions, event_states):
    """The escrow's deposit vanishes with its blocks, and is made again."""
    common = chain.start
    await chain.mine(DEPTH)
    await deep_reorg(chain, indexer, common)
    async with sessions() as session:
        assert 100_000 == (await ledger.books_of(session, chain_site.escrow)).funded_fen

    done = await take_back(common)
    await catch_up(indexer)

    assert (["orphaned"], 1) == (await event_states("Funded"), done.entries)
    async with sessions() as session:
        assert 0 == (await ledger.books_of(session, chain_site.escrow)).funded_fen
        assert 2 == len((await session.scalars(select(Entry))).all())


async def test_what_vanished_is_sent_again_with_the_same_bytes(
    chain, indexer, new_relayer, take_back, ask, states, attempts
):
    common = await chain.head()
    await chain.mine()
    relayer = new_relayer()
    await ask(chain.approval("a", 1), chain.approval("b", 2))
    await settle(chain, relayer)
    before = {each.tx_hash for each in await attempts()}
    await deep_reorg(chain, indexer, common + 1)
    assert [] == await chain.approvals()
    await ask(chain.approval("c", 3))
    with pytest.raises(ChainChanged):
        await relayer.step()

    done = await take_back(common + 1)
    await catch_up(indexer)
    await settle(chain, relayer)

    assert (2, before, [1, 2]) == (
        done.transactions, {each.tx_hash for each in await attempts() if each.call_pk < 3}, (await chain.approvals())[:2]
    )  # fmt: skip
    assert {"final"} == set((await states()).values())


async def test_nothing_is_taken_back_that_the_node_has(chain, indexer, take_back):
    await chain.mine(DEPTH + 3)
    await catch_up(indexer)

    with pytest.raises(CannotReverse, match="nothing to take back"):
        await take_back(chain.start)
    with pytest.raises(CannotReverse, match="no final block above"):
        await take_back(await chain.head())


async def test_block_must_be_on_both_chains(chain, indexer, take_back):
    common = await chain.head()
    await chain.approve(1)  # an empty block may come back the same
    await chain.mine(6)
    await deep_reorg(chain, indexer, common)

    with pytest.raises(CannotReverse, match="part before it"):
        await take_back(common + 2)
    with pytest.raises(CannotReverse, match="never indexed"):
        await take_back(chain.start - 1)


async def test_another_chain_is_nothing_to_go_back_to(chain, indexer, take_back):
    await chain.approve(1)  # an empty block may come back the same
    await chain.mine(6)
    await deep_reorg(chain, indexer, chain.start)

    with pytest.raises(ChainChanged):
        await take_back(chain.start, deployment=msgspec.structs.replace(chain.deployment, chain_id=1))


async def test_node_that_lost_its_newest_blocks_is_gone_back_to(chain, indexer, take_back, event_states):
    """As after a kill of a node that had not written them: its head is lower than what was final."""
    await chain.mine()
    common = await chain.head()
    before = await chain("evm_snapshot")
    await chain.mine(DEPTH + 3)
    await catch_up(indexer)
    await chain("evm_revert", before)

    done = await take_back(common)

    assert 5 == done.blocks
    await chain.mine(DEPTH + 1)
    await catch_up(indexer)
