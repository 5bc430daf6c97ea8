"""A worker's own payslips: one as PDF, all of them as a table."""

import asyncio
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.exports import Titles
from anxin.core.language import Language
from anxin.core.tables import Cell
from anxin.payroll.errors import NoPayslip
from anxin.payroll.models import WageLine, WageSheet
from anxin.payroll.payslip import PayslipText, decode
from anxin.payroll.payslip_pdf import Printed, payslip_pdf
from anxin.payroll.read import sheet_for
from anxin.people.models import Worker
from anxin.projects.access import Acting
from anxin.projects.models import Project
from anxin.projects.service import escrow_of

ITEMS = ("base", "ot150", "ot200", "ot300", "piece")
_MY_HEADER = (
    "project", "sheet", "line", "first_day", "last_day", "payday", "days", "contract", "rate_fen",
    *(f"{item}_fen" for item in ITEMS), "gross_fen", "earlier_fen", "back_pay_fen", "tax_fen", "deductions_fen",
    "net_fen", "released_at", "settled_at", "payslip_sha256",
)  # fmt: skip
_SHEET_HEADER = ("worker_no", *_MY_HEADER[1:])
MY_NAME: Mapping[Language, str] = {"zh": "工资条", "en": "payslips"}
MY_TITLES: Titles = {"zh": _MY_HEADER, "en": _MY_HEADER}
SHEET_TITLES: Titles = {"zh": _SHEET_HEADER, "en": _SHEET_HEADER}


async def pdf_of(
    session: AsyncSession, worker: Worker, escrow: str, sheet_id: int, index: int, language: Language
) -> bytes:
    """Return a posted line's payslip as PDF, for the worker it belongs to. Raises NoPayslip."""
    found = (
        await session.execute(
            select(WageLine, WageSheet, Project)
            .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
            .join(Project, Project.id == WageSheet.project_pk)
            .where(
                Project.escrow == escrow.lower(), WageSheet.sheet_id == sheet_id, WageLine.index == index,
                WageLine.worker_pk == worker.id, WageSheet.state == relayed.DONE,
            )
        )
    ).one_or_none()  # fmt: skip
    slip = decode(found[0].payslip) if found is not None and found[0].payslip else None
    if found is None or slip is None:
        raise NoPayslip()
    line, sheet, project = found
    printed = Printed(escrow_of(project), sheet.number, line.index, line.payslip_hash, worker.name or "")
    return await asyncio.to_thread(payslip_pdf, slip, printed, language)


async def my_rows(session: AsyncSession, worker: Worker) -> list[list[Cell]]:
    """Return all payslips of a worker, of every project, as rows under `MY_TITLES`; newest last."""
    rows = await session.execute(
        select(WageLine, WageSheet, Project)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(WageLine.worker_pk == worker.id, WageSheet.state == relayed.DONE)
        .order_by(WageSheet.last_day, WageSheet.id)
    )
    return [[project.name, *_cells(sheet, line)] for line, sheet, project in rows]


async def sheet_rows(session: AsyncSession, acting: Acting, sheet_pk: int) -> list[list[Cell]]:
    """Return a sheet's lines as rows under `SHEET_TITLES`. Raises SheetUnknown."""
    sheet = await sheet_for(session, acting, sheet_pk)
    return [[slip.worker if slip else "", *_cells(sheet, line)] for line in sheet.lines for slip in (_slip(line),)]


def _slip(line: WageLine) -> PayslipText | None:
    return decode(line.payslip) if line.payslip else None


def _cells(sheet: WageSheet, line: WageLine) -> list[Cell]:
    slip = _slip(line)
    fen = {item.item: item.amount_fen for item in slip.items} if slip else {}
    sums: list[Cell] = [None] * 5
    if slip is not None:
        sums = [
            slip.gross_fen, sum(each.gross_fen for each in slip.earlier), sum(each.amount_fen for each in slip.back_pay),
            slip.tax.amount_fen if slip.tax else 0, sum(each.amount_fen for each in slip.deductions),
        ]  # fmt: skip
    return [
        sheet.sheet_id, line.index, sheet.first_day, sheet.last_day, sheet.payday, line.day_mask.bit_count(),
        slip.contract_type if slip else None, slip.rate_fen if slip else None, *(fen.get(item, 0) for item in ITEMS),
        *sums, line.amount_fen, line.released_at, line.settled_at, "0x" + line.payslip_hash.hex(),
    ]  # fmt: skip
