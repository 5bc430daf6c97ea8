"""Many jobs at once: they wait for each other, and take nobody else's connections.

Branches: no connection left for a while · releases one by one, others side by side · a call before what is still to prepare.
"""

import asyncio
from contextlib import nullcontext

import pytest
from pgqueuer.models import Job
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from anxin import worker
from anxin.core import calls, jobs
from anxin.core.calls import Call
from anxin.core.database import sessions_of, transaction
from anxin.worker import TRANSACTIONS_AT_ONCE, _in_transaction

JOBS = 3 * TRANSACTIONS_AT_ONCE
EACH_SECONDS, POOL_WAIT_SECONDS = 0.1, 0.15


async def test_jobs_wait_for_each_other_as_long_as_it_takes(database_url):
    """A wait for a connection of the pool has an end, and would be a failed attempt of a job that has done nothing wrong."""
    engine = create_async_engine(
        database_url, pool_size=TRANSACTIONS_AT_ONCE, max_overflow=0, pool_timeout=POOL_WAIT_SECONDS
    )
    done = []

    async def handler(session, payload):
        await session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": EACH_SECONDS})
        done.append(payload)

    handle = _in_transaction(sessions_of(engine), handler, asyncio.Semaphore(TRANSACTIONS_AT_ONCE), nullcontext())
    await asyncio.gather(*(handle(Job.model_construct(payload=b"{}")) for _ in range(JOBS)))
    await engine.dispose()

    assert JOBS == len(done)


class Work:
    """Handlers that note which kinds were at work together, and in what order they ended."""

    def __init__(self, *kinds):
        self.most, self.ended, self._now = dict.fromkeys(kinds, 0), [], dict.fromkeys(kinds, 0)
        self.handlers = {kind: self._of(kind) for kind in kinds}

    def _of(self, kind):
        async def handle(session, payload):
            self._now[kind] += 1
            self.most[kind] = max(self.most[kind], self._now[kind])
            await asyncio.sleep(0.02)
            self._now[kind] -= 1
            self.ended.append(kind)

        return handle


@pytest.fixture
def run_until(settings, sessions):
    async def run(work, count):
        stop = asyncio.Event()
        running = asyncio.create_task(worker._run_jobs(settings, sessions, work.handlers, {}, stop))
        async with asyncio.timeout(20):
            while len(work.ended) < count:
                await asyncio.sleep(0.01)
        stop.set()
        await running

    return run


async def test_releases_are_prepared_one_by_one_and_hold_nobody_else_up(sessions, run_until):
    work = Work("release", "relay", "other")
    async with transaction(sessions) as session:
        for kind in work.handlers:
            await jobs.enqueue_all(session, kind, [{}] * 10)

    await run_until(work, 30)

    assert {"release": 1, "relay": 1} == {kind: most for kind, most in work.most.items() if kind != "other"}
    assert work.most["other"] > 1


async def test_call_that_is_ready_goes_before_what_is_still_to_be_prepared(sessions, run_until):
    work = Work("release", "relay")
    async with transaction(sessions) as session:
        await jobs.enqueue_all(session, "release", [{}] * 150)
        await calls.relay(session, Call("a", "WageEscrow", "0x" + "e5" * 20, "release", {}))

    await run_until(work, 151)

    assert work.ended.index("relay") < 5
