"""Who may do what on a project: parties in roles, and nobody else.

The contractor and the bureau are what the project's escrow was made with; the other parties are named by the contractor, and
end when it says so. Whoever is no party is told what they would be told of a project that is not there.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import now
from anxin.core.errors import ProjectNotFound
from anxin.people.openings import Opener
from anxin.people.staff import Staff
from anxin.projects.errors import RoleNeeded
from anxin.projects.models import Party, Project

# In the order in which somebody who has several acts, where any would do.
ROLES: Final = {
    "contractor": "总包", "bureau": "劳动部门", "officer": "劳资专管员", "subcontractor": "分包", "foreman": "班组长",
    "witness": "见证方",
}  # fmt: skip


@dataclass(frozen=True)
class Acting:
    """Somebody in a role on a project. `firm` is for whom; `team` is a foreman's own."""

    project: Project
    role: str
    address: str
    firm: str
    team: str | None = None

    @property
    def opener(self) -> Opener:
        """As a worker sees who opened their data."""
        return Opener(self.address, self.role, self.firm, self.project.name)


async def as_party(session: AsyncSession, staff: Staff, escrow: str, *roles: str) -> Acting:
    """Return what the signed-in wallet is on the project of this escrow; where it is several of `roles`, the first.

    Without `roles` any party will do. Raises ProjectNotFound, RoleNeeded.
    """
    known = await roles_of(session, staff, escrow)
    if not known:
        raise ProjectNotFound(escrow=escrow)
    for role in roles or ROLES:
        if role in known:
            return known[role]
    raise RoleNeeded(
        roles=", ".join(roles), role=", ".join(known), roles_zh="或".join(ROLES[role] for role in roles),
        role_zh="、".join(ROLES[role] for role in known),
    )  # fmt: skip


async def roles_of(session: AsyncSession, staff: Staff, escrow: str) -> dict[str, Acting]:
    """Return all that the signed-in wallet is on the project of this escrow; empty where it is no party."""
    project = await session.scalar(select(Project).where(Project.escrow == escrow.lower()))
    if project is None:
        return {}
    known: dict[str, Acting] = {}
    if staff.address == project.contractor:
        known["contractor"] = Acting(project, "contractor", staff.address, project.contractor_name)
    if staff.address == project.bureau:
        known["bureau"] = Acting(project, "bureau", staff.address, str(project.notice.get("bureauName") or ""))
    for party in await session.scalars(active_parties(project).where(Party.address == staff.address)):
        known[party.role] = Acting(project, party.role, party.address, party.firm, party.team)
    return known


def active_parties(project: Project) -> Select[Party]:
    return select(Party).where(Party.project_pk == project.id, or_(Party.until.is_(None), Party.until > now()))
