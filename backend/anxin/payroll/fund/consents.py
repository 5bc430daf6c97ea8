"""A worker's consent to the provident fund, and which payee is a project's fund.

A consent is authorised by the signature alone. It has to arrive within a day of being signed, and before anything that was
signed later: so nobody can hold one back and bring it once the worker has thought better of it. Taking it back always works.
"""

from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import service as attendance
from anxin.core import relayed
from anxin.core.clock import day_number, now
from anxin.core.deployment import Deployment
from anxin.core.errors import NotJoined, ProjectNotFound
from anxin.core.signing import Value, pack
from anxin.core.wire import Kept, check_deadline, check_form, hex_address, hex_bytes, signed_digest
from anxin.payroll.compile import lock_project
from anxin.payroll.errors import NotOnRoster
from anxin.payroll.fund.book import consents_on, fund_of, wallet_of
from anxin.payroll.fund.errors import BadShare, ConsentOutdated, ConsentTooLong, FundChanged, FundUnfit, NoFundSlip
from anxin.payroll.fund.lines import ITEM, KIND
from anxin.payroll.fund.models import FundConsent, ProjectFund
from anxin.payroll.fund.schemas import (
    ConsentView,
    FundOfProject,
    FundRequest,
    FundSlip,
    FundView,
    MyFund,
    MyFunds,
    SignedFundConsent,
)
from anxin.payroll.fund.share import LEAST_BASIS_POINTS, MOST_BASIS_POINTS, may_share
from anxin.payroll.models import WageLine, WageSheet
from anxin.payroll.payslip import decode
from anxin.payroll.rules import ContractKind
from anxin.people.models import Worker
from anxin.people.service import check_signed
from anxin.projects.access import Acting
from anxin.projects.models import Membership, Project, RosterEntry
from anxin.projects.service import escrow_of, project_at

KEPT = "kept"
FRESH_HOURS = 24


async def keep_consent(
    session: AsyncSession, deployment: Deployment, digest: str, signed: SignedFundConsent
) -> Kept:
    """Keep what a worker agrees to, or takes back. Resending it changes nothing, whatever came since.

    Raises Malformed, HighS, DigestMismatch, BadShare, ProjectNotFound, NotJoined, NotEnrolled, WrongKey, SignatureExpired,
    ConsentTooLong, FundChanged, ConsentOutdated.
    """
    check_form(signed.signature)
    escrow = hex_address(signed.escrow, "escrow")
    message = message_of(signed)
    words = signed_digest(digest, deployment.escrow_domain(escrow), "FundConsent", message)
    if not may_share(signed.share_basis_points):
        raise BadShare(basis_points=signed.share_basis_points, least=LEAST_BASIS_POINTS, most=MOST_BASIS_POINTS)
    project = await project_at(session, escrow)
    if project is None:
        raise ProjectNotFound(escrow=escrow)
    worker = await session.scalar(
        select(Worker)
        .join(Membership, Membership.worker_pk == Worker.id)
        .where(
            Worker.worker_id == message["workerId"], Membership.project_pk == project.id,
            Membership.state == relayed.DONE,
        )
        .with_for_update(of=Worker, key_share=True)
    )  # fmt: skip
    if worker is None:
        raise NotJoined()
    check_signed(deployment, worker, words, signed.signature)
    if await session.scalar(select(FundConsent.id).where(FundConsent.digest == words)) is None:
        await _check_new(session, project, worker, signed)
        await session.execute(
            insert(FundConsent).values(
                digest=words, project_pk=project.id, worker_pk=worker.id, fund=message["fund"],
                basis_points=signed.share_basis_points, from_day=signed.from_day, deadline=signed.deadline,
                signature=pack(signed.signature), received_at=now(),
            )
        )  # fmt: skip
    return Kept(digest, KEPT)


def message_of(signed: SignedFundConsent) -> dict[str, Value]:
    """What the worker signs (`FundConsent`)."""
    return {
        "workerId": hex_bytes(signed.worker_id, 32, "workerId"), "fund": hex_address(signed.fund, "fund"),
        "shareBasisPoints": signed.share_basis_points, "fromDay": day_number(signed.from_day),
        "deadline": signed.deadline,
    }  # fmt: skip


async def _check_new(session: AsyncSession, project: Project, worker: Worker, signed: SignedFundConsent) -> None:
    check_deadline(signed.deadline)
    if signed.deadline > (now() + timedelta(hours=FRESH_HOURS)).timestamp():
        raise ConsentTooLong(hours=FRESH_HOURS)
    if signed.share_basis_points == 0:
        return
    fund = await fund_of(session, project)
    address, asked = fund.address if fund and fund.is_joined else None, signed.fund.lower()
    if address != asked:
        raise FundChanged(signed=asked, fund=address or "—")
    later = await session.scalar(
        select(FundConsent.id)
        .where(
            FundConsent.project_pk == project.id, FundConsent.worker_pk == worker.id,
            FundConsent.deadline >= signed.deadline,
        )
        .limit(1)
    )  # fmt: skip
    if later is not None:
        raise ConsentOutdated()


# ------------------------------------------------------------------ which fund


async def name_fund(session: AsyncSession, acting: Acting, asked: FundRequest) -> FundOfProject:
    """Record which payee is the project's fund. Naming the same again changes nothing. Raises NotOnRoster, FundUnfit."""
    await lock_project(session, acting.project)
    worker = None if asked.worker_no is None else await _payee(session, acting.project, asked.worker_no)
    fund = await fund_of(session, acting.project)
    if (fund and (fund.worker.id, fund.name)) != (worker and (worker.id, asked.name)):
        session.add(
            ProjectFund(
                project_pk=acting.project.id, worker_pk=worker and worker.id, name=asked.name, named_by=acting.address,
                named_at=now(),
            )
        )  # fmt: skip
        await session.flush()
    return await fund_for(session, acting.project)


async def _payee(session: AsyncSession, project: Project, worker_no: str) -> Worker:
    """Whoever works here is no fund: their wage and its line would be one person's twice."""
    row = (
        await session.execute(
            select(Worker, Membership)
            .join(Membership, Membership.worker_pk == Worker.id)
            .outerjoin(
                RosterEntry,
                (RosterEntry.project_pk == Membership.project_pk) & (RosterEntry.worker_pk == Membership.worker_pk),
            )
            .where(
                Membership.project_pk == project.id,
                func.coalesce(RosterEntry.worker_no, Worker.worker_no) == worker_no,
            )
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotOnRoster(worker_no=worker_no)
    worker, terms = row
    is_ready = wallet_of(worker) and worker.payout and terms.state == relayed.DONE
    punches = await attendance.punches_of(session, project)
    if not is_ready or terms.contract_type == ContractKind.MONTH or punches.get(worker.id):
        raise FundUnfit(worker_no=worker_no)
    return worker


async def fund_for(session: AsyncSession, project: Project) -> FundOfProject:
    """The project's fund as its parties see it."""
    agreed = await consents_on(session, project, date.max)
    return FundOfProject(await _view(session, project), len(agreed.shares))


async def _view(session: AsyncSession, project: Project) -> FundView | None:
    fund = await fund_of(session, project)
    if fund is None:
        return None
    named_at = await session.scalar(select(func.max(ProjectFund.named_at)).where(ProjectFund.project_pk == project.id))
    assert named_at is not None  # noqa: S101 - fund_of found it in this transaction
    return FundView(fund.worker_no, fund.name, fund.address, fund.worker.payout, named_at)


# ------------------------------------------------------------------ what the worker sees


async def my_funds(session: AsyncSession, worker: Worker) -> MyFunds:
    """The fund of each project the worker has joined, with what they said of it last."""
    projects = await session.scalars(
        select(Project)
        .join(Membership, Membership.project_pk == Project.id)
        .where(Membership.worker_pk == worker.id, Membership.state == relayed.DONE)
        .order_by(Project.id)
    )
    return MyFunds([await _mine(session, project, worker) for project in projects.all()])


async def _mine(session: AsyncSession, project: Project, worker: Worker) -> MyFund:
    word = await session.scalar(
        select(FundConsent)
        .where(FundConsent.project_pk == project.id, FundConsent.worker_pk == worker.id)
        .order_by(FundConsent.id.desc())
        .limit(1)
    )
    consent = None if word is None else ConsentView(word.fund, word.basis_points, word.from_day, word.received_at)
    return MyFund(
        escrow_of(project), project.name, await _view(session, project), consent, LEAST_BASIS_POINTS, MOST_BASIS_POINTS
    )


async def fund_slip(session: AsyncSession, worker: Worker, escrow: str, sheet_id: int) -> FundSlip:
    """The fund's line of a posted sheet, for who has a share in it. Raises NoFundSlip."""
    lines = await session.scalars(
        select(WageLine)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(
            Project.escrow == escrow.lower(), WageSheet.sheet_id == sheet_id, WageSheet.state == relayed.DONE,
        )
        .order_by(WageLine.index)
    )  # fmt: skip
    found = lines.all()
    mine = [line for line in found if line.worker_pk == worker.id and _has(line, KIND)]
    if not mine or not found[-1].payslip or not _has(found[-1], ITEM):
        raise NoFundSlip(sheet=sheet_id)
    last = found[-1]
    return FundSlip(last.index, last.amount_fen, last.payslip or "", "0x" + last.payslip_hash.hex())


def _has(line: WageLine, kind: str) -> bool:
    slip = decode(line.payslip) if line.payslip else None
    kinds = {row.kind for row in slip.deductions} | {item.item for item in slip.items} if slip else set()
    return kind in kinds
