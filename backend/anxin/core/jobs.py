"""The outbox: work that follows from a write, kept in the same transaction as the write.

A job runs at least once, after its transaction has committed; handlers are therefore idempotent. `wiring.ON_JOB` says which
handler a job goes to. A job that keeps failing is held for a person to look at, never dropped.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pgqueuer.queries import Queries
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.database import driver_of

Payload = dict[str, Any]


async def enqueue(
    session: AsyncSession, job: str, payload: Payload, *, after_seconds: float = 0, priority: int = 0
) -> None:
    """Keep `job` for later, if and when the session's transaction commits."""
    await Queries(await driver_of(session)).enqueue(
        job, json.dumps(payload).encode(), priority, timedelta(seconds=after_seconds)
    )


async def enqueue_all(session: AsyncSession, job: str, payloads: Sequence[Payload]) -> None:
    """`enqueue` for several jobs of a kind at the price of one."""
    if payloads:
        await Queries(await driver_of(session)).enqueue(
            [job] * len(payloads), [json.dumps(payload).encode() for payload in payloads], [0] * len(payloads)
        )


def decode(payload: bytes | None) -> Payload:
    decoded: Payload = json.loads(payload or b"{}")
    return decoded
