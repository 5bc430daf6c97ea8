"""What lies between the processes and can fail: the way to PostgreSQL, and Twilio. The way to the node: rpc_faults.py."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import web

from anxin.demo.twilio_standin import Sms, TwilioStandIn

CUT_BEFORE, CUT_AFTER = "PostgreSQL cut before a commit", "PostgreSQL cut after a commit, unanswered"
COMMITTED_WITHIN_SECONDS = 0.05
# Of PostgreSQL's protocol: Parse, with a statement's name and text, and Bind, with the name of what is run.
KEEPS = re.compile(rb"P.{4}(\w+)\0[^\0]*INSERT INTO confirmations", re.DOTALL)
RUNS = re.compile(rb"B.{4}\w*\0(\w+)\0", re.DOTALL)
LOST = (OSError, EOFError, asyncio.IncompleteReadError)


class PostgresWire:
    """Forwards connections. `share` of the commits are cut off: before the server hears of them, or before we hear of it.

    `fate` says what becomes of the next commit: CUT_BEFORE, CUT_AFTER, or None.
    """

    def __init__(self, target: Callable[[], tuple[str, int]], seed: int = 0) -> None:
        self._target, self._dice = target, Random(seed)  # noqa: S311, repeatable
        self.share, self.is_down = 0.0, False
        self.fate: Callable[[], str | None] = self._by_dice
        self.faults: Counter[str] = Counter()
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "PostgresWire":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut_all()

    def cut_all(self) -> int:
        """Drop every connection; return how many there were."""
        cut = [each for each in self._open if not each.is_closing()]
        for each in cut:
            each.close()
        return len(cut)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.is_down:
                return
            inside, out = await asyncio.open_connection(*self._target())
        except OSError:
            return
        finally:
            if self.is_down:
                writer.close()
        ours = {writer, out}
        self._open |= ours
        answers = asyncio.create_task(self._pump(inside, writer))
        try:
            await self._ask(reader, out, answers)
        except LOST:
            pass
        finally:
            answers.cancel()
            for each in ours:
                each.close()
            self._open -= ours

    async def _ask(self, reader: asyncio.StreamReader, out: asyncio.StreamWriter, answers: "asyncio.Task[None]") -> None:
        alone: set[bytes] = set()  # statements that commit by themselves
        while data := await reader.read(65536):
            alone.update(KEEPS.findall(data))
            fate = self.fate() if b"COMMIT;" in data or alone.intersection(RUNS.findall(data)) else None
            if fate is not None:
                self.faults[fate] += 1
            if fate == CUT_BEFORE:
                return
            if fate == CUT_AFTER:
                answers.cancel()  # nothing of what the server says goes back any more
            out.write(data)
            await out.drain()
            if fate == CUT_AFTER:
                await asyncio.sleep(COMMITTED_WITHIN_SECONDS)
                return

    def _by_dice(self) -> str | None:
        return self._dice.choice((CUT_BEFORE, CUT_AFTER)) if self._dice.random() < self.share else None

    async def _pump(self, inside: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*LOST):
            while data := await inside.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


_reference: ContextVar[str] = ContextVar("_reference")


class CountingTwilio(TwilioStandIn):
    """Counts what it has taken by the message's own number, and calls back in its own time: twice, or in a wrong order.

    `ahead`: how far its day has gone on, as the workers' has.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(silent_seconds=17)
        self._dice = Random(seed)  # noqa: S311, repeatable
        self.share = 0.0  # of callbacks that come twice, the last one first
        self.ahead = timedelta(0)
        self.taken: Counter[str] = Counter()
        self.met: Counter[str] = Counter()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        fault = self.outage or (self.faults[0] if self.faults else None)
        if fault is not None:
            self.met[fault] += 1
        callback = str((await request.post()).get("StatusCallback", ""))
        _reference.set(parse_qs(urlsplit(callback).query).get("m", ["?"])[0])
        return await super()._take(request)

    async def _keep(self, to: str, body: str) -> Sms:
        self.taken[_reference.get()] += 1
        sms = await super()._keep(to, body)
        sms.created = datetime.now(UTC) + self.ahead
        return sms

    async def _call_back(self, sms: Sms, url: str) -> None:
        await super()._call_back(sms, url)
        if self._dice.random() < self.share:
            self.met["callback again, the other way round"] += 1
            for status in reversed(self.statuses):
                sms.status = status
                await self._post(url, {"MessageSid": sms.sid, "MessageStatus": status, "To": sms.to})

    async def _post(self, url: str, form: dict[str, str]) -> str:
        try:
            return await super()._post(url, form)
        except aiohttp.ClientError:
            return ""  # nobody was there; like Twilio it is not said again
