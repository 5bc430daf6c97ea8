"""What the database holds, in the shapes of `expected.py`. Only columns that are public are read: nothing is unsealed."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.audit.expected import Key, Values
from anxin.chain.models import FINAL, Block, ChainEvent
from anxin.core import relayed
from anxin.ledger.models import Entry
from anxin.ledger.reversal import REVERSED
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Worker
from anxin.projects.models import Membership, Project

ReadDisputes = Callable[[AsyncSession], Awaitable[dict[Key, Values]]]


async def newest_final_block(session: AsyncSession) -> tuple[int, str] | None:
    """Return height and hash; None before there is one."""
    newest = select(Block.number, Block.hash).where(Block.state == FINAL).order_by(Block.number.desc()).limit(1)
    found = (await session.execute(newest)).one_or_none()
    return None if found is None else (found.number, found.hash)


async def events(session: AsyncSession) -> dict[Key, Values]:
    """Final events by (block hash, log index)."""
    rows = await session.execute(select(*ChainEvent.__table__.columns).where(ChainEvent.state == FINAL))
    return {
        (row.block_hash, row.log_index): {
            "name": row.name, "contract": row.contract, "address": row.address, "args": row.args,
            "block": row.block_number, "time": row.block_time, "tx": row.tx_hash,
        }
        for row in rows
    }  # fmt: skip


async def entries(session: AsyncSession) -> dict[Key, int]:
    """What stands booked for each event: its entries less their reversals, however often it came and went."""
    rows = await session.execute(select(Entry.event, Entry.event_name, Entry.debit, Entry.credit, Entry.amount_fen))
    found: dict[Key, int] = defaultdict(int)
    for event, name, debit, credit, amount_fen in rows:
        key = ":".join(event.split(":")[:2])
        if name == REVERSED:
            found[key, credit, debit] -= amount_fen
        else:
            found[key, debit, credit] += amount_fen
    return {place: amount_fen for place, amount_fen in found.items() if amount_fen}


async def lines(session: AsyncSession) -> dict[Key, Values]:
    """Of sheets that are posted, by what the database says."""
    columns = (
        Project.escrow, WageSheet.sheet_id, WageSheet.tx_hash, WageLine.index, WageLine.worker_id, WageLine.amount_fen,
        WageLine.day_mask, WageLine.payslip_hash, WageLine.released_tx, WageLine.released_at, WageLine.released_payout,
        WageLine.released_assurance, WageLine.settled_tx, WageLine.settled_at, WageLine.returned_tx,
    )  # fmt: skip
    rows = await session.execute(
        select(*columns)
        .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .join(Project, Project.id == WageSheet.project_pk)
        .where(WageSheet.state == relayed.DONE)
    )
    return {
        (row.escrow, row.sheet_id, row.index): {
            "workerId": _hex(row.worker_id), "amount": row.amount_fen, "dayMask": row.day_mask,
            "payslipHash": _hex(row.payslip_hash), "posted": row.tx_hash, "released": row.released_tx,
            "releasedAt": row.released_at, "payout": row.released_payout, "assurance": row.released_assurance,
            "settled": row.settled_tx, "settledAt": row.settled_at, "returned": row.returned_tx,
        }
        for row in rows
    }  # fmt: skip


async def joined(session: AsyncSession) -> dict[Key, Values]:
    rows = await session.execute(
        select(Project.escrow, Worker.worker_id, Membership.day_cap_fen)
        .join(Project, Project.id == Membership.project_pk)
        .join(Worker, Worker.id == Membership.worker_pk)
        .where(Membership.state == relayed.DONE)
    )
    return {(escrow, _hex(worker_id)): {"dayCap": day_cap_fen} for escrow, worker_id, day_cap_fen in rows}


async def workers(session: AsyncSession) -> dict[str, Values]:
    """Everybody on record; without a key only that they are."""
    rows = await session.execute(select(Worker.worker_id, Worker.assurance, Worker.x, Worker.y, Worker.payout))
    return {
        _hex(row.worker_id): {}
        if row.x is None
        else {"assurance": row.assurance, "x": row.x, "y": row.y, "payout": row.payout}
        for row in rows
    }


async def escrows(session: AsyncSession) -> dict[str, Values]:
    return {row.escrow: {**_made(row), "closed": row.closed_at} for row in await _projects(session) if row.escrow}


async def agreed(session: AsyncSession) -> list[Values]:
    """What the escrow of each project on record is to be made with: one that was made so must be known."""
    return [_made(row) for row in await _projects(session)]


async def _projects(session: AsyncSession) -> Sequence[Any]:
    columns = (
        Project.escrow, Project.reference, Project.contractor, Project.bureau, Project.arbiter, Project.closed_at,
        Project.objection_window_seconds, Project.answer_window_seconds, Project.bureau_window_seconds,
    )  # fmt: skip
    return (await session.execute(select(*columns))).all()


def _made(row: Any) -> Values:
    return {
        "project": _hex(row.reference), "contractor": row.contractor, "bureau": row.bureau, "arbiter": row.arbiter,
        "windows": {
            "objection": row.objection_window_seconds, "answer": row.answer_window_seconds,
            "bureau": row.bureau_window_seconds,
        },
    }  # fmt: skip


def _hex(raw: Any) -> str:
    return "0x" + bytes(raw).hex()
