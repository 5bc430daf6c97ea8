"""A worker's own signed word as a file they can keep, and give to anybody who will take it to the chain."""

from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from anxin.core.calls import Call
from anxin.core.deployment import Deployment
from anxin.core.errors import NotFound
from anxin.core.relay_file import RelayFile, relay_file
from anxin.core.signing import Value
from anxin.core.wire import hex_bytes
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Worker
from anxin.projects.models import Project
from anxin.projects.service import escrow_of
from anxin.wages.models import Confirmation, Contest

Signed = TypeVar("Signed", Confirmation, Contest)


async def confirmation_file(session: AsyncSession, deployment: Deployment, worker: Worker, digest: str) -> RelayFile:
    """Return this worker's confirmation. Raises Malformed; NotFound for another's, too."""
    row, sheet, line, escrow = await _mine(session, Confirmation, worker, digest)
    call = Call(
        digest, "WageEscrow", escrow, "releaseLine",
        {**_place(sheet, line), "deadline": row.deadline, "signature": "0x" + row.signature.hex()},
    )  # fmt: skip
    return relay_file(deployment, call, {**_words(sheet, line), "deadline": row.deadline})


async def contest_file(session: AsyncSession, deployment: Deployment, worker: Worker, digest: str) -> RelayFile:
    """Return this worker's contest. Raises Malformed; NotFound for another's, too."""
    row, sheet, line, escrow = await _mine(session, Contest, worker, digest)
    objection: dict[str, Value] = {
        "claimed": row.claimed_fen, "claimedDays": row.claimed_days, "evidenceHash": "0x" + row.evidence_hash.hex(),
        "deadline": row.deadline,
    }  # fmt: skip
    arguments = {**_place(sheet, line), "objection": objection, "signature": "0x" + row.signature.hex()}
    call = Call(digest, "WageEscrow", escrow, "contest", arguments)
    return relay_file(deployment, call, {**_words(sheet, line), **objection})


async def _mine(
    session: AsyncSession, table: type[Signed], worker: Worker, digest: str
) -> tuple[Signed, WageSheet, WageLine, str]:
    row = await session.get(table, hex_bytes(digest, 32, "digest"))
    if row is not None:
        sheet = await session.get_one(WageSheet, row.sheet_pk, options=[selectinload(WageSheet.lines)])
        line = next(line for line in sheet.lines if line.index == row.line_index)
        if line.worker_pk == worker.id:
            return row, sheet, line, escrow_of(await session.get_one(Project, sheet.project_pk))
    raise NotFound(what=f"signed word {digest}")


def _place(sheet: WageSheet, line: WageLine) -> dict[str, object]:
    return {"sheetId": sheet.number, "line": sheet.packed([line.index]), "proof": sheet.proof([line.index])}


def _words(sheet: WageSheet, line: WageLine) -> dict[str, Value]:
    return {
        "sheetId": sheet.number, "index": line.index, "workerId": line.worker_id, "amount": line.amount_fen,
        "dayMask": line.day_mask, "payslipHash": line.payslip_hash,
    }  # fmt: skip
