"""What in attendance deserves a look: patterns of punching for others, of machines, of clocks that are wrong. Pure.

A flag is no verdict and refuses nothing: a family may share a phone, a clock may be wrong. It says what was seen, for the
bureau and the contractor to ask about.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final, TypeVar

from anxin.attendance.strength import WEAK
from anxin.core.clock import SITE_ZONE

ONE_DEVICE: Final = "one-device"
ONE_POSITION: Final = "one-position"
SIMULTANEOUS: Final = "simultaneous"
MACHINE_LIKE: Final = "machine-like"
FUTURE_CLOCK: Final = "future-clock"
LATE_SYNC: Final = "late-sync"
MOCKED: Final = "mocked"
WEAK_SOURCE: Final = "weak-source"
WRONG_CODE: Final = "wrong-code"
NOT_ENLISTED: Final = "not-enlisted"
CONTRADICTS_PHONE: Final = "contradicts-phone"

FUTURE_BY: Final = timedelta(minutes=5)
LATE_BY: Final = timedelta(days=7)
SAME_PLACE_WORKERS: Final = 3  # a coarse fix by the same mast gives neighbours the same place; three are worth a look
SAME_TIME_DAYS: Final = 8  # the very same time of day, to the second, on so many days
SAME_SECOND_WORKERS: Final = 3  # at one device within one second
LONGEST_INTERVAL: Final = timedelta(hours=16)
SAME_PUNCH: Final = timedelta(minutes=5)  # a gate and a phone that say the same thing, as the pay rules have it

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Seen:
    """A punch with what came beside it. Position in degrees; `device_id` is the phone's, `device` a gate's name."""

    worker: str
    project: str
    record: str
    at: datetime
    received_at: datetime
    direction: str
    kind: str
    strength: str
    device: str = ""
    device_id: str = ""
    place: tuple[float, float] | None = None
    mocked: bool = False
    code_verdict: str = "none"
    enlisted: bool = True

    @property
    def day(self) -> date:
        return self.at.astimezone(SITE_ZONE).date()


@dataclass(frozen=True)
class Flag:
    kind: str
    day: date
    workers: tuple[str, ...]
    records: tuple[str, ...]
    detail: str = field(default="")


def flags_of(seen: Sequence[Seen], project: str) -> list[Flag]:
    """Return a project's flags over some days, by day and kind.

    Args:
        seen: its punches, and those that the same workers made elsewhere.
    """
    here = [each for each in seen if each.project == project]
    found: list[Flag] = []
    for day, punches in sorted(_grouped(here, lambda each: each.day).items()):
        found += one_device(day, punches)
        found += one_position(day, punches)
        found += same_second(day, punches)
        found += clocks(day, punches)
        found += doubtful(day, punches)
    found += machine_like(here)
    found += simultaneous(seen, project)
    found += contradicting(here)
    return sorted(found, key=lambda flag: (flag.day, flag.kind, flag.workers))


def one_device(day: date, punches: Iterable[Seen]) -> Iterator[Flag]:
    """One phone that punched for several workers."""
    for device, used in _grouped((each for each in punches if each.device_id), lambda each: each.device_id).items():
        if len(_workers(used)) > 1:
            yield _flag(ONE_DEVICE, day, used, str(device)[:8])


def one_position(day: date, punches: Iterable[Seen]) -> Iterator[Flag]:
    """The very same place, to the last digit, for several workers: real fixes differ."""
    for _, used in _grouped((each for each in punches if each.place), lambda each: each.place).items():
        if len(_workers(used)) >= SAME_PLACE_WORKERS:
            yield _flag(ONE_POSITION, day, used)


def same_second(day: date, punches: Iterable[Seen]) -> Iterator[Flag]:
    """Several workers within one second at one device: a gate lets one through at a time. Typed times are whole minutes."""
    machine = [each for each in punches if each.kind == "device" and each.strength != WEAK]
    if all(each.at.second == 0 for each in machine):
        return  # this device keeps minutes only
    for _, used in _grouped(machine, lambda each: (each.device, each.at.replace(microsecond=0))).items():
        if len(_workers(used)) >= SAME_SECOND_WORKERS:
            yield _flag(MACHINE_LIKE, day, used, "same-second")


def clocks(day: date, punches: Iterable[Seen]) -> Iterator[Flag]:
    """Times that lie ahead of the server's, and readings that came very late."""
    ahead = [each for each in punches if each.at - each.received_at > FUTURE_BY]
    late = [each for each in punches if each.kind in ("phone", "device") and each.received_at - each.at > LATE_BY]
    if ahead:
        seconds = max(int((each.at - each.received_at).total_seconds()) for each in ahead)
        yield _flag(FUTURE_CLOCK, day, ahead, f"{seconds} s")
    if late:
        yield _flag(LATE_SYNC, day, late, f"{max((each.received_at - each.at).days for each in late)} d")


def doubtful(day: date, punches: Sequence[Seen]) -> Iterator[Flag]:
    """Made-up positions, codes that are none of ours, people on nobody's list, and days that rest on weak readings alone."""
    for kind, odd in (
        (MOCKED, [each for each in punches if each.mocked]),
        (WRONG_CODE, [each for each in punches if each.code_verdict == "wrong"]),
        (NOT_ENLISTED, [each for each in punches if not each.enlisted]),
    ):
        if odd:
            yield _flag(kind, day, odd)
    by_worker = _grouped(punches, lambda each: each.worker).values()
    weak = [each for own in by_worker if all(one.strength == WEAK for one in own) for each in own]
    if weak:
        yield _flag(WEAK_SOURCE, day, weak)


def machine_like(punches: Iterable[Seen]) -> Iterator[Flag]:
    """A worker's `in` or `out` at the very same second of the day on many days. What was typed is weak, and left out."""
    signed = (each for each in punches if each.strength != WEAK)
    grouped = _grouped(signed, lambda each: (each.worker, each.direction, each.at.astimezone(SITE_ZONE).time()))
    for (_, _, clock), used in grouped.items():
        if len({each.day for each in used}) >= SAME_TIME_DAYS:
            yield _flag(MACHINE_LIKE, max(each.day for each in used), used, f"{clock:%H:%M:%S}")


def simultaneous(seen: Iterable[Seen], project: str) -> Iterator[Flag]:
    """A worker who was in at two projects at once. The other project is not named."""
    for _, own in _grouped(seen, lambda each: each.worker).items():
        spans = sorted(span for punches in _grouped(own, lambda each: each.project).values() for span in _spans(punches))
        for (_, end, first, one), (start, _, second, other) in pairwise(spans):
            if one != other and start < end and project in (one, other):
                yield _flag(SIMULTANEOUS, start.astimezone(SITE_ZONE).date(), [first if one == project else second])


def contradicting(punches: Iterable[Seen]) -> Iterator[Flag]:
    """A device that cuts in two a shift which the worker's phone signed: whoever holds its secret can write such a reading.

    A worker who went out at noon may have forgotten to say so: the bureau looks at both.
    """
    for _, own in _grouped(punches, lambda each: each.worker).items():
        signed = sorted((each for each in own if each.kind == "phone"), key=lambda each: each.at)
        gates = [each for each in own if each.kind == "device" and each.strength != WEAK]
        for begin, end in _pairs(signed):
            cuts = [each for each in gates if begin.at < each.at < end.at and not _repeats(each, begin, end)]
            if cuts:
                devices = ", ".join(sorted({each.device for each in cuts}))
                yield _flag(CONTRADICTS_PHONE, begin.day, [begin, *cuts, end], devices)


def _repeats(gate: Seen, begin: Seen, end: Seen) -> bool:
    """Whether a gate says no more than the phone does: in as the shift begins, out as it ends."""
    return (gate.direction == begin.direction and gate.at - begin.at <= SAME_PUNCH) or (
        gate.direction == end.direction and end.at - gate.at <= SAME_PUNCH
    )


def _spans(punches: Sequence[Seen]) -> Iterator[tuple[datetime, datetime, Seen, str]]:
    for begin, end in _pairs(sorted(punches, key=lambda each: each.at)):
        yield begin.at, end.at, begin, begin.project


def _pairs(in_order: Sequence[Seen]) -> Iterator[tuple[Seen, Seen]]:
    """Each `in` with the `out` that follows it, where that is no longer than a shift can be."""
    for begin, end in pairwise(in_order):
        if (begin.direction, end.direction) == ("01", "02") and end.at - begin.at <= LONGEST_INTERVAL:
            yield begin, end


def _grouped(punches: Iterable[Seen], key: Callable[[Seen], Key]) -> dict[Key, list[Seen]]:
    groups: dict[Key, list[Seen]] = defaultdict(list)
    for each in punches:
        groups[key(each)].append(each)
    return groups


def _workers(punches: Iterable[Seen]) -> tuple[str, ...]:
    return tuple(sorted({each.worker for each in punches}))


def _flag(kind: str, day: date, punches: Sequence[Seen], detail: str = "") -> Flag:
    return Flag(kind, day, _workers(punches), tuple(each.record for each in punches), detail)
