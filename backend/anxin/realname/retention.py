"""The end of what uploads hold of people: three years after they were made, taken or not.

What was taken holds nothing already; this is of what the platform never took, and of its words, which may name somebody.
"""

from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.realname.models import Upload


async def shred_uploads(session: AsyncSession, before: datetime) -> None:
    """Destroy the contents of uploads made before an instant. Done again it finds none."""
    await session.execute(
        update(Upload)
        .where(Upload.created_at < before, or_(Upload.data.is_not(None), Upload.message.is_not(None)))
        .values(data=None, message=None)
    )
