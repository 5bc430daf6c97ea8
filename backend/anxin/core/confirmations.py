"""Workers' confirmations as `release` carries them: packed, one after the other (Confirmations.sol).

A confirmation is kind 1 · deadline 8 · payout 20 (left out where the kind says it) · what the key needs. The kind is the
key's assurance, plus 128 where the bank pays, or 64 where a wallet is paid at its own address. What follows the challenge in
passkeys' clientDataJSON is the same for most phones, so a call carries a list of such tails, and a confirmation the position
of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anxin.core.signing import (
    WALLET,
    DeviceSignature,
    PasskeySignature,
    SignerKey,
    WalletSignature,
    WorkerSignature,
    from_hex,
)

TO_BANK: Final = 0x80
TO_SIGNER: Final = 0x40
MAX_TAILS: Final = 256
CLIENT_DATA_START: Final = b'{"type":"webauthn.get","challenge":"'
CHALLENGE_CHARACTERS: Final = 43  # 32 bytes in base64url
HAS_EXTENSIONS: Final = 0x80
ADDRESS_BYTES: Final = 20
AUTHENTICATOR_DATA_BYTES: Final = 37  # without extensions


@dataclass(frozen=True)
class PackedConfirmation:
    """What one worker signed, and what the contract compares with the registry. `deadline` in Unix seconds."""

    key: SignerKey
    payout: str
    to_bank: bool
    deadline: int
    signature: WorkerSignature


def can_be_packed(signature: WorkerSignature) -> bool:
    """Whether `release` can carry it. Others go through `releaseLine`: their clientDataJSON is not as the standard says."""
    if not isinstance(signature, PasskeySignature):
        return True
    authenticator_data = from_hex(signature.authenticator_data)
    has_extensions = bool(authenticator_data[32] & HAS_EXTENSIONS)
    is_longer = len(authenticator_data) > AUTHENTICATOR_DATA_BYTES
    return signature.client_data_json.encode().startswith(CLIENT_DATA_START) and has_extensions == is_longer


def pack_confirmations(confirmations: Sequence[PackedConfirmation]) -> tuple[bytes, list[bytes]]:
    """Return the bytes of `confirmations` and the tails they refer to.

    Raises ValueError where a signature cannot be packed, or where more than 256 tails differ.
    """
    tails: list[bytes] = []
    packed = b"".join(_packed(confirmation, tails) for confirmation in confirmations)
    return packed, tails


def _packed(confirmation: PackedConfirmation, tails: list[bytes]) -> bytes:
    kind, payout = _kind_and_payout(confirmation)
    return kind.to_bytes(1) + confirmation.deadline.to_bytes(8) + payout + _body(confirmation, tails)


def _kind_and_payout(confirmation: PackedConfirmation) -> tuple[int, bytes]:
    key = confirmation.key
    if confirmation.to_bank:
        return key.assurance | TO_BANK, b""
    payout = from_hex(confirmation.payout)
    if key.assurance == WALLET and payout == from_hex(key.x)[-ADDRESS_BYTES:]:
        return key.assurance | TO_SIGNER, b""
    return key.assurance, payout


def _body(confirmation: PackedConfirmation, tails: list[bytes]) -> bytes:
    key, signature = confirmation.key, confirmation.signature
    if isinstance(signature, WalletSignature):
        return from_hex(signature.signature)
    words = from_hex(key.x) + from_hex(key.y) + from_hex(signature.r) + from_hex(signature.s)
    if isinstance(signature, DeviceSignature):
        return words
    if not can_be_packed(signature):
        raise ValueError("clientDataJSON does not begin as the WebAuthn standard says")
    authenticator_data = from_hex(signature.authenticator_data)
    extensions = authenticator_data[AUTHENTICATOR_DATA_BYTES:]
    tail = _tail_number(signature, tails)
    length = len(extensions).to_bytes(2) if extensions else b""
    return words + authenticator_data[32:AUTHENTICATOR_DATA_BYTES] + tail.to_bytes(1) + length + extensions


def _tail_number(signature: PasskeySignature, tails: list[bytes]) -> int:
    tail = signature.client_data_json.encode()[len(CLIENT_DATA_START) + CHALLENGE_CHARACTERS + 1 :]
    if tail not in tails:
        if len(tails) == MAX_TAILS:
            raise ValueError(f"more than {MAX_TAILS} different clientDataJSON tails in one batch")
        tails.append(tail)
    return tails.index(tail)
