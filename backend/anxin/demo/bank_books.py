"""The books of a simulated bank: accounts in fen, orders it has taken, what it paid, and the files it wrote about them.

    order ──► taken ──► accepted, or rejected ──► booked ──► given back          one `advance()` a step

It pays an order once, by its MsgId. Everything is in one JSON file, written beside and renamed: a kill loses nothing.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from anxin.bank.errors import BadFile, UnknownMessage
from anxin.bank.iso20022 import Initiation, read_pain001
from anxin.bank.xml import all_at, read_document, text_at
from anxin.core.clock import now
from anxin.demo.bank_files import NOTICE, Entry, Status, notice, report

TAKEN, ACCEPTED, REJECTED, BOOKED, STUCK = "taken", "accepted", "rejected", "booked", "stuck"
CLOSED_ACCOUNT, WRONG_NUMBER, WRONG_NAME, TOO_LITTLE = "AC04", "AC01", "BE01", "AM04"  # ISO 20022 reasons


class Refused(Exception):
    """The bank does not take a message at all."""


class Account(msgspec.Struct):
    name: str
    balance_fen: int = 0
    is_wage: bool = False
    is_open: bool = True


class Payment(msgspec.Struct):
    """One credit of an order. `entry` is the number of its booking."""

    message_id: str
    block_id: str
    reference: str
    debtor: str
    number: str
    name: str
    amount_fen: int
    text: str
    state: str = TAKEN
    reason: str = ""
    entry: str = ""
    is_back: bool = False


class Letter(msgspec.Struct):
    """A file the bank wrote. A repeated one has the name again."""

    name: str
    content: str


class Books(msgspec.Struct):
    accounts: dict[str, Account] = msgspec.field(default_factory=dict)
    messages: dict[str, str] = msgspec.field(default_factory=dict)  # MsgId → SHA-256 of what came under it
    payments: list[Payment] = msgspec.field(default_factory=list)
    letters: list[Letter] = msgspec.field(default_factory=list)
    held_back: list[Letter] = msgspec.field(default_factory=list)
    written: int = 0
    entries: int = 0


class BankBooks:
    """A bank without a door: `banks.py` gives it one.

    Account numbers in `wrong_amount_to` are booked a fen short, those in `stuck` stay pending for ever. `refuse_next` makes
    it refuse so many messages.
    """

    reports = True  # whether it answers orders with pain.002

    def __init__(self, name: str, file: Path | None = None) -> None:
        self.name, self._file = name, file
        self.wrong_amount_to, self.stuck = set[str](), set[str]()
        self.refuse_next = 0
        kept = file is not None and file.exists()
        self.books = msgspec.json.decode(file.read_bytes(), type=Books) if file is not None and kept else Books()

    # ---------------------------------------------------------------- people at the counter

    def open_account(self, name: str, number: str, *, balance_fen: int = 0, is_wage: bool = False) -> None:
        """Open an account, or open it again as it was. A number that nobody opened is unknown here."""
        known = self.books.accounts.setdefault(number, Account(name, balance_fen, is_wage))
        known.name, known.is_open = name, True
        self.save()

    def close_account(self, number: str) -> None:
        self.books.accounts[number].is_open = False
        self.save()

    def deposit(self, from_name: str, amount_fen: int, reference_text: str, *, to: str = "") -> None:
        """Somebody pays into a wage account (the first, where none is named), with words on the transfer."""
        number = to or next(number for number, each in self.books.accounts.items() if each.is_wage)
        self.books.accounts[number].balance_fen += amount_fen
        entry = Entry(self._next_entry(), "CRDT", amount_fen, from_name, "6222000000000000", text=reference_text)
        self._write_notice(number, [entry])
        self.save()

    def give_back(self, reference: str, reason: str = CLOSED_ACCOUNT) -> None:
        """The worker's bank sends back what was booked before."""
        paid = next(each for each in self.books.payments if each.reference == reference and each.state == BOOKED)
        self._return(paid, reason)
        self._write_notice(paid.debtor, [self._entry_of(paid, "CRDT", reason=reason)])
        self.save()

    def book_stray(self, amount_fen: int = 100, reference: str = "STRAY1") -> None:
        """Something leaves a wage account under a reference that nobody gave."""
        number = next(number for number, each in self.books.accounts.items() if each.is_wage)
        self.books.accounts[number].balance_fen -= amount_fen
        stray = Entry(self._next_entry(), "DBIT", amount_fen, "Stray", "6222000000000000", reference)
        self._write_notice(number, [stray])
        self.save()

    def balance_fen(self) -> int:
        """Of all wage accounts."""
        return sum(each.balance_fen for each in self.books.accounts.values() if each.is_wage)

    def paid_fen(self, number: str) -> int:
        """What wages have come to an account, and stayed."""
        return sum(
            each.amount_fen
            for each in self.books.payments
            if each.number == number and each.state == BOOKED and not each.is_back
        )

    # ---------------------------------------------------------------- orders

    def take(self, content: bytes) -> str:
        """Take an order, once; return its MsgId. Raises Refused."""
        try:
            order = read_pain001(content)
            blocks = all_at(read_document(content, "order").root[0], "PmtInf")
        except (BadFile, UnknownMessage) as error:
            raise Refused(str(error)) from error
        fingerprint = sha256(content).hexdigest()
        known = self.books.messages.get(order.message_id)
        if known == fingerprint:
            return order.message_id
        if known is not None:
            raise Refused(f"MsgId {order.message_id} was used for another message")
        accounts = (self.books.accounts.get(debit.debtor.number) for debit in order.debits)
        if self.refuse_next or not all(each is not None and each.is_wage for each in accounts):
            self.refuse_next = max(0, self.refuse_next - 1)
            raise Refused("no mandate for this account")
        self._keep(order, [text_at(block, "PmtInfId") for block in blocks])
        self.books.messages[order.message_id] = fingerprint
        self.save()
        return order.message_id

    def _keep(self, order: Initiation, block_ids: Sequence[str]) -> None:
        for debit in order.debits:
            creditor, credit = debit.credit.creditor, debit.credit
            self.books.payments.append(
                Payment(
                    order.message_id, block_ids[0], credit.reference, debit.debtor.number, creditor.number, creditor.name,
                    credit.amount_fen, credit.text,
                )
            )  # fmt: skip

    def advance(self) -> bool:
        """Do what comes next with every order. Return whether anything was done."""
        taken = [each for each in self.books.payments if each.state == TAKEN]
        accepted = [each for each in self.books.payments if each.state == ACCEPTED]
        self._accept(taken)
        self._book(accepted)
        done = bool(taken or accepted) or self.publish()
        if done:
            self.save()
        return done

    def book(self) -> None:
        """Go on until nothing is left to do."""
        while self.advance():
            pass

    def publish(self) -> bool:
        """Let people have the files that were held back. Return whether there were any."""
        return False

    def _accept(self, taken: Sequence[Payment]) -> None:
        left = {number: each.balance_fen for number, each in self.books.accounts.items()}
        for each in self.books.payments:
            left[each.debtor] -= each.amount_fen if each.state in (ACCEPTED, STUCK) else 0
        for each in taken:
            each.reason = self._problem(each, left[each.debtor])
            each.state = REJECTED if each.reason and self.reports else ACCEPTED
            if each.state == ACCEPTED:
                left[each.debtor] -= each.amount_fen
                each.state = STUCK if each.number in self.stuck else ACCEPTED
        if self.reports:
            for message_id in dict.fromkeys(each.message_id for each in taken):
                some = [each for each in taken if each.message_id == message_id]
                statuses = [Status(each.reference, "RJCT" if each.reason else "ACSP", each.reason) for each in some]
                group = "PART" if any(each.reason for each in some) else "ACCP"
                content = report(self._next_name("R"), now(), message_id, some[0].block_id, group, statuses)
                self._write(f"{self.name}-{self.books.written:06d}.pain002.xml", content)

    def _book(self, accepted: Sequence[Payment]) -> None:
        """Debit each; what cannot be credited comes back in the same file, with the reason."""
        for debtor in dict.fromkeys(each.debtor for each in accepted):
            entries = list[Entry]()
            for each in (payment for payment in accepted if payment.debtor == debtor):
                self.books.accounts[debtor].balance_fen -= each.amount_fen
                each.state = BOOKED
                short = 1 if each.number in self.wrong_amount_to else 0
                entries.append(self._entry_of(each, "DBIT", short_fen=short))
                if each.reason:
                    self._return(each, each.reason)
                    entries.append(self._entry_of(each, "CRDT", reason=each.reason))
                else:
                    self.books.accounts[each.number].balance_fen += each.amount_fen
            self._write_notice(debtor, entries)

    def _problem(self, each: Payment, left_fen: int) -> str:
        creditor = self.books.accounts.get(each.number)
        if left_fen < each.amount_fen:
            return TOO_LITTLE
        if creditor is None:
            return WRONG_NUMBER
        if not creditor.is_open:
            return CLOSED_ACCOUNT
        return WRONG_NAME if creditor.name != each.name else ""

    def _return(self, each: Payment, reason: str) -> None:
        if not each.reason:
            self.books.accounts[each.number].balance_fen -= each.amount_fen
        each.reason, each.is_back = reason, True
        self.books.accounts[each.debtor].balance_fen += each.amount_fen

    # ---------------------------------------------------------------- files

    def repeat_files(self) -> None:
        """Write every file again: under its name, and once more under another."""
        for each in list(self.books.letters):
            self.books.letters.append(each)
            self.books.letters.append(Letter(f"again-{each.name}", each.content))
        self.save()

    def _entry_of(self, each: Payment, side: str, *, short_fen: int = 0, reason: str = "") -> Entry:
        number = self._next_entry()
        each.entry = each.entry or number
        amount_fen = each.amount_fen - short_fen
        return Entry(number, side, amount_fen, each.name, each.number, each.reference, each.text, reason)

    def _write_notice(self, account: str, entries: Sequence[Entry], version: str = NOTICE) -> None:
        content = notice(self._next_name("N"), now(), account, entries, version)
        self._write(f"{self.name}-{self.books.written:06d}.camt054.xml", content)

    def _write(self, name: str, content: bytes) -> None:
        self.books.letters.append(Letter(name, content.decode()))

    def _next_name(self, letter: str) -> str:
        self.books.written += 1
        return f"{letter}{self.books.written:06d}"

    def _next_entry(self) -> str:
        self.books.entries += 1
        return f"E{self.books.entries:06d}"

    def save(self) -> None:
        if self._file is not None:
            replace(self._file, msgspec.json.encode(self.books))


def replace(file: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    beside = file.with_name(f".{file.name}.part")
    beside.write_bytes(content)
    beside.replace(file)
