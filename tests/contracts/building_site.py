"""A building site in a few words: its workers, its wage sheets, and what people sign there.

Everything is signed with real keys over digests computed in Python, and proved with trees built in Python: each test
that passes also shows that the server and the contracts agree.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from brownie import chain, web3
from msgspec import structs

from anxin.core.sheet_tree import SheetLine, SheetTree
from anxin.core.signing import (
    ESCROW_DOMAIN_NAME,
    P256_ORDER,
    REGISTRY_DOMAIN_NAME,
    SECP256K1_ORDER,
    Domain,
    SignerKey,
    WalletSignature,
    WorkerSignature,
    digest,
    pack,
)
from anxin.demo.keys import DeviceKey, Key, Passkey, Wallet

RP_ID = "localhost"
RP_ID_HASH = hashlib.sha256(RP_ID.encode()).digest()
ORIGIN = "https://localhost"
DAY_SECONDS = 86_400
WINDOW_SECONDS = 7 * DAY_SECONDS
GAS_CAP = 16_777_216  # of one transaction, EIP-7825
NOBODY = "0x0000000000000000000000000000000000000000"
KINDS = ("passkey", "wallet", "device")


def refusal(error: str, *values: object) -> str:
    """Return a custom error as Brownie words it: "Escrow_UnknownSheet: 3"."""
    return f"{error}: {', '.join(str(v).lower() if str(v).startswith('0x') else str(v) for v in values)}"


def word(text: str) -> bytes:
    """Return 32 bytes that stand for `text`."""
    return hashlib.sha256(text.encode()).digest()


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
    """A person with a key in hand and an account of their own."""

    worker_id: bytes
    key: Key
    payout: str

    @classmethod
    def named(cls, number: int, kind: str = "device") -> "Worker":
        payout = web3.to_checksum_address(f"0x{0xA11CE000 + number:040x}")
        return cls(word(f"worker {number}"), key_of(kind, 1_000 + number), payout)

    @property
    def assurance(self) -> int:
        return self.key.public.assurance


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

    def proof(self, indexes: Sequence[int]) -> tuple[list[bytes], list[bool]]:
        proof = self.tree.proof(indexes)
        return proof.hashes, proof.flags

    def words(self, indexes: Sequence[int] | None = None) -> list[tuple[Any, ...]]:
        return [line_words(self.lines[i]) for i in (range(len(self.lines)) if indexes is None else indexes)]

    def lines_and_proof(self, *indexes: int) -> tuple[int, list[tuple[Any, ...]], tuple[list[bytes], list[bool]]]:
        """The first arguments of `release` and `releaseUnsigned`."""
        return self.sheet_id, self.words(indexes), self.proof(indexes)

    def line_and_proof(self, index: int) -> tuple[int, tuple[Any, ...], tuple[list[bytes], list[bool]]]:
        """The first arguments of `contest`."""
        return self.sheet_id, line_words(self.lines[index]), self.proof([index])


def line_words(line: SheetLine) -> tuple[Any, ...]:
    return line.index, line.day_mask, line.amount_fen, line.worker_id, line.payslip_hash


@dataclass(frozen=True)
class Site:
    """One project's escrow and registry, and the people who sign for them."""

    escrow: Any
    registry: Any
    token: Any
    contractor: Wallet
    registrar: Wallet
    relayer: Any

    # ------------------------------------------------------------ domains

    def escrow_domain(self) -> Domain:
        return Domain(ESCROW_DOMAIN_NAME, web3.eth.chain_id, self.escrow.address)

    def registry_domain(self) -> Domain:
        return Domain(REGISTRY_DOMAIN_NAME, web3.eth.chain_id, self.registry.address)

    # ------------------------------------------------------------ people

    def enrolment(self, worker: Worker, *, deadline: int | None = None) -> tuple[Any, ...]:
        """Return the arguments of `enrol`, signed by the registrar and by the worker's key."""
        deadline = deadline or now() + DAY_SECONDS
        key = worker.key.public
        words = digest(
            self.registry_domain(),
            "Enrolment",
            {
                "workerId": worker.worker_id, "assurance": key.assurance, "x": key.x, "y": key.y,
                "payout": worker.payout, "deadline": deadline,
            },
        )  # fmt: skip
        return (
            worker.worker_id, key_words(key), worker.payout, deadline, self.registrar.address,
            self.registrar.sign_bytes(words), pack(worker.key.sign(words)),
        )  # fmt: skip

    def enrol(self, *workers: Worker) -> None:
        for worker in workers:
            self.registry.enrol(*self.enrolment(worker), {"from": self.relayer})

    def join_digest(
        self, worker: Worker, day_cap_fen: int, deadline: int, *, terms_hash: bytes = word("contract"),
        domain: Domain | None = None,
    ) -> bytes:  # fmt: skip
        values = {
            "workerId": worker.worker_id, "dayCap": day_cap_fen, "termsHash": terms_hash, "deadline": deadline,
        }  # fmt: skip
        return digest(domain or self.escrow_domain(), "Join", values)

    def joining(self, worker: Worker, *, day_cap_fen: int = 50_000, deadline: int | None = None) -> tuple[Any, ...]:
        """Return the arguments of `join`, signed by both."""
        deadline = deadline or now() + DAY_SECONDS
        words = self.join_digest(worker, day_cap_fen, deadline)
        signatures = self.contractor.sign_bytes(words), pack(worker.key.sign(words))
        return worker.worker_id, day_cap_fen, word("contract"), deadline, *signatures

    def join(self, *workers: Worker, day_cap_fen: int = 50_000) -> None:
        for worker in workers:
            self.escrow.join(*self.joining(worker, day_cap_fen=day_cap_fen), {"from": self.relayer})

    # ------------------------------------------------------------ sheets

    def sheet(self, workers: Sequence[Worker], *, amount_fen: int = 100_000) -> Sheet:
        """Return the next sheet, not yet posted: one line a worker, ten days each, each amount its own."""
        lines = [
            SheetLine(i, 0b11_1111_1111, amount_fen + i, worker.worker_id, word(f"payslip {i}"))
            for i, worker in enumerate(workers)
        ]
        return Sheet(self.escrow.sheetCount(), lines)

    def sign_sheet(self, sheet: Sheet, *, signer: Wallet | None = None, domain: Domain | None = None) -> bytes:
        first_day, last_day, payday, rules_hash, terms_root = sheet.header
        words = digest(
            domain or self.escrow_domain(),
            "Sheet",
            {
                "sheetId": sheet.sheet_id, "firstDay": first_day, "lastDay": last_day, "payday": payday,
                "rulesHash": rules_hash, "termsRoot": terms_root, "root": sheet.tree.root, "total": sheet.total_fen,
            },
        )  # fmt: skip
        return (signer or self.contractor).sign_bytes(words)

    def post(self, sheet: Sheet) -> Any:
        args = (sheet.sheet_id, sheet.header, sheet.words(), self.sign_sheet(sheet))
        return self.escrow.postSheet(*args, {"from": self.relayer})

    def posted(self, workers: Sequence[Worker], *, amount_fen: int = 100_000) -> Sheet:
        sheet = self.sheet(workers, amount_fen=amount_fen)
        self.post(sheet)
        return sheet

    def fund(self, amount_fen: int) -> None:
        self.token.approve(self.escrow, amount_fen, {"from": self.relayer})
        self.escrow.fund(amount_fen, word("memo"), {"from": self.relayer})

    # ------------------------------------------------------------ what a worker signs

    def confirmation_digest(
        self, sheet: Sheet, place: int, deadline: int, *, domain: Domain | None = None, **changed: Any
    ) -> bytes:
        """Return what the worker of a line signs; `changed` names fields signed otherwise than posted."""
        line = sheet.lines[place]
        values = {
            "sheetId": sheet.sheet_id, "index": line.index, "workerId": line.worker_id, "amount": line.amount_fen,
            "dayMask": line.day_mask, "payslipHash": line.payslip_hash, "deadline": deadline,
        }  # fmt: skip
        return digest(domain or self.escrow_domain(), "Confirmation", {**values, **changed})

    def confirm(
        self, worker: Worker, sheet: Sheet, place: int, *, deadline: int | None = None, **changed: Any
    ) -> tuple[int, bytes]:
        """Return the worker's confirmation of one line, as the contract takes it."""
        deadline = deadline or now() + 30 * DAY_SECONDS
        return deadline, pack(worker.key.sign(self.confirmation_digest(sheet, place, deadline, **changed)))

    def release(self, sheet: Sheet, workers: Sequence[Worker], *indexes: int) -> Any:
        """Release these lines, each signed by its worker (`workers[i]` is line i's)."""
        confirmations = [self.confirm(workers[i], sheet, i) for i in indexes]
        return self.escrow.release(*sheet.lines_and_proof(*indexes), confirmations, {"from": self.relayer})

    def objection(
        self, worker: Worker, sheet: Sheet, place: int, *, claimed_fen: int, claimed_days: int = 0b11_1111_1111,
        deadline: int | None = None, domain: Domain | None = None, **changed: Any,
    ) -> tuple[tuple[int, int, bytes, int], bytes]:  # fmt: skip
        """Return a worker's signed objection: the last arguments of `contest`."""
        line, deadline = sheet.lines[place], deadline or now() + 30 * DAY_SECONDS
        values = {
            "sheetId": sheet.sheet_id, "index": line.index, "workerId": line.worker_id, "amount": line.amount_fen,
            "dayMask": line.day_mask, "payslipHash": line.payslip_hash, "claimed": claimed_fen,
            "claimedDays": claimed_days, "evidenceHash": word("evidence"), "deadline": deadline,
        }  # fmt: skip
        words = digest(domain or self.escrow_domain(), "Contest", {**values, **changed})
        return (claimed_fen, claimed_days, word("evidence"), deadline), pack(worker.key.sign(words))


# ---------------------------------------------------------------- how a signature can be spoilt


def with_high_s(signature: WorkerSignature) -> WorkerSignature:
    """Return the other signature that the curve's arithmetic accepts for the same words."""
    if isinstance(signature, WalletSignature):
        r_s, v = bytes.fromhex(signature.signature[2:130]), int(signature.signature[130:], 16)
        high = SECP256K1_ORDER - int.from_bytes(r_s[32:])
        return WalletSignature("0x" + (r_s[:32] + high.to_bytes(32) + bytes([55 - v])).hex())  # 27 <-> 28
    return structs.replace(signature, s=f"0x{P256_ORDER - int(signature.s, 16):064x}")


def on_other_chain(domain: Domain) -> Domain:
    return replace(domain, chain_id=domain.chain_id + 1)
