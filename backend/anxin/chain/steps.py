"""Where a relayer can die: the boundaries between its steps, by name. Whatever runs there does so before the next step."""

from collections.abc import Awaitable, Callable
from enum import Enum


class Boundary(Enum):
    ESTIMATED = "calls are chosen and their gas is known, nothing is signed"
    SIGNED = "signed, in a transaction not yet committed"
    STORED = "committed, not sent"
    SENT = "sent, not noted as sent"
    NOTED = "noted as sent"
    REPLACED = "a dearer replacement is committed, not sent"
    MINED = "a deep enough receipt is read, the call not closed"
    CLOSED = "the call is closed"


AtBoundary = Callable[[Boundary], Awaitable[None]]


async def go_on(_: Boundary) -> None:
    """What happens at a boundary in a process that lives: nothing."""
