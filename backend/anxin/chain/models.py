"""What the chain side remembers: calls on their way out, events on their way in."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, aliased, mapped_column

from anxin.core.database import Base

SEEN, FINAL, ORPHANED = "seen", "final", "orphaned"  # of blocks and their events

class Relayer(Base):
    """A key that pays gas. Its next nonce comes from here, never from the node."""

    __tablename__ = "relayers"

    address: Mapped[str] = mapped_column(String(42), primary_key=True)
    next_nonce: Mapped[int] = mapped_column(BigInteger)


class RelayCall(Base):
    """A call to be made once. state: waiting → signed → final, or refused (would revert, or did).

    `relayer` and `nonce`: where it is signed now. Calls with the same `in_order` are never in flight under two keys.
    """

    __tablename__ = "relay_calls"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    call: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16), default="waiting", index=True)
    in_order: Mapped[str | None] = mapped_column(String(80))
    accepted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    relayer: Mapped[str | None] = mapped_column(String(42))
    nonce: Mapped[int | None] = mapped_column(BigInteger)
    gas: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None]


class RelayAttempt(Base):
    """One signed transaction, stored before it is first sent; only these bytes are ever sent again.

    A nonce has one attempt, and a dearer one each time it was stuck: the receipt of any of them settles it. `no_op`: it
    only uses the nonce up, and what was signed under it before was not done. `closed`: the nonce is settled for good;
    `mined_block` is set on the attempt that did it. `answer`: what the node last said instead of taking it.
    """

    __tablename__ = "relay_attempts"
    __table_args__ = (
        Index("ix_relay_attempts_place", "relayer", "nonce"),
        Index("ix_relay_attempts_open", "relayer", "nonce", postgresql_where=text("NOT closed")),
        Index("ix_relay_attempts_mined_block", "mined_block"),
    )

    tx_hash: Mapped[str] = mapped_column(String(66), primary_key=True)
    call_pk: Mapped[int | None] = mapped_column(ForeignKey("relay_calls.id"), index=True)
    relayer: Mapped[str] = mapped_column(String(42))
    nonce: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    no_op: Mapped[bool] = mapped_column(default=False)
    closed: Mapped[bool] = mapped_column(default=False)
    mined_block: Mapped[int | None] = mapped_column(BigInteger)
    answer: Mapped[str | None]
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Alarm(Base):
    """Something a person must look at. One row a kind and subject; open while `cleared_at` is null."""

    __tablename__ = "alarms"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject: Mapped[str] = mapped_column(String(66), primary_key=True)
    text: Mapped[str]
    raised_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cleared_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Block(Base):
    """A block that was indexed. state: seen, final, orphaned."""

    __tablename__ = "blocks"

    hash: Mapped[str] = mapped_column(String(66), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, index=True)
    parent: Mapped[str] = mapped_column(String(66))
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(8))


class ChainEvent(Base):
    """A decoded log. Orphaned ones stay: what was once seen is never deleted.

    Written by COPY (storing.py), a transaction with its block's row; the key is the order in which events are read.
    `leads`: the first of its contract in its block, or one of several of which it might be. Only these are in the index by
    contract, a hundredth of all: see `of_contract`.
    """

    __tablename__ = "chain_events"
    __table_args__ = (
        PrimaryKeyConstraint("block_number", "log_index", "block_hash"),
        Index("ix_chain_events_of_contract", "address", "block_number", postgresql_where=text("leads")),
    )

    block_hash: Mapped[str] = mapped_column(String(66))
    log_index: Mapped[int]
    block_number: Mapped[int] = mapped_column(BigInteger)
    block_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    tx_hash: Mapped[str] = mapped_column(String(66))
    contract: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(42))
    name: Mapped[str] = mapped_column(String(32))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(8))
    leads: Mapped[bool] = mapped_column(default=True, server_default=true())


def of_contract(address: str) -> tuple[ColumnElement[bool], ...]:
    """The condition that events are of a contract (lower case): looked for in the blocks in which it logged."""
    leading = aliased(ChainEvent)
    blocks = select(leading.block_number).where(leading.address == address, leading.leads)
    return ChainEvent.address == address, ChainEvent.block_number.in_(blocks)


class EscrowAddress(Base):
    """An escrow the factory made: its events are followed from this block on."""

    __tablename__ = "escrow_addresses"

    address: Mapped[str] = mapped_column(String(42), primary_key=True)
    from_block: Mapped[int] = mapped_column(BigInteger)
