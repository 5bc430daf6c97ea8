"""What is odd about a wage sheet, line by line. Pure: over facts that were loaded before."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from anxin.payroll.rules import FlagKind

MOST_CHANGE: Final = 2  # a wage that differs by more than half of last month's


class OddKind(StrEnum):
    """In the order in which somebody should look at them."""

    NOT_JOINED = "not-joined"
    NO_KEY = "no-key"
    NO_PAYOUT = "no-payout"
    CHANGED = "changed"
    CHANGED_SINCE = "changed-since"  # it was signed: too late to compile it again
    TWO_LINES = "two-lines"
    NOT_ON_SHEET = "not-on-sheet"
    UNREADABLE = "unreadable"
    NOTHING_LEFT = "nothing-left"
    MONTH_CONTRACT = "month-contract"
    BELOW_MINIMUM = "below-minimum"
    MISSING_OUT = "missing-out"
    MISSING_IN = "missing-in"
    TOO_LONG = "too-long"
    OVER_3_HOURS = "over-3-hours"
    OVER_36_HOURS = "over-36-hours"
    NO_MINIMUM = "no-minimum"
    WEAK_ONLY = "weak-only"
    BEFORE_ENTRY = "before-entry"
    AFTER_EXIT = "after-exit"
    PIECES_ALONE = "pieces-alone"
    DIFFERS = "differs"
    SHARED_PAYOUT = "shared-payout"
    NO_FUND = "no-fund"  # agreed to a share, and the project has no fund
    OTHER_FUND = "other-fund"
    FUND_NOT_JOINED = "fund-not-joined"


# A line with one of these cannot be submitted.
BLOCKING: Final = frozenset({OddKind.NOT_JOINED, OddKind.NO_KEY, OddKind.NO_PAYOUT, OddKind.CHANGED, OddKind.TWO_LINES})


@dataclass(frozen=True)
class Odd:
    """`days` on which; `others`: worker numbers; `fen`: what it is compared with."""

    kind: OddKind
    days: tuple[date, ...] = ()
    others: tuple[str, ...] = ()
    fen: int | None = None

    @property
    def is_blocking(self) -> bool:
        return self.kind in BLOCKING


@dataclass(frozen=True)
class LineFacts:
    """What is known of one line and its worker. `last_fen`: last month's wage, where there was one."""

    worker_no: str
    amount_fen: int
    is_joined: bool = True
    has_key: bool = True
    has_payout: bool = True
    is_changed: bool = False
    is_posted: bool = False
    days: Sequence[date] = ()
    flags: Sequence[tuple[FlagKind, date]] = ()
    weak_days: frozenset[date] = frozenset()
    entered_on: date | None = None
    left_on: date | None = None
    last_fen: int | None = None
    same_payout: Sequence[str] = ()
    piece_days: frozenset[date] = frozenset()
    punched_days: frozenset[date] = frozenset()
    lines_of_worker: int = 1
    kinds: Sequence[OddKind] = field(default=())


def odds_of(facts: LineFacts) -> list[Odd]:
    """Return everything odd about a line, the gravest first. `facts.kinds` are odd by what was loaded already."""
    found = [Odd(kind) for kind in facts.kinds]
    found += [
        Odd(kind)
        for kind, is_so in (
            (OddKind.NOT_JOINED, not facts.is_joined), (OddKind.NO_KEY, not facts.has_key),
            (OddKind.NO_PAYOUT, not facts.has_payout), (OddKind.CHANGED, facts.is_changed and not facts.is_posted),
            (OddKind.CHANGED_SINCE, facts.is_changed and facts.is_posted),
            (OddKind.TWO_LINES, facts.lines_of_worker > 1),
        )
        if is_so
    ]  # fmt: skip
    found += _by_day(facts)
    if facts.same_payout:
        found.append(Odd(OddKind.SHARED_PAYOUT, others=tuple(facts.same_payout)))
    if facts.last_fen and abs(facts.amount_fen - facts.last_fen) * MOST_CHANGE > facts.last_fen:
        found.append(Odd(OddKind.DIFFERS, fen=facts.last_fen))
    order = list(OddKind)
    return sorted(found, key=lambda odd: order.index(odd.kind))


def _by_day(facts: LineFacts) -> list[Odd]:
    days = set(facts.days)
    found = [
        (OddKind(kind.value), {day for flag, day in facts.flags if flag is kind})
        for kind in dict.fromkeys(flag for flag, _ in facts.flags)
    ]
    found += [
        (OddKind.WEAK_ONLY, days & facts.weak_days),
        (OddKind.BEFORE_ENTRY, {day for day in days if facts.entered_on and day < facts.entered_on}),
        (OddKind.AFTER_EXIT, {day for day in days if facts.left_on and day > facts.left_on}),
        (OddKind.PIECES_ALONE, set(facts.piece_days - facts.punched_days)),
    ]
    return [Odd(kind, tuple(sorted(on))) for kind, on in found if on]
