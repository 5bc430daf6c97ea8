"""Keys as people's devices hold them: a passkey in software, a browser's device key, a wallet.

They sign exactly as the devices do, so what passes here passes on the contract. Low s, as the phone's page sends it.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from coincurve import PrivateKey as WalletPrivateKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_utils.crypto import keccak

from anxin.core.signing import (
    DEVICE,
    P256_ORDER,
    PASSKEY,
    WALLET,
    DeviceSignature,
    PasskeySignature,
    SignerKey,
    WalletSignature,
)

PRESENT_AND_VERIFIED = 0x05


def _word(number: int) -> str:
    return f"0x{number:064x}"


def _sign_p256(private: ec.EllipticCurvePrivateKey, message: bytes) -> tuple[str, str]:
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
    return _word(r), _word(min(s, P256_ORDER - s))


@dataclass(frozen=True)
class DeviceKey:
    """A browser's P-256 key (WebCrypto)."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def from_number(cls, number: int) -> "DeviceKey":
        return cls(ec.derive_private_key(number, ec.SECP256R1()))

    @property
    def public(self) -> SignerKey:
        point = self.private.public_key().public_numbers()
        return SignerKey(DEVICE, _word(point.x), _word(point.y))

    def sign(self, digest: bytes) -> DeviceSignature:
        return DeviceSignature(*_sign_p256(self.private, digest))


@dataclass(frozen=True)
class Passkey:
    """A platform authenticator's credential for one web domain."""

    private: ec.EllipticCurvePrivateKey
    rp_id: str
    origin: str

    @classmethod
    def from_number(cls, number: int, rp_id: str, origin: str) -> "Passkey":
        return cls(ec.derive_private_key(number, ec.SECP256R1()), rp_id, origin)

    @property
    def public(self) -> SignerKey:
        point = self.private.public_key().public_numbers()
        return SignerKey(PASSKEY, _word(point.x), _word(point.y))

    def sign(self, digest: bytes, *, flags: int = PRESENT_AND_VERIFIED, counter: int = 1) -> PasskeySignature:
        authenticator_data = hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + counter.to_bytes(4)
        client_data = json.dumps(
            {
                "type": "webauthn.get",
                "challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "origin": self.origin,
                "crossOrigin": False,
            },
            separators=(",", ":"),
        )
        signed = authenticator_data + hashlib.sha256(client_data.encode()).digest()
        r, s = _sign_p256(self.private, signed)
        return PasskeySignature(r, s, "0x" + authenticator_data.hex(), client_data)


@dataclass(frozen=True)
class Wallet:
    """A secp256k1 account."""

    private: WalletPrivateKey

    @classmethod
    def from_hex(cls, private_key: str) -> "Wallet":
        return cls(WalletPrivateKey.from_hex(private_key.removeprefix("0x")))

    @property
    def address(self) -> str:
        """0x, lower case."""
        return "0x" + keccak(self.private.public_key.format(compressed=False)[1:])[-20:].hex()

    @property
    def public(self) -> SignerKey:
        return SignerKey(WALLET, "0x" + self.address[2:].rjust(64, "0"), _word(0))

    def sign(self, digest: bytes) -> WalletSignature:
        return WalletSignature("0x" + self.sign_bytes(digest).hex())

    def sign_bytes(self, digest: bytes) -> bytes:
        """r ‖ s ‖ v, 65 bytes."""
        signature = self.private.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])


Key = DeviceKey | Passkey | Wallet
