"""Events are kept in the chain's order: one key that is also the order they are read in, and no index nobody asks"""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_constraint("fk_chain_events_block_hash", "chain_events", type_="foreignkey")
    op.drop_constraint("pk_chain_events", "chain_events", type_="primary")
    op.drop_index("ix_chain_events_tx_hash", table_name="chain_events")
    op.drop_index("ix_chain_events_state", table_name="chain_events")
    op.drop_index("ix_chain_events_place", table_name="chain_events")
    op.create_primary_key("pk_chain_events", "chain_events", ["block_number", "log_index", "block_hash"])


def downgrade() -> None:
    op.drop_constraint("pk_chain_events", "chain_events", type_="primary")
    op.create_primary_key("pk_chain_events", "chain_events", ["block_hash", "log_index"])
    op.create_index("ix_chain_events_place", "chain_events", ["block_number", "log_index"], unique=False)
    op.create_index("ix_chain_events_state", "chain_events", ["state"], unique=False)
    op.create_index("ix_chain_events_tx_hash", "chain_events", ["tx_hash"], unique=False)
    op.create_foreign_key("fk_chain_events_block_hash", "chain_events", "blocks", ["block_hash"], ["hash"])
