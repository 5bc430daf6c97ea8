"""What a relayer makes of readings that do not belong together: several nodes behind one address, rows that grow meanwhile.

Branches: head of another node than the receipts · head replaced between reading it and the blocks · a nonce used by a
replacement that was stored after we had read the nonce's attempts · settled by another while we slept, and no node
shows how.
"""

import pytest
from tests.backend.relaying import DEPTH, settle

from anxin.chain.fees import Price
from anxin.chain.leader import Moving
from anxin.chain.settling import _look_for_user
from anxin.chain.transactions import Words
from anxin.core.database import transaction

pytest_plugins = ["tests.chain", "tests.backend.relaying"]

ELSEWHERE = "0x" + "ab" * 32


def is_latest(request):
    return request["method"] == "eth_getBlockByNumber" and request["params"][0] == "latest"


def head_is_of_another_node(requests, replies):
    """It is ahead of the one that answers all else."""
    for request, reply in zip(requests, replies, strict=True):
        if request["method"] == "eth_blockNumber":
            reply["result"] = hex(int(reply["result"], 16) + DEPTH)
        if is_latest(request):
            number = hex(int(reply["result"]["number"], 16) + DEPTH)
            reply["result"] |= {"number": number, "hash": ELSEWHERE}


def head_is_replaced(requests, replies):
    """The block that was the head when it was asked for is another one since."""
    for request, reply in zip(requests, replies, strict=True):
        if is_latest(request):
            reply["result"] |= {"hash": ELSEWHERE}


@pytest.mark.parametrize(
    ("altered", "blocks"), [(head_is_of_another_node, 1), (head_is_replaced, DEPTH + 1)], ids=lambda each: str(each)
)
async def test_nothing_is_closed_on_the_depth_another_node_has(chain, wire, new_relayer, ask, states, altered, blocks):
    await ask(chain.approval("a", 1))
    await new_relayer().step()
    await chain.mine(blocks)
    relayer = new_relayer(wire.url)
    wire.altered = altered

    with pytest.raises(Moving):
        await relayer.step()

    assert {"a": "signed"} == await states()


async def test_replacement_stored_meanwhile_is_not_taken_for_a_thiefs(chain, sessions, new_relayer, ask, states, alarms):
    """Else the call would be made again, under another nonce, and the operator told that the key is stolen."""
    relayer = new_relayer()
    await ask(chain.approval("a", 1))
    await relayer.step()
    lane = relayer._lane
    (read_before,) = await lane.open_slots()
    words = Words.read(read_before[0].raw)
    dearer = lane.attempt(words.at(words.fees.dearer(await Price.now(chain.rpc), 10**18)), read_before[0].call_pk)
    async with transaction(sessions) as session:
        session.add(dearer)
    await chain("eth_sendRawTransaction", "0x" + dearer.raw.hex())
    await chain.mine(DEPTH + 1)

    await _look_for_user(lane, read_before, await chain.head())

    assert ({"a": "signed"}, []) == (await states(), await alarms())
    await relayer.step()
    assert ({"a": "final"}, [1]) == (await states(), await chain.approvals())


async def test_nonce_another_relayer_has_settled_meanwhile_alarms_nobody(
    chain, wire, new_relayer, ask, states, alarms
):
    """As when our process was frozen. The node keeps no history; asked again it could not say who used the nonce."""
    await ask(chain.approval("a", 1))
    sleeper = new_relayer(wire.url)
    await sleeper.step()
    (read_before,) = await sleeper._lane.open_slots()
    await settle(chain, new_relayer())
    wire.altered = no_history

    assert await _look_for_user(sleeper._lane, read_before, await chain.head()) is None
    assert ({"a": "final"}, []) == (await states(), await alarms())


def no_history(requests, replies):
    for request, reply in zip(requests, replies, strict=True):
        if request["method"] == "eth_getTransactionCount" and request["params"][1] != "latest":
            reply.pop("result", None)
            reply["error"] = {"code": -32000, "message": "missing trie node"}
