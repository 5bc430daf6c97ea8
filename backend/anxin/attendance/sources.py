"""Where readings come from: registered devices, and the sources every project has by itself.

A source's strength is what its readings are worth as evidence, at best. Manufactured attendance is the trade's known fraud:
what a person typed, and what a gate let pass by hand, is weak and stays weak (attend types 007 008 009 011).
"""

import secrets
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance.errors import SourceEnded, SourceNotFound
from anxin.attendance.models import AttendanceSource, Punch
from anxin.attendance.schemas import Sources, SourceSecret, SourceView
from anxin.attendance.strength import MEDIUM, STRONG, WEAK
from anxin.core.clock import now
from anxin.core.signing import PASSKEY
from anxin.projects.access import Acting
from anxin.projects.models import Project

PHONE: Final = "phone"
DEVICE: Final = "device"
FOREMAN: Final = "foreman"
FILE: Final = "file"

BEST: Final = {PHONE: STRONG, DEVICE: MEDIUM, FOREMAN: WEAK, FILE: WEAK}
WEAK_ATTEND_TYPES: Final = frozenset({"007", "008", "009", "011"})


def reading_strength(kind: str, attend_type: str) -> str:
    """What one reading of a source that is no phone is worth."""
    return WEAK if attend_type in WEAK_ATTEND_TYPES else BEST[kind]


def signed_strength(assurance: int) -> str:
    """What a worker's own signature is worth: only a passkey says that the person was there to unlock it."""
    return STRONG if assurance == PASSKEY else MEDIUM


async def ensure(session: AsyncSession, project: Project, kind: str, name: str | None = None) -> AttendanceSource:
    """Return the project's source of that kind and name, made where there is none. Without a name: the kind's only one."""
    source_name = name or kind
    mine = select(AttendanceSource).where(
        AttendanceSource.project_pk == project.id, AttendanceSource.kind == kind, AttendanceSource.name == source_name
    )
    known = await session.scalar(mine)
    if known is not None:
        return known
    await session.execute(
        insert(AttendanceSource)
        .values(
            project_pk=project.id, kind=kind, name=source_name, strength=BEST[kind], created_at=now(),
            secret=_new_secret(kind),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return (await session.scalars(mine)).one()


def _new_secret(kind: str) -> str | None:
    """A device's secret is 32 characters: the platform's standard takes it as an AES key as it is."""
    return {PHONE: secrets.token_hex(32), DEVICE: secrets.token_hex(16)}.get(kind)


async def register_device(session: AsyncSession, acting: Acting, name: str) -> SourceSecret:
    """Register a device, or return the secret of the one of that name. Raises SourceEnded."""
    source = await ensure(session, acting.project, DEVICE, name)
    if source.ended_at is not None:
        raise SourceEnded(source=name)
    source.created_by = source.created_by or acting.address
    return SourceSecret(str(source.id), source.name, source.secret or "")


async def end_device(session: AsyncSession, acting: Acting, name: str) -> None:
    """From now on nothing more is taken from this device; what it sent stays. Raises SourceNotFound."""
    source = await session.scalar(
        select(AttendanceSource).where(
            AttendanceSource.project_pk == acting.project.id, AttendanceSource.kind == DEVICE, AttendanceSource.name == name
        )
    )
    if source is None:
        raise SourceNotFound(source=name)
    source.ended_at = source.ended_at or now()


async def sources_of(session: AsyncSession, project: Project) -> Sources:
    """Return the project's sources with when each was last heard of."""
    latest = select(func.max(Punch.received_at)).where(Punch.source_pk == AttendanceSource.id).scalar_subquery()
    rows = await session.execute(
        select(AttendanceSource, latest).where(AttendanceSource.project_pk == project.id).order_by(AttendanceSource.id)
    )
    return Sources([
        SourceView(
            app_id=str(source.id), kind=source.kind, name=source.name, strength=source.strength,
            created_by=source.created_by, created_at=source.created_at, ended_at=source.ended_at, latest_at=latest_at,
        )
        for source, latest_at in rows
    ])  # fmt: skip
