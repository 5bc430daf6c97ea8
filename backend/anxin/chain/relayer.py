"""Writing to the chain: each call once, whatever dies in between.

    waiting ──► would it revert? ──yes, twice──► refused, with the contract's reason
                     │no
                     ▼
        one transaction: nonce from the database, sign, store raw bytes and hash        (signed)
                     ▼
        send those bytes; send the same bytes again until they have a receipt
                     ▼
        receipt on the canonical chain, `finality_depth` deep                           (final)

An answer other than a hash ("already known", a time-out) means unknown, never failure: only the receipt decides. A nonce
is never signed twice with different content, and a call never under a second nonce. Two relayers of one key do no harm:
nonces are taken under the lock of the key's row, and a call's state is read again under the lock of its own.

A transaction that is stuck because fees rose is sent again as it is; a dearer replacement is not made yet.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import msgspec
import structlog
from eth_account import Account
from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.contracts import NotACall, decode_refusal
from anxin.chain.identity import check_chain
from anxin.chain.leader import lead
from anxin.chain.models import RelayAttempt, RelayCall
from anxin.chain.models import Relayer as RelayerRow
from anxin.chain.rpc import Rpc, RpcError
from anxin.chain.transactions import Fees, Transaction, signed, transaction_of
from anxin.core.calls import Call, Refusal
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.core.jobs import Payload

RESEND_AFTER = timedelta(seconds=15)
GAS_MARGIN = 1.25
MAX_GAS = 16_777_216  # of one transaction (EIP-7825)
LARGE_GAS = 500_000  # from here on it pays to ask what a call will read

OnSent = Callable[[AsyncSession, str, str], Awaitable[None]]
OnRefused = Callable[[AsyncSession, str, Refusal], Awaitable[None]]

log = structlog.get_logger()


class KeyReused(Exception):
    """Two different calls came under one key. The first stands; the second is a mistake of whoever made it."""


async def accept(session: AsyncSession, payload: Payload) -> None:
    """Job `relay`: keep a call to be made. The same call again changes nothing. Raises KeyReused."""
    call = msgspec.to_builtins(msgspec.convert(payload, Call))
    await session.execute(
        insert(RelayCall).values(key=call["key"], call=call, state="waiting").on_conflict_do_nothing()
    )
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
        finality_depth: int,
        in_flight: int,
        gas_in_flight: int,
        on_sent: Mapping[str, OnSent],
        on_refused: Mapping[str, OnRefused],
        resend_after: timedelta = RESEND_AFTER,
    ) -> None:
        self._sessions = sessions
        self._rpc = rpc
        self._deployment = deployment
        self._account = Account.from_key(key)
        self._address = str(self._account.address)
        self._finality_depth = finality_depth
        self._in_flight = in_flight
        self._gas_in_flight = gas_in_flight
        self._on_sent = on_sent
        self._on_refused = on_refused
        self._resend_after = resend_after
        self._set_aside: dict[int, tuple[int, bool]] = {}  # call → look again at this height; was it a revert?

    async def run(self, stop: asyncio.Event, *, poll_seconds: float) -> None:
        """Relay until `stop`, as the only relayer of this key. Raises ChainChanged."""
        await lead(self._sessions, f"relayer {self._address}", self.step, stop, poll_seconds=poll_seconds)

    async def step(self) -> bool:
        """Settle what the chain has taken, sign what waits, send what is due. Return whether anything was signed.

        Raises ChainChanged, NodeBehind: then nothing was signed or sent.
        """
        async with self._sessions() as session:
            ours = or_(RelayCall.state == "waiting", self._is_ours)
            if await session.scalar(select(RelayCall.id).where(ours).limit(1)) is None:
                return False
        await check_chain(self._rpc, self._deployment, self._sessions)
        mined = await self._settle()
        more = await self._sign_waiting()
        await self._send_due(mined)
        return more

    @property
    def _is_ours(self) -> Any:
        return and_(RelayCall.state == "signed", RelayCall.relayer == self._address)

    # ---------------------------------------------------------------- sign and store

    async def _sign_waiting(self) -> bool:
        head = await self._rpc.head()
        transactions = await self._next_transactions(head)
        if not transactions:
            return False
        estimates = await self._rpc.batch(
            [("eth_estimateGas", ({**each, "from": self._address},)) for each in transactions.values()]
        )
        gas: dict[int, int] = {}
        for call_pk, estimate in zip(transactions, estimates, strict=True):
            if isinstance(estimate, RpcError):
                await self._doubt(call_pk, estimate, head)
            else:
                gas[call_pk] = min(int(int(estimate, 16) * GAS_MARGIN) + 30_000, MAX_GAS)
                if int(estimate, 16) >= LARGE_GAS:
                    await self._announce_reads(transactions[call_pk], int(estimate, 16))
        return bool(gas) and await self._sign(transactions, gas)

    async def _announce_reads(self, made: Transaction, estimate: int) -> None:
        """Name beforehand what a call will read, where that is cheaper (EIP-2930): 200 gas a wage in a large batch.

        A node that cannot tell is no obstacle: the call then costs what was estimated.
        """
        try:
            answer = await self._rpc.call("eth_createAccessList", {**made, "from": self._address}, "latest")
        except RpcError as error:
            log.info("the node makes no access list", answer=error.message)
            return
        if "error" not in answer and int(answer["gasUsed"], 16) < estimate:
            made["accessList"] = answer["accessList"]

    async def _next_transactions(self, head: int) -> dict[int, Transaction]:
        """What may be signed now, in order. The number of transactions in flight is bounded."""
        aside = [call_pk for call_pk, (height, _) in self._set_aside.items() if height > head]
        async with self._sessions() as session:
            room = self._in_flight - (await self._flying(session))[0]
            waiting = select(RelayCall).where(RelayCall.state == "waiting", RelayCall.id.not_in(aside))
            calls = list(await session.scalars(waiting.order_by(RelayCall.id).limit(max(room, 0))))
        transactions = {}
        for call in calls:
            try:
                transactions[call.id] = transaction_of(call)
            except NotACall as error:
                await self._refuse(call.id, "waiting", Refusal("NotACall", [str(error)]))
        return transactions

    async def _flying(self, session: AsyncSession) -> tuple[int, int]:
        """How many transactions are in flight, and their gas."""
        count, gas = (
            await session.execute(select(func.count(), func.sum(RelayCall.gas)).where(self._is_ours))
        ).one()
        return int(count), int(gas or 0)

    async def _doubt(self, call_pk: int, error: RpcError, head: int) -> None:
        """A call that would revert is refused when it still would `finality_depth` blocks later.

        What the first answer saw may have been a block that vanished since. Other errors are the node's, not the call's.
        """
        _, reverted_before = self._set_aside.pop(call_pk, (0, False))
        if error.is_revert and reverted_before:
            await self._refuse(call_pk, "waiting", decode_refusal(error.data, error.message))
            return
        log.info("a call waits", call=call_pk, reason=error.message)
        self._set_aside[call_pk] = (head + max(self._finality_depth, 1), error.is_revert)

    async def _sign(self, transactions: Mapping[int, Transaction], gas: Mapping[int, int]) -> bool:
        """Give each call the key's next nonce and store its bytes; bounded by the gas in flight."""
        fees, used = await Fees.now(self._rpc), await self._used_nonces("latest")
        async with transaction(self._sessions) as session:
            await session.execute(
                insert(RelayerRow).values(address=self._address, next_nonce=used).on_conflict_do_nothing()
            )  # only a key the database has never seen takes its nonce from the node
            relayer = await session.get_one(RelayerRow, self._address, with_for_update=True)
            if used > relayer.next_nonce:
                log.error("the relayer's key was used elsewhere: nothing is signed", nonce=relayer.next_nonce, used=used)
                return False
            _, flying = await self._flying(session)
            still = select(RelayCall).where(RelayCall.id.in_(gas), RelayCall.state == "waiting").order_by(RelayCall.id)
            count = 0
            for call in await session.scalars(still.with_for_update(skip_locked=True)):
                flying += gas[call.id]
                if flying > self._gas_in_flight and flying > gas[call.id]:
                    break
                call.state, call.relayer, call.gas = "signed", self._address, gas[call.id]
                call.nonce, relayer.next_nonce = relayer.next_nonce, relayer.next_nonce + 1
                session.add(signed(self._account, call, transactions[call.id], self._deployment.chain_id, fees))
                self._set_aside.pop(call.id, None)
                count += 1
        return count > 0

    async def _used_nonces(self, block: str) -> int:
        return int(await self._rpc.call("eth_getTransactionCount", self._address, block), 16)

    # ---------------------------------------------------------------- send, and send again

    async def _send_due(self, mined: set[str]) -> None:
        """Send stored bytes in order of nonce: those never sent, and those without a receipt for a while."""
        late = now() - self._resend_after
        due = [
            (attempt, call)
            for attempt, call in await self._open()
            if attempt.tx_hash not in mined and (attempt.sent_at is None or attempt.sent_at < late)
        ]
        answers = await self._rpc.batch([("eth_sendRawTransaction", ("0x" + each.raw.hex(),)) for each, _ in due])
        for (attempt, call), answer in zip(due, answers, strict=True):
            if isinstance(answer, RpcError):
                log.info("node did not take a transaction now", tx=attempt.tx_hash, answer=answer.message)
            await self._note_sent(attempt.tx_hash, call)

    async def _note_sent(self, tx_hash: str, call: RelayCall) -> None:
        try:
            async with transaction(self._sessions) as session:
                attempt = await session.get_one(RelayAttempt, tx_hash, with_for_update=True)
                first, attempt.sent_at = attempt.sent_at is None, now()
                if first and (on_sent := self._on_sent.get(call.call["function"])):
                    await on_sent(session, call.key, tx_hash)
        except Exception:  # the others go on; this one is sent, and told, again
            log.exception("a call could not be noted as sent", key=call.key, tx=tx_hash)

    async def _open(self) -> Sequence[tuple[RelayAttempt, RelayCall]]:
        """What is signed and not closed, in order of nonce."""
        query = select(RelayAttempt, RelayCall).join(RelayCall, RelayCall.id == RelayAttempt.call_pk)
        async with self._sessions() as session:
            return [(row[0], row[1]) for row in await session.execute(query.where(self._is_ours).order_by(RelayCall.nonce))]

    # ---------------------------------------------------------------- settle

    async def _settle(self) -> set[str]:
        """Close calls whose transaction is deep enough. Return the transactions that have a receipt.

        One whose receipt vanishes stays open, and is sent again.
        """
        sent = [(attempt, call) for attempt, call in await self._open() if attempt.sent_at is not None]
        if not sent:
            return set()
        limit = max(await self._rpc.head() - self._finality_depth, 0)
        used_for_good = await self._used_nonces(hex(limit))
        receipts = await self._canonical_receipts([attempt.tx_hash for attempt, _ in sent])
        for attempt, call in sent:
            receipt = receipts.get(attempt.tx_hash)
            if receipt is None and (call.nonce or 0) < used_for_good:
                log.error("another transaction used this nonce: a person must look", key=call.key, nonce=call.nonce)
            elif receipt is not None and int(receipt["blockNumber"], 16) <= limit:
                await self._close(call, receipt)
        return set(receipts)

    async def _canonical_receipts(self, hashes: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Receipts by transaction, but for those a node still shows of a block that is no longer on the chain."""
        answers = await self._rpc.batch([("eth_getTransactionReceipt", (each,)) for each in hashes])
        found = {h: each for h, each in zip(hashes, answers, strict=True) if isinstance(each, dict)}
        numbers = sorted({each["blockNumber"] for each in found.values()})
        blocks = await self._rpc.batch([("eth_getBlockByNumber", (number, False)) for number in numbers])
        canonical = {block["hash"] for block in blocks if isinstance(block, dict)}
        return {tx_hash: each for tx_hash, each in found.items() if each["blockHash"] in canonical}

    async def _close(self, call: RelayCall, receipt: dict[str, Any]) -> None:
        if int(receipt["status"], 16) != 1:
            refusal = await self._why_reverted(call, receipt)
            log.error("a relayed call reverted", tx=receipt["transactionHash"], key=call.key, reason=str(refusal))
            await self._refuse(call.id, "signed", refusal)
            return
        async with transaction(self._sessions) as session:
            row = await session.get_one(RelayCall, call.id, with_for_update=True)
            row.state = "final" if row.state == "signed" else row.state

    async def _why_reverted(self, call: RelayCall, receipt: dict[str, Any]) -> Refusal:
        """What the contract says to the same call now that the block is over."""
        try:
            await self._rpc.call("eth_call", {**transaction_of(call), "from": self._address}, receipt["blockNumber"])
        except RpcError as error:
            if error.is_revert:
                return decode_refusal(error.data, error.message)
        return Refusal("reverted", [])

    async def _refuse(self, call_pk: int, state: Literal["waiting", "signed"], refusal: Refusal) -> None:
        """Close a call the chain will not take, and tell its table, together. Where that fails, the next step does it."""
        try:
            async with transaction(self._sessions) as session:
                row = await session.get_one(RelayCall, call_pk, with_for_update=True)
                if row.state != state:
                    return  # another relayer was quicker
                row.state, row.reason = "refused", str(refusal)
                if on_refused := self._on_refused.get(row.call["function"]):
                    await on_refused(session, row.key, refusal)
        except Exception:  # the others go on
            log.exception("a refusal could not be told", call=call_pk, reason=str(refusal))
