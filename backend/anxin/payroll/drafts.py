"""Wages become the lines of a sheet: each with its payslip, all of them under one root."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from eth_utils.crypto import keccak
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import mask_of, now
from anxin.core.sheet_tree import SheetTree
from anxin.payroll import payslip
from anxin.payroll.fund.book import Fund, fund_of
from anxin.payroll.fund.lines import SaltedShare, fund_line
from anxin.payroll.models import DRAFT, AppliedAdjustment, SheetKind, WageLine, WageSheet
from anxin.payroll.payslip import Contact, PayslipText, Slip
from anxin.payroll.rule_version import rules_hash
from anxin.people.models import Worker
from anxin.projects.models import Party, Project

MAX_LINES = 256  # one bitmap word on chain
# Kind, and what the notice board calls the name and the number.
COMPLAINTS = (
    ("officer", "officer", "officerPhone"), ("inspection", "bureauName", "inspectionPhone"),
    ("authority", "authority", "authorityPhone"), ("arbitration", "arbitration", "arbitrationPhone"),
    ("legal-aid", "legalAid", "legalAidPhone"),
)  # fmt: skip
NO_TERMS = b"\0" * 32


@dataclass(frozen=True)
class Wage:
    """What one worker is owed for a period, before it becomes a line. `employer` is the firm's address."""

    worker: Worker
    slip: Slip
    terms_hash: bytes = NO_TERMS
    employer: str = ""
    inputs_hash: bytes | None = None
    corrects_index: int | None = None

    @property
    def amount_fen(self) -> int:
        return self.slip.net.amount_fen


@dataclass(frozen=True)
class SheetPlan:
    """What the sheets of one compilation have in common. `employer`: whose workers; null for everybody's."""

    first_day: date
    last_day: date
    payday: date
    kind: SheetKind = SheetKind.REGULAR
    employer: str | None = None
    compiled_by: str | None = None
    left_out: Sequence[Mapping[str, str]] = ()
    replaces_pk: int | None = None
    corrects_pk: int | None = None
    reason: str | None = None
    batch: str = field(default_factory=lambda: secrets.token_hex(16))


async def keep_drafts(
    session: AsyncSession, project: Project, plan: SheetPlan, wages: Sequence[Wage]
) -> list[WageSheet]:
    """Keep wages as drafts of at most 256 lines each, of which the last is the provident fund's where there are shares.

    Raises ValueError where there are no wages.
    """
    if not wages:
        raise ValueError("a sheet has at least one line")
    firms = await _firms(session, project)
    fund = await fund_of(session, project) if any(wage.slip.net.share for wage in wages) else None
    room = MAX_LINES if fund is None else MAX_LINES - 1
    sheets = []
    for start in range(0, len(wages), room):
        part = wages[start : start + room]
        sheet = _draft(project, plan, part, firms, fund)
        session.add(sheet)
        await session.flush()
        session.add_all(_applied(sheet, part))
        sheets.append(sheet)
    await session.flush()
    return sheets


def _draft(
    project: Project, plan: SheetPlan, wages: Sequence[Wage], firms: Mapping[str, str], fund: Fund | None
) -> WageSheet:
    sheet = WageSheet(
        project_pk=project.id, kind=plan.kind.value, employer=plan.employer, batch=plan.batch, first_day=plan.first_day,
        last_day=plan.last_day, payday=plan.payday, rules_hash=rules_hash(),
        state=DRAFT, compiled_by=plan.compiled_by, compiled_at=now(), left_out=[dict(each) for each in plan.left_out],
        replaces_pk=plan.replaces_pk, corrects_pk=plan.corrects_pk, reason=plan.reason,
    )  # fmt: skip
    shares = {
        index: SaltedShare.of(wage.slip.net.share, wage.worker.worker_id)
        for index, wage in enumerate(wages)
        if wage.slip.net.share
    }
    sheet.lines = [_line(project, sheet, index, wage, firms, shares.get(index)) for index, wage in enumerate(wages)]
    if fund is not None and shares:
        sheet.lines.append(fund_line(project, sheet, fund, list(shares.values()), complaint_contacts(project)))
    sheet.total_fen = sum(line.amount_fen for line in sheet.lines)
    sheet.terms_root = terms_root([line.terms_hash or NO_TERMS for line in sheet.lines])
    sheet.root = SheetTree([line.on_chain for line in sheet.lines]).root
    return sheet


def _line(
    project: Project, sheet: WageSheet, index: int, wage: Wage, firms: Mapping[str, str], share: SaltedShare | None
) -> WageLine:
    slip = _payslip(project, sheet, wage, firms.get(wage.employer, project.contractor_name))
    if share is not None:
        slip.deductions.append(share.row)
    text = payslip.encode(slip)
    return WageLine(
        index=index, worker_pk=wage.worker.id, worker_id=wage.worker.worker_id, amount_fen=wage.amount_fen,
        day_mask=mask_of(list(wage.slip.days), sheet.first_day), payslip=text, payslip_hash=sha256(text.encode()).digest(),
        terms_hash=wage.terms_hash, inputs_hash=wage.inputs_hash, corrects_index=wage.corrects_index,
    )  # fmt: skip


def _payslip(project: Project, sheet: WageSheet, wage: Wage, employer: str) -> PayslipText:
    """The text the worker checks before signing; the salt keeps its public hash from being guessed."""
    slip = wage.slip
    return PayslipText(
        kind=sheet.kind, worker=slip.worker_no, project=project.name, employer=employer, payer=project.contractor_name,
        first_day=sheet.first_day, last_day=sheet.last_day, payday=sheet.payday, contract_type=slip.contract.kind.value,
        rate_fen=slip.contract.rate_fen, piece_quota=slip.contract.piece_quota, days=sorted(slip.days),
        items=payslip.items_of(slip.contract, slip.pay), gross_fen=slip.pay.gross_fen, earlier=list(slip.earlier),
        shifts=payslip.shift_rows(slip.pay), flags=payslip.flag_rows(slip.pay), minimum_month_fen=slip.minimum_month_fen,
        rules_hash="0x" + sheet.rules_hash.hex(), complaints=complaint_contacts(project), salt=secrets.token_hex(16),
        **payslip.net_rows(slip.net),
    )  # fmt: skip


def complaint_contacts(project: Project) -> list[Contact]:
    """Where a worker can complain, as far as the project's notice board says."""
    known = project.notice
    return [
        Contact(kind, str(known.get(name) or ""), str(known.get(phone) or ""))
        for kind, name, phone in COMPLAINTS
        if known.get(phone)
    ]


def terms_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over the lines' terms hashes: leaf i is keccak(hash i), pairs as in SheetTree."""
    nodes = [keccak(each) for each in hashes]
    for i in range(len(hashes) - 1):
        nodes.append(keccak(nodes[2 * i] + nodes[2 * i + 1]))
    return nodes[-1]


def _applied(sheet: WageSheet, wages: Sequence[Wage]) -> list[AppliedAdjustment]:
    return [
        AppliedAdjustment(sheet_pk=sheet.id, line_index=index, adjustment_pk=entry, amount_fen=fen)
        for index, wage in enumerate(wages)
        for entry, fen in (
            *((taken.claim.entry, taken.amount_fen) for taken in wage.slip.net.taken),
            *((added.entry, added.amount_fen) for added in wage.slip.net.back_pay),
        )
        if fen
    ]  # fmt: skip


async def _firms(session: AsyncSession, project: Project) -> dict[str, str]:
    parties = await session.execute(
        select(Party.address, Party.firm)
        .where(Party.project_pk == project.id, Party.role == "subcontractor")
        .order_by(Party.since)
    )
    return {project.contractor: project.contractor_name} | {address: firm for address, firm in parties}  # noqa: C416
