"""The reference a payment carries from us through the banks and back: EndToEndId of ISO 20022, at most 35 characters.

    AX L 0123456789ABCDEF 00000007 00FF 1 42
       │ │                │        │    │ └ check digits: no single wrong character passes
       │ │                │        │    └ attempt: a wage the bank gave back is paid again under another reference
       │ │                │        └ line, hex (0 for a dispute)
       │ │                └ sheet or dispute, hex
       │ └ the first 8 bytes of the escrow's address
       └ L a line of a sheet, D a dispute's grant

The same claim always gets the same reference: a file made twice says the same. Upper case and digits only, for banks
change case.

The attempt is how often the same wage was given to the bank before: the earlier final Released (or DisputePaid) events of
the line (or dispute) whose payout is the bank. A line is released again only after the bank gave it back; what a dispute
grants may come in two parts, each a payment with a reference of its own.
"""

import re
from dataclasses import dataclass
from typing import Literal

from anxin.bank.errors import BadReference

Kind = Literal["line", "dispute"]

_LETTERS: dict[Kind, str] = {"line": "L", "dispute": "D"}
_FORM = re.compile(r"AX([LD])([0-9A-F]{16})([0-9A-F]{8})([0-9A-F]{4})([0-9])([0-9]{2})")
ESCROW_DIGITS = 16


@dataclass(frozen=True, slots=True)
class ClaimReference:
    """Which wage a payment pays. `escrow` is the first 16 hex digits of its address, in lower case."""

    kind: Kind
    escrow: str
    number: int
    index: int = 0
    attempt: int = 0

    def is_of(self, escrow_address: str) -> bool:
        return escrow_address.lower().removeprefix("0x").startswith(self.escrow)

    def __str__(self) -> str:
        body = f"AX{_LETTERS[self.kind]}{self.escrow.upper()}{self.number:08X}{self.index:04X}{self.attempt}"
        return body + check_digits(body)


def claim_reference(
    escrow_address: str, number: int, index: int = 0, *, kind: Kind = "line", attempt: int = 0
) -> ClaimReference:
    """Return the reference of line `index` of sheet `number`, or of dispute `number`.

    Raises:
        BadReference: a part does not fit: sheet or dispute below 2³², line below 2¹⁶, at most nine attempts after the first.
    """
    reference = ClaimReference(kind, escrow_address.lower().removeprefix("0x")[:ESCROW_DIGITS], number, index, attempt)
    if not (0 <= number < 2**32 and 0 <= index < 2**16 and 0 <= attempt <= 9) or not _FORM.fullmatch(str(reference)):
        raise BadReference(reference=f"{escrow_address} {number}/{index}/{attempt}")
    return reference


def parse_reference(text: str) -> ClaimReference:
    """Return what a reference says. Raises BadReference for anything that is not exactly one of ours."""
    found = _FORM.fullmatch(text.strip().upper())
    if not found or _remainder(found.group()) != 1:
        raise BadReference(reference=text)
    letter, escrow, number, index, attempt, _ = found.groups()
    kind: Kind = "line" if letter == "L" else "dispute"
    return ClaimReference(kind, escrow.lower(), int(number, 16), int(index, 16), int(attempt))


def check_digits(body: str) -> str:
    """Return the two digits that go behind letters and digits in upper case."""
    return f"{98 - _remainder(body + '00'):02d}"


def _remainder(text: str) -> int:
    """ISO 7064 mod 97-10, with two digits a character: as IBANs spell letters but not digits, some slips would pass."""
    body, check = text[:-2], text[-2:]
    return int("".join(f"{int(each, 36):02d}" for each in body) + check) % 97
