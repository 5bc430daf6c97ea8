"""Opening a sealed field of a worker: told only with a row of who, whose, when and why, which the worker can read."""

from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import now
from anxin.people.models import Opening, Worker
from anxin.people.schemas import OpeningView

Field = Literal["name", "phone", "idNumber", "bankAccount"]
COLUMN = {"name": "name", "phone": "phone", "idNumber": "id_number", "bankAccount": "bank_account"}


async def open_field(
    session: AsyncSession, worker: Worker, field: Field, reason: str, *, address: str, role: str, firm: str, project: str
) -> str | None:
    """Return what the field holds, and keep that it was opened. None where it is empty, or shredded."""
    session.add(
        Opening(
            worker_pk=worker.id, address=address, role=role, firm=firm, project=project, field=field, reason=reason,
            opened_at=now(),
        )
    )  # fmt: skip
    value: str | None = getattr(worker, COLUMN[field])
    return value


async def openings_of(session: AsyncSession, worker: Worker) -> list[OpeningView]:
    """Return who opened what of this worker, the last first."""
    rows = await session.scalars(
        select(Opening).where(Opening.worker_pk == worker.id).order_by(Opening.id.desc()).limit(500)
    )
    return [
        OpeningView(row.opened_at, row.address, row.role, row.firm, row.project, row.field, row.reason) for row in rows
    ]
