"""Relaying: replacements, lanes, no-ops and alarms

An attempt knows its key and nonce itself: a nonce may have several attempts, and one may belong to no call.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("relay_calls", sa.Column("in_order", sa.String(length=80), nullable=True))
    op.add_column(
        "relay_calls",
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.alter_column("relay_calls", "accepted_at", server_default=None)
    op.execute(
        "UPDATE relay_calls SET in_order = 'postSheet ' || lower(call->>'address') WHERE call->>'function' = 'postSheet'"
    )
    op.alter_column("relay_attempts", "call_pk", nullable=True)
    for name, kind, known in (
        ("relayer", sa.String(length=42), "''"), ("nonce", sa.BigInteger(), "0"), ("no_op", sa.Boolean(), "false"),
        ("closed", sa.Boolean(), "false"),
    ):  # fmt: skip
        op.add_column("relay_attempts", sa.Column(name, kind, nullable=False, server_default=sa.text(known)))
        op.alter_column("relay_attempts", name, server_default=None)
    op.add_column("relay_attempts", sa.Column("mined_block", sa.BigInteger(), nullable=True))
    op.add_column("relay_attempts", sa.Column("answer", sa.String(), nullable=True))
    op.execute(
        "UPDATE relay_attempts SET relayer = c.relayer, nonce = c.nonce, closed = c.state <> 'signed' "
        "FROM relay_calls c WHERE c.id = relay_attempts.call_pk"
    )
    op.create_index("ix_relay_attempts_place", "relay_attempts", ["relayer", "nonce"])
    op.create_index(
        "ix_relay_attempts_open", "relay_attempts", ["relayer", "nonce"], postgresql_where=sa.text("NOT closed")
    )
    op.create_index("ix_relay_attempts_mined_block", "relay_attempts", ["mined_block"])
    op.create_table(
        "alarms",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=66), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_alarms")),
    )


def downgrade() -> None:
    op.drop_table("alarms")
    for name in ("mined_block", "open", "place"):
        op.drop_index(f"ix_relay_attempts_{name}", table_name="relay_attempts")
    op.execute("DELETE FROM relay_attempts WHERE call_pk IS NULL")
    for name in ("answer", "mined_block", "closed", "no_op", "nonce", "relayer"):
        op.drop_column("relay_attempts", name)
    op.alter_column("relay_attempts", "call_pk", nullable=False)
    op.drop_column("relay_calls", "accepted_at")
    op.drop_column("relay_calls", "in_order")
