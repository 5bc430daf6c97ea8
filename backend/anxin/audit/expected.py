"""What the database must hold for given events, in plain values: said a second time, apart from the code that writes it.

    entries     (event key, debit, credit) → fen                 lines     (escrow, sheet, index) → what became of it
    disputes    (escrow, number) → sums and state                joined    (escrow, worker id) → day cap
    workers     worker id → key and payout                       escrows   escrow → what it was made with, closed when
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from anxin.core.events import Event

Key = tuple[Any, ...]
Values = dict[str, Any]

MONEY = {  # event → debit, credit, of `amount`
    "Funded": ("funded", "paid in"), "BondDeposited": ("bond", "bond paid in"), "BondDrawn": ("funded", "bond"),
    "BondReturned": ("bond paid in", "bond"), "Closed": ("paid in", "funded"), "Minted": ("bank", "tokens"),
    "Burned": ("tokens", "bank"), "Released": ("owed", "funded"), "DisputePaid": ("owed", "funded"),
    "LineReturned": ("funded", "owed"), "DisputeReturned": ("funded", "owed"),
}  # fmt: skip
FROM_BANK = ("LineSettled", "LineReturned", "DisputeSettled", "DisputeReturned")


@dataclass
class Expected:
    """Of events in order. `bank`: lower-case address of BankPayout."""

    bank: str
    entries: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    lines: dict[Key, Values] = field(default_factory=dict)
    disputes: dict[Key, Values] = field(default_factory=dict)
    joined: dict[Key, Values] = field(default_factory=dict)
    workers: dict[str, Values] = field(default_factory=dict)
    escrows: dict[str, Values] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event], bank: str) -> "Expected":
        made = cls(bank)
        for event in events:
            made._book(event)
            if apply := APPLY.get(event.name):
                apply(made, event)
        return made

    def _entry(self, event: Event, debit: str, credit: str, amount_fen: int) -> None:
        if amount_fen:
            self.entries[event.key, debit, credit] += amount_fen

    def _book(self, event: Event) -> None:
        if accounts := MONEY.get(event.name):
            self._entry(event, *accounts, event.args["amount"])
        if event.name in FROM_BANK:
            self._entry(event, "to be settled", "with bank", event.args["amount"])
        if event.name in ("Released", "DisputePaid") and event.args["payout"] == self.bank:
            self._entry(event, "with bank", "to be settled", event.args["amount"])

    # ---------------------------------------------------------------- who is who

    def _created(self, event: Event) -> None:
        made = {name: event.args[name] for name in ("project", "contractor", "bureau", "arbiter", "windows")}
        self.escrows[event.args["escrow"]] = {**made, "closed": None}

    def _closed(self, event: Event) -> None:
        if event.address in self.escrows:
            self.escrows[event.address]["closed"] = event.block_time

    def _keyed(self, event: Event) -> None:
        """Enrolled, KeyChanged, PayoutChanged: each says a part."""
        known = self.workers.setdefault(event.args["workerId"], {})
        known |= {name: event.args[name] for name in ("assurance", "x", "y", "payout") if name in event.args}

    def _joined(self, event: Event) -> None:
        self.joined[event.address, event.args["workerId"]] = {"dayCap": event.args["dayCap"]}

    # ---------------------------------------------------------------- lines

    def _posted(self, event: Event) -> None:
        self._entry(event, "wage debt", "owed", event.args["total"])
        for line in event.args["lines"]:
            self.lines[event.address, event.args["sheetId"], line["index"]] = {
                "workerId": line["workerId"], "amount": line["amount"], "dayMask": line["dayMask"],
                "payslipHash": line["payslipHash"], "posted": event.tx_hash, "released": None, "releasedAt": None,
                "payout": None, "assurance": None, "settled": None, "settledAt": None, "returned": None,
            }  # fmt: skip

    def _line(self, event: Event) -> Values:
        """Of a line nobody posted the recomputation speaks."""
        return self.lines.get((event.address, event.args["sheetId"], event.args["index"]), {})

    def _released(self, event: Event) -> None:
        self._line(event).update(
            released=event.tx_hash, releasedAt=event.block_time, payout=event.args["payout"],
            assurance=event.args["assurance"],
        )

    def _settled(self, event: Event) -> None:
        self._line(event).update(settled=event.tx_hash, settledAt=event.block_time)

    def _returned(self, event: Event) -> None:
        self._line(event).update(released=None, releasedAt=None, payout=None, assurance=None, returned=event.tx_hash)

    # ---------------------------------------------------------------- disputes

    def _opened(self, event: Event) -> None:
        args = event.args
        self._entry(event, "claims", "contested", args["asked"])
        self.disputes[event.address, args["disputeId"]] = {
            "kind": "claim" if event.name == "Claimed" else "contest", "workerId": args["workerId"],
            "evidenceHash": args["evidenceHash"], "asked": args["asked"], "granted": 0, "paid": 0, "banked": 0,
            "settled": 0, "state": "claimed" if event.name == "Claimed" else "contested", "stood": False,
        }  # fmt: skip

    def _dispute(self, event: Event) -> Values:
        nobodys = {"asked": 0, "granted": 0, "paid": 0, "banked": 0, "settled": 0, "state": ""}
        return self.disputes.get((event.address, event.args["disputeId"]), nobodys)

    def _grant(self, event: Event, known: Values, granted_fen: int) -> None:
        more_fen = granted_fen - known["granted"]
        self._entry(event, "contested", "claims", more_fen)
        self._entry(event, "wage debt", "owed", more_fen)
        known["granted"] = granted_fen

    def _answered(self, event: Event) -> None:
        known = self._dispute(event)
        self._grant(event, known, event.args["admitted"])
        known["state"] = "decided" if known["granted"] == known["asked"] else "contested"

    def _stood(self, event: Event) -> None:
        known = self._dispute(event)
        self._grant(event, known, known["asked"])
        known.update(state="decided", stood=True)

    def _resolved(self, event: Event) -> None:
        """What is not granted is disputed no more, either."""
        known = self._dispute(event)
        refused_fen = known["asked"] - event.args["granted"]
        self._grant(event, known, event.args["granted"])
        self._entry(event, "contested", "claims", refused_fen)
        known["state"] = "decided"

    def _dispute_paid(self, event: Event) -> None:
        known = self._dispute(event)
        known["paid"] += event.args["amount"]
        known["banked"] += event.args["amount"] if event.args["payout"] == self.bank else 0

    def _dispute_settled(self, event: Event) -> None:
        known = self._dispute(event)
        known["banked"] -= event.args["amount"]
        known["settled"] += event.args["amount"]

    def _dispute_returned(self, event: Event) -> None:
        known = self._dispute(event)
        known["banked"] -= event.args["amount"]
        known["paid"] -= event.args["amount"]


APPLY: dict[str, Callable[[Expected, Event], None]] = {
    "EscrowCreated": Expected._created, "Closed": Expected._closed, "Enrolled": Expected._keyed,
    "KeyChanged": Expected._keyed, "PayoutChanged": Expected._keyed, "Joined": Expected._joined,
    "SheetPosted": Expected._posted,
    "Released": Expected._released, "LineSettled": Expected._settled, "LineReturned": Expected._returned,
    "Contested": Expected._opened, "Claimed": Expected._opened, "Answered": Expected._answered,
    "ClaimStood": Expected._stood, "Resolved": Expected._resolved, "DisputePaid": Expected._dispute_paid,
    "DisputeSettled": Expected._dispute_settled, "DisputeReturned": Expected._dispute_returned,
}  # fmt: skip
