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
    """A node takes seconds for each large one: what was tried out is signed before the next are asked for."""
    monkeypatch.setattr("anxin.chain.relayer.TRIED_BYTES", 200)
    asked = []

    def second_is_too_slow(requests):
        asked.extend(each["method"] for each in requests if each["method"] == "eth_estimateGas")
        return REFUSE if len(asked) > 1 else PASS

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
