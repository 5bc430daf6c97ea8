"""Every event once, in order, and nothing believed before it is final: a real node, a real database, a wire that lies.

Branches: seen, final after the depth · empty blocks · nothing new · resumes · killed between two final blocks · an
escrow's events from its first block · reorg: events removed, replaced, moved; back to the first fork; an escrow that
vanishes · deeper than finality · first block gone · head lower than ours · block missing below the head · logs of other
blocks · logs left out · half a reply · handler that fails · another chain · two indexers · chaos.
"""

import asyncio
import contextlib

import msgspec
import pytest
from sqlalchemy import select
from tests.chain import PASS, RELAYER_KEY, at_random

from anxin import worker
from anxin.chain.identity import ChainChanged
from anxin.chain.indexer import Indexer, heights
from anxin.chain.lane import Bounds
from anxin.chain.leader import Moving
from anxin.chain.models import ChainEvent, EscrowAddress
from anxin.chain.relayer import Relayer
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.stack import address_of

pytest_plugins = ["tests.chain"]

DEPTH = 2
NOT_NOW = (Moving, RpcError, RpcUnreachable)


class Ledger:
    """What handlers were told; a handler that fails leaves nothing, as its transaction does."""

    def __init__(self):
        self.values, self.times, self.fail_on, self.failures = [], [], None, 0

    async def record(self, session, event):
        if event.args["value"] == self.fail_on:
            self.failures += 1
            raise RuntimeError("the ledger's handler fails")
        self.values.append(event.args["value"])

    async def on_block(self, session, time):
        self.times.append(time)


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
async def new_indexer(sessions, chain, ledger):
    """Make indexers as processes do: each starts with nothing but the database."""
    rpcs = []

    def make(url=chain.anvil.url, **changed):
        rpcs.append(Rpc(url, timeout_seconds=2))
        start = {"start_block": chain.start}
        options = {
            "deployment": msgspec.structs.replace(chain.deployment, **start), "finality_depth": DEPTH,
            "on_event": {"Approval": (ledger.record,)}, "on_block": (ledger.on_block,),
        }  # fmt: skip
        return Indexer(sessions, rpcs[-1], **(options | changed))

    yield make
    for rpc in rpcs:
        await rpc.__aexit__()


@pytest.fixture
def values(sessions):
    async def values(state):
        """The values of the Approval events in a state, in order."""
        async with sessions() as session:
            rows = await session.scalars(
                select(ChainEvent)
                .where(ChainEvent.state == state, ChainEvent.name == "Approval")
                .order_by(ChainEvent.block_number, ChainEvent.log_index)
            )
            return [row.args["value"] for row in rows]

    return values


async def test_events_are_final_only_after_the_depth(chain, new_indexer, values, ledger):
    indexer = new_indexer()
    await approve(chain, 1, 2)
    await catch_up(indexer)
    assert (await values("seen"), ledger.values) == ([1, 2], [])
    await chain.mine(DEPTH - 1)
    await catch_up(indexer)
    assert ledger.values == []

    await chain.mine()
    await catch_up(indexer)

    assert (await values("final"), ledger.values) == ([1, 2], [1, 2])


async def test_empty_blocks_become_final_with_the_chains_time(chain, new_indexer, ledger, sessions):
    indexer = new_indexer()
    await chain.mine(250)
    await catch_up(indexer)

    async with sessions() as session:
        assert await heights(session) == (await chain.head(), await chain.head() - DEPTH)
    block = await chain.rpc.block(await chain.head() - DEPTH)
    assert int(block["timestamp"], 16) == ledger.times[-1].timestamp()


async def test_nothing_new_changes_nothing(chain, new_indexer, ledger):
    indexer = new_indexer()
    await approve(chain, 1)
    await chain.mine(DEPTH)
    await catch_up(indexer)
    told = (list(ledger.values), list(ledger.times))

    assert not await indexer.step()
    assert not await new_indexer().step()

    assert (ledger.values, ledger.times) == told


async def test_another_process_resumes_where_one_ended(chain, new_indexer, ledger):
    await approve(chain, 1)
    await catch_up(new_indexer())
    await approve(chain, 2)
    await chain.mine(DEPTH)

    await catch_up(new_indexer())

    assert ledger.values == [1, 2]


async def test_new_escrow_is_followed_from_its_first_block(chain, new_indexer, sessions):
    """Its creation and its first funding are in one block, one stretch of blocks is read."""
    escrow = await create_escrow_and_fund(chain)
    await chain.mine(DEPTH)

    await catch_up(new_indexer())

    async with sessions() as session:
        events = list(await session.scalars(select(ChainEvent).where(ChainEvent.address == escrow.lower())))
        address = await session.scalar(select(EscrowAddress))
    assert [(each.contract, each.name, each.args["amount"]) for each in events] == [("WageEscrow", "Funded", 700)]
    assert (address.address, address.from_block) == (escrow.lower(), events[0].block_number)


async def test_escrow_that_vanishes_in_a_reorg_is_followed_when_it_is_made_again(chain, new_indexer, sessions):
    indexer = new_indexer()
    before = await chain("evm_snapshot")
    await create_escrow_and_fund(chain)
    await catch_up(indexer)
    await chain("evm_revert", before)
    await chain.mine(2)
    await catch_up(indexer)
    async with sessions() as session:
        assert await session.scalar(select(EscrowAddress)) is None

    await create_escrow_and_fund(chain)
    await chain.mine(DEPTH)
    await catch_up(indexer)

    async with sessions() as session:
        names = select(ChainEvent.name).where(ChainEvent.state == "final", ChainEvent.name.in_(("EscrowCreated", "Funded")))
        assert sorted(await session.scalars(names)) == ["EscrowCreated", "Funded"]


async def test_reorg_orphans_what_was_seen_and_sees_what_replaced_it(chain, new_indexer, values, ledger):
    indexer = new_indexer()
    before = await chain("evm_snapshot")
    await approve(chain, 1)
    await approve(chain, 2)
    await catch_up(indexer)
    await chain("evm_revert", before)
    await approve(chain, 2)
    await approve(chain, 3)
    await chain.mine(DEPTH)

    await catch_up(indexer)

    assert (await values("orphaned"), await values("final"), ledger.values) == ([1, 2], [2, 3], [2, 3])


async def test_anvils_own_reorg_of_an_event_leaves_no_trace_in_the_ledger(chain, new_indexer, values, ledger):
    indexer = new_indexer()
    await approve(chain, 1)
    await catch_up(indexer)
    await chain("anvil_reorg", 1, [])
    await chain.mine(DEPTH + 1)

    await catch_up(indexer)

    assert (await values("orphaned"), await values("final"), ledger.values) == ([1], [], [])


async def test_chain_that_goes_back_to_its_first_fork_is_seen_again(chain, wire, new_indexer, values, ledger):
    """A, then B, then A again: the same block hashes come a second time."""
    indexer = new_indexer()
    await approve(chain, 1)
    await catch_up(indexer)
    true_head = await chain.rpc.block(await chain.head())
    wire.altered = other_branch(true_head, "0x" + "bb" * 32)
    liar = new_indexer(wire.url)
    await catch_up(liar)
    assert await values("orphaned") == [1]

    await chain.mine(DEPTH)
    await catch_up(indexer)

    assert (await values("orphaned"), await values("final"), ledger.values) == ([], [1], [1])


async def test_reorg_deeper_than_finality_halts(chain, new_indexer, ledger):
    indexer = new_indexer()
    await approve(chain, 1)
    await chain.mine(DEPTH)
    await catch_up(indexer)
    await chain("anvil_reorg", DEPTH + 1, [])
    await chain.mine(2)

    with pytest.raises(ChainChanged, match="final"):
        await indexer.run(asyncio.Event(), poll_seconds=0.01)

    assert ledger.values == [1]


async def test_first_block_of_all_that_vanishes_halts(chain, new_indexer):
    before = await chain("evm_snapshot")
    await chain.mine()
    indexer = new_indexer(deployment=msgspec.structs.replace(chain.deployment, start_block=await chain.head()))
    await catch_up(indexer)
    await chain("evm_revert", before)
    await approve(chain, 1)

    with pytest.raises(ChainChanged, match="no common block"):
        await indexer.step()


async def test_another_chain_halts(chain, new_indexer):
    other = msgspec.structs.replace(chain.deployment, genesis_hash="0x" + "00" * 32)

    with pytest.raises(ChainChanged, match="not the one"):
        await new_indexer(deployment=other).step()


async def test_another_chain_stops_the_chain_side_and_not_the_worker(chain, new_indexer, sessions):
    """The relayer would wait for ever, and is stopped with the indexer; jobs and messages go on."""
    other = msgspec.structs.replace(chain.deployment, genesis_hash="0x" + "00" * 32)
    relayer = Relayer(
        sessions, chain.rpc, chain.deployment, key=RELAYER_KEY, bounds=Bounds(finality_depth=DEPTH), on_sent={},
        on_refused={},
    )  # fmt: skip

    async with asyncio.timeout(5):
        await worker.follow_chain(new_indexer(deployment=other), [relayer], asyncio.Event(), poll_seconds=0.01)


async def test_lower_head_alone_is_waited_for(chain, wire, new_indexer, values):
    await approve(chain, 1)
    await catch_up(new_indexer())
    behind = await chain.head() - 1
    wire.altered = answer("eth_blockNumber", lambda _: hex(behind))

    assert not await new_indexer(wire.url).step()

    assert await values("seen") == [1]


async def test_block_missing_below_the_head_orphans_nothing(chain, wire, new_indexer, values):
    """Behind one address there are two nodes, and the second one lags."""
    await approve(chain, 1)
    await catch_up(new_indexer())
    head = await chain.head()
    wire.altered = answer("eth_getBlockByNumber", lambda block: None if int(block["number"], 16) == head else block)

    with pytest.raises(Moving):
        await new_indexer(wire.url).step()

    assert (await values("seen"), await values("orphaned")) == ([1], [])


async def test_logs_of_other_blocks_than_the_headers_are_read_again(chain, wire, new_indexer, values):
    await approve(chain, 1)
    wire.altered = answer("eth_getLogs", lambda logs: [{**each, "blockHash": "0x" + "cd" * 32} for each in logs])
    indexer = new_indexer(wire.url)
    with pytest.raises(Moving):
        await indexer.step()
    assert await values("seen") == []

    wire.altered = lambda _requests, _answers: None
    await catch_up(indexer)

    assert await values("seen") == [1]


async def test_logs_a_node_leaves_out_are_asked_for_by_block(chain, wire, new_indexer, values):
    """It answers a range it does not have with an empty list; the headers' blooms give it away."""
    await approve(chain, 1)

    def leave_out(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            if request["method"] == "eth_getLogs" and "fromBlock" in request["params"][0]:
                reply["result"] = []

    wire.altered = leave_out

    await catch_up(new_indexer(wire.url))

    assert await values("seen") == [1]


async def test_handler_that_fails_is_tried_until_it_succeeds_and_nothing_overtakes_it(chain, new_indexer, ledger, values):
    indexer = new_indexer()
    await approve(chain, 1)
    await approve(chain, 2)
    await approve(chain, 3)
    await chain.mine(DEPTH)
    ledger.fail_on = 2
    stop = asyncio.Event()
    run = asyncio.create_task(indexer.run(stop, poll_seconds=0.01))
    try:
        await until(lambda: ledger.failures >= 3)
        assert (ledger.values, await values("final"), await values("seen")) == ([1], [1], [2, 3])

        ledger.fail_on = None

        await until(lambda: ledger.values == [1, 2, 3])
    finally:
        stop.set()
        await run
    assert (ledger.values, await values("final")) == ([1, 2, 3], [1, 2, 3])


async def test_two_indexers_tell_each_event_once(chain, new_indexer, ledger):
    """As when a leader has lost its lock and does not know it yet."""
    for value in range(6):
        await approve(chain, value)
    await chain.mine(DEPTH)

    await asyncio.gather(*(catch_up(new_indexer()) for _ in range(3)))

    assert ledger.values == list(range(6))


@pytest.mark.parametrize("seed", range(3))
async def test_chaos_tells_each_final_event_once(chain, wire, new_indexer, ledger, values, seed):
    """A third of requests fail, indexers are killed at each failure, and blocks are taken back within finality."""
    wire.fault = at_random(seed, 0.33)
    for turn in range(40):
        with contextlib.suppress(*NOT_NOW):
            await catch_up(new_indexer(wire.url))
        if turn % 5 == 2:
            await chain("anvil_reorg", 1 + turn % DEPTH, [])
        await approve(chain, turn)
    wire.fault = lambda _: PASS
    await chain.mine(DEPTH)
    await catch_up(new_indexer(wire.url))

    on_chain = await chain.approvals(address_of("contractor"))
    assert (ledger.values, await values("final"), await values("seen")) == (on_chain, on_chain, [])


async def until(is_so):
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)


async def catch_up(indexer):
    for _ in range(50):
        try:
            if not await indexer.step():
                return
        except Moving:  # somebody else wrote
            await asyncio.sleep(0.01)


async def approve(chain, *values):
    """One block with one event a value."""
    for value in values:
        await chain.approve(value)
    await chain.mine()


async def create_escrow_and_fund(chain):
    """In one block: an escrow of the contractor's, tokens for it, and their deposit."""
    return await chain.escrow_with(700)


def answer(method, change):
    """Change what a node answers to one method."""

    def altered(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            if request["method"] == method and "result" in reply:
                reply["result"] = change(reply["result"])

    return altered


def other_branch(head, other_hash):
    """A node on which another block stands in the place of `head`, without logs."""
    block = {**head, "hash": other_hash, "logsBloom": "0x" + "00" * 256}

    def altered(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            if request["method"] == "eth_getBlockByNumber" and reply["result"]["hash"] == head["hash"]:
                reply["result"] = block
            elif request["method"] == "eth_getLogs":
                reply["result"] = [log for log in reply["result"] if log["blockHash"] != head["hash"]]

    return altered
