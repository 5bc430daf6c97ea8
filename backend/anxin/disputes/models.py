"""Disputes as the chain has them, and what worker, contractor and bureau have signed about them."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.relayed import Relayed
from anxin.core.sealing import Sealed

CLAIM, CONTEST = "claim", "contest"  # kinds
CLAIMED, CONTESTED, DECIDED = "claimed", "contested", "decided"  # states, as the contract's
VANISHED = "vanished"  # its opening was final and is not on the chain after all: kept for what was signed about it


class Dispute(Base):
    """One dispute of one escrow, from final events only: whatever is here is public. Amounts in fen.

    claimed: the contractor's clock runs from `since`; contested: the bureau's; decided: `granted_fen` is owed until paid.
    `paying_key` names the call that pays it where no signature does; `banked_fen` is with the bank, `settled_fen` paid out.
    """

    __tablename__ = "disputes"
    __table_args__ = (UniqueConstraint("project_pk", "dispute_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    dispute_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    worker_id: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    sheet_id: Mapped[int | None]
    line_index: Mapped[int | None]
    first_day: Mapped[date] = mapped_column(Date)
    day_mask: Mapped[int] = mapped_column(BigInteger)
    evidence_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    asked_fen: Mapped[int] = mapped_column(BigInteger)
    granted_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    paid_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    banked_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    settled_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[str] = mapped_column(String(12), index=True)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    stood: Mapped[bool] = mapped_column(default=False)
    answer_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    resolved_by: Mapped[str | None] = mapped_column(String(42))
    order_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    opened_tx: Mapped[str] = mapped_column(String(66))
    last_tx: Mapped[str] = mapped_column(String(66))
    paying_key: Mapped[str | None]


class Claim(Relayed, Base):
    """A worker's word that days are missing from every sheet. `evidence` is the text whose hash was signed."""

    __tablename__ = "claims"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    first_day: Mapped[date] = mapped_column(Date)
    day_mask: Mapped[int] = mapped_column(BigInteger)
    evidence: Mapped[str] = mapped_column(Sealed)
    evidence_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    deadline: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    dispute_pk: Mapped[int | None] = mapped_column(ForeignKey("disputes.id"))


class Answer(Relayed, Base):
    """The contractor admits `admitted_fen` in all. `evidence` is the text whose hash was signed."""

    __tablename__ = "answers"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    dispute_pk: Mapped[int] = mapped_column(ForeignKey("disputes.id"), index=True)
    admitted_fen: Mapped[int] = mapped_column(BigInteger)
    evidence: Mapped[str] = mapped_column(Sealed)
    evidence_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    deadline: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Resolution(Relayed, Base):
    """Bureau or arbiter award `award_fen` in all. `reasons` is the order's text, whose hash was signed."""

    __tablename__ = "resolutions"
    __table_args__ = (
        Index("uq_resolutions_dispute_pk", "dispute_pk", unique=True, postgresql_where=text("state <> 'refused'")),
    )

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    dispute_pk: Mapped[int] = mapped_column(ForeignKey("disputes.id"))
    award_fen: Mapped[int] = mapped_column(BigInteger)
    reasons: Mapped[str] = mapped_column(Sealed)
    order_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    signer: Mapped[str] = mapped_column(String(42))
    deadline: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
