"""A contract event as features see it: decoded, placed on the chain, and final unless said otherwise."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Event:
    """One log. `args` by the ABI's names: integers, 0x-hex for bytes, lower-case addresses, structs as objects."""

    name: str
    contract: str
    address: str
    args: dict[str, Any]
    block_number: int
    block_hash: str
    block_time: datetime
    log_index: int
    tx_hash: str

    @property
    def key(self) -> str:
        """Unique on its chain."""
        return f"{self.block_hash}:{self.log_index}"
