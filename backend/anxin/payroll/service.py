"""Wage sheets: compiled from attendance, signed by the contractor, posted on the chain."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import msgspec
from eth_utils.crypto import keccak
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from anxin.attendance import service as attendance
from anxin.core import calls, relayed
from anxin.core.clock import mask_of
from anxin.core.deployment import Deployment
from anxin.core.errors import SheetNotFound, WrongSigner
from anxin.core.events import Event
from anxin.core.sheet_tree import SheetTree
from anxin.core.signing import digest as digest_of
from anxin.core.signing import recover_wallet
from anxin.core.wire import Kept, hex_bytes
from anxin.payroll import rules
from anxin.payroll.calendar import china
from anxin.payroll.models import WageLine, WageSheet
from anxin.payroll.schemas import SheetLineView, SheetView
from anxin.people.models import Worker
from anxin.projects.models import Membership, Project
from anxin.projects.service import escrow_of

MAX_LINES = 256  # one bitmap word on chain
NO_TERMS = b"\0" * 32


@dataclass(frozen=True)
class Wage:
    """What one worker is owed for a period, before it becomes a line."""

    worker: Worker
    contract_type: str
    rate_fen: int
    days: list[date]
    amount_fen: int


async def compute_wages(session: AsyncSession, project: Project, first_day: date, last_day: date) -> list[Wage]:
    """Return the wages of everyone who worked in the period, by worker number."""
    members = await session.execute(
        select(Membership, Worker)
        .join(Worker, Worker.id == Membership.worker_pk)
        .where(Membership.project_pk == project.id)
        .order_by(Worker.worker_no)
    )
    punches = await attendance.punches_of(session, project)
    pieces = await attendance.pieces_of(session, project)
    wages = [
        _wage(worker, terms, punches.get(worker.id, []), pieces.get(worker.id, {}), first_day, last_day)
        for terms, worker in members
    ]
    return [wage for wage in wages if wage.amount_fen > 0]


def _wage(
    worker: Worker,
    terms: Membership,
    punches: Iterable[attendance.PunchTime],
    pieces: Mapping[date, int],
    first_day: date,
    last_day: date,
) -> Wage:
    contract = rules.Contract(rules.ContractKind(terms.contract_type), terms.rate_fen)
    pay = rules.compute(contract, punches, pieces, first_day, last_day, china())
    return Wage(worker, terms.contract_type, terms.rate_fen, list(pay.days_worked), pay.gross_fen)


async def compile_sheet(
    session: AsyncSession,
    deployment: Deployment,
    project: Project,
    wages: list[Wage],
    *,
    first_day: date,
    last_day: date,
    payday: date,
) -> WageSheet:
    """Keep a sheet of 1 to 256 wages for the contractor to sign. Its id is the escrow's next."""
    if not 1 <= len(wages) <= MAX_LINES:
        raise ValueError(f"a sheet has 1 to {MAX_LINES} lines, not {len(wages)}")
    count = await session.scalar(select(func.count()).where(WageSheet.project_pk == project.id))
    sheet = WageSheet(
        project_pk=project.id, sheet_id=count or 0, first_day=first_day, last_day=last_day, payday=payday,
        rules_hash=keccak(text=rules.RULES_VERSION), terms_root=NO_TERMS, total_fen=sum(w.amount_fen for w in wages),
        state=relayed.WAITING,
    )  # fmt: skip
    sheet.lines = [_line(project, sheet, index, wage) for index, wage in enumerate(wages)]
    sheet.root = SheetTree([line.on_chain for line in sheet.lines]).root
    sheet.digest = digest_of(deployment.escrow_domain(escrow_of(project)), "Sheet", _message(sheet))
    session.add(sheet)
    await session.flush()
    return sheet


def _line(project: Project, sheet: WageSheet, index: int, wage: Wage) -> WageLine:
    payslip = _payslip(project, sheet, wage)
    return WageLine(
        index=index, worker_pk=wage.worker.id, worker_id=wage.worker.worker_id, amount_fen=wage.amount_fen,
        day_mask=mask_of(wage.days, sheet.first_day), payslip=payslip, payslip_hash=sha256(payslip.encode()).digest(),
    )  # fmt: skip


def _payslip(project: Project, sheet: WageSheet, wage: Wage) -> str:
    """The text the worker checks before signing; the salt keeps its public hash from being guessed."""
    return msgspec.json.encode(
        {
            "worker": wage.worker.worker_no,
            "project": project.name,
            "firstDay": sheet.first_day,
            "lastDay": sheet.last_day,
            "contractType": wage.contract_type,
            "rateFen": wage.rate_fen,
            "days": wage.days,
            "amountFen": wage.amount_fen,
            "salt": secrets.token_hex(16),
        }
    ).decode()


def _message(sheet: WageSheet) -> dict[str, int | str | bytes]:
    return {**sheet.header, "sheetId": sheet.sheet_id, "root": sheet.root, "total": sheet.total_fen}


async def sign_sheet(session: AsyncSession, digest: str, signature: str) -> Kept:
    """Keep the contractor's signature and post the sheet. Resending it changes nothing.

    Raises SheetNotFound, WrongSigner.
    """
    sheet = await session.scalar(
        select(WageSheet)
        .where(WageSheet.digest == hex_bytes(digest, 32, "digest"))
        .options(selectinload(WageSheet.lines))
        .with_for_update()
    )
    if sheet is None:
        raise SheetNotFound(sheet=digest)
    project = await session.get_one(Project, sheet.project_pk)
    raw = hex_bytes(signature, 65, "signature")
    if recover_wallet(sheet.digest, raw) != project.contractor:
        raise WrongSigner(expected=project.contractor)
    if sheet.state == relayed.WAITING:
        sheet.contractor_signature = raw
        await relayed.hand_over(session, [sheet], _call(sheet, escrow_of(project)))
    return Kept(digest, sheet.state)


def _call(sheet: WageSheet, escrow: str) -> calls.Call:
    return calls.Call(
        key=f"postSheet:0x{sheet.digest.hex()}",
        contract="WageEscrow",
        address=escrow,
        function="postSheet",
        arguments={
            "sheetId": sheet.sheet_id,
            "header": sheet.header,
            "lines": sheet.packed(range(len(sheet.lines))),
            "contractorSignature": "0x" + (sheet.contractor_signature or b"").hex(),
        },
    )


async def sheets_of(session: AsyncSession, escrow: str) -> list[SheetView]:
    sheets = await session.scalars(
        select(WageSheet)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(Project.escrow == escrow.lower())
        .options(selectinload(WageSheet.lines))
        .order_by(WageSheet.sheet_id)
    )
    return [_view(sheet) for sheet in sheets]


def _view(sheet: WageSheet) -> SheetView:
    return SheetView(
        digest="0x" + sheet.digest.hex(), state=sheet.state, sheet_id=sheet.sheet_id, first_day=sheet.first_day,
        last_day=sheet.last_day, payday=sheet.payday, rules_hash="0x" + sheet.rules_hash.hex(),
        terms_root="0x" + sheet.terms_root.hex(), root="0x" + sheet.root.hex(), total_fen=sheet.total_fen,
        lines=[
            SheetLineView(
                line.index, "0x" + line.worker_id.hex(), line.amount_fen, line.day_mask, "0x" + line.payslip_hash.hex()
            )
            for line in sheet.lines
        ],
        tx_hash=sheet.tx_hash,
    )  # fmt: skip


async def posted_line(
    session: AsyncSession, escrow: str, sheet_id: int, index: int
) -> tuple[WageSheet, WageLine] | None:
    """Return a line whose sheet is posted and final, for update; None where there is none."""
    found = (
        await session.execute(
            select(WageSheet, WageLine)
            .join(WageLine, WageLine.sheet_pk == WageSheet.id)
            .join(Project, Project.id == WageSheet.project_pk)
            .where(
                Project.escrow == escrow.lower(),
                WageSheet.sheet_id == sheet_id,
                WageLine.index == index,
                WageSheet.state == relayed.DONE,
            )
            .with_for_update(of=WageLine)
        )
    ).one_or_none()
    return None if found is None else (found[0], found[1])


async def posted_sheet(session: AsyncSession, escrow: str, sheet_id: int) -> WageSheet | None:
    """Return a posted sheet with its lines."""
    sheet: WageSheet | None = await session.scalar(
        select(WageSheet)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(Project.escrow == escrow.lower(), WageSheet.sheet_id == sheet_id, WageSheet.state == relayed.DONE)
        .options(selectinload(WageSheet.lines))
    )
    return sheet


async def record_sheet_posted(session: AsyncSession, event: Event) -> None:
    """The sheet is owed. Only the very sheet we compiled counts: its root is what the contract computed."""
    sheet = await session.scalar(
        select(WageSheet)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(Project.escrow == event.address, WageSheet.sheet_id == event.args["sheetId"])
    )
    if sheet is not None and "0x" + sheet.root.hex() == event.args["root"]:
        sheet.state, sheet.tx_hash, sheet.posted_at = relayed.DONE, event.tx_hash, event.block_time
