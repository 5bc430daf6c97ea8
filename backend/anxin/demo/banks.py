"""Two simulated banks, each behind a real transport, with books of its own (`bank_books.py`).

    HttpHouse     over HTTP: orders by POST, files since a cursor, the balance. Answers pain.002, then camt.054.
    FolderHouse   over a folder, as host-to-host exchange by SFTP: orders in `in/`, answers in `out/`. Answers camt.054 only,
                  batched: a round late, the last first, and some of them twice.

`async with` opens the door; with `every_seconds` the bank works by itself, without it a test says when (`advance`, `book`).
What the operator's server and the bank's own teller are pointed at is `url`.
"""

import asyncio
import base64
import contextlib
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
from aiohttp import web

from anxin.core.clock import now
from anxin.demo.bank_books import BankBooks, Letter, Refused, replace
from anxin.demo.bank_files import OLD_NOTICE, Entry

# Ways to fail, met by the next orders, one each. Before anything is taken:
UNAVAILABLE, HUNG_UP = "unavailable", "hung up"
# and after:
LOST_REPLY, SILENT = "taken, reply lost", "taken, silent"
PAGE: Final = 50  # files
MAX_ORDER_BYTES: Final = 32 * 1024 * 1024


class _House(BankBooks):
    """A bank that may work by itself."""

    def __init__(self, name: str, file: Path | None = None, *, every_seconds: float | None = None) -> None:
        super().__init__(name, file)
        self._every_seconds = every_seconds
        self._working: asyncio.Task[None] | None = None

    def _begin(self) -> None:
        if self._every_seconds is not None:
            self._working = asyncio.create_task(self._work(self._every_seconds))

    async def _end(self) -> None:
        if self._working is not None:
            self._working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._working

    async def _work(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self.advance()


class HttpHouse(_House):
    """Bank A. `faults` are met by the next orders; while `outage` is set nobody gets through. `token`: what callers show."""

    def __init__(
        self, name: str = "bank-a", file: Path | None = None, *, port: int = 0, token: str = "",
        every_seconds: float | None = None, silent_seconds: float = 30,
    ) -> None:  # fmt: skip
        super().__init__(name, file, every_seconds=every_seconds)
        self.url = ""
        self.token, self.faults, self.outage = token, deque[str](), False
        self._port, self._silent_seconds = port, silent_seconds

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=MAX_ORDER_BYTES)
        application.router.add_post("/orders", self._order)
        application.router.add_get("/files", self._files)
        application.router.add_get("/balance", self._balance)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()
        await self._runner.cleanup()

    async def _order(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else ""
        if (closed := self._closed(request)) is not None:
            return closed
        if fault == UNAVAILABLE:
            return _answer(503, reason="try again later")
        if fault == HUNG_UP:
            return _hang_up(request)
        try:
            message_id = self.take(await request.read())
        except Refused as reason:
            return _answer(422, reason=str(reason))
        if fault == LOST_REPLY:
            return _hang_up(request)
        if fault == SILENT:
            await asyncio.sleep(self._silent_seconds)
        return _answer(202, messageId=message_id)

    async def _files(self, request: web.Request) -> web.StreamResponse:
        """Files after the cursor, which is how many somebody has had."""
        if (closed := self._closed(request)) is not None:
            return closed
        start = int(request.query.get("after") or 0)
        some = self.books.letters[start : start + PAGE]
        files = [{"name": each.name, "content": base64.b64encode(each.content.encode()).decode()} for each in some]
        return _answer(200, files=files, cursor=str(start + len(some)))

    async def _balance(self, request: web.Request) -> web.StreamResponse:
        return self._closed(request) or _answer(200, **balance_document(self))

    def _closed(self, request: web.Request) -> web.StreamResponse | None:
        if self.outage:
            return _answer(503, reason="closed")
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return _answer(401, reason="who are you")
        return None


class FolderHouse(_House):
    """Bank B. What it refuses is told by a file of its own beside the answers: `out/<MsgId>.refused`."""

    reports = False

    def __init__(
        self, folder: Path, name: str = "bank-b", file: Path | None = None, *, every_seconds: float | None = None
    ) -> None:
        super().__init__(name, file, every_seconds=every_seconds)
        self.folder = folder
        for each in ("in", "out", "done"):
            (folder / each).mkdir(parents=True, exist_ok=True)
        self.url = folder.absolute().as_uri()
        self._put_out()
        self.save()

    async def __aenter__(self) -> Self:
        self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    def advance(self) -> bool:
        done = any([self._collect(), super().advance()])
        self._say_balance()
        return done

    def publish(self) -> bool:
        """The last first, and the newest once more under another name."""
        late, self.books.held_back = self.books.held_back, []
        if late:
            twice = Letter(f"again-{late[-1].name}", late[-1].content)
            self.books.letters += [*reversed(late), twice]
            self._put_out()
        return bool(late)

    def repeat_files(self) -> None:
        super().repeat_files()
        for each in (self.folder / "out").glob("*.xml"):
            replace(each, each.read_bytes())

    def save(self) -> None:
        super().save()
        self._say_balance()

    def _say_balance(self) -> None:
        replace(self.folder / "out" / "balance.json", msgspec.json.encode(balance_document(self)))

    def _collect(self) -> bool:
        """Take what lies in `in/`, whole files only."""
        orders = sorted((self.folder / "in").glob("*.xml"))
        for order in orders:
            try:
                self.take(order.read_bytes())
            except Refused as reason:
                replace(self.folder / "out" / f"{order.stem}.refused", str(reason).encode())
            order.replace(self.folder / "done" / order.name)
        return bool(orders)

    def _put_out(self) -> None:
        """Write what is not there yet; all of one second, as such banks do."""
        for each in self.books.letters:
            file = self.folder / "out" / each.name
            if not file.exists():
                replace(file, each.content.encode())
                os.utime(file, (0, 0))

    def _write(self, name: str, content: bytes) -> None:
        self.books.held_back.append(Letter(name, content.decode()))

    def _write_notice(self, account: str, entries: Sequence[Entry], version: str = OLD_NOTICE) -> None:
        super()._write_notice(account, entries, version)


def balance_document(bank: BankBooks) -> dict[str, object]:
    return {"at": now().isoformat(), "amountFen": bank.balance_fen()}


def _answer(status: int, **document: object) -> web.Response:
    return web.json_response(document, status=status)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return _answer(500)
