"""Wage sheets (工资支付表) and their lines, and what is taken from wages or added to them."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from anxin.core.clock import day_number
from anxin.core.database import Base
from anxin.core.relayed import Relayed
from anxin.core.sealing import Sealed
from anxin.core.sheet_tree import SheetLine, SheetTree, pack_lines

DRAFT = "draft"
WITHDRAWN = "withdrawn"


class SheetKind(StrEnum):
    """regular: a period's wages; final: those of who left in it; correcting: what a posted sheet lacks."""

    REGULAR = "regular"
    FINAL = "final"
    CORRECTING = "correcting"


class WageSheet(Relayed, Base):
    """What a contractor owes for a period.

        draft → waiting (submitted, for the contractor to sign) → accepted → sent → done (posted and final) or refused
          └──────────┴──► withdrawn                                                                          │
                               └────────────────────────────── reissued, as a new draft ◄────────────────────┘

    A sheet that anybody may have signed is never changed again, nor deleted: should it be posted after all, it is the one
    that is owed. `sheet_id` and `digest` are given with submission; a withdrawn sheet keeps them, and another takes its id.
    `employer` compiled it for its own workers; null where it is for everybody's. Those of one `batch` were compiled at once.
    `left_out` names who is not on it, and why.
    """

    __tablename__ = "wage_sheets"
    __table_args__ = (
        Index(
            "uq_wage_sheets_project_pk_sheet_id", "project_pk", "sheet_id", unique=True,
            postgresql_where=text("state <> 'withdrawn'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    sheet_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(10), default=SheetKind.REGULAR, server_default="regular")
    employer: Mapped[str | None] = mapped_column(String(42))
    batch: Mapped[str | None] = mapped_column(String(32))
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    compiled_by: Mapped[str | None] = mapped_column(String(42))
    compiled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    submitted_by: Mapped[str | None] = mapped_column(String(42))
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    replaces_pk: Mapped[int | None] = mapped_column(ForeignKey("wage_sheets.id"))
    corrects_pk: Mapped[int | None] = mapped_column(ForeignKey("wage_sheets.id"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    payday: Mapped[date] = mapped_column(Date)
    rules_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    terms_root: Mapped[bytes] = mapped_column(LargeBinary(32))
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    total_fen: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    contractor_signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    posted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lines: Mapped[list["WageLine"]] = relationship(order_by="WageLine.index", back_populates="sheet")

    def packed(self, indexes: Sequence[int]) -> str:
        """Return these lines as calls carry them, 0x-hex; `indexes` ascend."""
        return "0x" + pack_lines([self.lines[index].on_chain for index in indexes]).hex()

    def proof(self, indexes: Sequence[int]) -> list[str]:
        """Return what proves to the contract that these lines are the sheet's."""
        return ["0x" + each.hex() for each in SheetTree([line.on_chain for line in self.lines]).proof(indexes)]

    @property
    def number(self) -> int:
        """Its id on the chain. Raises ValueError before it has one."""
        if self.sheet_id is None:
            raise ValueError(f"sheet {self.id} is not submitted")
        return self.sheet_id

    @property
    def header(self) -> dict[str, int | str]:
        """As the contract takes it."""
        return {
            "firstDay": day_number(self.first_day), "lastDay": day_number(self.last_day),
            "payday": day_number(self.payday), "rulesHash": "0x" + self.rules_hash.hex(),
            "termsRoot": "0x" + self.terms_root.hex(),
        }  # fmt: skip


class WageLine(Base):
    """One worker's wage. `payslip` is the exact text the worker is shown; its SHA-256 is in the line on chain.
    `inputs_hash` is of everything the amount was computed from. A correcting line is the difference to the line of
    `corrects_index`. Three years after it was paid the text is shredded (null).

    `silent_key` names the call that releases the line unsigned; `released_*` are set by the final Released event. Where the
    bank pays, `settled_*` say that it has; `returned_*` that it could not, and then the line is owed again.
    """

    __tablename__ = "wage_lines"

    sheet_pk: Mapped[int] = mapped_column(ForeignKey("wage_sheets.id"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    worker_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    day_mask: Mapped[int] = mapped_column(BigInteger)
    payslip: Mapped[str | None] = mapped_column(Sealed)
    payslip_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    terms_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    inputs_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    corrects_index: Mapped[int | None]
    silent_key: Mapped[str | None]
    released_tx: Mapped[str | None]
    released_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    released_assurance: Mapped[int | None]
    released_payout: Mapped[str | None] = mapped_column(String(42))
    settled_tx: Mapped[str | None]
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    returned_tx: Mapped[str | None]
    returned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sheet: Mapped[WageSheet] = relationship(back_populates="lines")

    @property
    def on_chain(self) -> SheetLine:
        return SheetLine(self.index, self.day_mask, self.amount_fen, self.worker_id, self.payslip_hash)


class Adjustment(Base):
    """What is to be taken from a worker's wage, or added to it, as a party entered it with a reason. Only ever added.

    `kind` is a `DeductionKind` or `back-pay`; `amount_fen` is in all, and may be taken in several months. It counts from the
    sheet that holds `on_day`. Back pay is for `first_day` to `last_day`. `receipt_hash`: SHA-256 of what the worker signed
    for an advance. `key` is the sender's own, so that sending it again enters it once.
    """

    __tablename__ = "adjustments"
    __table_args__ = (Index("uq_adjustments_project_pk_key", "project_pk", "key", unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    on_day: Mapped[date] = mapped_column(Date)
    first_day: Mapped[date | None] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Sealed)
    receipt_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    entered_by: Mapped[str] = mapped_column(String(42))
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AdjustmentRevocation(Base):
    """That an entry was a mistake, before any sheet took it."""

    __tablename__ = "adjustment_revocations"

    adjustment_pk: Mapped[int] = mapped_column(ForeignKey("adjustments.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Sealed)
    revoked_by: Mapped[str] = mapped_column(String(42))
    revoked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AppliedAdjustment(Base):
    """How much of an entry a line took or added: what a live sheet has taken is not taken again."""

    __tablename__ = "applied_adjustments"
    __table_args__ = (
        ForeignKeyConstraint(["sheet_pk", "line_index"], ["wage_lines.sheet_pk", "wage_lines.index"], ondelete="CASCADE"),
    )

    sheet_pk: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line_index: Mapped[int] = mapped_column(primary_key=True)
    adjustment_pk: Mapped[int] = mapped_column(ForeignKey("adjustments.id"), primary_key=True, index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)


class TaxTreatment(Base):
    """How a worker's pay is taxed from a day on, as the contract says: wages (the default) or labour-service. Only added."""

    __tablename__ = "tax_treatments"

    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    from_day: Mapped[date] = mapped_column(Date, primary_key=True)
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    treatment: Mapped[str] = mapped_column(String(16))
    entered_by: Mapped[str] = mapped_column(String(42))
