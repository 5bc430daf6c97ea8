"""A project's roster: who is on it, under which number. Numbers are the project's own; two projects may use the same one."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.projects.models import Project, RosterEntry


async def workers_by_number(session: AsyncSession, project: Project) -> dict[str, int]:
    """Return the primary key of each worker on the project's roster by the project's number for them."""
    rows = await session.execute(
        select(RosterEntry.worker_no, RosterEntry.worker_pk).where(RosterEntry.project_pk == project.id)
    )
    return {number: worker_pk for number, worker_pk in rows}  # noqa: C416 - rows are no pairs to the type checker
