"""Setting a day's root back when its anchoring was final and is not on the chain after all: the reverse of witnesses.py."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance.models import AttendanceRoot
from anxin.attendance.witnesses import anchored_root
from anxin.core import relayed
from anxin.core.events import Event


async def unrecord_anchored(session: AsyncSession, event: Event) -> None:
    """Ours waits for its transaction, or for its witnesses; one that another root had come before may be anchored again."""
    root = await anchored_root(session, event)
    if root is not None:
        state = relayed.on_its_way(AttendanceRoot)
        await session.execute(
            update(AttendanceRoot).where(AttendanceRoot.id == root.id).values(state=state, anchored_at=None, reason=None)
        )
