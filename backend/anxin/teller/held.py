"""What the chain says the bank was given: each wage released to it, its reference at the bank, what became of it. Pure.

The bank asks nobody which payment is whose: the reference follows from escrow, sheet and line (or dispute), and from how
often the bank was given that before.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from anxin.bank.errors import BadReference
from anxin.bank.references import Kind, claim_reference
from anxin.core.events import Event
from anxin.core.sheet_tree import SheetLine
from anxin.core.signing import from_hex

State = Literal["held", "settled", "returned"]
Place = tuple[str, int, int]  # escrow, sheet, index
Dispute = tuple[str, int]  # escrow, number


@dataclass(slots=True)
class Wage:
    """One wage, or one payment of a dispute's grant, that the bank was given. `number` is the sheet's or the dispute's."""

    kind: Kind
    escrow: str
    number: int
    index: int
    amount_fen: int
    state: State = "held"


@dataclass
class Held:
    """Folded from final events in order, with `add`. Addresses are in lower case."""

    bank: str  # BankPayout
    wages: dict[str, Wage] = field(default_factory=dict)  # by reference
    unnamed: list[Wage] = field(default_factory=list)  # came back more often than a reference can count
    sheets: dict[tuple[str, int], list[SheetLine]] = field(default_factory=dict)
    escrows: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    minted: dict[str, int] = field(default_factory=dict)  # receipt → fen
    minted_to: dict[str, list[str]] = field(default_factory=dict)  # address → receipts
    supply_fen: int = 0
    events_read: int = 0
    _at_line: dict[Place, Wage] = field(default_factory=dict)
    _open_grants: dict[Dispute, list[Wage]] = field(default_factory=dict)
    _given: Counter[tuple[Kind, str, int, int]] = field(default_factory=Counter)

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            self.events_read += 1
            if event.contract in ("WageToken", "WageEscrowFactory"):
                self._add_other(event)
            elif event.contract == "WageEscrow":
                self._add_of_escrow(event)

    @property
    def open_grants(self) -> Mapping[Dispute, list[Wage]]:
        """The payments of each dispute that the bank holds: they are settled or given back together."""
        return self._open_grants

    def _add_other(self, event: Event) -> None:
        args = event.args
        if event.name == "EscrowCreated":
            self.escrows.add(args["escrow"])
        elif event.name == "Minted":
            self.minted[args["receipt"]] = args["amount"]
            self.minted_to.setdefault(args["to"], []).append(args["receipt"])
            self.supply_fen += args["amount"]
        elif event.name == "Burned":
            self.supply_fen -= args["amount"]

    def _add_of_escrow(self, event: Event) -> None:
        escrow, args = event.address, event.args
        if event.name == "SheetPosted":
            self.sheets[escrow, args["sheetId"]] = [
                SheetLine(
                    line["index"], line["dayMask"], line["amount"], from_hex(line["workerId"]), from_hex(line["payslipHash"])
                )
                for line in args["lines"]
            ]  # fmt: skip
        elif event.name == "Released" and args["payout"] == self.bank:
            place = escrow, args["sheetId"], args["index"]
            self._at_line[place] = self._name(Wage("line", *place, args["amount"]))
        elif event.name in ("LineSettled", "LineReturned"):
            wage = self._at_line.pop((escrow, args["sheetId"], args["index"]), None)
            if wage is not None:
                wage.state = "settled" if event.name == "LineSettled" else "returned"
        elif event.name == "DisputePaid" and args["payout"] == self.bank:
            dispute = escrow, args["disputeId"]
            wage = self._name(Wage("dispute", *dispute, 0, args["amount"]))
            self._open_grants.setdefault(dispute, []).append(wage)
        elif event.name in ("DisputeSettled", "DisputeReturned"):
            for wage in self._open_grants.pop((escrow, args["disputeId"]), []):
                wage.state = "settled" if event.name == "DisputeSettled" else "returned"
        elif event.name == "Closed":
            self.closed.add(escrow)

    def _name(self, wage: Wage) -> Wage:
        what = wage.kind, wage.escrow, wage.number, wage.index
        attempt, self._given[what] = self._given[what], self._given[what] + 1
        try:
            reference = claim_reference(wage.escrow, wage.number, wage.index, kind=wage.kind, attempt=attempt)
        except BadReference:
            self.unnamed.append(wage)
        else:
            self.wages[str(reference)] = wage
        return wage
