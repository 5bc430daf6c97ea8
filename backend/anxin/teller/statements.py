"""What the bank's own files say has happened on the wage accounts: deposits, wages paid, rejected and come back. Pure.

Every file is read on its own, and may come twice, late and in any order: what is kept is the same. An entry is known again
by the bank's reference for it, so a copy adds nothing; a copy that says something else makes both nobody's (a doubt).
Nothing here knows what the chain expects: `plan` compares.
"""

from dataclasses import dataclass, field
from datetime import date

from anxin.bank.answers import check_answer
from anxin.bank.errors import BadFile, BadReference, UnknownMessage
from anxin.bank.iso20022 import fen_of, is_fen
from anxin.bank.references import parse_reference
from anxin.bank.xml import Element, all_at, at, read_document, text_at

_REJECTED = ("RJCT", "CANC")

Key = tuple[str, str, bool]  # account, the bank's reference, whether money came in


@dataclass(frozen=True, order=True, slots=True)
class Doubt:
    """What a person at the bank must look at. `subject` names an entry, a reference or a file; no personal data."""

    subject: str
    problem: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking on a wage account. `amount_fen` is None where the amount is in no fen of the currency expected."""

    entry_reference: str  # the bank's own
    account: str
    is_credit: bool
    amount_fen: int | None
    booked_on: date | None
    payment: str = ""  # our reference of a wage; empty for anything else
    text: str = ""  # what the payer wrote
    reason: str = ""  # ISO code, of money that came back
    is_reversal: bool = False  # of an entry that stood before, whichever


@dataclass
class Statement:
    """All that the bank has said so far. `rejected`: reason by the wage's reference."""

    currency: str = "CNY"
    entries: dict[Key, Entry] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    doubts: set[Doubt] = field(default_factory=set)
    contradicted: set[Key] = field(default_factory=set)
    files_read: int = 0

    @property
    def believed(self) -> list[Entry]:
        """In an order of their own, whatever order they came in."""
        return [self.entries[key] for key in sorted(self.entries.keys() - self.contradicted)]

    def add(self, name: str, content: bytes) -> None:
        """Read one file of the bank's. One that cannot be read is a doubt, and nothing of it counts."""
        self.files_read += 1
        try:
            document = read_document(content, name)
            if errors := check_answer(document):
                raise BadFile(name, errors)
        except BadFile as error:  # its own words may hold a name or an account
            self.doubts.add(Doubt(name, f"the file cannot be read: line {error.values['line']}, {error.values['field']}"))
            return
        except UnknownMessage as error:
            self.doubts.add(Doubt(name, str(error)))
            return
        body = document.root[0]
        if document.message.startswith("pain.002."):
            self._add_status(body)
        else:
            for notification in all_at(body, "Ntfctn"):
                account = text_at(notification, "Acct/Id/IBAN") or text_at(notification, "Acct/Id/Othr/Id")
                for entry in all_at(notification, "Ntry"):
                    self._add_entry(name, account, entry)

    def _add_status(self, body: Element) -> None:
        for each in all_at(body, "OrgnlPmtInfAndSts/TxInfAndSts"):
            reference, state = text_at(each, "OrgnlEndToEndId"), text_at(each, "TxSts")
            if state in _REJECTED and (wage := _wage(reference)):
                self.rejected[wage] = text_at(each, "StsRsnInf/Rsn/Cd") or text_at(each, "StsRsnInf/Rsn/Prtry")

    def _add_entry(self, name: str, account: str, entry: Element) -> None:
        """What is not booked yet comes again when it is."""
        if (text_at(entry, "Sts/Cd") or text_at(entry, "Sts")) != "BOOK":
            return
        own = text_at(entry, "AcctSvcrRef") or text_at(entry, "NtryRef")
        details = all_at(entry, "NtryDtls/TxDtls")
        for place, each in enumerate(details or [entry]):
            reference = text_at(each, "Refs/AcctSvcrRef") or (own if len(details) < 2 else f"{own}/{place}")
            if not own and reference in ("", f"/{place}"):
                self.doubts.add(Doubt(name, "an entry without any reference of the bank's"))
                continue
            self._keep(_entry(reference, account, entry, each, self.currency, alone=len(details) < 2))

    def _keep(self, entry: Entry) -> None:
        key = entry.account, entry.entry_reference, entry.is_credit
        known = self.entries.get(key)
        if key in self.contradicted or known == entry:
            return
        if known is None:
            self.entries[key] = entry
            return
        self.contradicted.add(key)
        self.doubts.add(Doubt(entry.entry_reference, "two entries that differ have this reference"))


def _entry(reference: str, account: str, entry: Element, each: Element, currency: str, *, alone: bool) -> Entry:
    amount = at(each, "Amt")
    if amount is None:
        amount = at(each, "AmtDtls/TxAmt/Amt")
    if amount is None and alone:
        amount = at(entry, "Amt")
    said = "" if amount is None or amount.get("Ccy") != currency else amount.text or ""
    payment, day = text_at(each, "Refs/EndToEndId"), (text_at(entry, "BookgDt/Dt") or text_at(entry, "BookgDt/DtTm"))[:10]
    return Entry(
        reference, account, (text_at(each, "CdtDbtInd") or text_at(entry, "CdtDbtInd")) == "CRDT",
        fen_of(said) if is_fen(said) else None, date.fromisoformat(day) if day else None,
        payment=_wage(payment), text=_remittance(entry, each, payment),
        reason=text_at(each, "RtrInf/Rsn/Cd") or text_at(each, "RtrInf/Rsn/Prtry"),
        is_reversal=text_at(entry, "RvslInd") in ("true", "1"),
    )  # fmt: skip


def _remittance(entry: Element, each: Element, payment: str) -> str:
    """All that the payer could write. Banks differ in where they put it."""
    words = [(line.text or "").strip() for line in all_at(each, "RmtInf/Ustrd")]
    words += [text_at(line, "CdtrRefInf/Ref") for line in all_at(each, "RmtInf/Strd")]
    words += [text_at(each, "AddtlTxInf"), text_at(entry, "AddtlNtryInf")]
    return " | ".join(word for word in (*words, payment) if word)


def _wage(reference: str) -> str:
    """Return a wage's reference in its one form; empty where it is none."""
    try:
        return str(parse_reference(reference))
    except BadReference:
        return ""
