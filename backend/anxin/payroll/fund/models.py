"""Which fund a project pays shares to, and who has agreed to one."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base


class ProjectFund(Base):
    """That a payee on record is the project's provident fund from then on, by the contractor's word. Only added: the latest
    counts, and one without a payee ends it.
    """

    __tablename__ = "project_funds"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    worker_pk: Mapped[int | None] = mapped_column(ForeignKey("workers.id"))
    name: Mapped[str] = mapped_column(String(100))
    named_by: Mapped[str] = mapped_column(String(42))
    named_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class FundConsent(Base):
    """A worker's signed word about the fund (`FundConsent`, off chain). Only added: of those that hold on a sheet's first
    day the one received last counts. `basis_points` 0 takes the consent back.
    """

    __tablename__ = "fund_consents"
    __table_args__ = (Index("ix_fund_consents_project_pk_worker_pk", "project_pk", "worker_pk"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    fund: Mapped[str] = mapped_column(String(42))
    basis_points: Mapped[int]
    from_day: Mapped[date] = mapped_column(Date)
    deadline: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
