"""The firms of the demonstration: a contractor that funds and signs, a registrar's desk, a bureau that decides.

Each holds its own key and reaches the chain itself, as a wallet would; the backend sees signatures only.
"""

import asyncio
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import httpx
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from anxin.chain.contracts import decode_refusal, decode_result, encode_call
from anxin.chain.reader import read_events
from anxin.chain.rpc import Rpc, RpcError
from anxin.core.calls import Call
from anxin.core.clock import day_number
from anxin.core.deployment import Deployment
from anxin.core.sheet_tree import SheetLine, SheetTree
from anxin.core.signing import Value, digest, from_hex
from anxin.demo.keys import Wallet
from anxin.projects.service import Windows

PROJECT = "anxin demo site 2026"
DAY_SECONDS = 86400
WINDOWS = Windows(objection_seconds=3 * DAY_SECONDS, answer_seconds=3 * DAY_SECONDS, bureau_seconds=30 * DAY_SECONDS)
SIGNED_FOR_SECONDS = 30 * DAY_SECONDS
GAS_MARGIN = 1.3
MINED_WITHIN_SECONDS = 20


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
        """Send a transaction and return its hash once it is mined.

        Raises Reverted; TimeoutError where it is lost, as when the node was killed.
        """
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
        async with asyncio.timeout(MINED_WITHIN_SECONDS):
            while (receipt := await self.rpc.call("eth_getTransactionReceipt", tx_hash)) is None:
                await asyncio.sleep(0.1)
        if int(receipt["status"], 16) != 1:
            raise Reverted(f"{function} reverted in {tx_hash}")
        return tx_hash

    async def view(self, contract: str, address: str, function: str, **arguments: Any) -> Any:
        data = encode_call(Call("", contract, address, function, arguments))
        answer = await self.rpc.call("eth_call", {"to": address, "data": data}, "latest")
        return decode_result(contract, function, answer)


    async def chain_deadline(self) -> int:
        """A month from now, by the chain's clock."""
        block = await self.rpc.call("eth_getBlockByNumber", "latest", False)
        return int(block["timestamp"], 16) + SIGNED_FOR_SECONDS

    async def sign_dispute(
        self, http: httpx.AsyncClient, path: str, type_name: str, body: dict[str, Any], message: dict[str, Value]
    ) -> None:
        """Send a signed word about a dispute. Raises what the server answers."""
        deadline = await self.chain_deadline()
        words = digest(
            self.deployment.escrow_domain(body["escrow"]), type_name,
            {"disputeId": body["disputeId"], "deadline": deadline, **message},
        )  # fmt: skip
        signature = "0x" + self.wallet.sign_bytes(words).hex()
        answer = await http.put(f"{path}/0x{words.hex()}", json={**body, "deadline": deadline, "signature": signature})
        answer.raise_for_status()


class Contractor(Party):
    """Owns the escrow, signs labour contracts and wage sheets, pays in."""

    reference = keccak(text=PROJECT)

    async def open_escrow(self, bureau: str, arbiter: str) -> str:
        """Return the project's escrow, making it the first time."""
        factory = self.deployment.addresses.factory
        arguments = {"contractor": self.address, "project": "0x" + self.reference.hex()}
        escrow: str = await self.view("WageEscrowFactory", factory, "escrowOf", **arguments)
        if int(escrow, 16) == 0:
            await self.send(
                "WageEscrowFactory", factory, "createEscrow", project=arguments["project"], bureau=bureau,
                arbiter=arbiter, windows=WINDOWS.on_chain,
            )  # fmt: skip
            escrow = await self.view("WageEscrowFactory", factory, "escrowOf", **arguments)
        return escrow

    async def fund(self, escrow: str, amount_fen: int, memo: bytes) -> str:
        """Pay in, once under a memo: what is on the chain under it already is not paid in again."""
        for event in await read_events(self.rpc, self.deployment, await self.rpc.head()):
            if (event.name, event.args.get("memo"), event.address.lower()) == ("Funded", "0x" + memo.hex(), escrow.lower()):
                return event.tx_hash
        token = self.deployment.addresses.token
        await self.send("WageToken", token, "approve", spender=escrow, value=amount_fen)
        return await self.send("WageEscrow", escrow, "fund", amount=amount_fen, memo="0x" + memo.hex())

    async def answer(
        self, http: httpx.AsyncClient, escrow: str, dispute_id: int, *, admitted_fen: int, evidence: str
    ) -> None:
        """Admit a part of what a worker asks."""
        body = {"escrow": escrow, "disputeId": dispute_id, "admittedFen": admitted_fen, "evidence": evidence}
        message: dict[str, Value] = {
            "admitted": admitted_fen, "evidenceHash": sha256(evidence.encode()).digest(),
        }  # fmt: skip
        await self.sign_dispute(http, "/api/answers", "Answer", body, message)

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


class Bureau(Party):
    """Decides what worker and contractor do not agree on."""

    async def resolve(
        self, http: httpx.AsyncClient, escrow: str, dispute_id: int, *, award_fen: int, reasons: str
    ) -> None:
        body = {"escrow": escrow, "disputeId": dispute_id, "awardFen": award_fen, "reasons": reasons}
        message: dict[str, Value] = {"award": award_fen, "orderHash": sha256(reasons.encode()).digest()}
        await self.sign_dispute(http, "/api/resolutions", "Resolution", body, message)


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
