"""The edges of the system, as tests put them: chain events that have happened, an SMS provider that remembers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from anxin.alerts.sms import Undeliverable
from anxin.core.events import Event

BLOCK_TIME = datetime(2026, 11, 5, 2, 0, tzinfo=UTC)
_places = count(1)


def final_event(name: str, contract: str, address: str, *, at: datetime = BLOCK_TIME, **args: Any) -> Event:
    """An event as the indexer hands it to handlers; each call is another place on the chain."""
    place = next(_places)
    return Event(
        name=name, contract=contract, address=address.lower(), args=args, block_number=place,
        block_hash=f"0x{place:064x}", block_time=at, log_index=0, tx_hash=f"0x{place + 2**200:064x}",
    )  # fmt: skip


@dataclass
class RememberingSender:
    """Takes messages like Twilio; `fail_with` is raised instead while it is set."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    fail_with: Exception | None = None

    async def send(self, to: str, body: str) -> str:
        if self.fail_with is not None:
            raise self.fail_with
        self.sent.append((to, body))
        return f"SM{len(self.sent)}"


OPTED_OUT = Undeliverable("Twilio 21610")
