"""Calls into bytes, logs and reverts out of bytes: by the ABIs exported from the compiled contracts (chain/abi)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak

from anxin.chain.packed import opened, sheet_json
from anxin.chain.words import StaticWords
from anxin.core.calls import Call, Refusal
from anxin.core.events import Event
from anxin.core.signing import from_hex

CONTRACTS = ("WageToken", "WorkerRegistry", "WageEscrow", "WageEscrowFactory", "BankPayout", "EvidenceAnchor")

Abi = dict[str, Any]


@dataclass(frozen=True)
class _Signature:
    """One ABI entry with its selector or topic."""

    abi: Abi

    @property
    def text(self) -> str:
        return f"{self.abi['name']}({','.join(collapse_if_tuple(i) for i in self.abi['inputs'])})"

    @property
    def hash(self) -> bytes:
        return keccak(text=self.text)


@cache
def _entries(contract: str, kind: str) -> list[_Signature]:
    document = json.loads((files("anxin.chain") / "abi" / f"{contract}.json").read_text())
    return [_Signature(entry) for entry in document["abi"] if entry["type"] == kind]


@cache
def _function(contract: str, name: str) -> _Signature:
    return next(entry for entry in _entries(contract, "function") if entry.abi["name"] == name)


@cache
def _events(contract: str) -> Mapping[str, _Signature]:
    return {"0x" + entry.hash.hex(): entry for entry in _entries(contract, "event")}


@cache
def _errors() -> Mapping[bytes, _Signature]:
    return {entry.hash[:4]: entry for contract in CONTRACTS for entry in _entries(contract, "error")}


class NotACall(Exception):
    """The contract has no such function, or not with these arguments."""


def encode_call(call: Call) -> str:
    """Return a call's data, 0x-hex. Raises NotACall."""
    try:
        function = _function(call.contract, call.function)
        inputs = function.abi["inputs"]
        kinds = [collapse_if_tuple(each) for each in inputs]
        values = [_to_abi(each, call.arguments[each["name"]]) for each in inputs]
        return "0x" + (function.hash[:4] + encode(kinds, values)).hex()
    except (EncodingError, LookupError, OSError, StopIteration, TypeError, ValueError) as error:
        raise NotACall(f"{call.contract}.{call.function}: {type(error).__name__}: {error}") from error


def decode_result(contract: str, function: str, data: str) -> Any:
    """Return what a view returned: one value, or the values in order."""
    outputs = _function(contract, function).abi["outputs"]
    values = decode([collapse_if_tuple(each) for each in outputs], from_hex(data))
    named = [_from_abi(each, value) for each, value in zip(outputs, values, strict=True)]
    return named[0] if len(named) == 1 else named


def decode_refusal(data: Any, message: str) -> Refusal:
    """Return the contract's own error where the revert's bytes are one; else the node's message."""
    raw = from_hex(data) if isinstance(data, str) and data.startswith("0x") else b""
    entry = _errors().get(raw[:4])
    if entry is None:
        return Refusal(message[:200] or "reverted", [])
    try:
        values = decode([collapse_if_tuple(each) for each in entry.abi["inputs"]], raw[4:])
    except DecodingError:
        return Refusal(entry.abi["name"], [])  # cut short: some nodes give only the beginning
    named = [_from_abi(each, value) for each, value in zip(entry.abi["inputs"], values, strict=True)]
    return Refusal(entry.abi["name"], named)


def decode_log(contract: str, log: dict[str, Any], block_time: int) -> Event | None:
    """Return the event a log stands for; None for one that is not in the contract's ABI."""
    entry = _events(contract).get(log["topics"][0]) if log["topics"] else None
    if entry is None:
        return None
    args = _arguments(contract, log["topics"], log["data"])
    return Event(
        name=entry.abi["name"],
        contract=contract,
        address=log["address"].lower(),
        args=opened(entry.abi["name"], args),
        block_number=int(log["blockNumber"], 16),
        block_hash=log["blockHash"],
        block_time=datetime.fromtimestamp(block_time, UTC),
        log_index=int(log["logIndex"], 16),
        tx_hash=log["transactionHash"],
    )


def _arguments(contract: str, topics: Sequence[str], data: str) -> dict[str, Any]:
    entry = _events(contract)[topics[0]]
    words = static_words(contract, topics[0])
    if words is not None:
        quick = words.read(topics, data)
        if quick is not None:
            return quick
    indexed = [each for each in entry.abi["inputs"] if each["indexed"]]
    plain = [each for each in entry.abi["inputs"] if not each["indexed"]]
    args = {
        each["name"]: _from_abi(each, decode([each["type"]], from_hex(topic))[0])
        for each, topic in zip(indexed, topics[1:], strict=True)
    }
    values = decode([collapse_if_tuple(each) for each in plain], from_hex(data))
    return args | {each["name"]: _from_abi(each, value) for each, value in zip(plain, values, strict=True)}


def event_name(contract: str, topic: str) -> str | None:
    """Return the name of the event of a log's first topic; None for one that is not in the contract's ABI."""
    entry = _events(contract).get(topic)
    return None if entry is None else str(entry.abi["name"])


@cache
def static_words(contract: str, topic: str) -> StaticWords | None:
    """How an event is read whose arguments are one word each; None for others."""
    return StaticWords.of(_events(contract)[topic].abi["inputs"])


def quick_jsons(contract: str, topic: str) -> Callable[[Sequence[str]], Sequence[str | None] | None]:
    """Return what makes JSON of the texts (words.py) of an event's logs; None where the general decoder is to be asked."""
    if event_name(contract, topic) == "SheetPosted":
        return lambda texts: [*map(sheet_json, texts)]
    words = static_words(contract, topic)
    return words.jsons if words is not None else lambda _: None


def _to_abi(entry: Abi, value: Any) -> Any:
    """From JSON (0x-hex, objects) to what the encoder takes (bytes, tuples)."""
    kind: str = entry["type"]
    if kind.endswith("[]"):
        return [_to_abi(entry | {"type": kind[:-2]}, each) for each in value]
    if kind == "tuple":
        return tuple(_to_abi(each, value[each["name"]]) for each in entry["components"])
    if kind.startswith("bytes"):
        return from_hex(value)
    return value


def _from_abi(entry: Abi, value: Any) -> Any:
    kind: str = entry["type"]
    if kind.endswith("[]"):
        return [_from_abi(entry | {"type": kind[:-2]}, each) for each in value]
    if kind == "tuple":
        components: Sequence[Abi] = entry["components"]
        return {each["name"]: _from_abi(each, part) for each, part in zip(components, value, strict=True)}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value.lower() if kind == "address" else value
