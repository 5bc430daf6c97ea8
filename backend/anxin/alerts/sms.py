"""Twilio, through its own client. The API's address can be another, for a stand-in on this machine."""

import asyncio
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from anxin.settings import Settings

# Sending again will not help: not a mobile number, opted out, not reachable by SMS, blocked region.
FINAL_CODES = frozenset({21211, 21408, 21610, 21612, 21614})
ANSWER_WITHIN_SECONDS = 15


class Undeliverable(Exception):
    """Twilio will never deliver this; the message says why."""


class SmsSender(Protocol):
    async def send(self, to: str, body: str) -> str:
        """Return the provider's id. Raises Undeliverable; any other error means: try again later."""
        ...


class _RedirectedHttpClient(AsyncTwilioHttpClient):  # type: ignore[misc]
    """Sends what would go to Twilio's host to another origin instead."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = urlsplit(origin)

    async def request(self, method: str, url: str, *args: object, **kwargs: object) -> Response:
        asked = urlsplit(url)
        redirected = urlunsplit((self._origin.scheme, self._origin.netloc, asked.path, asked.query, ""))
        return await super().request(method, redirected, *args, **kwargs)


class TwilioSender:
    """Sends from one number of one account."""

    def __init__(self, settings: Settings) -> None:
        redirect = settings.twilio_api_url
        self._http = _RedirectedHttpClient(redirect) if redirect else AsyncTwilioHttpClient()
        self._client = Client(settings.twilio_account_sid, settings.twilio_auth_token, http_client=self._http)
        self._from = settings.twilio_from

    async def send(self, to: str, body: str) -> str:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):  # the client's own time-out is ignored by its library
                message = await self._client.messages.create_async(to=to, from_=self._from, body=body)
        except TwilioRestException as error:
            if error.code in FINAL_CODES:
                raise Undeliverable(f"Twilio {error.code}") from error
            raise
        return str(message.sid)

    async def close(self) -> None:
        await self._http.close()
