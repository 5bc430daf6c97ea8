"""Wages on their way through a bank: what is ordered of it, each payment, and every file it wrote."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.sealing import Sealed

DUE, ORDERED, SUBMITTED, PENDING = "due", "ordered", "submitted", "pending"
BOOKED, REJECTED, RETURNED = "booked", "rejected", "returned"
READY, ANSWERED, REFUSED = "ready", "answered", "refused"  # of orders, besides SUBMITTED
SETTLED = "settled"  # and RETURNED: how the chain closes a payment


class WageAccount(Base):
    """The special account (农民工工资专用账户) a project's wages are paid from. `bank`: a BIC, a CNAPS number or empty."""

    __tablename__ = "wage_accounts"

    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Sealed)
    number: Mapped[str] = mapped_column(Sealed)
    bank: Mapped[str] = mapped_column(String(12))
    set_by: Mapped[str] = mapped_column(String(42))
    set_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BankOrder(Base):
    """One pain.001: the wages of a project and payday, as the bytes that are handed in, now and every other time.

        ready → submitted (the bank has it) → answered (it has said something of it)
          └─────────┴──► refused (never, in its words: waits for a person)

    `content` may be megabytes: it is only read when asked for.

    One that nobody has tried to hand in yet is deleted where a payment in it is closed; the others are ordered anew.
    """

    __tablename__ = "bank_orders"
    __table_args__ = (
        Index("ix_bank_orders_open", "bank", "attempted_at", postgresql_where=text("state IN ('ready', 'submitted')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    bank: Mapped[str] = mapped_column(String(64))
    message_id: Mapped[str] = mapped_column(String(35), unique=True)
    block_id: Mapped[str] = mapped_column(String(35))
    payday: Mapped[date] = mapped_column(Date)
    content: Mapped[str | None] = mapped_column(Sealed, deferred=True)
    payments: Mapped[int]
    total_fen: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(Sealed)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attempted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BankPayment(Base):
    """One wage that was released to the bank. `number` is the sheet's or the dispute's; `attempt` as in its reference.

        due → ordered → submitted → pending → booked → returned (the worker's bank sent it back)
         │                              └──► rejected
         └ `held` says what keeps it back

    That is what the bank's files say. What the chain says is beside it: `closed_as` settled, or returned: owed again. Of an
    open payment whose release is not on the chain after all `unreleased_at` is set. `told_at`: a person was told that the
    two cannot both be right. Without `reference`: a wage that came back more often than a reference can count.
    """

    __tablename__ = "bank_payments"
    __table_args__ = (
        UniqueConstraint("project_pk", "kind", "number", "line_index", "attempt"),
        Index(
            "ix_bank_payments_due", "project_pk", "due_on",
            postgresql_where=text("state = 'due' AND closed_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(7))
    number: Mapped[int] = mapped_column(BigInteger)
    line_index: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int]
    reference: Mapped[str | None] = mapped_column(String(35), unique=True)
    worker_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    due_on: Mapped[date] = mapped_column(Date)
    order_pk: Mapped[int | None] = mapped_column(ForeignKey("bank_orders.id"), index=True)
    state: Mapped[str] = mapped_column(String(9))
    held: Mapped[str | None] = mapped_column(String(20))
    looked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason_code: Mapped[str | None] = mapped_column(String(35))
    reason_text: Mapped[str | None] = mapped_column(Sealed)
    bank_reference: Mapped[str | None] = mapped_column(String(35))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ordered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    booked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rejected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    returned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    unreleased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_as: Mapped[str | None] = mapped_column(String(8))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BankFile(Base):
    """A file of the bank's, kept once as it came. `doubts`: places in it that cannot be right, by line and field."""

    __tablename__ = "bank_files"
    __table_args__ = (UniqueConstraint("bank", "name", "content_hash"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    bank: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    content: Mapped[str | None] = mapped_column(Sealed, deferred=True)
    doubts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BankInbox(Base):
    """How far a bank's files have been read."""

    __tablename__ = "bank_inboxes"

    bank: Mapped[str] = mapped_column(String(64), primary_key=True)
    cursor: Mapped[str]
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
