"""A contract's events are found by the blocks it logged in, one entry each; large arguments are not compressed"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    # Whatever is kept already leads: more entries than needed, and none is missing.
    op.add_column("chain_events", sa.Column("leads", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.drop_index("ix_chain_events_address", table_name="chain_events")
    op.create_index(
        "ix_chain_events_of_contract", "chain_events", ["address", "block_number"], postgresql_where=sa.text("leads")
    )
    op.execute("ALTER TABLE chain_events ALTER COLUMN args SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.execute("ALTER TABLE chain_events ALTER COLUMN args SET STORAGE EXTENDED")
    op.drop_index("ix_chain_events_of_contract", table_name="chain_events")
    op.create_index("ix_chain_events_address", "chain_events", ["address"], unique=False)
    op.drop_column("chain_events", "leads")
