"""Our own rows in the platform's words: each due thing as a call, once what it builds on is known there.

    project ──► firms ──► teams ──► workers ──► contracts, entries and exits, attendance, paid wages

The platform numbers projects and teams (`teamSysNo`): what carries such a number waits until it is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import String, cast, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance.models import Punch
from anxin.core import relayed
from anxin.core.clock import SITE_ZONE
from anxin.core.sealing import sealer
from anxin.payroll.fund.models import ProjectFund
from anxin.payroll.models import SheetKind, WageLine, WageSheet
from anxin.people.models import Worker
from anxin.projects.models import EntryExit, Membership, Project
from anxin.realname import calls
from anxin.realname.models import Item
from anxin.realname.schemas import Corp, PlatformTerms

MAX_PUNCHES: Final = 500  # a plan: the rest is due in the next one
BUILDER: Final = "20"  # workRole: 建筑工人, as opposed to management


@dataclass(frozen=True)
class Thing:
    """Something to tell. `value` is an item of a list, or the whole call where there is none."""

    key: str
    value: msgspec.Struct

    @property
    def version(self) -> bytes:
        """A keyed hash: what is told holds ID numbers, which could be tried out."""
        return sealer().index(f"{self.key}:{msgspec.json.encode(self.value).decode()}")


@dataclass(frozen=True)
class Group:
    """Things that may go in one call: `frame` is the call, its list still empty."""

    frame: calls.PlatformObject
    things: list[Thing]


@dataclass
class Site:
    """A project, its people on record, and what the platform has of it. `known`: key → its answer, if it gave one."""

    project: Project
    terms: PlatformTerms
    members: Sequence[tuple[Membership, Worker]]
    known: dict[str, Any]
    lacking: set[str] = field(default_factory=set)

    @property
    def code(self) -> str | None:
        if self.terms.project_code is not None:
            return self.terms.project_code
        number = number_in(self.known.get("project"), "projectCode")
        return None if number is None else str(number)

    def corp(self, address: str) -> Corp | None:
        """Return a firm once the platform knows it."""
        corp = self.terms.corps.get(address)
        if corp is None:
            self.lacking.add(f"corps.{address}")
        return corp if f"corp/{address}" in self.known else None

    def team_number(self, member: Membership) -> int | None:
        number = number_in(self.known.get(team_key(member)), "teamSysNo")
        return None if number is None else int(number)


def team_key(member: Membership) -> str:
    return f"team/{member.employer}/{member.team}"[:80]


def number_in(answer: Any, name: str) -> int | str | None:
    """Return a number the platform gave, wherever in its answer it is."""
    if isinstance(answer, list):
        return next((found for each in answer if (found := number_in(each, name)) is not None), None)
    found = answer.get(name) if isinstance(answer, dict) else None
    return found if isinstance(found, int | str) else None


async def members_of(session: AsyncSession, project: Project) -> list[tuple[Membership, Worker]]:
    rows = await session.execute(
        select(Membership, Worker)
        .join(Worker, Worker.id == Membership.worker_pk)
        .where(Membership.project_pk == project.id, Membership.state == relayed.DONE)
        .order_by(Membership.worker_pk)
    )
    return [(member, worker) for member, worker in rows]


def first_of_all(site: Site) -> Iterator[Group]:
    """The project itself, where the platform does not know it, then firms."""
    project, terms = site.project, site.terms
    contractor = terms.corps.get(project.contractor)
    if contractor is None:
        site.lacking.add(f"corps.{project.contractor}")
    elif site.code is None and terms.register_as is not None:
        new = terms.register_as
        master = calls.ProjectMaster(
            contractor_corp_code=contractor.code, contractor_corp_name=contractor.name, name=project.name,
            area_code=new.area_code, category=new.category, prj_status=new.prj_status,
            address=getattr(project, "address", None),
        )  # fmt: skip
        yield Group(master, [Thing("project", master)])
    if site.code is None:
        site.lacking |= set() if terms.register_as else {"projectCode"}
        return
    for address in sorted({project.contractor, *(member.employer for member, _ in site.members)}):
        corp = terms.corps.get(address)
        if corp is None:
            site.lacking.add(f"corps.{address}")
            continue
        firm = calls.SubContractor(
            project_code=site.code, corp_code=corp.code, corp_name=corp.name, corp_type=corp.kind
        )
        yield Group(firm, [Thing(f"corp/{address}", firm)])


def teams(site: Site) -> Iterator[Group]:
    for key, member in sorted({team_key(member): member for member, _ in site.members}.items()):
        corp = site.corp(member.employer)
        if corp is None or site.code is None:
            continue
        team = calls.TeamMaster(
            project_code=site.code, corp_code=corp.code, corp_name=corp.name, team_name=member.team
        )
        yield Group(team, [Thing(key, team)])


def workers(site: Site) -> Iterator[Group]:
    for (code, corp, number, team), members in _by_team(site):
        things = []
        for member, worker in members:
            if not worker.id_number or not worker.name:
                site.lacking.add(f"idNumber.{worker.worker_no}")
                continue
            person = calls.Worker(
                id_card_number=worker.id_number, worker_name=worker.name, cell_phone=worker.phone, work_role=BUILDER,
                work_type=site.terms.work_types.get(member.team, site.terms.work_type),
                pay_roll_bank_card_number=worker.bank_account,
            )  # fmt: skip
            things.append(Thing(worker_key(worker), person))
        frame = calls.ProjectWorker(
            project_code=code, corp_code=corp.code, corp_name=corp.name, team_sys_no=number, team_name=team, worker_list=[]
        )
        yield Group(frame, things)


def worker_key(worker: Worker) -> str:
    return f"worker/{worker.id}"


def contracts(site: Site) -> Iterator[Group]:
    if site.code is None:
        return
    things = []
    for member, worker in _registered(site, site.members):
        corp, starts = site.corp(member.employer), member.entered_on or site.project.started_on
        if corp is not None and starts is not None:
            contract = calls.Contract(
                id_card_number=worker.id_number or "", corp_code=corp.code, corp_name=corp.name,
                contract_period_type=site.terms.contract_period_type, start_date=starts.isoformat(),
            )  # fmt: skip
            things.append(Thing(f"contract/{worker.id}", contract))
    yield Group(calls.WorkerContract(project_code=site.code, contract_list=[]), things)


async def passages(session: AsyncSession, site: Site) -> list[Group]:
    """Entries and exits."""
    rows = await session.scalars(
        select(EntryExit).where(EntryExit.project_pk == site.project.id).order_by(EntryExit.id)
    )
    by_worker: dict[int, list[EntryExit]] = {}
    for row in rows:
        by_worker.setdefault(row.worker_pk, []).append(row)
    groups = []
    for (code, corp, number, _), members in _by_team(site):
        things = [
            Thing(
                f"passage/{row.id}",
                calls.Passage(
                    id_card_number=worker.id_number or "", date=row.day.isoformat(), type="1" if row.kind == "entry" else "0"
                ),
            )
            for _, worker in _registered(site, members)
            for row in by_worker.get(worker.id, [])
        ]
        frame = calls.WorkerEntryExit(
            project_code=code, corp_code=corp.code, corp_name=corp.name, team_sys_no=number, worker_list=[]
        )
        groups.append(Group(frame, things))
    return groups


async def readings(session: AsyncSession, site: Site) -> list[Group]:
    """The oldest readings that no upload carries yet, as devices and people reported them."""
    people = {worker.id for _, worker in _registered(site, site.members)}
    key = literal("punch/") + cast(Punch.id, String)
    carried = select(Item.key).where(Item.project_pk == site.project.id, Item.key == key).exists()
    rows = await session.scalars(
        select(Punch)
        .where(Punch.project_pk == site.project.id, Punch.worker_pk.in_(people), ~carried)
        .order_by(Punch.at)
        .limit(MAX_PUNCHES)
    )
    by_worker: dict[int, list[Punch]] = {}
    for row in rows:
        by_worker.setdefault(row.worker_pk, []).append(row)
    groups = []
    for (code, _, number, _), members in _by_team(site):
        things = [
            Thing(f"punch/{punch.id}", _reading(worker, punch))
            for _, worker in members
            for punch in by_worker.get(worker.id, [])
        ]
        groups.append(Group(calls.WorkerAttendance(project_code=code, team_sys_no=number, data_list=[]), things))
    return groups


def _reading(worker: Worker, punch: Punch) -> calls.Reading:
    return calls.Reading(
        id_card_number=worker.id_number or "", date=_clock(punch.at),
        direction="01" if punch.direction == "01" else "02", attend_type=punch.attend_type, channel=punch.device or None,
    )  # fmt: skip


async def paid_wages(session: AsyncSession, site: Site) -> list[Group]:
    """Wages that the bank has said are paid: what was only released is not told as paid. A fund's line is nobody's wage."""
    named = ProjectFund.project_pk == site.project.id
    funds = select(ProjectFund.worker_pk).where(named, ProjectFund.worker_pk.is_not(None))
    rows = await session.execute(
        select(WageSheet, WageLine)
        .join(WageLine, WageLine.sheet_pk == WageSheet.id)
        .where(
            WageSheet.project_pk == site.project.id, WageLine.settled_at.is_not(None), WageLine.worker_pk.not_in(funds)
        )
        .order_by(WageSheet.id, WageLine.index)
    )
    by_worker: dict[int, list[tuple[WageSheet, WageLine]]] = {}
    for sheet, line in rows:
        by_worker.setdefault(line.worker_pk, []).append((sheet, line))
    months: dict[tuple[str, int], Group] = {}
    for (code, corp, number, _), members in _by_team(site):
        for _, worker in _registered(site, members):
            if not worker.bank_account:
                site.lacking |= {f"bankAccount.{worker.worker_no}"} if worker.id in by_worker else set()
                continue
            for sheet, line in by_worker.get(worker.id, []):
                month = f"{sheet.first_day:%Y-%m}"
                frame = calls.PayRoll(
                    project_code=code, corp_code=corp.code, corp_name=corp.name, team_sys_no=number, pay_month=month,
                    detail_list=[],
                )  # fmt: skip
                detail = _detail(site, worker, worker.bank_account, sheet, line)
                months.setdefault((month, number), Group(frame, [])).things.append(
                    Thing(f"pay/{sheet.id}/{line.index}", detail)
                )
    return list(months.values())


def _detail(site: Site, worker: Worker, account: str, sheet: WageSheet, line: WageLine) -> calls.PayRollDetail:
    amount = f"{line.amount_fen // 100}.{line.amount_fen % 100:02d}"
    assert line.settled_at is not None  # noqa: S101 - selected so
    return calls.PayRollDetail(
        id_card_number=worker.id_number or "", days=line.day_mask.bit_count(), pay_roll_bank_card_number=account,
        pay_bank_card_number=site.terms.bank.account, pay_bank_code=site.terms.bank.code,
        pay_bank_name=site.terms.bank.name, total_pay_amount=amount, actual_amount=amount,
        balance_date=line.settled_at.astimezone(SITE_ZONE).date().isoformat(),
        third_pay_roll_code=f"{site.project.escrow}-{sheet.sheet_id}-{line.index}",
        is_back_pay=1 if sheet.kind == SheetKind.CORRECTING else 0,
    )  # fmt: skip


# ------------------------------------------------------------------ who is where

Team = tuple[str, Corp, int, str]


def _by_team(site: Site) -> Iterator[tuple[Team, list[tuple[Membership, Worker]]]]:
    """The members of each team that the platform has numbered."""
    by_key: dict[str, list[tuple[Membership, Worker]]] = {}
    for member, worker in site.members:
        by_key.setdefault(team_key(member), []).append((member, worker))
    for _, members in sorted(by_key.items(), key=lambda each: each[0]):
        first = members[0][0]
        corp, number = site.corp(first.employer), site.team_number(first)
        if site.code is not None and corp is not None and number is not None:
            yield (site.code, corp, number, first.team), members


def _registered(
    site: Site, members: Sequence[tuple[Membership, Worker]]
) -> Iterator[tuple[Membership, Worker]]:
    """Those whom the platform has on record as workers, and we have still."""
    for member, worker in members:
        if worker_key(worker) in site.known and worker.id_number:
            yield member, worker


def _clock(at: datetime) -> str:
    return at.astimezone(SITE_ZONE).strftime("%Y-%m-%d %H:%M:%S")
