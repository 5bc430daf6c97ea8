"""Reading for the bureau's and the contractor's pages: projects with their books, events, ledger."""

import re
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from anxin.audit.schemas import (
    AccountView,
    AlarmView,
    BooksView,
    EntryView,
    EventsView,
    EventView,
    Health,
    LedgerView,
    ProjectView,
)
from anxin.chain.alarms import CHAIN_CHANGED, open_alarms
from anxin.chain.indexer import heights
from anxin.chain.models import ChainEvent, RelayCall, of_contract
from anxin.core import exports, relayed
from anxin.core.errors import Malformed, NotFound
from anxin.ledger import service as ledger
from anxin.ledger.models import Entry
from anxin.projects.models import Membership, Project
from anxin.projects.service import escrow_of, project_at

_CURSOR = re.compile(r"([0-9]{1,15})-([0-9]{1,9})")  # block and log index, as the columns hold them

BESIDE = ("Transfer", "Approval")  # ERC-20's, beside each of ours that moves money: shown when asked for by name


async def health(session: AsyncSession) -> Health:
    seen, final = await heights(session)
    alarms = [AlarmView(each.kind, each.subject, each.text, each.raised_at) for each in await open_alarms(session)]
    counts = select(RelayCall.state, func.count()).where(RelayCall.state.in_(("waiting", "signed")))
    calls = dict([*await session.execute(counts.group_by(RelayCall.state))])
    halted = any(each.kind == CHAIN_CHANGED for each in alarms)
    status = "halted" if halted else "degraded" if alarms else "ok"
    return Health(status, seen, final, calls.get("waiting", 0), calls.get("signed", 0), alarms)


async def projects(session: AsyncSession) -> list[ProjectView]:
    found = await session.scalars(select(Project).where(Project.escrow.is_not(None)).order_by(Project.id))
    return [await _project(session, project) for project in found]


async def project(session: AsyncSession, escrow: str) -> ProjectView:
    """Raises NotFound."""
    found = await project_at(session, escrow)
    if found is None:
        raise NotFound(what=f"project with escrow {escrow}")
    return await _project(session, found)


async def _project(session: AsyncSession, project: Project) -> ProjectView:
    escrow = escrow_of(project)
    books = await ledger.books_of(session, escrow)
    joined = Membership.project_pk == project.id, Membership.state == relayed.DONE
    workers = await session.scalar(select(func.count()).select_from(Membership).where(*joined))
    _, final = await heights(session)
    return ProjectView(
        escrow=escrow,
        name=project.name,
        contractor_name=project.contractor_name,
        contractor=project.contractor,
        bureau=project.bureau,
        arbiter=project.arbiter,
        objection_window_seconds=project.objection_window_seconds,
        answer_window_seconds=project.answer_window_seconds,
        bureau_window_seconds=project.bureau_window_seconds,
        workers=workers or 0,
        books=BooksView(
            books.funded_fen, books.owed_fen, books.contested_fen, books.bond_fen, books.free_fen, books.released_fen,
            books.with_bank_fen,
        ),
        coverage_percent=books.coverage_percent,
        as_of_block=final,
    )


async def events(
    session: AsyncSession, *, escrow: str | None, name: str | None, before: str | None, limit: int
) -> EventsView:
    """A page of events, newest first; one event more is read to know whether there is another page."""
    query = select(ChainEvent).order_by(ChainEvent.block_number.desc(), ChainEvent.log_index.desc())
    if escrow is not None:
        query = query.where(*of_contract(escrow.lower()))
    query = query.where(ChainEvent.name.not_in(BESIDE) if name is None else ChainEvent.name == name)
    if before is not None:
        query = query.where(tuple_(ChainEvent.block_number, ChainEvent.log_index) < _cursor(before))
    rows = (await session.scalars(query.limit(limit + 1))).all()
    page = [_event(row) for row in rows[:limit]]
    return EventsView(page, page[-1].id if len(rows) > limit else None)


async def exported_events(
    session: AsyncSession, *, escrow: str | None, name: str | None, first: date | None, last: date | None
) -> list[EventView]:
    """The events of days `first` to `last` on the site's calendar, oldest first; one more than a file may hold."""
    query = select(ChainEvent).order_by(ChainEvent.block_number, ChainEvent.log_index)
    if escrow is not None:
        query = query.where(*of_contract(escrow.lower()))
    query = query.where(ChainEvent.name.not_in(BESIDE) if name is None else ChainEvent.name == name)
    query = query.where(*_within(ChainEvent.block_time, first, last))
    return [_event(row) for row in await session.scalars(query.limit(exports.MAX_ROWS + 1))]


async def exported_entries(
    session: AsyncSession, *, escrow: str | None, first: date | None, last: date | None
) -> list[EntryView]:
    """The ledger's entries of these days, oldest first; one more than a file may hold."""
    scope = Entry.escrow.is_(None) if escrow is None else Entry.escrow == escrow.lower()
    query = select(Entry).where(scope, *_within(Entry.at, first, last)).order_by(Entry.id)
    return [_entry(row) for row in await session.scalars(query.limit(exports.MAX_ROWS + 1))]


def _within(
    column: InstrumentedAttribute[datetime], first: date | None, last: date | None
) -> list[ColumnElement[bool]]:
    bounds = []
    if first is not None:
        bounds.append(column >= exports.start_of(first))
    if last is not None:
        bounds.append(column < exports.end_of(last))
    return bounds


def _cursor(before: str) -> tuple[int, int]:
    match = _CURSOR.fullmatch(before)
    if match is None:
        raise Malformed(problem="before: a cursor as `next` gave it")
    return int(match[1]), int(match[2])


def _event(row: ChainEvent) -> EventView:
    return EventView(
        id=f"{row.block_number}-{row.log_index}", block_number=row.block_number, block_time=row.block_time,
        tx_hash=row.tx_hash, contract=row.contract, address=row.address, name=row.name, args=row.args, state=row.state,
    )  # fmt: skip


async def ledger_of(session: AsyncSession, escrow: str | None) -> LedgerView:
    scope = Entry.escrow.is_(None) if escrow is None else Entry.escrow == escrow.lower()
    rows = await session.scalars(select(Entry).where(scope).order_by(Entry.id.desc()).limit(100))
    accounts = await ledger.balances(session, escrow)
    return LedgerView(
        accounts=[AccountView(name, balance) for name, balance in sorted(accounts.items())],
        entries=[_entry(row) for row in rows],
    )


def _entry(row: Entry) -> EntryView:
    return EntryView(
        row.id, row.at, row.block_number, row.tx_hash, row.event_name, row.debit, row.credit, row.amount_fen
    )
