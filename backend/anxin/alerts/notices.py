"""What did not go by SMS goes another way: a worker's notices on their page."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.delivery import OPTED_OUT_REASON
from anxin.alerts.models import FAILED, HELD, UNDELIVERED, Message, OptOut
from anxin.alerts.schemas import Notice, Notices
from anxin.core.sealing import sealer
from anxin.people.models import Worker

SHOWN: Final = 100


async def notices_of(session: AsyncSession, worker: Worker) -> Notices:
    """Return what this worker was to be told and was not, newest first. What went to a former number is not shown."""
    rows = await session.scalars(
        select(Message)
        .where(
            Message.worker_pk == worker.id, Message.to_phone.is_(None), Message.body.is_not(None),
            Message.state.in_((HELD, FAILED, UNDELIVERED)),
        )
        .order_by(Message.id.desc())
        .limit(SHOWN)
    )
    stopped = worker.phone is not None and await session.get(OptOut, sealer().index(worker.phone)) is not None
    return Notices(stopped, [Notice(row.id, row.kind, row.body or "", row.created_at, _because(row)) for row in rows])


def _because(message: Message) -> str:
    if message.state != HELD:
        return "unreachable"
    return "stopped" if message.reason == OPTED_OUT_REASON else "limit"
