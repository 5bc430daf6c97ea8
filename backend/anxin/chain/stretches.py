"""Blocks and the logs in them, a stretch at a time, each checked to be of one chain before anybody believes it.

    headers ► parents join ► logs ► each is of one of these headers ► logs left out, by the blooms ► last header again
A stretch has many blocks where they are silent, and few of those that, by their blooms, speak of our contracts.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from anxin.chain.bloom import may_have_logs
from anxin.chain.leader import Moving
from anxin.chain.rpc import Rpc, RpcError

MOST_BLOCKS, BUSY_BLOCKS = 100, 20  # of a stretch; and of them, those that speak of our contracts
FEW_LOGS, MANY_LOGS = 1_500, 12_000  # in a stretch: the next has more busy blocks, up to BUSY_BLOCKS, or fewer


class Header(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Of a block: what is asked of it here. Hex as the node gives it."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str

    @property
    def height(self) -> int:
        return int(self.number, 16)

    @property
    def unix_time(self) -> int:
        return int(self.timestamp, 16)


class Topics(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """Of a log: at most four, empty where there are fewer. No tuple: one for each log keeps the garbage collector busy."""

    signature: str = ""
    second: str = ""
    third: str = ""
    fourth: str = ""


class Log(msgspec.Struct, gc=False, rename="camel"):
    """Of a transaction: what is kept of it. Hex as the node gives it."""

    address: str
    topics: Topics
    data: str
    block_number: str
    block_hash: str
    log_index: str
    transaction_hash: str

    def as_given(self) -> dict[str, Any]:
        """The node's own JSON object, less what is not kept."""
        return {**msgspec.to_builtins(self), "topics": [each for each in msgspec.structs.astuple(self.topics) if each]}


@dataclass(frozen=True)
class Stretch:
    """Blocks that follow each other, and every log in them of the contracts that were asked for."""

    headers: list[Header]
    logs: list[Log]

    @property
    def addresses(self) -> set[str]:
        """Of the contracts that logged, lower case."""
        return {address.lower() for address in {each.address for each in self.logs}}


class Stretches:
    """Reads from a node. Raises Moving where what it says does not fit together, RpcError, RpcUnreachable."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._most = MOST_BLOCKS  # at once, for this node
        self._blocks = self._busy = BUSY_BLOCKS

    async def ahead(self, start: int, head: int, addresses: Collection[str]) -> AsyncGenerator[Stretch]:
        """Yield the blocks from `start` to `head`, each stretch read while the one before it is worked on.

        Args:
            addresses: may grow meanwhile; what was read without the new ones is read again.
        """
        asked, reading = len(addresses), asyncio.create_task(self.read(start, head, addresses))
        try:
            while True:
                stretch = await reading
                start = stretch.headers[-1].height + 1
                if start <= head:
                    asked, reading = len(addresses), asyncio.create_task(self.read(start, head, addresses))
                yield stretch
                if start > head:
                    return
                if asked != len(addresses):
                    await _end(reading)
                    asked, reading = len(addresses), asyncio.create_task(self.read(start, head, addresses))
        finally:
            await _end(reading)

    async def read(self, start: int, head: int, addresses: Collection[str]) -> Stretch:
        """Return the blocks from `start` on, not beyond `head`, with the logs of these contracts."""
        asked = await self._headers(start, min(head, start + self._blocks - 1))
        headers = self._not_too_busy(asked, addresses)
        self._blocks = min(2 * len(headers) if len(headers) == len(asked) else len(headers), self._most)
        while True:
            try:
                logs = await self.logs(headers, addresses)
            except RpcError:
                if len(headers) == 1:
                    raise
                headers = headers[: len(headers) // 2]  # too much at once for this node
                self._blocks = self._most = len(headers)
            else:
                self._most = min(self._most + 1, MOST_BLOCKS)
                if len(logs) > MANY_LOGS:
                    self._busy = max(self._busy // 2, 1)
                elif len(logs) < FEW_LOGS:
                    self._busy = min(2 * self._busy, BUSY_BLOCKS)
                return Stretch(headers, logs)

    async def logs(self, headers: list[Header], addresses: Collection[str]) -> list[Log]:
        """Return the logs of these contracts in exactly these blocks, which are on the chain before and after."""
        ends = {"fromBlock": headers[0].number, "toBlock": headers[-1].number}
        logs: list[Log] = await self._rpc.call_for(list[Log], "eth_getLogs", {**ends, "address": list(addresses)})
        found = {each.block_hash for each in logs}
        if not found <= {each.hash for each in headers}:
            raise Moving("logs are of other blocks than the headers")
        logs += await self._left_out([each for each in headers if each.hash not in found], addresses)
        (last,) = await self._headers(headers[-1].height, headers[-1].height)
        if last.hash != headers[-1].hash:
            raise Moving("the last block was replaced while the logs were read")
        return logs

    async def _headers(self, first: int, last: int) -> list[Header]:
        asked = [("eth_getBlockByNumber", (hex(number), False)) for number in range(first, last + 1)]
        headers: list[Header] = []
        for header in await self._rpc.batch(asked, Header):
            if header is None or isinstance(header, RpcError):
                raise Moving("a block below the head is missing")
            if headers and header.parent_hash != headers[-1].hash:
                raise Moving("blocks do not join")
            headers.append(header)
        return headers

    async def _left_out(self, silent: list[Header], addresses: Collection[str]) -> list[Log]:
        """Logs a node kept from us: one that lags answers a range it lacks with an empty list, not an error.

        So a block whose bloom speaks of our contracts is asked for by its hash, which such a node does not know.
        """
        asked = [each.hash for each in silent if may_have_logs(each.logs_bloom, addresses)]
        logs: list[Log] = []
        for answer in await self._rpc.batch(
            [("eth_getLogs", ({"blockHash": each, "address": list(addresses)},)) for each in asked], list[Log]
        ):
            if isinstance(answer, RpcError):
                raise answer
            logs += answer
        if not {each.block_hash for each in logs} <= set(asked):
            raise Moving("logs are of other blocks than was asked for")
        return logs

    def _not_too_busy(self, headers: list[Header], addresses: Collection[str]) -> list[Header]:
        """The first of them, up to where too many have logs of ours: what is read at once must have room in memory."""
        busy = [place for place, each in enumerate(headers) if may_have_logs(each.logs_bloom, addresses)]
        return headers if len(busy) <= self._busy else headers[: busy[self._busy]]


async def _end(reading: asyncio.Task[Stretch]) -> None:
    reading.cancel()
    with suppress(asyncio.CancelledError, Exception):  # nobody wants to know any more
        await reading
