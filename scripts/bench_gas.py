"""What a wage costs in gas, beside a plain loop of transfers on the same chain in the same minute: `make bench-gas`.

Starts an anvil of its own (osaka, the transaction gas cap of EIP-7825 enforced), deploys the contracts as built, enrols 256
workers of each kind of key, and pays them twice: a first time into empty accounts, then again. Prints a table and writes
build/bench-gas.json. `--check` compares with contracts/gas-snapshot.json and fails where a figure rose by more than 1 %;
`--snapshot` writes that file anew.
"""

import argparse
import hashlib
import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from web3 import HTTPProvider, Web3

from anxin.core.confirmations import PackedConfirmation, pack_confirmations
from anxin.core.sheet_tree import SheetLine, SheetTree, pack_lines
from anxin.core.signing import ESCROW_DOMAIN_NAME, REGISTRY_DOMAIN_NAME, Domain, digest, from_hex, pack
from anxin.demo.keys import DeviceKey, Key, Passkey, Wallet

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench-gas.json"
SNAPSHOT = ROOT / "contracts" / "gas-snapshot.json"
WORKERS = 256
GAS_CAP = 16_777_216  # EIP-7825
GAS_TOKENS = 1_000_000_000
TARGETS = {
    "release_secp_repeat": 18_500,
    "release_passkey_repeat": 26_500,
    "release_passkey_bank_repeat": 18_500,
    "post_line": 2_500,
}
RP_ID, ORIGIN = "localhost", "https://localhost"
DAY = 86_400
WINDOWS = (7 * DAY, 7 * DAY, 30 * DAY)
REGISTRAR_ROLE, BANK_ROLE, BUREAU_ROLE, PAYOUT_ROLE, ARBITER_ROLE = 1, 2, 3, 5, 7  # contracts/Roles.sol
KEYS = {
    "secp": lambda n: Wallet.from_hex(f"{n:064x}"),
    "p256": DeviceKey.from_number,
    "passkey": lambda n: Passkey.from_number(n, RP_ID, ORIGIN),
}


def word(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True)
class Worker:
    worker_id: bytes
    key: Key
    payout: str


class Bench:
    """The contracts on a fresh chain, and the figures gathered so far: name → gas a worker."""

    def __init__(self, url: str, artifacts: Path) -> None:
        self.web3 = Web3(HTTPProvider(url))
        self.artifacts = artifacts
        self.contractor, self.bureau, self.registrar = (Wallet.from_hex(f"{n:064x}") for n in (0xC0, 0xB0, 0xE6))
        self.figures: dict[str, int] = {}
        self.largest = 0

    # ------------------------------------------------------------ chain

    def access_list(self, call: Any) -> dict[str, Any]:
        """The storage the call will read, told beforehand as the relayer does (EIP-2930): 100 gas less a word."""
        transaction = call.build_transaction({"from": self.account, "gas": GAS_CAP, "gasPrice": 0, "chainId": 31337})
        question = {"from": self.account, "to": transaction["to"], "data": transaction["data"], "gas": hex(GAS_CAP)}
        answer = self.web3.provider.make_request("eth_createAccessList", [question, "latest"])
        return {"accessList": answer["result"]["accessList"]}

    def send(self, call: Any, *, gas: int = GAS_CAP, **more: Any) -> Any:
        sent = call.transact({"from": self.account, "gas": gas, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0, **more})
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.005)
        if receipt["status"] != 1:
            call.call({"from": self.account, "gas": gas})  # says why
            raise RuntimeError(f"{call.fn_name} failed")
        return receipt

    def deploy(self, name: str, *arguments: Any) -> Any:
        built = json.loads((self.artifacts / f"{name}.json").read_text())
        factory = self.web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
        receipt = self.send(factory.constructor(*arguments))
        return self.web3.eth.contract(receipt["contractAddress"], abi=built["abi"])

    def at(self, name: str, address: str) -> Any:
        return self.web3.eth.contract(address, abi=json.loads((self.artifacts / f"{name}.json").read_text())["abi"])

    def now(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def set_up(self) -> None:
        self.account = self.web3.eth.accounts[0]
        roles = self.deploy("RoleManager", self.account)
        self.token = self.deploy("WageToken", roles.address)
        self.registry = self.deploy("WorkerRegistry", roles.address, hashlib.sha256(RP_ID.encode()).digest())
        implementation = self.deploy("WageEscrow")
        factory = self.deploy(
            "WageEscrowFactory", implementation.address, self.token.address, self.registry.address, roles.address
        )
        self.bank = self.at("BankPayout", factory.functions.bank().call())
        mint, burn = self._selector("mint(address,uint256,bytes32)"), self._selector("burn(uint256,bytes32)")
        self.send(roles.functions.setTargetFunctionRole(self.token.address, [mint], BANK_ROLE))
        self.send(roles.functions.setTargetFunctionRole(self.token.address, [burn], PAYOUT_ROLE))
        settle = [self._selector("settleLines(address,uint256,bytes,bytes32[],bytes32)")]
        self.send(roles.functions.setTargetFunctionRole(self.bank.address, settle, BANK_ROLE))
        holders = [(BANK_ROLE, self.account), (PAYOUT_ROLE, self.bank.address), (ARBITER_ROLE, self.web3.eth.accounts[5])]
        for role, holder in (*holders, (BUREAU_ROLE, Web3.to_checksum_address(self.bureau.address))):
            self.send(roles.functions.grantRole(role, holder, 0))
        self.send(roles.functions.grantRole(REGISTRAR_ROLE, Web3.to_checksum_address(self.registrar.address), 0))
        contractor = Web3.to_checksum_address(self.contractor.address)
        self.web3.provider.make_request("anvil_impersonateAccount", [contractor])
        make = factory.functions.createEscrow(
            word("site"), Web3.to_checksum_address(self.bureau.address), self.web3.eth.accounts[5], WINDOWS
        )
        sent = make.transact({"from": contractor, "gasPrice": 0})
        self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.005)
        self.escrow = self.at("WageEscrow", factory.functions.escrowOf(contractor, word("site")).call())
        self.send(self.token.functions.mint(self.account, 10**15, word("deposit")))
        self.send(self.token.functions.approve(self.escrow.address, 10**15))

    @staticmethod
    def _selector(signature: str) -> bytes:
        return bytes(Web3.keccak(text=signature)[:4])

    # ------------------------------------------------------------ people and sheets

    def escrow_words(self, kind: str, **values: Any) -> bytes:
        return digest(Domain(ESCROW_DOMAIN_NAME, self.web3.eth.chain_id, self.escrow.address), kind, values)

    def crew(self, kind: str, *, to_bank: bool = False) -> list[Worker]:
        """Enrol 256 workers with this kind of key, paid into empty accounts of their own or by the bank."""
        workers = []
        first = (1 + list(KEYS).index(kind)) * 10_000 + (5_000 if to_bank else 0)
        for number in range(first, first + WORKERS):
            key = KEYS[kind](number)
            own = key.address if isinstance(key, Wallet) else word(f"payout {number}")[:20]  # a wallet is its own payout
            payout = self.bank.address if to_bank else Web3.to_checksum_address(own)
            workers.append(Worker(word(f"worker {number}")[:16] + bytes(16), key, payout))
        domain = Domain(REGISTRY_DOMAIN_NAME, self.web3.eth.chain_id, self.registry.address)
        gas = 0
        for worker in workers:
            public, deadline = worker.key.public, self.now() + DAY
            words = digest(domain, "Enrolment", {
                "workerId": worker.worker_id, "assurance": public.assurance, "x": public.x, "y": public.y,
                "payout": worker.payout, "deadline": deadline,
            })  # fmt: skip
            receipt = self.send(self.registry.functions.enrol(
                worker.worker_id, (public.assurance, from_hex(public.x), from_hex(public.y)), worker.payout, deadline,
                Web3.to_checksum_address(self.registrar.address), self.registrar.sign_bytes(words),
                pack(worker.key.sign(words)),
            ))  # fmt: skip
            gas += receipt["gasUsed"]
        self.figures[f"enrol_{kind}"] = gas // WORKERS
        return workers

    def post(self, workers: Sequence[Worker]) -> tuple[int, list[SheetLine]]:
        sheet_id = self.escrow.functions.sheetCount().call()
        lines = [
            SheetLine(i, 0x03F7_EFDF, 812_345 + i, worker.worker_id, word(f"payslip {sheet_id} {i}"))
            for i, worker in enumerate(workers)
        ]
        total, root = sum(line.amount_fen for line in lines), SheetTree(lines).root
        header = (20_000, 20_030, 20_040, word("rules"), word("terms"))
        words = self.escrow_words(
            "Sheet", sheetId=sheet_id, firstDay=header[0], lastDay=header[1], payday=header[2], rulesHash=header[3],
            termsRoot=header[4], root=root, total=total,
        )  # fmt: skip
        post = self.escrow.functions.postSheet(sheet_id, header, pack_lines(lines), self.contractor.sign_bytes(words))
        self.record("post_line", post)
        self.send(self.escrow.functions.fund(total, word("memo")))
        return sheet_id, lines

    def release(self, name: str, workers: Sequence[Worker]) -> tuple[int, list[SheetLine]]:
        sheet_id, lines = self.post(workers)
        deadline = self.now() + 30 * DAY
        confirmations = []
        for line, worker in zip(lines, workers, strict=True):
            words = self.escrow_words(
                "Confirmation", sheetId=sheet_id, index=line.index, workerId=line.worker_id, amount=line.amount_fen,
                dayMask=line.day_mask, payslipHash=line.payslip_hash, deadline=deadline,
            )  # fmt: skip
            to_bank = worker.payout == self.bank.address
            signature = worker.key.sign(words)
            confirmations.append(PackedConfirmation(worker.key.public, worker.payout, to_bank, deadline, signature))
        packed, tails = pack_confirmations(confirmations)
        call = self.escrow.functions.release(sheet_id, pack_lines(lines), [], packed, tails)
        logs = self.record(name, call)["logs"]
        topic = bytes(Web3.keccak(text="Released(bytes32,bytes32)"))
        if sum(bytes(log["topics"][0]) == topic for log in logs) != WORKERS:
            raise RuntimeError(f"{name}: not everybody was paid")
        return sheet_id, lines

    def record(self, name: str, call: Any, *, workers: int = WORKERS) -> Any:
        receipt = self.send(call, **self.access_list(call))
        self.figures[name] = round(receipt["gasUsed"] / workers)
        self.largest = max(self.largest, receipt["gasUsed"])
        return receipt

    # ------------------------------------------------------------ what is measured

    def run(self) -> None:
        self.set_up()
        self.disperse()
        for kind in KEYS:
            workers = self.crew(kind)
            self.release(f"release_{kind}_first", workers)
            self.release(f"release_{kind}_repeat", workers)
        for kind in KEYS:
            workers = self.crew(kind, to_bank=True)
            self.release(f"release_{kind}_bank_first", workers)
            sheet_id, lines = self.release(f"release_{kind}_bank_repeat", workers)
        settle = self.bank.functions.settleLines(self.escrow.address, sheet_id, pack_lines(lines), [], word("receipt"))
        self.record("settle_line", settle)
        self.disputes(workers[0])

    def disperse(self) -> None:
        loop = self.deploy("Disperse")
        accounts = [Web3.to_checksum_address(word(f"plain {i}")[:20]) for i in range(WORKERS)]
        amounts = [812_345 + i for i in range(WORKERS)]
        for name in ("disperse_first", "disperse_repeat"):
            self.send(self.token.functions.transfer(loop.address, sum(amounts)))
            self.record(name, loop.functions.disperse(self.token.address, accounts, amounts))

    def disputes(self, worker: Worker) -> None:
        """A worker claims twice: one claim stands, the other is answered and resolved."""
        deadline = self.now() + 90 * DAY
        words = self.escrow_words(
            "Join", workerId=worker.worker_id, dayCap=50_000, termsHash=word("contract"), deadline=deadline
        )
        self.record("join", self.escrow.functions.join(
            worker.worker_id, 50_000, word("contract"), deadline, self.contractor.sign_bytes(words),
            pack(worker.key.sign(words)),
        ), workers=1)  # fmt: skip
        self.send(self.escrow.functions.fund(1_000_000, word("memo")))
        today = self.now() // DAY
        for number, first_day in enumerate((today - 60, today - 30)):
            claim = (worker.worker_id, 100_000, first_day, 0b111, word("evidence"), deadline)
            words = self.escrow_words("Claim", **dict(zip(
                ("workerId", "amount", "firstDay", "dayMask", "evidenceHash", "deadline"), claim, strict=True
            )))  # fmt: skip
            call = self.escrow.functions.claim(claim, pack(worker.key.sign(words)))
            self.record("claim_first" if number == 0 else "claim_repeat", call, workers=1)
        words = self.escrow_words("Answer", disputeId=1, admitted=0, evidenceHash=word("no"), deadline=deadline)
        self.record("answer", self.escrow.functions.answer(
            1, 0, word("no"), deadline, self.contractor.sign_bytes(words)), workers=1)  # fmt: skip
        words = self.escrow_words("Resolution", disputeId=1, award=60_000, orderHash=word("order"), deadline=deadline)
        self.record("resolve", self.escrow.functions.resolve(
            1, 60_000, word("order"), deadline, self.bureau.sign_bytes(words)), workers=1)  # fmt: skip
        self.web3.provider.make_request("evm_increaseTime", [8 * DAY])
        self.web3.provider.make_request("evm_mine", [])
        self.record("release_standing", self.escrow.functions.releaseStanding(0), workers=1)

    # ------------------------------------------------------------ what is told

    def report(self) -> dict[str, dict[str, float]]:
        plain = self.figures["disperse_repeat"]
        return {
            name: {"gasPerWorker": gas, "vsDisperse": round(gas / plain, 2)} for name, gas in self.figures.items()
        }


def print_table(report: dict[str, dict[str, float]], largest: int) -> bool:
    """Return whether every target is met."""
    met = True
    print(f"{'':30} {'gas a worker':>13} {'× disperse':>11} {'target':>8}")
    for name, figures in report.items():
        target = TARGETS.get(name)
        met &= target is None or figures["gasPerWorker"] <= target
        goal = f"{target:,}" if target else ""
        print(f"{name:30} {figures['gasPerWorker']:>13,} {figures['vsDisperse']:>11} {goal:>8}")
    print(f"Largest transaction: {largest:,} of {GAS_CAP:,} gas.")
    return met


def check(report: dict[str, dict[str, float]]) -> list[str]:
    known = json.loads(SNAPSHOT.read_text())
    return [
        f"{name}: {report[name]['gasPerWorker']:,} gas, {gas:,} in the snapshot"
        for name, gas in known.items()
        if report[name]["gasPerWorker"] > gas * 1.01
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artifacts", type=Path, default=ROOT / "build" / "contracts")
    parser.add_argument("--check", action="store_true", help="fail where a figure rose against the snapshot")
    parser.add_argument("--snapshot", action="store_true", help="write the snapshot anew")
    options = parser.parse_args()
    if not (options.artifacts / "WageEscrow.json").exists():
        sys.exit(f"{options.artifacts} has no compiled contracts: run `make setup`.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["anvil", "--port", str(port), "--hardfork", "osaka", "--block-base-fee-per-gas", "0", "--silent",
               "--gas-limit", str(2 * GAS_CAP)]  # fmt: skip
    anvil = subprocess.Popen(command)
    try:
        bench = Bench(f"http://127.0.0.1:{port}", options.artifacts)
        until = monotonic() + 20
        while not bench.web3.is_connected():
            if monotonic() > until:
                sys.exit("anvil did not start within 20 s.")
            sleep(0.05)
        bench.run()
    finally:
        anvil.terminate()
        anvil.wait()
    report = bench.report()
    met = print_table(report, bench.largest)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(report, indent=2) + "\n")
    if options.snapshot:
        gas = {name: figures["gasPerWorker"] for name, figures in report.items()}
        SNAPSHOT.write_text(json.dumps(gas, indent=2) + "\n")
    risen = check(report) if options.check else []
    print(*risen, sep="\n")
    sys.exit(0 if met and not risen else 1)


if __name__ == "__main__":
    main()
