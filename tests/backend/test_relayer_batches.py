"""What the relayer carries, on the real contracts: a full batch within one transaction, sheets in their order.

Branches: 256 wages signed by passkeys · large calls are tried out a few at a time · too large a batch for the chain:
refused, so that it is halved · sheets asked for in the wrong order, by two keys.
"""

import asyncio
from datetime import timedelta

import pytest
from tests.backend.relaying import DEPTH, settle
from tests.chain import PASS, REFUSE, RELAYER_KEY

from anxin.chain.lane import MAX_GAS
from anxin.chain.reader import read_view
from anxin.chain.rpc import RpcUnreachable
from anxin.core.calls import Call
from anxin.demo.keys import Passkey
from anxin.stack import EMBEDDED_ACCOUNTS

pytest_plugins = ["tests.chain", "tests.backend.chain_site", "tests.backend.relaying"]

FULL = 256


async def test_full_batch_of_passkeys_fits_into_one_transaction(chain, chain_site, new_relayer, ask, states, attempts):
    await chain_site.enrol(FULL, lambda number: Passkey.from_number(number, "localhost", "http://localhost:8000"))
    await chain_site.post(*[100] * FULL)
    await ask(chain_site.release(FULL))

    await settle(chain, new_relayer(timeout_seconds=20))

    (attempt,) = await attempts()
    used = int((await chain("eth_getTransactionReceipt", attempt.tx_hash))["gasUsed"], 16)
    sheet = await read_view(chain.rpc, "WageEscrow", chain_site.escrow, "sheet", await chain.head(), sheetId=0)
    assert ({"release": "final"}, (1 << FULL) - 1) == (await states(), sheet["released"])
    assert MAX_GAS > used * 1.2, f"{used:,} gas"


async def test_calls_are_tried_out_a_few_at_a_time(chain, wire, new_relayer, ask, states, monkeypatch):
    """A node takes seconds for each large one: what was tried out is signed whatever becomes of the next."""
    monkeypatch.setattr("anxin.chain.relayer.TRIED_BYTES", 200)
    asked = []

    def second_is_too_slow(requests):
        estimates = [each["method"] for each in requests if each["method"] == "eth_estimateGas"]
        asked.extend(estimates)
        return REFUSE if estimates and len(asked) > 1 else PASS

    wire.fault = second_is_too_slow
    await ask(chain.approval("a", 1), chain.approval("b", 2), chain.approval("c", 3))

    with pytest.raises(RpcUnreachable):
        await new_relayer(wire.url).step()

    assert {"a": "signed", "b": "waiting", "c": "waiting"} == await states()


async def test_batch_the_chain_has_no_room_for_is_refused_and_not_waited_for(chain_site, new_relayer, ask, told):
    """Its table then halves it."""
    await chain_site.enrol(4)
    await chain_site.post(100, 100, 100, 100)
    relayer = new_relayer(gas_ceiling=200_000)
    relayer._lane.on_refused["release"] = told.on_refused
    await ask(chain_site.release(4))

    await relayer.step()

    assert [("release", "TooMuchGas")] == [(key, refusal.error) for key, refusal in told.refused]


async def test_sheets_asked_for_in_the_wrong_order_are_posted_in_theirs(chain, chain_site, new_relayer, ask, states, told):
    """The contractor signed the later one first; two keys relay."""
    await chain_site.enrol(1)
    await ask(*reversed([chain_site.sheet([100 + number], number) for number in range(4)]))
    relayers = [
        new_relayer(key=key, number=number, lanes=2, help_after=timedelta(0))
        for number, key in enumerate((RELAYER_KEY, EMBEDDED_ACCOUNTS["guardian"]))
    ]
    for relayer in relayers:
        relayer._lane.on_refused["postSheet"] = told.on_refused

    for _ in range(12):
        await asyncio.gather(*(relayer.step() for relayer in relayers))
        await chain.mine(DEPTH)

    posted = await read_view(chain.rpc, "WageEscrow", chain_site.escrow, "sheetCount", await chain.head())
    assert (4, {"final"}, []) == (posted, set((await states()).values()), told.refused)


async def test_large_call_is_run_once_to_see_what_it_uses(wire, chain, new_relayer, ask, states, monkeypatch):
    monkeypatch.setattr("anxin.chain.trying.LARGE_DATA", 0)
    await ask(chain.approval("a", 1))

    await settle(chain, new_relayer(wire.url))

    assert ({"a": "final"}, [1]) == (await states(), await chain.approvals())
    assert (1, 0) == (wire.seen.count("eth_createAccessList"), wire.seen.count("eth_estimateGas"))


async def test_large_call_that_would_revert_is_refused_for_the_contracts_reason(
    chain, new_relayer, ask, states, told, monkeypatch
):
    monkeypatch.setattr("anxin.chain.trying.LARGE_DATA", 0)
    too_much = {"to": "0x" + "77" * 20, "value": 10**12}
    await ask(Call("b", "WageToken", chain.token, "transfer", too_much), chain.approval("a", 1))

    await settle(chain, new_relayer(), rounds=4)

    assert {"b": "refused", "a": "final"} == await states()
    assert ["ERC20InsufficientBalance"] == [refusal.error for _, refusal in told.refused]


async def test_what_a_block_has_makes_room_before_it_is_final(chain, new_relayer, ask, states):
    """Else a chain that is final late would be left idle by its relayer."""
    relayer = new_relayer(gas_in_flight=100_000)
    await ask(chain.approval("a", 1), chain.approval("b", 2))
    await relayer.step()
    assert {"a": "signed", "b": "waiting"} == await states()

    await chain.mine()
    await relayer.step()

    assert {"a": "signed", "b": "signed"} == await states()


async def test_call_there_is_no_room_for_is_not_tried_out_again_until_there_is(chain, wire, new_relayer, ask, states):
    """Trying costs a node what doing costs it."""
    relayer = new_relayer(wire.url, gas_in_flight=100_000)
    await ask(*(chain.approval(f"{number}", number) for number in range(4)))
    await relayer.step()
    tried = wire.seen.count("eth_estimateGas")

    for _ in range(3):
        await relayer.step()

    assert tried == wire.seen.count("eth_estimateGas")
    await settle(chain, relayer, rounds=5)
    assert dict.fromkeys("0123", "final") == await states()


async def test_receipt_is_asked_for_when_it_is_new_and_when_it_settles(chain, wire, new_relayer, ask, states):
    """A batch's is half a megabyte; in between only its block is looked at."""
    relayer = new_relayer(wire.url)
    await ask(chain.approval("a", 1))
    await relayer.step()
    await chain.mine()
    wire.seen.clear()

    for _ in range(4):
        await relayer.step()
    assert 1 == wire.seen.count("eth_getTransactionReceipt")
    await chain.mine(DEPTH)
    await relayer.step()

    assert ({"a": "final"}, 2) == (await states(), wire.seen.count("eth_getTransactionReceipt"))


async def test_block_that_vanishes_makes_its_receipt_unknown_again(chain, wire, new_relayer, ask, states):
    relayer = new_relayer(wire.url)
    await ask(chain.approval("a", 1))
    await relayer.step()
    await chain.mine()
    await relayer.step()
    await chain("anvil_reorg", 1, [])

    await settle(chain, relayer)

    assert ({"a": "final"}, [1]) == (await states(), await chain.approvals())
