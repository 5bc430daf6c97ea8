"""A node that lies, seeded: it is slow, forgets, repeats, lags, answers in part, or says it took what it did not take."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.chain import HALF_REPLY, LOSE_REPLY, REFUSE, Wire, _body

UNAVAILABLE, LATE, TWICE, PART_ERROR, MISSING, NEVER_SENT, LAGS = (
    "503", "late", "done twice", "an error for one", "one answer missing", "taken and not sent", "lags",
)  # fmt: skip
KINDS = (REFUSE, LOSE_REPLY, HALF_REPLY, UNAVAILABLE, LATE, TWICE, PART_ERROR, MISSING, NEVER_SENT, LAGS)
OVERLOADED = {"code": -32005, "message": "too many requests"}


class LyingNode(Wire):
    """Before a node. `share` of the requests go wrong, each in one of the ways `kinds`; `faults` counts them."""

    def __init__(
        self, node: str, seed: int, share: float, *, late_seconds: float, kinds: Sequence[str] = KINDS
    ) -> None:
        super().__init__(node)
        self.kinds = kinds
        self.dice, self.share, self.late_seconds = Random(seed), share, late_seconds  # noqa: S311, repeatable
        self.faults: Counter[str] = Counter()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            requests = json.loads(await _body(reader))
            kind = self._any_kind() if self.dice.random() < self.share else None
            if kind is not None:
                self.faults[kind] += 1
            reply = await self._reply(requests, kind)
            if reply is not None:
                writer.write(reply)
                await writer.drain()
        except (OSError, EOFError):
            pass  # the node, or who asked, is not there: no answer
        finally:
            writer.close()

    def _any_kind(self) -> str:
        """One that did not happen yet, while there is one."""
        return self.dice.choice([each for each in self.kinds if not self.faults[each]] or self.kinds)

    async def _reply(self, requests: list[dict[str, Any]], kind: str | None) -> bytes | None:
        if kind == REFUSE:
            return None
        if kind == UNAVAILABLE:
            return b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        if kind == NEVER_SENT and all(each["method"] == "eth_sendRawTransaction" for each in requests):
            answers = [{"jsonrpc": "2.0", "id": each["id"], "result": "0x" + "00" * 32} for each in requests]
        else:
            answers = await self._forward(requests)
        if kind == TWICE:
            answers = await self._forward(requests)
        if kind == LATE:
            await asyncio.sleep(self.late_seconds)
        if kind == LAGS:
            for request, answer in zip(requests, answers, strict=True):
                if request["method"] == "eth_blockNumber":
                    answer["result"] = hex(max(int(answer["result"], 16) - self.dice.randint(1, 5), 0))
        if kind == PART_ERROR:
            chosen = self.dice.choice(answers)
            chosen.pop("result", None)
            chosen["error"] = OVERLOADED
        if kind == MISSING:
            answers.remove(self.dice.choice(answers))
        if kind == LOSE_REPLY:
            return None
        body = json.dumps(answers).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
        return head + body[: len(body) // 2 if kind == HALF_REPLY else None]
