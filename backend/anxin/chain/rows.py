"""Logs into rows of chain_events, as PostgreSQL's binary COPY takes them, at a few microseconds each.

A row is put together as text whose characters are its bytes (Latin-1): what repeats (the block, the contract, the event's
name) is made once, the rest is one f-string. Source of the form: PostgreSQL manual, COPY, "Binary Format".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter

import msgspec

from anxin.chain.contracts import decode_log, event_name, quick_jsons
from anxin.chain.models import SEEN
from anxin.chain.stretches import Header, Log

COLUMNS = (
    "block_hash", "block_number", "block_time", "contract", "address", "name", "state", "tx_hash", "log_index", "args",
    "leads",
)  # fmt: skip
BEGIN, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
HASH = 66  # characters, with 0x
_POSTGRES_EPOCH = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())  # in Unix seconds
_MICROSECONDS = 1_000_000
_LEADS, _FOLLOWS = "\0\0\0\1\1", "\0\0\0\1\0"
_KEY = attrgetter("block_hash", "transaction_hash", "address", "topics.signature")


@dataclass(frozen=True)
class _Kind:
    """One event of one contract: how its rows begin after the block, and how its arguments are read quickly."""

    contract: str
    begin: str
    jsons: Callable[[Sequence[str]], Sequence[str | None] | None]


class Rows:
    """Makes rows. Remembers the kinds of events it has met."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], _Kind | None] = {}

    def of(self, logs: Sequence[Log], blocks: Mapping[str, tuple[str, int]], contracts: Mapping[str, str]) -> bytes:
        """Return the rows of logs, without BEGIN and END; logs that are no event of theirs have none.

        What is the same event of the same transaction is made together: most of its rows is the same.

        Args:
            blocks: by hash, what `begins` says.
            contracts: lower-case address → name.
        """
        leading = set[tuple[str, str]]()
        rows, alike = [""] * len(logs), defaultdict[tuple[str, str, str, str], list[int]](list)
        for place, key in enumerate(map(_KEY, logs)):
            alike[key].append(place)
        for (block, tx, address, topic), places in alike.items():
            kind = self._kind(address, topic, contracts)
            if kind is not None:
                begin, unix_time = blocks[block]
                same = [logs[place] for place in places]
                made = _rows(f"{begin}{kind.begin}{_text(tx)}", kind, same, unix_time)
                if (block, address) not in leading:
                    leading.add((block, address))
                    made[0] = made[0].removesuffix(_FOLLOWS) + _LEADS
                for place, row in zip(places, made, strict=True):
                    rows[place] = row
        return "".join(rows).encode("latin-1")

    def _kind(self, address: str, topic: str, contracts: Mapping[str, str]) -> "_Kind | None":
        """None for what is no event of its contract."""
        if (address, topic) not in self._kinds:
            self._kinds[address, topic] = _kind_of(address.lower(), topic, contracts)
        return self._kinds[address, topic]


def _rows(begin: str, kind: _Kind, logs: Sequence[Log], unix_time: int) -> list[str]:
    """Of logs of one kind, of one transaction."""
    texts = [f"{(t := each.topics).signature}{t.second}{t.third}{t.fourth}{each.data}" for each in logs]
    found = kind.jsons(texts) or [None] * len(logs)
    jsons = [
        _slowly(kind.contract, each, unix_time) if args is None else args for each, args in zip(logs, found, strict=True)
    ]
    return [
        f"{begin}{_log_index(each.log_index)}{_length(len(args))}{args}{_FOLLOWS}"
        for each, args in zip(logs, jsons, strict=True)
    ]


def _slowly(contract: str, log: Log, unix_time: int) -> str:
    """By the general decoder. Its JSON as a text of bytes, like all of a row."""
    event = decode_log(contract, log.as_given(), unix_time)
    assert event is not None  # noqa: S101, a kind is only of events that are in the ABI
    return msgspec.json.encode(event.args).decode("latin-1")


def begins(headers: Iterable[Header]) -> dict[str, tuple[str, int]]:
    """Return, by block hash, how the rows of its events begin, and the block's Unix seconds."""
    return {
        each.hash: (
            _number(len(COLUMNS), 2) + _text(each.hash) + _length(8) + _number(each.height, 8) + _length(8)
            + _number((each.unix_time - _POSTGRES_EPOCH) * _MICROSECONDS, 8),
            each.unix_time,
        )
        for each in headers
    }  # fmt: skip


def _kind_of(address: str, topic: str, contracts: Mapping[str, str]) -> _Kind | None:
    contract = contracts[address]
    name = event_name(contract, topic)
    if name is None:
        return None
    begin = "".join(map(_text, (contract, address, name, SEEN)))
    return _Kind(contract, begin, quick_jsons(contract, topic))


def _number(value: int, size: int) -> str:
    return value.to_bytes(size, signed=True).decode("latin-1")


def _text(value: str) -> str:
    """A field: its length, then its characters, all of which are ASCII here."""
    return _length(len(value)) + value


@lru_cache(4096)
def _length(size: int) -> str:
    return _number(size, 4)


@lru_cache(16384)
def _log_index(digits: str) -> str:
    return _length(4) + _number(int(digits, 16), 4)
