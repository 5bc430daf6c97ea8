"""Wage sheets: drafts, batches, corrections; deductions and back pay

A sheet has its number and digest from its submission on; a withdrawn sheet keeps them while another takes the number.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

Columns = tuple[tuple[str, sa.types.TypeEngine[Any]], ...]

SHEET_COLUMNS: Columns = (
    ("employer", sa.String(length=42)), ("batch", sa.String(length=32)), ("compiled_by", sa.String(length=42)),
    ("compiled_at", sa.DateTime(timezone=True)), ("submitted_by", sa.String(length=42)),
    ("submitted_at", sa.DateTime(timezone=True)), ("replaces_pk", sa.BigInteger()), ("corrects_pk", sa.BigInteger()),
)  # fmt: skip
LINE_COLUMNS: Columns = (
    ("terms_hash", sa.LargeBinary(length=32)), ("inputs_hash", sa.LargeBinary(length=32)), ("corrects_index", sa.Integer()),
)  # fmt: skip
SHEET_ID = "uq_wage_sheets_project_pk_sheet_id"


def upgrade() -> None:
    _add("wage_sheets", SHEET_COLUMNS)
    op.add_column("wage_sheets", sa.Column("kind", sa.String(length=10), server_default="regular", nullable=False))
    op.add_column("wage_sheets", sa.Column("left_out", JSONB(), server_default="[]", nullable=False))
    for column in ("replaces_pk", "corrects_pk"):
        op.create_foreign_key(op.f(f"fk_wage_sheets_{column}"), "wage_sheets", "wage_sheets", [column], ["id"])
    op.drop_constraint(SHEET_ID, "wage_sheets", type_="unique")
    op.create_index(
        SHEET_ID, "wage_sheets", ["project_pk", "sheet_id"], unique=True, postgresql_where=sa.text("state <> 'withdrawn'")
    )
    for column in ("sheet_id", "digest"):
        op.alter_column("wage_sheets", column, nullable=True)
    _add("wage_lines", LINE_COLUMNS)
    _adjustments()


def _add(table: str, columns: Columns) -> None:
    for name, kind in columns:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def _adjustments() -> None:
    op.create_table(
        "adjustments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("receipt_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("entered_by", sa.String(length=42), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_adjustments_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_adjustments_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustments")),
    )
    op.create_index(op.f("ix_adjustments_worker_pk"), "adjustments", ["worker_pk"], unique=False)
    op.create_index("uq_adjustments_project_pk_key", "adjustments", ["project_pk", "key"], unique=True)
    op.create_table(
        "adjustment_revocations",
        sa.Column("adjustment_pk", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("revoked_by", sa.String(length=42), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["adjustment_pk"], ["adjustments.id"], name=op.f("fk_adjustment_revocations_adjustment_pk")
        ),
        sa.PrimaryKeyConstraint("adjustment_pk", name=op.f("pk_adjustment_revocations")),
    )
    op.create_table(
        "applied_adjustments",
        sa.Column("sheet_pk", sa.BigInteger(), nullable=False),
        sa.Column("line_index", sa.Integer(), nullable=False),
        sa.Column("adjustment_pk", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["adjustment_pk"], ["adjustments.id"], name=op.f("fk_applied_adjustments_adjustment_pk")),
        sa.ForeignKeyConstraint(
            ["sheet_pk", "line_index"], ["wage_lines.sheet_pk", "wage_lines.index"],
            name=op.f("fk_applied_adjustments_sheet_pk_line_index"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sheet_pk", "line_index", "adjustment_pk", name=op.f("pk_applied_adjustments")),
    )  # fmt: skip
    op.create_index(op.f("ix_applied_adjustments_adjustment_pk"), "applied_adjustments", ["adjustment_pk"], unique=False)
    op.create_table(
        "tax_treatments",
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("treatment", sa.String(length=16), nullable=False),
        sa.Column("entered_by", sa.String(length=42), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_tax_treatments_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_tax_treatments_worker_pk")),
        sa.PrimaryKeyConstraint("project_pk", "worker_pk", "from_day", "entered_at", name=op.f("pk_tax_treatments")),
    )


def downgrade() -> None:
    """Drafts and withdrawn sheets were nobody's debt, and have no place in the older tables."""
    for table in ("tax_treatments", "applied_adjustments", "adjustment_revocations", "adjustments"):
        op.drop_table(table)
    gone = "(SELECT id FROM wage_sheets WHERE state IN ('draft', 'withdrawn'))"
    op.execute(f"DELETE FROM wage_lines WHERE sheet_pk IN {gone}")  # noqa: S608 - no value of anybody's
    op.execute("UPDATE wage_sheets SET replaces_pk = NULL, corrects_pk = NULL")
    op.execute("DELETE FROM wage_sheets WHERE state IN ('draft', 'withdrawn')")
    op.drop_index(SHEET_ID, table_name="wage_sheets")
    op.create_unique_constraint(SHEET_ID, "wage_sheets", ["project_pk", "sheet_id"])
    for column in ("sheet_id", "digest"):
        op.alter_column("wage_sheets", column, nullable=False)
    for column in ("replaces_pk", "corrects_pk"):
        op.drop_constraint(op.f(f"fk_wage_sheets_{column}"), "wage_sheets", type_="foreignkey")
    for table, columns in (("wage_lines", LINE_COLUMNS), ("wage_sheets", SHEET_COLUMNS)):
        for name, _ in columns:
            op.drop_column(table, name)
    for column in ("kind", "left_out"):
        op.drop_column("wage_sheets", column)
