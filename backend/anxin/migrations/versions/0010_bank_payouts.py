"""Orders to banks, what became of each payment, and the files that said so"""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
