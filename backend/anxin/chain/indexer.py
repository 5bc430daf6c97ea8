"""Reading the chain: every event once, in order, and nothing believed before it is final.

    new blocks ──► parents match? ──no──► walk back to the fork, mark orphaned, go on from there
                        │yes
                        ▼
                 logs of our contracts ──► chain_events (seen)
                        │  `finality_depth` blocks later
                        ▼
                 final: handlers of wiring.ON_FINAL_EVENT, in the transaction that says so

A reorg deeper than finality stops the indexer: what was told as final would have to be untold, and that is for people.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.contracts import decode_log
from anxin.chain.models import Block, ChainEvent, EscrowAddress
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.core.events import Event

SEEN, FINAL, ORPHANED = "seen", "final", "orphaned"
BLOCKS_A_STEP = 200
LEADER_LOCK = 0x616E7801  # advisory lock: one indexer at a time

EventHandler = Callable[[AsyncSession, Event], Awaitable[None]]
BlockHandler = Callable[[AsyncSession, datetime], Awaitable[None]]

log = structlog.get_logger()


class ChainChanged(Exception):
    """The chain is not the one that was indexed, or went back behind finality. Indexing stops; a person must look."""


class Moving(Exception):
    """The chain moved while it was read; read again."""


class Indexer:
    """Follows one deployment. `on_event` says what each final event means; `on_block` runs once per final stretch."""

    def __init__(
        self,
        sessions: Sessions,
        rpc: Rpc,
        deployment: Deployment,
        *,
        finality_depth: int,
        on_event: Mapping[str, Sequence[EventHandler]],
        on_block: Sequence[BlockHandler] = (),
    ) -> None:
        self._sessions = sessions
        self._rpc = rpc
        self._deployment = deployment
        self._finality_depth = finality_depth
        self._on_event = on_event
        self._on_block = on_block
        addresses = deployment.addresses
        self._contracts = {
            addresses.token.lower(): "WageToken",
            addresses.registry.lower(): "WorkerRegistry",
            addresses.factory.lower(): "WageEscrowFactory",
        }

    async def run(self, stop: asyncio.Event, *, poll_seconds: float) -> None:
        """Index until `stop`, as the only indexer on this database. Raises ChainChanged."""
        async with self._sessions() as leader:
            await leader.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LEADER_LOCK})
            await self.check_chain()
            while not stop.is_set():
                try:
                    if await self.step():
                        continue
                except (Moving, RpcUnreachable, RpcError) as error:
                    log.warning("indexing waits", reason=str(error))
                try:
                    await asyncio.wait_for(stop.wait(), poll_seconds)
                except TimeoutError:
                    continue

    async def check_chain(self) -> None:
        """Raises ChainChanged where this is not the deployment's chain."""
        genesis = await self._rpc.block(0)
        if genesis is None or genesis["hash"] != self._deployment.genesis_hash:
            raise ChainChanged(
                "this chain is not the one the contracts were deployed on: deploy again, or point ANXIN_RPC_URL at the "
                "chain of ANXIN_DEPLOYMENT"
            )

    async def step(self) -> bool:
        """Index the next stretch of blocks and make final what is old enough. Return whether anything was new."""
        last = await self._last_indexed()
        head = await self._rpc.head()
        if head < (last.number if last else self._deployment.start_block - 1):
            return False  # a lagging node alone is no reorg
        if last is not None and await self._went_back(last):
            return True
        start = last.number + 1 if last else self._deployment.start_block
        end = min(head, start + BLOCKS_A_STEP - 1)
        if start > end:
            return await self._finalize(head)
        blocks = await self._headers(start, end)
        if last is not None and blocks[0]["parentHash"] != last.hash:
            raise Moving("the new block's parent is not the last indexed one")
        await self._store(blocks)
        await self._finalize(head)
        return True

    async def _last_indexed(self) -> Block | None:
        async with self._sessions() as session:
            return await session.scalar(
                select(Block).where(Block.state != ORPHANED).order_by(Block.number.desc()).limit(1)
            )

    async def _headers(self, start: int, end: int) -> list[dict[str, Any]]:
        blocks = await self._rpc.batch([("eth_getBlockByNumber", (hex(n), False)) for n in range(start, end + 1)])
        for earlier, later in zip([None, *blocks], blocks, strict=False):
            if later is None or isinstance(later, RpcError):
                raise Moving("a block below the head is missing")
            if earlier is not None and later["parentHash"] != earlier["hash"]:
                raise Moving("blocks do not join")
        return blocks

    # ---------------------------------------------------------------- seen

    async def _store(self, blocks: list[dict[str, Any]]) -> None:
        times = {block["hash"]: int(block["timestamp"], 16) for block in blocks}
        start, end = blocks[0]["number"], blocks[-1]["number"]
        async with transaction(self._sessions) as session:
            escrows = set(await session.scalars(select(EscrowAddress.address)))
            logs = await self._logs(start, end, [*self._contracts, *escrows], times)
            new = {e.args["escrow"] for e in logs if e.name == "EscrowCreated"} - escrows
            if new:
                logs += await self._logs(start, end, sorted(new), times, default="WageEscrow")
                await session.execute(
                    insert(EscrowAddress).values([{"address": a, "from_block": int(start, 16)} for a in sorted(new)])
                )
            await session.execute(insert(Block).values([_block_row(block) for block in blocks]))
            if logs:
                await session.execute(insert(ChainEvent).values([_event_row(event) for event in logs]))

    async def _logs(
        self, start: str, end: str, addresses: list[str], times: Mapping[str, int], default: str = "WageEscrow"
    ) -> list[Event]:
        logs = await self._rpc.call("eth_getLogs", {"fromBlock": start, "toBlock": end, "address": addresses})
        if any(each["blockHash"] not in times for each in logs):
            raise Moving("logs are of other blocks than the headers")
        decoded = [
            decode_log(self._contracts.get(each["address"].lower(), default), each, times[each["blockHash"]])
            for each in logs
        ]
        return [event for event in decoded if event is not None]

    # ---------------------------------------------------------------- orphaned

    async def _went_back(self, last: Block) -> bool:
        """Rewind to the fork if the last indexed block is no longer on the chain. Raises ChainChanged beyond finality."""
        number, fork = last.number, None
        async with self._sessions() as session:
            while fork is None:
                ours = await session.scalar(select(Block).where(Block.number == number, Block.state != ORPHANED))
                if ours is None:
                    raise ChainChanged(f"no common block down to {number + 1}")
                theirs = await self._rpc.block(number)
                if theirs is not None and theirs["hash"] == ours.hash:
                    fork = number
                elif ours.state == FINAL:
                    raise ChainChanged(f"block {number} was final and is gone: a reorg deeper than finality")
                number -= 1
        if fork == last.number:
            return False
        async with transaction(self._sessions) as session:
            for table, height in ((ChainEvent, ChainEvent.block_number), (Block, Block.number)):
                await session.execute(update(table).where(height > fork, table.state == SEEN).values(state=ORPHANED))
            await session.execute(delete(EscrowAddress).where(EscrowAddress.from_block > fork))
        log.warning("reorg", from_block=last.number, to_block=fork)
        return True

    # ---------------------------------------------------------------- final

    async def _finalize(self, head: int) -> bool:
        """Make blocks `finality_depth` below the head final, one transaction a block that holds events."""
        limit = head - self._finality_depth
        async with self._sessions() as session:
            numbers = (
                await session.scalars(
                    select(ChainEvent.block_number)
                    .where(ChainEvent.state == SEEN, ChainEvent.block_number <= limit)
                    .distinct()
                    .order_by(ChainEvent.block_number)
                )
            ).all()
        for number in numbers:
            async with transaction(self._sessions) as session:
                await self._finalize_block(session, number)
        async with transaction(self._sessions) as session:
            done = await session.execute(
                update(Block).where(Block.state == SEEN, Block.number <= limit).values(state=FINAL).returning(Block.time)
            )
            times = done.scalars().all()
            for handler in self._on_block if times else ():
                await handler(session, max(times))
        return bool(times)

    async def _finalize_block(self, session: AsyncSession, number: int) -> None:
        rows = await session.scalars(
            select(ChainEvent)
            .where(ChainEvent.block_number == number, ChainEvent.state == SEEN)
            .order_by(ChainEvent.log_index)
            .with_for_update()
        )
        for row in rows:
            row.state = FINAL
            event = event_of(row)
            for handler in self._on_event.get(event.name, ()):
                await handler(session, event)


def event_of(row: ChainEvent) -> Event:
    return Event(
        name=row.name, contract=row.contract, address=row.address, args=row.args, block_number=row.block_number,
        block_hash=row.block_hash, block_time=row.block_time, log_index=row.log_index, tx_hash=row.tx_hash,
    )  # fmt: skip


async def heights(session: AsyncSession) -> tuple[int, int]:
    """Return the last indexed and the last final block number; 0 where there is none."""
    seen = await session.scalar(select(func.max(Block.number)).where(Block.state != ORPHANED))
    final = await session.scalar(select(func.max(Block.number)).where(Block.state == FINAL))
    return seen or 0, final or 0


def _block_row(block: dict[str, Any]) -> dict[str, Any]:
    return {
        "hash": block["hash"], "number": int(block["number"], 16), "parent": block["parentHash"],
        "time": datetime.fromtimestamp(int(block["timestamp"], 16), UTC), "state": SEEN,
    }  # fmt: skip


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "block_hash": event.block_hash, "log_index": event.log_index, "block_number": event.block_number,
        "block_time": event.block_time, "tx_hash": event.tx_hash, "contract": event.contract,
        "address": event.address, "name": event.name, "args": event.args, "state": SEEN,
    }  # fmt: skip
