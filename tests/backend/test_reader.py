"""What an auditor reads from a node alone is complete, or an error.

Branches: events of contracts and escrows, in order · a node that takes short ranges only · a node without times in its
logs · a node that is behind · a node that refuses even one block.
"""

from datetime import UTC, datetime

import pytest

from anxin.chain.identity import NodeBehind
from anxin.chain.reader import read_events, read_view
from anxin.chain.rpc import Rpc, RpcError

pytest_plugins = ["tests.chain"]


@pytest.fixture
async def events(chain):
    await chain.mine(3)
    await chain.escrow_with(700)
    return await read_events(chain.rpc, chain.deployment, await chain.head())


async def test_events_of_contracts_and_escrows_are_in_order(chain, events):
    names = [each.name for each in events if each.block_number == await chain.head()]

    assert names == ["Transfer", "Minted", "EscrowCreated", "Approval", "Transfer", "Funded"]


async def test_short_ranges_give_the_same(chain, wire, events):
    def short_ranges(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            if request["method"] == "eth_getLogs":
                asked = request["params"][0]
                if int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) > 2:
                    reply.pop("result", None)
                    reply["error"] = {"code": -32005, "message": "query returned more than 10000 results"}

    wire.altered = short_ranges

    async with Rpc(wire.url) as rpc:
        assert await read_events(rpc, chain.deployment, await chain.head()) == events


async def test_times_come_from_headers_where_logs_have_none(chain, wire, events):
    def without_times(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            if request["method"] == "eth_getLogs":
                for log in reply["result"]:
                    del log["blockTimestamp"]

    wire.altered = without_times

    async with Rpc(wire.url) as rpc:
        assert await read_events(rpc, chain.deployment, await chain.head()) == events
    block = await chain.rpc.block(await chain.head())
    assert events[-1].block_time == datetime.fromtimestamp(int(block["timestamp"], 16), UTC)


async def test_node_that_is_behind_is_an_error(chain):
    with pytest.raises(NodeBehind):
        await read_events(chain.rpc, chain.deployment, await chain.head() + 1)


async def test_node_that_refuses_one_block_is_an_error(chain, wire):
    def refuse(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            if request["method"] == "eth_getLogs":
                reply.pop("result", None)
                reply["error"] = {"code": -32000, "message": "pruned"}

    wire.altered = refuse

    async with Rpc(wire.url) as rpc:
        with pytest.raises(RpcError, match="pruned"):
            await read_events(rpc, chain.deployment, await chain.head())


async def test_view_is_read_at_its_block(chain, events):
    (created,) = [each for each in events if each.name == "EscrowCreated"]

    books = await read_view(chain.rpc, "WageEscrow", created.args["escrow"], "books", await chain.head())

    assert (books["funded"], books["owed"], books["contested"]) == (700, 0, 0)
