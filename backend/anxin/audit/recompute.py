"""The books, recomputed from chain events alone. Pure: whoever has the events gets the same answer, trusting nobody.

Every event is checked against those before it: a sheet's root and total against its lines, a release against a posted line
that was not paid before and against the payout on record for its worker.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from anxin.core.events import Event
from anxin.core.sheet_tree import SheetLine, SheetTree
from anxin.core.signing import from_hex


@dataclass
class EscrowBooks:
    """One escrow's books in fen, and which lines have been paid and contested: (sheet, index)."""

    funded_fen: int = 0
    owed_fen: int = 0
    contested_fen: int = 0
    released_fen: int = 0
    lines: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    released: set[tuple[int, int]] = field(default_factory=set)
    contested: set[tuple[int, int]] = field(default_factory=set)
    released_unsigned: int = 0


@dataclass
class Recomputed:
    """What the events amount to, and every place where they contradict each other."""

    escrows: dict[str, EscrowBooks] = field(default_factory=dict)
    payouts: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings


def recompute(events: Iterable[Event]) -> Recomputed:
    """Return the books that `events`, in order, amount to."""
    result = Recomputed()
    for event in events:
        apply = _APPLY.get(event.name)
        if apply is not None:
            apply(result, event)
    return result


def _books(result: Recomputed, event: Event) -> EscrowBooks:
    books = result.escrows.get(event.address)
    if books is None:
        result.findings.append(f"{event.name} in {event.tx_hash}: {event.address} was not made by the factory")
        books = result.escrows[event.address] = EscrowBooks()
    return books


def _created(result: Recomputed, event: Event) -> None:
    result.escrows[event.args["escrow"]] = EscrowBooks()


def _enrolled(result: Recomputed, event: Event) -> None:
    result.payouts[event.args["workerId"]] = event.args["payout"]


def _funded(result: Recomputed, event: Event) -> None:
    _books(result, event).funded_fen += event.args["amount"]


def _posted(result: Recomputed, event: Event) -> None:
    books, args = _books(result, event), event.args
    lines = [
        SheetLine(
            line["index"], line["dayMask"], line["amount"], from_hex(line["workerId"]), from_hex(line["payslipHash"])
        )
        for line in args["lines"]
    ]
    if "0x" + SheetTree(lines).root.hex() != args["root"]:
        result.findings.append(f"sheet {args['sheetId']} in {event.tx_hash}: the root is not that of its lines")
    if sum(line.amount_fen for line in lines) != args["total"]:
        result.findings.append(f"sheet {args['sheetId']} in {event.tx_hash}: the total is not that of its lines")
    books.owed_fen += args["total"]
    books.lines |= {(args["sheetId"], line["index"]): line for line in args["lines"]}


def _released(result: Recomputed, event: Event) -> None:
    books, args = _books(result, event), event.args
    place = (args["sheetId"], args["index"])
    line = books.lines.get(place)
    if line is None or (line["workerId"], line["amount"]) != (args["workerId"], args["amount"]):
        result.findings.append(f"release of {place} in {event.tx_hash}: no such line was posted")
    if place in books.released:
        result.findings.append(f"release of {place} in {event.tx_hash}: paid twice")
    if result.payouts.get(args["workerId"]) != args["payout"]:
        result.findings.append(f"release of {place} in {event.tx_hash}: not to the worker's payout")
    books.released.add(place)
    books.funded_fen -= args["amount"]
    books.owed_fen -= args["amount"]
    books.released_fen += args["amount"]
    books.released_unsigned += args["assurance"] == 0


def _contested(result: Recomputed, event: Event) -> None:
    books, args = _books(result, event), event.args
    place = (args["sheetId"], args["index"])
    if place in books.contested:
        result.findings.append(f"contest of {place} in {event.tx_hash}: contested twice")
    books.contested.add(place)
    books.contested_fen += args["remainder"]


_APPLY = {
    "EscrowCreated": _created,
    "Enrolled": _enrolled,
    "Funded": _funded,
    "SheetPosted": _posted,
    "Released": _released,
    "Contested": _contested,
}
