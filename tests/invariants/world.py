"""What hypothesis' numbers choose, and what outlives an example."""

from collections.abc import Sequence
from typing import Any

from tests.contracts.building_site import Site, word
from tests.invariants.events import DECIDED, Decoder, SeenDispute
from tests.invariants.observer import Observer


class Dice:
    """Choices out of one drawn number, so that a rule's example shrinks as a whole."""

    def __init__(self, number: int) -> None:
        self._number = number

    def roll(self, sides: int) -> int:
        self._number = int.from_bytes(word(f"dice {self._number}")[:8])
        return self._number % sides

    def one_of(self, choices: Sequence[Any]) -> Any:
        return choices[self.roll(len(choices))]


class World:
    """What outlives an example: the deployed site and those around it."""

    def __init__(self, site: Site, actors: dict[str, Any], abis: Sequence[Any], kind: str, write: Any) -> None:
        self.site, self.actors, self.kind, self.write = site, actors, kind, write
        self.decoder = Decoder(*abis)


def unsettled(seen: Observer, state: int) -> list[int]:
    """Ids of the disputes in this state; of the decided ones those not paid."""
    return [i for i, known in enumerate(seen.disputes) if known.state == state and (state != DECIDED or is_due(known))]


def is_due(known: SeenDispute) -> bool:
    return known.granted > known.paid
