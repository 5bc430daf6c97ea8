"""Booking final events, and reading the books.

    Funded            debit funded          credit paid in         money came in
    SheetPosted       debit wage debt       credit owed            the contractor owes
    Released          debit owed            credit funded          a wage left
    LineReturned      debit funded          credit owed            and came back: the bank could not pay it
    Contested/Claimed debit claims          credit contested       what is disputed is set aside
    Answered/Resolved debit contested       credit claims          it is not any more,
    /ClaimStood       debit wage debt       credit owed            and what was granted is owed
    DisputePaid       as Released; DisputeReturned as LineReturned
    BondDeposited     debit bond            credit bond paid in
    BondDrawn         debit funded          credit bond            the bureau moves it to payroll
    BondReturned      debit bond paid in    credit bond
    Closed            debit paid in         credit funded          what nobody is owed goes back to the contractor
    (to the bank)     debit with bank       credit to be settled   beside Released and DisputePaid; the
                                                                   reverse once it has paid or given back
    Minted            debit bank            credit tokens          the bank mirrors a deposit
    Burned            debit tokens          credit bank            and takes its mirror back

Whatever was booked from blocks that vanished after all is booked the other way round: reversal.py.
A balance is debits minus credits; debts (owed, contested) are shown with their sign turned.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.ledger.models import Entry
from anxin.ledger.reversal import REVERSED, name_again

FUNDED, PAID_IN, OWED, WAGE_DEBT = "funded", "paid in", "owed", "wage debt"
CONTESTED, CLAIMS, BANK, TOKENS = "contested", "claims", "bank", "tokens"
BOND, BOND_PAID_IN, WITH_BANK, TO_BE_SETTLED = "bond", "bond paid in", "with bank", "to be settled"


@dataclass(frozen=True)
class Books:
    """An escrow's books in fen, as IWageEscrow.books() has them; `released` is what has ever left to workers and not come
    back, `with_bank` the part of it that the bank has not paid out yet.
    """

    funded_fen: int
    owed_fen: int
    contested_fen: int
    bond_fen: int
    released_fen: int
    with_bank_fen: int

    @property
    def free_fen(self) -> int:
        return max(0, self.funded_fen - self.owed_fen - self.contested_fen)

    @property
    def coverage_percent(self) -> int | None:
        """How much of what is owed is there; None where nothing is owed."""
        return None if self.owed_fen == 0 else self.funded_fen * 100 // self.owed_fen


async def _book(session: AsyncSession, event: Event, debit: str, credit: str, amount_fen: int) -> None:
    if amount_fen == 0:
        return  # an answer that admits nothing, a closing of an empty account
    of_token = event.contract == "WageToken"
    values = {
        "escrow": None if of_token else event.address, "event": event.key, "event_name": event.name, "debit": debit,
        "credit": credit, "amount_fen": amount_fen, "dispute_id": event.args.get("disputeId"),
        "block_number": event.block_number, "tx_hash": event.tx_hash, "at": event.block_time,
    }  # fmt: skip
    booked = await session.scalar(insert(Entry).values(values).on_conflict_do_nothing().returning(Entry.id))
    if booked is None and (again := await name_again(session, values)) is not None:
        await session.execute(insert(Entry).values(values | {"event": again}))


# ------------------------------------------------------------------ money in and out


async def record_funding(session: AsyncSession, event: Event) -> None:
    await _book(session, event, FUNDED, PAID_IN, event.args["amount"])


async def record_bond_deposit(session: AsyncSession, event: Event) -> None:
    await _book(session, event, BOND, BOND_PAID_IN, event.args["amount"])


async def record_bond_draw(session: AsyncSession, event: Event) -> None:
    await _book(session, event, FUNDED, BOND, event.args["amount"])


async def record_bond_return(session: AsyncSession, event: Event) -> None:
    await _book(session, event, BOND_PAID_IN, BOND, event.args["amount"])


async def record_closing(session: AsyncSession, event: Event) -> None:
    await _book(session, event, PAID_IN, FUNDED, event.args["amount"])


# ------------------------------------------------------------------ wages


async def record_sheet(session: AsyncSession, event: Event) -> None:
    await _book(session, event, WAGE_DEBT, OWED, event.args["total"])


async def record_release(session: AsyncSession, event: Event, *, deployment: Deployment) -> None:
    """Of a line, or of what a dispute granted."""
    await _book(session, event, OWED, FUNDED, event.args["amount"])
    if event.args["payout"] == deployment.bank:
        await _book(session, event, WITH_BANK, TO_BE_SETTLED, event.args["amount"])


async def record_settlement(session: AsyncSession, event: Event) -> None:
    await _book(session, event, TO_BE_SETTLED, WITH_BANK, event.args["amount"])


async def record_return(session: AsyncSession, event: Event) -> None:
    await _book(session, event, FUNDED, OWED, event.args["amount"])
    await _book(session, event, TO_BE_SETTLED, WITH_BANK, event.args["amount"])


# ------------------------------------------------------------------ disputes


async def record_dispute(session: AsyncSession, event: Event) -> None:
    """A contest's remainder, or a claim."""
    await _book(session, event, CLAIMS, CONTESTED, event.args["asked"])


async def record_answer(session: AsyncSession, event: Event) -> None:
    """`admitted` is in all: what was admitted before is booked already, and neither asked nor undecided any more."""
    asked, undecided = await _dispute(session, event)
    await _grant(session, event, event.args["admitted"] - (asked - undecided))


async def record_standing(session: AsyncSession, event: Event) -> None:
    _, undecided = await _dispute(session, event)
    await _grant(session, event, undecided)


async def record_resolution(session: AsyncSession, event: Event) -> None:
    """`granted` is in all. Whatever is not granted is disputed no more."""
    asked, undecided = await _dispute(session, event)
    await _book(session, event, CONTESTED, CLAIMS, undecided)
    await _book(session, event, WAGE_DEBT, OWED, event.args["granted"] - (asked - undecided))


async def _grant(session: AsyncSession, event: Event, amount_fen: int) -> None:
    await _book(session, event, CONTESTED, CLAIMS, amount_fen)
    await _book(session, event, WAGE_DEBT, OWED, amount_fen)


async def _dispute(session: AsyncSession, event: Event) -> tuple[int, int]:
    """Return what was asked in a dispute, and what of it is undecided, from the entries before this event."""
    mine = Entry.escrow == event.address, Entry.dispute_id == event.args["disputeId"]
    others = Entry.event != event.key, ~Entry.event.startswith(f"{event.key}:", autoescape=True)
    amount, is_reversal = Entry.amount_fen, Entry.event_name == REVERSED
    asked, decided = [
        int(await session.scalar(select(func.sum(
            case((~is_reversal & (there == CONTESTED), amount), (is_reversal & (back == CONTESTED), -amount), else_=0)
        )).where(*mine, *others)) or 0)
        for there, back in ((Entry.credit, Entry.debit), (Entry.debit, Entry.credit))
    ]  # fmt: skip
    return asked, asked - decided


# ------------------------------------------------------------------ the token


async def record_mint(session: AsyncSession, event: Event) -> None:
    await _book(session, event, BANK, TOKENS, event.args["amount"])


async def record_burn(session: AsyncSession, event: Event) -> None:
    await _book(session, event, TOKENS, BANK, event.args["amount"])


# ------------------------------------------------------------------ reading


async def balances(session: AsyncSession, escrow: str | None) -> dict[str, int]:
    """Return debits minus credits of each account of an escrow; of the token where `escrow` is None."""
    scope = Entry.escrow.is_(None) if escrow is None else Entry.escrow == escrow.lower()
    found: dict[str, int] = {}
    for account, sign in ((Entry.debit, 1), (Entry.credit, -1)):
        rows = await session.execute(select(account, func.sum(Entry.amount_fen)).where(scope).group_by(account))
        for name, total in rows:
            found[name] = found.get(name, 0) + sign * int(total)
    return found


async def supply(session: AsyncSession, until: datetime | None) -> tuple[int, int, datetime | None]:
    """Return the tokens in fen, minted and not burned, up to an instant (0 without one) and to now; when the first came."""
    signed = case((Entry.debit == BANK, Entry.amount_fen), else_=-Entry.amount_fen)
    then = func.sum(signed).filter(Entry.at <= until) if until is not None else func.sum(0)
    statement = select(then, func.sum(signed), func.min(Entry.at))
    found, total, first = (await session.execute(statement.where(Entry.escrow.is_(None)))).one()
    return int(found or 0), int(total or 0), first


async def books_of(session: AsyncSession, escrow: str) -> Books:
    """Return an escrow's books at finality."""
    accounts = await balances(session, escrow)
    owed = -accounts.get(OWED, 0)
    return Books(
        funded_fen=accounts.get(FUNDED, 0),
        owed_fen=owed,
        contested_fen=-accounts.get(CONTESTED, 0),
        bond_fen=accounts.get(BOND, 0),
        released_fen=accounts.get(WAGE_DEBT, 0) - owed,  # all that was ever owed, but for what still is
        with_bank_fen=accounts.get(WITH_BANK, 0),
    )
