"""Twilio, through its own client. The API's address can be another, for a stand-in on this machine.

What an answer means for a message is one of four: it was taken; it never will be (`Undeliverable`); it was not taken now
(`NotTaken`); or nobody knows (`Unanswered`), and Twilio's own list has to be asked before it is sent again.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

from aiohttp import ClientConnectorError, ClientError
from twilio.base import values
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from anxin.settings import Settings

# Sending again will not help: no such number, blocked region, opted out, not reachable by SMS, no mobile number, too long.
OPTED_OUT: Final = 21610
FINAL_CODES: Final = frozenset({21211, 21217, 21408, OPTED_OUT, 21612, 21614, 21617})
NOT_NOW: Final = frozenset({429, 503})  # said before anything was taken
UNREADABLE: Final = (TimeoutError, ValueError, TypeError, AttributeError, LookupError)  # no answer, or not Twilio's
ANSWER_WITHIN_SECONDS = 15
CLOCKS_APART: Final = timedelta(minutes=5)
LOOKED_THROUGH: Final = 100  # of the newest messages to a number

T = TypeVar("T")


class Undeliverable(Exception):
    """Twilio will never deliver this; the message says why, `code` is Twilio's."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


class NotTaken(Exception):
    """Twilio has not taken this, for now."""

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class Unanswered(Exception):
    """Twilio may have taken this, or not."""


@dataclass(frozen=True)
class Taken:
    """What Twilio knows of a message. `price_micros`: millionths of `price_unit`, once it is known there."""

    sid: str
    status: str = "queued"
    segments: int | None = None
    price_micros: int | None = None
    price_unit: str | None = None
    error_code: int | None = None


class SmsSender(Protocol):
    async def send(self, to: str, body: str, *, reference: str | None = None) -> Taken:
        """Send a message; `reference` comes back with its status. Raises Undeliverable, NotTaken, Unanswered."""
        ...

    async def fetch(self, sid: str) -> Taken:
        """Return what Twilio knows of a message by now. Raises NotTaken, Unanswered."""
        ...

    async def find(self, to: str, body: str, since: datetime) -> list[Taken]:
        """Return the messages of this very text to this number that were taken since, newest first.

        Raises NotTaken, Unanswered.
        """
        ...


class _HttpClient(AsyncTwilioHttpClient):  # type: ignore[misc]
    """Sends what would go to Twilio's host to another origin where one is given, and says what a failure means."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = urlsplit(origin) if origin else None

    async def request(self, method: str, url: str, *args: object, **kwargs: object) -> Response:
        if self._origin is not None:
            asked = urlsplit(url)
            url = urlunsplit((self._origin.scheme, self._origin.netloc, asked.path, asked.query, ""))
        try:
            response = await super().request(method, url, *args, **kwargs)
        except ClientConnectorError as error:
            raise NotTaken("cannot connect to Twilio") from error
        except (ClientError, OSError) as error:
            raise Unanswered(f"no answer from Twilio: {type(error).__name__}") from error
        if response.status_code in NOT_NOW:
            raise NotTaken(f"Twilio answered {response.status_code}", _seconds(response.headers.get("Retry-After")))
        if response.status_code >= 500:
            raise Unanswered(f"Twilio answered {response.status_code}")
        return response

    def log_request(self, kwargs: object) -> None:
        """Nothing: the library would write numbers into the log."""


class TwilioSender:
    """Sends from one number of one account."""

    def __init__(self, settings: Settings) -> None:
        self._http = _HttpClient(settings.twilio_api_url)
        self._client = Client(settings.twilio_account_sid, settings.twilio_auth_token, http_client=self._http)
        self._from = settings.twilio_from
        self._status_url = f"{settings.webhook_url}/api/twilio/status" if settings.webhook_url else None

    async def send(self, to: str, body: str, *, reference: str | None = None) -> Taken:
        """Raises Undeliverable, NotTaken, Unanswered."""
        callback = f"{self._status_url}?m={reference}" if self._status_url and reference else values.unset
        try:
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):  # the client's own time-out is ignored by its library
                message = await self._client.messages.create_async(
                    to=to, from_=self._from, body=body, status_callback=callback
                )
        except (TwilioRestException, TwilioServiceException) as error:
            raise _meaning(error) from error
        except UNREADABLE as error:
            raise Unanswered(f"no readable answer from Twilio: {type(error).__name__}") from error
        if not message.sid:
            raise Unanswered("Twilio's answer names no message")
        return _taken(message)

    async def fetch(self, sid: str) -> Taken:
        """Raises NotTaken, Unanswered."""
        return _taken(await _answered(self._client.messages(sid).fetch_async()))

    async def find(self, to: str, body: str, since: datetime) -> list[Taken]:
        """Not by the day it was sent: one that still waits at Twilio has none. Raises NotTaken, Unanswered."""
        listed = await _answered(
            self._client.messages.list_async(to=to, limit=LOOKED_THROUGH, page_size=LOOKED_THROUGH)
        )
        return [_taken(each) for each in listed if each.sid and each.body == body and _is_since(each, since)]

    async def close(self) -> None:
        await self._http.close()


async def _answered(question: Awaitable[T]) -> T:
    """Raises NotTaken, Unanswered: asking moves nothing, but what was asked is not known either."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            return await question
    except TwilioException as error:  # a refused list has no class of its own
        raise NotTaken("Twilio refused the question") from error
    except UNREADABLE as error:
        raise Unanswered(f"no readable answer from Twilio: {type(error).__name__}") from error


def _taken(message: MessageInstance) -> Taken:
    segments = int(message.num_segments) if str(message.num_segments or "").isdecimal() else 0
    return Taken(
        str(message.sid), str(message.status or "queued"), segments or None, _micros(message.price),
        message.price_unit and str(message.price_unit).upper()[:3], message.error_code,
    )  # fmt: skip


def _is_since(message: MessageInstance, since: datetime) -> bool:
    """Where Twilio does not say when, it may be the one."""
    created = message.date_created
    if not isinstance(created, datetime):
        return True
    return (created if created.tzinfo else created.replace(tzinfo=UTC)) > since - CLOCKS_APART


def _meaning(error: TwilioRestException | TwilioServiceException) -> Undeliverable | NotTaken:
    """Wrong credentials, or a number of ours that may not send, are the operator's to mend: nobody's message is lost."""
    if error.code in FINAL_CODES:
        return Undeliverable(f"Twilio {error.code}", error.code)
    return NotTaken(_sentence(error))


def _sentence(error: TwilioRestException | TwilioServiceException) -> str:
    """Never Twilio's own words: they can hold the number."""
    return f"Twilio refused: HTTP {error.status}, error {error.code}"


def _micros(price: str | None) -> int | None:
    """"-0.00750" is what was taken from the account: 7,500 millionths."""
    try:
        return None if price is None else abs(int(Decimal(price) * 1_000_000))
    except InvalidOperation:
        return None


def _seconds(retry_after: str | None) -> float | None:
    """As a number of seconds; the other form, a date, is not worth reading here."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
