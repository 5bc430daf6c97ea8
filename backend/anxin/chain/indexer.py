"""Reading the chain: every event once, in order, and nothing believed before it is final.

    new blocks ──► parents match? ──no──► walk back to the fork, mark orphaned, go on from there
                        │yes
                        ▼
                 logs of our contracts ──► chain_events (seen)
                        │  `finality_depth` blocks later
                        ▼
                 final: handlers of wiring.on_final_event, in the transaction that says so

Whatever does not fit together (a header, a log, a bloom) is read again and never stored. An event whose handler fails
stays seen, with all that follow it, and is tried until it succeeds: none is skipped. A reorg deeper than finality stops
the indexer: what was told as final would have to be untold, and that is for people.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.bloom import may_have_logs
from anxin.chain.contracts import decode_log
from anxin.chain.identity import ChainChanged as ChainChanged
from anxin.chain.identity import check_chain
from anxin.chain.leader import Moving, lead
from anxin.chain.live import announce, announce_resync
from anxin.chain.models import FINAL as FINAL
from anxin.chain.models import ORPHANED as ORPHANED
from anxin.chain.models import SEEN, Block, ChainEvent, EscrowAddress
from anxin.chain.rpc import Rpc, RpcError
from anxin.chain.storing import store_events
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.core.events import Event

BLOCKS_A_STEP = 100
ONE_WRITER = text("SELECT pg_advisory_xact_lock(hashtextextended('indexer writes', 0))")

EventHandler = Callable[[AsyncSession, Event], Awaitable[None]]
BlockHandler = Callable[[AsyncSession, datetime], Awaitable[None]]
Json = dict[str, Any]

log = structlog.get_logger()


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
            addresses.anchor.lower(): "EvidenceAnchor",
        }

    async def run(self, stop: asyncio.Event, *, poll_seconds: float) -> None:
        """Index until `stop`, as the only indexer on this database. Raises ChainChanged."""
        await lead(self._sessions, "indexer", self.step, stop, poll_seconds=poll_seconds)

    async def step(self) -> bool:
        """Index the next stretch of blocks and make final what is old enough. Return whether anything was new.

        Raises ChainChanged, NodeBehind, Moving.
        """
        await check_chain(self._rpc, self._deployment, self._sessions)
        async with self._sessions() as session:
            last = await _last_indexed(session)
        head = await self._rpc.head()
        if last is not None and head < last.number:
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
        await self._store(last, blocks)
        await self._finalize(head)
        return True

    @asynccontextmanager
    async def _writing(self, last: Block | None) -> AsyncIterator[AsyncSession]:
        """A transaction that alone writes blocks. Raises Moving where somebody has written since `last` was read."""
        async with transaction(self._sessions) as session:
            await session.execute(ONE_WRITER)
            current = await _last_indexed(session)
            if (current and current.hash) != (last and last.hash):
                raise Moving("another indexer wrote")
            yield session

    # ---------------------------------------------------------------- seen

    async def _headers(self, start: int, end: int) -> list[Json]:
        blocks = await self._rpc.batch([("eth_getBlockByNumber", (hex(n), False)) for n in range(start, end + 1)])
        for earlier, later in zip([None, *blocks], blocks, strict=False):
            if later is None or isinstance(later, RpcError):
                raise Moving("a block below the head is missing")
            if earlier is not None and later["parentHash"] != earlier["hash"]:
                raise Moving("blocks do not join")
        return blocks

    async def _store(self, last: Block | None, blocks: list[Json]) -> None:
        async with self._sessions() as session:
            escrows = set(await session.scalars(select(EscrowAddress.address)))
        events = await self._events(blocks, {**self._contracts, **dict.fromkeys(escrows, "WageEscrow")})
        new = {e.args["escrow"]: e.block_number for e in events if e.name == "EscrowCreated"}
        if new := {escrow: number for escrow, number in new.items() if escrow not in escrows}:
            events += await self._events(blocks, dict.fromkeys(new, "WageEscrow"))
        async with self._writing(last) as session:
            await _upsert(session, Block, [_block_row(block) for block in blocks], Block.hash)
            await store_events(session, events)
            if events:
                await announce(session, events[-1].block_number, [event.address for event in events])
            if new:
                rows = [{"address": escrow, "from_block": number} for escrow, number in new.items()]
                await session.execute(insert(EscrowAddress).on_conflict_do_nothing(), rows)

    async def _events(self, blocks: list[Json], contracts: Mapping[str, str]) -> list[Event]:
        """The events of `contracts` (address → name) in exactly these blocks. Raises Moving."""
        times = {block["hash"]: int(block["timestamp"], 16) for block in blocks}
        ends = {"fromBlock": blocks[0]["number"], "toBlock": blocks[-1]["number"]}
        logs: list[Json] = await self._rpc.call("eth_getLogs", {**ends, "address": list(contracts)})
        if any(each["blockHash"] not in times for each in logs):
            raise Moving("logs are of other blocks than the headers")
        logs += await self._left_out(blocks, {each["blockHash"] for each in logs}, contracts)
        decoded = [decode_log(contracts[each["address"].lower()], each, times[each["blockHash"]]) for each in logs]
        return [event for event in decoded if event is not None]

    async def _left_out(self, blocks: list[Json], found: set[str], contracts: Mapping[str, str]) -> list[Json]:
        """Logs a node kept from us: one that lags answers a range it lacks with an empty list, not an error.

        So a block whose bloom speaks of our contracts is asked for by its hash, which such a node does not know.
        """
        silent = [b["hash"] for b in blocks if b["hash"] not in found and may_have_logs(b["logsBloom"], contracts)]
        answers = await self._rpc.batch(
            [("eth_getLogs", ({"blockHash": each, "address": list(contracts)},)) for each in silent]
        )
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return [each for answer in answers for each in answer]

    # ---------------------------------------------------------------- orphaned

    async def _went_back(self, last: Block) -> bool:
        """Rewind to the fork if the last indexed block is no longer on the chain. Raises ChainChanged beyond finality."""
        fork = last.number
        while not await self._is_common(fork):
            fork -= 1
        if fork == last.number:
            return False
        async with self._writing(last) as session:
            for table, height in ((ChainEvent, ChainEvent.block_number), (Block, Block.number)):
                await session.execute(update(table).where(height > fork, table.state == SEEN).values(state=ORPHANED))
            await session.execute(delete(EscrowAddress).where(EscrowAddress.from_block > fork))
            await announce_resync(session, fork)
        log.warning("reorg", from_block=last.number, to_block=fork)
        return True

    async def _is_common(self, number: int) -> bool:
        """Whether our block of this height is the node's, too."""
        async with self._sessions() as session:
            ours = await session.scalar(select(Block).where(Block.number == number, Block.state != ORPHANED))
        theirs = await self._rpc.block(number)
        if theirs is None:
            raise Moving(f"the node's head was above block {number}, which it does not have now")
        if ours is None:
            raise ChainChanged(f"no common block down to {number + 1}")
        if ours.state == FINAL and theirs["hash"] != ours.hash:
            raise ChainChanged(f"block {number} was final and is gone: a reorg deeper than finality")
        return bool(theirs["hash"] == ours.hash)

    # ---------------------------------------------------------------- final

    async def _finalize(self, head: int) -> bool:
        """Make blocks `finality_depth` below the head final, one transaction up to each block that holds events."""
        depth = self._rpc.final_height(head, self._finality_depth)
        async with self._sessions() as session:
            last = await _last_indexed(session)
            newest = await session.scalar(
                select(Block).where(Block.state == SEEN, Block.number <= depth).order_by(Block.number.desc()).limit(1)
            )
            if newest is None:
                return False
            holding = select(ChainEvent.block_number).where(ChainEvent.state == SEEN, ChainEvent.block_number <= depth)
            numbers = {newest.number, *await session.scalars(holding.distinct())}
        for number in sorted(numbers):
            async with self._writing(last) as session:
                await self._finalize_up_to(session, number)
                for handler in self._on_block if number == newest.number else ():
                    await handler(session, newest.time)
        return True

    async def _finalize_up_to(self, session: AsyncSession, number: int) -> None:
        """A block and its events become final together: else a reorg in between would leave events of no block."""
        due = ChainEvent.block_number <= number, ChainEvent.state == SEEN
        handled = select(ChainEvent).where(*due, ChainEvent.name.in_(list(self._on_event)))
        for row in await session.scalars(handled.order_by(ChainEvent.block_number, ChainEvent.log_index)):
            event = event_of(row)
            for handler in self._on_event[event.name]:
                await handler(session, event)
        final = update(ChainEvent).where(*due).values(state=FINAL)
        places = (await session.execute(final.returning(ChainEvent.block_number, ChainEvent.address))).all()
        await session.execute(update(Block).where(Block.state == SEEN, Block.number <= number).values(state=FINAL))
        if places:
            await announce(session, max(block for block, _ in places), [address for _, address in places])


async def _last_indexed(session: AsyncSession) -> Block | None:
    last: Block | None = await session.scalar(
        select(Block).where(Block.state != ORPHANED).order_by(Block.number.desc()).limit(1)
    )
    return last


async def _upsert(session: AsyncSession, table: type[Block], rows: list[Json], *key: Any) -> None:
    """Rows of a block that was orphaned and is on the chain again are seen again."""
    if rows:
        again = insert(table).on_conflict_do_update(
            index_elements=key, set_={"state": SEEN}, where=table.state == ORPHANED
        )
        await session.execute(again, rows)


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


async def chain_time(session: AsyncSession) -> datetime | None:
    """Return the time of the newest final block: windows are the chain's, not ours. None before there is one."""
    found: datetime | None = await session.scalar(select(func.max(Block.time)).where(Block.state == FINAL))
    return found


def _block_row(block: dict[str, Any]) -> dict[str, Any]:
    return {
        "hash": block["hash"], "number": int(block["number"], 16), "parent": block["parentHash"],
        "time": datetime.fromtimestamp(int(block["timestamp"], 16), UTC), "state": SEEN,
    }  # fmt: skip
