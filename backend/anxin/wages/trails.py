"""How far each posted line has come: owed, confirmed, released, with the bank, settled or given back, with the time of each.

Released is not paid. Lateness runs from the payday to the bank's receipt; to the release only where no bank is between; to
today for as long as the worker has nothing. Source: 保障农民工工资支付条例 Art. 11 (paid by transfer), 14 (on the payday).
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Date, Select, and_, case, cast, func, literal, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.clock import SITE_ZONE, now
from anxin.core.errors import Malformed
from anxin.core.language import Language
from anxin.payroll.late_pay import is_paid
from anxin.payroll.models import WageLine, WageSheet
from anxin.projects.access import Acting
from anxin.projects.models import RosterEntry
from anxin.projects.service import escrow_of
from anxin.wages.models import Confirmation
from anxin.wages.schemas import LineTrail, Trail, Trails

READS: Final = ("contractor", "officer", "bureau", "subcontractor")
ACCRUED, CONFIRMED, RELEASED, SUBMITTED = "accrued", "confirmed", "released", "submitted"
SETTLED, ARRIVED, RETURNED = "settled", "arrived", "returned"
ASKED_AT_ONCE: Final = 1_000
_CURSOR: Final = re.compile(r"([0-9]{1,9})-([0-9]{1,5})")  # sheet and line

Place = tuple[int, int]  # sheet's number on the chain, line


class BankSteps(Protocol):
    """What became of a line's latest payment at the bank, as far as its files say. Only the chain says settled."""

    @property
    def submitted_at(self) -> datetime | None: ...

    @property
    def booked_at(self) -> datetime | None: ...

    @property
    def rejected_at(self) -> datetime | None: ...

    @property
    def reason(self) -> str: ...

    @property
    def attempt(self) -> int: ...


ReadBankSteps = Callable[[AsyncSession, str, Sequence[Place], Language], Awaitable[Mapping[Place, BankSteps]]]


@dataclass(frozen=True)
class Source:
    """Where the bank's part of a trail is read and in which language, and BankPayout's address."""

    bank: str
    read_bank_steps: ReadBankSteps
    language: Language

    async def steps_of(self, session: AsyncSession, escrow: str, places: Sequence[Place]) -> Mapping[Place, BankSteps]:
        """A large site's file asks for more places than one statement may name."""
        known: dict[Place, BankSteps] = {}
        for start in range(0, len(places), ASKED_AT_ONCE):
            known |= await self.read_bank_steps(session, escrow, places[start : start + ASKED_AT_ONCE], self.language)
        return known


@dataclass(frozen=True)
class Asked:
    """Which lines: of one sheet or of all, late ones or all, from after a cursor on."""

    sheet: int | None = None
    late: bool = False
    after: str | None = None


async def trails_of(session: AsyncSession, source: Source, acting: Acting, asked: Asked, limit: int) -> Trails:
    """Return a page of the lines that the party may see, by sheet and line. Raises Malformed for a cursor that is none."""
    at = now()
    statement = _lines(acting, asked, source.bank, at)
    late = case((_is_late(source.bank, at), 1), else_=0)
    lines, late_lines = (
        await session.execute(
            _scoped(select(func.count(), func.coalesce(func.sum(late), 0)), acting, asked).select_from(WageLine)
        )
    ).one()
    if asked.after is not None:
        statement = statement.where(tuple_(WageSheet.sheet_id, WageLine.index) > _cursor(asked.after))
    rows = (await session.execute(statement.limit(limit + 1))).all()
    shown = await _views(session, source, escrow_of(acting.project), rows[:limit], at)
    following = f"{shown[-1].sheet_id}-{shown[-1].index}" if len(rows) > limit else None
    return Trails(shown, following, lines, int(late_lines))


async def exported(
    session: AsyncSession, source: Source, acting: Acting, asked: Asked, limit: int
) -> list[LineTrail]:
    """The same lines for a file, at most `limit`."""
    at = now()
    rows = (await session.execute(_lines(acting, asked, source.bank, at).limit(limit))).all()
    return await _views(session, source, escrow_of(acting.project), rows, at)


async def trails_by_line(
    session: AsyncSession, source: Source, lines: Iterable[tuple[str, WageSheet, WageLine, Confirmation | None]]
) -> dict[tuple[str, Place], Trail]:
    """Return the trail of each of these lines by its escrow and place; each comes with its latest confirmation."""
    found, at = list(lines), now()
    known: dict[str, Mapping[Place, BankSteps]] = {}
    for escrow in {escrow for escrow, *_ in found}:
        places = [(sheet.number, line.index) for of, sheet, line, _ in found if of == escrow]
        known[escrow] = await source.steps_of(session, escrow, places)
    return {
        (escrow, (sheet.number, line.index)): trail(
            sheet, line, None if word is None else (word.received_at, word.state),
            known[escrow].get((sheet.number, line.index)), source.bank, at,
        )
        for escrow, sheet, line, word in found
    }  # fmt: skip


def trail(
    sheet: WageSheet,
    line: WageLine,
    signed: tuple[datetime, str] | None,
    steps: BankSteps | None,
    bank: str,
    at: datetime,
) -> Trail:
    """Return how far a posted line has come by `at`.

    Args:
        signed: when the latest confirmation of the line was received, and its state; None where its worker was silent.
        steps: of its payment through the bank, where there is one.
        bank: 0x address of BankPayout.
    """
    if sheet.posted_at is None:
        raise ValueError(f"sheet {sheet.id} is not posted")
    confirmed_at, word_state = signed if signed is not None else (None, relayed.REFUSED)
    if word_state == relayed.REFUSED:
        confirmed_at = None
    to_bank = line.released_payout == bank or (line.released_payout is None and line.returned_at is not None)
    steps = steps if to_bank else None
    return Trail(
        payday=sheet.payday,
        accrued_at=sheet.posted_at,
        confirmed_at=confirmed_at,
        released_at=line.released_at,
        submitted_at=steps.submitted_at if steps else None,
        settled_at=line.settled_at,
        returned_at=line.returned_at,
        reason=(steps.reason or None) if steps else None,
        attempt=steps.attempt if steps else 0,
        to_bank=to_bank,
        state=_state(line, confirmed_at, word_state, steps, bank),
        late_days=max(0, (_ended_on(line, bank, at) - sheet.payday).days),
    )


def _state(
    line: WageLine, confirmed_at: datetime | None, word_state: str, steps: BankSteps | None, bank: str
) -> str:
    if line.settled_at is not None:
        return SETTLED
    if line.released_at is not None and line.released_payout != bank:
        return ARRIVED
    if line.released_at is not None:
        return SUBMITTED if steps is not None and steps.submitted_at is not None else RELEASED
    if line.returned_at is not None and (confirmed_at is None or word_state == relayed.DONE):
        return RETURNED  # the word that brought the money which came back is used up
    return ACCRUED if confirmed_at is None else CONFIRMED


def _ended_on(line: WageLine, bank: str, at: datetime) -> date:
    """The site's day on which the worker had the money; today's for as long as they have not."""
    ended = (line.settled_at or line.released_at) if is_paid(line, bank) else at
    return (ended or at).astimezone(SITE_ZONE).date()


# ------------------------------------------------------------------ reading


def _lines(acting: Acting, asked: Asked, bank: str, at: datetime) -> Select[Any]:
    """Posted lines by sheet and index, each with the project's number for its worker, and the latest word that counted."""
    word = (
        select(Confirmation.received_at, Confirmation.state)
        .where(
            Confirmation.sheet_pk == WageLine.sheet_pk, Confirmation.line_index == WageLine.index,
            Confirmation.state != relayed.REFUSED,
        )
        .order_by(Confirmation.received_at.desc())
        .limit(1)
        .lateral("word")
    )  # fmt: skip
    statement = _scoped(
        select(WageSheet, WageLine, RosterEntry.worker_no, word.c.received_at, word.c.state), acting, asked
    ).outerjoin(word, true())
    if asked.late:
        statement = statement.where(_is_late(bank, at))
    return statement.order_by(WageSheet.sheet_id, WageLine.index)


def _scoped(statement: Select[Any], acting: Acting, asked: Asked) -> Select[Any]:
    """A subcontractor sees its own people's lines, whoever compiled the sheet."""
    statement = (
        statement.join(WageSheet, WageSheet.id == WageLine.sheet_pk)
        .outerjoin(
            RosterEntry,
            and_(RosterEntry.project_pk == WageSheet.project_pk, RosterEntry.worker_pk == WageLine.worker_pk),
        )
        .where(WageSheet.project_pk == acting.project.id, WageSheet.state == relayed.DONE)
    )
    if acting.role == "subcontractor":
        statement = statement.where(RosterEntry.employer == acting.address)
    return statement if asked.sheet is None else statement.where(WageSheet.sheet_id == asked.sheet)


def _is_late(bank: str, at: datetime) -> ColumnElement[bool]:
    """As `_ended_on` says it, for the database."""
    ended = case((WageLine.released_payout == bank, WageLine.settled_at), else_=WageLine.released_at)
    day = cast(func.timezone(SITE_ZONE.key, func.coalesce(ended, literal(at))), Date)
    return WageSheet.payday < day


async def _views(
    session: AsyncSession, source: Source, escrow: str, rows: Sequence[Any], at: datetime
) -> list[LineTrail]:
    places = [(sheet.number, line.index) for sheet, line, *_ in rows]
    known = await source.steps_of(session, escrow, places)
    return [
        LineTrail(
            sheet.number, line.index, worker_no or "", "0x" + line.worker_id.hex(), line.amount_fen,
            trail(
                sheet, line, None if received_at is None else (received_at, state), known.get((sheet.number, line.index)),
                source.bank, at,
            ),
        )
        for sheet, line, worker_no, received_at, state in rows
    ]  # fmt: skip


def _cursor(after: str) -> Place:
    match = _CURSOR.fullmatch(after)
    if match is None:
        raise Malformed(problem="after: a cursor as `next` gave it")
    return int(match[1]), int(match[2])
