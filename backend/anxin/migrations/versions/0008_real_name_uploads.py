"""Uploads to the national real-name platform: linked projects, what is due, taken or rejected, and what each carries"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "realname_projects",
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        sa.Column("linked_by", sa.String(length=42), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_realname_projects_project_pk")),
        sa.PrimaryKeyConstraint("project_pk", name=op.f("pk_realname_projects")),
    )
    op.create_table(
        "realname_uploads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=48), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.String(length=120), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unanswered", sa.Boolean(), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=True),
        sa.Column("answer", JSONB(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_realname_uploads_project_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_realname_uploads")),
    )
    op.create_index("ix_realname_uploads_project_pk_state", "realname_uploads", ["project_pk", "state"], unique=False)
    op.create_table(
        "realname_items",
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("version", sa.LargeBinary(length=32), nullable=False),
        sa.Column("upload_pk", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_realname_items_project_pk")),
        sa.ForeignKeyConstraint(["upload_pk"], ["realname_uploads.id"], name=op.f("fk_realname_items_upload_pk")),
        sa.PrimaryKeyConstraint("project_pk", "key", "version", name=op.f("pk_realname_items")),
    )
    op.create_index(op.f("ix_realname_items_upload_pk"), "realname_items", ["upload_pk"], unique=False)


def downgrade() -> None:
    op.drop_table("realname_items")
    op.drop_table("realname_uploads")
    op.drop_table("realname_projects")
