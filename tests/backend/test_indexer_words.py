"""Reading events quickly gives what the general decoder gives, and nothing where a log is not as the ABI says."""

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


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(STATIC), st.lists(st.integers(0, 2**256 - 1), min_size=16, max_size=16))
def test_quick_reading_is_the_general_one(place, numbers):
    log = log_of(*place, numbers)
    quick = decode_log(place[0], log, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contracts, "static_words", lambda *_: None)
        general = decode_log(place[0], log, 0)

    assert general == quick


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
    topic = next(t for c, t in STATIC if c == "WageToken" and contracts._events(c)[t].abi["name"] == "Transfer")
    whole = log_of("WageToken", topic, [7, 8, 9])
    words = contracts.static_words("WageToken", topic)
    assert words.read(whole["topics"], whole["data"])["value"] == 9

    log = change(whole)

    assert words.read(log["topics"], log["data"]) is None


def test_event_with_more_than_words_is_not_read_quickly():
    topic = next(t for t, e in contracts._events("WageEscrow").items() if e.abi["name"] == "SheetPosted")

    assert contracts.static_words("WageEscrow", topic) is None
