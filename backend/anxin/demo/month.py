"""The month so far: which of its events are final, waiting for more of them, telling what came, and the summary."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, select

from anxin.alerts.models import QUEUED, SENDING, Message
from anxin.audit.books import EscrowBooks
from anxin.audit.service import audit
from anxin.chain.finality import event_of
from anxin.chain.indexer import heights
from anxin.chain.models import FINAL, ChainEvent
from anxin.chain.reader import read_events
from anxin.chain.rpc import Rpc
from anxin.core.database import Sessions
from anxin.core.events import Event
from anxin.people.models import Worker
from anxin.stack import CannotStart, Stack

T = TypeVar("T")

DISPUTE_OPENERS = ("Claimed", "Contested")
POLL_SECONDS = 0.15
PATIENCE_SECONDS = 90


@dataclass(kw_only=True)
class Month:
    """What has happened to the people of `roster` on the project of `escrow`."""

    stack: Stack
    rpc: Rpc
    http: httpx.AsyncClient
    sessions: Sessions
    console: Console
    escrow: str = ""
    roster: list[str] = field(default_factory=list)
    progress: Progress = field(default_factory=lambda: Progress(disable=True))

    # ---------------------------------------------------------------- what is already so

    async def events(self, name: str) -> list[Event]:
        """The month's final events of a name, in order."""
        async with self.sessions() as session:
            rows = await session.scalars(
                select(ChainEvent)
                .where(ChainEvent.name == name, ChainEvent.state == FINAL)
                .order_by(ChainEvent.block_number, ChainEvent.log_index)
            )
            events = [event_of(row) for row in rows]
        ids = set((await self.worker_ids()).values())
        return [event for event in events if _is_month(event, ids)]

    async def first_releases(self) -> list[Event]:
        """Of each line: one that the bank gave back is released again later."""
        first: dict[str, Event] = {}
        for event in await self.events("Released"):
            first.setdefault(event.args["workerId"], event)
        return list(first.values())

    async def worker_ids(self) -> dict[str, str]:
        async with self.sessions() as session:
            workers = await session.scalars(select(Worker).where(Worker.worker_no.in_(self.roster)))
            return {worker.worker_no: worker.hex_id for worker in workers}

    async def numbers_of(self, event_name: str) -> list[str]:
        numbers = {worker_id: number for number, worker_id in (await self.worker_ids()).items()}
        return [numbers[event.args["workerId"]] for event in await self.events(event_name)]

    async def enrolled(self) -> list[str]:
        return await self.numbers_of("Enrolled")

    async def joined(self) -> list[str]:
        return await self.numbers_of("Joined")

    async def released(self) -> list[str]:
        """Who has been paid, or has been once."""
        return list(dict.fromkeys(await self.numbers_of("Released")))

    async def all_told(self) -> bool:
        async with self.sessions() as session:
            under_way = select(func.count()).select_from(Message).where(Message.state.in_((QUEUED, SENDING)))
            return not await session.scalar(under_way)

    # ---------------------------------------------------------------- waiting and telling

    async def until(self, look: Callable[[], Awaitable[T]], what: str) -> T:
        """Return the first answer that is not empty. Raises CannotStart when patience runs out."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := await look()):
            if time.monotonic() > deadline:
                raise CannotStart(f"waited {PATIENCE_SECONDS} s until {what}: see the logs in {self.stack.state}")
            await asyncio.sleep(POLL_SECONDS)
        return found

    async def fill(self, title: str, look: Callable[[], Awaitable[list[str]]], total: int) -> None:
        """Show a bar until `look` has found `total`."""
        task = self.progress.add_task(title, total=total)

        async def full() -> bool:
            found = len(await look())
            self.progress.update(task, completed=found)
            return found >= total

        await self.until(full, title)
        self.progress.remove_task(task)

    async def say(self, title: str, started: float, events: list[Event], what: str) -> None:
        seconds = time.monotonic() - started
        hashes = list(dict.fromkeys(event.tx_hash for event in events))
        receipts = await self.rpc.batch([("eth_getTransactionReceipt", (tx,)) for tx in hashes])
        gas = sum(int(receipt["gasUsed"], 16) for receipt in receipts)
        shown = f"{hashes[0]}{f'  and {len(hashes) - 1} more' if len(hashes) > 1 else ''}" if hashes else "already done"
        per_event = f" ({gas // len(events):,} each)" if len(events) > 1 else ""
        self.console.print(f"[bold green]✓[/] [bold]{title}[/]  [dim]{seconds:.1f} s[/]")
        self.console.print(f"    {what}")
        self.console.print(f"    [dim]tx {shown} · gas {gas:,}{per_event}[/]", soft_wrap=True, highlight=False)

    # ---------------------------------------------------------------- the end

    async def summary(self) -> dict[str, Any]:
        """What happened, from the chain's events alone; only the message count is ours."""
        async with self.sessions() as session:
            _, block = await heights(session)
            audited = await audit(self.rpc, self.stack.deployment, block, session)
            sms = await session.scalar(select(func.count()).select_from(Message).where(Message.provider_id.is_not(None)))
        ids = set((await self.worker_ids()).values())
        every = await read_events(self.rpc, self.stack.deployment, block)
        disputes = {each.args["disputeId"] for each in every if each.name in DISPUTE_OPENERS and _is_month(each, ids)}
        events = [each for each in every if _is_month(each, ids, disputes)]
        books = audited.escrows.get(self.escrow, EscrowBooks())
        released = [event for event in events if event.name == "Released"]
        returned = [event for event in events if event.name == "LineReturned"]
        count = Counter(event.name for event in events)
        return {
            "workers": len(self.roster),
            "releasedFen": _fen(released) - _fen(returned),  # of lines; what disputes granted is not among it
            "contested": count["Contested"],
            "unsigned": sum(event.args["assurance"] == 0 for event in released),
            "claimsStood": count["ClaimStood"],
            "resolved": count["Resolved"],
            "settled": count["LineSettled"] + count["DisputeSettled"],
            "sms": sms,
            "txHashes": list(dict.fromkeys(event.tx_hash for event in events)),
            "auditOk": audited.ok and len(books.released) >= len(self.roster),
        }


def _fen(events: list[Event]) -> int:
    return sum(event.args["amount"] for event in events)


def _is_month(event: Event, worker_ids: set[str], disputes: set[int] | None = None) -> bool:
    """Whether an event is the month's: not a visitor's sheet, key or dispute, and not the bank's mirror."""
    if event.name in ("Minted", "Burned") or event.args.get("sheetId", 0) != 0:
        return False
    if disputes is not None and event.args.get("disputeId", -1) not in {*disputes, -1}:
        return False
    return event.args.get("workerId") in worker_ids if "workerId" in event.args else True
