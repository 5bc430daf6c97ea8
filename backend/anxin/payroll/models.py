"""Wage sheets (工资支付表) and their lines."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from anxin.core.clock import day_number
from anxin.core.database import Base
from anxin.core.relayed import Relayed
from anxin.core.sealing import Sealed
from anxin.core.sheet_tree import SheetLine, SheetTree, pack_lines


class WageSheet(Relayed, Base):
    """What a contractor owes for a period. waiting: compiled, for the contractor to sign; done: posted and final."""

    __tablename__ = "wage_sheets"
    __table_args__ = (UniqueConstraint("project_pk", "sheet_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_pk: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    sheet_id: Mapped[int]
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    payday: Mapped[date] = mapped_column(Date)
    rules_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    terms_root: Mapped[bytes] = mapped_column(LargeBinary(32))
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    total_fen: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
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
    def header(self) -> dict[str, int | str]:
        """As the contract takes it."""
        return {
            "firstDay": day_number(self.first_day), "lastDay": day_number(self.last_day),
            "payday": day_number(self.payday), "rulesHash": "0x" + self.rules_hash.hex(),
            "termsRoot": "0x" + self.terms_root.hex(),
        }  # fmt: skip


class WageLine(Base):
    """One worker's wage. `payslip` is the exact text the worker is shown; its SHA-256 is in the line on chain.
    Three years after it was paid the text is shredded (null).

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
