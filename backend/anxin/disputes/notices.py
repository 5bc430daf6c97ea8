"""Telling a worker how their dispute goes, where the event alone does not say whose it is."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts import service as alerts
from anxin.core.events import Event
from anxin.core.money import yuan
from anxin.disputes.models import Dispute
from anxin.disputes.progress import dispute_of
from anxin.people.models import Worker


async def tell_answered(session: AsyncSession, event: Event) -> None:
    await _tell(session, event, "answered", admitted=yuan(event.args["admitted"]))


async def tell_stood(session: AsyncSession, event: Event) -> None:
    await _tell(session, event, "claim_stood")


async def tell_resolved(session: AsyncSession, event: Event) -> None:
    await _tell(session, event, "resolved", granted=yuan(event.args["granted"]))


async def _tell(session: AsyncSession, event: Event, kind: str, **values: str) -> None:
    dispute = await dispute_of(session, event)
    worker = None if dispute is None else await _worker(session, dispute)
    if dispute is not None and worker is not None:
        await alerts.tell(
            session, worker, kind, event.key, escrow=event.address, asked=yuan(dispute.asked_fen), **values
        )


async def _worker(session: AsyncSession, dispute: Dispute) -> Worker | None:
    found: Worker | None = await session.scalar(select(Worker).where(Worker.worker_id == dispute.worker_id))
    return found
