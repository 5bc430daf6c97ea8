"""The site of the demonstration: October 2026, 60 workers in 4 teams, as the site office puts it on record."""

import csv
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import service as attendance
from anxin.bank.payment_schemas import NewWageAccount
from anxin.bank.wage_accounts import set_wage_account
from anxin.core.clock import SITE_ZONE, now
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.demo.bank import WAGE_ACCOUNT, Bank
from anxin.demo.parties import WINDOWS, Contractor
from anxin.demo.phones import phone_number
from anxin.payroll import rules
from anxin.payroll.calendar import china
from anxin.payroll.compile import Ask, compile_sheets
from anxin.payroll.deductions import Net
from anxin.payroll.drafts import SheetPlan, Wage, keep_drafts
from anxin.payroll.models import WageSheet
from anxin.payroll.payslip import Slip
from anxin.payroll.submit import number, submit
from anxin.people import service as people
from anxin.people.models import Worker
from anxin.people.real_names import account_index
from anxin.projects import board
from anxin.projects import service as projects
from anxin.projects.access import Acting
from anxin.projects.contract_text import Agreed, contract_text
from anxin.projects.models import EntryExit, Membership, Project
from anxin.projects.schemas import BoardEntries
from anxin.settings import ROOT

DATA = ROOT / "scripts" / "data"
FIRST_DAY, LAST_DAY, PAYDAY = date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 13)
JOIN_DAYS = 60
VISITOR = "W061"
CLOSED_ACCOUNT = "W024"  # the bank cannot pay them at first
VISITOR_DAYS, VISITOR_PAYDAY = [date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 4)], date(2026, 12, 15)
VISITOR_RATE_FEN = 30_000
FIRM = "渝安建工集团"
BOARD = BoardEntries(
    address="重庆市两江新区（演示）", district="Chongqing", payday_day=15, started_on=date(2026, 3, 2),
    developer="两江新区建设投资（演示）", project_office="安置房三标段项目部", bureau_name="两江新区人社局（演示）",
    authority="两江新区建设管理局（演示）", authority_phone="12345", officer="劳资专管员（演示）",
    officer_phone="13800000000", inspection_phone="12333", arbitration="两江新区劳动人事争议仲裁院",
    arbitration_phone="12333", legal_aid="两江新区法律援助中心", legal_aid_phone="12348",
)  # fmt: skip


@dataclass(frozen=True)
class RosterRow:
    worker_no: str
    team: str
    contract_type: str
    rate_fen: int
    piece_quota: int | None

    @property
    def terms(self) -> projects.Terms:
        contract = rules.Contract(rules.ContractKind(self.contract_type), self.rate_fen, self.piece_quota)
        cap = rules.day_cap_fen(contract)
        return projects.Terms(self.team, self.contract_type, self.rate_fen, cap, self.piece_quota)


def read_roster(file: Path = DATA / "roster.csv") -> list[RosterRow]:
    """Columns worker_no, team, contract_type, rate_fen, piece_quota."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            RosterRow(
                row["worker_no"], row["team"], row["contract_type"], int(row["rate_fen"]),
                int(row["piece_quota"]) if row["piece_quota"] else None,
            )
            for row in csv.DictReader(lines)
        ]  # fmt: skip


@dataclass(frozen=True)
class SiteOffice:
    """Keeps the site's records in Anxin, as a labour officer does."""

    sessions: Sessions
    deployment: Deployment

    async def open_project(self, contractor: Contractor, bureau: str, arbiter: str) -> None:
        async with transaction(self.sessions) as session:
            await projects.open_project(
                session, contractor.reference, name="两江新区安置房项目三标段", contractor_name=FIRM,
                contractor=contractor.address, bureau=bureau, arbiter=arbiter, windows=WINDOWS,
            )  # fmt: skip
            project = await _project(session, contractor)
            office = Acting(project, "contractor", contractor.address, FIRM)
            await board.write_board(session, office, BOARD)
            await set_wage_account(session, office, NewWageAccount(WAGE_ACCOUNT.name, WAGE_ACCOUNT.number))

    async def register(self, bank: Bank, rows: Iterable[RosterRow]) -> None:
        """Put workers on record, each with where they are paid."""
        async with transaction(self.sessions) as session:
            for row in rows:
                worker = await people.register_worker(
                    session, row.worker_no, name=f"工人 {row.worker_no}", phone=phone_number(int(row.worker_no[1:])),
                    payout=bank.payout_of(row.worker_no, self.deployment),
                )  # fmt: skip
                account = bank.account_of(row.worker_no)
                if account is not None:
                    worker.bank_account, worker.bank_account_index = account, account_index(account)
                    bank.welcome(row.worker_no, worker.name, closed=row.worker_no == CLOSED_ACCOUNT)

    async def enlist(self, contractor: Contractor, rows: Iterable[RosterRow]) -> None:
        """Offer workers on record the contractor's terms, signed by the contractor."""
        deadline = int((now() + timedelta(days=JOIN_DAYS)).timestamp())
        async with transaction(self.sessions) as session:
            project = await _project(session, contractor)
            escrow = projects.escrow_of(project)
            workers = {each.worker_no: each for each in await session.scalars(select(Worker))}
            enlisted = set(await session.scalars(_enlisted(project)))
            for row in rows:
                worker = workers[row.worker_no]
                if worker.id not in enlisted:
                    terms = _with_contract(row.terms, project, worker)
                    signature = contractor.sign_join(escrow, projects.join_message(worker, terms, deadline))
                    await projects.enlist(session, self.deployment, project, worker, terms, deadline, signature)
                    session.add(
                        EntryExit(
                            project_pk=project.id, worker_pk=worker.id, kind="entry", day=FIRST_DAY,
                            recorded_by=contractor.address, recorded_at=now(),
                        )
                    )  # fmt: skip

    async def take_in_attendance(self, contractor: Contractor) -> int:
        """Import the month's punches and pieces; return how many punches there are."""
        async with transaction(self.sessions) as session:
            project = await _project(session, contractor)
            workers = {each.worker_no: each.id for each in await session.scalars(select(Worker))}
            punches = list(attendance.read_punches(DATA / "punches.csv"))
            await attendance.take_in(session, project, workers, punches, attendance.read_pieces(DATA / "pieces.csv"))
        return len(punches)

    async def compile_month(self, contractor: Contractor) -> None:
        """Compile October's sheet from the attendance, and submit it to the contractor, once."""
        async with transaction(self.sessions) as session:
            project = await _project(session, contractor)
            if await session.scalar(_sheet(project, FIRST_DAY)) is None:
                office = Acting(project, "contractor", contractor.address, project.contractor_name)
                for draft in await compile_sheets(session, office, Ask(FIRST_DAY, LAST_DAY, payday=PAYDAY)):
                    await submit(session, self.deployment, office, draft.id)

    async def compile_visitor(self, contractor: Contractor) -> None:
        """A sheet of one line, for whoever wants to try the phone's page themselves."""
        async with transaction(self.sessions) as session:
            project = await _project(session, contractor)
            first, last = VISITOR_DAYS[0], VISITOR_DAYS[-1]
            if await session.scalar(_sheet(project, first)) is None:
                worker = (await session.scalars(select(Worker).where(Worker.worker_no == VISITOR))).one()
                plan = SheetPlan(first, last, VISITOR_PAYDAY)
                (draft,) = await keep_drafts(session, project, plan, [_visitors_wage(worker)])
                await number(session, self.deployment, project, draft)


def _visitors_wage(worker: Worker) -> Wage:
    """Three days of eight hours, at a gate that nobody needs to have seen."""
    contract = rules.Contract(rules.ContractKind.DAY, VISITOR_RATE_FEN)
    punches = [
        (datetime.combine(day, time(hour), SITE_ZONE), way)
        for day in VISITOR_DAYS
        for hour, way in ((8, rules.IN), (12, rules.OUT), (13, rules.IN), (17, rules.OUT))
    ]
    pay = rules.compute(contract, punches, {}, VISITOR_DAYS[0], VISITOR_DAYS[-1], china())
    return Wage(worker, Slip(VISITOR, contract, pay, Net(pay.gross_fen), pay.days_worked))


def _with_contract(terms: projects.Terms, project: Project, worker: Worker) -> projects.Terms:
    """The same terms with the text that both sides sign."""
    agreed = Agreed(
        worker=f"{worker.name}（{worker.worker_no}）", employer=FIRM, contractor=FIRM, project=project.name,
        address=project.address, team=terms.team, contract_type=terms.contract_type, rate_fen=terms.rate_fen,
        piece_quota=terms.piece_quota, day_cap_fen=terms.day_cap_fen, starts_on=FIRST_DAY, payday_day=project.payday_day,
    )  # fmt: skip
    return replace(terms, contract=contract_text(agreed, secrets.token_hex(16)))


async def _project(session: AsyncSession, contractor: Contractor) -> Project:
    return (await session.scalars(select(Project).where(Project.reference == contractor.reference))).one()


def _enlisted(project: Project) -> Select[int]:
    return select(Membership.worker_pk).where(Membership.project_pk == project.id)


def _sheet(project: Project, first_day: date) -> Select[int]:
    return select(WageSheet.id).where(WageSheet.project_pk == project.id, WageSheet.first_day == first_day)
