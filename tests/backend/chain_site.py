"""A site on the test chain itself: an escrow with money, workers with enrolled keys, posted sheets. No database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.chain import TestChain

from anxin.chain.contracts import encode_call
from anxin.core.calls import Call
from anxin.core.confirmations import PackedConfirmation, pack_confirmations
from anxin.core.relay_file import RelayFile, relay_file
from anxin.core.sheet_tree import SheetLine, SheetTree, pack_lines
from anxin.core.signing import Value, digest, pack
from anxin.demo.keys import DeviceKey, Key, Wallet
from anxin.stack import EMBEDDED_ACCOUNTS, address_of

DEADLINE = 4_000_000_000
FIRST_DAY, LAST_DAY, PAYDAY = 20_727, 20_757, 20_770  # days since 1970
ZERO = "0x" + "00" * 32
CONTRACTOR, REGISTRAR = (Wallet.from_hex(EMBEDDED_ACCOUNTS[name]) for name in ("contractor", "registrar"))


@dataclass
class OnChainSite:
    """Workers are numbers from 0; their keys are device keys, paid at addresses of their own."""

    chain: TestChain
    escrow: str
    keys: list[Key] = field(default_factory=list)
    sheets: list[list[SheetLine]] = field(default_factory=list)

    async def send(self, sender: str, contract: str, to: str, function: str, /, **arguments: Any) -> str:
        """From one of the chain's own accounts; not mined yet. Returns the transaction's hash."""
        data = encode_call(Call("", contract, to, function, arguments))
        transaction = {"from": address_of(sender), "to": to, "data": data, "gas": hex(1_000_000)}
        return str(await self.chain("eth_sendTransaction", transaction))

    def worker_id(self, number: int) -> bytes:
        return (number + 1).to_bytes(16) + bytes(16)

    def payout(self, number: int) -> str:
        return f"0x{0xF000 + number:040x}"

    def enrolment(self, number: int, key: Key) -> Call:
        public, registry = key.public, self.chain.deployment.registry_domain
        payout = self.payout(number)
        words: dict[str, Value] = {
            "workerId": self.worker_id(number), "assurance": public.assurance, "x": public.x, "y": public.y,
            "payout": payout, "deadline": DEADLINE,
        }  # fmt: skip
        signed = digest(registry, "Enrolment", words)
        arguments = {
            "workerId": "0x" + self.worker_id(number).hex(),
            "key": {"assurance": public.assurance, "x": public.x, "y": public.y}, "payout": payout, "deadline": DEADLINE,
            "registrar": REGISTRAR.address, "registrarSignature": "0x" + REGISTRAR.sign_bytes(signed).hex(),
            "workerProof": "0x" + pack(key.sign(signed)).hex(),
        }  # fmt: skip
        return Call(f"enrol {number}", "WorkerRegistry", registry.contract, "enrol", arguments)

    async def enrol(self, count: int, new_key: Callable[[int], Key] = DeviceKey.from_number) -> None:
        """The next `count` workers, with keys made from numbers."""
        for number in range(len(self.keys), len(self.keys) + count):
            self.keys.append(new_key(number + 7))
            call = self.enrolment(number, self.keys[-1])
            await self.send("deployer", call.contract, call.address, call.function, **call.arguments)
        while int((await self.chain("txpool_status"))["pending"], 16):
            await self.chain.mine()

    def sheet(self, amounts_fen: Sequence[int], sheet_id: int) -> Call:
        """The contractor's signed sheet with a line for each amount, one a worker."""
        lines = [
            SheetLine(index, 0b111, amount, self.worker_id(index), bytes([index]) * 32)
            for index, amount in enumerate(amounts_fen)
        ]
        header = {
            "firstDay": FIRST_DAY, "lastDay": LAST_DAY, "payday": PAYDAY, "rulesHash": ZERO, "termsRoot": ZERO,
        }  # fmt: skip
        words = {**header, "sheetId": sheet_id, "root": SheetTree(lines).root, "total": sum(amounts_fen)}
        signature = CONTRACTOR.sign_bytes(digest(self.chain.deployment.escrow_domain(self.escrow), "Sheet", words))
        self.sheets[sheet_id:] = [lines]
        arguments = {
            "sheetId": sheet_id, "header": header, "lines": "0x" + pack_lines(lines).hex(),
            "contractorSignature": "0x" + signature.hex(),
        }  # fmt: skip
        return Call(f"postSheet {sheet_id}", "WageEscrow", self.escrow, "postSheet", arguments)

    async def post(self, *amounts_fen: int) -> None:
        call = self.sheet(amounts_fen, len(self.sheets))
        await self.send("deployer", call.contract, call.address, call.function, **call.arguments)
        await self.chain.mine()

    def words(self, index: int, sheet_id: int = 0, deadline: int = DEADLINE) -> dict[str, Value]:
        line = self.sheets[sheet_id][index]
        return {
            "sheetId": sheet_id, "index": index, "workerId": line.worker_id, "amount": line.amount_fen,
            "dayMask": line.day_mask, "payslipHash": line.payslip_hash, "deadline": deadline,
        }  # fmt: skip

    def release(self, count: int) -> Call:
        """All of the first sheet's lines in one call, packed."""
        lines, domain = self.sheets[0], self.chain.deployment.escrow_domain(self.escrow)
        packed, tails = pack_confirmations([
            PackedConfirmation(
                self.keys[index].public, self.payout(index), self.payout(index) == self.chain.deployment.bank, DEADLINE,
                self.keys[index].sign(digest(domain, "Confirmation", self.words(index))),
            )
            for index in range(count)
        ])  # fmt: skip
        arguments = {
            "sheetId": 0, "lines": "0x" + pack_lines(lines[:count]).hex(),
            "proof": ["0x" + each.hex() for each in SheetTree(lines).proof(range(count))],
            "confirmations": "0x" + packed.hex(), "tails": ["0x" + tail.hex() for tail in tails],
        }  # fmt: skip
        return Call("release", "WageEscrow", self.escrow, "release", arguments)

    def confirmation(self, index: int, *, key: Key | None = None, deadline: int = DEADLINE) -> RelayFile:
        """What the line's worker signed, as a file."""
        deployment, lines = self.chain.deployment, self.sheets[0]
        words = self.words(index, deadline=deadline)
        signed = digest(deployment.escrow_domain(self.escrow), "Confirmation", words)
        arguments = {
            "sheetId": 0, "line": "0x" + lines[index].packed().hex(),
            "proof": ["0x" + each.hex() for each in SheetTree(lines).proof([index])], "deadline": deadline,
            "signature": "0x" + pack((key or self.keys[index]).sign(signed)).hex(),
        }  # fmt: skip
        return relay_file(deployment, Call("", "WageEscrow", self.escrow, "releaseLine", arguments), words)


@pytest.fixture
async def chain_site(chain: TestChain) -> OnChainSite:
    """An escrow that holds 100,000 fen."""
    return OnChainSite(chain, await chain.escrow_with(100_000))
