"""The teller: one round after another, each from the chain's final events and the bank's own files, and nothing else.

    tend what is under way ──► read the bank's files ──► read final events ──► plan ──► settle, give back ──► mint ──► attest

It has no database and asks the operator nothing. A round that was cut short anywhere is begun again from the beginning.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from anxin.bank.adapter import Adapter, Balance, BankUnreachable
from anxin.chain.reader import read_view
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.core.clock import now
from anxin.teller.attesting import AT_LEAST_EVERY, Attestation, Publisher, attest
from anxin.teller.chain_view import ChainView
from anxin.teller.plan import Desk, Plan, Step, book_transfer, plan
from anxin.teller.sending import Sender
from anxin.teller.statements import Doubt, Statement

UNSETTLED_AT_MOST_SECONDS = 3600.0  # then the balance is told all the same
DOUBTED_FOR_SECONDS = 120.0  # before it is told: files and blocks come in their own time

log = structlog.get_logger()


@dataclass
class Round:
    """What a round has done. `under_way`: transactions that are not final yet."""

    sent: list[str]
    doubts: set[Doubt]
    under_way: int
    attested: Attestation | None = None


@dataclass
class Teller:
    """A bank's desk. `publisher`: where its attested balances go; without one it attests nothing."""

    bank: Adapter
    rpc: Rpc
    desk: Desk
    sender: Sender
    chain: ChainView
    publisher: Publisher | None = None
    said: Statement = field(default_factory=Statement)
    _cursor: str = ""
    _plan: tuple[tuple[int, int, frozenset[str]], Plan] | None = None
    _attested: tuple[int, datetime] | None = None  # supply then, and when
    _settled_at: float = field(default_factory=time.monotonic)  # when nothing was on its way
    _booked: dict[str, int] = field(default_factory=dict)  # escrow → deposits known to be its payroll

    async def round(self) -> Round:
        """Raises BankUnreachable, RpcUnreachable, RpcError: the next round begins again. Raises ChainChanged for good."""
        await self.sender.tend()
        await self._read_bank()
        await self.chain.advance()
        made = self._planned()
        sent = await self._send([step for step in made.steps if not step.mints_fen])
        sent += await self._send(await self._covered(made))
        sent += await self._send(await self._bookings())
        attested = await self._attest(made) if not sent else None
        return Round(sent, made.doubts, len(self.sender.journal.open), attested)

    def _planned(self) -> Plan:
        """The plan, made anew where anything has changed, or where what was to be done was refused."""
        known = self.said.files_read, self.chain.held.events_read, frozenset(self.sender.journal.busy)
        if self._plan is None or self._plan[0] != known or self._plan[1].steps:
            self._plan = known, plan(self.desk, self.chain.held, self.said, known[2])
        return self._plan[1]

    async def _send(self, steps: list[Step]) -> list[str]:
        return [step.what for step in steps if await self.sender.take(step)]

    async def _read_bank(self) -> bool:
        """Read all that is new. Return whether anything was."""
        any_new = False
        while (inbox := await self.bank.fetch(self._cursor)).files:
            for file in inbox.files:
                await asyncio.to_thread(self.said.add, file.name, file.content)
            any_new, self._cursor = True, inbox.cursor
        return any_new

    async def _covered(self, made: Plan) -> list[Step]:
        """The mints that the bank's balance covers: never more tokens than fen, whatever a file says.

        A wage that is paid and not settled yet has left the balance and is still in the supply.
        """
        mints = [step for step in made.steps if step.mints_fen]
        if not mints:
            return []
        token = self.desk.deployment.addresses.token
        newest = int(await read_view(self.rpc, "WageToken", token, "totalSupply", await self.rpc.head()))
        supply = max(newest, self.chain.held.supply_fen + self.sender.journal.minting_fen)
        room = (await self.bank.balance()).amount_fen + made.booked_fen - supply
        covered = []
        for step in mints:
            if step.mints_fen <= room:
                room -= step.mints_fen
                covered.append(step)
            else:
                made.doubts.add(Doubt(step.covers[0], f"a deposit of {step.mints_fen} fen that the balance does not cover"))
        return covered

    async def _bookings(self) -> list[Step]:
        """Escrows that tokens were minted to, and whose books do not have them yet."""
        steps, held = [], self.chain.held
        for escrow in sorted(held.escrows & held.minted_to.keys()):
            receipts = held.minted_to[escrow]
            if self._booked.get(escrow) == len(receipts) or f"book:{escrow}" in self.sender.journal.busy:
                continue
            if await self._surplus_fen(escrow):
                steps.append(book_transfer(escrow, receipts[-1]))
            else:
                self._booked[escrow] = len(receipts)
        return steps

    async def _surplus_fen(self, escrow: str) -> int:
        head = await self.rpc.head()
        books: Any = await read_view(self.rpc, "WageEscrow", escrow, "books", head)
        token = self.desk.deployment.addresses.token
        holds = await read_view(self.rpc, "WageToken", token, "balanceOf", head, account=escrow)
        return int(holds) - int(books["funded"]) - int(books["bond"])

    async def _attest(self, made: Plan) -> Attestation | None:
        """Sign what the bank holds, once a day, and whenever the supply has changed and nothing is on its way.

        Between a payment and its settlement the supply is above the balance: that moment says nothing, unless it lasts.
        """
        supply, at = self.chain.held.supply_fen, self.chain.at
        if self.publisher is None or self.chain.block < 0:
            return None
        settled = not made.booked_fen and not self.sender.journal.open
        if settled:
            self._settled_at = time.monotonic()
        due = self._attested is None or self._attested[0] != supply or at - self._attested[1] >= AT_LEAST_EVERY
        if not due or (not settled and time.monotonic() - self._settled_at < UNSETTLED_AT_MOST_SECONDS):
            return None
        balance = await self.bank.balance()
        if await self._read_bank():
            return None  # booked meanwhile: the next round knows what
        said = attest(self.desk.deployment, self.sender.account, self._on_chain_clock(balance), balance.amount_fen)
        if not await self.publisher.publish(said):
            return None
        self._attested = supply, at
        return said

    def _on_chain_clock(self, balance: Balance) -> datetime:
        """When the balance was so. The bank's clock is ours; the chain's, by which the supply is known, may be another."""
        age = now() - balance.at
        return self.chain.at - age if age > AT_LEAST_EVERY / 20 else self.chain.at


async def run(teller: Teller, every_seconds: float) -> None:
    """Round after round, until cancelled. What is out of reach is tried again; doubts are told once they last."""
    since: dict[Doubt, float] = {}
    told: set[Doubt] = set()
    unreachable = ""
    while True:
        try:
            done = await teller.round()
        except (BankUnreachable, RpcUnreachable, RpcError) as error:
            if str(error) != unreachable:
                unreachable = str(error)
                silent = "the bank" if isinstance(error, BankUnreachable) else "the node"
                log.warning("trying again", silent=silent, reason=unreachable)
        else:
            unreachable = ""
            since = {doubt: since.get(doubt, time.monotonic()) for doubt in done.doubts}
            told &= done.doubts
            for doubt in sorted(done.doubts - told):
                if time.monotonic() - since[doubt] >= DOUBTED_FOR_SECONDS:
                    told.add(doubt)
                    log.error("look at this", subject=doubt.subject, problem=doubt.problem)
        await asyncio.sleep(every_seconds)
