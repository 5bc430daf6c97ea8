"""A bank that is reached over HTTP: orders by POST, files since a cursor, the balance.

    POST /orders             pain.001                                 202; 4xx with a reason: never
    GET  /files?after=…      {"files": [{"name", "content": base64}], "cursor"}
    GET  /balance            {"at": RFC 3339, "amountFen"}
"""

import base64
import binascii
from datetime import datetime
from typing import Any, Final, Self, TypeVar

import httpx
import msgspec

from anxin.bank.adapter import Balance, BankFile, BankUnreachable, Inbox, OrderRefused

ANSWER_WITHIN_SECONDS: Final = 30.0
# Said of us or of the moment, not of the order: who we are, the rate, a time-out. Anything else below 500 is a refusal.
NOT_THE_ORDER: Final = frozenset({401, 403, 404, 405, 407, 408, 425, 429})


class _File(msgspec.Struct):
    name: str
    content: str


class _Files(msgspec.Struct):
    files: list[_File]
    cursor: str


class _Balance(msgspec.Struct, rename="camel"):
    at: datetime
    amount_fen: int


Said = TypeVar("Said")


class HttpBank:
    """Use it in `async with`."""

    def __init__(
        self, url: str, *, name: str, token: str = "", answer_within_seconds: float = ANSWER_WITHIN_SECONDS
    ) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._name = name
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"), headers=headers, timeout=answer_within_seconds, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @property
    def name(self) -> str:
        return self._name

    async def submit(self, message_id: str, content: bytes) -> None:
        answer = await self._ask(
            "POST", "/orders", content=content, headers={"content-type": "application/xml", "idempotency-key": message_id}
        )
        if answer.status_code >= 400:
            raise OrderRefused(f"{answer.status_code} {_reason(answer)}".strip())

    async def fetch(self, cursor: str = "") -> Inbox:
        answer = await self._ask("GET", "/files", params={"after": cursor})
        page = _decoded(answer, _Files)
        try:
            files = [BankFile(each.name, base64.b64decode(each.content, validate=True)) for each in page.files]
        except binascii.Error as error:
            raise BankUnreachable("the bank's answer is not what was agreed") from error
        return Inbox(files, page.cursor)

    async def balance(self) -> Balance:
        said = _decoded(await self._ask("GET", "/balance"), _Balance)
        if said.at.tzinfo is None:
            raise BankUnreachable("the bank's balance is of no known time zone")
        return Balance(said.at, said.amount_fen)

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Return an answer of the bank's own: taken, or refused. Raises BankUnreachable for everything else."""
        try:
            answer = await self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise BankUnreachable(type(error).__name__) from error
        status = answer.status_code
        if status >= 500 or 300 <= status < 400 or status in NOT_THE_ORDER:
            raise BankUnreachable(f"HTTP {status}")
        return answer


def _decoded(answer: httpx.Response, kind: type[Said]) -> Said:
    try:
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=kind)
    except (httpx.HTTPStatusError, msgspec.DecodeError) as error:
        raise BankUnreachable("the bank's answer is not what was agreed") from error


def _reason(answer: httpx.Response) -> str:
    try:
        said = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        return ""
    return str(said.get("reason") or "")[:300] if isinstance(said, dict) else ""
