"""The nonces of a relayer's key, its money, and the points at which it can die.

Branches: gap filled · a node that lags makes no gap · used by somebody else: shown, alarm, looked at again · cannot be
shown: alarm, waits · receipt lags: waits · bytes no node takes: used up, looked at again · more gas than a transaction may
have · out of gas on chain: again, and at last refused · low balance raised and cleared · killed at each boundary.
"""

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.backend.relaying import DEPTH, settle
from tests.chain import REFUSE, RELAYER, on_send

from anxin.chain.balance import Balance
from anxin.chain.models import RelayAttempt, RelayCall
from anxin.chain.models import Relayer as RelayerRow
from anxin.chain.rpc import RpcUnreachable
from anxin.chain.steps import Boundary
from anxin.core.database import transaction

pytest_plugins = ["tests.chain", "tests.backend.relaying"]


class Killed(Exception):
    pass


def changing(method, change):
    """Change the reply to a method on its way: `change(request, reply)`."""

    def altered(requests, replies):
        for request, reply in zip(requests, replies, strict=True):
            if request["method"] == method:
                change(request, reply)

    return altered


async def test_nonce_nothing_was_signed_under_is_filled(chain, sessions, new_relayer, ask, states, attempts):
    """As when rows were lost: every later nonce would wait for it for ever."""
    relayer = new_relayer()
    await ask(chain.approval("a", 1))
    await settle(chain, relayer)
    async with transaction(sessions) as session:
        await session.execute(update(RelayerRow).values(next_nonce=RelayerRow.next_nonce + 2))
    await ask(chain.approval("b", 2))

    await settle(chain, relayer)

    assert ({"a": "final", "b": "final"}, [1, 2]) == (await states(), await chain.approvals())
    assert 2 == len([each for each in await attempts() if each.no_op and each.call_pk is None and each.closed])


async def test_node_that_lags_makes_no_gap(chain, wire, new_relayer, ask, attempts, states):
    await ask(chain.approval("a", 1))
    before = await chain.nonce()
    await settle(chain, new_relayer())
    wire.altered = changing("eth_getTransactionCount", lambda _, reply: reply.update(result=hex(before)))
    await ask(chain.approval("b", 2))

    await new_relayer(wire.url).step()

    assert not [each for each in await attempts() if each.no_op]


@pytest.fixture
def used_elsewhere(chain, wire, new_relayer, ask):
    """A call signed and not sent, whose nonce somebody else who has the key uses for good."""

    async def make():
        await ask(chain.approval("a", 1))
        wire.fault = on_send(REFUSE)
        with pytest.raises(RpcUnreachable):
            await new_relayer(wire.url).step()
        wire.fault = lambda _: "pass"
        await chain("eth_sendTransaction", {"from": RELAYER, "to": RELAYER})
        await chain.mine(DEPTH + 1)

    return make


async def test_use_by_somebody_else_raises_an_alarm_and_loses_no_call(used_elsewhere, chain, new_relayer, states, alarms):
    await used_elsewhere()

    await settle(chain, new_relayer())

    assert ({"a": "final"}, [1], ["key used elsewhere"]) == (await states(), await chain.approvals(), await alarms())


async def test_use_by_an_unknown_transaction_is_waited_for(
    used_elsewhere, chain, wire, new_relayer, states, attempts, alarms
):
    """A node without history cannot show who used the nonce: it may have been the call itself."""
    await used_elsewhere()

    def no_history(request, reply):
        if request["params"][1]:
            reply.pop("result")
            reply["error"] = {"code": -32000, "message": "missing trie node"}

    wire.altered = changing("eth_getBlockByNumber", no_history)
    relayer = new_relayer(wire.url)
    await settle(chain, relayer)

    assert ({"a": "signed"}, 1, []) == (await states(), len(await attempts()), await chain.approvals())
    assert ["use of a nonce unexplained"] == await alarms()
    wire.altered = lambda _requests, _replies: None
    await relayer.step()
    assert ["key used elsewhere"] == await alarms(), "now it shows"


async def test_call_whose_receipt_lags_is_not_made_again(chain, wire, new_relayer, ask, states, attempts, alarms):
    await ask(chain.approval("a", 1))
    relayer = new_relayer(wire.url)
    await relayer.step()
    await chain.mine(DEPTH + 1)
    wire.altered = changing("eth_getTransactionReceipt", lambda _, reply: reply.update(result=None))

    await relayer.step()
    assert ({"a": "signed"}, 1, []) == (await states(), len(await attempts()), await alarms())
    wire.altered = lambda _requests, _replies: None
    await relayer.step()

    assert ({"a": "final"}, [1]) == (await states(), await chain.approvals())


async def test_bytes_no_node_takes_free_their_nonce_and_the_call_is_made_again(
    chain, wire, new_relayer, ask, states, attempts
):
    never = [True]

    def no_node_takes_it(_, reply):
        if never:
            reply.pop("result", None)
            reply["error"] = {"code": -32000, "message": "exceeds block gas limit"}

    wire.altered = changing("eth_sendRawTransaction", no_node_takes_it)
    await ask(chain.approval("a", 1), chain.approval("b", 2))
    relayer = new_relayer(wire.url, replace_after=timedelta(0))
    await relayer.step()
    await chain("anvil_dropAllTransactions")  # our wire only says so: the node took them
    never.clear()

    await relayer.step()
    no_op = next(each for each in await attempts() if each.no_op)
    assert no_op.call_pk is not None
    await settle(chain, relayer)

    assert {"a": "final", "b": "final"} == await states()
    assert [1, 2] == sorted(await chain.approvals())


async def test_call_that_needs_more_gas_than_a_transaction_may_have_is_refused(chain, new_relayer, ask, states, told):
    relayer = new_relayer(gas_ceiling=30_000)
    await ask(chain.approval("a", 1))
    relayer._lane.on_refused["approve"] = told.on_refused

    await relayer.step()

    ((key, refusal),) = told.refused
    assert ("a", "TooMuchGas", 30_000) == (key, refusal.error, refusal.values[1])
    assert {"a": "refused"} == await states()


async def test_call_without_a_reason_to_fail_is_made_again_and_not_for_ever(chain, wire, new_relayer, ask, states, attempts):
    """It ran out of gas, as when what came before it in its block made it dearer."""

    def burnt(_, reply):
        if reply.get("result"):
            reply["result"]["status"] = "0x0"

    wire.altered = changing("eth_getTransactionReceipt", burnt)
    relayer = new_relayer(wire.url)
    await ask(chain.approval("a", 1))

    await settle(chain, relayer, rounds=5)

    assert ({"a": "refused"}, 3) == (await states(), len(await attempts()))


async def test_key_that_runs_out_of_money_raises_an_alarm_before_it_is_needed(chain, new_relayer, alarms):
    before = await chain("eth_getBalance", RELAYER, "latest")
    await chain("anvil_setBalance", RELAYER, hex(10**12))
    poor = new_relayer()
    await poor.step()
    assert ["low balance"] == await alarms()

    await chain("anvil_setBalance", RELAYER, before)
    poor._balance._next_look = 0
    await poor.step()

    assert [] == await alarms()


async def test_node_that_does_not_answer_says_nothing_of_the_balance(chain, wire, new_relayer, alarms):
    wire.fault = lambda _: REFUSE

    await Balance(new_relayer(wire.url)._lane).watch()

    assert [] == await alarms()


@pytest.mark.parametrize("wanted", [each for each in Boundary if each is not Boundary.REPLACED], ids=lambda each: each.name)
async def test_killed_at_a_boundary_makes_each_call_once(chain, sessions, new_relayer, ask, states, wanted):
    """Another process goes on, with nothing but the database."""
    await ask(*(chain.approval(f"call {n}", n) for n in range(4)))
    deaths = []

    async def at(boundary):
        if boundary is wanted:
            deaths.append(boundary)
            raise Killed

    for _ in range(3):
        with contextlib.suppress(Killed):
            await new_relayer(at=at).step()
        await chain.mine(DEPTH + 1)
    await settle(chain, new_relayer())

    assert deaths
    assert {"final"} == set((await states()).values())
    assert [0, 1, 2, 3] == await chain.approvals()
    async with sessions() as session:
        assert not (await session.scalars(select(RelayAttempt).where(~RelayAttempt.closed))).all()
        assert 4 == len((await session.scalars(select(RelayCall))).all())
