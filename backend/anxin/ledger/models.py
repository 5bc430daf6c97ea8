"""The books: append-only, double entry, from final events only."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base


class Entry(Base):
    """One amount moved from one account to another. `event` is the chain event it stands for, so none is booked twice.

    Accounts of an escrow: `funded` (money held), `paid in`, `owed`, `wage debt`, `contested`, `claims`, `released`.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (UniqueConstraint("event", "debit", "credit"), CheckConstraint("amount_fen > 0", "positive"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    escrow: Mapped[str | None] = mapped_column(String(42), index=True)
    event: Mapped[str] = mapped_column(String(80))
    event_name: Mapped[str] = mapped_column(String(32))
    debit: Mapped[str] = mapped_column(String(32))
    credit: Mapped[str] = mapped_column(String(32))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    block_number: Mapped[int] = mapped_column(BigInteger)
    tx_hash: Mapped[str] = mapped_column(String(66))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
