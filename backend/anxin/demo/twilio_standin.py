"""A stand-in for Twilio on this machine: takes messages as the real API does, and shows them instead of sending them.

It can fail in each of Twilio's ways, lists what it has taken, calls back with what became of it, and writes as people do.
"""

import asyncio
import re
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from secrets import token_hex
from typing import Any, Final

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "demo"  # noqa: S105 - the stand-in's own
FROM = "+8610690000000"
BAD_NUMBER = 21211
RETRY_AFTER_SECONDS = 7
PRICE = "-0.00790"

# Ways to fail. Before anything is taken:
WRONG_CREDENTIALS, RATE_LIMITED, UNAVAILABLE = "wrong credentials", "rate limited", "unavailable"
SERVER_ERROR, SILENT, HUNG_UP = "server error", "silent", "hung up"
# and after it was taken:
TAKEN_SERVER_ERROR, TAKEN_SILENT, TAKEN_HUNG_UP = "taken, server error", "taken, silent", "taken, hung up"
TAKEN_MALFORMED, TAKEN_NAMELESS, SLOW = "taken, malformed answer", "taken, nameless answer", "slow"
NOTHING_TAKEN: Final = (WRONG_CREDENTIALS, RATE_LIMITED, UNAVAILABLE, SERVER_ERROR, SILENT, HUNG_UP)
TAKEN_UNSAID: Final = (TAKEN_SERVER_ERROR, TAKEN_SILENT, TAKEN_HUNG_UP, TAKEN_MALFORMED, TAKEN_NAMELESS)


@dataclass
class Sms:
    to: str
    body: str
    sid: str
    status: str = "queued"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def document(self) -> dict[str, Any]:
        """As Twilio's API shows it."""
        return {
            "sid": self.sid, "account_sid": ACCOUNT_SID, "status": self.status, "to": self.to, "from": FROM,
            "body": self.body, "num_segments": "1", "direction": "outbound-api", "error_code": None,
            "price": PRICE if self.status != "queued" else None, "price_unit": "USD",
            "date_created": format_datetime(self.created),
        }  # fmt: skip


@dataclass
class TwilioStandIn:
    """Listens on a free port of 127.0.0.1 inside `async with`.

    `refuse` maps numbers to the Twilio error they meet. `faults` are met by the next messages, one each; while `outage` is
    set everything meets it, questions too. `statuses` is what is called back for each message, in this order.
    """

    messages: list[Sms] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    faults: deque[str] = field(default_factory=deque)
    outage: str | None = None
    slow_seconds: float = 0.3
    silent_seconds: float = 60
    statuses: Sequence[str] = ("sent", "delivered")
    error_code: int | None = None
    callback_token: str = AUTH_TOKEN
    origin: str = ""

    async def __aenter__(self) -> "TwilioStandIn":
        self._arrived = asyncio.Condition()
        self._calls: set[asyncio.Task[None]] = set()
        self._http = aiohttp.ClientSession()
        application = web.Application()
        application.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", self._take)
        application.router.add_get("/2010-04-01/Accounts/{account}/Messages.json", self._list)
        application.router.add_get("/2010-04-01/Accounts/{account}/Messages/{sid}.json", self._show)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.origin = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for call in self._calls:
            call.cancel()
        await self._http.close()
        await self._runner.cleanup()

    @property
    def settings(self) -> dict[str, str]:
        """The environment that points Anxin here. A month is played in minutes, at any hour: no share and no night."""
        return {
            "ANXIN_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "ANXIN_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "ANXIN_TWILIO_FROM": FROM,
            "ANXIN_TWILIO_API_URL": self.origin,
            "ANXIN_QUIET_HOURS": "",
            "ANXIN_SMS_PER_HOUR": "1000",
            "ANXIN_SMS_PER_DAY": "1000",
            "ANXIN_SMS_LOOKUP_SECONDS": "2",
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

    # ---------------------------------------------------------------- what it is asked

    async def _take(self, request: web.Request) -> web.StreamResponse:
        fault = self.outage or (self.faults.popleft() if self.faults else None)
        refused = self._not_ours(request) or await self._fail(request, fault)
        if refused is not None:
            return refused
        form = await request.post()
        to, body = str(form.get("To", "")), str(form.get("Body", ""))
        if to in self.refuse:
            return _error(400, self.refuse[to], "refused")
        if not re.fullmatch(r"\+\d{8,15}", to) or not body:
            return _error(400, BAD_NUMBER, f"The 'To' number {to} is not a valid phone number.")
        sms = await self._keep(to, body)
        if callback := str(form.get("StatusCallback", "")):
            call = asyncio.create_task(self._call_back(sms, callback))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return await self._fail(request, fault, taken=True) or web.json_response(sms.document(), status=201)

    async def _keep(self, to: str, body: str) -> Sms:
        sms = Sms(to, body, "SM" + token_hex(16))
        async with self._arrived:
            self.messages.append(sms)
            self._arrived.notify_all()
        return sms

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """The newest first, of one number, as many as fit a page; the page is the only one."""
        refused = self._not_ours(request) or await self._fail(request, self.outage)
        if refused is not None:
            return refused
        size = int(request.query.get("PageSize", "50"))
        found = [sms.document() for sms in reversed(self.messages) if sms.to == request.query.get("To", sms.to)][:size]
        page = {"messages": found, "page": 0, "page_size": size, "uri": str(request.rel_url), "next_page_uri": None}
        return web.json_response(page)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        refused = self._not_ours(request) or await self._fail(request, self.outage)
        if refused is not None:
            return refused
        found = [sms for sms in self.messages if sms.sid == request.match_info["sid"]]
        return web.json_response(found[0].document()) if found else _error(404, 20404, "not found")

    def _not_ours(self, request: web.Request) -> web.Response | None:
        expected = "Basic " + b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if request.match_info["account"] != ACCOUNT_SID or request.headers.get("authorization") != expected:
            return _error(401, 20003, "Authenticate")
        return None

    async def _fail(self, request: web.Request, fault: str | None, *, taken: bool = False) -> web.StreamResponse | None:
        """Fail as `fault` says, where it is one of this moment's; None: go on."""
        if fault is None or (fault in NOTHING_TAKEN) == taken:
            return None
        if fault in (SILENT, TAKEN_SILENT, SLOW):
            await asyncio.sleep(self.slow_seconds if fault == SLOW else self.silent_seconds)
            return None if fault == SLOW else _error(504, 20504, "too late")
        if fault in (HUNG_UP, TAKEN_HUNG_UP) and request.transport is not None:
            request.transport.close()
        return ANSWERS[fault]()

    # ---------------------------------------------------------------- what it sends

    async def _call_back(self, sms: Sms, url: str) -> None:
        for status in self.statuses:
            sms.status = status
            form = {"MessageSid": sms.sid, "SmsSid": sms.sid, "MessageStatus": status, "To": sms.to, "From": FROM,
                    "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01"}  # fmt: skip
            if self.error_code is not None and status in ("undelivered", "failed"):
                form["ErrorCode"] = str(self.error_code)
            await self._post(url, form)

    async def write(self, sender: str, body: str, url: str, *, sid: str | None = None) -> str:
        """Write to our number as somebody's phone would; return the answer, TwiML."""
        form = {
            "MessageSid": sid or "SM" + token_hex(16), "From": sender, "To": FROM, "Body": body, "NumMedia": "0",
            "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01",
        }  # fmt: skip
        return await self._post(url, form)

    async def _post(self, url: str, form: dict[str, str]) -> str:
        headers = {"X-Twilio-Signature": sign(url, form, self.callback_token)}
        async with self._http.post(url, data=form, headers=headers) as answer:
            return await answer.text()


def sign(url: str, form: dict[str, str], token: str = AUTH_TOKEN) -> str:
    """As Twilio signs what it sends to `url`."""
    return str(RequestValidator(token).compute_signature(url, form))


def _error(status: int, code: int, message: str) -> web.Response:
    document = {"code": code, "message": message, "status": status, "more_info": f"https://www.twilio.com/docs/errors/{code}"}
    return web.json_response(document, status=status)


def _rate_limited() -> web.Response:
    answer = _error(429, 20429, "Too Many Requests")
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


ANSWERS: Final[dict[str, Callable[[], web.Response]]] = {
    WRONG_CREDENTIALS: lambda: _error(401, 20003, "Authenticate"),
    RATE_LIMITED: _rate_limited,
    UNAVAILABLE: lambda: _error(503, 20503, "Service Unavailable"),
    SERVER_ERROR: lambda: _error(500, 20500, "Internal Server Error"),
    HUNG_UP: lambda: _error(500, 20500, "nobody hears this"),
    TAKEN_SERVER_ERROR: lambda: _error(500, 20500, "Internal Server Error"),
    TAKEN_HUNG_UP: lambda: _error(500, 20500, "nobody hears this"),
    TAKEN_MALFORMED: lambda: web.Response(text='{"sid": "SM', status=201, content_type="application/json"),
    TAKEN_NAMELESS: lambda: web.json_response({"status": "queued"}, status=201),
}
