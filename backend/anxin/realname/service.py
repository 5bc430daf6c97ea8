"""Linking a project to the platform, seeing how far it is, sending again what a person has put right."""

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from anxin.core import jobs
from anxin.core.clock import now
from anxin.core.errors import Malformed
from anxin.projects.access import Acting
from anxin.realname import items
from anxin.realname.errors import RealNameOff, UploadNotFound
from anxin.realname.models import DONE, OPEN, REJECTED, WAITING, Item, PlatformProject, Upload
from anxin.realname.plan import PLAN_JOB, UPLOAD_JOB, site_of
from anxin.realname.schemas import PlatformTerms, PlatformView, RejectedUpload
from anxin.settings import Settings

MAX_SHOWN = 100


async def link(session: AsyncSession, settings: Settings, acting: Acting, terms: PlatformTerms) -> PlatformView:
    """Link the project, or change what is said of it, and plan what is due. Raises RealNameOff, Malformed."""
    if not (settings.realname_url and settings.realname_appid and settings.realname_secret):
        raise RealNameOff()
    if (terms.project_code is None) == (terms.register_as is None):
        raise Malformed(problem="projectCode or registerAs, one of the two")
    terms = msgspec.structs.replace(terms, corps={address.lower(): corp for address, corp in terms.corps.items()})
    said = {"terms": msgspec.to_builtins(terms), "linked_by": acting.address, "linked_at": now()}
    await session.execute(
        insert(PlatformProject)
        .values(project_pk=acting.project.id, **said)
        .on_conflict_do_update(index_elements=["project_pk"], set_=said)
    )
    await jobs.enqueue(session, PLAN_JOB, {"project": acting.project.id})
    return await view(session, acting)


async def view(session: AsyncSession, acting: Acting) -> PlatformView:
    """How far the project's uploads are."""
    project_pk = acting.project.id
    linked = await session.get(PlatformProject, project_pk)
    if linked is None:
        return PlatformView(False, None, 0, 0, [], [])
    counted = await session.execute(
        select(Upload.state, func.count()).where(Upload.project_pk == project_pk).group_by(Upload.state)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in counted}
    site, _ = await site_of(session, linked)
    for groups in (items.first_of_all, items.teams, items.workers, items.contracts):
        list(groups(site))
    return PlatformView(
        True, site.code, sum(counts.get(state, 0) for state in OPEN), counts.get(DONE, 0),
        await _rejected(session, project_pk), sorted(site.lacking)[:MAX_SHOWN],
    )  # fmt: skip


async def send_again(session: AsyncSession, acting: Acting, upload_pk: int) -> None:
    """Send a rejected upload again as it is: what was wrong was wrong on the other side. Raises UploadNotFound."""
    found = await session.execute(
        update(Upload)
        .where(Upload.id == upload_pk, Upload.project_pk == acting.project.id, Upload.state == REJECTED)
        .values(state=WAITING, serial=None, attempts=0, ended_at=None, leased_until=None)
        .returning(Upload.id)
    )
    if found.scalar() is None:
        raise UploadNotFound(upload=upload_pk)
    await jobs.enqueue(session, UPLOAD_JOB, {"upload": upload_pk})


async def _rejected(session: AsyncSession, project_pk: int) -> list[RejectedUpload]:
    """The rejected uploads whose things no later one has told, newest first."""
    later = aliased(Item)
    told_later = select(later.key).where(
        later.project_pk == project_pk, later.key == Item.key, later.upload_pk > Upload.id
    )
    rows = await session.execute(
        select(Upload, func.array_agg(Item.key))
        .join(Item, Item.upload_pk == Upload.id)
        .where(Upload.project_pk == project_pk, Upload.state == REJECTED, ~told_later.exists())
        .group_by(Upload.id)
        .order_by(Upload.id.desc())
        .limit(MAX_SHOWN)
    )
    return [
        RejectedUpload(row.id, row.method, row.message or "", sorted(keys), row.ended_at or row.created_at)
        for row, keys in rows
    ]
