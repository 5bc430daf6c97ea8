"""A chain with many events to read: months of wages of one crew, by the real contracts, two transactions a block.

    each month, a few sheets of 256 lines:  SheetPosted ► Released, Transfer ► (bank-paid) LineSettled, Burned
Nobody signs: the lines are paid by `releaseUnsigned` once the objection window is over, which emits what `release` does and
spares 256 signatures a sheet.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from anxin.chain.contracts import decode_result, encode_call
from anxin.core.calls import Call
from anxin.core.deployment import Deployment
from anxin.core.embedded import EmbeddedChain
from anxin.core.sheet_tree import SheetLine, SheetTree, pack_lines
from anxin.core.signing import Value, digest, pack
from anxin.demo.keys import DeviceKey, Wallet
from anxin.settings import ROOT
from anxin.stack import EMBEDDED_ACCOUNTS, EMBEDDED_ROLES, address_of

WORKERS = 256
BANK_PAID = 128  # of them; the others have payouts of their own
SHEETS_A_MONTH = 10
TRANSACTIONS_A_BLOCK = 2
DAY = 86_400
DEADLINE = 4_000_000_000
GAS = hex(16_000_000)
WORD = "0x" + "01" * 32
CONTRACTOR, REGISTRAR = (Wallet.from_hex(EMBEDDED_ACCOUNTS[name]) for name in ("contractor", "registrar"))
HEADER: dict[str, Value] = {"firstDay": 20_727, "lastDay": 20_757, "payday": 20_770, "rulesHash": WORD, "termsRoot": WORD}


async def deploy(chain: EmbeddedChain, out: Path) -> Deployment:
    """The real contracts, by the real script."""
    arguments = [
        "--rpc", chain.url, "--out", str(out), "--rp-id", "localhost", "--registrar", EMBEDDED_ROLES.registrar,
        "--bank", EMBEDDED_ROLES.bank, "--bureau", EMBEDDED_ROLES.bureau, "--guardian", EMBEDDED_ROLES.guardian,
        "--arbiter", EMBEDDED_ROLES.arbiter, "--witness", EMBEDDED_ROLES.witness, "--relayer", address_of("bureau"),
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "scripts" / "deploy.py"), *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, "ANXIN_DEPLOYER_KEY": EMBEDDED_ACCOUNTS["deployer"]},
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(output.decode())
    return Deployment.read(out)


class MonthsOfWages:
    """One escrow and its crew. `event_count`: emitted since the start."""

    def __init__(self, chain: EmbeddedChain, deployment: Deployment) -> None:
        self._chain = chain
        self._deployment = deployment
        self._sheets = 0
        self._sent: list[str] = []
        self.event_count = 0

    async def pay(self, events: int) -> None:
        """Month after month, until there are as many events."""
        await self._chain.rpc("evm_setAutomine", False)
        await self._open_escrow()
        for number in range(WORKERS):
            await self._enrol(number)
        await self._mine()
        while self.event_count < events:
            await self._month()

    async def _month(self) -> None:
        sheets = [await self._post() for _ in range(SHEETS_A_MONTH)]
        await self._mine()
        await self._chain.rpc("evm_increaseTime", 4 * DAY)
        for sheet_id, lines in sheets:
            arguments = {"sheetId": sheet_id, "lines": "0x" + pack_lines(lines).hex(), "proof": []}
            await self._send("deployer", "WageEscrow", self._escrow, "releaseUnsigned", **arguments)
        await self._mine()
        for sheet_id, lines in sheets:
            proof = SheetTree(lines).proof(range(BANK_PAID))
            arguments = {
                "escrow": self._escrow, "sheetId": sheet_id, "lines": "0x" + pack_lines(lines[:BANK_PAID]).hex(),
                "proof": ["0x" + each.hex() for each in proof], "receipt": f"0x{sheet_id:064x}",
            }  # fmt: skip
            await self._send("bank", "BankPayout", self._deployment.addresses.bank, "settleLines", **arguments)
        await self._mine()

    async def _open_escrow(self) -> None:
        factory, token, amount = self._deployment.addresses.factory, self._deployment.addresses.token, 10**15
        terms = {
            "project": WORD, "bureau": EMBEDDED_ROLES.bureau, "arbiter": EMBEDDED_ROLES.arbiter,
            "windows": {"objection": 3 * DAY, "answer": 3 * DAY, "bureau": 30 * DAY},
        }  # fmt: skip
        question = {"from": address_of("contractor"), "to": factory}
        question["data"] = encode_call(Call("", "WageEscrowFactory", factory, "createEscrow", terms))
        answer = await self._chain.rpc("eth_call", question, "latest")
        self._escrow = str(decode_result("WageEscrowFactory", "createEscrow", answer))
        await self._send("contractor", "WageEscrowFactory", factory, "createEscrow", **terms)
        await self._send("bank", "WageToken", token, "mint", to=address_of("contractor"), amount=amount, receipt=WORD)
        await self._send("contractor", "WageToken", token, "approve", spender=self._escrow, value=amount)
        await self._send("contractor", "WageEscrow", self._escrow, "fund", amount=amount, memo=WORD)
        await self._mine()

    async def _enrol(self, number: int) -> None:
        key, registry = DeviceKey.from_number(number + 7), self._deployment.registry_domain
        payout = self._deployment.addresses.bank if number < BANK_PAID else f"0x{0xF000 + number:040x}"
        public = key.public
        words: dict[str, Value] = {
            "workerId": _worker_id(number), "assurance": public.assurance, "x": public.x, "y": public.y, "payout": payout,
            "deadline": DEADLINE,
        }  # fmt: skip
        signed = digest(registry, "Enrolment", words)
        await self._send(
            "deployer", "WorkerRegistry", registry.contract, "enrol", workerId="0x" + _worker_id(number).hex(),
            key={"assurance": public.assurance, "x": public.x, "y": public.y}, payout=payout, deadline=DEADLINE,
            registrar=REGISTRAR.address, registrarSignature="0x" + REGISTRAR.sign_bytes(signed).hex(),
            workerProof="0x" + pack(key.sign(signed)).hex(),
        )  # fmt: skip

    async def _post(self) -> tuple[int, list[SheetLine]]:
        sheet_id, self._sheets = self._sheets, self._sheets + 1
        lines = [
            SheetLine(i, 0x03F7_EFDF, 812_345 + i, _worker_id(i), sheet_id.to_bytes(31) + bytes([i])) for i in range(WORKERS)
        ]
        total = sum(line.amount_fen for line in lines)
        words = {**HEADER, "sheetId": sheet_id, "root": SheetTree(lines).root, "total": total}
        signature = CONTRACTOR.sign_bytes(digest(self._deployment.escrow_domain(self._escrow), "Sheet", words))
        await self._send(
            "deployer", "WageEscrow", self._escrow, "postSheet", sheetId=sheet_id, header=HEADER,
            lines="0x" + pack_lines(lines).hex(), contractorSignature="0x" + signature.hex(),
        )  # fmt: skip
        return sheet_id, lines

    async def _send(self, sender: str, contract: str, to: str, function: str, /, **arguments: Any) -> None:
        data = encode_call(Call("", contract, to, function, arguments))
        sent = {"from": address_of(sender), "to": to, "data": data, "gas": GAS}
        self._sent.append(await self._chain.rpc("eth_sendTransaction", sent))
        if len(self._sent) == TRANSACTIONS_A_BLOCK:
            await self._mine()

    async def _mine(self) -> None:
        """Wait until what was sent is in a block, and count its events."""
        if self._sent:
            await self._chain.rpc("evm_mine")
        for tx_hash in self._sent:
            while (receipt := await self._chain.rpc("eth_getTransactionReceipt", tx_hash)) is None:
                await asyncio.sleep(0.001)
            if receipt["status"] != "0x1":
                raise SystemExit(f"the transaction {tx_hash} failed")
            self.event_count += len(receipt["logs"])
        self._sent = []


def _worker_id(number: int) -> bytes:
    return (number + 1).to_bytes(16) + bytes(16)
