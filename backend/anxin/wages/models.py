"""What workers have signed about their lines."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, LargeBinary, false, text
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.relayed import Relayed
from anxin.core.sealing import Sealed


class SignedLine(Relayed):
    """Mixin: a signature under one line. The digest is the key everywhere: in the URL, here and on chain."""

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    sheet_pk: Mapped[int] = mapped_column(BigInteger)
    line_index: Mapped[int]
    deadline: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Confirmation(SignedLine, Base):
    """A worker agrees with a line; its release follows, once it is `gathered` with others of its sheet."""

    __tablename__ = "confirmations"
    __table_args__ = (
        ForeignKeyConstraint(["sheet_pk", "line_index"], ["wage_lines.sheet_pk", "wage_lines.index"]),
        Index("ix_confirmations_sheet_pk_line_index", "sheet_pk", "line_index"),
        Index("ix_confirmations_ungathered", "sheet_pk", postgresql_where=text("NOT gathered")),
    )

    gathered: Mapped[bool] = mapped_column(default=False, server_default=false())


class Contest(SignedLine, Base):
    """A worker claims more than a line says; `evidence` is the text whose hash was signed. One per line, unless refused.

    `dispute_id` is the escrow's, known once the contest is final.
    """

    __tablename__ = "contests"
    __table_args__ = (
        ForeignKeyConstraint(["sheet_pk", "line_index"], ["wage_lines.sheet_pk", "wage_lines.index"]),
        Index(
            "uq_contests_sheet_pk_line_index", "sheet_pk", "line_index", unique=True,
            postgresql_where=text("state <> 'refused'"),
        ),
    )

    claimed_fen: Mapped[int] = mapped_column(BigInteger)
    claimed_days: Mapped[int] = mapped_column(BigInteger)
    evidence: Mapped[str] = mapped_column(Sealed)
    evidence_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    dispute_id: Mapped[int | None]
