"""A stand-in for Twilio on this machine: takes messages as the real API does, and shows them instead of sending them."""

import asyncio
import re
from base64 import b64encode
from dataclasses import dataclass, field
from secrets import token_hex

from aiohttp import web

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "demo"  # noqa: S105 - the stand-in's own
FROM = "+8610690000000"
BAD_NUMBER = 21211


@dataclass
class Sms:
    to: str
    body: str
    sid: str


@dataclass
class TwilioStandIn:
    """Listens on a free port of 127.0.0.1 inside `async with`. `refuse` maps numbers to the Twilio error they meet."""

    messages: list[Sms] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    origin: str = ""

    async def __aenter__(self) -> "TwilioStandIn":
        self._arrived = asyncio.Condition()
        application = web.Application()
        application.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self._take)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.origin = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def settings(self) -> dict[str, str]:
        """The environment that points Anxin here."""
        return {
            "ANXIN_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "ANXIN_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "ANXIN_TWILIO_FROM": FROM,
            "ANXIN_TWILIO_API_URL": self.origin,
        }

    async def code_for(self, phone: str, *, timeout_seconds: float = 60) -> str:
        """Return the newest one-time code sent to a number, waiting for it. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds), self._arrived:
            while (code := self._newest_code(phone)) is None:
                await self._arrived.wait()
            return code

    def _newest_code(self, phone: str) -> str | None:
        for sms in reversed(self.messages):
            if sms.to == phone and (match := re.search(r"(?:验证码 |code is )(\d{6})", sms.body)):
                return match[1]
        return None

    async def _take(self, request: web.Request) -> web.Response:
        expected = "Basic " + b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if request.match_info["sid"] != ACCOUNT_SID or request.headers.get("authorization") != expected:
            return _error(401, 20003, "Authenticate")
        form = await request.post()
        to, body = str(form.get("To", "")), str(form.get("Body", ""))
        if to in self.refuse:
            return _error(400, self.refuse[to], "refused")
        if not re.fullmatch(r"\+\d{8,15}", to) or not body:
            return _error(400, BAD_NUMBER, f"The 'To' number {to} is not a valid phone number.")
        sms = Sms(to, body, "SM" + token_hex(16))
        async with self._arrived:
            self.messages.append(sms)
            self._arrived.notify_all()
        answer = {"sid": sms.sid, "status": "queued", "to": to, "from": str(form.get("From")), "body": body}
        return web.json_response(answer, status=201)


def _error(status: int, code: int, message: str) -> web.Response:
    document = {"code": code, "message": message, "status": status, "more_info": f"https://www.twilio.com/docs/errors/{code}"}
    return web.json_response(document, status=status)
