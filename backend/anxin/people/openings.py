"""Opening what is sealed of a worker: told only with a row of who, whose, when and why, which the worker can read."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import now
from anxin.people.models import Opening, Worker
from anxin.people.schemas import OpeningView

Field = Literal["name", "phone", "idNumber", "bankAccount"]
COLUMN = {"name": "name", "phone": "phone", "idNumber": "id_number", "bankAccount": "bank_account"}


@dataclass(frozen=True)
class Opener:
    """Who opens, in which role, for whom, on which project."""

    address: str
    role: str
    firm: str
    project: str


def open_field(session: AsyncSession, worker: Worker, field: Field, reason: str, by: Opener) -> str | None:
    """Return what the field holds, and keep that it was opened. None where it is empty, or shredded."""
    keep(session, worker, field, reason, by)
    value: str | None = getattr(worker, COLUMN[field])
    return value


def keep(session: AsyncSession, worker: Worker, field: Field | Literal["contract"], reason: str, by: Opener) -> None:
    """Keep that something sealed of this worker was opened."""
    session.add(
        Opening(
            worker_pk=worker.id, address=by.address, role=by.role, firm=by.firm, project=by.project, field=field,
            reason=reason, opened_at=now(),
        )
    )  # fmt: skip


async def openings_of(session: AsyncSession, worker: Worker) -> list[OpeningView]:
    """Return who opened what of this worker, the last first."""
    rows = await session.scalars(
        select(Opening).where(Opening.worker_pk == worker.id).order_by(Opening.id.desc()).limit(500)
    )
    return [
        OpeningView(row.opened_at, row.address, row.role, row.firm, row.project, row.field, row.reason) for row in rows
    ]
