"""Signed words on their way to the chain: what every such row remembers, in one place.

    waiting → accepted → sent → done          (done is only ever set by a final event)
                  └────────┴──► refused       (the chain says no; `reason` says why)
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.calls import Call, Refusal, relay

WAITING = "waiting"
ACCEPTED = "accepted"
SENT = "sent"
DONE = "done"
REFUSED = "refused"


class Relayed:
    """Mixin of a row that becomes a contract call. `call_key` is the key of that call (core/calls.py)."""

    state: Mapped[str] = mapped_column(index=True)
    call_key: Mapped[str | None] = mapped_column(index=True)
    tx_hash: Mapped[str | None]
    reason: Mapped[str | None]


async def hand_over(session: AsyncSession, rows: Sequence["Relayed"], call: Call) -> None:
    """These rows go to the chain as this call, afresh where they went before."""
    for row in rows:
        row.state, row.call_key, row.tx_hash = ACCEPTED, call.key, None
    await relay(session, call)


def on_its_way(table: type[Any]) -> Any:
    """The state of a row whose final event was taken back: its call is sent again, where it went by one of ours."""
    return case((table.call_key.is_not(None), SENT), else_=WAITING)


async def mark_sent(session: AsyncSession, table: type[Any], call_key: str, tx_hash: str) -> None:
    await session.execute(
        update(table).where(table.call_key == call_key, table.state == ACCEPTED).values(state=SENT, tx_hash=tx_hash)
    )


async def mark_refused(session: AsyncSession, table: type[Any], call_key: str, refusal: Refusal) -> None:
    await session.execute(
        update(table)
        .where(table.call_key == call_key, table.state.in_((ACCEPTED, SENT)))
        .values(state=REFUSED, reason=str(refusal))
    )
