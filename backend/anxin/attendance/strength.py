"""How good a reading is as evidence. Pure."""

from typing import Final

STRONG: Final = "strong"
MEDIUM: Final = "medium"
WEAK: Final = "weak"
WEAKEST_FIRST: Final = (WEAK, MEDIUM, STRONG)
