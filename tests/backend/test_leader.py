"""One leads; whoever says nothing for long leads no more.

Branches: a long step of somebody alive keeps the lead · frozen: another leads · and it learns so when it wakes · waiting
for the lead is no silence · what a frozen process has locked is let go.
"""

import asyncio
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from anxin.chain import leader
from anxin.core import database
from anxin.core.database import connect, sessions_of, transaction

SILENT_SECONDS = 0.6


@dataclass
class Member:
    """Somebody who wants to lead. A step takes until `go_on` is set."""

    steps: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self):
        self.steps += 1
        await self.go_on.wait()
        return False


@pytest.fixture
async def members(database_url, monkeypatch):
    """Two processes: a frozen one could not share its connections with the other."""
    monkeypatch.setattr(leader, "SILENT_SECONDS", SILENT_SECONDS)
    stop, running, engines = asyncio.Event(), [], []
    both = Member(), Member()

    async def begin(member):
        engines.append(connect(database_url))
        running.append(asyncio.create_task(leader.lead(sessions_of(engines[-1]), "x", member.step, stop, poll_seconds=0.05)))
        await asyncio.sleep(0.3)

    with capture_logs():  # a traceback with all its locals takes seconds to print, and that is a long silence
        for member in both:
            await begin(member)
        yield both
        stop.set()
        for member in both:
            member.go_on.set()
        await asyncio.gather(*running)
    for engine in engines:
        await engine.dispose()


async def until(is_so, seconds=10):
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


async def test_long_step_of_somebody_alive_keeps_the_lead(members):
    first, second = members

    await asyncio.sleep(3 * SILENT_SECONDS)
    assert (1, 0) == (first.steps, second.steps)

    first.go_on.set()
    await until(lambda: first.steps > 5)
    assert 0 == second.steps


@pytest.fixture
def frozen(monkeypatch):
    """Whoever begins to lead from now on is not heard of during its steps."""

    async def say_nothing(line):
        await asyncio.Event().wait()

    monkeypatch.setattr(leader._Line, "stay", say_nothing)


async def test_frozen_leader_leads_no_more_and_learns_so_when_it_wakes(frozen, members):
    first, second = members
    second.go_on.set()

    await until(lambda: second.steps > 0)
    assert 1 == first.steps
    first.go_on.set()
    before = second.steps
    await until(lambda: second.steps > before + 5)

    assert 1 == first.steps, "it steps on only where it leads"


async def test_what_a_frozen_process_has_locked_is_let_go(database_url, monkeypatch):
    monkeypatch.setitem(database.LET_GO, "idle_in_transaction_session_timeout", "300ms")
    engine = connect(database_url)
    sessions, lock = sessions_of(engine), text("SELECT pg_advisory_xact_lock(7)")
    async with sessions() as frozen:
        await frozen.execute(lock)
        async with asyncio.timeout(5), transaction(sessions) as other:
            await other.execute(lock)

        with pytest.raises(DBAPIError):
            await frozen.execute(lock)
    await engine.dispose()
