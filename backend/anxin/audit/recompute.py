"""The books, recomputed from chain events alone. Pure: whoever has the events gets the same answer, trusting nobody.

Every event is checked against those before it: a sheet's root and total against its lines, a release against a posted line
that was not paid before and against the payout on record for its worker, a grant against what was asked, what the bank
settles against what it was given.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from anxin.audit.books import CLAIMED, CONTESTED, DECIDED, DisputeBooks, EscrowBooks, Place, Recomputed
from anxin.core.events import Event
from anxin.core.sheet_tree import SheetLine, SheetTree
from anxin.core.signing import from_hex


def recompute(events: Iterable[Event], *, bank: str = "") -> Recomputed:
    """Return the books that `events`, in order, amount to. `bank`: lower-case address of BankPayout."""
    result = Recomputed(bank)
    for event in events:
        if event.contract == "WageEscrow":
            _apply(_OF_ESCROW, _Step(result, event, _books(result, event)))
        else:
            _apply(_OF_OTHERS, _Step(result, event, EscrowBooks()))
    return result


@dataclass
class _Step:
    """One event, and the books of the escrow it came from."""

    result: Recomputed
    event: Event
    books: EscrowBooks

    @property
    def args(self) -> dict[str, Any]:
        return self.event.args

    @property
    def place(self) -> Place:
        return self.args["sheetId"], self.args["index"]

    def find(self, what: str, problem: str) -> None:
        self.result.findings.append(f"{what} in {self.event.tx_hash}: {problem}")

    def line(self, what: str) -> None:
        """The event is of a line that was posted, with that worker and that amount."""
        line = self.books.lines.get(self.place)
        if line is None or (line["workerId"], line["amount"]) != (self.args["workerId"], self.args["amount"]):
            self.find(f"{what} of {self.place}", "no such line was posted")

    def dispute(self, what: str) -> DisputeBooks:
        known = self.books.disputes.get(self.args["disputeId"])
        if known is None:
            self.find(f"{what} of dispute {self.args['disputeId']}", "no such dispute was opened")
            known = DisputeBooks(self.args.get("workerId", ""), 0, CONTESTED)
        elif "workerId" in self.args and known.worker_id != self.args["workerId"]:
            self.find(f"{what} of dispute {self.args['disputeId']}", "it is another worker's")
        return known

    def payout(self, what: str) -> None:
        if self.result.payouts.get(self.args["workerId"]) != self.args["payout"]:
            self.find(what, "not to the worker's payout")

    @property
    def to_bank(self) -> bool:
        return bool(self.result.bank) and self.args["payout"] == self.result.bank


def _apply(table: Mapping[str, Callable[[_Step], None]], step: _Step) -> None:
    apply = table.get(step.event.name)
    if apply is not None:
        apply(step)


def _books(result: Recomputed, event: Event) -> EscrowBooks:
    books = result.escrows.get(event.address)
    if books is None:
        result.findings.append(f"{event.name} in {event.tx_hash}: {event.address} was not made by the factory")
        books = result.escrows[event.address] = EscrowBooks()
    return books


# ------------------------------------------------------------------ who is who


def _created(step: _Step) -> None:
    step.result.escrows[step.args["escrow"]] = EscrowBooks(contractor=step.args["contractor"])


def _paid_at(step: _Step) -> None:
    step.result.payouts[step.args["workerId"]] = step.args["payout"]


# ------------------------------------------------------------------ money in and out


def _funded(step: _Step) -> None:
    step.books.funded_fen += step.args["amount"]


def _bond_deposited(step: _Step) -> None:
    step.books.bond_fen += step.args["amount"]


def _bond_drawn(step: _Step) -> None:
    amount = step.args["amount"]
    if amount > step.books.bond_fen:
        step.find("a draw on the bond", "more than the bond")
    step.books.bond_fen -= amount
    step.books.funded_fen += amount


def _to_contractor(step: _Step, what: str) -> None:
    books = step.books
    if books.owed_fen or books.contested_fen:
        step.find(what, f"while {books.owed_fen} fen were owed and {books.contested_fen} contested")
    if step.args["contractor"] != books.contractor:
        step.find(what, "to somebody else than the contractor")
    books.returned_fen += step.args["amount"]


def _closed(step: _Step) -> None:
    _to_contractor(step, "closing")
    step.books.funded_fen -= step.args["amount"]


def _bond_returned(step: _Step) -> None:
    _to_contractor(step, "the bond's return")
    step.books.bond_fen -= step.args["amount"]


# ------------------------------------------------------------------ lines


def _posted(step: _Step) -> None:
    books, args = step.books, step.args
    lines = [
        SheetLine(
            line["index"], line["dayMask"], line["amount"], from_hex(line["workerId"]), from_hex(line["payslipHash"])
        )
        for line in args["lines"]
    ]
    if "0x" + SheetTree(lines).root.hex() != args["root"]:
        step.find(f"sheet {args['sheetId']}", "the root is not that of its lines")
    if sum(line.amount_fen for line in lines) != args["total"]:
        step.find(f"sheet {args['sheetId']}", "the total is not that of its lines")
    books.owed_fen += args["total"]
    books.lines |= {(args["sheetId"], line["index"]): line for line in args["lines"]}


def _released(step: _Step) -> None:
    step.line("release")
    if step.place in step.books.released:
        step.find(f"release of {step.place}", "paid twice")
    step.payout(f"release of {step.place}")
    step.books.released.add(step.place)
    step.books.released_unsigned += step.args["assurance"] == 0
    if step.to_bank:
        step.books.banked.add(step.place)
    _left(step)


def _settled(step: _Step) -> None:
    _from_bank(step, "settlement")


def _returned(step: _Step) -> None:
    _from_bank(step, "return")
    step.books.released.discard(step.place)
    _came_back(step)


def _from_bank(step: _Step, what: str) -> None:
    step.line(what)
    if step.place not in step.books.banked:
        step.find(f"{what} of {step.place}", "the bank did not have it")
    step.books.banked.discard(step.place)
    step.books.banked_fen -= step.args["amount"]


def _left(step: _Step) -> None:
    step.books.funded_fen -= step.args["amount"]
    step.books.owed_fen -= step.args["amount"]
    step.books.released_fen += step.args["amount"]
    step.books.banked_fen += step.args["amount"] if step.to_bank else 0
    if step.books.funded_fen < 0:
        step.find("a payment", "more than the escrow had")


def _came_back(step: _Step) -> None:
    step.books.funded_fen += step.args["amount"]
    step.books.owed_fen += step.args["amount"]
    step.books.released_fen -= step.args["amount"]


# ------------------------------------------------------------------ disputes


def _contested(step: _Step) -> None:
    if step.place in step.books.contested:
        step.find(f"contest of {step.place}", "contested twice")
    line = step.books.lines.get(step.place)
    if line is None or line["workerId"] != step.args["workerId"]:
        step.find(f"contest of {step.place}", "no such line was posted")
    step.books.contested.add(step.place)
    _opened(step, CONTESTED)


def _claimed(step: _Step) -> None:
    _opened(step, CLAIMED)


def _opened(step: _Step, state: int) -> None:
    number = step.args["disputeId"]
    if number != len(step.books.disputes):
        step.find(f"dispute {number}", f"not the next one, which is {len(step.books.disputes)}")
    step.books.disputes[number] = DisputeBooks(step.args["workerId"], step.args["asked"], state)
    step.books.contested_fen += step.args["asked"]


def _answered(step: _Step) -> None:
    known = step.dispute("answer")
    _grant(step, known, step.args["admitted"])
    known.state = DECIDED if known.granted_fen == known.asked_fen else CONTESTED


def _stood(step: _Step) -> None:
    known = step.dispute("a standing claim")
    if known.state != CLAIMED:
        step.find(f"dispute {step.args['disputeId']}", "stood, though it was no open claim")
    _grant(step, known, known.asked_fen)
    known.state = DECIDED


def _resolved(step: _Step) -> None:
    known = step.dispute("resolution")
    if known.state != CONTESTED:
        step.find(f"dispute {step.args['disputeId']}", "resolved, though it was not contested")
    _grant(step, known, step.args["granted"])
    step.books.contested_fen -= known.asked_fen - known.granted_fen
    known.state = DECIDED


def _grant(step: _Step, known: DisputeBooks, granted_fen: int) -> None:
    if not known.granted_fen <= granted_fen <= known.asked_fen or known.state == DECIDED:
        step.find(f"dispute {step.args['disputeId']}", f"{granted_fen} granted of {known.asked_fen} asked, "
                  f"{known.granted_fen} granted before")  # fmt: skip
    step.books.contested_fen -= granted_fen - known.granted_fen
    step.books.owed_fen += granted_fen - known.granted_fen
    known.granted_fen = granted_fen


def _dispute_paid(step: _Step) -> None:
    known, what = step.dispute("payment"), f"payment of dispute {step.args['disputeId']}"
    known.paid_fen += step.args["amount"]
    if known.paid_fen > known.granted_fen:
        step.find(what, "more than was granted")
    step.payout(what)
    known.banked_fen += step.args["amount"] if step.to_bank else 0
    _left(step)


def _dispute_settled(step: _Step) -> None:
    _dispute_from_bank(step, "settlement")


def _dispute_returned(step: _Step) -> None:
    _dispute_from_bank(step, "return").paid_fen -= step.args["amount"]
    _came_back(step)


def _dispute_from_bank(step: _Step, what: str) -> DisputeBooks:
    known = step.dispute(what)
    if known.banked_fen != step.args["amount"]:
        step.find(f"{what} of dispute {step.args['disputeId']}", "not what the bank had")
    known.banked_fen -= step.args["amount"]
    step.books.banked_fen -= step.args["amount"]
    return known


_OF_OTHERS: Mapping[str, Callable[[_Step], None]] = {
    "EscrowCreated": _created,
    "Enrolled": _paid_at,
    "PayoutChanged": _paid_at,
}
_OF_ESCROW: Mapping[str, Callable[[_Step], None]] = {
    "Funded": _funded,
    "BondDeposited": _bond_deposited,
    "BondDrawn": _bond_drawn,
    "BondReturned": _bond_returned,
    "Closed": _closed,
    "SheetPosted": _posted,
    "Released": _released,
    "LineSettled": _settled,
    "LineReturned": _returned,
    "Contested": _contested,
    "Claimed": _claimed,
    "Answered": _answered,
    "ClaimStood": _stood,
    "Resolved": _resolved,
    "DisputePaid": _dispute_paid,
    "DisputeSettled": _dispute_settled,
    "DisputeReturned": _dispute_returned,
}
