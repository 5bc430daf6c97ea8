"""Several relayer keys side by side: each call once, in order where it must be, and nobody waits for a dead lane.

Branches: calls are spread · a dead lane's turn is taken over · not at once · what it signed is not signed again · two lanes,
one call · calls that follow each other never fly under two keys · the contract's order is no refusal: estimated, mined.
"""

import asyncio
from datetime import timedelta

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from sqlalchemy import select
from tests.backend.relaying import DEPTH, settle
from tests.chain import RELAYER, RELAYER_KEY

from anxin.chain.models import RelayCall
from anxin.core.calls import Call
from anxin.core.database import transaction
from anxin.stack import EMBEDDED_ACCOUNTS, address_of

pytest_plugins = ["tests.chain", "tests.backend.relaying"]

OTHER_KEY, OTHER = EMBEDDED_ACCOUNTS["guardian"], address_of("guardian")
TOO_EARLY = "0x" + (keccak(text="Escrow_SheetOutOfOrder(uint256,uint256)")[:4] + encode(["uint256"] * 2, [4, 3])).hex()
LONG = timedelta(hours=1)


@pytest.fixture
def lanes(new_relayer):
    """Two relayers with a key each."""
    def make(**changed):
        return [
            new_relayer(key=key, number=number, lanes=2, **{"help_after": LONG} | changed)
            for number, key in enumerate((RELAYER_KEY, OTHER_KEY))
        ]

    return make


@pytest.fixture
def keys_of(sessions):
    async def keys_of():
        """Under which key each call flew."""
        async with sessions() as session:
            return dict([*await session.execute(select(RelayCall.key, RelayCall.relayer).order_by(RelayCall.id))])

    return keys_of


async def both(chain):
    return sorted([*await chain.approvals(RELAYER), *await chain.approvals(OTHER)])


async def rounds(chain, relayers, count=3):
    for _ in range(count):
        await asyncio.gather(*(relayer.step() for relayer in relayers))
        await chain.mine(DEPTH + 1)
    await asyncio.gather(*(relayer.step() for relayer in relayers))


async def test_calls_are_spread_over_the_keys(chain, lanes, ask, keys_of):
    await ask(*(chain.approval(f"call {n}", n) for n in range(20)))

    await rounds(chain, lanes())

    flown = list((await keys_of()).values())
    assert (10, 10, list(range(20))) == (flown.count(RELAYER), flown.count(OTHER), await both(chain))


async def test_what_a_dead_lane_has_not_signed_goes_through_another(chain, lanes, ask, states):
    alive, _ = lanes(help_after=timedelta(0))
    await ask(*(chain.approval(f"call {n}", n) for n in range(6)))

    await settle(chain, alive)

    assert ({"final"}, list(range(6))) == (set((await states()).values()), await chain.approvals())


async def test_lane_is_given_time_to_take_its_turn(chain, lanes, ask, states):
    alive, _ = lanes()
    await ask(*(chain.approval(f"call {n}", n) for n in range(6)))

    await settle(chain, alive)

    assert ["final", "final", "final", "waiting", "waiting", "waiting"] == sorted((await states()).values())


async def test_what_a_dead_lane_has_signed_is_signed_by_no_other(chain, lanes, ask, attempts, states):
    dead, alive = lanes(help_after=timedelta(0))
    await ask(chain.approval("a", 1))
    await dead.step()
    await chain("anvil_dropAllTransactions")

    await settle(chain, alive)

    assert ({"a": "signed"}, 1, []) == (await states(), len(await attempts()), await both(chain))
    await settle(chain, dead)
    assert ({"a": "final"}, [1]) == (await states(), await both(chain))


async def test_two_keys_that_want_the_same_call_make_it_once(chain, lanes, ask, attempts):
    await ask(*(chain.approval(f"call {n}", n) for n in range(12)))

    await rounds(chain, lanes(help_after=timedelta(0)))

    assert (12, list(range(12))) == (len(await attempts()), await both(chain))


async def test_calls_that_follow_each_other_never_fly_under_two_keys(chain, sessions, lanes, ask, keys_of, states):
    one, other = lanes(help_after=timedelta(0))
    await ask(chain.approval("first", 1), chain.approval("second", 2))
    await in_order(sessions)
    await other.step()
    async with transaction(sessions) as session:
        second = await session.scalar(select(RelayCall).where(RelayCall.key == "second"))
        second.state = "waiting"

    await one.step()

    assert {"first": "signed", "second": "waiting"} == await states()
    assert OTHER == (await keys_of())["first"]


async def test_both_keys_at_once_sign_only_one_of_two_that_follow_each_other(chain, sessions, lanes, ask, keys_of):
    await ask(chain.approval("first", 1), chain.approval("second", 2))
    await in_order(sessions)

    await asyncio.gather(*(relayer.step() for relayer in lanes()))

    assert 1 == len({key for key in (await keys_of()).values() if key is not None})


async def test_call_that_comes_before_its_turn_is_looked_at_again_at_the_next_block(
    chain, wire, new_relayer, ask, states, told
):
    early = [True]

    def too_early(requests, replies):
        for request, reply in zip(requests, replies, strict=True):
            if request["method"] == "eth_estimateGas" and early:
                reply.pop("result", None)
                reply["error"] = {"code": 3, "message": "execution reverted", "data": TOO_EARLY}

    wire.altered = too_early
    relayer = new_relayer(wire.url)
    await ask(transfer_of_nothing(chain))
    for _ in range(2 * DEPTH + 2):
        await relayer.step()
        await chain.mine()
    assert ({"sheet": "waiting"}, []) == (await states(), told.refused)

    early.clear()
    await relayer.step()

    assert {"sheet": "signed"} == await states()


async def test_call_mined_before_its_turn_is_made_again(chain, wire, new_relayer, ask, states, attempts, told):
    """Its predecessor was taken back by a reorg after the gas was estimated."""
    early = [True]

    def too_early(requests, replies):
        for request, reply in zip(requests, replies, strict=True):
            if request["method"] == "eth_getTransactionReceipt" and reply.get("result") and early:
                reply["result"]["status"] = "0x0"
            if request["method"] == "eth_call" and early:
                reply.pop("result", None)
                reply["error"] = {"code": 3, "message": "execution reverted", "data": TOO_EARLY}

    wire.altered = too_early
    relayer = new_relayer(wire.url)
    await ask(transfer_of_nothing(chain))
    await relayer.step()
    await chain.mine(DEPTH + 1)
    await relayer.step()
    early.clear()

    await settle(chain, relayer)

    first, second = sorted(each.nonce for each in await attempts())
    assert ({"sheet": "final"}, [], first + 1) == (await states(), told.refused, second)


def transfer_of_nothing(chain):
    return Call("sheet", "WageToken", chain.token, "transfer", {"to": "0x" + "77" * 20, "value": 0})


async def in_order(sessions):
    async with transaction(sessions) as session:
        for call in await session.scalars(select(RelayCall)):
            call.in_order = "postSheet 0x01"
