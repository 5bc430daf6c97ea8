"""The short way in for confirmations: around payday thousands come at once, and most of what one cost was the way to us.

    PUT /api/confirmations/{digest} ──► read ──► Acceptance ──► 202, or what is wrong with the word
                                          └─ cannot be read ──► the framework, as everything else
It answers as the framework's own route does, which stands for the API's description and for whatever is unusual.
"""

from typing import Final

import msgspec
from litestar.enums import MediaType, ScopeType
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

from anxin.core import problems
from anxin.core.errors import AnxinError
from anxin.core.language import preferred
from anxin.wages.acceptance import Acceptance
from anxin.wages.schemas import SignedConfirmation

PATH: Final = "/api/confirmations/"
PATH_LENGTH: Final = len(PATH) + len("0x") + 64

_reader = msgspec.json.Decoder(SignedConfirmation)
_writer = msgspec.json.Encoder()


def with_door(app: ASGIApp, acceptance: Acceptance) -> ASGIApp:
    """Wrap `app`: confirmations that can be read go straight to `acceptance`."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_ours(scope):
            await app(scope, receive, send)
            return
        came = await _read(receive)
        signed = _decode(came)
        if signed is None:
            await app(scope, _again(came, receive), send)
            return
        try:
            receipt = await acceptance.confirm(scope["path"][len(PATH) :], signed)
        except AnxinError as error:
            spoken = preferred(_header(scope, b"accept-language"))
            await _answer(send, error.status, problems.MEDIA_TYPE, error.document(spoken), problems.headers_of(error))
        except Exception:  # the framework knows what to say of it; a word that comes twice is kept once
            await app(scope, _again(came, receive), send)
        else:
            await _answer(send, 202, MediaType.JSON, receipt, {})

    return serve


def _is_ours(scope: Scope) -> bool:
    if scope["type"] != ScopeType.HTTP or scope["method"] != "PUT":
        return False
    path = scope["path"]
    return len(path) == PATH_LENGTH and path.startswith(PATH) and path[len(PATH) :].isalnum()


async def _read(receive: Receive) -> list[ReceiveMessage]:
    """The body as it came; where it is longer than anyone may send, the rest is left unread."""
    came = [await receive()]
    size = len(_body(came[0]))
    while came[-1].get("more_body") and size <= problems.MAX_BODY_BYTES:
        came.append(await receive())
        size += len(_body(came[-1]))
    return came


def _body(message: ReceiveMessage) -> bytes:
    return message["body"] if message["type"] == "http.request" else b""


def _decode(came: list[ReceiveMessage]) -> SignedConfirmation | None:
    """None for all that is not plainly a confirmation."""
    body = b"".join([_body(message) for message in came])
    if len(body) > problems.MAX_BODY_BYTES:
        return None
    try:
        return _reader.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _again(came: list[ReceiveMessage], receive: Receive) -> Receive:
    """Gives what was read already once more, then goes on reading."""
    left = iter(came)

    async def replay() -> ReceiveMessage:
        message = next(left, None)
        return await receive() if message is None else message

    return replay


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


async def _answer(send: Send, status: int, media_type: str, content: object, headers: dict[str, str]) -> None:
    body = _writer.encode(content)
    plain = {"content-type": media_type, "content-length": str(len(body)), **headers}
    raw = [(name.encode(), value.encode()) for name, value in plain.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})
