"""The books: append-only, double entry, from final events only."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base


class Entry(Base):
    """One amount moved from one account to another. `event` is the chain event it stands for, so none is booked twice.

    A reversal's `event` is that of the entry it takes back and `:r`.

    Accounts of an escrow: `funded` and `bond` (money held), `paid in` and `bond paid in`, `owed` and `wage debt`,
    `contested` and `claims`, `with bank` and `to be settled`. `dispute_id`: of which of the escrow's disputes.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("event", "debit", "credit"), CheckConstraint("amount_fen > 0", "positive"),
        Index("ix_ledger_entries_escrow_dispute_id", "escrow", "dispute_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    escrow: Mapped[str | None] = mapped_column(String(42), index=True)
    event: Mapped[str] = mapped_column(String(80))
    event_name: Mapped[str] = mapped_column(String(32))
    debit: Mapped[str] = mapped_column(String(32))
    credit: Mapped[str] = mapped_column(String(32))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    dispute_id: Mapped[int | None]
    block_number: Mapped[int] = mapped_column(BigInteger)
    tx_hash: Mapped[str] = mapped_column(String(66))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
