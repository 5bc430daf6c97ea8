"""The provident fund: which payee is a project's, and the workers' signed consents"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "project_funds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("named_by", sa.String(length=42), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_project_funds_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_project_funds_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_funds")),
    )
    op.create_index(op.f("ix_project_funds_project_pk"), "project_funds", ["project_pk"], unique=False)
    op.create_table(
        "fund_consents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("fund", sa.String(length=42), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_fund_consents_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_fund_consents_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_consents")),
        sa.UniqueConstraint("digest", name=op.f("uq_fund_consents_digest")),
    )
    op.create_index(
        "ix_fund_consents_project_pk_worker_pk", "fund_consents", ["project_pk", "worker_pk"], unique=False
    )


def downgrade() -> None:
    op.drop_table("fund_consents")
    op.drop_table("project_funds")
