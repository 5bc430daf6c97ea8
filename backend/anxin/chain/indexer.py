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

Catching up, three stretches of blocks are under way at once: one is read from the node (stretches.py) while the one before
is made into rows (rows.py) and the one before that is stored (storing.py). Never more: memory stays bounded.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.contracts import decode_log
from anxin.chain.finality import BlockHandler, EventHandler, Finality
from anxin.chain.identity import ChainChanged, check_chain
from anxin.chain.leader import Moving, lead
from anxin.chain.live import announce, announce_resync
from anxin.chain.models import FINAL, ORPHANED, SEEN, Block, ChainEvent, EscrowAddress
from anxin.chain.rows import Rows, begins
from anxin.chain.rpc import Rpc
from anxin.chain.storing import last_indexed, store, writing
from anxin.chain.stretches import Stretch, Stretches
from anxin.core.database import Sessions
from anxin.core.deployment import Deployment

STEP_SECONDS = 5.0  # of catching up, after which what is deep enough becomes final and others of the process get their turn
LOGS_AT_ONCE = 200  # made into rows before whoever else waits for this process's attention gets it: about half a millisecond

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
        self._finality = Finality(sessions, on_event, on_block)
        self._stretches = Stretches(rpc)
        self._rows = Rows()
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
            last = await last_indexed(session)
        stored = self._rpc.stored_height()  # before it is seen that what we have is on the chain: it stays there
        head = await self._rpc.head()
        if last is not None and head < last.number:
            return False  # a lagging node alone is no reorg
        if last is not None and await self._went_back(last):
            return True
        start = last.number + 1 if last else self._deployment.start_block
        if start <= head:
            await self._catch_up(last.hash if last else None, start, head)
        became_final = await self._finality.reach(self._rpc.final_height(head, self._finality_depth, stored))
        return start <= head or became_final

    # ---------------------------------------------------------------- seen

    async def _catch_up(self, last_hash: str | None, start: int, head: int) -> None:
        """See the blocks from `start` to `head`, or as many of them as a step's time allows."""
        async with self._sessions() as session:
            escrows = await session.scalars(select(EscrowAddress.address))
            contracts = {**self._contracts, **dict.fromkeys(escrows, "WageEscrow")}
        give_way_at = asyncio.get_running_loop().time() + STEP_SECONDS
        storing: asyncio.Task[None] | None = None
        try:
            async with aclosing(self._stretches.ahead(start, head, contracts)) as stretches:
                async for stretch in stretches:
                    if last_hash is not None and stretch.headers[0].parent_hash != last_hash:
                        raise Moving("the new block's parent is not the last indexed one")
                    escrows_made = await self._complete(stretch, contracts)
                    rows = await self._rows_of(stretch, contracts)
                    if storing is not None:
                        await storing
                    storing = asyncio.create_task(self._store(last_hash, stretch, rows, escrows_made))
                    last_hash = stretch.headers[-1].hash
                    if asyncio.get_running_loop().time() > give_way_at:
                        break
        finally:
            if storing is not None:
                await storing

    async def _complete(self, stretch: Stretch, contracts: dict[str, str]) -> dict[str, int]:
        """Add the logs of escrows made in a stretch to it, and the escrows to `contracts`. Return them with their blocks."""
        factory = self._deployment.addresses.factory.lower()
        if factory not in stretch.addresses:
            return {}
        logs = [each.as_given() for each in stretch.logs if each.address.lower() == factory]
        events = [decode_log("WageEscrowFactory", each, 0) for each in logs]
        created = [event for event in events if event is not None and event.name == "EscrowCreated"]
        new = {e.args["escrow"]: e.block_number for e in created if e.args["escrow"] not in contracts}
        if new:
            contracts |= dict.fromkeys(new, "WageEscrow")
            stretch.logs.extend(await self._stretches.logs(stretch.headers, new))
        return new

    async def _rows_of(self, stretch: Stretch, contracts: Mapping[str, str]) -> list[bytes]:
        blocks, rows = begins(stretch.headers), list[bytes]()
        for start in range(0, len(stretch.logs), LOGS_AT_ONCE):
            rows.append(self._rows.of(stretch.logs[start : start + LOGS_AT_ONCE], blocks, contracts))
            await asyncio.sleep(0)
        return rows

    async def _store(
        self, last_hash: str | None, stretch: Stretch, rows: list[bytes], escrows: Mapping[str, int]
    ) -> None:
        async with writing(self._sessions, last_hash) as session:
            await store(session, stretch.headers, rows)
            if stretch.logs:
                newest = int(stretch.logs[-1].block_number, 16)
                await announce(session, newest, stretch.addresses)
            if escrows:
                made = [{"address": escrow, "from_block": number} for escrow, number in escrows.items()]
                await session.execute(insert(EscrowAddress).on_conflict_do_nothing(), made)

    # ---------------------------------------------------------------- orphaned

    async def _went_back(self, last: Block) -> bool:
        """Rewind to the fork if the last indexed block is no longer on the chain. Raises ChainChanged beyond finality."""
        fork = last.number
        while not await self._is_common(fork):
            fork -= 1
        if fork == last.number:
            return False
        async with writing(self._sessions, last.hash) as session:
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


async def heights(session: AsyncSession) -> tuple[int, int]:
    """Return the last indexed and the last final block number; 0 where there is none."""
    seen = await session.scalar(select(func.max(Block.number)).where(Block.state != ORPHANED))
    final = await session.scalar(select(func.max(Block.number)).where(Block.state == FINAL))
    return seen or 0, final or 0


async def chain_time(session: AsyncSession) -> datetime | None:
    """Return the time of the newest final block: windows are the chain's, not ours. None before there is one."""
    found: datetime | None = await session.scalar(select(func.max(Block.time)).where(Block.state == FINAL))
    return found
