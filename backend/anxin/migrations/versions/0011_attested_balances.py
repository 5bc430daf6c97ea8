"""What the bank has attested to hold"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "attested_balances",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=65), nullable=False),
        sa.Column("signer", sa.String(length=42), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_attested_balances")),
    )
    op.create_index(op.f("ix_attested_balances_at"), "attested_balances", ["at"], unique=False)


def downgrade() -> None:
    op.drop_table("attested_balances")
