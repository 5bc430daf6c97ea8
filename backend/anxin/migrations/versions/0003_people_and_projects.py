"""People and projects"""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Filled in by the feature."""
