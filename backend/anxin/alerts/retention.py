"""The end of messages: what people were told, and where, goes when the pay records do; that they were, and when, stays."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.models import InboundMessage, Message


async def shred_messages(session: AsyncSession, before: datetime) -> None:
    """Destroy words and numbers of messages older than an instant, and what people wrote. Done again it finds none."""
    await session.execute(
        update(Message)
        .where(Message.created_at < before, Message.body.is_not(None))
        .values(body=None, to_phone=None, tried_phone=None, phone_index=None)
    )
    await session.execute(delete(InboundMessage).where(InboundMessage.received_at < before))
