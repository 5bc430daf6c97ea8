"""Who has seen to a notice of the desk, and when; a worker's new number while it waits"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("desk_notices", sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("desk_notices", sa.Column("done_by", sa.String(length=42), nullable=True))
    op.create_index(
        "ix_desk_notices_open", "desk_notices", ["project_pk", "id"], unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "number_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.String(length=42), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=9), nullable=True),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_number_changes_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_changes")),
    )
    op.create_index(
        "uq_number_changes_waiting", "number_changes", ["worker_pk"], unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    """What waits is not remembered: the number on record stays."""
    op.drop_table("number_changes")
    op.drop_index("ix_desk_notices_open", table_name="desk_notices")
    op.drop_column("desk_notices", "done_by")
    op.drop_column("desk_notices", "done_at")
