"""Many jobs at once: they wait for each other, and take nobody else's connections."""

import asyncio

from pgqueuer.models import Job
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from anxin.core.database import sessions_of
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

    handle = _in_transaction(sessions_of(engine), handler, asyncio.Semaphore(TRANSACTIONS_AT_ONCE))
    await asyncio.gather(*(handle(Job.model_construct(payload=b"{}")) for _ in range(JOBS)))
    await engine.dispose()

    assert JOBS == len(done)
