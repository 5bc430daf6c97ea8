"""One call to the platform: a signed form out, a code and an answer back.

Raises are of two kinds. `NoAnswer`: nobody knows whether it was taken. `Refused`: it was not; `for_now` where that is no
fault of what was sent (the signature, the access, the rate), and it goes out again.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Self

import httpx
import msgspec

from anxin.core import platform_sign
from anxin.core.clock import SITE_ZONE, now
from anxin.realname.calls import RESULT_QUERY
from anxin.realname.cipher import with_secrets_encrypted
from anxin.settings import Settings

ANSWER_WITHIN_SECONDS = 20.0
# The standard's codes: -2 signature, -3 no access, -4 address not allowed, -5 too many calls.
NOT_THE_CONTENT = frozenset({-2, -3, -4, -5})
HANDLED, FAILED = 20, 10


class NoAnswer(Exception):
    """The platform did not answer, or not in its own form."""


class Refused(Exception):
    """The platform said no, in these words."""

    def __init__(self, message: str, *, for_now: bool) -> None:
        super().__init__(message)
        self.for_now = for_now


@dataclass(frozen=True)
class Handled:
    """What became of a call that was taken. `done` is nothing while the platform is at it."""

    done: bool | None
    result: Any = None


class Platform:
    """The platform with one appid. Close it in the end, or use it in `async with`."""

    def __init__(self, url: str, appid: str, secret: str, *, answer_within_seconds: float = ANSWER_WITHIN_SECONDS) -> None:
        self._url, self._appid, self._secret = url, appid, secret
        self._http = httpx.AsyncClient(timeout=answer_within_seconds, follow_redirects=False)

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return the platform of the settings; nothing where it is not set up."""
        given = settings.realname_url, settings.realname_appid, settings.realname_secret
        return cls(*given) if all(given) else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, method: str, data: str) -> tuple[str | None, Any]:
        """Return the number under which the platform works on it, or nothing and the answer where it is done at once.

        Raises NoAnswer, Refused.
        """
        content = with_secrets_encrypted(msgspec.json.decode(data), self._secret)
        answer = await self._call(method, msgspec.json.encode(content).decode())
        serial = answer.get("requestSerialCode") if isinstance(answer, dict) else None
        return (serial, None) if isinstance(serial, str) and serial else (None, answer)

    async def result(self, serial: str) -> Handled:
        """Return what became of a call. Raises NoAnswer, Refused."""
        answer = await self._call(RESULT_QUERY, msgspec.json.encode({"requestSerialCode": serial}).decode())
        answer = answer if isinstance(answer, dict) else {}
        status = str(answer.get("status", ""))
        done = True if status == str(HANDLED) else False if status == str(FAILED) else None
        return Handled(done, _plain(answer.get("result")))

    async def _call(self, method: str, data: str) -> Any:
        form = {
            "appid": self._appid, "data": data, "format": "json", "method": method, "nonce": secrets.token_hex(16),
            "timestamp": now().astimezone(SITE_ZONE).strftime("%Y%m%d%H%M%S"), "version": "1.0",
        }  # fmt: skip
        form["sign"] = platform_sign.sign(form, self._secret)
        try:
            response = await self._http.post(self._url, data=form)
            response.raise_for_status()
            answer = msgspec.json.decode(response.content)
            code, message = int(answer["code"]), str(answer.get("message") or "")
        except (httpx.HTTPError, msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise NoAnswer(f"{type(error).__name__}") from error  # its text may hold the form
        if code != 0:
            raise Refused(f"{code} {message}".strip(), for_now=code in NOT_THE_CONTENT)
        return answer.get("data")


def _plain(result: Any) -> Any:
    """The platform gives some results as JSON within JSON."""
    if not isinstance(result, str):
        return result
    try:
        return msgspec.json.decode(result)
    except msgspec.DecodeError:
        return result
