"""The one way to a bank: orders go in, files come back. What a real bank's adapter has to be, and no more.

A bank that passes the conformance suite (tests/backend/bank_conformance.py) behind this interface can pay wages. Nothing
here says that a wage is paid: only a file of the bank's does, and on chain only the bank's own key (`teller`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class BankUnreachable(Exception):
    """No answer, or not one: what was handed in may or may not have been taken. Hand in the same bytes again."""


class OrderRefused(Exception):
    """The bank will never take this message; nothing of it was paid. The message says why."""


@dataclass(frozen=True, slots=True)
class BankFile:
    """A pain.002 or camt.054 as the bank wrote it. `name` is the bank's own, and the same whenever it comes again."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Inbox:
    """Files since a cursor, oldest first, and the cursor to ask from the next time. Files may come twice, and late."""

    files: Sequence[BankFile]
    cursor: str


@dataclass(frozen=True, slots=True)
class Balance:
    """What the bank holds on all special wage accounts that the token mirrors, at a moment (UTC)."""

    at: datetime
    amount_fen: int


class Adapter(Protocol):
    """A connection to one bank. Every method may raise BankUnreachable."""

    @property
    def name(self) -> str:
        """Which bank, as settings and pages call it."""

    async def submit(self, message_id: str, content: bytes) -> None:
        """Hand in a pain.001. The bank knows a message again by its MsgId and pays it once. Raises OrderRefused."""

    async def fetch(self, cursor: str = "") -> Inbox:
        """Return what the bank has written since `cursor`; from the beginning without one."""

    async def balance(self) -> Balance:
        """Return what it holds now."""
