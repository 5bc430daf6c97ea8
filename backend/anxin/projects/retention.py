"""How long people's data is kept, and its end: what the law asks to keep is kept, and not a day longer than that asks.

    escrow closed (nothing owed, the bureau's signature) ──3 years──► contracts, contacts, and the names of whoever is on no
                                                                      living project: shredded, with the salt of their id

A project's end is its escrow's closing, by the chain's own time: what a contractor writes on the notice board neither
hastens nor puts off the day. Amounts, days and hashes stay: without the salt they are nobody's.

Source: 保障农民工工资支付条例 Art. 15 (pay ledger, 3 years), Art. 28 (employment ledger, until 3 years after completion and
full payment).
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs
from anxin.core.clock import SITE_ZONE, now
from anxin.people import retention as people
from anxin.projects.models import Membership, Party, Project, RosterEntry, ShreddingRun

YEARS_KEPT: Final = 3
JOB: Final = "shred"
ON_BOARD: Final = ("officer", "officerPhone")  # a person's, among what a notice board says

log = structlog.get_logger()


@dataclass(frozen=True)
class Shredded:
    """How many were shredded."""

    workers: int
    contracts: int


async def schedule(session: AsyncSession, _: datetime) -> None:
    """Once a day of the site's calendar: queue the shredding of what is due. By our own clock, since it cannot be undone."""
    today = now().astimezone(SITE_ZONE).date()
    begun = await session.scalar(
        insert(ShreddingRun)
        .values(day=today, workers=0, contracts=0, payslips=0, ran_at=now())
        .on_conflict_do_nothing()
        .returning(ShreddingRun.day)
    )
    if begun is not None:
        await jobs.enqueue(session, JOB, {"day": today.isoformat()})


async def due(session: AsyncSession, today: date) -> list[Project]:
    """Return the projects whose employment ledger need not be kept any more."""
    return list(await session.scalars(select(Project).where(Project.closed_at < kept_since(today)).order_by(Project.id)))


async def shred_employment(session: AsyncSession, today: date) -> Shredded:
    """Shred what is due; done again it finds nothing. A worker with one living project stays as they are."""
    over = await due(session, today)
    ended = [project.id for project in over]
    for project in over:
        project.notice = {name: value for name, value in project.notice.items() if name not in ON_BOARD}
    await session.execute(update(Party).where(Party.project_pk.in_(ended)).values(contact=None))
    contracts = await session.scalars(
        update(Membership)
        .where(Membership.project_pk.in_(ended), Membership.contract.is_not(None))
        .values(contract=None)
        .returning(Membership.digest)
    )
    ending = select(RosterEntry.worker_pk).where(RosterEntry.project_pk.in_(ended))
    living = select(RosterEntry.worker_pk).where(RosterEntry.project_pk.not_in(ended))
    gone = set(await session.scalars(ending.except_(living)))
    return Shredded(await people.shred(session, gone), len(contracts.all()))


async def keep_count(session: AsyncSession, today: date, shredded: Shredded, payslips: int) -> None:
    """Keep how much was shredded on a day, and tell the log: numbers, and nobody's name."""
    counts = {"workers": shredded.workers, "contracts": shredded.contracts, "payslips": payslips}
    run = insert(ShreddingRun).values(day=today, ran_at=now(), **counts)
    more = {name: getattr(ShreddingRun, name) + run.excluded[name] for name in counts}
    await session.execute(run.on_conflict_do_update(index_elements=[ShreddingRun.day], set_=more))
    log.info("shredded", day=today.isoformat(), **counts)


def kept_since(today: date) -> datetime:
    """What ended before this instant has been kept for three full years."""
    try:
        day = today.replace(year=today.year - YEARS_KEPT)
    except ValueError:  # 29 February
        day = today.replace(year=today.year - YEARS_KEPT, day=28)
    return datetime.combine(day, time(), SITE_ZONE)
