"""A project's roster: who is on it, under which number. Numbers are the project's own; two projects may use the same one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.clock import now
from anxin.core.exports import Titles
from anxin.core.language import Language
from anxin.core.tables import Cell
from anxin.people import openings, real_names
from anxin.people.models import Enrolment, Worker
from anxin.people.phone import masked
from anxin.projects.access import Acting
from anxin.projects.errors import NotSignedHere
from anxin.projects.models import EntryExit, Membership, Project, RosterEntry
from anxin.projects.registration import entry_of, is_theirs
from anxin.projects.schemas import OpeningAsked, RosterRow

READS = ("contractor", "officer", "bureau", "subcontractor")
PREPARED = "prepared"
NAME: Mapping[Language, str] = {"zh": "花名册", "en": "roster"}
TITLES: Titles = {
    "zh": (
        "工号", "姓名", "手机号", "班组", "用工单位", "用工类型", "工价（分）", "计件定额", "合同", "密钥",
        "已登记收款账户", "收款账户多人共用", "合同起始日", "进场", "退场",
    ),
    "en": (
        "worker_no", "name", "phone", "team", "employer", "contract_type", "rate_fen", "piece_quota", "contract", "key",
        "has_payout", "shares_account", "starts_on", "entered_on", "left_on",
    ),
}  # fmt: skip


async def workers_by_number(session: AsyncSession, project: Project) -> dict[str, int]:
    """Return the primary key of each worker on the project's roster by the project's number for them."""
    rows = await session.execute(
        select(RosterEntry.worker_no, RosterEntry.worker_pk).where(RosterEntry.project_pk == project.id)
    )
    return {number: worker_pk for number, worker_pk in rows}  # noqa: C416 - rows are no pairs to the type checker


async def roster_of(session: AsyncSession, acting: Acting) -> list[RosterRow]:
    """Return the roster by number; to a subcontractor its own workers."""
    rows = (
        await session.execute(
            select(RosterEntry, Worker, Membership)
            .join(Worker, Worker.id == RosterEntry.worker_pk)
            .outerjoin(
                Membership,
                and_(
                    Membership.project_pk == RosterEntry.project_pk, Membership.worker_pk == RosterEntry.worker_pk
                ),
            )
            .where(RosterEntry.project_pk == acting.project.id)
            .order_by(RosterEntry.worker_no)
        )
    ).all()
    workers = [worker.id for _, worker, _ in rows]
    asked = set(await session.scalars(select(Enrolment.worker_pk).where(Enrolment.worker_pk.in_(workers))))
    accounts = Counter(worker.bank_account_index or b"" for _, worker, _ in rows)
    shared = {account for account, count in accounts.items() if account and count > 1}
    moved = await _moved(session, acting.project)
    return [
        _row(entry, worker, member, worker.id in asked, worker.bank_account_index in shared, moved.get(worker.id, {}))
        for entry, worker, member in rows
        if is_theirs(acting, entry)
    ]


def cells(row: RosterRow) -> Sequence[Cell]:
    """A row under `TITLES`."""
    return (
        row.worker_no, row.name_masked, row.phone_masked, row.team, row.employer, row.contract_type, row.rate_fen,
        row.piece_quota, row.contract, row.key, row.has_bank_account, row.shares_account, row.starts_on, row.entered_on,
        row.left_on,
    )  # fmt: skip


async def open_field(session: AsyncSession, acting: Acting, worker_no: str, asked: OpeningAsked) -> str | None:
    """Open a sealed field of somebody on the roster, and keep that it was opened. Raises NotOnRoster, NotSignedHere."""
    entry = await entry_of(session, acting, worker_no)
    mine = select(Membership.state).where(
        Membership.project_pk == entry.project_pk, Membership.worker_pk == entry.worker_pk
    )
    if entry.was_known and await session.scalar(mine) != relayed.DONE:
        raise NotSignedHere(worker_no=worker_no)
    worker = await session.get_one(Worker, entry.worker_pk)
    return openings.open_field(session, worker, asked.field, asked.reason.strip(), acting.opener)


def _row(
    entry: RosterEntry, worker: Worker, member: Membership | None, has_asked: bool, shares: bool, moved: dict[str, date]
) -> RosterRow:
    shown = not entry.was_known or (member is not None and member.state == relayed.DONE)
    entered, left = moved.get("entry"), moved.get("exit")
    key = "enrolled" if worker.key else "waiting" if has_asked else "none"
    return RosterRow(
        worker_no=entry.worker_no, name_masked=real_names.masked_name(worker.name) if shown else None,
        phone_masked=masked(worker.phone) if shown and worker.phone else None,
        phone_usable=worker.phone_index is not None if shown else None,
        has_bank_account=worker.payout is not None if shown else None, shares_account=shown and shares,
        already_on_record=entry.was_known, key=key if shown else None, team=entry.team, employer=entry.employer,
        contract_type=entry.contract_type, rate_fen=entry.rate_fen, piece_quota=entry.piece_quota,
        starts_on=entry.starts_on, contract=contract_state(member), entered_on=entered,
        left_on=left if left and entered and left >= entered else None,
    )  # fmt: skip


def contract_state(member: Membership | None) -> str:
    if member is None:
        return "none"
    if member.state in (PREPARED, relayed.WAITING) and member.deadline < now().timestamp():
        return "expired"
    return {relayed.WAITING: "offered", relayed.DONE: "joined"}.get(member.state, member.state)


async def _moved(session: AsyncSession, project: Project) -> dict[int, dict[str, date]]:
    """Return each worker's last day of entry and of exit."""
    rows = await session.execute(
        select(EntryExit.worker_pk, EntryExit.kind, func.max(EntryExit.day))
        .where(EntryExit.project_pk == project.id)
        .group_by(EntryExit.worker_pk, EntryExit.kind)
    )
    found: dict[int, dict[str, date]] = {}
    for worker_pk, kind, day in rows:
        found.setdefault(worker_pk, {})[kind] = day
    return found
