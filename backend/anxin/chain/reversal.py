"""Going back behind finality, on an operator's word alone: what was told as final and is not on the chain is taken back.

    the newest final block is not the node's ──► the indexer halts, an alarm is open ──► people find out why, and where the
    chains part ──► `anxin reverse --to BLOCK` ──► one transaction: later blocks and events orphaned, the ledger's entries
    reversed, rows set back, transactions of those blocks open again ──► indexing goes on; the same bytes are sent again
Nothing is deleted. What must be told to people is for people: an alarm stays open until somebody clears it.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.alarms import BLOCKS_REVERSED, raise_alarm
from anxin.chain.finality import EventHandler, event_of
from anxin.chain.identity import check_first_block
from anxin.chain.live import announce_resync
from anxin.chain.models import FINAL, ORPHANED, Block, ChainEvent, EscrowAddress, RelayAttempt, RelayCall, of_contract
from anxin.chain.rpc import Rpc
from anxin.chain.storing import ONE_WRITER
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.core.events import Event

ReverseBooks = Callable[[AsyncSession, int], Awaitable[int]]

log = structlog.get_logger()


class CannotReverse(Exception):
    """The message says why, and nothing was changed."""


@dataclass(frozen=True)
class Reversal:
    """What was taken back."""

    blocks: int
    events: int
    entries: int
    transactions: int


async def reverse(
    sessions: Sessions,
    rpc: Rpc,
    deployment: Deployment,
    to_block: int,
    *,
    on_reversed: Mapping[str, Sequence[EventHandler]],
    reverse_books: ReverseBooks,
) -> Reversal:
    """Make `to_block` the newest final block again. Raises CannotReverse, ChainChanged.

    Args:
        on_reversed: event → what sets back the rows it had set, newest event first.
        reverse_books: reverses the ledger's entries of later blocks.
    """
    await check_first_block(rpc, deployment)
    async with transaction(sessions) as session:
        await session.execute(ONE_WRITER)
        final = await session.scalar(select(Block).where(Block.state == FINAL).order_by(Block.number.desc()).limit(1))
        await _check(session, rpc, final, to_block)
        later = select(ChainEvent).where(ChainEvent.block_number > to_block, ChainEvent.state == FINAL)
        events = (
            await session.scalars(later.order_by(ChainEvent.block_number.desc(), ChainEvent.log_index.desc()))
        ).all()
        for row in events:
            for handler in on_reversed.get(row.name, ()):
                await handler(session, event_of(row))
        entries = await reverse_books(session, to_block)
        blocks = await _orphan(session, to_block)
        transactions = await _reopen(session, to_block)
        await announce_resync(session, to_block)
        told = f"{len(events)} final events were taken back: see whom that concerns, run anxin audit, then clear this"
        await raise_alarm(session, BLOCKS_REVERSED, f"block {to_block}", told)
    log.warning("reversed", to_block=to_block, blocks=blocks, events=len(events), entries=entries)
    return Reversal(blocks, len(events), entries, transactions)


async def earlier(session: AsyncSession, event: Event, names: Collection[str], **subject: int | str) -> list[Event]:
    """Return what stays of a subject when `event` is taken back: its final events before that, in order."""
    before = select(ChainEvent).where(
        ChainEvent.state == FINAL, ChainEvent.name.in_(names), *of_contract(event.address),
        tuple_(ChainEvent.block_number, ChainEvent.log_index) < (event.block_number, event.log_index),
        *(ChainEvent.args[name].as_string() == str(value) for name, value in subject.items()),
    )  # fmt: skip
    rows = await session.scalars(before.order_by(ChainEvent.block_number, ChainEvent.log_index))
    return [event_of(row) for row in rows]


async def _check(session: AsyncSession, rpc: Rpc, final: Block | None, to_block: int) -> None:
    """That there is something to take back, and that `to_block` is on both chains."""
    if final is None or to_block >= final.number:
        raise CannotReverse(f"there is no final block above {to_block}")
    theirs = await rpc.block(final.number)
    if theirs is not None and theirs["hash"] == final.hash:
        raise CannotReverse(f"the node has block {final.number}, the newest that was final: there is nothing to take back")
    kept = await session.scalar(select(Block).where(Block.number == to_block, Block.state == FINAL))
    if kept is None:
        raise CannotReverse(f"block {to_block} was never indexed: choose one from the deployment's first on")
    theirs = await rpc.block(to_block)
    if theirs is None or theirs["hash"] != kept.hash:
        raise CannotReverse(f"block {to_block} is not the node's either: the chains part before it, choose an earlier one")


async def _orphan(session: AsyncSession, to_block: int) -> int:
    later = ChainEvent.block_number > to_block, ChainEvent.state != ORPHANED
    await session.execute(update(ChainEvent).where(*later).values(state=ORPHANED))
    gone = update(Block).where(Block.number > to_block, Block.state != ORPHANED).values(state=ORPHANED)
    blocks = await session.scalars(gone.returning(Block.hash))
    await session.execute(delete(EscrowAddress).where(EscrowAddress.from_block > to_block))
    return len(blocks.all())


async def _reopen(session: AsyncSession, to_block: int) -> int:
    """Transactions of later blocks are not settled any more: their bytes are sent again, under the same nonces."""
    mined = (await session.scalars(select(RelayAttempt).where(RelayAttempt.mined_block > to_block))).all()
    done = [attempt.call_pk for attempt in mined if attempt.call_pk is not None and not attempt.no_op]
    await session.execute(
        update(RelayCall).where(RelayCall.id.in_(done), RelayCall.state == "final").values(state="signed")
    )
    places = [(attempt.relayer, attempt.nonce) for attempt in mined]
    await session.execute(
        update(RelayAttempt)
        .where(tuple_(RelayAttempt.relayer, RelayAttempt.nonce).in_(places))
        .values(closed=False, mined_block=None)
    )
    return len(mined)
