"""Setting a worker back when an event that was final is not on the chain after all: the reverse of enrolment.py."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.events import Event
from anxin.core.history import Earlier
from anxin.people.enrolment import record_enrolled, record_key_changed, record_payout_changed, worker_of
from anxin.people.models import Enrolment

RECORD = {"Enrolled": record_enrolled, "KeyChanged": record_key_changed, "PayoutChanged": record_payout_changed}


async def unrecord_key_or_payout(session: AsyncSession, event: Event, *, earlier: Earlier) -> None:
    """The worker's key and payout are what the events say that stay; none of them: not enrolled, and on the way to it.

    The payout of somebody who is not enrolled is the one they asked to be enrolled with. An enrolment that was refused
    because another came first stays refused: its worker signs again.
    """
    worker = await worker_of(session, event)
    if worker is None:
        return
    worker.assurance = worker.x = worker.y = None
    await session.flush()
    await session.execute(
        update(Enrolment)
        .where(Enrolment.worker_pk == worker.id, Enrolment.state == relayed.DONE)
        .values(state=relayed.on_its_way(Enrolment))
    )
    for each in await earlier(session, event, RECORD, workerId=event.args["workerId"]):
        await RECORD[each.name](session, each)
    await session.flush()
