"""JSON-RPC over one kept-alive HTTP connection."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec


class RpcError(Exception):
    """The node answered with an error. `data` holds a revert's bytes, where there are any."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data

    @property
    def is_revert(self) -> bool:
        return self.code == 3 or "revert" in self.message.lower()

    @property
    def is_out_of_gas(self) -> bool:
        """An estimate found no amount of gas, up to the node's cap, that is enough."""
        said = self.message.lower()
        return not self.is_revert and ("exceeds allowance" in said or "out of gas" in said or "exceeds block gas" in said)


class RpcUnreachable(Exception):
    """No answer, or not one: what was sent may or may not have been done."""


class _Answer(msgspec.Struct):
    id: int
    result: Any = None
    error: dict[str, Any] | None = None


class Rpc:
    """A node. Every method may raise RpcError or RpcUnreachable.

    Args:
        safe_height_file: where the node says up to which block it will have everything even after a power cut, as a
            decimal number; empty where it always will.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 10, safe_height_file: str = "") -> None:
        here: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None}  # never through a proxy
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout_seconds, mounts=here)
        self._next_id = 0
        self._safe_height_file = Path(safe_height_file) if safe_height_file else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, method: str, *params: Any) -> Any:
        answer = (await self._post([(method, params)]))[0]
        if answer.error is not None:
            raise _error(answer.error)
        return answer.result

    async def batch(self, requests: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """Return each request's result in order, or its RpcError in its place."""
        if not requests:
            return []
        answers = await self._post(requests)
        return [_error(answer.error) if answer.error is not None else answer.result for answer in answers]

    async def _post(self, requests: Sequence[tuple[str, tuple[Any, ...]]]) -> list[_Answer]:
        first = self._next_id
        self._next_id += len(requests)
        body = [
            {"jsonrpc": "2.0", "id": first + i, "method": method, "params": params}
            for i, (method, params) in enumerate(requests)
        ]
        try:
            response = await self._client.post("", content=msgspec.json.encode(body), headers=_JSON)
            response.raise_for_status()
            answers = msgspec.json.decode(response.content, type=list[_Answer])
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            raise RpcUnreachable(f"{type(error).__name__}: {error}") from error
        by_id = {answer.id: answer for answer in answers}
        if by_id.keys() != set(range(first, first + len(requests))):
            raise RpcUnreachable("the node left out answers")
        return [by_id[first + i] for i in range(len(requests))]

    # ---------------------------------------------------------------- what is asked often

    async def chain_id(self) -> int:
        return int(await self.call("eth_chainId"), 16)

    async def head(self) -> int:
        return int(await self.call("eth_blockNumber"), 16)

    def final_height(self, head: int, depth: int) -> int:
        """Return the height up to which nothing changes any more: `depth` below the head, and what the node has stored.

        0 before it has said what it has stored.
        """
        deep = max(head - depth, 0)
        return deep if self._safe_height_file is None else min(deep, _height_in(self._safe_height_file))

    async def block(self, number: int) -> dict[str, Any] | None:
        """Header fields of a block, hex as the node gives them; None beyond the head."""
        found: dict[str, Any] | None = await self.call("eth_getBlockByNumber", hex(number), False)
        return found


def _height_in(file: Path) -> int:
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return 0


_JSON = {"content-type": "application/json"}


def _error(error: dict[str, Any]) -> RpcError:
    return RpcError(int(error.get("code", 0)), str(error.get("message", "")), error.get("data"))
