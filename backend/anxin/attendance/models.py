"""What was seen of a worker's presence, as it was reported: never edited."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base


class Punch(Base):
    """One reading. `direction` 01 in, 02 out; `attend_type` as in the national platform (001 face … 010 QR, 011 other)."""

    __tablename__ = "punches"

    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    direction: Mapped[str] = mapped_column(String(2), primary_key=True)
    device: Mapped[str] = mapped_column(String(32), primary_key=True)
    attend_type: Mapped[str] = mapped_column(String(3))


class PieceCount(Base):
    """Pieces a worker finished on a day."""

    __tablename__ = "piece_counts"

    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    quantity: Mapped[int] = mapped_column(BigInteger)
