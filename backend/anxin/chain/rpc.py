"""JSON-RPC over one kept-alive HTTP connection."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from anxin.chain.no_answer import NO_URL, place_of, why, wrong_status

MOST_BYTES = 1_000_000  # in one request: anvil takes 2 MB, geth 5
MOST_CALLS = 1000  # geth's own limit
REVERTED = 3  # an error's code: the contract refuses

T = TypeVar("T")
Requests = Sequence[tuple[str, tuple[Any, ...]]]
Asked = tuple[int, bytes]  # a request by its id, encoded


class RpcError(Exception):
    """The node answered with an error. `data` holds a revert's bytes, where there are any."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"the node refuses: {message} ({code})")
        self.code = code
        self.message = message
        self.data = data

    @property
    def is_revert(self) -> bool:
        return self.code == REVERTED or "revert" in self.message.lower()

    @property
    def is_out_of_gas(self) -> bool:
        """An estimate found no amount of gas, up to the node's cap, that is enough."""
        said = self.message.lower()
        return not self.is_revert and ("exceeds allowance" in said or "out of gas" in said or "exceeds block gas" in said)


class RpcUnreachable(Exception):
    """No answer, or not one: what was sent may or may not have been done. The message is a sentence for people."""


class _Answer(msgspec.Struct, Generic[T]):
    id: int
    result: T | None = None
    error: dict[str, Any] | None = None


class Rpc:
    """A node. Every method may raise RpcError or RpcUnreachable; so does making one with what is no URL.

    Args:
        safe_height_file: where the node says up to which block it will have everything even after a power cut, as a
            decimal number; empty where it always will.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 10, safe_height_file: str = "") -> None:
        place = place_of(url)
        if place is None:
            raise RpcUnreachable(NO_URL)
        self._url, self._place, self._timeout_seconds = url, place, timeout_seconds
        self._timeout = aiohttp.ClientTimeout(total=None, connect=timeout_seconds, sock_read=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None
        self._next_id = 0
        self._safe_height_file = Path(safe_height_file) if safe_height_file else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, *params: Any) -> Any:
        return await self.call_for(Any, method, *params)

    async def call_for(self, kind: Any, method: str, *params: Any) -> Any:
        """Return the result read into a type: fields that are not asked for cost nothing. None where there is none."""
        answer = (await self._post(kind, list(self._asked([(method, params)]))))[0]
        if answer.error is not None:
            raise _error(answer.error)
        return answer.result

    async def batch(self, requests: Requests, kind: Any = Any) -> list[Any]:
        """Return each request's result in order, read into a type, or its RpcError in its place.

        What nodes would find too long goes in several parts, one after the other; where one fails, so does the whole.
        """
        answers = [answer for part in _parts(self._asked(requests)) for answer in await self._post(kind, part)]
        return [_error(answer.error) if answer.error is not None else answer.result for answer in answers]

    def _asked(self, requests: Requests) -> Iterator[Asked]:
        for method, params in requests:
            number, self._next_id = self._next_id, self._next_id + 1
            yield number, msgspec.json.encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    async def _post(self, kind: Any, asked: Sequence[Asked]) -> list[_Answer[Any]]:
        body = b"[" + b",".join(request for _, request in asked) + b"]"
        try:
            async with self._open().post(self._url, data=body, headers=_JSON) as response:
                if not response.ok:
                    raise RpcUnreachable(wrong_status(self._place, response.status))
                answers = _decoder(kind).decode(await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            raise RpcUnreachable(why(self._place, error, self._timeout_seconds)) from None  # its own words hold the URL
        by_id = {answer.id: answer for answer in answers}
        if by_id.keys() != {number for number, _ in asked}:
            raise RpcUnreachable(f"{self._place} left out answers: try again, or use another node")
        return [by_id[number] for number, _ in asked]

    def _open(self) -> aiohttp.ClientSession:
        """The one session, made where it is first used: it belongs to the event loop that runs then."""
        if self._session is None:
            is_here = urlsplit(self._url).hostname in ("127.0.0.1", "localhost")  # never through a proxy
            self._session = aiohttp.ClientSession(
                timeout=self._timeout, trust_env=not is_here, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    # ---------------------------------------------------------------- what is asked often

    async def chain_id(self) -> int:
        return hex_number(await self.call("eth_chainId"))

    async def head(self) -> int:
        return hex_number(await self.call("eth_blockNumber"))

    def stored_height(self) -> int | None:
        """Return the newest block that the node will have even after a kill; None where it forgets none.

        What was read from the node before this answer may be of blocks that it has lost and made anew meanwhile.
        """
        return None if self._safe_height_file is None else _height_in(self._safe_height_file)

    def final_height(self, head: int, depth: int, stored: int | None = None) -> int:
        """Return the height up to which nothing changes any more: `depth` below the head, and what the node has stored.

        Args:
            stored: an answer of `stored_height` from before; asked now where there is none.
        """
        deep = max(head - depth, 0)
        stored = self.stored_height() if stored is None else stored
        return deep if stored is None else min(deep, stored)

    async def block(self, number: int) -> dict[str, Any] | None:
        """Header fields of a block, hex as the node gives them; None beyond the head."""
        found: dict[str, Any] | None = await self.call("eth_getBlockByNumber", hex(number), False)
        return found


def hex_number(answer: Any) -> int:
    """Return a number as nodes write it. Raises RpcUnreachable where it is none: whatever answered is no node."""
    try:
        return int(answer, 16)
    except (TypeError, ValueError):
        raise RpcUnreachable("what answers is no node of a chain: it has no number where one belongs") from None


def _height_in(file: Path) -> int:
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return 0


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[list[_Answer[Any]]]:
    return msgspec.json.Decoder(list[_Answer[kind]])


def _parts(asked: Iterable[Asked]) -> Iterator[Sequence[Asked]]:
    part: list[Asked] = []
    length = 0
    for each in asked:
        if part and (length + len(each[1]) > MOST_BYTES or len(part) == MOST_CALLS):
            yield part
            part, length = [], 0
        part.append(each)
        length += len(each[1])
    if part:
        yield part


_JSON = {"content-type": "application/json"}


def _error(error: dict[str, Any]) -> RpcError:
    return RpcError(int(error.get("code", 0)), str(error.get("message", "")), error.get("data"))
