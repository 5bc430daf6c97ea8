"""Each call reaches the chain exactly once, whatever dies in between: a real node, a real database, a wire that fails.

Branches: signed, stored, sent, final · same key twice · same key, other call · killed between storing and sending · reply
lost · dropped · reorged away · would revert (told twice) · would have reverted for a block that vanished · reverted on
chain · not a call at all · many at once · bounds in flight · nonce used by somebody else · key used before · wrong chain ·
node behind · two relayers · a handler that fails · chaos.
"""

import asyncio

import msgspec
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from sqlalchemy import text
from tests.backend.relaying import DEPTH, settle
from tests.chain import LOSE_REPLY, PASS, REFUSE, RELAYER, at_random, on_send

from anxin.chain.identity import ChainChanged, NodeBehind
from anxin.chain.models import FINAL, Block
from anxin.chain.relayer import KeyReused
from anxin.chain.rpc import RpcError, RpcUnreachable
from anxin.chain.steps import Boundary
from anxin.chain.trying import _announce_reads
from anxin.core.calls import Call
from anxin.core.clock import now
from anxin.core.database import transaction

pytest_plugins = ["tests.chain", "tests.backend.relaying"]


def overdraft(chain, key="overdraft"):
    """The relayer's key owns no tokens, so the token refuses this."""
    return Call(key, "WageToken", chain.token, "transfer", {"to": "0x" + "77" * 20, "value": 5})


async def test_call_is_stored_sent_and_final(chain, new_relayer, ask, states, attempts, told):
    relayer = new_relayer()
    await ask(chain.approval("a", 1))

    assert await relayer.step()
    (attempt,) = await attempts()
    assert ([attempt.tx_hash], {"a": "signed"}) == (await chain.pending(), await states())
    assert [("a", attempt.tx_hash)] == told.sent
    await chain.mine(DEPTH)
    await relayer.step()
    assert await states() == {"a": "signed"}, "one block short of final"
    await chain.mine()
    await relayer.step()

    assert (await states(), await chain.approvals()) == ({"a": "final"}, [1])


async def test_same_key_twice_is_one_call(chain, new_relayer, ask):
    await ask(chain.approval("a", 1), chain.approval("a", 1))

    await settle(chain, new_relayer())

    assert await chain.approvals() == [1]


async def test_same_key_for_another_call_is_an_error(chain, new_relayer, ask):
    await ask(chain.approval("a", 1))

    with pytest.raises(KeyReused):
        await ask(chain.approval("a", 2))


async def test_killed_between_storing_and_sending(chain, wire, new_relayer, ask, attempts):
    await ask(chain.approval("a", 1))
    wire.fault = on_send(REFUSE)
    with pytest.raises(RpcUnreachable):
        await new_relayer(wire.url).step()
    (stored,) = await attempts()
    assert (stored.sent_at, await chain.pending()) == (None, [])

    await settle(chain, new_relayer())

    assert ([stored.raw], [1]) == ([each.raw for each in await attempts()], await chain.approvals())


async def test_reply_lost_after_forwarding_is_not_another_nonce(chain, wire, new_relayer, ask, attempts, states):
    await ask(chain.approval("a", 1))
    wire.fault = on_send(LOSE_REPLY)
    with pytest.raises(RpcUnreachable):
        await new_relayer(wire.url).step()
    assert len(await chain.pending()) == 1
    await chain.mine()

    await settle(chain, new_relayer())

    assert (await states(), await chain.approvals(), len(await attempts())) == ({"a": "final"}, [1], 1)


async def test_dropped_transaction_is_sent_again_with_its_dependents(chain, new_relayer, ask, attempts):
    relayer = new_relayer()
    await ask(*(chain.approval(f"call {n}", n) for n in range(4)))
    await relayer.step()
    hashes = await chain.pending()
    await chain("anvil_dropTransaction", hashes[1])

    await relayer.step()
    assert await chain.pending() == hashes
    await settle(chain, relayer)

    assert (await chain.approvals(), len(await attempts())) == ([0, 1, 2, 3], 4)


async def test_receipt_that_vanishes_in_a_reorg_opens_the_call_again(chain, new_relayer, ask, states):
    relayer = new_relayer()
    await ask(chain.approval("a", 1))
    await relayer.step()
    await chain.mine()
    await relayer.step()
    await chain("anvil_reorg", 1, [])
    assert await chain.approvals() == []

    await settle(chain, relayer)

    assert (await states(), await chain.approvals()) == ({"a": "final"}, [1])


async def test_refusal_is_the_contracts_own_and_believed_when_final(chain, new_relayer, ask, states, told):
    relayer = new_relayer()
    await ask(overdraft(chain))

    await relayer.step()
    await chain.mine(DEPTH - 1)
    await relayer.step()
    assert (await states(), told.refused) == ({"overdraft": "waiting"}, [])
    await chain.mine()
    await relayer.step()

    assert await states() == {"overdraft": "refused"}
    ((key, refusal),) = told.refused
    assert (key, refusal.error) == ("overdraft", "ERC20InsufficientBalance")
    assert refusal.values == [RELAYER.lower(), 0, 5]
    assert await chain.pending() == []


async def test_refusal_of_a_block_that_vanishes_is_forgotten(chain, new_relayer, ask, states, told):
    relayer = new_relayer()
    await ask(overdraft(chain))
    await relayer.step()
    await give_tokens(chain, RELAYER, 5)
    await chain.mine(DEPTH)

    await settle(chain, relayer)

    assert (await states(), told.refused) == ({"overdraft": "final"}, [])


async def test_revert_on_chain_is_refused_with_the_reason(chain, new_relayer, ask, states, told):
    """The tokens are there when the gas is estimated, and gone when the transaction is mined."""
    before = await chain("evm_snapshot")
    await give_tokens(chain, RELAYER, 5)
    relayer = new_relayer()
    await ask(overdraft(chain))
    await relayer.step()
    await chain("evm_revert", before)

    await settle(chain, relayer)

    assert await states() == {"overdraft": "refused"}
    ((_, refusal),) = told.refused
    assert ("ERC20InsufficientBalance", [RELAYER.lower(), 0, 5]) == (refusal.error, refusal.values)


async def test_what_is_no_call_is_refused_and_blocks_nobody(chain, new_relayer, ask, states, told):
    broken = Call("broken", "WageToken", chain.token, "transfer", {"to": "0x" + "77" * 20, "value": -1})
    await ask(broken, chain.approval("a", 1))

    await settle(chain, new_relayer())

    assert await states() == {"broken": "refused", "a": "final"}
    assert told.refused[0][1].error == "NotACall"


async def test_many_calls_are_pipelined_in_nonce_order(chain, new_relayer, ask):
    relayer = new_relayer()
    await ask(*(chain.approval(f"call {n}", n) for n in range(40)))
    first = await chain.nonce()

    await relayer.step()
    assert len(await chain.pending()) == 40
    await settle(chain, relayer)

    assert (await chain.approvals(), await chain.nonce() - first) == (list(range(40)), 40)


@pytest.mark.parametrize("bound", [{"in_flight": 3}, {"gas_in_flight": 300_000}], ids=["count", "gas"])
async def test_what_flies_is_bounded(chain, new_relayer, ask, bound):
    relayer = new_relayer(**bound)
    await ask(*(chain.approval(f"call {n}", n) for n in range(8)))

    await relayer.step()
    await relayer.step()
    assert len(await chain.pending()) == 3
    await settle(chain, relayer, rounds=6)

    assert await chain.approvals() == list(range(8))


async def test_call_whose_nonce_somebody_else_used_is_looked_at_again(chain, wire, new_relayer, ask, states, attempts):
    """Once that use is final and shown to be no transaction of ours: the call was not done."""
    await ask(chain.approval("a", 1))
    wire.fault = on_send(REFUSE)
    with pytest.raises(RpcUnreachable):
        await new_relayer(wire.url).step()
    await chain("eth_sendTransaction", {"from": RELAYER, "to": RELAYER})
    await chain.mine()

    relayer = new_relayer()
    await relayer.step()
    await chain.mine(DEPTH - 1)
    await relayer.step()
    assert (await states(), len(await attempts())) == ({"a": "signed"}, 1), "not final yet"
    await chain.mine()
    await settle(chain, relayer)

    assert (await states(), len(await attempts()), await chain.approvals()) == ({"a": "final"}, 2, [1])


async def test_key_used_behind_the_databases_back_signs_nothing_until_that_is_final(chain, new_relayer, ask, states):
    """As after a restore from an old backup: what the lost rows said was perhaps done already, and is seen by then."""
    relayer = new_relayer()
    await ask(chain.approval("a", 1))
    await settle(chain, relayer)
    await chain("eth_sendTransaction", {"from": RELAYER, "to": RELAYER})
    await chain.mine()
    await ask(chain.approval("b", 2))

    for _ in range(DEPTH):
        assert not await relayer.step()
        assert (await states(), await chain.pending()) == ({"a": "final", "b": "waiting"}, [])
        await chain.mine()
    await settle(chain, relayer)

    assert (await states(), await chain.approvals()) == ({"a": "final", "b": "final"}, [1, 2])


@pytest.mark.parametrize("changed", [{"chain_id": 1}, {"genesis_hash": "0x" + "00" * 32}], ids=["chain id", "first block"])
async def test_wrong_chain_halts(chain, new_relayer, ask, states, changed):
    await ask(chain.approval("a", 1))
    relayer = new_relayer(deployment=msgspec.structs.replace(chain.deployment, **changed))

    with pytest.raises(ChainChanged):
        await relayer.run(asyncio.Event(), poll_seconds=0.01)

    assert await states() == {"a": "waiting"}


async def test_chain_that_changed_what_was_final_halts(chain, new_relayer, ask, states, sessions):
    await remember_final(sessions, await chain.head(), "0x" + "ab" * 32)
    await ask(chain.approval("a", 1))

    with pytest.raises(ChainChanged):
        await new_relayer().step()


async def test_call_to_a_contract_the_node_has_lost_is_not_done(chain, new_relayer, ask, states):
    """Such a call succeeds, with no event and no effect: it stays open, and a person is called."""
    relayer = new_relayer()
    await ask(chain.approval("a", 1))
    await relayer.step()
    code = await chain("eth_getCode", chain.token, "latest")
    await chain("anvil_setCode", chain.token, "0x")
    await chain.mine(DEPTH + 1)

    with pytest.raises(ChainChanged, match=r"no contract at 0x\w{40} any more"):
        await relayer.step()

    assert {"a": "signed"} == await states()
    await chain("anvil_setCode", chain.token, code)


async def test_node_that_lags_behind_what_was_final_is_waited_for(chain, new_relayer, ask, states, sessions):
    await remember_final(sessions, await chain.head() + 1, "0x" + "ab" * 32)
    await ask(chain.approval("a", 1))

    with pytest.raises(NodeBehind):
        await new_relayer().step()

    assert await states() == {"a": "waiting"}


async def test_two_relayers_of_one_key_do_no_harm(chain, new_relayer, ask, attempts):
    """As when a leader has lost its lock and does not know it yet."""
    both_have_read = asyncio.Barrier(2)

    async def wait(boundary):
        if boundary is Boundary.ESTIMATED and both_have_read.n_waiting < 2:
            await both_have_read.wait()

    one, other = new_relayer(at=wait), new_relayer(at=wait)
    await ask(*(chain.approval(f"call {n}", n) for n in range(20)))

    await asyncio.gather(one.step(), other.step())
    await settle(chain, one)

    assert (sorted(await chain.approvals()), len(await attempts())) == (list(range(20)), 20)


async def test_leader_holds_no_transaction_open_and_hands_over(chain, new_relayer, ask, sessions):
    """The second relayer takes over when the first one's connection dies; neither holds back vacuum while it waits."""
    stop, seen = asyncio.Event(), []
    holders = (
        "SELECT pid, state, backend_xmin FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory'"
    )
    first, second = new_relayer(), new_relayer()
    for relayer in (first, second):
        step = relayer.step
        relayer.step = lambda step=step, relayer=relayer: seen.append(relayer) or step()
    runs = [asyncio.create_task(first.run(stop, poll_seconds=0.01))]
    await asyncio.sleep(0.2)
    runs.append(asyncio.create_task(second.run(stop, poll_seconds=0.01)))
    await asyncio.sleep(0.2)
    assert set(seen) == {first}
    async with sessions() as session:
        ((pid, state, xmin),) = (await session.execute(text(holders))).all()
        assert (state, xmin) == ("idle", None)
        await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    seen.clear()
    async with asyncio.timeout(10):
        while len(seen) < 8:
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.gather(*runs)

    assert len(set(seen[2:])) == 1, "one of them leads, whichever was quicker"


async def test_handler_that_fails_holds_up_no_other_call(chain, new_relayer, ask, states, told):
    told.fail = True
    relayer = new_relayer()
    await ask(overdraft(chain), chain.approval("a", 1))
    await settle(chain, relayer)
    assert await states() == {"overdraft": "waiting", "a": "final"}

    told.fail = False
    await settle(chain, relayer)

    assert await states() == {"overdraft": "refused", "a": "final"}


@pytest.mark.parametrize("seed", range(3))
async def test_chaos_duplicates_nothing_and_loses_nothing(chain, wire, new_relayer, ask, states, attempts, seed):
    """A third of requests fail, relayers are killed at each failure, and blocks are taken back."""
    wanted = list(range(24))
    await ask(*(chain.approval(f"call {n}", n) for n in wanted))
    wire.fault = at_random(seed, 0.33)

    for turn in range(60):
        relayer = new_relayer(wire.url, in_flight=8)
        try:
            while await relayer.step():
                pass
        except RpcUnreachable:
            pass
        if turn % 7 == 3:
            await chain("anvil_reorg", 1, [])
        await chain.mine()
    wire.fault = lambda _: PASS
    await settle(chain, new_relayer(), rounds=6)

    assert (sorted(await chain.approvals()), set((await states()).values())) == (wanted, {"final"})
    assert len(await attempts()) == len(wanted)


async def give_tokens(chain, to, amount):
    """Write a balance into the token's storage (ERC20: slot 0 is the mapping of balances)."""
    slot = keccak(encode(["address", "uint256"], [to, 0]))
    await chain("anvil_setStorageAt", chain.token, "0x" + slot.hex(), f"0x{amount:064x}")


async def remember_final(sessions, number, block_hash):
    async with transaction(sessions) as session:
        session.add(Block(hash=block_hash, number=number, parent="0x", time=now(), state=FINAL))


class OneAnswer:
    """A node that has one answer for everything."""

    def __init__(self, answer):
        self._answer = answer

    async def call(self, *_):
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


READS = [{"address": "0x" + "11" * 20, "storageKeys": ["0x" + "22" * 32]}]


@pytest.mark.parametrize(
    ("answer", "announced"),
    [
        ({"accessList": READS, "gasUsed": hex(599_999)}, READS),
        ({"accessList": READS, "gasUsed": hex(600_000)}, None),
        ({"accessList": READS, "gasUsed": "0x0", "error": "execution reverted"}, None),
        (RpcError(-32601, "method not found", None), None),
    ],
    ids=["cheaper", "no cheaper", "would revert", "node cannot tell"],
)
async def test_reads_are_announced_only_where_that_is_cheaper(sessions, chain, new_relayer, answer, announced):
    lane, made = new_relayer()._lane, {"to": "0x" + "33" * 20, "data": "0x"}
    lane.rpc = OneAnswer(answer)

    await _announce_reads(lane, made, below=600_000)

    assert announced == made.get("accessList")


async def test_a_large_call_announces_its_reads_and_is_mined(chain, new_relayer, ask, states, attempts, monkeypatch):
    monkeypatch.setattr("anxin.chain.trying.LARGE_GAS", 0)
    await ask(chain.approval("a", 1))

    await settle(chain, new_relayer())

    assert {"a": "final"} == await states()
