"""The operator's desk at the bank: orders what is due, hands it in, reads the answers, and says what hangs.

It can order a payment of what the chain has released to the bank, and nothing else. That a wage is settled only the bank's
own key says, on the chain.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import func, select

from anxin.bank.adapter import Adapter, BankUnreachable
from anxin.bank.comparing import tell_contradictions
from anxin.bank.handing_in import hand_in
from anxin.bank.ordering import order_due
from anxin.bank.payment_models import BOOKED, DUE, PENDING, SUBMITTED, BankPayment
from anxin.bank.payouts import RaiseAlarm
from anxin.bank.reading import read_inbox
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction

OUT_OF_REACH_AFTER: Final = timedelta(minutes=10)
LOOKED_EVERY: Final = timedelta(minutes=10)
OUT_OF_REACH: Final = "bank out of reach"

log = structlog.get_logger()

ClearAlarm = Callable[..., Awaitable[Any]]  # session, kind, subject


@dataclass(frozen=True)
class Hanging:
    """Payments that have been in a state for too long. `at` is the column that says since when."""

    kind: str
    states: tuple[str, ...]
    at: Any
    longer_than: timedelta
    what_to_do: str


HANGING: Final = (
    Hanging(
        "wages held back", (DUE,), BankPayment.looked_at, timedelta(0),
        "an account or a name is missing: the project's list of bank payments says which",
    ),
    Hanging(
        "bank does not answer", (SUBMITTED, PENDING), BankPayment.submitted_at, timedelta(days=2), "ask the bank",
    ),
    Hanging(
        "booked and not settled", (BOOKED,), BankPayment.booked_at, timedelta(days=1),
        "the bank's teller has not said so on the chain: ask the bank",
    ),
)  # fmt: skip


@dataclass
class Desk:
    """One bank's. `step` may be taken by anybody, any number of times: what is known is in the database.

    Args:
        wait: how long an order waits for company.
        resend: after which an order the bank has said nothing of is handed in again.
    """

    sessions: Sessions
    bank: Adapter
    raise_alarm: RaiseAlarm
    clear_alarm: ClearAlarm
    wait: timedelta
    resend: timedelta
    _unreached_since: datetime | None = None
    _looked_at: datetime | None = None

    async def step(self) -> bool:
        """Do once what is due. Return whether there may be more at once."""
        ordered = await order_due(self.sessions, self.bank.name, wait=self.wait)
        await self._look()
        try:
            handed_in = await hand_in(self.sessions, self.bank, resend=self.resend, raise_alarm=self.raise_alarm)
        except BankUnreachable as reason:
            handed_in = False  # one order may be too much for it: what it has written is read all the same
            log.warning("the bank did not answer an order", bank=self.bank.name, reason=str(reason))
        try:
            read = await read_inbox(self.sessions, self.bank, raise_alarm=self.raise_alarm)
        except BankUnreachable as reason:
            await self._note_unreached(str(reason))
            return ordered
        await self._note_reached()
        return ordered or handed_in or read

    async def _note_unreached(self, reason: str) -> None:
        log.warning("the bank is out of reach", bank=self.bank.name, reason=reason)
        self._unreached_since = self._unreached_since or now()
        if now() - self._unreached_since > OUT_OF_REACH_AFTER:
            text = "orders wait, and what it has written is not read. See ANXIN_BANK_URL and the line to the bank"
            async with transaction(self.sessions) as session:
                await self.raise_alarm(session, OUT_OF_REACH, self.bank.name, text)

    async def _note_reached(self) -> None:
        self._unreached_since = None
        async with transaction(self.sessions) as session:
            await self.clear_alarm(session, OUT_OF_REACH, self.bank.name)

    async def _look(self) -> None:
        """Tell what hangs, and what does not any more."""
        at = now()
        if self._looked_at is not None and at - self._looked_at < LOOKED_EVERY:
            return
        self._looked_at = at
        async with transaction(self.sessions) as session:
            await tell_contradictions(session, self.bank.name, at, self.raise_alarm)
        for each in HANGING:
            async with transaction(self.sessions) as session:
                count = await session.scalar(
                    select(func.count()).where(
                        BankPayment.state.in_(each.states), BankPayment.closed_at.is_(None), each.at <= at - each.longer_than
                    )
                )
                if count:
                    await self.raise_alarm(session, each.kind, self.bank.name, f"{count} payments: {each.what_to_do}")
                else:
                    await self.clear_alarm(session, each.kind, self.bank.name)
