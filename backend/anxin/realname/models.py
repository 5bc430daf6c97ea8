"""Projects that the platform knows, and what it was told of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.sealing import Sealed

WAITING, TAKEN, DONE, REJECTED, SPLIT = "waiting", "taken", "done", "rejected", "split"
OPEN = (WAITING, TAKEN)


class PlatformProject(Base):
    """A project that is told to the platform. `terms` are what only people know of it there (`schemas.PlatformTerms`)."""

    __tablename__ = "realname_projects"

    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    linked_by: Mapped[str] = mapped_column(String(42))
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    planned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Upload(Base):
    """One call that is due, was taken or was rejected.

        waiting → taken (the platform works on it, as `serial`) → done
           └────────┴──► rejected (its words are `message`), or split: each of its items goes alone

    `data` holds numbers and names, and is null once done. `unanswered`: an earlier attempt may have been taken.
    """

    __tablename__ = "realname_uploads"
    __table_args__ = (Index("ix_realname_uploads_project_pk_state", "project_pk", "state"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    method: Mapped[str] = mapped_column(String(48))
    data: Mapped[str | None] = mapped_column(Sealed)
    state: Mapped[str] = mapped_column(String(8))
    serial: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[bool] = mapped_column(default=False)
    message: Mapped[str | None] = mapped_column(String(500))
    answer: Mapped[Any | None] = mapped_column(JSONB)
    leased_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Item(Base):
    """A version of one of our things, and the upload that carries it: each is carried once.

    `key` is such as worker/17 or punch/4711; `version` a keyed hash of what is told.
    """

    __tablename__ = "realname_items"

    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    version: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    upload_pk: Mapped[int] = mapped_column(ForeignKey("realname_uploads.id"), index=True)
    place: Mapped[int]
