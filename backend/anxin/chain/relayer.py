"""Writing to the chain: each call once, whatever dies in between.

    waiting ──► would it revert? ──yes──► refused, with the contract's reason
                     │no
                     ▼
        one transaction: nonce from the database, sign, store raw bytes and hash        (signed)
                     ▼
        send those bytes; send the same bytes again until the nonce is used
                     ▼
        receipt of a stored hash, `finality_depth` deep                                 (final)

An answer other than a hash ("already known", a time-out) means unknown, never failure: only the receipt decides. One
leader a key, by advisory lock. A nonce is never signed twice with different content.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from eth_account import Account
from eth_utils.address import to_checksum_address
from sqlalchemy import func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.contracts import decode_refusal, encode_call
from anxin.chain.models import RelayAttempt, RelayCall
from anxin.chain.models import Relayer as RelayerRow
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.core.calls import Call, Refusal
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction
from anxin.core.jobs import Payload

LEADER_LOCK = 0x616E7802
RESEND_AFTER = timedelta(seconds=15)
GAS_MARGIN = 1.25
MAX_GAS = 16_777_216  # of one transaction (EIP-7825)

OnSent = Callable[[AsyncSession, str, str], Awaitable[None]]
OnRefused = Callable[[AsyncSession, str, Refusal], Awaitable[None]]

log = structlog.get_logger()


async def accept(session: AsyncSession, payload: Payload) -> None:
    """Job `relay`: keep a call to be made. The same key again changes nothing."""
    await session.execute(
        insert(RelayCall).values(key=payload["key"], call=payload, state="waiting").on_conflict_do_nothing()
    )


class Relayer:
    """Makes the waiting calls with one key. `on_sent` and `on_refused` tell the caller's table, by function name."""

    def __init__(
        self,
        sessions: Sessions,
        rpc: Rpc,
        *,
        key: str,
        chain_id: int,
        finality_depth: int,
        in_flight: int,
        gas_in_flight: int,
        on_sent: Mapping[str, OnSent],
        on_refused: Mapping[str, OnRefused],
    ) -> None:
        self._sessions = sessions
        self._rpc = rpc
        self._account = Account.from_key(key)
        self._chain_id = chain_id
        self._finality_depth = finality_depth
        self._in_flight = in_flight
        self._gas_in_flight = gas_in_flight
        self._on_sent = on_sent
        self._on_refused = on_refused

    async def run(self, stop: asyncio.Event, *, poll_seconds: float) -> None:
        """Relay until `stop`, as the only relayer of this key."""
        async with self._sessions() as leader:
            await leader.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LEADER_LOCK})
            await self.register()
            while not stop.is_set():
                try:
                    if await self.step():
                        continue
                except (RpcUnreachable, RpcError) as error:
                    log.warning("relaying waits", reason=str(error))
                try:
                    await asyncio.wait_for(stop.wait(), poll_seconds)
                except TimeoutError:
                    continue

    async def register(self) -> None:
        """Put the key on record. Only a key the database has never seen takes its nonce from the node."""
        nonce = int(await self._rpc.call("eth_getTransactionCount", self._account.address, "latest"), 16)
        async with transaction(self._sessions) as session:
            await session.execute(
                insert(RelayerRow).values(address=self._account.address, next_nonce=nonce).on_conflict_do_nothing()
            )

    async def step(self) -> bool:
        """Settle what the chain has taken, sign what waits, send what is due. Return whether anything was signed."""
        await self._settle()
        signed = await self._sign_waiting()
        await self._send_due()
        return signed

    # ---------------------------------------------------------------- sign and store

    async def _sign_waiting(self) -> bool:
        calls = await self._next_calls()
        if not calls:
            return False
        estimates = await self._rpc.batch(
            [("eth_estimateGas", ({**self._transaction(call), "from": self._account.address},)) for call in calls]
        )
        fees = await self._fees()
        async with transaction(self._sessions) as session:
            for call, estimate in zip(calls, estimates, strict=True):
                if isinstance(estimate, RpcError):
                    if not estimate.is_revert:
                        raise estimate
                    await self._refuse(session, call, decode_refusal(estimate.data, estimate.message))
                else:
                    gas = min(int(int(estimate, 16) * GAS_MARGIN) + 30_000, MAX_GAS)
                    await self._sign(session, call, gas, fees)
        return True

    async def _next_calls(self) -> list[RelayCall]:
        """What may be signed now: the gas and the number of transactions in flight are bounded."""
        async with self._sessions() as session:
            count, gas = (
                await session.execute(
                    select(func.count(), func.sum(RelayCall.gas)).where(RelayCall.state == "signed")
                )
            ).one()
            room = self._in_flight - int(count)
            if room <= 0 or int(gas or 0) >= self._gas_in_flight:
                return []
            waiting = select(RelayCall).where(RelayCall.state == "waiting").order_by(RelayCall.id).limit(room)
            return list(await session.scalars(waiting))

    def _transaction(self, call: RelayCall) -> dict[str, Any]:
        decoded = msgspec.convert(call.call, Call)
        return {"to": to_checksum_address(decoded.address), "data": encode_call(decoded), "value": "0x0"}

    async def _fees(self) -> tuple[int, int]:
        """Return (max fee, priority fee) in wei: room for the base fee to double."""
        block = await self._rpc.call("eth_getBlockByNumber", "latest", False)
        tip = int(await self._rpc.call("eth_maxPriorityFeePerGas"), 16)
        return 2 * int(block.get("baseFeePerGas", "0x0"), 16) + tip, tip

    async def _sign(self, session: AsyncSession, call: RelayCall, gas: int, fees: tuple[int, int]) -> None:
        relayer = await session.get_one(RelayerRow, self._account.address, with_for_update=True)
        signed = self._account.sign_transaction(
            self._transaction(call)
            | {
                "chainId": self._chain_id, "nonce": relayer.next_nonce, "gas": gas, "value": 0, "type": 2,
                "maxFeePerGas": fees[0], "maxPriorityFeePerGas": fees[1],
            }
        )  # fmt: skip
        row = await session.get_one(RelayCall, call.id)
        row.state, row.relayer, row.nonce, row.gas = "signed", relayer.address, relayer.next_nonce, gas
        relayer.next_nonce += 1
        session.add(
            RelayAttempt(
                tx_hash="0x" + signed.hash.hex().removeprefix("0x"), call_pk=call.id, raw=bytes(signed.raw_transaction),
                signed_at=now(),
            )
        )  # fmt: skip

    # ---------------------------------------------------------------- send, and send again

    async def _send_due(self) -> None:
        """Send stored bytes in order of nonce: those never sent, and those not mined for a while."""
        async with self._sessions() as session:
            due = (
                await session.execute(
                    select(RelayAttempt, RelayCall)
                    .join(RelayCall, RelayCall.id == RelayAttempt.call_pk)
                    .where(
                        RelayCall.state == "signed",
                        or_(RelayAttempt.sent_at.is_(None), RelayAttempt.sent_at < now() - RESEND_AFTER),
                    )
                    .order_by(RelayCall.nonce)
                )
            ).all()
        if not due:
            return
        answers = await self._rpc.batch([("eth_sendRawTransaction", ("0x" + each.raw.hex(),)) for each, _ in due])
        for (attempt, _), answer in zip(due, answers, strict=True):
            if isinstance(answer, RpcError):
                log.info("node did not take a transaction now", tx=attempt.tx_hash, answer=answer.message)
        await self._note_sent([(attempt.tx_hash, call) for attempt, call in due], now())

    async def _note_sent(self, sent: list[tuple[str, RelayCall]], at: datetime) -> None:
        async with transaction(self._sessions) as session:
            for tx_hash, call in sent:
                attempt = await session.get_one(RelayAttempt, tx_hash)
                first, attempt.sent_at = attempt.sent_at is None, at
                on_sent = self._on_sent.get(call.call["function"])
                if first and on_sent is not None:
                    await on_sent(session, call.key, tx_hash)

    # ---------------------------------------------------------------- settle

    async def _settle(self) -> None:
        """Close calls whose transaction is deep enough on the chain; a receipt that vanishes leaves them open."""
        async with self._sessions() as session:
            open_attempts = (
                await session.execute(
                    select(RelayAttempt.tx_hash, RelayCall.id)
                    .join(RelayCall, RelayCall.id == RelayAttempt.call_pk)
                    .where(RelayCall.state == "signed", RelayAttempt.sent_at.is_not(None))
                    .order_by(RelayCall.nonce)
                )
            ).all()
        if not open_attempts:
            return
        head = await self._rpc.head()
        receipts = await self._rpc.batch([("eth_getTransactionReceipt", (tx,)) for tx, _ in open_attempts])
        async with transaction(self._sessions) as session:
            for (tx_hash, call_pk), receipt in zip(open_attempts, receipts, strict=True):
                if isinstance(receipt, RpcError) or receipt is None:
                    continue
                if int(receipt["blockNumber"], 16) > head - self._finality_depth:
                    continue
                call = await session.get_one(RelayCall, call_pk)
                if int(receipt["status"], 16) == 1:
                    call.state = "final"
                else:
                    await self._refuse(session, call, await self._why_reverted(call, receipt))
                    log.error("a relayed call reverted", tx=tx_hash, key=call.key, reason=call.reason)

    async def _why_reverted(self, call: RelayCall, receipt: dict[str, Any]) -> Refusal:
        try:
            await self._rpc.call("eth_call", self._transaction(call), receipt["blockNumber"])
        except RpcError as error:
            return decode_refusal(error.data, error.message)
        return Refusal("reverted", [])

    async def _refuse(self, session: AsyncSession, call: RelayCall, refusal: Refusal) -> None:
        row = await session.get_one(RelayCall, call.id)
        row.state, row.reason = "refused", str(refusal)
        on_refused = self._on_refused.get(call.call["function"])
        if on_refused is not None:
            await on_refused(session, call.key, refusal)
