"""Catching up: stretches are read ahead, made into rows and stored at once, and none is believed that does not fit.

Branches: many stretches · silent blocks and busy ones · a node that takes short ranges only · not even one block · the last
block replaced while logs were read · a read ahead that fails · an escrow made while the next stretch was read without it · a
step that gives way · rows are what the general decoder says, of every kind of event, also where a node writes digits
otherwise · a log that is no event.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.backend.test_indexer_words import TRANSFER, log_of

from anxin.chain import contracts, finality, indexer, stretches
from anxin.chain.contracts import CONTRACTS, decode_log, quick_jsons
from anxin.chain.indexer import Indexer
from anxin.chain.leader import Moving
from anxin.chain.models import Block, ChainEvent, of_contract
from anxin.chain.reader import read_events_of
from anxin.chain.rows import Rows
from anxin.chain.rpc import Rpc, RpcError
from anxin.chain.stretches import Log, Topics
from anxin.core.sheet_tree import LINE_BYTES

pytest_plugins = ["tests.chain", "tests.backend.chain_site"]

DEPTH = 2


@pytest.fixture
async def new_indexer(sessions, chain):
    rpcs = []

    def make(url=chain.anvil.url):
        rpcs.append(Rpc(url))
        start = msgspec.structs.replace(chain.deployment, start_block=chain.start)
        return Indexer(sessions, rpcs[-1], start, finality_depth=DEPTH, on_event={})

    yield make
    for rpc in rpcs:
        await rpc.__aexit__()


@pytest.fixture
def stored(sessions):
    async def stored():
        """What is in the database, as an auditor would have read it."""
        async with sessions() as session:
            rows = select(ChainEvent).order_by(ChainEvent.block_number, ChainEvent.log_index)
            return [finality.event_of(row) for row in await session.scalars(rows)]

    return stored


@pytest.fixture
def heights(sessions):
    async def heights():
        async with sessions() as session:
            return sorted(await session.scalars(select(Block.number)))

    return heights


@pytest.fixture
def two_blocks_a_stretch(monkeypatch):
    monkeypatch.setattr(stretches, "BUSY_BLOCKS", 2)
    monkeypatch.setattr(stretches, "MOST_BLOCKS", 2)


@pytest.mark.usefixtures("two_blocks_a_stretch")
async def test_many_stretches_are_one_chain(chain, new_indexer, stored, heights):
    for value in range(7):
        await approve(chain, value)

    await new_indexer().step()

    assert list(range(7)) == [each.args["value"] for each in await stored()]
    assert list(range(chain.start, await chain.head() + 1)) == await heights()


async def test_silent_blocks_are_many_to_a_stretch_and_busy_ones_few(chain, wire, new_indexer, stored, monkeypatch):
    monkeypatch.setattr(stretches, "BUSY_BLOCKS", 3)
    await chain.mine(40)
    for value in range(7):
        await approve(chain, value)
    ranges = []

    def note(requests, _):
        asked = [each["params"][0] for each in requests if each["method"] == "eth_getLogs"]
        ranges.extend((int(each["fromBlock"], 16), int(each["toBlock"], 16)) for each in asked if "fromBlock" in each)

    wire.altered = note

    await new_indexer(wire.url).step()

    assert list(range(7)) == [each.args["value"] for each in await stored()]
    first_busy = await chain.head() - 6
    busy = [sum(block >= first_busy for block in range(begin, end + 1)) for begin, end in ranges]
    assert (7, True) == (sum(busy), max(busy) <= 3)
    assert max(end - begin + 1 for begin, end in ranges) >= 12


async def test_node_that_takes_short_ranges_only_is_asked_for_short_ones(chain, wire, new_indexer, stored):
    for value in range(9):
        await approve(chain, value)
    wire.altered = refuse_logs(lambda blocks: blocks > 2)

    await new_indexer(wire.url).step()

    assert list(range(9)) == [each.args["value"] for each in await stored()]


async def test_node_that_refuses_even_one_block_is_an_error(chain, wire, new_indexer, heights):
    await approve(chain, 1)
    wire.altered = refuse_logs(lambda blocks: True)

    with pytest.raises(RpcError, match="too many"):
        await new_indexer(wire.url).step()

    assert [] == await heights()


async def test_last_block_replaced_while_logs_were_read_is_not_stored(chain, wire, new_indexer, heights):
    """The node has gone over to another branch: its logs are of the old one, its header by now is not."""
    await approve(chain, 1)
    asked = []

    def other_header(requests, answers):
        asked.extend(each["method"] for each in requests)
        if asked[-1] == "eth_getBlockByNumber" and "eth_getLogs" in asked:
            answers[-1]["result"]["hash"] = "0x" + "cd" * 32

    wire.altered = other_header

    with pytest.raises(Moving, match="replaced"):
        await new_indexer(wire.url).step()

    assert [] == await heights()


@pytest.mark.usefixtures("two_blocks_a_stretch")
async def test_what_was_read_before_a_read_that_failed_is_kept(chain, wire, new_indexer, stored):
    for value in range(6):
        await approve(chain, value)
    beyond = chain.start + 3
    wire.altered = refuse_logs(lambda blocks: False, first=lambda block: block > beyond)

    with pytest.raises(RpcError):
        await new_indexer(wire.url).step()
    assert [0, 1, 2] == [each.args["value"] for each in await stored()]

    wire.altered = lambda _requests, _answers: None
    await new_indexer(wire.url).step()
    assert list(range(6)) == [each.args["value"] for each in await stored()]


@pytest.mark.usefixtures("two_blocks_a_stretch")
async def test_escrow_is_followed_in_the_stretch_that_was_read_before_it_was_known(chain_site, chain, new_indexer, stored):
    """The next two blocks were asked for without it: they are asked for again."""
    await chain_site.enrol(2)
    await chain_site.post(300, 400)
    await chain.mine(2)

    await new_indexer().step()

    names = [each.name for each in await stored() if each.address == chain_site.escrow.lower()]
    assert ["Funded", "SheetPosted"] == names


@pytest.mark.usefixtures("two_blocks_a_stretch")
async def test_step_gives_way_and_the_next_goes_on(chain, new_indexer, heights, monkeypatch):
    await chain.mine(7)
    monkeypatch.setattr(indexer, "STEP_SECONDS", -1)
    reading = new_indexer()

    assert await reading.step()
    assert 2 == len(await heights())
    while await reading.step():
        pass

    assert list(range(chain.start, await chain.head() + 1)) == await heights()


@pytest.fixture
async def paid(chain_site, chain):
    """A site with an escrow whose three workers are paid."""
    await chain_site.enrol(3)
    await chain_site.post(300, 400, 500)
    call = chain_site.release(3)
    await chain_site.send("deployer", call.contract, call.address, call.function, **call.arguments)
    await chain.mine()
    return chain_site


async def test_rows_are_what_an_auditor_reads(paid, chain, new_indexer, stored):
    """Through COPY and back: a sheet's lines, payments, addresses, numbers, times."""
    await new_indexer().step()

    names = {address.lower(): name for address, name in (
        (chain.token, "WageToken"), (chain.deployment.addresses.registry, "WorkerRegistry"),
        (chain.deployment.addresses.factory, "WageEscrowFactory"), (paid.escrow, "WageEscrow"),
    )}  # fmt: skip
    read = await read_events_of(chain.rpc, names, chain.start, await chain.head())
    assert sorted(read, key=lambda each: (each.block_number, each.log_index)) == await stored()
    assert {"SheetPosted", "Released", "Enrolled", "Transfer", "EscrowCreated"} <= {each.name for each in read}


async def test_every_contract_leads_once_in_each_of_its_blocks(paid, new_indexer, sessions):
    """The index by contract has these alone: an escrow's events are found by them."""
    await new_indexer().step()

    async with sessions() as session:
        events = (await session.scalars(select(ChainEvent).order_by(ChainEvent.block_number, ChainEvent.log_index))).all()
        found = (await session.scalars(select(ChainEvent).where(*of_contract(paid.escrow.lower())))).all()
    first = {(each.block_number, each.address): each for each in reversed(events)}
    assert set(first.values()) == {each for each in events if each.leads} < set(events)
    assert {each for each in events if each.address == paid.escrow.lower()} == set(found)


async def test_digits_written_otherwise_are_the_same_event(chain, wire, new_indexer, stored):
    await approve(chain, 0xABCDEF)

    def shouting(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            if request["method"] == "eth_getLogs":
                for each in reply["result"]:
                    each["data"] = "0x" + each["data"][2:].upper()
                    each["address"] = "0x" + each["address"][2:].upper()

    wire.altered = shouting

    await new_indexer(wire.url).step()

    (event,) = await stored()
    assert (0xABCDEF, chain.token.lower()) == (event.args["value"], event.address)


def test_log_that_is_no_event_of_its_contract_has_no_row():
    strange = Log("0x11", Topics("0x" + "ab" * 32), "0x", "0x1", "0x44", "0x0", "0x55")
    unnamed = Log("0x11", Topics(), "0x", "0x1", "0x44", "0x0", "0x55")

    assert b"" == Rows().of([strange, unnamed], {"0x44": ("", 0)}, {"0x11": "WageToken"})


def test_number_too_large_to_be_read_quickly_is_in_its_row_and_its_neighbours_are_in_theirs():
    words = ["0x" + f"{number:064x}" for number in (3, 2**200, 4)]
    topics = Topics(TRANSFER, words[0], words[0])
    logs = [Log("0x11", topics, word, "0x1", "0x44", hex(i), "0x55") for i, word in enumerate(words)]

    rows = Rows().of(logs, {"0x44": ("", 0)}, {"0x11": "WageToken"})

    assert [b'"value":%d}' % number in rows for number in (3, 2**200, 4)] == [True] * 3
    assert rows.index(b'"value":3}') < rows.index(b'"value":%d}' % 2**200) < rows.index(b'"value":4}')


def test_every_event_of_the_contracts_has_its_quick_way_or_the_general_one():
    """Those that come by the thousand are read quickly."""
    zeros = {
        contracts._events(contract)[topic].abi["name"]: quick_jsons(contract, topic)([_zeros(contract, topic)])
        for contract in CONTRACTS for topic in contracts._events(contract)
    }  # fmt: skip

    assert {"Released", "PayoutFailed", "LineSettled", "LineReturned", "Transfer", "Joined", "Anchored"} - {
        name for name, quick in zeros.items() if quick not in (None, [None])
    } == {"Anchored"}


sheet_words = st.tuples(*[st.integers(0, 2**32 - 1)] * 3, *[st.integers(0, 2**256 - 1)] * 5)


@settings(max_examples=40, deadline=None)
@given(sheet_words, st.lists(st.binary(min_size=45, max_size=45), min_size=1, max_size=5))
def test_sheet_is_read_quickly_as_it_is_generally(words, lines):
    log = sheet_log(words, lines)
    topic = log["topics"][0]

    (quick,) = quick_jsons("WageEscrow", topic)(["".join(log["topics"]) + log["data"]])

    assert decode_log("WageEscrow", log, 0).args == msgspec.json.decode(quick)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-64], lambda data: data + "0" * 64, lambda data: data[:-2] + "01",
        lambda data: "0x" + "1" + data[3:], lambda data: "0x", lambda data: data[:514] + "f" * 64 + data[578:],
    ],
    ids=["cut short", "too long", "something after the lines", "a day too large", "empty", "endless lines"],
)  # fmt: skip
def test_sheet_that_is_not_as_the_abi_says_is_left_to_the_general_decoder(change):
    log = sheet_log((1,) * 8, [bytes(45)])

    changed = "".join(log["topics"]) + change(log["data"])

    assert [None] == quick_jsons("WageEscrow", log["topics"][0])([changed])


def sheet_log(words, lines):
    """A SheetPosted event: three days, rules, terms, root, total, sheetId; lines of 45 bytes become 61 with their rest."""
    *header, total, sheet_id = words
    packed = b"".join(line[:1] + line[1:13] + line[13:29] + (line[13:] + bytes(32))[:32] for line in lines)
    assert len(packed) == LINE_BYTES * len(lines)
    numbers = [*header, total, 256, len(packed)]
    data = b"".join(number.to_bytes(32) for number in numbers) + packed + bytes(-len(packed) % 32)
    topic = next(t for t, e in contracts._events("WageEscrow").items() if e.abi["name"] == "SheetPosted")
    return {
        "address": "0x" + "11" * 20, "blockNumber": "0x10", "blockHash": "0x44", "logIndex": "0x0", "transactionHash": "0x5",
        "topics": [topic, "0x" + sheet_id.to_bytes(32).hex()], "data": "0x" + data.hex(),
    }  # fmt: skip


def _zeros(contract, topic):
    if contracts.static_words(contract, topic) is None:
        return "0x" * 400
    log = log_of(contract, topic, [0] * 16)
    return "".join(log["topics"]) + log["data"]


async def approve(chain, value):
    await chain.approve(value)
    await chain.mine()


def refuse_logs(too_long, first=lambda block: False):
    """A node that answers with an error where a range has too many blocks, or begins where it should not."""

    def altered(requests, answers):
        for request, reply in zip(requests, answers, strict=True):
            asked = request["params"][0] if request["method"] == "eth_getLogs" else {}
            if "fromBlock" in asked:
                begin, end = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
                if too_long(end - begin + 1) or first(begin):
                    reply.pop("result", None)
                    reply["error"] = {"code": -32005, "message": "too many results"}

    return altered
