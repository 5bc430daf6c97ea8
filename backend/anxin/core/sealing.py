"""Personal data at rest: sealed per column, found again only through a keyed index.

Names, phone numbers and pay slips are Fernet tokens (AES-128-CBC with HMAC); the first key seals, all keys open, so keys
rotate without a stop. A phone number is looked up by HMAC-SHA256 under a separate key: numbers are enumerable, so a plain
hash of one would be the number itself.
"""

import hmac
from hashlib import sha256

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Sealer:
    """Seals and opens text, and computes blind indexes."""

    def __init__(self, data_keys: str, index_key: str) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in data_keys.split(",")])
        self._index_key = bytes.fromhex(index_key)

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        return self._fernet.decrypt(sealed).decode()

    def index(self, text: str) -> bytes:
        return hmac.digest(self._index_key, text.encode(), sha256)


_sealer: Sealer | None = None


def use(sealer: Sealer) -> None:
    """Set the process's keys; called once at start."""
    global _sealer
    _sealer = sealer


def sealer() -> Sealer:
    if _sealer is None:
        raise RuntimeError("sealing.use() was not called")
    return _sealer


class Sealed(TypeDecorator[str]):
    """A text column that the database only ever sees sealed."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else sealer().seal(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else sealer().open(value)
