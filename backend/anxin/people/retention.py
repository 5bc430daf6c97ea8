"""The end of a worker's personal data: all goes at once, with the salt that ties the person to what the chain knows."""

from collections.abc import Collection

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import now
from anxin.people.models import NumberChange, Opening, RefreshToken, Worker


async def shred(session: AsyncSession, worker_pks: Collection[int]) -> int:
    """Destroy who these workers were; return how many had not been shredded before. Keys and amounts stay: nobody's now."""
    shredded = await session.scalars(
        update(Worker)
        .where(Worker.id.in_(worker_pks), Worker.shredded_at.is_(None))
        .values(
            name=None, phone=None, phone_index=None, id_number=None, id_number_index=None, bank_account=None,
            bank_account_index=None, salt=None, shredded_at=now(),
        )
        .returning(Worker.id)
    )  # fmt: skip
    gone = shredded.all()
    for table in (NumberChange, Opening, RefreshToken):
        await session.execute(delete(table).where(table.worker_pk.in_(gone)))
    return len(gone)
