"""Messages: what became of each, what it cost, who wants none, and what people wrote back"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

COLUMNS = (
    ("to_phone", sa.LargeBinary()), ("tried_phone", sa.LargeBinary()), ("phone_index", sa.LargeBinary(length=32)),
    ("project_pk", sa.BigInteger()), ("attempted_at", sa.DateTime(timezone=True)), ("error_code", sa.Integer()),
    ("price_micros", sa.BigInteger()), ("price_unit", sa.String(length=3)), ("ended_at", sa.DateTime(timezone=True)),
)  # fmt: skip


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("messages", sa.Column(name, kind, nullable=True))
    op.add_column("messages", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("messages", sa.Column("segments", sa.Integer(), server_default="1", nullable=False))
    op.add_column("messages", sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE messages SET next_attempt_at = created_at")
    op.execute("UPDATE messages SET state = 'failed', ended_at = created_at WHERE state = 'undeliverable'")
    op.alter_column("messages", "next_attempt_at", nullable=False)
    for column in ("worker_pk", "body"):
        op.alter_column("messages", column, nullable=True)
    op.create_foreign_key(op.f("fk_messages_project_pk"), "messages", "projects", ["project_pk"], ["id"])
    op.create_index(op.f("ix_messages_project_pk"), "messages", ["project_pk"], unique=False)
    op.create_index("ix_messages_phone_index_attempted_at", "messages", ["phone_index", "attempted_at"], unique=False)
    op.create_unique_constraint(op.f("uq_messages_provider_id"), "messages", ["provider_id"])
    op.create_table(
        "sms_opt_outs",
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("by", sa.String(length=8), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone_index", name=op.f("pk_sms_opt_outs")),
    )
    op.create_table(
        "sms_inbound",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("word", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_sms_inbound")),
    )
    op.create_index("ix_sms_inbound_phone_index_received_at", "sms_inbound", ["phone_index", "received_at"], unique=False)
    op.create_table(
        "desk_notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_desk_notices_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_desk_notices_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_notices")),
        sa.UniqueConstraint("project_pk", "worker_pk", "day", name=op.f("uq_desk_notices_project_pk_worker_pk_day")),
    )


def downgrade() -> None:
    """The older table knows neither other people's contacts, nor what was shredded, nor what became of a message."""
    for table in ("desk_notices", "sms_inbound", "sms_opt_outs"):
        op.drop_table(table)
    op.execute("DELETE FROM messages WHERE worker_pk IS NULL OR body IS NULL")
    op.execute("UPDATE messages SET state = 'sent' WHERE state IN ('delivered', 'undelivered')")
    op.execute("UPDATE messages SET state = 'undeliverable' WHERE state IN ('failed', 'held')")
    op.execute("UPDATE messages SET state = 'queued' WHERE state = 'sending'")
    op.drop_constraint(op.f("uq_messages_provider_id"), "messages", type_="unique")
    op.drop_index("ix_messages_phone_index_attempted_at", table_name="messages")
    op.drop_index(op.f("ix_messages_project_pk"), table_name="messages")
    op.drop_constraint(op.f("fk_messages_project_pk"), "messages", type_="foreignkey")
    for column in ("worker_pk", "body"):
        op.alter_column("messages", column, nullable=False)
    for name in ("next_attempt_at", "segments", "attempts", *(name for name, _ in COLUMNS)):
        op.drop_column("messages", name)
