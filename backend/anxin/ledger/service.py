"""Booking final events, and reading the books.

    Funded       debit funded       credit paid in         money came in
    SheetPosted  debit wage debt    credit owed            the contractor owes
    Released     debit owed         credit funded          a wage left
    Contested    debit claims       credit contested       a remainder is set aside
    Minted       debit bank         credit tokens          the bank mirrors a deposit
    Burned       debit tokens       credit bank            and takes its mirror back

A balance is debits minus credits; debts (owed, contested) are shown with their sign turned.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.events import Event
from anxin.ledger.models import Entry

FUNDED, PAID_IN, OWED, WAGE_DEBT = "funded", "paid in", "owed", "wage debt"
CONTESTED, CLAIMS, BANK, TOKENS = "contested", "claims", "bank", "tokens"


@dataclass(frozen=True)
class Books:
    """An escrow's books in fen, as IWageEscrow.books() has them; `released` is what has ever left to workers."""

    funded_fen: int
    owed_fen: int
    contested_fen: int
    released_fen: int

    @property
    def free_fen(self) -> int:
        return max(0, self.funded_fen - self.owed_fen - self.contested_fen)

    @property
    def coverage_percent(self) -> int | None:
        """How much of what is owed is there; None where nothing is owed."""
        return None if self.owed_fen == 0 else self.funded_fen * 100 // self.owed_fen


async def _book(session: AsyncSession, event: Event, debit: str, credit: str, amount_fen: int) -> None:
    of_token = event.contract == "WageToken"
    await session.execute(
        insert(Entry)
        .values(
            escrow=None if of_token else event.address, event=event.key, event_name=event.name, debit=debit,
            credit=credit, amount_fen=amount_fen, block_number=event.block_number, tx_hash=event.tx_hash,
            at=event.block_time,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip


async def record_funding(session: AsyncSession, event: Event) -> None:
    await _book(session, event, FUNDED, PAID_IN, event.args["amount"])


async def record_sheet(session: AsyncSession, event: Event) -> None:
    await _book(session, event, WAGE_DEBT, OWED, event.args["total"])


async def record_release(session: AsyncSession, event: Event) -> None:
    await _book(session, event, OWED, FUNDED, event.args["amount"])


async def record_contest(session: AsyncSession, event: Event) -> None:
    await _book(session, event, CLAIMS, CONTESTED, event.args["remainder"])


async def record_mint(session: AsyncSession, event: Event) -> None:
    await _book(session, event, BANK, TOKENS, event.args["amount"])


async def record_burn(session: AsyncSession, event: Event) -> None:
    await _book(session, event, TOKENS, BANK, event.args["amount"])


async def balances(session: AsyncSession, escrow: str | None) -> dict[str, int]:
    """Return debits minus credits of each account of an escrow; of the token where `escrow` is None."""
    scope = Entry.escrow.is_(None) if escrow is None else Entry.escrow == escrow.lower()
    found: dict[str, int] = {}
    for account, sign in ((Entry.debit, 1), (Entry.credit, -1)):
        rows = await session.execute(select(account, func.sum(Entry.amount_fen)).where(scope).group_by(account))
        for name, total in rows:
            found[name] = found.get(name, 0) + sign * int(total)
    return found


async def books_of(session: AsyncSession, escrow: str) -> Books:
    """Return an escrow's books at finality."""
    accounts = await balances(session, escrow)
    funded, owed = accounts.get(FUNDED, 0), -accounts.get(OWED, 0)
    return Books(
        funded_fen=funded,
        owed_fen=owed,
        contested_fen=-accounts.get(CONTESTED, 0),
        released_fen=-accounts.get(PAID_IN, 0) - funded,
    )
