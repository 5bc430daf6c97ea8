"""Writing to the chain: each call once, whatever dies in between.

    waiting ──► would it revert? ──yes, twice──► refused, with the contract's reason
                     │no
                     ▼
        one transaction: nonce from the database, sign, store raw bytes and hash        (signed)
                     ▼
        send those bytes; send them again, and dearer where they are stuck              (sending.py)
                     ▼
        receipt on the canonical chain, `finality_depth` deep                           (final, settling.py)

An answer other than a hash ("already known", a time-out) means unknown, never failure: only the receipt decides. A nonce
is never signed with different words, but for a no-op where no node would take them; and a call comes under a second nonce
only when the first is used up for good by something else. Two relayers of one key do no harm: nonces are taken under the
lock of the key's row, and a call's state is read again under the lock of its own.

Several keys are several lanes. Each takes the calls of its own turn, and after a while anybody's: what a dead lane has not
signed goes through another. What it has signed waits for it: only its key can pay for that nonce.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import structlog
from eth_account import Account
from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from anxin.chain import alarms
from anxin.chain.balance import Balance
from anxin.chain.contracts import NotACall, decode_refusal
from anxin.chain.fees import Fees, Price
from anxin.chain.gaps import adopt_nonce, fill_gaps
from anxin.chain.identity import check_chain
from anxin.chain.lane import Bounds, Lane, OnRefused, OnSent
from anxin.chain.leader import lead
from anxin.chain.models import RelayAttempt, RelayCall
from anxin.chain.models import Relayer as RelayerRow
from anxin.chain.rpc import Rpc, RpcError
from anxin.chain.sending import replace_stuck, send_due
from anxin.chain.settling import comes_too_early, refuse, settle
from anxin.chain.steps import AtBoundary, Boundary, go_on
from anxin.chain.transactions import Transaction, Words, transaction_of
from anxin.chain.trying import try_ahead
from anxin.core.calls import Call, Refusal
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.core.jobs import Payload

GAS_MARGIN = 1.25
TRIED_BYTES = 100_000  # of calls tried out in one request: a node takes seconds for a large batch
MOST_BLOCKS_ASIDE = 100  # between two looks at a call that comes too early
IN_ORDER = ("postSheet",)  # functions whose calls to one contract follow each other

log = structlog.get_logger()


class Aside(NamedTuple):
    """A call that would not succeed now: looked at again at height `until`. `since`: when it was first set aside."""

    until: int
    reverted: bool
    since: int


class KeyReused(Exception):
    """Two different calls came under one key. The first stands; the second is a mistake of whoever made it."""


async def accept(session: AsyncSession, payload: Payload) -> None:
    """Job `relay`: keep a call to be made. The same call again changes nothing. Raises KeyReused."""
    call = msgspec.to_builtins(msgspec.convert(payload, Call))
    in_order = f"{call['function']} {call['address'].lower()}" if call["function"] in IN_ORDER else None
    new = insert(RelayCall).values(key=call["key"], call=call, state="waiting", in_order=in_order, accepted_at=now())
    await session.execute(new.on_conflict_do_nothing())
    if await session.scalar(select(RelayCall.call).where(RelayCall.key == call["key"])) != call:
        raise KeyReused(call["key"])


class Relayer:
    """Makes the waiting calls with one key. `on_sent` and `on_refused` tell the caller's table, by function name."""

    def __init__(
        self,
        sessions: Sessions,
        rpc: Rpc,
        deployment: Deployment,
        *,
        key: str,
        bounds: Bounds,
        on_sent: Mapping[str, OnSent],
        on_refused: Mapping[str, OnRefused],
        number: int = 0,
        lanes: int = 1,
        at: AtBoundary = go_on,
    ) -> None:
        account = Account.from_key(key)
        self._lane = Lane(sessions, rpc, deployment, account, bounds, on_sent, on_refused, number, lanes, at)
        self._sessions = sessions
        self._rpc = rpc
        self._bounds = bounds
        self._balance = Balance(self._lane)
        self._too_large: dict[int, int] = {}  # call → gas for which there was no room when it was last tried
        self._set_aside: dict[int, Aside] = {}

    async def run(self, stop: asyncio.Event, *, poll_seconds: float) -> None:
        """Relay until `stop`, as the only relayer of this key. Raises ChainChanged."""
        await lead(self._sessions, f"relayer {self._lane.address}", self.step, stop, poll_seconds=poll_seconds)

    async def step(self) -> bool:
        """Settle what the chain has taken, sign what waits, send what is due. Return whether anything was signed.

        Raises ChainChanged, NodeBehind: then nothing was signed or sent.
        """
        begun = now()
        await self._balance.watch()
        async with self._sessions() as session:
            anything = exists().where(self._may_take), exists().where(self._lane.attempts)
            if not await session.scalar(select(or_(*anything))):
                return False
        await check_chain(self._rpc, self._lane.deployment, self._sessions)
        mined = await settle(self._lane)
        await fill_gaps(self._lane)
        more = await self._sign_waiting(mined, begun)
        await replace_stuck(self._lane, mined)
        await send_due(self._lane, mined, begun)
        return more

    @property
    def _may_take(self) -> Any:
        """Waiting calls of our own turn, and those that nobody has taken in theirs; none whose predecessor another flies."""
        lane, other = self._lane, aliased(RelayCall)
        mine = (RelayCall.id % lane.lanes == lane.number) | (RelayCall.accepted_at < now() - self._bounds.help_after)
        flown_elsewhere = exists().where(
            other.in_order == RelayCall.in_order, other.state == "signed", other.relayer != lane.address
        )
        return (RelayCall.state == "waiting") & mine & (RelayCall.in_order.is_(None) | ~flown_elsewhere)

    # ---------------------------------------------------------------- what can be signed

    async def _sign_waiting(self, mined: set[int], begun: datetime) -> bool:
        """What is signed is sent at once, and the next are tried out meanwhile, which can take a node long."""
        head = await self._rpc.head()
        groups = _a_few_at_a_time(await self._next_transactions(head, mined))
        more = False
        async with aclosing(try_ahead(self._lane, groups)) as tried:
            async for some, found in tried:
                gas = await self._sizes(found, head)
                signed = await self._sign(some, gas, mined) if gas else 0
                if signed:
                    more = True
                    await send_due(self._lane, mined, begun)
                if signed < len(gas):
                    break  # no room for more
        return more

    async def _sizes(self, tried: Mapping[int, int | RpcError], head: int) -> dict[int, int]:
        """Return the gas to allow each call that would succeed; see to the others."""
        gas: dict[int, int] = {}
        for call_pk, used in tried.items():
            error = used if isinstance(used, RpcError) else None
            if error is not None and not error.is_out_of_gas:
                await self._doubt(call_pk, error, head)
            elif isinstance(used, RpcError) or used > self._bounds.gas_ceiling:
                needed = "more" if error is not None else str(used)
                await refuse(self._lane, call_pk, "waiting", Refusal("TooMuchGas", [needed, self._bounds.gas_ceiling]))
            else:
                gas[call_pk] = min(int(used * GAS_MARGIN) + 30_000, self._bounds.gas_ceiling)
        return gas

    async def _next_transactions(self, head: int, mined: set[int]) -> dict[int, Transaction]:
        """What may be signed now, in order. The number of transactions in flight is bounded: those no block has yet."""
        aside = [call_pk for call_pk, each in self._set_aside.items() if each.until > head]
        async with self._sessions() as session:
            flying, gas = await self._lane.flying(session, mined)
            room = self._bounds.in_flight - flying
            waiting = select(RelayCall).where(self._may_take, RelayCall.id.not_in(aside))
            calls = list(await session.scalars(waiting.order_by(RelayCall.id).limit(max(room, 0))))
        transactions = {}
        for call in calls:
            if call.id in self._too_large and self._has_no_room(self._too_large[call.id], gas):
                break  # nor for those behind it: they keep their order
            self._too_large.pop(call.id, None)
            try:
                transactions[call.id] = transaction_of(call)
            except NotACall as error:
                await refuse(self._lane, call.id, "waiting", Refusal("NotACall", [str(error)]))
        return transactions

    async def _doubt(self, call_pk: int, error: RpcError, head: int) -> None:
        """A call that would revert is refused when it still would `finality_depth` blocks later.

        What the first answer saw may have been a block that vanished since. One that only comes too early is looked at
        again at the next block, and less often the longer it waits. Other errors are the node's, not the call's.
        """
        refusal = decode_refusal(error.data, error.message)
        before = self._set_aside.pop(call_pk, Aside(0, False, head))
        if error.is_revert and await comes_too_early(self._lane, call_pk, refusal):
            pause = min((head - before.since) // 8, MOST_BLOCKS_ASIDE)
            self._set_aside[call_pk] = Aside(head + 1 + pause, False, before.since)
            return
        if error.is_revert and before.reverted:
            await refuse(self._lane, call_pk, "waiting", refusal)
            return
        log.info("a call waits", call=call_pk, reason=error.message)
        until = head + max(self._bounds.finality_depth, 1)
        self._set_aside[call_pk] = Aside(until, error.is_revert, before.since)

    # ---------------------------------------------------------------- sign and store

    async def _sign(self, transactions: Mapping[int, Transaction], gas: Mapping[int, int], mined: set[int]) -> int:
        """Give each call the key's next nonce and store its bytes; bounded by the gas in flight. Return how many."""
        fees = await self._fees()
        if fees is None or not await adopt_nonce(self._lane):
            return 0
        await self._lane.at(Boundary.ESTIMATED)
        async with transaction(self._sessions) as session:
            relayer = await session.get_one(RelayerRow, self._lane.address, with_for_update=True)
            _, flying = await self._lane.flying(session, mined)
            count = 0
            for call in await self._still_waiting(session, gas):
                if self._has_no_room(gas[call.id], flying):
                    self._too_large[call.id] = gas[call.id]
                    break
                flying += gas[call.id]
                session.add(self._signed(call, relayer, transactions[call.id], gas[call.id], fees))
                self._set_aside.pop(call.id, None)
                count += 1
            await self._lane.at(Boundary.SIGNED)
        await self._lane.at(Boundary.STORED)
        return count

    def _has_no_room(self, gas: int, flying: int) -> bool:
        """One call has room, however large."""
        return flying > 0 and flying + gas > self._bounds.gas_in_flight

    async def _fees(self) -> Fees | None:
        """What to offer now; None where the next block asks for more than may be paid."""
        price, ceiling = await Price.now(self._rpc), self._bounds.fee_ceiling_wei
        fees = price.offer_below(ceiling)
        wrong = f"a unit of gas costs {price.asked} wei, and more than {ceiling} is not paid: nothing is signed"
        await self._lane.alarm(alarms.FEES_TOO_HIGH, wrong if fees is None else None)
        return fees

    async def _still_waiting(self, session: AsyncSession, gas: Mapping[int, int]) -> Sequence[RelayCall]:
        """In order, and locked. Of those that follow each other one waits until no other key flies its predecessor."""
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("relay calls in order", 0))))
        still = select(RelayCall).where(RelayCall.id.in_(gas), self._may_take).order_by(RelayCall.id)
        return (await session.scalars(still.with_for_update(skip_locked=True, of=RelayCall))).all()

    def _signed(
        self, call: RelayCall, relayer: RelayerRow, made: Transaction, gas: int, fees: Fees
    ) -> RelayAttempt:
        nonce, relayer.next_nonce = relayer.next_nonce, relayer.next_nonce + 1
        call.state, call.relayer, call.nonce, call.gas = "signed", self._lane.address, nonce, gas
        words = Words.of(made, chain_id=self._lane.deployment.chain_id, nonce=nonce, gas=gas, fees=fees)
        return self._lane.attempt(words, call.id)


def _a_few_at_a_time(transactions: Mapping[int, Transaction]) -> Iterator[dict[int, Transaction]]:
    some: dict[int, Transaction] = {}
    size = 0
    for call_pk, made in transactions.items():
        if some and size + len(made["data"]) > TRIED_BYTES:
            yield some
            some, size = {}, 0
        some[call_pk] = made
        size += len(made["data"])
    if some:
        yield some
