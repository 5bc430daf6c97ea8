"""The parties of a project: the contractor names them and says when they end. Nothing is overwritten: a change ends one row
and begins another, so that who could do what on a day stays known.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import now
from anxin.core.wire import hex_address
from anxin.people.staff import Staff
from anxin.projects.access import ROLES, Acting, active_parties, roles_of
from anxin.projects.errors import NotIndependent, PartyNotFound
from anxin.projects.models import Party, Project
from anxin.projects.schemas import NamedParty, NamedRole, PartyView, StaffProject

READS_CONTACTS = ("contractor", "bureau", "officer")


async def parties_of(session: AsyncSession, acting: Acting) -> list[PartyView]:
    """Return contractor and bureau, then everybody named, those who ended last. Contacts are for who has to call them."""
    project = acting.project
    rows = await session.scalars(
        select(Party).where(Party.project_pk == project.id).order_by(Party.until.desc().nulls_first(), Party.id)
    )
    fixed = [
        PartyView(project.contractor, "contractor", project.contractor_name, None, None, None, None),
        PartyView(project.bureau, "bureau", str(project.notice.get("bureauName") or ""), None, None, None, None),
    ]
    may_call = acting.role in READS_CONTACTS
    return fixed + [
        PartyView(row.address, row.role, row.firm, row.team, row.contact if may_call else None, row.since, row.until)
        for row in rows
    ]


async def name_party(
    session: AsyncSession, acting: Acting, address: str, role: NamedRole, named: NamedParty
) -> None:
    """Let `address` act in `role` from now on; named as it is already, nothing changes. Raises Malformed, NotIndependent."""
    account = hex_address(address, "address")
    project = acting.project
    await session.get_one(Project, project.id, with_for_update=True)  # one change to a project's parties at a time
    known = await roles_of(session, Staff(account), project.escrow or "")
    others = [each for each in known if each != role]
    if others and (role == "witness" or "witness" in others):
        raise NotIndependent(
            address=account, role=", ".join(others), role_zh="、".join(ROLES[each] for each in others)
        )
    current = await _active(session, project, account, role)
    if current is not None:
        if (current.firm, current.team, current.contact) == (named.firm, named.team, named.contact):
            return
        current.until = now()
        await session.flush()  # its place is free before the next one takes it
    session.add(
        Party(
            project_pk=project.id, address=account, role=role, firm=named.firm, team=named.team, contact=named.contact,
            since=now(),
        )
    )  # fmt: skip


async def end_party(session: AsyncSession, acting: Acting, address: str, role: NamedRole) -> None:
    """From now on `address` does not act in `role`. Ending it again changes nothing. Raises Malformed, PartyNotFound."""
    account = hex_address(address, "address")
    current = await _active(session, acting.project, account, role)
    if current is not None:
        current.until = now()
        return
    same = (Party.project_pk == acting.project.id, Party.address == account, Party.role == role)
    if await session.scalar(select(Party.id).where(*same).limit(1)) is None:
        raise PartyNotFound(address=account, role=role, role_zh=ROLES[role])


async def projects_of(session: AsyncSession, staff: Staff) -> list[StaffProject]:
    """Return the projects on which the signed-in wallet is a party, with all it is there."""
    named = select(Party.project_pk).where(Party.address == staff.address, Party.until.is_(None))
    mine = (Project.contractor == staff.address) | (Project.bureau == staff.address) | Project.id.in_(named)
    found = []
    for project in await session.scalars(select(Project).where(mine, Project.escrow.is_not(None)).order_by(Project.id)):
        roles = await roles_of(session, staff, project.escrow or "")
        found.append(StaffProject(project.escrow or "", project.name, project.contractor_name, list(roles)))
    return found


async def _active(session: AsyncSession, project: Project, address: str, role: str) -> Party | None:
    mine = active_parties(project).where(Party.address == address, Party.role == role)
    found: Party | None = await session.scalar(mine.with_for_update())
    return found
