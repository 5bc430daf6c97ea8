"""Projects, and who works on them under which terms."""

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.relayed import Relayed


class Project(Base):
    """One site. `reference` is what its escrow was made for on the chain; `escrow` is known once that is final.

    Parties (0x addresses) and windows are what the escrow must have been made with: nobody can change them there.
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


class Membership(Relayed, Base):
    """A worker on a project: the terms the contractor signed, and the worker's signature under them once given.

    `contract_type` is day, hour, month or piece; `rate_fen` is per that unit.
    """

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("project_pk", "worker_pk"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    team: Mapped[str] = mapped_column(String(32))
    contract_type: Mapped[str] = mapped_column(String(8))
    rate_fen: Mapped[int] = mapped_column(BigInteger)
    day_cap_fen: Mapped[int] = mapped_column(BigInteger)
    terms_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    deadline: Mapped[int] = mapped_column(BigInteger)
    contractor_signature: Mapped[bytes] = mapped_column(LargeBinary)
    worker_signature: Mapped[bytes | None] = mapped_column(LargeBinary)
