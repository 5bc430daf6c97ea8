"""The firms of the demonstration: a bank that mirrors money, a contractor that funds and signs, a registrar's desk.

Each holds its own key and reaches the chain itself, as a wallet would; the backend sees signatures only.
"""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from anxin.chain.contracts import decode_refusal, decode_result, encode_call
from anxin.chain.rpc import Rpc, RpcError
from anxin.core.calls import Call
from anxin.core.clock import day_number
from anxin.core.deployment import Deployment
from anxin.core.sheet_tree import SheetLine, SheetTree
from anxin.core.signing import digest, from_hex
from anxin.demo.keys import Wallet

PROJECT = "anxin demo site 2026"
OBJECTION_WINDOW_SECONDS = 3 * 86400
GAS_MARGIN = 1.3


class Reverted(Exception):
    """The chain refused a transaction; the message is the contract's own error."""


@dataclass
class Party:
    """Somebody with a wallet and a node."""

    key: str
    rpc: Rpc
    deployment: Deployment

    @property
    def wallet(self) -> Wallet:
        return Wallet.from_hex(self.key)

    @property
    def address(self) -> str:
        return self.wallet.address

    async def send(self, contract: str, address: str, function: str, **arguments: Any) -> str:
        """Send a transaction and return its hash once it is mined. Raises Reverted."""
        data = encode_call(Call("", contract, address, function, arguments))
        to = to_checksum_address(address)
        try:
            gas = int(await self.rpc.call("eth_estimateGas", {"from": self.address, "to": to, "data": data}), 16)
        except RpcError as error:
            raise Reverted(str(decode_refusal(error.data, error.message))) from error
        fee = 2 * int((await self.rpc.call("eth_getBlockByNumber", "latest", False))["baseFeePerGas"], 16) + 10**9
        nonce = int(await self.rpc.call("eth_getTransactionCount", self.address, "pending"), 16)
        signed = Account.from_key(self.key).sign_transaction(
            {
                "to": to, "data": data, "value": 0, "nonce": nonce, "gas": int(gas * GAS_MARGIN), "type": 2,
                "chainId": self.deployment.chain_id, "maxFeePerGas": fee, "maxPriorityFeePerGas": 10**9,
            }
        )  # fmt: skip
        tx_hash: str = await self.rpc.call("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())
        while (receipt := await self.rpc.call("eth_getTransactionReceipt", tx_hash)) is None:
            await asyncio.sleep(0.1)
        if int(receipt["status"], 16) != 1:
            raise Reverted(f"{function} reverted in {tx_hash}")
        return tx_hash

    async def view(self, contract: str, address: str, function: str, **arguments: Any) -> Any:
        data = encode_call(Call("", contract, address, function, arguments))
        answer = await self.rpc.call("eth_call", {"to": address, "data": data}, "latest")
        return decode_result(contract, function, answer)


class Bank(Party):
    """Mirrors deposits as tokens, and names the address at which it receives each worker's wages."""

    def payout_of(self, worker_no: str) -> str:
        """The bank's own receiving address for one worker's account."""
        number = keccak(from_hex(self.key) + worker_no.encode()).hex()
        return Wallet.from_hex(number).address

    async def mirror(self, to: str, amount_fen: int, receipt: bytes) -> None:
        """Mint a deposit, once: a receipt that was mirrored before changes nothing."""
        token = self.deployment.addresses.token
        if not await self.view("WageToken", token, "receiptUsed", receipt="0x" + receipt.hex()):
            await self.send("WageToken", token, "mint", to=to, amount=amount_fen, receipt="0x" + receipt.hex())


class Contractor(Party):
    """Owns the escrow, signs labour contracts and wage sheets, pays in."""

    reference = keccak(text=PROJECT)

    async def open_escrow(self, bureau: str) -> str:
        """Return the project's escrow, making it the first time."""
        factory = self.deployment.addresses.factory
        arguments = {"contractor": self.address, "project": "0x" + self.reference.hex()}
        escrow: str = await self.view("WageEscrowFactory", factory, "escrowOf", **arguments)
        if int(escrow, 16) == 0:
            await self.send(
                "WageEscrowFactory", factory, "createEscrow", project=arguments["project"], bureau=bureau,
                objectionWindow=OBJECTION_WINDOW_SECONDS,
            )  # fmt: skip
            escrow = await self.view("WageEscrowFactory", factory, "escrowOf", **arguments)
        return escrow

    async def fund(self, escrow: str, amount_fen: int, memo: bytes) -> str:
        token = self.deployment.addresses.token
        await self.send("WageToken", token, "approve", spender=escrow, value=amount_fen)
        return await self.send("WageEscrow", escrow, "fund", amount=amount_fen, memo="0x" + memo.hex())

    def sign_join(self, escrow: str, message: dict[str, Any]) -> bytes:
        return self.wallet.sign_bytes(digest(self.deployment.escrow_domain(escrow), "Join", message))

    async def sign_sheets(self, http: httpx.AsyncClient, escrow: str) -> None:
        """Sign every sheet that waits, after computing root, total and digest again from its lines."""
        answer = await http.get(f"/api/projects/{escrow}/sheets")
        for sheet in answer.raise_for_status().json()["sheets"]:
            if sheet["state"] == "waiting":
                signature = self.wallet.sign_bytes(self._checked_digest(escrow, sheet))
                body = {"signature": "0x" + signature.hex()}
                (await http.put(f"/api/sheets/{sheet['digest']}/signature", json=body)).raise_for_status()

    def _checked_digest(self, escrow: str, sheet: dict[str, Any]) -> bytes:
        lines = [
            SheetLine(
                each["index"], each["dayMask"], each["amountFen"], from_hex(each["workerId"]), from_hex(each["payslipHash"])
            )
            for each in sheet["lines"]
        ]
        words = digest(
            self.deployment.escrow_domain(escrow),
            "Sheet",
            {
                "sheetId": sheet["sheetId"], "firstDay": _day(sheet["firstDay"]), "lastDay": _day(sheet["lastDay"]),
                "payday": _day(sheet["payday"]), "rulesHash": sheet["rulesHash"], "termsRoot": sheet["termsRoot"],
                "root": SheetTree(lines).root, "total": sum(line.amount_fen for line in lines),
            },
        )  # fmt: skip
        if "0x" + words.hex() != sheet["digest"]:
            raise ValueError("the sheet to sign is not the sheet that is shown")
        return words


class Registrar(Party):
    """The desk that sees each worker in person. In the demonstration it trusts whoever comes."""

    async def countersign_waiting(self, http: httpx.AsyncClient) -> int:
        """Sign every enrolment that waits; return how many there were."""
        waiting = (await http.get("/api/enrolments/waiting")).raise_for_status().json()["enrolments"]
        for enrolment in waiting:
            message = {
                "workerId": enrolment["workerId"], **enrolment["key"], "payout": enrolment["payout"],
                "deadline": enrolment["deadline"],
            }  # fmt: skip
            words = digest(self.deployment.registry_domain, "Enrolment", message)
            body = {"registrar": self.address, "signature": "0x" + self.wallet.sign_bytes(words).hex()}
            path = f"/api/enrolments/0x{words.hex()}/countersignature"
            (await http.put(path, json=body)).raise_for_status()
        return len(waiting)


def _day(text: str) -> int:
    return day_number(date.fromisoformat(text))
