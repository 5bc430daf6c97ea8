"""pain.001 (CustomerCreditTransferInitiation): the wages of a payday, as one message to the bank that holds their money.

One PmtInf per debtor account and payday, all of category SALA; EndToEndId says which wage (`references`). The same payments
get the same MsgId in whatever order they come, and the same bytes where they are of the same time: a resend is the same
message, which the bank knows again.

Version 09 (2019): what banks take now; version 03 (2009) is being withdrawn everywhere, and 10 and later are hardly taken.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from xml.etree import ElementTree

from anxin.bank.accounts import BIC, CNAPS, is_iban
from anxin.bank.errors import BadFile, NotPayable
from anxin.bank.text import check_name, check_reference, has_only_xml
from anxin.bank.xml import (
    NAMESPACE,
    Document,
    Element,
    all_at,
    at,
    read_document,
    schema_errors,
    text_at,
)
from anxin.core.tables import CellError

MESSAGE = "pain.001.001.09"
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
MAX_FEN = 10**15 - 1  # 18 digits with two after the point, less than any bank takes


@dataclass(frozen=True, slots=True)
class BankProfile:
    """What a bank wants that the standard leaves open."""

    currency: str = "CNY"
    latin_only: bool = False  # names outside the Latin set are an error: a name made up to fit would not match the account


CHINA = BankProfile()


@dataclass(frozen=True, slots=True)
class Account:
    """Whose, where. `bank` is a BIC or a Chinese clearing number (支付系统行号, 12 digits), or empty: the bank finds it."""

    name: str
    number: str
    bank: str = ""


@dataclass(frozen=True, slots=True)
class Credit:
    """One wage to one worker's own account."""

    reference: str
    creditor: Account
    amount_fen: int
    text: str = ""  # what the worker sees on the statement, at most 140 characters


@dataclass(frozen=True, slots=True)
class Debit:
    """A wage and the account and payday it is paid from."""

    debtor: Account
    payday: date
    credit: Credit


@dataclass(frozen=True, slots=True)
class Initiation:
    """A message: who asks, when it was made (UTC, whole seconds), what is to be paid."""

    initiator: str
    created_at: datetime
    debits: tuple[Debit, ...]
    message_id: str = ""  # given by `write_pain001`

    @property
    def total_fen(self) -> int:
        return sum(debit.credit.amount_fen for debit in self.debits)


def write_pain001(initiation: Initiation, profile: BankProfile = CHINA) -> bytes:
    """Return the message as XML, valid against its schema.

    Raises:
        NotPayable: a payment, named by its reference, cannot be put in a message, or the same reference is there twice.
    """
    debits = sorted(initiation.debits, key=_order)
    _check(debits, profile)
    root = ElementTree.Element("Document", xmlns=NAMESPACE + MESSAGE)
    body = _add(root, "CstmrCdtTrfInitn")
    header = _add(body, "GrpHdr")
    _add(header, "MsgId", "AX" + _fingerprint(initiation.initiator, debits))
    _add(header, "CreDtTm", initiation.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add_totals(header, debits)
    _add(_add(header, "InitgPty"), "Nm", initiation.initiator)
    for _, group in groupby(debits, key=lambda debit: (debit.debtor, debit.payday)):
        _add_payment(body, list(group), profile)
    ElementTree.indent(root, " ")
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    if errors := schema_errors(read_document(content, MESSAGE)):
        raise BadFile(MESSAGE, errors)
    return content


def read_pain001(content: bytes, name: str = MESSAGE, currency: str = "CNY") -> Initiation:
    """Return what a message of ours says. Raises BadFile, naming line and element of everything that is wrong."""
    document = read_document(content, name)
    errors = check_pain001(document, currency)
    if errors:
        raise BadFile(name, errors)
    body = document.root[0]
    debits = []
    for payment in all_at(body, "PmtInf"):
        debtor = _account(payment, "Dbtr")
        payday = date.fromisoformat(text_at(payment, "ReqdExctnDt/Dt"))
        for each in all_at(payment, "CdtTrfTxInf"):
            amount = fen_of(text_at(each, "Amt/InstdAmt"))
            credit = Credit(text_at(each, "PmtId/EndToEndId"), _account(each, "Cdtr"), amount, text_at(each, "RmtInf/Ustrd"))
            debits.append(Debit(debtor, payday, credit))
    created = datetime.fromisoformat(text_at(body, "GrpHdr/CreDtTm"))
    return Initiation(text_at(body, "GrpHdr/InitgPty/Nm"), created, tuple(debits), text_at(body, "GrpHdr/MsgId"))


def check_pain001(document: Document, currency: str = "CNY") -> list[CellError]:
    """Return what is wrong with a message: its form, then its sums, then its references."""
    if errors := schema_errors(document):
        return errors
    body = document.root[0]
    payments = all_at(body, "PmtInf")
    transactions = [each for payment in payments for each in all_at(payment, "CdtTrfTxInf")]
    errors = _sum_errors(document, body[0], transactions)
    for payment in payments:
        errors += _sum_errors(document, payment, all_at(payment, "CdtTrfTxInf"))
    seen = set[str]()
    for each in transactions:
        reference, amount = text_at(each, "PmtId/EndToEndId"), at(each, "Amt/InstdAmt")
        if reference in seen:
            errors.append(document.error(each, "EndToEndId", "the same reference a second time", reference))
        if amount is None:
            errors.append(document.error(each, "Amt", "an instructed amount is needed", reference))
        elif amount.get("Ccy") != currency or not is_fen(amount.text or ""):
            value = f"{amount.get('Ccy')} {amount.text}"
            errors.append(document.error(amount, "InstdAmt", f"an amount in {currency} with at most two decimals", value))
        seen.add(reference)
    return errors


# ------------------------------------------------------------------ amounts


def yuan_text(fen: int) -> str:
    """1234.56, as messages have it."""
    return f"{fen // 100}.{fen % 100:02d}"


def is_fen(text: str) -> bool:
    """Whether an amount of a message is positive and whole in fen."""
    amount = decimal_of(text)
    return amount is not None and amount * 100 == int(amount * 100) and 0 < amount * 100 <= MAX_FEN


def fen_of(text: str) -> int:
    return int(Decimal(text.strip()) * 100)


def decimal_of(text: str) -> Decimal | None:
    """Return a plain decimal number, or nothing: the schema lets "1 0" through, and Decimal takes "NaN" and "1_0"."""
    return Decimal(text.strip()) if _DECIMAL.fullmatch(text.strip()) else None


# ------------------------------------------------------------------ writing


def _order(debit: Debit) -> tuple[str, str, str, date, str]:
    debtor = debit.debtor
    return debtor.number, debtor.name, debtor.bank, debit.payday, debit.credit.reference


def _check(debits: Sequence[Debit], profile: BankProfile) -> None:
    """Raises NotPayable for the first payment that cannot go out."""
    if not debits:
        raise NotPayable(reference="-", field="CdtTrfTxInf", problem="nothing to pay")
    seen = set[str]()
    for debit in debits:
        credit = debit.credit
        if credit.reference in seen:
            raise NotPayable(reference=credit.reference, field="EndToEndId", problem="twice")
        for field, problem in problems_of(debit, profile):
            raise NotPayable(reference=credit.reference, field=field, problem=problem)
        seen.add(credit.reference)


def problems_of(debit: Debit, profile: BankProfile = CHINA) -> list[tuple[str, str]]:
    """Return why one payment cannot go out, each with its field; `Cdtr…` fields are the worker's."""
    credit = debit.credit
    problems = [
        ("EndToEndId", check_reference(credit.reference)),
        ("InstdAmt", "" if 0 < credit.amount_fen <= MAX_FEN else f"{credit.amount_fen} fen"),
        ("Ustrd", "" if len(credit.text) <= 140 and has_only_xml(credit.text) else "over 140 characters, or controls"),
        *account_problems("Dbtr", debit.debtor, profile), *account_problems("Cdtr", credit.creditor, profile),
    ]  # fmt: skip
    return [(field, problem) for field, problem in problems if problem]


def account_problems(side: str, account: Account, profile: BankProfile = CHINA) -> list[tuple[str, str]]:
    """Return what is said of each part of an account; nothing is said of one that is right."""
    return [
        (f"{side}/Nm", check_name(account.name, latin_only=profile.latin_only)),
        (f"{side}Acct", _account_problem(account.number)),
        (f"{side}Agt", "" if _is_bank(account.bank) else f"neither BIC nor CNAPS: {account.bank}"),
    ]


def _account_problem(number: str) -> str:
    looks_iban = number.isascii() and number[:2].isalpha() and number[2:4].isdigit()
    if looks_iban and not is_iban(number):
        return "the IBAN's check digits are wrong"
    if not (number.isascii() and number.isalnum() and 4 <= len(number) <= 34):
        return "an account number has 4 to 34 letters and digits"
    return ""


def _is_bank(bank: str) -> bool:
    return not bank or bool(BIC.fullmatch(bank) or CNAPS.fullmatch(bank))


def _fingerprint(*parts: object) -> str:
    """Thirty digits that only the same content has."""
    return sha256(repr(parts).encode()).hexdigest()[:30].upper()


def _add(parent: Element, tag: str, text: str = "") -> Element:
    element = ElementTree.SubElement(parent, tag)
    if text:
        element.text = text
    return element


def _add_totals(parent: Element, debits: Sequence[Debit]) -> None:
    _add(parent, "NbOfTxs", str(len(debits)))
    _add(parent, "CtrlSum", yuan_text(sum(debit.credit.amount_fen for debit in debits)))


def _add_payment(body: Element, debits: Sequence[Debit], profile: BankProfile) -> None:
    first = debits[0]
    payment = _add(body, "PmtInf")
    _add(payment, "PmtInfId", "AXP" + _fingerprint(*debits))
    _add(payment, "PmtMtd", "TRF")
    _add(payment, "BtchBookg", "false")  # each wage is told by itself in camt.054
    _add_totals(payment, debits)
    _add(_add(_add(payment, "PmtTpInf"), "CtgyPurp"), "Cd", "SALA")
    _add(_add(payment, "ReqdExctnDt"), "Dt", first.payday.isoformat())
    _add(_add(payment, "Dbtr"), "Nm", first.debtor.name)
    _add_number(_add(payment, "DbtrAcct"), first.debtor.number)
    _add_bank(payment, "DbtrAgt", first.debtor.bank, needed=True)
    _add(payment, "ChrgBr", "DEBT")  # a wage arrives whole
    for debit in debits:
        _add_credit(payment, debit.credit, profile)


def _add_credit(payment: Element, credit: Credit, profile: BankProfile) -> None:
    transaction = _add(payment, "CdtTrfTxInf")
    identity = _add(transaction, "PmtId")
    _add(identity, "InstrId", credit.reference)
    _add(identity, "EndToEndId", credit.reference)
    _add(_add(transaction, "Amt"), "InstdAmt", yuan_text(credit.amount_fen)).set("Ccy", profile.currency)
    _add_bank(transaction, "CdtrAgt", credit.creditor.bank)
    _add(_add(transaction, "Cdtr"), "Nm", credit.creditor.name)
    _add_number(_add(transaction, "CdtrAcct"), credit.creditor.number)
    if credit.text:
        _add(_add(transaction, "RmtInf"), "Ustrd", credit.text)


def _add_number(account: Element, number: str) -> None:
    identity = _add(account, "Id")
    if is_iban(number):
        _add(identity, "IBAN", number)
    else:
        _add(_add(identity, "Othr"), "Id", number)


def _add_bank(parent: Element, tag: str, bank: str, *, needed: bool = False) -> None:
    if not bank and not needed:
        return
    institution = _add(_add(parent, tag), "FinInstnId")
    if CNAPS.fullmatch(bank):
        member = _add(institution, "ClrSysMmbId")
        _add(_add(member, "ClrSysId"), "Cd", "CNAPS")
        _add(member, "MmbId", bank)
    elif bank:
        _add(institution, "BICFI", bank)
    else:
        _add(_add(institution, "Othr"), "Id", "NOTPROVIDED")


# ------------------------------------------------------------------ reading


def _account(parent: Element, side: str) -> Account:
    number = text_at(parent, f"{side}Acct/Id/IBAN") or text_at(parent, f"{side}Acct/Id/Othr/Id")
    institution = f"{side}Agt/FinInstnId"
    bank = text_at(parent, f"{institution}/BICFI") or text_at(parent, f"{institution}/ClrSysMmbId/MmbId")
    return Account(text_at(parent, f"{side}/Nm"), number, bank)


def _sum_errors(document: Document, holder: Element, transactions: Sequence[Element]) -> list[CellError]:
    """Compare a header's count and control sum with what is under it."""
    errors = []
    count, total = at(holder, "NbOfTxs"), at(holder, "CtrlSum")
    amounts = [decimal_of(text_at(each, "Amt/InstdAmt")) or Decimal(0) for each in transactions]
    if count is not None and int(count.text or 0) != len(transactions):
        errors.append(document.error(count, "NbOfTxs", f"there are {len(transactions)}", count.text or ""))
    if total is not None and decimal_of(total.text or "") != sum(amounts):
        errors.append(document.error(total, "CtrlSum", f"the amounts are {sum(amounts)}", total.text or ""))
    return errors
