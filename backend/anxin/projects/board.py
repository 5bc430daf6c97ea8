"""The notice board of a site (维权信息告示牌): what anybody at the gate may read, kept by contractor and labour officer.

An entry that nobody has filled in is named as missing, to the worker and the bureau alike.

Source: 保障农民工工资支付条例 Art. 34.
"""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Final

import msgspec
import segno
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import SITE_ZONE, now
from anxin.core.errors import ProjectNotFound
from anxin.projects.access import Acting, active_parties
from anxin.projects.errors import BadProjectDays
from anxin.projects.models import Party, Project
from anxin.projects.schemas import BoardEntries, BoardView, MinimumShown
from anxin.projects.service import escrow_of

WRITES: Final = ("contractor", "officer")
COLUMNS: Final = ("address", "district", "payday_day", "started_on", "completed_on")
# What may be missing without anything being wrong.
OPTIONAL: Final = ("completed_on", "district")

ReadMinimum = Callable[[Project, date], MinimumShown | None]


async def write_board(session: AsyncSession, acting: Acting, entries: BoardEntries) -> None:
    """Put these entries on the board in place of the ones before. Raises BadProjectDays."""
    if entries.started_on and entries.completed_on and entries.completed_on < entries.started_on:
        raise BadProjectDays(started=entries.started_on.isoformat(), completed=entries.completed_on.isoformat())
    project = await session.get_one(Project, acting.project.id, with_for_update=True)
    written = msgspec.structs.asdict(entries)
    for column in COLUMNS:
        setattr(project, column, written.pop(column))
    project.notice = {_camel(name): value.strip() for name, value in written.items() if value and value.strip()}


async def read_board(
    session: AsyncSession, escrow: str, read_minimum: ReadMinimum, public_url: str
) -> BoardView:
    """Return the board for anybody. Raises ProjectNotFound."""
    project = await session.scalar(select(Project).where(Project.escrow == escrow.lower()))
    if project is None:
        raise ProjectNotFound(escrow=escrow)
    firms = await session.scalars(
        active_parties(project).where(Party.role == "subcontractor").order_by(Party.id)
    )
    minimum = read_minimum(project, now().astimezone(SITE_ZONE).date())
    entries = _entries(project)
    missing = [
        _camel(name) for name, value in msgspec.structs.asdict(entries).items() if value is None and name not in OPTIONAL
    ]
    return BoardView(
        escrow=escrow_of(project), name=project.name, contractor_name=project.contractor_name,
        subcontractors=list(dict.fromkeys(party.firm for party in firms)), entries=entries, minimum_wage=minimum,
        worker_url=worker_url(public_url), missing=missing if minimum else [*missing, "minimumWage"],
    )  # fmt: skip


def worker_url(public_url: str) -> str:
    """Where a worker sees the wage: what the board's QR code leads to."""
    return public_url.rstrip("/") + "/w/"


def qr_svg(url: str) -> bytes:
    """Return the QR code as an SVG that scales; a quarter of it may be dirty (error correction Q)."""
    image = BytesIO()
    segno.make(url, error="q", micro=False).save(image, kind="svg", border=2, scale=8, xmldecl=False, omitsize=True)
    return image.getvalue()


def _entries(project: Project) -> BoardEntries:
    columns = {_camel(column): getattr(project, column) for column in COLUMNS}
    return msgspec.convert({**project.notice, **columns}, BoardEntries)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)
