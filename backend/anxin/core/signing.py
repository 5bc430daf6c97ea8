"""What people sign, and whether a signature is theirs: the contracts' own rules, in Python.

The server checks every signature before it keeps it, with the same answer the contract will give (SignerKeys.sol), so
that a mistake is told at once and not by a reverted transaction. It can check; it holds no key that could sign.

Sources: EIP-712 (typed data), WebAuthn Level 3 §6.1 and §7.2 (assertions), SEC 1 §4.1 (ECDSA), EIP-2 (low s).
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from sha3 import keccak_256

PASSKEY: Final = 4
WALLET: Final = 3
DEVICE: Final = 2

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECP256K1_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

REGISTRY_DOMAIN_NAME: Final = "Anxin WorkerRegistry"
ESCROW_DOMAIN_NAME: Final = "Anxin WageEscrow"
ANCHOR_DOMAIN_NAME: Final = "Anxin EvidenceAnchor"
TOKEN_DOMAIN_NAME: Final = "Anxin wage fen"  # noqa: S105 - a name; ERC-2612's, by the token's name

# The contracts' type strings: name → (Solidity type, field) in order.
TYPES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "Enrolment": (
        ("bytes32", "workerId"), ("uint8", "assurance"), ("bytes32", "x"), ("bytes32", "y"), ("address", "payout"),
        ("uint256", "deadline"),
    ),
    "Join": (("bytes32", "workerId"), ("uint64", "dayCap"), ("bytes32", "termsHash"), ("uint256", "deadline")),
    "Sheet": (
        ("uint256", "sheetId"), ("uint32", "firstDay"), ("uint32", "lastDay"), ("uint32", "payday"),
        ("bytes32", "rulesHash"), ("bytes32", "termsRoot"), ("bytes32", "root"), ("uint256", "total"),
    ),
    "Confirmation": (
        ("uint256", "sheetId"), ("uint8", "index"), ("bytes32", "workerId"), ("uint64", "amount"),
        ("uint32", "dayMask"), ("bytes32", "payslipHash"), ("uint64", "deadline"),
    ),
    "Rotation": (
        ("bytes32", "workerId"), ("uint8", "assurance"), ("bytes32", "x"), ("bytes32", "y"), ("uint256", "nonce"),
        ("uint256", "deadline"),
    ),
    "PayoutChange": (
        ("bytes32", "workerId"), ("address", "payout"), ("uint256", "nonce"), ("uint256", "deadline"),
    ),
    "Recovery": (
        ("bytes32", "workerId"), ("uint8", "assurance"), ("bytes32", "x"), ("bytes32", "y"), ("address", "bureau"),
        ("uint256", "nonce"), ("uint256", "deadline"),
    ),
    "RecoveryCancel": (("bytes32", "workerId"), ("uint256", "nonce"), ("uint256", "deadline")),
    "Claim": (
        ("bytes32", "workerId"), ("uint64", "amount"), ("uint32", "firstDay"), ("uint32", "dayMask"),
        ("bytes32", "evidenceHash"), ("uint64", "deadline"),
    ),
    "Answer": (
        ("uint256", "disputeId"), ("uint64", "admitted"), ("bytes32", "evidenceHash"), ("uint64", "deadline"),
    ),
    "Resolution": (
        ("uint256", "disputeId"), ("uint64", "award"), ("bytes32", "orderHash"), ("uint64", "deadline"),
    ),
    "BondDraw": (("uint256", "amount"), ("bytes32", "orderHash"), ("uint64", "deadline")),
    "ClosingNotice": (("uint64", "count"), ("uint64", "deadline")),
    "Closing": (("uint64", "count"), ("uint64", "deadline")),
    "Evidence": (("bytes32", "topic"), ("uint32", "day"), ("bytes32", "root")),
    "Contest": (
        ("uint256", "sheetId"), ("uint8", "index"), ("bytes32", "workerId"), ("uint64", "amount"),
        ("uint32", "dayMask"), ("bytes32", "payslipHash"), ("uint64", "claimed"), ("uint32", "claimedDays"),
        ("bytes32", "evidenceHash"), ("uint64", "deadline"),
    ),
}  # fmt: skip

# Words that stay off chain. They are signed in the domain of a contract that knows none of them: they move nothing.
# `Balance`, the bank's, is in the token's domain; the others are in the escrow's.
OFF_CHAIN_TYPES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "Punch": (("bytes32", "workerId"), ("uint8", "direction"), ("uint64", "at"), ("bytes32", "hintHash")),
    "FundConsent": (
        ("bytes32", "workerId"), ("address", "fund"), ("uint16", "shareBasisPoints"), ("uint32", "fromDay"),
        ("uint64", "deadline"),
    ),
    "Correction": (("bytes32", "correctionId"), ("bytes32", "workerId"), ("bytes32", "contentHash")),
    "Balance": (("uint64", "at"), ("uint256", "amountFen")),
}

Value = int | str | bytes

_UNSIGNED: Final = {f"uint{bits}": bits for bits in range(8, 257, 8)}
_P256: Final = ec.SECP256R1()
_OF_SHA256: Final = ec.ECDSA(Prehashed(hashes.SHA256()))


def _keccak(content: bytes) -> bytes:
    return bytes(keccak_256(content).digest())


_DOMAIN_TYPEHASH = _keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_ALL_TYPES = {**TYPES, **OFF_CHAIN_TYPES}
_TYPEHASHES = {
    name: _keccak(f"{name}({','.join(f'{kind} {field}' for kind, field in fields)})".encode())
    for name, fields in _ALL_TYPES.items()
}


@dataclass(frozen=True)
class Domain:
    """Where a signature counts: one contract on one chain."""

    name: str
    chain_id: int
    contract: str

    def separator(self) -> bytes:
        return _separator(self)


@lru_cache(maxsize=4096)
def _separator(domain: Domain) -> bytes:
    names = (_DOMAIN_TYPEHASH, _keccak(domain.name.encode()), _keccak(b"1"))
    return _keccak(b"".join(names) + _word("uint256", domain.chain_id) + _word("address", domain.contract))


class SignerKey(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A key that signs for someone: assurance 4 passkey, 3 wallet, 2 device key; x and y are 0x-hex of 32 bytes."""

    assurance: int
    x: str
    y: str


class DeviceSignature(msgspec.Struct, frozen=True, tag="device", tag_field="kind", forbid_unknown_fields=True):
    """ECDSA over P-256 and SHA-256 of the 32-byte digest, as WebCrypto signs. r and s are 0x-hex of 32 bytes."""

    r: str
    s: str


class PasskeySignature(
    msgspec.Struct, frozen=True, tag="passkey", tag_field="kind", rename="camel", forbid_unknown_fields=True
):
    """A WebAuthn assertion whose challenge is the digest. Bytes are 0x-hex; clientDataJson is the text as signed."""

    r: str
    s: str
    authenticator_data: str
    client_data_json: str


class WalletSignature(msgspec.Struct, frozen=True, tag="wallet", tag_field="kind", forbid_unknown_fields=True):
    """65 bytes r ‖ s ‖ v over the digest, 0x-hex."""

    signature: str


WorkerSignature = DeviceSignature | PasskeySignature | WalletSignature


def digest(domain: Domain, type_name: str, message: Mapping[str, Value]) -> bytes:
    """Return the 32-byte EIP-712 digest of `message`.

    Args:
        type_name: a key of `TYPES` or `OFF_CHAIN_TYPES`.
        message: a value for each of that type's fields; bytes32 as bytes or 0x-hex.

    Raises ValueError, TypeError where a value is none of its field's kind.
    """
    words = b"".join(_word(kind, message[field]) for kind, field in _ALL_TYPES[type_name])
    return _keccak(b"\x19\x01" + domain.separator() + _keccak(_TYPEHASHES[type_name] + words))


def _word(kind: str, value: Value) -> bytes:
    """One value as the ABI lays it out: 32 bytes, numbers and addresses to the right, bytes to the left."""
    raw = from_hex(value) if isinstance(value, str) else value
    if isinstance(raw, int):
        bits = _UNSIGNED.get(kind, 0)
        if isinstance(raw, bool) or not 0 <= raw < 1 << bits:
            raise ValueError(f"{raw} is no {kind}")
        return raw.to_bytes(32)
    if kind == "bytes32" and len(raw) <= 32:
        return raw.ljust(32, b"\0")
    if kind == "address" and len(raw) == 20:
        return raw.rjust(32, b"\0")
    raise ValueError(f"{len(raw)} bytes are no {kind}")


def from_hex(text: str) -> bytes:
    """Return the bytes of 0x-hex. Raises ValueError where it is not."""
    if not text.startswith("0x"):
        raise ValueError("not 0x-hex")
    return bytes.fromhex(text[2:])


def has_low_s(signature: WorkerSignature) -> bool:
    """Whether s is in the lower half of its group: each signature has one accepted form, so it cannot be varied."""
    if isinstance(signature, WalletSignature):
        return int.from_bytes(from_hex(signature.signature)[32:64]) <= SECP256K1_ORDER // 2
    return int(signature.s, 16) <= P256_ORDER // 2


def is_signed_by(key: SignerKey, message_digest: bytes, signature: WorkerSignature, rp_id_hash: bytes) -> bool:
    """Whether `signature` over `message_digest` is by `key`: the answer of SignerKeys.isValid on chain.

    Args:
        rp_id_hash: SHA-256 of the web domain whose passkeys count (32 bytes).
    """
    try:
        if not has_low_s(signature):
            return False
        if isinstance(signature, DeviceSignature):
            return key.assurance == DEVICE and _p256(key, hashlib.sha256(message_digest).digest(), signature)
        if isinstance(signature, PasskeySignature):
            return key.assurance == PASSKEY and _passkey(key, message_digest, signature, rp_id_hash)
        signer = recover_wallet(message_digest, from_hex(signature.signature))
        return key.assurance == WALLET and signer == _address(key)
    except ValueError:
        return False


def recover_wallet(message_digest: bytes, signature: bytes) -> str | None:
    """Return the 0x address, lower case, that signed; None where nobody can have, s is high, or v is not 27 or 28."""
    if len(signature) != 65 or signature[64] not in (27, 28) or int.from_bytes(signature[32:64]) > SECP256K1_ORDER // 2:
        return None
    try:
        signer = Signature(signature[:64] + bytes([signature[64] - 27])).recover_public_key_from_msg_hash(message_digest)
    except (BadSignature, ValidationError):
        return None
    return signer.to_address()


def pack(signature: WorkerSignature) -> bytes:
    """Return the bytes the contract takes (SignerKeys.isValid says which)."""
    if isinstance(signature, WalletSignature):
        return from_hex(signature.signature)
    r, s = from_hex(signature.r), from_hex(signature.s)
    if isinstance(signature, DeviceSignature):
        return r + s
    client_data = signature.client_data_json
    return abi_encode(
        ["bytes32", "bytes32", "uint256", "uint256", "bytes", "string"],
        [
            r, s, _index(client_data, '"challenge":"'), _index(client_data, '"type":"'),
            from_hex(signature.authenticator_data), client_data,
        ],
    )  # fmt: skip


def unpack(key: SignerKey, packed: bytes) -> WorkerSignature:
    """Return what `pack` made into bytes; `key` says of which kind it is."""
    if key.assurance == WALLET:
        return WalletSignature("0x" + packed.hex())
    if key.assurance == DEVICE:
        return DeviceSignature("0x" + packed[:32].hex(), "0x" + packed[32:].hex())
    r, s, _, _, authenticator_data, client_data = abi_decode(
        ["bytes32", "bytes32", "uint256", "uint256", "bytes", "string"], packed
    )
    return PasskeySignature("0x" + r.hex(), "0x" + s.hex(), "0x" + authenticator_data.hex(), client_data)


def _index(client_data: str, member: str) -> int:
    """Browsers differ in what they put around the members; an index counts bytes of UTF-8."""
    position = client_data.encode().find(member.encode())
    if position < 0:
        raise ValueError(f"clientDataJSON lacks {member}")
    return position


def _passkey(key: SignerKey, message_digest: bytes, signature: PasskeySignature, rp_id_hash: bytes) -> bool:
    authenticator_data = from_hex(signature.authenticator_data)
    client_data = signature.client_data_json.encode()
    challenge = urlsafe_b64encode(message_digest).rstrip(b"=")
    if len(authenticator_data) < 37 or authenticator_data[:32] != rp_id_hash:
        return False
    flags = authenticator_data[32]
    present, verified, eligible, backed_up = flags & 1, flags & 4, flags & 8, flags & 16
    if not (present and verified) or (backed_up and not eligible):
        return False
    if not client_data[_index(signature.client_data_json, '"type":"') :].startswith(b'"type":"webauthn.get"'):
        return False
    if not client_data[_index(signature.client_data_json, '"challenge":"') :].startswith(
        b'"challenge":"' + challenge + b'"'
    ):
        return False
    return _p256(key, hashlib.sha256(authenticator_data + hashlib.sha256(client_data).digest()).digest(), signature)


def _p256(key: SignerKey, hashed: bytes, signature: DeviceSignature | PasskeySignature) -> bool:
    r, s = from_hex(signature.r), from_hex(signature.s)
    if len(r) != 32 or len(s) != 32:
        return False
    point = ec.EllipticCurvePublicNumbers(int(key.x, 16), int(key.y, 16), _P256)
    try:
        point.public_key().verify(
            encode_dss_signature(int.from_bytes(r), int.from_bytes(s)), hashed, _OF_SHA256
        )
    except InvalidSignature:
        return False
    return True


def is_usable(key: SignerKey) -> bool:
    """Whether a key could ever sign: a wallet address, or a point on P-256 (SignerKeys.isUsable)."""
    try:
        x, y = from_hex(key.x), from_hex(key.y)
        if len(x) != 32 or len(y) != 32:
            return False
        if key.assurance == WALLET:
            return not any(x[:12]) and any(x) and not any(y)
        ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), _P256).public_key()
    except ValueError:
        return False
    return key.assurance in (PASSKEY, DEVICE)


def _address(key: SignerKey) -> str:
    return "0x" + key.x[-40:].lower()
