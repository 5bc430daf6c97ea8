"""The operator's own keys where nobody gave any: made once, kept in the state folder, readable by its owner only."""

import os
import secrets
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet


class OperatorKeys(msgspec.Struct, frozen=True):
    """None of them can move a wage: they seal columns, sign sessions and pay gas (settings.py says which is which)."""

    jwt_key: str
    data_keys: str
    index_key: str
    relayer_key: str


def operator_keys(folder: Path) -> OperatorKeys:
    """Return the folder's keys, making them the first time."""
    file = folder / "keys.json"
    if not file.exists():
        made = OperatorKeys(
            jwt_key=secrets.token_hex(32), data_keys=Fernet.generate_key().decode(), index_key=secrets.token_hex(32),
            relayer_key=secrets.token_hex(32),
        )  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(msgspec.json.encode(made))
    return msgspec.json.decode(file.read_bytes(), type=OperatorKeys)
