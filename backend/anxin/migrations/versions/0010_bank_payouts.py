"""Orders to banks, what became of each payment, and the files that said so"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "wage_accounts",
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("set_by", sa.String(length=42), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_wage_accounts_project_pk")),
        sa.PrimaryKeyConstraint("project_pk", name=op.f("pk_wage_accounts")),
    )
    op.create_table(
        "bank_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=35), nullable=False),
        sa.Column("block_id", sa.String(length=35), nullable=False),
        sa.Column("payday", sa.Date(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("payments", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_bank_orders_project_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_orders")),
        sa.UniqueConstraint("message_id", name=op.f("uq_bank_orders_message_id")),
    )
    op.create_index(op.f("ix_bank_orders_project_pk"), "bank_orders", ["project_pk"], unique=False)
    op.create_index(
        "ix_bank_orders_open", "bank_orders", ["bank", "attempted_at"], unique=False,
        postgresql_where=sa.text("state IN ('ready', 'submitted')"),
    )  # fmt: skip
    op.create_table(
        "bank_payments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("line_index", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=35), nullable=True),
        sa.Column("worker_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("order_pk", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("held", sa.String(length=20), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason_code", sa.String(length=35), nullable=True),
        sa.Column("reason_text", sa.LargeBinary(), nullable=True),
        sa.Column("bank_reference", sa.String(length=35), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreleased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_as", sa.String(length=8), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_pk"], ["bank_orders.id"], name=op.f("fk_bank_payments_order_pk")),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_bank_payments_project_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_payments")),
        sa.UniqueConstraint("reference", name=op.f("uq_bank_payments_reference")),
        sa.UniqueConstraint(
            "project_pk", "kind", "number", "line_index", "attempt",
            name=op.f("uq_bank_payments_project_pk_kind_number_line_index_attempt"),
        ),
    )
    op.create_index(op.f("ix_bank_payments_order_pk"), "bank_payments", ["order_pk"], unique=False)
    op.create_index(
        "ix_bank_payments_due", "bank_payments", ["project_pk", "due_on"], unique=False,
        postgresql_where=sa.text("state = 'due' AND closed_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "bank_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("doubts", JSONB(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_files")),
        sa.UniqueConstraint("bank", "name", "content_hash", name=op.f("uq_bank_files_bank_name_content_hash")),
    )
    op.create_table(
        "bank_inboxes",
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bank", name=op.f("pk_bank_inboxes")),
    )


def downgrade() -> None:
    for table in ("bank_inboxes", "bank_files", "bank_payments", "bank_orders", "wage_accounts"):
        op.drop_table(table)
