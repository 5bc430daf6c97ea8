"""A chain to try the chain side on: the real contracts on an anvil of our own, and a wire to it that can fail."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from anxin.chain.contracts import decode_result, encode_call
from anxin.chain.rpc import Rpc
from anxin.core.calls import Call
from anxin.core.deployment import Deployment
from anxin.core.embedded import EmbeddedChain
from anxin.settings import ROOT
from anxin.stack import EMBEDDED_ACCOUNTS, EMBEDDED_ROLES, address_of

RELAYER_KEY = EMBEDDED_ACCOUNTS["bureau"]  # has gas, and nothing else to do here
RELAYER = address_of("bureau")


class ReorganisingChain(EmbeddedChain):
    """With every state in memory. anvil 1.7.1 keeps ten after its first thousand blocks, and goes back to one that it has
    written to disk without the contracts' code: from then on every call to a contract succeeds and does nothing."""

    def _options(self) -> list[str]:
        return [*super()._options(), "--prune-history", "100000"]


async def deploy(chain: EmbeddedChain, out: Path) -> Deployment:
    """The real contracts, by the real script."""
    arguments = [
        "--rpc", chain.url, "--out", str(out), "--rp-id", "localhost", "--registrar", EMBEDDED_ROLES.registrar,
        "--bank", EMBEDDED_ROLES.bank, "--bureau", EMBEDDED_ROLES.bureau, "--guardian", EMBEDDED_ROLES.guardian,
        "--arbiter", EMBEDDED_ROLES.arbiter, "--witness", EMBEDDED_ROLES.witness, "--relayer", RELAYER,
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "scripts" / "deploy.py"), *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, "ANXIN_DEPLOYER_KEY": EMBEDDED_ACCOUNTS["deployer"]},
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return Deployment.read(out)


@dataclass
class TestChain:
    """An anvil that mines when told to. Each test begins where the deployment ended."""

    __test__ = False

    anvil: EmbeddedChain
    deployment: Deployment
    rpc: Rpc
    snapshot: str = ""
    start: int = 0  # the last block of the deployment

    async def reset(self) -> None:
        if self.snapshot:
            await self("evm_revert", self.snapshot)
            await self("anvil_dropAllTransactions")
        self.snapshot = await self("evm_snapshot")
        self.start = await self.head()
        await self("evm_setAutomine", False)

    async def __call__(self, method: str, *params: Any) -> Any:
        return await self.rpc.call(method, *params)

    async def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            await self("evm_mine")

    async def head(self) -> int:
        return await self.rpc.head()

    async def nonce(self, address: str = RELAYER) -> int:
        return int(await self("eth_getTransactionCount", address, "latest"), 16)

    async def pending(self) -> list[str]:
        """Raw transactions' hashes in the pool, by nonce."""
        pool = (await self("txpool_content"))["pending"]
        mine = next((txs for address, txs in pool.items() if address.lower() == RELAYER.lower()), {})
        return [mine[nonce]["hash"] for nonce in sorted(mine, key=int)]

    async def approve(self, value: int) -> str:
        """A transaction with one event, of the contractor's; not mined yet. Returns its hash."""
        sender = address_of("contractor")
        data = encode_call(self.approval("", value))
        return str(await self("eth_sendTransaction", {"from": sender, "to": self.token, "data": data, "gas": "0x20000"}))

    async def escrow_with(self, amount_fen: int) -> str:
        """In one block: an escrow of the contractor's, tokens for the contractor, and their deposit. Returns the escrow."""
        project, contractor, factory = "0x" + "01" * 32, address_of("contractor"), self.deployment.addresses.factory
        windows = {"objection": 3 * 86400, "answer": 3 * 86400, "bureau": 30 * 86400}
        terms = {
            "project": project, "bureau": EMBEDDED_ROLES.bureau, "arbiter": EMBEDDED_ROLES.arbiter, "windows": windows,
        }  # fmt: skip
        create = encode_call(Call("", "WageEscrowFactory", factory, "createEscrow", terms))
        answer = await self("eth_call", {"from": contractor, "to": factory, "data": create}, "latest")
        escrow = decode_result("WageEscrowFactory", "createEscrow", answer)
        for sender, contract, to, function, arguments in (
            ("bank", "WageToken", self.token, "mint", {"to": contractor, "amount": amount_fen, "receipt": project}),
            ("contractor", "WageEscrowFactory", factory, "createEscrow", terms),
            ("contractor", "WageToken", self.token, "approve", {"spender": escrow, "value": amount_fen}),
            ("contractor", "WageEscrow", escrow, "fund", {"amount": amount_fen, "memo": project}),
        ):  # fmt: skip
            data = encode_call(Call("", contract, to, function, arguments))
            await self("eth_sendTransaction", {"from": address_of(sender), "to": to, "data": data, "gas": "0x80000"})
        await self.mine()
        return str(escrow)

    def approval(self, key: str, value: int) -> Call:
        return Call(key, "WageToken", self.token, "approve", {"spender": "0x" + "77" * 20, "value": value})

    @property
    def token(self) -> str:
        return self.deployment.addresses.token

    async def approvals(self, owner: str = RELAYER) -> list[int]:
        """The values of an owner's Approval events on the chain, in order."""
        topics = ["0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925", "0x" + owner[2:].rjust(64, "0")]
        logs = await self("eth_getLogs", {"fromBlock": "0x0", "address": self.token, "topics": topics})
        return [int(log["data"], 16) for log in logs]


@pytest.fixture(scope="session")
async def deployed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestChain]:
    folder = tmp_path_factory.mktemp("chain")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with ReorganisingChain(folder, port, save_every_seconds=3600) as anvil, Rpc(anvil.url) as rpc:
        yield TestChain(anvil, await deploy(anvil, folder / "deployment.json"), rpc)


@pytest.fixture
async def chain(deployed: TestChain) -> TestChain:
    await deployed.reset()
    return deployed


@pytest.fixture
async def wire(chain: TestChain) -> AsyncIterator["Wire"]:
    async with Wire(chain.anvil.url) as wire:
        yield wire


Fault = Callable[[list[dict[str, Any]]], str]

PASS, REFUSE, LOSE_REPLY, HALF_REPLY = "pass", "refuse", "lose reply", "half a reply"


def on_send(what: str) -> Fault:
    """`what` for requests that send a transaction; the others pass."""
    return lambda requests: what if any(r["method"] == "eth_sendRawTransaction" for r in requests) else PASS


def at_random(seed: int, share: float) -> Fault:
    dice = Random(seed)  # noqa: S311, a repeatable one is wanted
    return lambda _: dice.choice((REFUSE, LOSE_REPLY, HALF_REPLY)) if dice.random() < share else PASS


@dataclass
class Wire:
    """A proxy before a node. `fault` says what becomes of a request; `altered` may change an answer on its way."""

    node: str
    fault: Fault = lambda _: PASS
    altered: Callable[[list[dict[str, Any]], list[dict[str, Any]]], None] = lambda _requests, _answers: None
    seen: list[str] = field(default_factory=list)  # methods that reached the node

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            requests = json.loads(await _body(reader))
            what = self.fault(requests)
            if what != REFUSE:
                answers = await self._forward(requests)
                self.altered(requests, answers)
                reply = json.dumps(answers).encode()
                head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(reply)}\r\nconnection: close\r\n\r\n"
                if what != LOSE_REPLY:
                    writer.write(head.encode() + reply[: len(reply) // 2 if what == HALF_REPLY else None])
                    await writer.drain()
        finally:
            writer.close()

    async def _forward(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        host, port = self.node.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = json.dumps(requests).encode()
        head = f"POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answers: list[dict[str, Any]] = json.loads(await _body(reader))
        writer.close()
        self.seen += [each["method"] for each in requests]
        return answers


async def _body(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:"))
    return await reader.readexactly(length)
