"""What wages are computed from: terms, attendance, and what is to be taken or added, of each worker for a period."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import msgspec
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import service as attendance
from anxin.core import relayed
from anxin.payroll import rules
from anxin.payroll.check import OddKind
from anxin.payroll.deductions import BackPay, Claim, DeductionKind, MonthSoFar
from anxin.payroll.fund.book import Consents, consents_on
from anxin.payroll.fund.share import Consent
from anxin.payroll.minimum import TIER, MinimumWage, UnknownDistrict, minimum_wage
from anxin.payroll.models import (
    WITHDRAWN,
    Adjustment,
    AdjustmentRevocation,
    AppliedAdjustment,
    TaxTreatment,
    WageLine,
    WageSheet,
)
from anxin.payroll.payslip import decode
from anxin.payroll.periods import month_end
from anxin.payroll.rule_version import rules_hash
from anxin.people.models import Worker
from anxin.projects.models import Membership, Project, RosterEntry

BACK_PAY = "back-pay"
LABOUR_SERVICE = "labour-service"
_DISTRICT = re.compile(r"(?P<name>\D*?\w)[ /-]*(?P<tier>\d)?")


@dataclass(frozen=True)
class Member:
    """A worker of the project with all that their wage of one period follows from.

    `labour_service`: what was paid and withheld earlier in the month, where that is how the contract is taxed. `consent`: to
    the fund's share; `fund_odd`: why what was agreed to cannot be shared.
    """

    worker: Worker
    worker_no: str
    terms: Membership
    punches: Sequence[attendance.PunchTime]
    pieces: Mapping[date, int]
    claims: tuple[Claim, ...]
    back_pay: tuple[BackPay, ...]
    labour_service: MonthSoFar | None
    minimum: MinimumWage | None
    consent: Consent | None = None
    fund_odd: OddKind | None = None

    @property
    def minimum_month_fen(self) -> int | None:
        return None if self.minimum is None else self.minimum.month_fen

    @property
    def contract(self) -> rules.Contract:
        kind = rules.ContractKind(self.terms.contract_type)
        return rules.Contract(kind, self.terms.rate_fen, self.terms.piece_quota)

    @property
    def is_joined(self) -> bool:
        return self.terms.state == relayed.DONE

    def hash(self, pay: rules.Pay) -> bytes:
        """SHA-256 of the terms, of what attendance comes to, and of what is to be taken or added.

        Another hash, and the wage may be another. Attendance that changes nothing in the period changes nothing here.
        """
        seen: dict[str, object] = {
            "rules": rules_hash().hex(),
            "contract": self.contract,
            "minimum": self.minimum and (self.minimum.month_fen, self.minimum.hour_fen),
            "service": self.labour_service,
            "items": pay.items,
            "shifts": [[(start.isoformat(), end.isoformat()) for start, end in shift.intervals] for shift in pay.shifts],
            "flags": [(flag.kind.value, flag.day) for flag in pay.flags],
            "claims": [(claim.entry, claim.amount_fen) for claim in self.claims],
            "backPay": [each.entry for each in self.back_pay],
        }
        if self.consent is not None:
            seen["fund"] = (self.consent.fund, self.consent.basis_points)
        return sha256(msgspec.json.encode(seen, order="sorted")).digest()


async def load_members(
    session: AsyncSession,
    project: Project,
    last_day: date,
    *,
    first_day: date | None = None,
    employer: str | None = None,
    before_sheet: int | None = None,
) -> list[Member]:
    """Return everybody on the project, or one employer's workers, by worker number.

    Args:
        last_day: of the period; entries after it are not for it.
        first_day: of the sheet; without it nobody's consent to the provident fund is asked for.
        before_sheet: count only what sheets before this one (primary key) have taken or paid, as when it was compiled.
    """
    rows = await session.execute(
        select(Membership, Worker, RosterEntry.worker_no)
        .join(Worker, Worker.id == Membership.worker_pk)
        .outerjoin(
            RosterEntry,
            (RosterEntry.project_pk == Membership.project_pk) & (RosterEntry.worker_pk == Membership.worker_pk),
        )
        .where(Membership.project_pk == project.id, *([] if employer is None else [Membership.employer == employer]))
        .order_by(func.coalesce(RosterEntry.worker_no, Worker.worker_no))
    )
    punches = await attendance.punches_of(session, project)
    pieces = await attendance.pieces_of(session, project)
    claims, back_pay = await _open_entries(session, project, last_day, before_sheet)
    service = await _labour_service(session, project, last_day, before_sheet)
    minimum = minimum_of(project, last_day)
    consents = Consents() if first_day is None else await consents_on(session, project, first_day)
    return [
        Member(
            worker, number or worker.worker_no, terms, punches.get(worker.id, []), pieces.get(worker.id, {}),
            tuple(claims.get(worker.id, ())), tuple(back_pay.get(worker.id, ())), service.get(worker.id), minimum,
            consents.shares.get(worker.id), consents.odd.get(worker.id),
        )
        for terms, worker, number in rows
    ]  # fmt: skip


def minimum_of(project: Project, day: date) -> MinimumWage | None:
    """Return the minimum wage of the project's district (`Chongqing`, or `Chongqing 2` for its second tier) on a day; None
    where it is not on record.
    """
    found = _DISTRICT.fullmatch(project.district or "")
    if found is None:
        return None
    try:
        return minimum_wage(found["name"], int(found["tier"] or TIER), day)
    except UnknownDistrict:
        return None


async def _open_entries(
    session: AsyncSession, project: Project, last_day: date, before_sheet: int | None
) -> tuple[dict[int, list[Claim]], dict[int, list[BackPay]]]:
    """Return by worker what is still to be taken, and to be added."""
    rows = await session.execute(
        select(Adjustment, _applied(before_sheet).scalar_subquery())
        .outerjoin(AdjustmentRevocation, AdjustmentRevocation.adjustment_pk == Adjustment.id)
        .where(
            Adjustment.project_pk == project.id, Adjustment.on_day <= last_day,
            AdjustmentRevocation.adjustment_pk.is_(None),
        )
        .order_by(Adjustment.id)
    )  # fmt: skip
    claims: dict[int, list[Claim]] = {}
    back_pay: dict[int, list[BackPay]] = {}
    for entry, applied in rows:
        left_fen = entry.amount_fen - int(applied or 0)  # PostgreSQL sums bigints as numeric
        if left_fen <= 0:
            continue
        if entry.kind == BACK_PAY:
            owed = BackPay(entry.id, entry.first_day, entry.last_day, left_fen, entry.reason)
            back_pay.setdefault(entry.worker_pk, []).append(owed)
        else:
            claim = Claim(entry.id, DeductionKind(entry.kind), left_fen, entry.reason)
            claims.setdefault(entry.worker_pk, []).append(claim)
    return claims, back_pay


def _applied(before_sheet: int | None) -> Select[int]:
    """What live sheets have taken of an entry."""
    return (
        select(func.sum(AppliedAdjustment.amount_fen))
        .join(WageSheet, WageSheet.id == AppliedAdjustment.sheet_pk)
        .where(
            AppliedAdjustment.adjustment_pk == Adjustment.id, WageSheet.state != WITHDRAWN,
            *_before(before_sheet),
        )
    )  # fmt: skip


def _before(sheet_pk: int | None) -> list[ColumnElement[bool]]:
    return [] if sheet_pk is None else [WageSheet.id < sheet_pk]


async def _labour_service(
    session: AsyncSession, project: Project, last_day: date, before_sheet: int | None
) -> dict[int, MonthSoFar]:
    """Return by worker whose pay is for labour service what live sheets of the same month have paid and withheld."""
    treatments = await session.execute(
        select(TaxTreatment.worker_pk, TaxTreatment.treatment)
        .where(TaxTreatment.project_pk == project.id, TaxTreatment.from_day <= last_day)
        .order_by(TaxTreatment.from_day, TaxTreatment.entered_at)
    )
    latest = {worker_pk: treatment for worker_pk, treatment in treatments}  # noqa: C416 - rows are no pairs to a type checker
    found = {worker_pk: MonthSoFar() for worker_pk, treatment in latest.items() if treatment == LABOUR_SERVICE}
    if not found:
        return found
    lines = await session.execute(
        select(WageLine.worker_pk, WageLine.payslip)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .where(
            WageSheet.project_pk == project.id, WageSheet.state != WITHDRAWN,
            *_before(before_sheet),
            WageSheet.last_day.between(last_day.replace(day=1), month_end(last_day)), WageLine.worker_pk.in_(found),
        )
    )  # fmt: skip
    for worker_pk, text in lines:
        slip = decode(text) if text else None
        if slip is not None and slip.tax is not None:
            so_far = found[worker_pk]
            found[worker_pk] = MonthSoFar(
                so_far.income_fen + slip.tax.income_fen, so_far.withheld_fen + slip.tax.amount_fen
            )
    return found
