"""The edges of the system, as tests put them: chain events that have happened, an SMS provider that remembers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from anxin.alerts.sms import Taken, Undeliverable
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
    """Takes messages like Twilio. While they are set, `fail_with` is raised instead, and `lose_answer` after taking one."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    fail_with: Exception | None = None
    lose_answer: BaseException | None = None
    price_micros: int | None = None

    async def send(self, to: str, body: str, *, reference: str | None = None) -> Taken:
        if self.fail_with is not None:
            raise self.fail_with
        self.sent.append((to, body))
        if self.lose_answer is not None:
            raise self.lose_answer
        return self._taken(len(self.sent))

    async def find(self, to: str, body: str, since: datetime) -> list[Taken]:
        self.asked.append((to, body))
        if self.fail_with is not None:
            raise self.fail_with
        return [self._taken(place) for place, each in enumerate(self.sent, start=1) if each == (to, body)]


    async def fetch(self, sid: str) -> Taken:
        if self.fail_with is not None:
            raise self.fail_with
        return self._taken(int(sid.removeprefix("SM")))

    def _taken(self, place: int) -> Taken:
        return Taken(f"SM{place}", price_micros=self.price_micros, price_unit=self.price_micros and "USD")


OPTED_OUT = Undeliverable("Twilio 21610", 21610)
