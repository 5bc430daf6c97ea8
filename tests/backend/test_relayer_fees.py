"""What is offered for gas, and what happens to a transaction nobody takes at that price.

Branches: room for the base fee to double · no tip to be had · no base fee · an eighth more in both · what the head asks · at
the ceiling · above it · bytes are those of eth-account · stuck: replaced, same nonce and words · not yet · not where the
fees are good · only the lowest · killed with the replacement stored · old one mined after the replacement · replacement
underpriced · clock set back · above the ceiling: alarm, nothing signed · a chain of the old kind.
"""

from datetime import timedelta

import pytest
from eth_account import Account
from hexbytes import HexBytes
from tests.backend.relaying import settle
from tests.chain import REFUSE, RELAYER_KEY, on_send

from anxin.chain.fees import Fees, Price
from anxin.chain.rpc import RpcError, RpcUnreachable
from anxin.chain.steps import Boundary
from anxin.chain.transactions import Words
from anxin.core.clock import now

pytest_plugins = ["tests.chain", "tests.backend.relaying"]

CEILING = 10**12
CHEAP, DEAR = 10**8, 10**11  # wei
TO = "0x" + "77" * 20
READS = [{"address": "0x" + "11" * 20, "storageKeys": ["0x" + "22" * 32, "0x" + "00" * 31 + "03"]}]


class Killed(Exception):
    pass


def killed_at(wanted):
    """A process that dies at a boundary, every time it comes there."""

    async def at(boundary):
        if boundary is wanted:
            raise Killed

    return at


class Node:
    """A node that knows what gas costs."""

    def __init__(self, **answers):
        self._answers = answers

    async def call(self, method, *_):
        answer = self._answers[method]
        if isinstance(answer, Exception):
            raise answer
        return answer


NO_TIPS = RpcError(-32601, "method not found")


@pytest.mark.parametrize(
    ("block", "tip", "asked", "offer"),
    [
        ({"baseFeePerGas": "0x64"}, "0x7", 107, Fees(207, 7)),
        ({"baseFeePerGas": "0x64"}, NO_TIPS, 150, Fees(250, 50)),
        ({}, NO_TIPS, 150, Fees(150, None)),
    ],
    ids=["base fee and tip", "no tip to be had", "no base fee"],
)
async def test_price_is_what_the_next_block_asks_for(block, tip, asked, offer):
    node = Node(eth_getBlockByNumber=block, eth_maxPriorityFeePerGas=tip, eth_gasPrice=hex(150))

    price = await Price.now(node)

    assert (asked, offer) == (price.asked, price.offer)


@pytest.mark.parametrize(
    ("old", "price", "expected"),
    [
        (Fees(800, 80), Price(10, 1), Fees(900, 90)),
        (Fees(801, 81), Price(10, 1), Fees(902, 92)),
        (Fees(800, 80), Price(1000, 200), Fees(2200, 200)),
        (Fees(800, None), Price(None, 10), Fees(900, None)),
        (Fees(800, None), Price(None, 5000), Fees(5000, None)),
        (Fees(0, 0), Price(0, 0), Fees(1, 1)),
    ],
    ids=["an eighth", "rounded up", "what the head asks", "one price", "one price the head asks", "nothing"],
)
def test_replacement_offers_an_eighth_more_in_both_fees_and_what_the_head_asks(old, price, expected):
    assert expected == old.dearer(price, CEILING)


def test_replacement_is_cut_at_the_ceiling_while_that_is_an_eighth_more():
    assert Fees(900, 90) == Fees(800, 80).dearer(Price(600, 10), 900)
    assert Fees(800, 80).dearer(Price(600, 10), 899) is None
    assert Fees(800, 80).dearer(Price(600, 400), 999) is None, "the next block asks for more"


@pytest.mark.parametrize(("fees", "enough"), [(Fees(110, 10), True), (Fees(109, 10), False), (Fees(500, 9), False)])
def test_fees_are_enough_where_both_are(fees, enough):
    assert enough == fees.suffices(Price(100, 10))


@pytest.mark.parametrize("fees", [Fees(207, 7), Fees(150, None)], ids=["dynamic fee", "legacy"])
@pytest.mark.parametrize("reads", [[], READS], ids=["reads nothing", "reads named"])
@pytest.mark.parametrize("nonce", [0, 300])
def test_bytes_are_those_of_eth_account_and_are_read_back(fees, reads, nonce):
    account = Account.from_key(RELAYER_KEY)
    made = {"to": TO, "data": "0x1234", "value": "0x0"} | ({"accessList": reads} if reads else {})
    words = Words.of(made, chain_id=31337, nonce=nonce, gas=60_000, fees=fees)
    listed = {"accessList": reads} if reads and fees.tip is not None else {}
    theirs = {
        "to": TO, "data": "0x1234", "value": 0, "chainId": 31337, "nonce": nonce, "gas": 60_000, **fees.of_transaction,
        **listed,
    }  # fmt: skip
    if fees.tip is None:
        del theirs["type"]
    expected = account.sign_transaction(theirs)

    tx_hash, raw = words.signed(account)

    assert (HexBytes(expected.raw_transaction), HexBytes(expected.hash)) == (HexBytes(raw), HexBytes(tx_hash))
    assert words == Words.read(raw)


@pytest.fixture
def stuck(chain, new_relayer, ask):
    """A call sent while gas was cheap; then blocks became a thousand times as dear."""

    async def make(relayer=None, calls=1):
        relayer = relayer or new_relayer(replace_after=timedelta(0))
        await ask(*(chain.approval(f"call {n}", n) for n in range(calls)))
        await relayer.step()
        await dearer_blocks(chain)
        return relayer

    return make


@pytest.fixture
async def chain(chain):
    """The price of gas is no part of what a snapshot takes back."""
    yield chain
    await dearer_blocks(chain, CHEAP)


async def dearer_blocks(chain, wei=DEAR):
    await chain("anvil_setNextBlockBaseFeePerGas", hex(wei))
    await chain.mine()


async def test_stuck_transaction_is_replaced_with_the_same_nonce_and_words(chain, stuck, attempts, states):
    relayer = await stuck()
    assert await chain.approvals() == []

    await relayer.step()
    old, new = (Words.read(each.raw) for each in await attempts())
    assert (old, True) == (new.at(old.fees), new.fees.most >= 2 * DEAR)
    await settle(chain, relayer)

    assert ({"call 0": "final"}, [0]) == (await states(), await chain.approvals())


async def test_transaction_is_given_time_before_it_is_replaced(stuck, new_relayer, attempts):
    relayer = await stuck(new_relayer(replace_after=timedelta(seconds=60)))

    await relayer.step()

    assert len(await attempts()) == 1


async def test_transaction_with_good_fees_is_only_sent_again(chain, new_relayer, ask, attempts):
    relayer = new_relayer(replace_after=timedelta(0))
    await ask(chain.approval("a", 1))

    await relayer.step()
    await relayer.step()

    assert len(await attempts()) == 1


async def test_transaction_that_its_node_overlooks_is_replaced_in_the_end(chain, new_relayer, ask, attempts, states):
    relayer = new_relayer(replace_after=timedelta(0), overlooked_after=timedelta(0))
    await ask(chain.approval("a", 1))

    await relayer.step()
    tried = await attempts()
    assert (1, True) == (len({each.nonce for each in tried}), len(tried) > 1)
    await settle(chain, new_relayer())

    assert {"a": "final"} == await states()


async def test_only_the_lowest_is_replaced_until_it_is_taken(chain, stuck, attempts, states):
    relayer = await stuck(calls=3)

    await relayer.step()

    first = (await attempts())[0].nonce
    assert [first, first, first + 1, first + 2] == sorted(each.nonce for each in await attempts())
    await settle(chain, relayer, rounds=5)
    assert (3, [0, 1, 2]) == (len(await states()), await chain.approvals())
    assert {"final"} == set((await states()).values())


async def test_replacement_stored_by_a_process_that_died_is_sent_by_the_next(chain, stuck, new_relayer, attempts):
    await stuck()
    with pytest.raises(Killed):
        await new_relayer(replace_after=timedelta(0), at=killed_at(Boundary.REPLACED)).step()
    assert [True, False] == [each.sent_at is not None for each in await attempts()]

    await settle(chain, new_relayer(replace_after=timedelta(seconds=60)))

    assert ([0], 2) == (await chain.approvals(), len(await attempts()))


async def test_old_transaction_mined_after_the_replacement_settles_the_call(
    chain, wire, stuck, new_relayer, attempts, states
):
    """The replacement was stored and never arrived; gas became cheap again, and the first one was taken."""
    await stuck()
    wire.fault = on_send(REFUSE)
    with pytest.raises(RpcUnreachable):
        await new_relayer(wire.url, replace_after=timedelta(0)).step()
    old, new = await attempts()
    await dearer_blocks(chain, CHEAP)
    await chain("eth_sendRawTransaction", "0x" + old.raw.hex())  # anvil had forgotten what a block was too dear for
    await chain.mine()

    await settle(chain, new_relayer())

    old, new = await attempts()
    assert ({"call 0": "final"}, [0]) == (await states(), await chain.approvals())
    assert (True, None) == (old.mined_block is not None, new.mined_block)


async def test_replacement_the_node_finds_too_cheap_is_replaced_again(chain, wire, stuck, new_relayer, attempts, states):
    """Some nodes want a larger step than an eighth."""
    await stuck()
    answers = ["replacement transaction underpriced"]

    def too_cheap(requests, replies):
        for request, reply in zip(requests, replies, strict=True):
            if request["method"] == "eth_sendRawTransaction" and answers:
                reply.pop("result", None)
                reply["error"] = {"code": -32000, "message": answers.pop()}

    wire.altered = too_cheap
    relayer = new_relayer(wire.url, replace_after=timedelta(0))
    await relayer.step()
    await relayer.step()

    _, second, third = (Words.read(each.raw).fees.most for each in await attempts())
    assert third >= second * 9 / 8
    await settle(chain, relayer)
    assert ({"call 0": "final"}, [0]) == (await states(), await chain.approvals())


async def test_nothing_is_paid_above_the_ceiling_and_a_person_is_told(
    chain, stuck, new_relayer, ask, attempts, alarms, states
):
    ceiling = DEAR // 10
    relayer = await stuck(new_relayer(replace_after=timedelta(0), fee_ceiling_wei=ceiling))
    await ask(chain.approval("later", 7))

    await relayer.step()
    assert (1, ["fees above the ceiling"]) == (len(await attempts()), await alarms())
    assert (await states())["later"] == "waiting"
    await dearer_blocks(chain, CHEAP)
    await settle(chain, relayer)

    assert ([0, 7], []) == (await chain.approvals(), await alarms())


async def test_chain_without_a_base_fee_gets_transactions_of_the_old_kind(chain, wire, new_relayer, ask, attempts, states):
    def before_london(requests, replies):
        for request, reply in zip(requests, replies, strict=True):
            if request["method"] == "eth_getBlockByNumber" and reply.get("result"):
                reply["result"].pop("baseFeePerGas", None)

    wire.altered = before_london
    await ask(chain.approval("a", 1))

    await settle(chain, new_relayer(wire.url))

    (attempt,) = await attempts()
    assert (None, {"a": "final"}, [1]) == (Words.read(attempt.raw).fees.tip, await states(), await chain.approvals())


async def test_replacement_counts_as_the_newest_where_the_clock_was_set_back(monkeypatch, chain, stuck, attempts, states):
    relayer = await stuck()
    monkeypatch.setattr("anxin.chain.lane.now", lambda: now() - timedelta(hours=2))

    await relayer.step()
    old, new = (Words.read(each.raw).fees for each in await attempts())
    assert new.most > old.most
    await settle(chain, relayer)

    assert (2, {"call 0": "final"}) == (len(await attempts()), await states())
