"""How far a correction is.

    proposed ──second party──► countersigned ──worker signs, or was told and is silent for three days──► effective
        └── worker signs, or (where it only gives time) second party ──────────────────────────────────────┘
        └── worker objects ──► objected
"""

from typing import Final

PROPOSED: Final = "proposed"
COUNTERSIGNED: Final = "countersigned"
EFFECTIVE: Final = "effective"
OBJECTED: Final = "objected"
