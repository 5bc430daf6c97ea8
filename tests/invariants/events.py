"""What a log says, and what is remembered of sheets and disputes: the observer's vocabulary.

Written from the interfaces' text (contracts/interfaces). Amounts in fen, times in Unix seconds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import decode
from eth_utils.crypto import keccak

from anxin.core.sheet_tree import SheetLine

CLAIMED, CONTESTED, DECIDED = 1, 2, 3  # DisputeState


class Broken(AssertionError):
    """An invariant does not hold; the text begins with its number."""


def must(holds: bool, sentence: str) -> None:
    if not holds:
        raise Broken(sentence)


@dataclass(frozen=True)
class Event:
    emitter: str
    name: str
    values: dict[str, Any]


class Decoder:
    """Takes logs apart by the ABIs of the interfaces. Addresses become 0x, lower case; events it does not know, None."""

    def __init__(self, *abis: Iterable[Mapping[str, Any]]) -> None:
        self._known = {
            keccak(text=f"{entry['name']}({','.join(_kind(i) for i in entry['inputs'])})"): entry
            for abi in abis
            for entry in abi
            if entry["type"] == "event"
        }

    def event(self, log: Mapping[str, Any]) -> Event | None:
        entry = self._known.get(bytes(log["topics"][0]))
        if entry is None:
            return None
        topics = iter(log["topics"][1:])
        plain = [field for field in entry["inputs"] if not field["indexed"]]
        rest = iter(decode([_kind(field) for field in plain], bytes(log["data"])))
        values = {
            field["name"]: decode([_kind(field)], bytes(next(topics)))[0] if field["indexed"] else next(rest)
            for field in entry["inputs"]
        }
        return Event(str(log["address"]).lower(), entry["name"], values)


def _kind(entry: Mapping[str, Any]) -> str:
    if entry["type"].startswith("tuple"):
        return f"({','.join(_kind(part) for part in entry['components'])}){entry['type'][5:]}"
    return str(entry["type"])


@dataclass
class SeenSheet:
    lines: list[SheetLine]
    posted_at: int
    period: tuple[int, int]
    released: int = 0
    contested: int = 0
    banked: int = 0
    banked_at: int = 0

    def unpaid(self) -> list[SheetLine]:
        return [line for line in self.lines if not self.released >> line.index & 1]


@dataclass
class SeenDispute:
    worker_id: bytes
    asked: int
    state: int
    since: int
    granted: int = 0
    paid: int = 0
    banked: int = 0
    banked_at: int = 0


@dataclass
class Flow:
    """What one transaction moved, by the token's word and by the escrow's."""

    moved: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    came: int = 0
    booked: int = 0
