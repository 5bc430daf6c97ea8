"""What is due: compares what we have with what the platform was told, and keeps each difference as an upload with its job.

Runs by the hour for every linked project, and again whenever all uploads of a project are through: what they have made
possible (a team's number, a worker on record) is due then. One plan of a project at a time.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs
from anxin.core.clock import now
from anxin.core.jobs import Payload
from anxin.projects.models import Project
from anxin.realname import items
from anxin.realname.calls import MAX_ITEMS, OBJECTS, PlatformObject, Verb, encoded
from anxin.realname.items import Group, Site, Thing
from anxin.realname.models import DONE, WAITING, Item, PlatformProject, Upload
from anxin.realname.schemas import PlatformTerms

PLAN_JOB: Final = "realname_plan"
UPLOAD_JOB: Final = "realname_upload"
PLANNED_EVERY: Final = timedelta(hours=1)
UPDATABLE: Final = frozenset({"Project", "ProjectSubContractor", "Team", "ProjectWorker"})

log = structlog.get_logger()

async def plan_each_hour(session: AsyncSession, chain_time: datetime) -> None:
    """On final blocks: by the chain's clock once an hour, ask for a plan of every linked project."""
    due = await session.scalars(
        update(PlatformProject)
        .where(or_(PlatformProject.planned_at.is_(None), PlatformProject.planned_at <= chain_time - PLANNED_EVERY))
        .values(planned_at=chain_time)
        .returning(PlatformProject.project_pk)
    )
    for project_pk in due.all():
        await jobs.enqueue(session, PLAN_JOB, {"project": project_pk})


async def plan_project(session: AsyncSession, payload: Payload) -> None:
    """Job `realname_plan`."""
    linked = await session.get(PlatformProject, payload["project"], with_for_update=True)
    if linked is None:
        return
    site, seen = await site_of(session, linked)
    async for group in _due(session, site):
        fresh = [thing for thing in group.things if thing.version not in seen.get(thing.key, ())]
        for verb in ("Add", "Update"):
            chosen = [thing for thing in fresh if (thing.key in site.known) == (verb == "Update")]
            if verb == "Add" or group.frame.OBJECT in UPDATABLE:
                await _keep(session, site, group.frame, chosen, verb)


async def site_of(session: AsyncSession, linked: PlatformProject) -> tuple[Site, dict[str, set[bytes]]]:
    """Return the project as the platform knows it, and each version of each thing that is told or being told."""
    project = await session.get_one(Project, linked.project_pk)
    rows = await session.execute(
        select(Item.key, Item.version, Upload.state, Upload.answer)
        .join(Upload, Upload.id == Item.upload_pk)
        .where(Item.project_pk == project.id, Item.key.not_like("punch/%"))
        .order_by(Upload.id)
    )
    known, seen = dict[str, Any](), dict[str, set[bytes]]()
    for key, version, state, answer in rows:
        seen.setdefault(key, set()).add(version)
        if state == DONE:
            known[key] = answer if answer is not None else known.get(key)
    terms = msgspec.convert(linked.terms, PlatformTerms)
    return Site(project, terms, await items.members_of(session, project), known), seen


async def _due(session: AsyncSession, site: Site) -> AsyncIterator[Group]:
    for groups in (items.first_of_all, items.teams, items.workers, items.contracts):
        for group in groups(site):
            yield group
    for later in (items.passages, items.readings, items.paid_wages):
        for group in await later(session, site):
            yield group


async def _keep(session: AsyncSession, site: Site, frame: PlatformObject, things: list[Thing], verb: Verb) -> None:
    """Keep these as uploads, at most `MAX_ITEMS` in each. What the platform could not take is named, and left out."""
    sendable = list[Thing]()
    for thing in things:
        try:
            encoded(filled(frame, [thing], site, verb))
            sendable.append(thing)
        except msgspec.ValidationError as error:
            site.lacking.add(f"{thing.key}: {error}")
            log.warning("not sendable to the real-name platform", thing=thing.key, problem=str(error))
    size = MAX_ITEMS if frame.ITEMS else 1
    for start in range(0, len(sendable), size):
        some = sendable[start : start + size]
        data = encoded(filled(frame, some, site, verb))
        carried = [(each.key, each.version) for each in some]
        await keep_upload(session, site.project.id, f"{frame.OBJECT}.{verb}", data, carried)


def filled(frame: PlatformObject, things: list[Thing], site: Site, verb: Verb) -> PlatformObject:
    """Return the call that tells these things."""
    if not frame.ITEMS:
        number = items.number_in(site.known.get(things[0].key), "teamSysNo")
        if verb == "Update" and number is not None and "team_sys_no" in frame.__struct_fields__:
            return msgspec.structs.replace(frame, team_sys_no=int(number))
        return frame
    names = dict(zip(frame.__struct_encode_fields__, frame.__struct_fields__, strict=True))
    return msgspec.structs.replace(frame, **{names[frame.ITEMS]: [thing.value for thing in things]})


async def keep_upload(
    session: AsyncSession, project_pk: int, method: str, data: str, carried: list[tuple[str, bytes]]
) -> None:
    """Keep a call with the job that sends it; its items, in order, count as told from now on."""
    upload = Upload(project_pk=project_pk, method=method, data=data, state=WAITING, created_at=now())
    session.add(upload)
    await session.flush()
    for place, (key, version) in enumerate(carried):
        await session.execute(
            text(
                "INSERT INTO realname_items (project_pk, key, version, upload_pk, place) "
                "VALUES (:project, :key, :version, :upload, :place) "
                "ON CONFLICT (project_pk, key, version) DO UPDATE SET upload_pk = :upload, place = :place"
            ),
            {"project": project_pk, "key": key, "version": version, "upload": upload.id, "place": place},
        )
    await jobs.enqueue(session, UPLOAD_JOB, {"upload": upload.id})


def singles(method: str, data: str) -> Iterator[str]:
    """Return each item of a call as a call of its own."""
    kind = OBJECTS[method.partition(".")[0]]
    content = msgspec.json.decode(data)
    for item in content[kind.ITEMS] if kind.ITEMS else ():
        yield msgspec.json.encode(content | {kind.ITEMS: [item]}).decode()
