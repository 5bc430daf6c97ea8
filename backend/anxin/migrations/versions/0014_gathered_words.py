"""A confirmation itself says whether its release was asked for: keeping one writes no job"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # Whatever is kept already has a job of its own.
    op.add_column("confirmations", sa.Column("gathered", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.alter_column("confirmations", "gathered", server_default=sa.false())
    op.create_index(
        "ix_confirmations_ungathered", "confirmations", ["sheet_pk"], postgresql_where=sa.text("NOT gathered")
    )


def downgrade() -> None:
    op.execute("""
        INSERT INTO pgqueuer (priority, entrypoint, payload, status)
        SELECT DISTINCT 0, 'release', convert_to(json_build_object('sheet', sheet_pk)::text, 'UTF8'),
               'queued'::pgqueuer_status
        FROM confirmations WHERE NOT gathered
    """)
    op.drop_index("ix_confirmations_ungathered", table_name="confirmations")
    op.drop_column("confirmations", "gathered")
