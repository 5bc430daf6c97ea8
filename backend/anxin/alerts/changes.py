"""Changes of keys, payouts and numbers: announced and done, told to the present number and to those of the last month.

Whoever takes over a number changes it first and the payout next: the owner still hears of the second step.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.models import Message
from anxin.alerts.service import tell, worker_of
from anxin.core.clock import now
from anxin.core.events import Event
from anxin.core.jobs import Payload
from anxin.core.sealing import sealer
from anxin.people.models import Worker

FORMER_FOR: Final = timedelta(days=30)


async def tell_payout_proposed(session: AsyncSession, event: Event) -> None:
    """From when, and what to do. A wish for the present payout gives up a change that waited."""
    worker = await worker_of(session, event.args["workerId"])
    if worker is None:
        return
    if event.args["payout"] == worker.payout:
        await _tell_all(session, worker, "payout_change_withdrawn", event.key)
    else:
        await _tell_all(session, worker, "payout_change_announced", event.key, until=_instant(event))


async def tell_payout_withdrawn(session: AsyncSession, event: Event) -> None:
    await _tell(session, event, "payout_change_withdrawn")


async def tell_payout_changed(session: AsyncSession, event: Event) -> None:
    await _tell(session, event, "payout_changed")


async def tell_recovery_proposed(session: AsyncSession, event: Event) -> None:
    await _tell(session, event, "recovery_announced", until=_instant(event))


async def tell_recovery_cancelled(session: AsyncSession, event: Event) -> None:
    await _tell(session, event, "recovery_cancelled")


async def tell_key_changed(session: AsyncSession, event: Event) -> None:
    await _tell(session, event, "key_changed")


async def tell_phone_changed(session: AsyncSession, payload: Payload) -> None:
    """Job `phone_changed`: the old number and the new one are told.

    Args:
        payload: `worker` is their primary key, `sealedOldPhone` sealed text or null, `change` unique to this change.
    """
    worker = await session.get_one(Worker, payload["worker"])
    if payload["sealedOldPhone"] is not None:
        old = sealer().open(payload["sealedOldPhone"].encode())
        await tell(session, worker, "phone_changed_old", payload["change"], to_phone=old)
    if worker.phone is not None:
        await tell(session, worker, "phone_changed_new", payload["change"], to_phone=worker.phone)


async def tell_number_notice(session: AsyncSession, payload: Payload) -> None:
    """Job `number_notice`: another number was asked for, or given up. The number on record is told, and former ones.

    Args:
        payload: `worker` is their primary key, `kind` of the message, `change` unique to this change, `until` Unix seconds.
    """
    worker = await session.get_one(Worker, payload["worker"])
    until = datetime.fromtimestamp(payload["until"], UTC)
    await _tell_all(session, worker, payload["kind"], f"{payload['change']}", until=until)


async def _tell(session: AsyncSession, event: Event, kind: str, **values: Any) -> None:
    worker = await worker_of(session, event.args["workerId"])
    if worker is not None:
        await _tell_all(session, worker, kind, event.key, **values)


async def _tell_all(session: AsyncSession, worker: Worker, kind: str, key: str, **values: Any) -> None:
    await tell(session, worker, kind, key, **values)
    for place, number in enumerate(await _former_numbers(session, worker)):
        await tell(session, worker, kind, f"{key}:former:{place}", to_phone=number, **values)


async def _former_numbers(session: AsyncSession, worker: Worker) -> list[str]:
    """The numbers that were this worker's within a month, oldest first."""
    told = await session.scalars(
        select(Message.to_phone)
        .where(
            Message.worker_pk == worker.id, Message.kind == "phone_changed_old",
            Message.created_at > now() - FORMER_FOR,
        )
        .order_by(Message.id)
    )  # fmt: skip
    return [number for number in dict.fromkeys(told) if number is not None and number != worker.phone]


def _instant(event: Event) -> datetime:
    return datetime.fromtimestamp(event.args["effectiveAt"], UTC)
