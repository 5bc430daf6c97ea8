"""What is on record of a project's fund, and of who has agreed to it. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.signing import WALLET
from anxin.payroll import rules
from anxin.payroll.check import OddKind
from anxin.payroll.fund.models import FundConsent, ProjectFund
from anxin.payroll.fund.share import Consent
from anxin.people.models import Worker
from anxin.projects.models import Membership, Project, RosterEntry


@dataclass(frozen=True)
class Fund:
    """A project's fund: a payee like any other, whose key is a wallet."""

    worker: Worker
    terms: Membership
    worker_no: str
    name: str

    @property
    def address(self) -> str | None:
        """The wallet that consents name; None where its key is another kind by now."""
        return wallet_of(self.worker)

    @property
    def is_joined(self) -> bool:
        return self.terms.state == relayed.DONE

    @property
    def contract(self) -> rules.Contract:
        return rules.Contract(rules.ContractKind(self.terms.contract_type), self.terms.rate_fen, self.terms.piece_quota)


@dataclass(frozen=True)
class Consents:
    """By worker: what is to be shared, and why what was agreed to cannot be."""

    shares: Mapping[int, Consent] = field(default_factory=dict)
    odd: Mapping[int, OddKind] = field(default_factory=dict)


def wallet_of(worker: Worker) -> str | None:
    """The lower-case address of a worker's wallet key; None where the key is no wallet."""
    return "0x" + worker.x[-40:].lower() if worker.assurance == WALLET and worker.x else None


async def fund_of(session: AsyncSession, project: Project) -> Fund | None:
    """Return the project's fund, joined or not; None where none is named."""
    named = await session.scalar(
        select(ProjectFund).where(ProjectFund.project_pk == project.id).order_by(ProjectFund.id.desc()).limit(1)
    )
    if named is None or named.worker_pk is None:
        return None
    row = (
        await session.execute(
            select(Worker, Membership, func.coalesce(RosterEntry.worker_no, Worker.worker_no))
            .join(Membership, Membership.worker_pk == Worker.id)
            .outerjoin(
                RosterEntry,
                (RosterEntry.project_pk == Membership.project_pk) & (RosterEntry.worker_pk == Membership.worker_pk),
            )
            .where(Worker.id == named.worker_pk, Membership.project_pk == project.id)
        )
    ).one_or_none()
    return None if row is None else Fund(row[0], row[1], row[2], named.name)


async def consents_on(session: AsyncSession, project: Project, first_day: date) -> Consents:
    """Return what holds for a sheet that begins on this day."""
    words = await session.scalars(
        select(FundConsent)
        .where(FundConsent.project_pk == project.id, FundConsent.from_day <= first_day)
        .order_by(FundConsent.id)
    )
    latest = {word.worker_pk: word for word in words}
    agreed = [word for word in latest.values() if word.basis_points]
    if not agreed:
        return Consents()
    fund = await fund_of(session, project)
    shares: dict[int, Consent] = {}
    odd: dict[int, OddKind] = {}
    for word in agreed:
        problem = _problem(word, fund)
        if problem is not None:
            odd[word.worker_pk] = problem
        elif fund is not None and word.worker_pk != fund.worker.id:
            shares[word.worker_pk] = Consent(word.fund, fund.name, word.basis_points)
    return Consents(shares, odd)


def _problem(word: FundConsent, fund: Fund | None) -> OddKind | None:
    """A share goes to the fund it was signed for, or stays with the worker."""
    if fund is None:
        return OddKind.NO_FUND
    if fund.address != word.fund:
        return OddKind.OTHER_FUND
    return None if fund.is_joined else OddKind.FUND_NOT_JOINED
