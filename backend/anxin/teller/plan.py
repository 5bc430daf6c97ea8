"""What the bank has to tell the chain: what its files say, compared with what it was given. Pure.

    wage booked with its own reference and amount      settle: its mirror is burned
    wage rejected, or booked and come back             give back: it is owed again
    deposit whose text names an escrow or a wallet     mint, once: its receipt is the hash of the bank's own entry
    anything else                                      a doubt, for a person. Nothing is guessed

A dispute's payments are settled or given back together, as the contract has it: once all of them are decided the same way.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from eth_utils.crypto import keccak

from anxin.bank.deposit_references import find_deposit_reference
from anxin.core.calls import Call
from anxin.core.deployment import Deployment
from anxin.core.sheet_tree import SheetTree, pack_lines
from anxin.teller.held import Dispute, Held, Wage
from anxin.teller.statements import Doubt, Entry, Statement

NO_REASON = "NOAS"  # ISO 20022: no answer, none given

Verdict = Literal["open", "paid", "back", "doubtful"]


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction. `covers` names what it is about: nothing else is sent about it before this one is final."""

    what: str
    call: Call
    covers: tuple[str, ...]
    mints_fen: int = 0


@dataclass
class Plan:
    """`steps` in the order they are to be sent. `booked_fen`: paid out and not settled yet, so still in the supply."""

    steps: list[Step] = field(default_factory=list)
    doubts: set[Doubt] = field(default_factory=set)
    booked_fen: int = 0


@dataclass(frozen=True)
class Desk:
    """Whose teller: the bank's name, the contracts, and which accounts the token mirrors (any, where none is named)."""

    bank_name: str
    deployment: Deployment
    accounts: frozenset[str] = frozenset()

    def record_hash(self, *parts: str) -> str:
        """Return the hash by which the chain knows a record of the bank's: keccak of the bank's name and it, a line each."""
        return "0x" + keccak(text="\n".join((self.bank_name, *parts))).hex()

    def receipt_of(self, entry: Entry) -> str:
        return self.record_hash(entry.account, entry.entry_reference)


def plan(desk: Desk, held: Held, said: Statement, busy: Collection[str] = ()) -> Plan:
    """Return what is to be done now. `busy`: what transactions under way are about."""
    made = Plan(doubts=set(said.doubts))
    entries = [entry for entry in said.believed if _is_ours(desk, made, entry)]
    by_wage = defaultdict[str, list[Entry]](list)
    for entry in entries:
        if entry.payment:
            by_wage[entry.payment].append(entry)
    verdicts = {
        reference: _judged(made, held, reference, by_wage[reference], said.rejected.get(reference))
        for reference in sorted(by_wage.keys() | said.rejected.keys() | held.wages.keys())
    }
    records = {reference: [entry.entry_reference for entry in found] for reference, found in by_wage.items()}
    _pay_lines(desk, made, held, verdicts, records, busy)
    _pay_grants(desk, made, held, verdicts, records, busy)
    for entry in entries:
        if not entry.payment:
            _mirror(desk, made, held, entry, busy)
    made.doubts |= {
        Doubt(f"{each.escrow} {each.kind} {each.number}", "came back more often than a reference can count")
        for each in held.unnamed
        if each.state == "held"
    }
    return made


def _is_ours(desk: Desk, made: Plan, entry: Entry) -> bool:
    if desk.accounts and entry.account not in desk.accounts:
        made.doubts.add(Doubt(entry.entry_reference, "an entry on an account that the token does not mirror"))
        return False
    if entry.is_reversal and not entry.payment:
        made.doubts.add(Doubt(entry.entry_reference, "an entry that takes another back: look at what that one mirrored"))
        return False
    return True


# ------------------------------------------------------------------ wages


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: Verdict
    reason: str = ""


def _judged(made: Plan, held: Held, reference: str, entries: list[Entry], rejected: str | None) -> _Judged:
    """Return what the bank says of a wage; what cannot be so is a doubt."""
    wage = held.wages.get(reference)
    if wage is None:
        made.doubts.add(Doubt(reference, "the bank was given no wage of this reference, or not for good yet"))
        return _Judged("doubtful")
    judged, problem = _verdict(wage, entries, rejected)
    if wage.state == "settled" and judged.verdict == "back":
        problem = f"{wage.amount_fen} fen came back after they were settled: the worker is not paid. Pay again by hand"
    elif wage.state == "returned" and judged.verdict == "paid":
        problem = f"{wage.amount_fen} fen were paid after the wage was given back: it is owed, and may be paid, again"
    if problem:
        made.doubts.add(Doubt(reference, problem))
        return _Judged("doubtful")
    return judged


def _verdict(wage: Wage, entries: list[Entry], rejected: str | None) -> tuple[_Judged, str]:
    debits, credits = [each for each in entries if not each.is_credit], [each for each in entries if each.is_credit]
    wrong = next((each.amount_fen for each in entries if each.amount_fen != wage.amount_fen), 0)
    problem = ""
    if wrong != 0:
        problem = f"booked with {wrong if wrong is not None else 'no'} fen, {wage.amount_fen} were released"
    elif len(debits) > 1:
        problem = f"booked {len(debits)} times"
    elif len(credits) > len(debits):
        problem = "came in, and had not gone out"
    elif rejected is not None and len(debits) > len(credits):
        problem = "rejected, and booked"
    if problem:
        return _Judged("doubtful"), problem
    if credits:
        return _Judged("back", credits[0].reason or rejected or NO_REASON), ""
    if debits:
        return _Judged("paid"), ""
    return _Judged("open") if rejected is None else _Judged("back", rejected or NO_REASON), ""


def _pay_lines(
    desk: Desk, made: Plan, held: Held, verdicts: dict[str, _Judged], records: dict[str, list[str]], busy: Collection[str]
) -> None:
    """A transaction a sheet for all that is paid, and one a sheet and reason for what came back."""
    paid, back = defaultdict[Dispute, dict[int, str]](dict), defaultdict[tuple[str, int, str], dict[int, str]](dict)
    for reference, wage in held.wages.items():
        if wage.state != "held" or wage.kind != "line":
            continue
        judged = verdicts[reference]
        made.booked_fen += wage.amount_fen * (judged.verdict == "paid")
        if _line(wage) in busy:
            continue
        if judged.verdict == "paid":
            paid[wage.escrow, wage.number][wage.index] = reference
        elif judged.verdict == "back":
            back[wage.escrow, wage.number, judged.reason][wage.index] = reference
    for (escrow, number), lines in sorted(paid.items()):
        receipt = desk.record_hash(*sorted(each for reference in lines.values() for each in records[reference]))
        made.steps.append(_of_lines(desk, held, "settleLines", escrow, number, sorted(lines), "receipt", receipt))
    for (escrow, number, reason), lines in sorted(back.items()):
        made.steps.append(_of_lines(desk, held, "returnLines", escrow, number, sorted(lines), "reason", _hash(reason)))


def _of_lines(
    desk: Desk, held: Held, function: str, escrow: str, number: int, indexes: list[int], record: str, value: str
) -> Step:
    sheet = held.sheets[escrow, number]
    arguments = {
        "escrow": escrow, "sheetId": number, "lines": "0x" + pack_lines([sheet[index] for index in indexes]).hex(),
        "proof": ["0x" + each.hex() for each in SheetTree(sheet).proof(indexes)], record: value,
    }  # fmt: skip
    return Step(
        f"{function} {escrow} sheet {number}: {len(indexes)} lines", _call(desk, function, arguments),
        tuple(f"line:{escrow}:{number}:{index}" for index in indexes),
    )  # fmt: skip


def _pay_grants(
    desk: Desk, made: Plan, held: Held, verdicts: dict[str, _Judged], records: dict[str, list[str]], busy: Collection[str]
) -> None:
    names = {id(wage): reference for reference, wage in held.wages.items()}
    for (escrow, number), grants in sorted(held.open_grants.items()):
        references = [names[id(grant)] for grant in grants if id(grant) in names]
        found = [verdicts[reference] for reference in references]
        made.booked_fen += sum(held.wages[each].amount_fen for each in references if verdicts[each].verdict == "paid")
        said = {each.verdict for each in found}
        if len(references) < len(grants) or f"grant:{escrow}:{number}" in busy or not said <= {"paid", "back"}:
            continue
        if len(said) > 1:
            made.doubts.add(Doubt(references[0], "of a dispute's payments one is paid and one came back: pay that again"))
        elif said == {"paid"}:
            receipt = desk.record_hash(*sorted(each for reference in references for each in records[reference]))
            made.steps.append(_of_dispute(desk, "settleDispute", escrow, number, "receipt", receipt))
        else:
            made.steps.append(_of_dispute(desk, "returnDispute", escrow, number, "reason", _hash(found[0].reason)))


def _of_dispute(desk: Desk, function: str, escrow: str, number: int, record: str, value: str) -> Step:
    arguments = {"escrow": escrow, "disputeId": number, record: value}
    return Step(f"{function} {escrow} dispute {number}", _call(desk, function, arguments), (f"grant:{escrow}:{number}",))


def _call(desk: Desk, function: str, arguments: dict[str, object]) -> Call:
    return Call("", "BankPayout", desk.deployment.addresses.bank, function, arguments)


def _line(wage: Wage) -> str:
    return f"line:{wage.escrow}:{wage.number}:{wage.index}"


def _hash(reason: str) -> str:
    """A reason's code as the chain has it: whoever knows the codes reads it."""
    return "0x" + keccak(text=reason).hex()


# ------------------------------------------------------------------ deposits


def _mirror(desk: Desk, made: Plan, held: Held, entry: Entry, busy: Collection[str]) -> None:
    """Mint what came in to whom its text names."""
    receipt = desk.receipt_of(entry)
    if receipt in held.minted:
        if held.minted[receipt] != entry.amount_fen:
            made.doubts.add(Doubt(entry.entry_reference, f"{held.minted[receipt]} fen were mirrored of it"))
        return
    to, problem = _whose(held, entry)
    if problem or entry.amount_fen is None:
        made.doubts.add(Doubt(entry.entry_reference, problem))
    elif f"mint:{receipt}" not in busy:
        arguments = {"to": to, "amount": entry.amount_fen, "receipt": receipt}
        call = Call("", "WageToken", desk.deployment.addresses.token, "mint", arguments)
        made.steps.append(Step(f"mint {entry.amount_fen} fen to {to}", call, (f"mint:{receipt}",), entry.amount_fen))


def _whose(held: Held, entry: Entry) -> tuple[str, str]:
    """Return the address a deposit is for, or why there is none."""
    if not entry.is_credit:
        return "", "money left a wage account, and for no wage"
    if entry.amount_fen is None:
        return "", "not an amount in the currency of the token"
    if entry.reason:
        return "", "money came back without saying of which wage"
    reference = find_deposit_reference(entry.text)
    if reference is None:
        return "", "a deposit whose text names no escrow and no wallet, or several"
    if reference.purpose == "wallet":
        return "0x" + reference.digits, ""
    escrows = [each for each in held.escrows if reference.is_of(each)]
    if len(escrows) != 1:
        return "", "a deposit for an escrow that does not exist, or not for good yet"
    return (escrows[0], "") if escrows[0] not in held.closed else ("", "a deposit for an escrow that is closed")


def book_transfer(escrow: str, receipt: str) -> Step:
    """Make what was minted to an escrow its payroll. Anyone may; a second time there is nothing left to book."""
    call = Call("", "WageEscrow", escrow, "bookTransfer", {"memo": receipt})
    return Step(f"bookTransfer {escrow}", call, (f"book:{escrow}",))
