"""The reference that somebody who pays into the wage account writes on the transfer: whose the money is.

    AXF 0123456789ABCDEF 17                            an escrow, by the first 8 bytes of its address: funds that escrow
    AXW 0123456789ABCDEF0123456789ABCDEF01234567 17    a wallet, by its whole address: the wallet funds what it likes
                                            └ check digits, as in `references`: no single wrong character passes

It is found anywhere in the transfer's text, in either case and with blanks in it, for banks change both. A text with none,
or with two that differ, is for a person to look at: whose money it is is never guessed.
"""

import re
from dataclasses import dataclass
from typing import Literal

from anxin.bank.errors import BadReference
from anxin.bank.references import ESCROW_DIGITS, check_digits

Purpose = Literal["escrow", "wallet"]

_LETTERS: dict[Purpose, str] = {"escrow": "AXF", "wallet": "AXW"}
_DIGITS: dict[Purpose, int] = {"escrow": ESCROW_DIGITS, "wallet": 40}
_FORM = re.compile(r"AXF[0-9A-F]{16}[0-9]{2}|AXW[0-9A-F]{40}[0-9]{2}")


@dataclass(frozen=True, slots=True)
class DepositReference:
    """`digits`: of the address, lower-case hex without 0x: its beginning for an escrow, all of it for a wallet."""

    purpose: Purpose
    digits: str

    def is_of(self, address: str) -> bool:
        return address.lower().removeprefix("0x").startswith(self.digits)

    def __str__(self) -> str:
        body = _LETTERS[self.purpose] + self.digits.upper()
        return body + check_digits(body)


def deposit_reference(address: str, purpose: Purpose = "escrow") -> DepositReference:
    """Return what to write on a transfer for this escrow or wallet (0x address). Raises BadReference."""
    digits = address.lower().removeprefix("0x")
    if not re.fullmatch(r"[0-9a-f]{40}", digits):
        raise BadReference(reference=address)
    return DepositReference(purpose, digits[: _DIGITS[purpose]])


def find_deposit_reference(text: str) -> DepositReference | None:
    """Return the one reference in a transfer's text; None where there is none, or more than one that counts."""
    found = set[DepositReference]()
    for match in _FORM.findall(re.sub(r"\s", "", text.upper())):
        if check_digits(match[:-2]) == match[-2:]:
            purpose: Purpose = "escrow" if match.startswith(_LETTERS["escrow"]) else "wallet"
            found.add(DepositReference(purpose, match[3:-2].lower()))
    return found.pop() if len(found) == 1 else None
