"""How ID and account numbers travel: AES in CBC mode, PKCS#7, Base64. Key: the app secret; IV: its first 16 characters.

So it is in the platform's standard. The same number is the same text each time: this hides it on the way, and no more.
"""

from base64 import b64decode, b64encode
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from anxin.realname.errors import BadAppSecret

BLOCK_BYTES = 16
SECRET_FIELDS = frozenset(
    {
        "idCardNumber", "payRollBankCardNumber", "payBankCardNumber", "pmIDCardNumber", "responsiblePersonIDNumber",
        "bankNumber",
    }
)  # fmt: skip


def encrypt(text: str, secret: str) -> str:
    """Raises BadAppSecret."""
    padder, cipher = padding.PKCS7(8 * BLOCK_BYTES).padder(), _cipher(secret).encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return b64encode(cipher.update(padded) + cipher.finalize()).decode()


def decrypt(text: str, secret: str) -> str:
    """Raises BadAppSecret; ValueError for what was not encrypted with this secret."""
    unpadder, cipher = padding.PKCS7(8 * BLOCK_BYTES).unpadder(), _cipher(secret).decryptor()
    padded = cipher.update(b64decode(text, validate=True)) + cipher.finalize()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def with_secrets_encrypted(value: Any, secret: str) -> Any:
    """Return a call's data with each field of `SECRET_FIELDS` encrypted, wherever it is."""
    if isinstance(value, list):
        return [with_secrets_encrypted(each, secret) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: encrypt(each, secret) if name in SECRET_FIELDS and each else with_secrets_encrypted(each, secret)
        for name, each in value.items()
    }


def _cipher(secret: str) -> Cipher[modes.CBC]:
    key = secret.encode()
    if len(key) not in (16, 24, 32):
        raise BadAppSecret(length=len(key))
    return Cipher(algorithms.AES(key), modes.CBC(key[:BLOCK_BYTES]))
