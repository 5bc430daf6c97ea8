"""What a person must look at: raised once, kept until it is over. /api/health shows what is open.

No personal data: a subject is an address, a block or the name of a part of this system.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.models import Alarm
from anxin.core.clock import now

CHAIN_CHANGED = "chain changed"  # reading and writing the chain has stopped
LOW_BALANCE = "low balance"
KEY_USED_ELSEWHERE = "key used elsewhere"
NONCE_UNEXPLAINED = "use of a nonce unexplained"
BLOCKS_REVERSED = "blocks reversed"
FEES_TOO_HIGH = "fees above the ceiling"
BOOKS_DIFFER = "books differ"  # the ledger's from the contract's own, at a final block

log = structlog.get_logger()


async def raise_alarm(session: AsyncSession, kind: str, subject: str, text: str) -> None:
    """Open an alarm, or renew its text where it is open. `text` says what is wrong and what to do."""
    at = now()
    new = insert(Alarm).values(kind=kind, subject=subject, text=text, raised_at=at)
    known = select(Alarm.text).where(Alarm.kind == kind, Alarm.subject == subject, Alarm.cleared_at.is_(None))
    if await session.scalar(known) == text:
        return
    await session.execute(
        new.on_conflict_do_update(
            index_elements=[Alarm.kind, Alarm.subject], set_={"text": text, "raised_at": at, "cleared_at": None}
        )
    )
    log.error("alarm", kind=kind, subject=subject, text=text)


async def clear_alarm(session: AsyncSession, kind: str, subject: str) -> bool:
    """Close an alarm. Return whether it was open."""
    cleared = await session.scalars(
        update(Alarm)
        .where(Alarm.kind == kind, Alarm.subject == subject, Alarm.cleared_at.is_(None))
        .values(cleared_at=now())
        .returning(Alarm.subject)
    )
    return cleared.first() is not None


async def open_alarms(session: AsyncSession) -> Sequence[Alarm]:
    """Oldest first."""
    return (await session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at))).all()
