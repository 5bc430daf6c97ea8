"""What did not go by SMS goes another way: a worker's notices on their page, the bureau's desk."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.delivery import OPTED_OUT_REASON
from anxin.alerts.models import FAILED, HELD, UNDELIVERED, DeskNotice, Message, OptOut
from anxin.alerts.schemas import DeskNotices, DeskNoticeView, Notice, Notices
from anxin.core.sealing import sealer
from anxin.people.models import Worker
from anxin.projects.models import Project

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


async def desk_of(session: AsyncSession, project: Project) -> DeskNotices:
    """Return who wrote that something is wrong on this project, by the id the chain knows them by."""
    rows = await session.execute(
        select(DeskNotice.written_at, Worker.worker_id)
        .join(Worker, Worker.id == DeskNotice.worker_pk)
        .where(DeskNotice.project_pk == project.id)
        .order_by(DeskNotice.id.desc())
        .limit(SHOWN)
    )
    return DeskNotices([DeskNoticeView("0x" + worker_id.hex(), written_at) for written_at, worker_id in rows])


def _because(message: Message) -> str:
    if message.state != HELD:
        return "unreachable"
    return "stopped" if message.reason == OPTED_OUT_REASON else "limit"
