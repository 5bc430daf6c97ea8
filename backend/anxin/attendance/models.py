"""What was seen of a worker's presence, as it was reported: added to, never edited and never deleted."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.relayed import Relayed
from anxin.core.sealing import Sealed


class AttendanceSource(Base):
    """Where readings of a project come from. `strength` is what its readings are worth as evidence, at best.

    kind: phone, device, foreman, file. `secret` is what a device signs with; of the phones' source, what the site's rotating
    code is made of.
    """

    __tablename__ = "attendance_sources"
    __table_args__ = (UniqueConstraint("project_pk", "kind", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(64))
    strength: Mapped[str] = mapped_column(String(6))
    secret: Mapped[str | None] = mapped_column(Sealed)
    created_by: Mapped[str | None] = mapped_column(String(42))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Punch(Base):
    """One reading. `direction` 01 in, 02 out; `attend_type` as in the national platform (001 face … 010 QR, 011 other).

    `at` is what the device says, `received_at` what the server says. `record_id` is unique per source: a device repeats
    until it is acknowledged. `digest` and `signature` where the worker signed; `hint` is what the phone sent beside it, as
    signed. `code_verdict` (matched, stale, wrong, none) says what its site code was worth. `salt` hides the record's leaf.
    """

    __tablename__ = "punches"
    __table_args__ = (
        UniqueConstraint("source_pk", "record_id"),
        Index("ix_punches_worker_pk_at", "worker_pk", "at"),
        Index("ix_punches_project_pk_at", "project_pk", "at"),
        Index("ix_punches_received_at", "received_at", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    source_pk: Mapped[int] = mapped_column(ForeignKey("attendance_sources.id"))
    record_id: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    direction: Mapped[str] = mapped_column(String(2))
    attend_type: Mapped[str] = mapped_column(String(3))
    device: Mapped[str] = mapped_column(String(64))
    strength: Mapped[str] = mapped_column(String(6))
    code_verdict: Mapped[str] = mapped_column(String(8), server_default="none")
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    hint: Mapped[str | None] = mapped_column(Sealed)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))


class PieceCount(Base):
    """Pieces a worker finished on a day, as first reported. Another number for the day is a correction."""

    __tablename__ = "piece_counts"
    __table_args__ = (UniqueConstraint("project_pk", "worker_pk", "day"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    source_pk: Mapped[int] = mapped_column(ForeignKey("attendance_sources.id"))
    day: Mapped[date] = mapped_column(Date)
    quantity: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    strength: Mapped[str] = mapped_column(String(6))
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))


class StrayReading(Base):
    """A reading of nobody on record: kept until the person is enrolled and it can be assigned to them."""

    __tablename__ = "stray_readings"
    __table_args__ = (UniqueConstraint("source_pk", "record_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    source_pk: Mapped[int] = mapped_column(ForeignKey("attendance_sources.id"))
    record_id: Mapped[str] = mapped_column(String(120))
    subject: Mapped[str] = mapped_column(Sealed)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    direction: Mapped[str] = mapped_column(String(2))
    attend_type: Mapped[str] = mapped_column(String(3))
    device: Mapped[str] = mapped_column(String(64))
    assigned_worker_pk: Mapped[int | None] = mapped_column(ForeignKey("workers.id"))
    assigned_by: Mapped[str | None] = mapped_column(String(42))
    assigned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AttendanceFile(Base):
    """An uploaded file: kept with its content until it is confirmed, then only that it was."""

    __tablename__ = "attendance_files"

    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    name: Mapped[str] = mapped_column(Sealed)
    content: Mapped[str | None] = mapped_column(Sealed)
    uploaded_by: Mapped[str] = mapped_column(String(42))
    uploaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[str | None] = mapped_column(String(42))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    stored_rows: Mapped[int | None]


class Correction(Base):
    """A proposed change, and what became of it: nothing it corrects is touched.

    action: void (a punch does not count), add (a punch that no device has), pieces (another number for a day). `content` is
    the text that was shown, old → new, as whoever signs it signs it (`content_hash` is its SHA-256).
    state: proposed, countersigned (waits for the worker), effective, objected. `by_silence`: the worker was told and silent.
    """

    __tablename__ = "attendance_corrections"

    correction_id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    action: Mapped[str] = mapped_column(String(8))
    punch_pk: Mapped[int | None] = mapped_column(ForeignKey("punches.id"), index=True)
    at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    direction: Mapped[str | None] = mapped_column(String(2))
    day: Mapped[date] = mapped_column(Date)
    old_quantity: Mapped[int | None] = mapped_column(BigInteger)
    new_quantity: Mapped[int | None] = mapped_column(BigInteger)
    takes_away: Mapped[bool]
    content: Mapped[str] = mapped_column(Sealed)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    proposed_by: Mapped[str] = mapped_column(String(42))
    proposer_role: Mapped[str] = mapped_column(String(16))
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(16), index=True)
    countersigned_by: Mapped[str | None] = mapped_column(String(42))
    countersignature: Mapped[bytes | None] = mapped_column(LargeBinary)
    countersigned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    worker_signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    worker_signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    by_silence: Mapped[bool]
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))


class AttendanceRoot(Relayed, Base):
    """The Merkle root over what a project received on a site-local day. state: waiting until enough witnesses signed."""

    __tablename__ = "attendance_roots"
    __table_args__ = (UniqueConstraint("project_pk", "day"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    day: Mapped[date] = mapped_column(Date)
    topic: Mapped[bytes] = mapped_column(LargeBinary(32))
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    leaf_count: Mapped[int]
    built_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    anchored_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AttendanceLeaf(Base):
    """Which root holds a record, and where. kind: punch, pieces, correction; `record` is that row's key as text."""

    __tablename__ = "attendance_leaves"
    __table_args__ = (UniqueConstraint("kind", "record"),)

    root_pk: Mapped[int] = mapped_column(ForeignKey("attendance_roots.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    record: Mapped[str] = mapped_column(String(66))
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))


class RootSignature(Base):
    """A witness has seen a root."""

    __tablename__ = "root_signatures"

    root_pk: Mapped[int] = mapped_column(ForeignKey("attendance_roots.id"), primary_key=True)
    witness: Mapped[str] = mapped_column(String(42), primary_key=True)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ClosedDay(Base):
    """A site-local day whose roots have been asked for."""

    __tablename__ = "attendance_closed_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
