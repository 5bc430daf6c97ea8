"""The bank of the demonstration: a simulated bank over HTTP, and the bank's own teller beside it, as a bank would run both.

    contractor's transfer ──► camt.054 ──► teller ──► tokens      operator's pain.001 ──► paid, or not ──► teller ──► chain
The server knows the bank's address and no key of it; the teller knows the key and nothing of the server.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from eth_utils.crypto import keccak

from anxin.bank.deposit_references import deposit_reference
from anxin.bank.iso20022 import Account
from anxin.core.deployment import Deployment
from anxin.core.signing import from_hex
from anxin.demo.banks import HttpHouse
from anxin.demo.keys import Wallet
from anxin.stack import EMBEDDED_ACCOUNTS, EMBEDDED_FINALITY_DEPTH, Stack, Supervised

NAME = "demo-bank"
WAGE_ACCOUNT = Account("渝安建工集团农民工工资专用账户", "6222020200112233445")
BOOKS_EVERY_SECONDS = 0.4
ROUND_EVERY_SECONDS = 0.5


class Bank(HttpHouse):
    """Every second worker has an account here. It takes orders at any hour, and books once it is open (`is_open`)."""

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        super().__init__(NAME, state / "bank.json", every_seconds=BOOKS_EVERY_SECONDS)
        self.is_open = False
        self._key_file = state / "bank.key"
        if WAGE_ACCOUNT.number not in self.books.accounts:
            self.open_account(WAGE_ACCOUNT.name, WAGE_ACCOUNT.number, is_wage=True)

    @property
    def settings(self) -> Mapping[str, str]:
        """What the operator's server is told of it."""
        return {
            "ANXIN_BANK_URL": self.url, "ANXIN_BANK_NAME": NAME, "ANXIN_BANK_POLL_SECONDS": "0.5",
            "ANXIN_BANK_ORDER_SECONDS": "1",
        }  # fmt: skip

    def advance(self) -> bool:
        return self.is_open and super().advance()

    def account_of(self, worker_no: str) -> str | None:
        number = int(worker_no[1:])
        return f"6217231208{number:09d}" if number % 2 == 0 else None

    def payout_of(self, worker_no: str, deployment: Deployment) -> str:
        """Whoever has no account here is paid at an address of their own."""
        if self.account_of(worker_no) is not None:
            return deployment.bank
        return Wallet.from_hex(keccak(from_hex(EMBEDDED_ACCOUNTS["bank"]) + worker_no.encode()).hex()).address

    def welcome(self, worker_no: str, name: str | None, *, closed: bool = False) -> None:
        """Open a worker's account, once; `closed` before it is ever used."""
        number = self.account_of(worker_no)
        if number is not None and name and number not in self.books.accounts:
            self.open_account(name, number)
            if closed:
                self.close_account(number)

    def reopen(self, worker_no: str) -> None:
        number = self.account_of(worker_no)
        if number is not None and not self.books.accounts[number].is_open:
            self.open_account(self.books.accounts[number].name, number)

    def receive(self, firm: str, wallet: str, amount_fen: int) -> None:
        """A firm's transfer comes in, once: its text says whose wallet it is for."""
        text = str(deposit_reference(wallet, "wallet"))
        if not any(text in letter.content for letter in self.books.letters):
            self.deposit(firm, amount_fen, text)

    def teller(self, up: Stack) -> Supervised:
        """The bank's own process, which is not the operator's: its key, a node, and where it publishes its balance."""
        if not self._key_file.exists():
            descriptor = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(EMBEDDED_ACCOUNTS["bank"])
        settings = up.settings
        command = (
            "teller", "run", "--rpc", settings.rpc_url, "--deployment", str(settings.deployment),
            "--bank", self.url, "--bank-name", NAME, "--account", WAGE_ACCOUNT.number, "--key-file", str(self._key_file),
            "--api", f"http://127.0.0.1:{settings.port}", "--finality-depth", str(EMBEDDED_FINALITY_DEPTH),
            "--every-seconds", str(ROUND_EVERY_SECONDS),
        )  # fmt: skip
        return Supervised(command, {"ANXIN_SAFE_HEIGHT_FILE": settings.safe_height_file}, up.state / "teller.log")
