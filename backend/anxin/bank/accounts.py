"""Account, bank and routing numbers: what can be said of them without asking a bank."""

import re

IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
ROUTING = re.compile(r"[0-9]{9}")  # UAE
CNAPS = re.compile(r"[0-9]{12}")  # China: 支付系统行号


def is_iban(text: str) -> bool:
    """Whether `text` has the form and the check digits of an IBAN (ISO 13616, mod 97)."""
    return bool(IBAN.fullmatch(text)) and int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % 97 == 1
