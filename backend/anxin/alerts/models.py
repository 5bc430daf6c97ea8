"""Messages to people: one row a message, kept before it is sent. What people wrote back, and who wants none."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.sealing import Sealed

QUEUED, SENDING, SENT = "queued", "sending", "sent"
DELIVERED, UNDELIVERED, FAILED, HELD = "delivered", "undelivered", "failed", "held"
ENDED: Final = frozenset({DELIVERED, UNDELIVERED, FAILED, HELD})


class Message(Base):
    """One SMS. `key` makes it unique (the event it tells of); `provider_id` is Twilio's, once it has taken it.

        queued ──► sending ──► sent ──► delivered | undelivered | failed        held: not sent, and `reason` says why
           ▲──────────┘ refused for now, or no answer and Twilio has none like it

    `sending` is committed with the attempt's number before Twilio is called: whoever finds it after a crash asks Twilio
    first. Nobody touches a row before `next_attempt_at`. `worker_pk` is null for a contact of the contractor or bureau;
    `to_phone` is the number it goes to where that is not the worker's. `tried_phone` is that of the last attempt, until the
    message has ended; `phone_index` finds it for limits. `price_micros` is millionths of `price_unit`. `body`
    and numbers are null once they have been kept long enough.
    """

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_phone_index_attempted_at", "phone_index", "attempted_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    worker_pk: Mapped[int | None] = mapped_column(ForeignKey("workers.id"), index=True)
    project_pk: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    body: Mapped[str | None] = mapped_column(Sealed)
    to_phone: Mapped[str | None] = mapped_column(Sealed)
    tried_phone: Mapped[str | None] = mapped_column(Sealed)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(16), default=QUEUED)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    attempted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    next_attempt_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    provider_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    error_code: Mapped[int | None]
    reason: Mapped[str | None]
    segments: Mapped[int] = mapped_column(default=1, server_default="1")
    price_micros: Mapped[int | None] = mapped_column(BigInteger)
    price_unit: Mapped[str | None] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    def end(self, state: str, at: datetime, *, reason: str | None = None, error_code: int | None = None) -> None:
        """Nothing more is tried."""
        self.state, self.ended_at, self.reason, self.error_code = state, at, reason, error_code
        self.tried_phone = None


class OptOut(Base):
    """A number that wants no messages. `by`: its owner's word, or the carrier's (Twilio 21610)."""

    __tablename__ = "sms_opt_outs"

    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    by: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class InboundMessage(Base):
    """What a number wrote to us, and what it was answered: the same message again gets the same answer, and does nothing.

    `word` is which of our words it was; what else it said is not kept.
    """

    __tablename__ = "sms_inbound"
    __table_args__ = (Index("ix_sms_inbound_phone_index_received_at", "phone_index", "received_at"),)

    provider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    word: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str | None] = mapped_column(Sealed)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DeskNotice(Base):
    """That a worker said by SMS that something is wrong: for the bureau's desk to look at. One a worker, project and day.

    `done_by` is the wallet that has seen to it; both are null while it is open.
    """

    __tablename__ = "desk_notices"
    __table_args__ = (
        UniqueConstraint("project_pk", "worker_pk", "day"),
        Index("ix_desk_notices_open", "project_pk", "id", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    day: Mapped[date] = mapped_column(Date)
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_by: Mapped[str | None] = mapped_column(String(42))
