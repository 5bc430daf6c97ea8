"""/api/live: what has changed on the chain, as it happens (server-sent events). Public, without personal data."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage
from litestar.types import ControllerRouterHandler

from anxin.chain.live import Live, Message, newest_block
from anxin.core.database import Sessions
from anxin.core.wire import hex_address

COMMENT_EVERY_SECONDS = 15.0  # proxies close what is silent
RETRY_MILLISECONDS = 2_000  # after which a browser connects again


class LiveController(Controller):
    path = "/api/live"
    tags = ["public"]

    @get(media_type="text/event-stream")
    async def live(
        self,
        request: Request[Any, Any, Any],
        live: NamedDependency[Live],
        sessions: NamedDependency[Sessions],
        escrow: FromQuery[str | None] = None,
    ) -> ServerSentEvent:
        """Events `ready`, `change` and `resync`, with `{"block": N}` as data and N as id: ask again for what is shown.

        A reader that comes back with `Last-Event-ID` gets `resync` at once if anything happened since. Raises Malformed.
        """
        wanted = None if escrow is None else hex_address(escrow, "escrow")
        known = request.headers.get("last-event-id")
        return ServerSentEvent(_messages(live, sessions, wanted, known))


async def _messages(
    live: Live, sessions: Sessions, escrow: str | None, known: str | None
) -> AsyncIterator[ServerSentEventMessage]:
    """The messages of one reader, until it leaves or the process ends."""
    async with live.stream(escrow) as stream:
        async with sessions() as session:
            newest = await newest_block(session, escrow)
        if known is None:
            yield ServerSentEventMessage(f'{{"block":{newest}}}', "ready", newest, RETRY_MILLISECONDS)
        elif known != str(newest):
            yield _as_event(Message("resync", newest))
        while True:
            try:
                async with asyncio.timeout(COMMENT_EVERY_SECONDS):
                    message = await stream.queue.get()
            except TimeoutError:
                yield ServerSentEventMessage(data=None, comment="still here")
                continue
            if message is None:
                return
            yield _as_event(message)


def _as_event(message: Message) -> ServerSentEventMessage:
    return ServerSentEventMessage(data=f'{{"block":{message.block}}}', event=message.kind, id=message.block)


ROUTES: list[ControllerRouterHandler] = [LiveController]
