"""Logs into rows of chain_events, as PostgreSQL's binary COPY takes them, at a few microseconds each.

A row is put together as text whose characters are its bytes (Latin-1): what repeats (the block, the contract, the event's
name) is made once, the rest is one f-string. Source of the form: PostgreSQL manual, COPY, "Binary Format".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from anxin.chain.contracts import decode_log, event_name, quick_json
from anxin.chain.models import SEEN
from anxin.chain.stretches import Header, Log
from anxin.chain.words import is_hex

COLUMNS = (
    "block_hash", "block_number", "block_time", "contract", "address", "name", "state", "log_index", "tx_hash", "args",
)  # fmt: skip
BEGIN, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
HASH = 66  # characters, with 0x
_POSTGRES_EPOCH = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())  # in Unix seconds
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class _Kind:
    """One event of one contract: how its rows begin after the block, and how its arguments are read quickly."""

    contract: str
    begin: str
    json: Callable[[str], str | None]


class Rows:
    """Makes rows. Remembers the kinds of events it has met."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], _Kind | None] = {}

    def of(self, logs: Sequence[Log], blocks: Mapping[str, tuple[str, int]], contracts: Mapping[str, str]) -> bytes:
        """Return the rows of logs, without BEGIN and END; logs that are no event of theirs have none.

        Args:
            blocks: by hash, what `begins` says.
            contracts: lower-case address → name.
        """
        kinds = self._kinds_of(logs, contracts)
        texts = ["".join(each.topics) + each.data for each in logs]
        is_plain = is_hex("".join(texts), sum(map(len, [each.topics for each in logs])) + len(logs))
        rows, tx_hash, tx = list[str](), "", ""
        for each, kind, text in zip(logs, kinds, texts, strict=True):
            if kind is None:
                continue
            begin, unix_time = blocks[each.block_hash]
            args = kind.json(text) if is_plain else None
            if args is None:
                args = _slowly(kind.contract, each, unix_time)
            if each.transaction_hash != tx_hash:
                tx_hash, tx = each.transaction_hash, _text(each.transaction_hash)
            rows.append(f"{begin}{kind.begin}{_log_index(each.log_index)}{tx}{_length(len(args))}{args}")
        return "".join(rows).encode("latin-1")

    def _kinds_of(self, logs: Sequence[Log], contracts: Mapping[str, str]) -> "list[_Kind | None]":
        """One a log; None for what is no event of its contract."""
        keys = [(each.address, each.topics[0] if each.topics else "") for each in logs]
        for address, topic in set(keys) - self._kinds.keys():
            self._kinds[address, topic] = _kind_of(address.lower(), topic, contracts)
        return [self._kinds[key] for key in keys]


def _slowly(contract: str, log: Log, unix_time: int) -> str:
    """By the general decoder. Its JSON as a text of bytes, like all of a row."""
    event = decode_log(contract, msgspec.to_builtins(log), unix_time)
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
    return _Kind(contract, begin, quick_json(contract, topic))


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
