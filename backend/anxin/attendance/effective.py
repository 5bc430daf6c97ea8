"""What counts of a worker's punches: those reported, less those voided, plus those added. Pure.

A weak reading (typed by hand, let through by hand) never cuts into an interval that stronger ones made: whoever writes the
foreman's sheet cannot end a shift the worker signed for. It is kept, and shown as outweighed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from anxin.attendance.strength import WEAK

IN, OUT = "01", "02"
LONGEST_INTERVAL: Final = timedelta(hours=16)  # beyond which an in and an out are no pair anyway


@dataclass(frozen=True, slots=True)
class Reading:
    """A punch as it may count. `agreed`: added by a correction that is effective, which its rules have weighed already."""

    at: datetime
    direction: str
    strength: str
    record: str
    agreed: bool = False


def outweighed(readings: Sequence[Reading]) -> set[str]:
    """Return the records that do not count: weak readings between a stronger `in` and the stronger `out` that follows it.

    Args:
        readings: one worker's on one project, in time order.
    """
    firm = [each for each in readings if each.strength != WEAK or each.agreed]
    if not firm or len(firm) == len(readings):
        return set()
    spans = [
        (begin.at, end.at)
        for begin, end in pairwise(firm)
        if begin.direction == IN and end.direction == OUT and end.at - begin.at <= LONGEST_INTERVAL
    ]
    weak = (each for each in readings if each.strength == WEAK and not each.agreed)
    return {each.record for each in _inside(weak, spans)}


def _inside(readings: Iterable[Reading], spans: Sequence[tuple[datetime, datetime]]) -> Iterable[Reading]:
    """Those strictly within one of the spans; both are in time order."""
    place = 0
    for each in readings:
        while place < len(spans) and spans[place][1] <= each.at:
            place += 1
        if place < len(spans) and spans[place][0] < each.at < spans[place][1]:
            yield each


def fills_a_gap(readings: Sequence[Reading], at: datetime, direction: str) -> bool:
    """Whether a punch can only give time: an `out` that was missing after an `in`, or an `in` before an `out`.

    Anything else may cut an interval short, or stretch it beyond what counts, and so take time away.
    """
    before = next((each for each in reversed(readings) if each.at <= at), None)
    after = next((each for each in readings if each.at > at), None)
    opens = before is not None and before.direction == IN
    closes = after is not None and after.direction == OUT
    if direction == OUT:
        return opens and not closes
    return closes and not opens
