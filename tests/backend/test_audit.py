"""The audit against the real contracts: what the events amount to is what the contract says, line by line and dispute by
dispute; and where one event is kept from it, or the ledger books another, it says so.

Branches: every kind of event of an escrow's life · an event left out, of each kind · ledger of the same events · ledger that
lacks one.
"""

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from tests.chain import TestChain

from anxin.audit import service
from anxin.chain.reader import read_events
from anxin.core.sheet_tree import SheetLine, SheetTree, pack_lines
from anxin.core.signing import Domain, digest, from_hex, pack
from anxin.demo.keys import DeviceKey
from anxin.demo.parties import Party
from anxin.stack import EMBEDDED_ACCOUNTS, EMBEDDED_ROLES
from anxin.wiring import on_final_event

pytest_plugins = ["tests.chain"]

DAY = 86_400
WORD = "0x" + "ab" * 32
FEN = 100_000
_receipts = count(1)


@dataclass
class Life:
    """One escrow from its making to its closing, each party with its own key."""

    chain: TestChain
    escrow: str = ""

    def party(self, name: str) -> Party:
        return Party(EMBEDDED_ACCOUNTS[name], self.chain.rpc, self.chain.deployment)

    async def send(self, contract: str, address: str, function: str, by: str = "contractor", **arguments: Any) -> None:
        await self.party(by).send(contract, address, function, **arguments)

    async def call(self, function: str, by: str = "contractor", **arguments: Any) -> None:
        await self.send("WageEscrow", self.escrow, function, by, **arguments)

    async def bank(self, function: str, **arguments: Any) -> None:
        arguments |= {"escrow": self.escrow}
        await self.send("BankPayout", self.chain.deployment.addresses.bank, function, "bank", **arguments)

    async def signed(self, by: str, type_name: str, **message: Any) -> str:
        words = digest(self.chain.deployment.escrow_domain(self.escrow), type_name, message)
        return "0x" + self.party(by).wallet.sign_bytes(words).hex()

    async def now(self) -> int:
        return int((await self.chain("eth_getBlockByNumber", "latest", False))["timestamp"], 16)

    async def later(self, days: int) -> None:
        await self.chain("evm_increaseTime", days * DAY + 1)
        await self.chain.mine()

    # ------------------------------------------------------------ people

    async def enlist(self, number: int, payout: str) -> tuple[str, DeviceKey]:
        """Enrol a worker and have both sides join; return id and key."""
        worker_id, key = f"0x{number:032x}" + "00" * 16, DeviceKey.from_number(number)
        deadline = await self.now() + 300 * DAY
        public, at = key.public, self.chain.deployment
        message = {
            "workerId": worker_id, "assurance": public.assurance, "x": public.x, "y": public.y, "payout": payout,
            "deadline": deadline,
        }  # fmt: skip
        words = digest(at.registry_domain, "Enrolment", message)
        await self.send(
            "WorkerRegistry", at.addresses.registry, "enrol", workerId=worker_id, payout=payout, deadline=deadline,
            key={"assurance": public.assurance, "x": public.x, "y": public.y}, registrar=EMBEDDED_ROLES.registrar,
            registrarSignature="0x" + self.party("registrar").wallet.sign_bytes(words).hex(),
            workerProof="0x" + pack(key.sign(words)).hex(),
        )  # fmt: skip
        join = {"workerId": worker_id, "dayCap": FEN, "termsHash": WORD, "deadline": deadline}
        await self.call(
            "join", **join, contractorSignature=await self.signed("contractor", "Join", **join),
            workerSignature=self.by_worker(key, "Join", join),
        )  # fmt: skip
        return worker_id, key

    def by_worker(self, key: DeviceKey, type_name: str, message: dict[str, Any]) -> str:
        domain: Domain = self.chain.deployment.escrow_domain(self.escrow)
        return "0x" + pack(key.sign(digest(domain, type_name, message))).hex()

    async def claim(self, worker_id: str, key: DeviceKey, first_day: int) -> None:
        message = {
            "workerId": worker_id, "amount": FEN, "firstDay": first_day, "dayMask": 1, "evidenceHash": WORD,
            "deadline": await self.now() + DAY,
        }  # fmt: skip
        await self.call("claim", claimed=message, signature=self.by_worker(key, "Claim", message))

    async def answer(self, dispute_id: int, admitted: int) -> None:
        message = {
            "disputeId": dispute_id, "admitted": admitted, "evidenceHash": WORD, "deadline": await self.now() + DAY,
        }  # fmt: skip
        await self.call("answer", **message, contractorSignature=await self.signed("contractor", "Answer", **message))

    async def resolve(self, dispute_id: int, award: int) -> None:
        message = {"disputeId": dispute_id, "award": award, "orderHash": WORD, "deadline": await self.now() + DAY}
        await self.call("resolve", **message, signature=await self.signed("bureau", "Resolution", **message))

    # ------------------------------------------------------------ the story

    async def live(self) -> None:
        """Three workers, two of them paid by the bank; every event that moves or owes money happens at least once."""
        at = self.chain.deployment
        windows = {"objection": DAY, "answer": 3 * DAY, "bureau": 7 * DAY}
        terms = {
            "project": WORD, "bureau": EMBEDDED_ROLES.bureau, "arbiter": EMBEDDED_ROLES.arbiter, "windows": windows,
        }  # fmt: skip
        await self.send("WageEscrowFactory", at.addresses.factory, "createEscrow", **terms)
        self.escrow = await self.party("contractor").view(
            "WageEscrowFactory", at.addresses.factory, "escrowOf",
            contractor=self.party("contractor").address, project=WORD,
        )  # fmt: skip
        await self._money()
        own = [await self.enlist(1, "0x" + "f1" * 20), await self.enlist(2, at.bank), await self.enlist(3, at.bank)]
        lines = await self._sheet([worker_id for worker_id, _ in own])
        await self._bond(lines)
        await self.later(1)
        await self._released(lines)
        await self._disputes(own)
        await self._closed()

    async def _money(self) -> None:
        at, contractor = self.chain.deployment.addresses, self.party("contractor").address
        await self.send("WageToken", at.token, "mint", "bank", to=contractor, amount=20 * FEN, receipt=WORD)
        await self.send("WageToken", at.token, "approve", spender=self.escrow, value=20 * FEN)
        await self.call("depositBond", amount=3 * FEN)
        await self.call("fund", amount=FEN, memo=WORD)

    async def _sheet(self, worker_ids: list[str]) -> list[SheetLine]:
        lines = [
            SheetLine(index, 1, FEN, from_hex(worker_id), from_hex(WORD)) for index, worker_id in enumerate(worker_ids)
        ]
        header = {"firstDay": 20_000, "lastDay": 20_030, "payday": 20_040, "rulesHash": WORD, "termsRoot": WORD}
        signature = await self.signed(
            "contractor", "Sheet", sheetId=0, **header, root=SheetTree(lines).root, total=len(lines) * FEN
        )
        packed = "0x" + pack_lines(lines).hex()
        await self.call("postSheet", sheetId=0, header=header, lines=packed, contractorSignature=signature)
        return lines

    async def _bond(self, lines: list[SheetLine]) -> None:
        """One wage is covered, the bureau draws another from the bond, the third is funded."""
        message = {"amount": FEN, "orderHash": WORD, "deadline": await self.now() + DAY}
        await self.call("drawBond", **message, bureauSignature=await self.signed("bureau", "BondDraw", **message))

    async def _released(self, lines: list[SheetLine]) -> None:
        whole = {"sheetId": 0, "lines": "0x" + pack_lines(lines).hex(), "proof": []}
        await self.call("releaseUnsigned", **whole)  # the third fails for want of money
        await self.call("fund", amount=10 * FEN, memo=WORD)
        await self.call("releaseUnsigned", **whole)
        for function, index, more in (
            ("settleLines", 1, {"receipt": self._receipt()}), ("returnLines", 2, {"reason": WORD}),
        ):  # fmt: skip
            proof = ["0x" + each.hex() for each in SheetTree(lines).proof([index])]
            await self.bank(function, sheetId=0, lines="0x" + lines[index].packed().hex(), proof=proof, **more)
        await self.call("releaseUnsigned", **whole)
        proof = ["0x" + each.hex() for each in SheetTree(lines).proof([2])]
        await self.bank(
            "settleLines", sheetId=0, lines="0x" + lines[2].packed().hex(), proof=proof, receipt=self._receipt()
        )

    async def _disputes(self, workers: list[tuple[str, DeviceKey]]) -> None:
        today = await self.now() // DAY
        for number, (worker_id, key) in enumerate(workers):
            await self.claim(worker_id, key, today - 10 - number)
        await self.answer(1, FEN // 4)
        await self.answer(2, 0)
        await self.resolve(1, FEN // 2)
        await self.bank("settleDispute", disputeId=1, receipt=self._receipt())
        await self.resolve(2, FEN // 2)
        await self.bank("returnDispute", disputeId=2, reason=WORD)
        await self.later(3)
        await self.call("releaseStanding", disputeId=0)
        await self.call("releaseStanding", disputeId=2)
        await self.bank("settleDispute", disputeId=2, receipt=self._receipt())

    async def _closed(self) -> None:
        deadline = await self.now() + 90 * DAY
        notice = await self.signed("contractor", "ClosingNotice", count=0, deadline=deadline)
        await self.call("announceClosing", deadline=deadline, contractorSignature=notice)
        await self.later(30)
        closing = await self.signed("bureau", "Closing", count=1, deadline=deadline)
        await self.call("close", deadline=deadline, bureauSignature=closing)
        await self.later(30)
        await self.call("returnBond")

    def _receipt(self) -> str:
        return f"0x{next(_receipts):064x}"


@pytest.fixture
async def life(chain: TestChain) -> Life:
    await chain("evm_setAutomine", True)
    lived = Life(chain)
    await lived.live()
    return lived


OF_MONEY = {
    "Funded", "BondDeposited", "BondDrawn", "BondReturned", "SheetPosted", "Released", "LineSettled", "LineReturned",
    "Claimed", "Answered", "ClaimStood", "Resolved", "DisputePaid", "DisputeSettled", "DisputeReturned", "Closed",
}  # fmt: skip


async def test_a_whole_life_is_recomputed_and_every_event_counts(life, monkeypatch):
    """One test for all, because a life takes some seconds: clean as it is, and a finding whichever event is kept back."""
    deployment, block = life.chain.deployment, await life.chain.head()
    every = await read_events(life.chain.rpc, deployment, block)
    clean = await service.audit(life.chain.rpc, deployment, block)

    assert clean.ok, clean.findings
    assert OF_MONEY <= {event.name for event in every}
    books = clean.escrows[life.escrow]
    assert (0, 0, 0, 0, 0) == (books.funded_fen, books.owed_fen, books.contested_fen, books.bond_fen, books.banked_fen)
    assert 5 * FEN == books.released_fen  # three wages, one claim that stood, two halves

    for name in sorted(OF_MONEY):
        left_out = next(event for event in reversed(every) if event.name == name)

        async def without(*_: Any, left_out: Any = left_out) -> list[Any]:
            return [event for event in every if event is not left_out]

        monkeypatch.setattr(service, "read_events", without)
        assert not (await service.audit(life.chain.rpc, deployment, block)).ok, name


async def test_ledger_of_the_same_events_agrees_and_one_that_lacks_one_does_not(life, sessions):
    deployment, block = life.chain.deployment, await life.chain.head()
    handlers = on_final_event(deployment)
    every = [each for each in await read_events(life.chain.rpc, deployment, block) if each.name in OF_MONEY]
    *all_but_last, last = every
    answers = []
    for events in (all_but_last, [last]):
        async with sessions() as session, session.begin():
            for event in events:
                await handlers[event.name][0](session, event)
        async with sessions() as session:
            answers.append((await service.audit(life.chain.rpc, deployment, block, session)).findings)

    lacking, whole = answers
    assert ["the ledger says" in each for each in lacking] == [True]
    assert whole == []


async def test_balance_of_a_stranger_is_no_part_of_the_books(life):
    """Tokens somebody throws at the escrow are no contradiction: nobody is owed them."""
    at = life.chain.deployment.addresses
    await life.send("WageToken", at.token, "transfer", to=life.escrow, value=1)

    assert (await service.audit(life.chain.rpc, life.chain.deployment, await life.chain.head())).ok
