"""Telling the contractor and the bureau: a claim whose clock runs, an escrow that cannot pay what it owes.

Whoever has left no mobile number, as a party or on the notice board, is not told; the pages say the same, and the bureau's
does not depend on a number that the contractor wrote there.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.service import tell_number
from anxin.alerts.texts import short_name
from anxin.core.clock import SITE_ZONE
from anxin.core.events import Event
from anxin.core.money import yuan
from anxin.core.sealing import sealer
from anxin.people.phone import normal_phone
from anxin.projects.models import Party, Project

# Who reads for whom: a contractor's labour officer (劳资专管员) answers for wages on a site.
READERS: Final = {"contractor": ("contractor", "officer"), "bureau": ("bureau",)}
ON_BOARD: Final = {"contractor": "officerPhone", "bureau": "inspectionPhone"}
_MOBILE: Final = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)")


class Books(Protocol):
    """What an escrow holds and owes, in fen."""

    @property
    def funded_fen(self) -> int: ...

    @property
    def owed_fen(self) -> int: ...


ReadBooks = Callable[[AsyncSession, str], Awaitable[Books]]


async def tell_claim_to_contractor(session: AsyncSession, event: Event) -> None:
    """A worker claims days that no sheet has: silence would make the claim stand. Whose it is, is on the page."""
    project = await _project(session, event.address)
    if project is None:
        return
    until = event.block_time + timedelta(seconds=project.answer_window_seconds)
    for number in await numbers_of(session, project, "contractor"):
        await tell_number(
            session, number, "claim_to_answer", f"{event.key}:{_place(number)}", escrow=event.address,
            project=short_name(project.name), amount=yuan(event.args["asked"]), until=until,
        )  # fmt: skip


async def tell_escrow_low(session: AsyncSession, event: Event, *, read_books: ReadBooks) -> None:
    """After what is owed has grown, or could not be paid: contractor and bureau are told, once a day of the site."""
    project = await _project(session, event.address)
    if project is None:
        return
    books = await read_books(session, event.address)
    if books.funded_fen >= books.owed_fen:
        return
    day = event.block_time.astimezone(SITE_ZONE).date()
    for number in {each: None for role in READERS for each in await numbers_of(session, project, role)}:
        await tell_number(
            session, number, "escrow_low", f"{event.address}:{day}:{_place(number)}", escrow=event.address,
            project=short_name(project.name), have=yuan(books.funded_fen), owed=yuan(books.owed_fen),
            short=yuan(books.owed_fen - books.funded_fen),
        )  # fmt: skip


async def numbers_of(session: AsyncSession, project: Project, role: str) -> list[str]:
    """Return the mobile numbers, as carriers want them, of those who act for the contractor or the bureau now."""
    acting = select(Party.contact).where(
        Party.project_pk == project.id, Party.role.in_(READERS[role]), Party.until.is_(None)
    )
    written = [*await session.scalars(acting.order_by(Party.id)), project.notice.get(ON_BOARD[role])]
    found = [match for each in written if each for match in _MOBILE.findall(re.sub(r"[\s-]", "", str(each)))]
    return list(dict.fromkeys(normal_phone(number) for number in found))


async def _project(session: AsyncSession, escrow: str) -> Project | None:
    found: Project | None = await session.scalar(select(Project).where(Project.escrow == escrow))
    return found


def _place(number: str) -> str:
    """Tells numbers apart in a key without saying them."""
    return sealer().index(number).hex()[:16]
