"""The bank's key: read from a file that only its owner may read."""

import stat
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.exceptions import ValidationError

from anxin.teller.errors import CannotTell

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_key(file: Path) -> LocalAccount:
    """Return the account of the key in `file`: 0x and 64 hexadecimal digits. Raises CannotTell."""
    try:
        mode, text = file.stat().st_mode, file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotTell(f"the key cannot be read from {file}: {error}") from error
    if mode & OTHERS:
        raise CannotTell(f"{file} can be read by others than its owner: chmod 600 it; take a new key if anybody has")
    try:
        account: LocalAccount = Account.from_key(text)
    except (ValueError, ValidationError) as error:
        raise CannotTell(f"{file} holds no key: 0x and 64 hexadecimal digits are needed") from error
    return account
