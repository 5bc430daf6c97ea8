"""The database against the chain: each row that a final event sets, and each entry of the ledger, one by one.

    one read-only snapshot ──► its newest final block ──► the chain's events up to that block ──► expected.py
                       └─────► stored.py ──────────────────────── compared ◄─────────────────────────┘
It changes nothing and may run beside everything else: what comes after the snapshot is in neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.audit import stored
from anxin.audit.books import Recomputed
from anxin.audit.expected import Expected
from anxin.audit.service import audit
from anxin.audit.stored import ReadDisputes
from anxin.chain.identity import ChainChanged, NodeBehind
from anxin.chain.reader import read_events, read_events_of
from anxin.chain.rpc import Rpc
from anxin.core.database import Sessions, connect, sessions_of
from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.core.migrate import check_present

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
WAITS_FOR_THE_CHAIN = text("SET LOCAL idle_in_transaction_session_timeout = 0")  # it locks nothing
NOTHING = "nothing"
Rows = Mapping[Any, Any]


@dataclass(frozen=True)
class DatabaseAudit:
    """`result.findings` holds what chain and database differ in, besides the chain's own contradictions."""

    block: int
    result: Recomputed


async def audit_database(
    rpc: Rpc, deployment: Deployment, sessions: Sessions, read_disputes: ReadDisputes
) -> DatabaseAudit:
    """Compare all of the database with the chain at the database's newest final block.

    Raises NodeBehind where the database has no final block or the node not yet that one; ChainChanged where it has another.
    """
    async with sessions() as session:
        await session.connection(execution_options=SNAPSHOT)
        await session.execute(WAITS_FOR_THE_CHAIN)
        newest = await stored.newest_final_block(session)
        if newest is None:
            raise NodeBehind("the database has no final block yet: there is nothing to compare")
        block, block_hash = newest
        await _check_block(rpc, block, block_hash)
        result = await audit(rpc, deployment, block, session)
        events = await read_events(rpc, deployment, block)
        anchor = {deployment.addresses.anchor.lower(): "EvidenceAnchor"}
        anchored = await read_events_of(rpc, anchor, deployment.start_block, block)
        expected = Expected.of(events, deployment.bank)
        result.findings += compare("event", _by_place([*events, *anchored]), await stored.events(session))
        result.findings += compare("ledger entry", expected.entries, await stored.entries(session))
        result.findings += await _rows(session, expected, read_disputes)
        await _check_block(rpc, block, block_hash)
    return DatabaseAudit(block, result)


async def audit_url(
    rpc: Rpc, deployment: Deployment, database_url: str, read_disputes: ReadDisputes
) -> tuple[int, Recomputed]:
    """The same for a database at an address. Return the block, and what was found. Raises NoDatabase."""
    await check_present(database_url)
    engine = connect(database_url)
    try:
        compared = await audit_database(rpc, deployment, sessions_of(engine), read_disputes)
    finally:
        await engine.dispose()
    return compared.block, compared.result


async def _check_block(rpc: Rpc, block: int, block_hash: str) -> None:
    """Before reading and after: in between the chain may have moved."""
    theirs = await rpc.block(block)
    if theirs is None:
        raise NodeBehind(f"the node does not have block {block}, which is final in the database")
    if theirs["hash"] != block_hash:
        raise ChainChanged(f"block {block} is final in the database and another one on this chain")


async def _rows(session: AsyncSession, expected: Expected, read_disputes: ReadDisputes) -> list[str]:
    """Of the escrows that are ours: what happens in others' concerns nobody here."""
    agreed, ours = await stored.agreed(session), await stored.escrows(session)
    made = {
        escrow: each for escrow, each in expected.escrows.items()
        if escrow in ours or {name: value for name, value in each.items() if name != "closed"} in agreed
    }  # fmt: skip
    people = await stored.workers(session)
    enrolled = {worker_id: expected.workers.get(worker_id, {}) for worker_id in people}
    return [
        *compare("escrow", made, ours),
        *compare("key and payout of worker", enrolled, people),
        *compare("joined", _within(made, expected.joined), await stored.joined(session)),
        *compare("line", _within(made, expected.lines), await stored.lines(session)),
        *compare("dispute", _within(made, expected.disputes), await read_disputes(session)),
    ]


def _within(escrows: Rows, found: Rows) -> Rows:
    return {place: each for place, each in found.items() if place[0] in escrows}


def compare(what: str, chain: Rows, database: Rows) -> list[str]:
    """Return a sentence for each row that is missing, is too many, or says something else."""
    found = []
    for place in sorted({*chain, *database}, key=str):
        theirs, ours = chain.get(place, NOTHING), database.get(place, NOTHING)
        if theirs == ours:
            continue
        if isinstance(theirs, dict) and isinstance(ours, dict):
            differ = [name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)]
            found += [_sentence(f"{what} {_at(place)}, {n}", theirs.get(n), ours.get(n)) for n in differ]
        else:
            found.append(_sentence(f"{what} {_at(place)}", theirs, ours))
    return found


def _sentence(where: str, theirs: Any, ours: Any) -> str:
    return f"{where}: the chain says {_short(theirs)}, the database says {_short(ours)}"


def _at(place: Any) -> str:
    return " · ".join(str(each) for each in place) if isinstance(place, tuple) else str(place)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _by_place(events: list[Event]) -> Rows:
    return {
        (event.block_hash, event.log_index): {
            "name": event.name, "contract": event.contract, "address": event.address, "args": event.args,
            "block": event.block_number, "time": event.block_time, "tx": event.tx_hash,
        }
        for event in events
    }  # fmt: skip
