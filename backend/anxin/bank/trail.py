"""What the bank's own files say of wages that it was given: for whoever shows a line from its day to its money.

Nothing here says that a wage is settled: only the chain's final event does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

Place = tuple[int, int]  # sheet, index


@dataclass(frozen=True, slots=True)
class BankTrail:
    """The latest payment of one line. Instants are UTC; `reason` is why it waits, or was rejected or given back.

    state: due (to be ordered), ordered, submitted, pending (the bank is at it), booked, rejected, returned (after booking).
    """

    submitted_at: datetime | None = None
    booked_at: datetime | None = None
    rejected_at: datetime | None = None
    reason: str = ""
    ordered_at: datetime | None = None
    state: str = "due"
    attempt: int = 0


async def trail_of(
    session: AsyncSession, escrow: str, places: Sequence[Place], *, language: str = "zh"
) -> Mapping[Place, BankTrail]:
    """Return what is known of each of these lines of an escrow; those that no bank was given are not in it."""
    return {}
