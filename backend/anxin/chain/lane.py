"""What the parts of a relayer share: one key, one node, one database, and the bounds they keep."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

import structlog
from eth_account.signers.local import LocalAccount
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.alarms import clear_alarm, raise_alarm
from anxin.chain.models import RelayAttempt, RelayCall
from anxin.chain.rpc import Rpc
from anxin.chain.steps import AtBoundary, go_on
from anxin.chain.transactions import Words
from anxin.core.calls import Refusal
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment

MAX_GAS = 16_777_216  # of one transaction (EIP-7825)

Place = dict[str, Any]  # blockNumber and blockHash, as a receipt has them
OnSent = Callable[[AsyncSession, str, str], Awaitable[None]]
OnRefused = Callable[[AsyncSession, str, Refusal], Awaitable[None]]

log = structlog.get_logger()


@dataclass(frozen=True)
class Bounds:
    """What a relayer keeps to. `low_balance_batches`: below the price of so many largest batches it alarms."""

    finality_depth: int
    in_flight: int = 64  # transactions
    gas_in_flight: int = 120_000_000
    gas_ceiling: int = MAX_GAS
    fee_ceiling_wei: int = 500 * 10**9  # for a unit of gas
    low_balance_batches: int = 20
    resend_after: timedelta = timedelta(seconds=15)
    replace_after: timedelta = timedelta(seconds=60)
    overlooked_after: timedelta = timedelta(seconds=180)  # some nodes have a good transaction and never take it
    help_after: timedelta = timedelta(seconds=5)  # then calls of another lane are taken


@dataclass
class Lane:
    """One relayer key. `number` of `lanes`: which of the waiting calls are its own first."""

    sessions: Sessions
    rpc: Rpc
    deployment: Deployment
    account: LocalAccount
    bounds: Bounds
    on_sent: Mapping[str, OnSent]
    on_refused: Mapping[str, OnRefused]
    number: int = 0
    lanes: int = 1
    at: AtBoundary = go_on
    contracts: set[str] = field(default_factory=set)  # addresses, besides the deployment's, where one was seen
    places: dict[str, Place] = field(default_factory=dict)  # of transactions that are mined and not final, by hash
    _alarmed: dict[str, bool] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return str(self.account.address)

    @property
    def attempts(self) -> Any:
        """Its nonces that are not settled yet, as a condition."""
        return (RelayAttempt.relayer == self.address) & ~RelayAttempt.closed

    async def open_slots(self) -> list[list[RelayAttempt]]:
        """The attempts of each nonce that is not settled, oldest first; in order of nonce."""
        query = select(RelayAttempt).where(self.attempts).order_by(RelayAttempt.nonce, RelayAttempt.signed_at)
        async with self.sessions() as session:
            attempts = (await session.scalars(query)).all()
        return [list(slot) for _, slot in groupby(attempts, lambda attempt: attempt.nonce)]

    async def flying(self, session: AsyncSession, mined: set[int]) -> tuple[int, int]:
        """How many calls are in flight, and their gas. Those of `mined` nonces only wait to be final, and burden no pool."""
        ours = (RelayCall.state == "signed") & (RelayCall.relayer == self.address) & RelayCall.nonce.not_in(mined)
        count, gas = (await session.execute(select(func.count(), func.sum(RelayCall.gas)).where(ours))).one()
        return int(count), int(gas or 0)

    async def used_nonces(self, block: str) -> int:
        return int(await self.rpc.call("eth_getTransactionCount", self.address, block), 16)

    def attempt(self, words: Words, call_pk: int | None, *, no_op: bool = False) -> RelayAttempt:
        """Return these words signed, not sent yet."""
        tx_hash, raw = words.signed(self.account)
        return RelayAttempt(
            tx_hash=tx_hash, call_pk=call_pk, relayer=self.address, nonce=words.nonce, raw=raw, no_op=no_op, closed=False,
            signed_at=now(),
        )

    async def alarm(self, kind: str, wrong: str | None) -> None:
        """Raise an alarm about this key, or clear it where nothing is wrong. One that stands costs no query."""
        if wrong is None and self._alarmed.get(kind) is False:
            return
        async with transaction(self.sessions) as session:
            if wrong is None:
                await clear_alarm(session, kind, self.address)
            else:
                await raise_alarm(session, kind, self.address, wrong)
        self._alarmed[kind] = wrong is not None


