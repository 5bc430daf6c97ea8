"""Reading events quickly gives what the general decoder gives, and nothing where a log is not as the ABI says."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.chain import contracts
from anxin.chain.contracts import CONTRACTS, decode_log

BLOCK = {
    "address": "0x" + "11" * 20, "blockNumber": "0x10", "blockHash": "0x44", "logIndex": "0x0", "transactionHash": "0x55",
}  # fmt: skip
STATIC = [
    (contract, topic)
    for contract in CONTRACTS
    for topic in contracts._events(contract)
    if contracts.static_words(contract, topic) is not None
]
TRANSFER = next(t for t, e in contracts._events("WageToken").items() if e.abi["name"] == "Transfer")
LARGEST = {"address": 2**160, "bytes32": 2**256}


def log_of(contract, topic, numbers):
    """The log of an event whose arguments are these numbers, cut to their type."""
    inputs = contracts._events(contract)[topic].abi["inputs"]
    words = {
        each["name"]: (number % (LARGEST.get(each["type"]) or 2 ** int(each["type"].removeprefix("uint")))).to_bytes(32)
        for each, number in zip(inputs, numbers, strict=False)
    }
    topics = ["0x" + words[each["name"]].hex() for each in inputs if each["indexed"]]
    data = b"".join(words[each["name"]] for each in inputs if not each["indexed"])
    return BLOCK | {"topics": [topic, *topics], "data": "0x" + data.hex()}


def test_most_events_are_read_quickly():
    assert {"Funded", "Claimed", "Transfer", "LineSettled"} <= {contracts._events(c)[t].abi["name"] for c, t in STATIC}


numbers_of_an_event = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 2**256 - 1), min_size=16, max_size=16)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(STATIC), numbers_of_an_event)
def test_quick_reading_is_the_general_one(place, numbers):
    log = log_of(*place, numbers)
    quick = decode_log(place[0], log, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contracts, "static_words", lambda *_: None)
        general = decode_log(place[0], log, 0)

    assert general == quick


@pytest.mark.parametrize(("number", "is_quick"), [(2**64 - 1, True), (2**64, False)])
def test_number_of_more_than_eight_bytes_is_left_to_the_general_decoder(number, is_quick):
    log = log_of("WageToken", TRANSFER, [7, 8, number])

    assert is_quick == (contracts.static_words("WageToken", TRANSFER).read(log["topics"], log["data"]) is not None)
    assert number == decode_log("WageToken", log, 0).args["value"]


def test_many_are_read_at_once_as_each_alone():
    logs = [log_of("WageToken", TRANSFER, [n, n + 1, n + 2]) for n in range(300)]

    jsons = contracts.static_words("WageToken", TRANSFER).jsons(["".join(log["topics"]) + log["data"] for log in logs])

    assert [decode_log("WageToken", log, 0).args for log in logs] == [msgspec.json.decode(each) for each in jsons]


def test_one_that_is_not_as_the_abi_says_among_many_is_not_read_quickly():
    """Nor where one is a digit longer and its neighbour a digit shorter, so that together they are as long as two."""
    whole = "".join((log := log_of("WageToken", TRANSFER, [7, 8, 9]))["topics"]) + log["data"]
    words = contracts.static_words("WageToken", TRANSFER)

    assert 3 == len(words.jsons([whole] * 3))
    for odd in ([whole, whole + "0", whole[:-1]], [whole, whole[:70] + "f" + whole[71:]], [whole, "1" + whole[1:]]):
        assert words.jsons(odd) is None


@pytest.mark.parametrize("digit", ["g", " ", "x", "é", "०"])
def test_what_is_no_digit_is_not_read_quickly(digit):
    log = log_of("WageToken", TRANSFER, [7, 8, 9])

    assert contracts.static_words("WageToken", TRANSFER).read(log["topics"], log["data"][:-1] + digit) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda log: log | {"data": log["data"][:-2]},
        lambda log: log | {"topics": log["topics"][:-1]},
        lambda log: log | {"topics": [*log["topics"], "0x" + "00" * 32]},
        lambda log: log | {"topics": [*log["topics"][:-1], "0x" + "ff" * 32]},
    ],
    ids=["cut short", "a topic missing", "a topic too many", "an address too long"],
)
def test_log_that_is_not_as_the_abi_says_is_left_to_the_general_decoder(change):
    whole = log_of("WageToken", TRANSFER, [7, 8, 9])
    words = contracts.static_words("WageToken", TRANSFER)
    assert words.read(whole["topics"], whole["data"])["value"] == 9

    log = change(whole)

    assert words.read(log["topics"], log["data"]) is None


def test_event_with_more_than_words_is_not_read_quickly():
    topic = next(t for t, e in contracts._events("WageEscrow").items() if e.abi["name"] == "SheetPosted")

    assert contracts.static_words("WageEscrow", topic) is None
