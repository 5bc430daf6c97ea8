"""JSON-RPC in batches: nodes refuse what is too long, and a relayer that comes back after an outage has much to send."""

import pytest
from eth_utils.crypto import keccak

from anxin.chain import rpc as json_rpc
from anxin.chain.rpc import RpcUnreachable

pytest_plugins = ["tests.chain"]

LARGE = [bytes([number]) * 100_000 for number in range(30)]  # 6 MB of hex: three times what anvil takes at once


async def test_more_than_a_node_takes_at_once_goes_in_parts_and_is_answered_in_order(chain):
    answers = await chain.rpc.batch([("web3_sha3", ("0x" + each.hex(),)) for each in LARGE])

    assert ["0x" + keccak(each).hex() for each in LARGE] == answers


async def test_it_would_not_be_taken_at_once(chain, monkeypatch):
    monkeypatch.setattr(json_rpc, "MOST_BYTES", 10**9)

    with pytest.raises(RpcUnreachable):
        await chain.rpc.batch([("web3_sha3", ("0x" + each.hex(),)) for each in LARGE])


async def test_no_more_calls_at_once_than_a_node_takes(chain, monkeypatch):
    monkeypatch.setattr(json_rpc, "MOST_CALLS", 2)

    assert [chain.deployment.chain_id] * 5 == [int(each, 16) for each in await chain.rpc.batch([("eth_chainId", ())] * 5)]


async def test_nothing_is_asked_for_nothing(chain):
    assert [] == await chain.rpc.batch([])
