"""Setting a project back when an event that was final is not on the chain after all: the reverse of service.py."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.events import Event
from anxin.core.signing import from_hex
from anxin.people.models import Worker
from anxin.projects.models import Membership, Project


async def unrecord_escrow_created(session: AsyncSession, event: Event) -> None:
    """The project has no escrow: nobody is asked to pay into an address where there is no contract."""
    await session.execute(update(Project).where(Project.escrow == event.args["escrow"]).values(escrow=None))


async def unrecord_joined(session: AsyncSession, event: Event) -> None:
    await session.execute(
        update(Membership)
        .where(
            Membership.state == relayed.DONE,
            Membership.project_pk.in_(select(Project.id).where(Project.escrow == event.address)),
            Membership.worker_pk.in_(select(Worker.id).where(Worker.worker_id == from_hex(event.args["workerId"]))),
        )
        .values(state=relayed.on_its_way(Membership))
    )


async def unrecord_closed(session: AsyncSession, event: Event) -> None:
    await session.execute(update(Project).where(Project.escrow == event.address).values(closed_at=None))
