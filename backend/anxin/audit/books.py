"""What an escrow's events amount to: its books, in fen, with what has become of each line and each dispute."""

from dataclasses import dataclass, field
from typing import Any

CLAIMED, CONTESTED, DECIDED = 1, 2, 3  # IWageEscrow.DisputeState
Place = tuple[int, int]  # sheet, index


@dataclass
class DisputeBooks:
    """One dispute, in fen: what was asked, granted so far, paid, and is with the bank."""

    worker_id: str
    asked_fen: int
    state: int
    granted_fen: int = 0
    paid_fen: int = 0
    banked_fen: int = 0


@dataclass
class EscrowBooks:
    """One escrow's books in fen, and which lines have been paid, contested, and lie with the bank."""

    funded_fen: int = 0
    owed_fen: int = 0
    contested_fen: int = 0
    bond_fen: int = 0
    released_fen: int = 0  # to workers, for lines and disputes, less what the bank gave back
    banked_fen: int = 0  # with the bank, neither settled nor returned
    returned_fen: int = 0  # to the contractor, bond included
    contractor: str = ""
    lines: dict[Place, dict[str, Any]] = field(default_factory=dict)
    released: set[Place] = field(default_factory=set)
    contested: set[Place] = field(default_factory=set)
    banked: set[Place] = field(default_factory=set)
    disputes: dict[int, DisputeBooks] = field(default_factory=dict)
    released_unsigned: int = 0

    @property
    def free_fen(self) -> int:
        return max(0, self.funded_fen - self.owed_fen - self.contested_fen)


@dataclass
class Recomputed:
    """What the events amount to, and every place where they contradict each other. `bank`: who pays wages out."""

    bank: str = ""
    escrows: dict[str, EscrowBooks] = field(default_factory=dict)
    payouts: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings
