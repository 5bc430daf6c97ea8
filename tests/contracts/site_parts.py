"""What a building site is made of: its workers, its wage sheets, and the payments that events tell of."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from typing import Any

from brownie import chain, web3
from msgspec import structs

from anxin.core.sheet_tree import SheetLine, SheetTree, pack_lines
from anxin.core.signing import (
    P256_ORDER,
    SECP256K1_ORDER,
    Domain,
    PasskeySignature,
    SignerKey,
    WalletSignature,
    WorkerSignature,
)
from anxin.demo.keys import DeviceKey, Key, Passkey, Wallet

RP_ID = "localhost"
RP_ID_HASH = hashlib.sha256(RP_ID.encode()).digest()
ORIGIN = "https://localhost"
DAY_SECONDS = 86_400
OBJECTION_SECONDS, ANSWER_SECONDS, BUREAU_SECONDS = WINDOWS = (7 * DAY_SECONDS, 7 * DAY_SECONDS, 30 * DAY_SECONDS)
NOTICE_SECONDS, PAUSE_SECONDS = 30 * DAY_SECONDS, 7 * DAY_SECONDS
GAS_CAP = 16_777_216  # of one transaction, EIP-7825
NOBODY = "0x0000000000000000000000000000000000000000"
KINDS = ("passkey", "wallet", "device")
TEN_DAYS = 0b11_1111_1111
DAY_CAP_FEN = 50_000


def refusal(error: str, *values: object) -> str:
    """Return a custom error as Brownie words it: "Escrow_UnknownSheet: 3"."""
    return f"{error}: {', '.join(str(v).lower() if str(v).startswith('0x') else str(v) for v in values)}"


def word(text: str) -> bytes:
    """Return 32 bytes that stand for `text`."""
    return hashlib.sha256(text.encode()).digest()


def worker_id(text: str) -> bytes:
    """Return a worker id that stands for `text`: 16 bytes, then 16 zero bytes."""
    return word(text)[:16] + bytes(16)


def key_of(kind: str, number: int) -> Key:
    """Return the key that `number` makes: "passkey", "wallet" or "device"."""
    if kind == "passkey":
        return Passkey.from_number(number, RP_ID, ORIGIN)
    if kind == "wallet":
        return Wallet.from_hex(f"{number:064x}")
    return DeviceKey.from_number(number)


def key_words(key: SignerKey) -> tuple[int, str, str]:
    """Return the key as the registry takes it."""
    return key.assurance, key.x, key.y


def now() -> int:
    """Unix seconds of the newest block."""
    return int(chain[-1].timestamp)


def next_block_at(timestamp: int) -> None:
    """Let the next transaction run at exactly this time (Unix seconds)."""
    answer = web3.provider.make_request("evm_setNextBlockTimestamp", [timestamp])
    assert "error" not in answer, answer


@dataclass(frozen=True)
class Worker:
    """A person with a key in hand, paid into an account of their own or through the bank."""

    worker_id: bytes
    key: Key
    payout: str

    @classmethod
    def named(cls, number: int, kind: str = "device") -> "Worker":
        payout = web3.to_checksum_address(f"0x{0xA11CE000 + number:040x}")
        return cls(worker_id(f"worker {number}"), key_of(kind, 1_000 + number), payout)

    @property
    def assurance(self) -> int:
        return self.key.public.assurance


@dataclass(frozen=True)
class Payment:
    """A `Released` or `PayoutFailed` event, its packed word taken apart (Payments.sol)."""

    worker_id: bytes
    payout: str
    amount_fen: int
    sheet_id: int
    index: int
    assurance: int


def payments(transaction: Any, event_name: str = "Released") -> list[Payment]:
    """Return the payments that a transaction tells, in its order: "Released" or "PayoutFailed"."""
    if event_name not in transaction.events:
        return []
    return [
        payment_of(bytes.fromhex(str(event["workerId"])[2:]), bytes.fromhex(str(event["payment"])[2:]))
        for event in transaction.events[event_name]
    ]


def payment_of(who: bytes, packed: bytes) -> Payment:
    """Take a packed payment apart: payout 20 bytes, amount 8, sheetId 2, index 1, assurance 1."""
    return Payment(
        who, web3.to_checksum_address(packed[:20]), int.from_bytes(packed[20:28]), int.from_bytes(packed[28:30]),
        packed[30], packed[31],
    )  # fmt: skip


def indexes(transaction: Any, event_name: str = "Released") -> list[int]:
    """Return the indexes of the lines that `payments` tells of."""
    return [payment.index for payment in payments(transaction, event_name)]


@dataclass(frozen=True)
class Sheet:
    """A wage sheet as its contractor compiled it."""

    sheet_id: int
    lines: list[SheetLine]
    header: tuple[int, int, int, bytes, bytes] = (20_000, 20_030, 20_040, word("rules"), word("terms"))

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def tree(self) -> SheetTree:
        return SheetTree(self.lines)

    def packed(self, *places: int) -> bytes:
        """Return these lines, or all of them, as calls carry them."""
        return pack_lines([self.lines[i] for i in places or range(len(self.lines))])

    def lines_and_proof(self, *places: int) -> tuple[int, bytes, list[bytes]]:
        """The first arguments of every call that is about posted lines."""
        return self.sheet_id, self.packed(*places), self.tree.proof(places)

    def values(self, place: int) -> dict[str, Any]:
        """Return what each word about a line says of it."""
        line = self.lines[place]
        return {
            "sheetId": self.sheet_id, "index": line.index, "workerId": line.worker_id, "amount": line.amount_fen,
            "dayMask": line.day_mask, "payslipHash": line.payslip_hash,
        }  # fmt: skip

    def payment(self, place: int, worker: Worker, assurance: int | None = None) -> Payment:
        """Return what is told when this line is paid; `assurance` is that of the worker's key unless given."""
        line = self.lines[place]
        told = worker.assurance if assurance is None else assurance
        return Payment(line.worker_id, worker.payout, line.amount_fen, self.sheet_id, line.index, told)


# ---------------------------------------------------------------- signatures out of the ordinary


def client_data_of(challenge: bytes, *, ceremony: str = "webauthn.get", tail: str = "") -> str:
    """Return clientDataJSON as the WebAuthn standard serialises it, `tail` after the members every browser sends."""
    encoded = urlsafe_b64encode(challenge).rstrip(b"=").decode()
    return f'{{"type":"{ceremony}","challenge":"{encoded}","origin":"{ORIGIN}","crossOrigin":false{tail}}}'


def assertion(
    key: Passkey, client_data: str, *, flags: int = 0x05, extensions: bytes = b"", rp_id: str = RP_ID
) -> PasskeySignature:
    """Return the passkey's own signature over exactly this, however odd."""
    authenticator_data = hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + (1).to_bytes(4) + extensions
    signed = DeviceKey(key.private).sign(authenticator_data + hashlib.sha256(client_data.encode()).digest())
    return PasskeySignature(signed.r, signed.s, "0x" + authenticator_data.hex(), client_data)


def with_high_s(signature: WorkerSignature) -> WorkerSignature:
    """Return the other signature that the curve's arithmetic accepts for the same words."""
    if isinstance(signature, WalletSignature):
        r_s, v = bytes.fromhex(signature.signature[2:130]), int(signature.signature[130:], 16)
        high = SECP256K1_ORDER - int.from_bytes(r_s[32:])
        return WalletSignature("0x" + (r_s[:32] + high.to_bytes(32) + bytes([55 - v])).hex())  # 27 <-> 28
    return structs.replace(signature, s=f"0x{P256_ORDER - int(signature.s, 16):064x}")


def on_other_chain(domain: Domain) -> Domain:
    return replace(domain, chain_id=domain.chain_id + 1)
