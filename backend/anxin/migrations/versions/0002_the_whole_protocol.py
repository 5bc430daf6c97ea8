"""The whole protocol: disputes, bank settlement, bond

Projects and sheets of the first slice stand on contracts that had neither an arbiter nor windows for answers; they keep the
zero address and windows of nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NOBODY = "0x" + "0" * 40


def upgrade() -> None:
    for column, kind, known in (
        ("arbiter", sa.String(length=42), NOBODY), ("answer_window_seconds", sa.Integer(), "0"),
        ("bureau_window_seconds", sa.Integer(), "0"),
    ):  # fmt: skip
        op.add_column("projects", sa.Column(column, kind, nullable=False, server_default=known))
        op.alter_column("projects", column, server_default=None)
    op.add_column("wage_lines", sa.Column("released_payout", sa.String(length=42), nullable=True))
    for done in ("settled", "returned"):
        op.add_column("wage_lines", sa.Column(f"{done}_tx", sa.String(), nullable=True))
        op.add_column("wage_lines", sa.Column(f"{done}_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contests", sa.Column("dispute_id", sa.Integer(), nullable=True))
    op.drop_index("uq_contests_sheet_pk_line_index", table_name="contests")
    op.create_index(
        "uq_contests_sheet_pk_line_index", "contests", ["sheet_pk", "line_index"], unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
    )  # fmt: skip
    op.add_column("ledger_entries", sa.Column("dispute_id", sa.Integer(), nullable=True))
    op.create_index("ix_ledger_entries_escrow_dispute_id", "ledger_entries", ["escrow", "dispute_id"], unique=False)
    _disputes()
    _signed("claims", [
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("day_mask", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("evidence_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("dispute_pk", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_claims_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_claims_worker_pk")),
        sa.ForeignKeyConstraint(["dispute_pk"], ["disputes.id"], name=op.f("fk_claims_dispute_pk")),
    ])  # fmt: skip
    op.create_index(op.f("ix_claims_worker_pk"), "claims", ["worker_pk"], unique=False)
    _signed("answers", [
        sa.Column("dispute_pk", sa.BigInteger(), nullable=False),
        sa.Column("admitted_fen", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("evidence_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["dispute_pk"], ["disputes.id"], name=op.f("fk_answers_dispute_pk")),
    ])  # fmt: skip
    op.create_index(op.f("ix_answers_dispute_pk"), "answers", ["dispute_pk"], unique=False)
    _signed("resolutions", [
        sa.Column("dispute_pk", sa.BigInteger(), nullable=False),
        sa.Column("award_fen", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.LargeBinary(), nullable=False),
        sa.Column("order_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signer", sa.String(length=42), nullable=False),
        sa.ForeignKeyConstraint(["dispute_pk"], ["disputes.id"], name=op.f("fk_resolutions_dispute_pk")),
    ])  # fmt: skip
    op.create_index(
        "uq_resolutions_dispute_pk", "resolutions", ["dispute_pk"], unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
    )  # fmt: skip


def _disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=True),
        sa.Column("line_index", sa.Integer(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("day_mask", sa.BigInteger(), nullable=False),
        sa.Column("evidence_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("asked_fen", sa.BigInteger(), nullable=False),
        sa.Column("granted_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("banked_fen", sa.BigInteger(), nullable=False),
        sa.Column("settled_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stood", sa.Boolean(), nullable=False),
        sa.Column("answer_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("resolved_by", sa.String(length=42), nullable=True),
        sa.Column("order_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("opened_tx", sa.String(length=66), nullable=False),
        sa.Column("last_tx", sa.String(length=66), nullable=False),
        sa.Column("paying_key", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_disputes_project_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("project_pk", "dispute_id", name=op.f("uq_disputes_project_pk_dispute_id")),
    )
    op.create_index(op.f("ix_disputes_state"), "disputes", ["state"], unique=False)
    op.create_index(op.f("ix_disputes_worker_id"), "disputes", ["worker_id"], unique=False)


def _signed(table: str, own: list[sa.schema.SchemaItem]) -> None:
    """What every signed word remembers (core/relayed.py), and `own`."""
    op.create_table(
        table,
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        *own,
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("tx_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_call_key"), table, ["call_key"], unique=False)
    op.create_index(op.f(f"ix_{table}_state"), table, ["state"], unique=False)


def downgrade() -> None:
    for table in ("resolutions", "answers", "claims", "disputes"):
        op.drop_table(table)
    op.drop_index("ix_ledger_entries_escrow_dispute_id", table_name="ledger_entries")
    op.drop_column("ledger_entries", "dispute_id")
    op.drop_index("uq_contests_sheet_pk_line_index", table_name="contests")
    op.create_index("uq_contests_sheet_pk_line_index", "contests", ["sheet_pk", "line_index"], unique=True)
    op.drop_column("contests", "dispute_id")
    for column in ("released_payout", "settled_tx", "settled_at", "returned_tx", "returned_at"):
        op.drop_column("wage_lines", column)
    for column in ("arbiter", "answer_window_seconds", "bureau_window_seconds"):
        op.drop_column("projects", column)
