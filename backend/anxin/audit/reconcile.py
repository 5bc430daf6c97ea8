"""Whether our books are the contracts': asked again and again while everything runs, for whatever nobody thought of.

    newest final block ──► the ledger at it (one snapshot) ═?═ `books()` of each escrow, `totalSupply()` of the token, by
    eth_call at that block's hash ──► a difference is an alarm, over when it is; and so for a second node, where there is one
The audit (service.py) finds out which event is missing; this only sees, within minutes and for little, that one is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select

from anxin.chain.alarms import BOOKS_DIFFER, clear_alarm, raise_alarm
from anxin.chain.contracts import decode_result, encode_call
from anxin.chain.finality import newest_final
from anxin.chain.models import FINAL, Block, EscrowAddress
from anxin.chain.rpc import Rpc, RpcError
from anxin.core.calls import Call
from anxin.core.clock import now
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.ledger import service as ledger

EVERY_BLOCKS, EVERY = 100, timedelta(minutes=10)  # whichever comes first
TOLD = "{subject}: {differences} at block {block}. Run anxin audit, which names the events; see docs/operations.md"

Figures = dict[str, int]  # fen

log = structlog.get_logger()


@dataclass(frozen=True)
class Snapshot:
    """Our books at the newest final block: figures by contract, lower case."""

    number: int
    hash: str
    figures: Mapping[str, Figures]


class Reconciler:
    """`nodes`: by what a person calls them. Led like the indexer: one process at a time."""

    def __init__(self, sessions: Sessions, nodes: Mapping[str, Rpc], deployment: Deployment) -> None:
        self._sessions = sessions
        self._nodes = nodes
        self._token = deployment.addresses.token.lower()
        self._checked_block = 0
        self._checked_at: datetime | None = None

    async def step(self) -> bool:
        """Compare where it is time. Raises RpcError, RpcUnreachable: asked again at the next step, and nothing is said."""
        async with self._sessions() as session:
            newest = await newest_final(session)
        is_late = self._checked_at is None or now() - self._checked_at >= EVERY
        if newest < 0 or not (is_late or newest >= self._checked_block + EVERY_BLOCKS):
            return False
        await self.compare()
        self._checked_block, self._checked_at = newest, now()
        return False

    async def compare(self) -> None:
        """Compare with every node; raise and clear alarms."""
        ours = await self._snapshot()
        if ours is None:
            return
        stated = {name: await self._stated(rpc, ours) for name, rpc in self._nodes.items()}
        async with transaction(self._sessions) as session:
            for subject, figures in ours.figures.items():
                found = [
                    f"the ledger says {figures}, {name} {theirs[subject]}"
                    for name, theirs in stated.items()
                    if theirs[subject] != figures
                ]
                if found:
                    told = TOLD.format(subject=subject, differences="; ".join(found), block=ours.number)
                    await raise_alarm(session, BOOKS_DIFFER, subject, told)
                elif await clear_alarm(session, BOOKS_DIFFER, subject):
                    log.info("books agree again", subject=subject, block=ours.number)

    async def _snapshot(self) -> Snapshot | None:
        """All from one instant of the database: events are booked in the transaction that makes their block final."""
        async with self._sessions() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            block = await session.scalar(
                select(Block).where(Block.state == FINAL).order_by(Block.number.desc()).limit(1)
            )
            if block is None:
                return None
            made = select(EscrowAddress.address).where(EscrowAddress.from_block <= block.number)
            escrows = (await session.scalars(made.order_by(EscrowAddress.address))).all()
            _, supply, _ = await ledger.supply(session, None)
            figures: dict[str, Figures] = {self._token: {"supply": supply}}
            for escrow in escrows:
                own = await ledger.books_of(session, escrow)
                figures[escrow] = {
                    "funded": own.funded_fen, "owed": own.owed_fen, "contested": own.contested_fen, "bond": own.bond_fen,
                }  # fmt: skip
            return Snapshot(block.number, block.hash, figures)

    async def _stated(self, rpc: Rpc, ours: Snapshot) -> dict[str, Figures]:
        """What a node's contracts say at that very block. Raises RpcError also where the node does not have it."""
        at = {"blockHash": ours.hash, "requireCanonical": True}
        asked = [self._question(subject) for subject in ours.figures]
        answers = await rpc.batch([("eth_call", ({"to": each.address, "data": encode_call(each)}, at)) for each in asked])
        return {call.address: _figures(call, answer) for call, answer in zip(asked, answers, strict=True)}

    def _question(self, subject: str) -> Call:
        if subject == self._token:
            return Call("", "WageToken", subject, "totalSupply", {})
        return Call("", "WageEscrow", subject, "books", {})


def _figures(call: Call, answer: Any) -> Figures:
    if isinstance(answer, RpcError):
        raise answer
    said = decode_result(call.contract, call.function, answer)
    if call.function == "totalSupply":
        return {"supply": int(said)}
    return {name: int(said[name]) for name in ("funded", "owed", "contested", "bond")}
