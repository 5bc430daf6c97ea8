"""Telling a worker that their attendance is to be changed, and that it was: old → new, both times."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.models import DELIVERED, SENT, Message
from anxin.alerts.service import tell
from anxin.attendance import corrections, words
from anxin.attendance.models import Correction
from anxin.attendance.states import EFFECTIVE, PROPOSED
from anxin.core.jobs import Payload
from anxin.core.language import preferred
from anxin.people.models import Worker
from anxin.projects.models import Project

KINDS = {PROPOSED: "attendance_proposed", EFFECTIVE: "attendance_corrected"}


async def tell_correction(session: AsyncSession, payload: Payload) -> None:
    """Job `correction_notice`. `payload`: `correction` is its number in hexadecimal, `state` what it is now."""
    row = await session.get_one(Correction, bytes.fromhex(payload["correction"]))
    worker = await session.get_one(Worker, row.worker_pk)
    project = await session.get_one(Project, row.project_pk)
    old, new = words.old_and_new(row.content, preferred(worker.language))
    kind, key = KINDS[payload["state"]], corrections.notice_key(row, payload["state"])
    await tell(session, worker, kind, key, escrow=project.escrow, old=old, new=new)


async def told_at(session: AsyncSession, key: str) -> datetime | None:
    """When the message that announced a correction went out; None where it has not, or did not arrive."""
    found: datetime | None = await session.scalar(
        select(Message.sent_at).where(
            Message.key == f"{KINDS[PROPOSED]}:{key}", Message.state.in_((SENT, DELIVERED)), Message.sent_at.is_not(None)
        )
    )
    return found
