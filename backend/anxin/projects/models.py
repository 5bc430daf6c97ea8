"""Projects, who is a party of them, and who works on them under which terms."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.relayed import Relayed
from anxin.core.sealing import Sealed


class Project(Base):
    """One site. `reference` is what its escrow was made for on the chain; `escrow` is known once that is final.

    Parties (0x addresses) and windows are what the escrow must have been made with: nobody can change them there. The rest
    is what the contractor writes on the notice board (`board.py`). `payday_day`: of the month that follows. `closed_at`: the
    chain's own time of the escrow's closing, for which nothing may be owed and the bureau has signed.
    """

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    reference: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    contractor_name: Mapped[str] = mapped_column(String(200))
    contractor: Mapped[str] = mapped_column(String(42))
    bureau: Mapped[str] = mapped_column(String(42))
    arbiter: Mapped[str] = mapped_column(String(42))
    objection_window_seconds: Mapped[int]
    answer_window_seconds: Mapped[int]
    bureau_window_seconds: Mapped[int]
    escrow: Mapped[str | None] = mapped_column(String(42), unique=True)
    address: Mapped[str | None] = mapped_column(String(200))
    district: Mapped[str | None] = mapped_column(String(32))
    payday_day: Mapped[int | None]
    started_on: Mapped[date | None] = mapped_column(Date)
    completed_on: Mapped[date | None] = mapped_column(Date)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    notice: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")


class Party(Base):
    """Whoever acts on a project in a role, besides its contractor and bureau. Never deleted: `until` ends it.

    role: subcontractor, officer (劳资专管员), foreman (班组长, of `team`), witness. `contact` is a person and their number.
    """

    __tablename__ = "parties"
    __table_args__ = (
        Index("uq_parties_active", "project_pk", "address", "role", unique=True, postgresql_where=text("until IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    address: Mapped[str] = mapped_column(String(42), index=True)
    role: Mapped[str] = mapped_column(String(16))
    firm: Mapped[str] = mapped_column(String(200))
    team: Mapped[str | None] = mapped_column(String(32))
    contact: Mapped[str | None] = mapped_column(Sealed)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RosterEntry(Base):
    """A person on a project's roster, under the project's own number for them, with the terms that are to be offered.

    `employer` is the address of the subcontractor or contractor; `starts_on` the first day of the contract. `was_known`: the
    person was on record before, through another project; this one learns nothing of them until they have signed with it.
    """

    __tablename__ = "roster"
    __table_args__ = (UniqueConstraint("project_pk", "worker_no"), UniqueConstraint("project_pk", "worker_pk"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    worker_no: Mapped[str] = mapped_column(String(32))
    team: Mapped[str] = mapped_column(String(32))
    employer: Mapped[str] = mapped_column(String(42))
    contract_type: Mapped[str] = mapped_column(String(8))
    rate_fen: Mapped[int] = mapped_column(BigInteger)
    piece_quota: Mapped[int | None]
    starts_on: Mapped[date | None] = mapped_column(Date)
    was_known: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    registered_by: Mapped[str | None] = mapped_column(String(42))
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Membership(Relayed, Base):
    """A worker on a project: the terms the contractor signed, and the worker's signature under them once given.

    `contract_type` is day, hour, month or piece; `rate_fen` is per that unit; `piece_quota` is pieces a working day. While
    its state is `prepared` it waits for the contractor's signature and is nobody's offer. `contract` is the exact text whose
    hash both sign; null for terms that were signed without one, and once it was shredded. `entered_on` and `left_on` are the
    latest of `entry_exits`.
    """

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("project_pk", "worker_pk"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    team: Mapped[str] = mapped_column(String(32))
    employer: Mapped[str] = mapped_column(String(42))
    contract_type: Mapped[str] = mapped_column(String(8))
    rate_fen: Mapped[int] = mapped_column(BigInteger)
    piece_quota: Mapped[int | None]
    day_cap_fen: Mapped[int] = mapped_column(BigInteger)
    terms_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    contract: Mapped[str | None] = mapped_column(Sealed)
    deadline: Mapped[int] = mapped_column(BigInteger)
    contractor_signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    worker_signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    entered_on: Mapped[date | None] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)


class EntryExit(Base):
    """That a worker came to a site, or left it: kind entry or exit, on a day, as somebody recorded it. Only ever added."""

    __tablename__ = "entry_exits"
    __table_args__ = (UniqueConstraint("project_pk", "worker_pk", "day", "kind"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(5))
    day: Mapped[date] = mapped_column(Date)
    recorded_by: Mapped[str] = mapped_column(String(42))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ShreddingRun(Base):
    """What was shredded on a day because its time had run out: how many, never whose. One row a day."""

    __tablename__ = "shredding_runs"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    workers: Mapped[int]
    contracts: Mapped[int]
    payslips: Mapped[int]
    ran_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
