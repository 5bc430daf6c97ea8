"""A large site, quickly: an escrow with money, workers whose keys are enrolled on the chain, sheets that wait to be signed.

Workers, project and sheets are put on record by the services; enrolment, posting and release go the real way.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any

import httpx
import msgspec
from sqlalchemy import select
from tests.chaos.processes import Chain

from anxin.chain.contracts import encode_call
from anxin.chain.models import FINAL, ChainEvent
from anxin.chain.rpc import Rpc
from anxin.core import relayed
from anxin.core.calls import Call
from anxin.core.database import Sessions, transaction
from anxin.core.deployment import Deployment
from anxin.core.signing import Value, digest, pack
from anxin.demo.keys import DeviceKey, Key, Passkey
from anxin.demo.parties import WINDOWS, Contractor, Party, Registrar
from anxin.payroll import rules
from anxin.payroll.calendar import china
from anxin.payroll.deductions import Net
from anxin.payroll.drafts import MAX_LINES, SheetPlan, Wage, keep_drafts
from anxin.payroll.models import WageSheet
from anxin.payroll.payslip import Slip
from anxin.payroll.submit import number
from anxin.people import service as people
from anxin.people.models import Worker
from anxin.projects import service as projects
from anxin.projects.models import Project
from anxin.stack import EMBEDDED_ACCOUNTS, EMBEDDED_ROLES, address_of

LEAST_FEN = 10_000
SIGNED_UNTIL_SECONDS = 20 * 86400
LATE_SHARE, LATE_WORDS_A_SECOND = 0.1, 1.5
AT_ONCE = 16  # phones that send at the same time
PATIENCE_SECONDS = 900


@dataclass
class Site:
    """`accepted`: digest of each word that was answered 202 → (sheet, index)."""

    sessions: Sessions
    deployment: Deployment
    chain: Chain
    http: httpx.AsyncClient
    origin: str
    escrow: str = ""
    keys: list[Key] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    sheets: list[WageSheet] = field(default_factory=list)
    accepted: dict[str, tuple[int, int]] = field(default_factory=dict)
    resent: int = 0

    def __post_init__(self) -> None:
        rpc: Rpc = self.chain.rpc
        self.contractor = Contractor(EMBEDDED_ACCOUNTS["contractor"], rpc, self.deployment)
        self.bank = Party(EMBEDDED_ACCOUNTS["bank"], rpc, self.deployment)
        self.registrar = Registrar(EMBEDDED_ACCOUNTS["registrar"], rpc, self.deployment)

    async def build(self, words: int) -> None:
        """As many workers as fit a sheet, as many sheets as `words` take; money for all; the chain past finality."""
        count = min(words, MAX_LINES)
        await self._open(words * (LEAST_FEN + words))
        await self._enrol(count)
        async with transaction(self.sessions) as session:
            project = (await session.scalars(select(Project))).one()
            project.escrow = project.escrow or self.escrow
            for start in range(0, words, count):
                self.sheets.append(await self._sheet(session, project, start // count, min(count, words - start)))
        await self.chain.mine(20)

    async def _open(self, amount_fen: int) -> None:
        async with transaction(self.sessions) as session:
            await projects.open_project(
                session, self.contractor.reference, name="混沌工地", contractor_name="渝安建工",
                contractor=self.contractor.address, bureau=EMBEDDED_ROLES.bureau, arbiter=EMBEDDED_ROLES.arbiter,
                windows=WINDOWS,
            )  # fmt: skip
        self.escrow = await self.contractor.open_escrow(EMBEDDED_ROLES.bureau, EMBEDDED_ROLES.arbiter)
        await self.bank.send(
            "WageToken", self.deployment.addresses.token, "mint", to=self.contractor.address, amount=amount_fen,
            receipt="0x" + "01" * 32,
        )  # fmt: skip
        await self.contractor.fund(self.escrow, amount_fen, b"\x02" * 32)

    async def _enrol(self, count: int) -> None:
        self.keys = [
            DeviceKey.from_number(place + 7) if place % 3 == 0
            else Passkey.from_number(place + 7, self.deployment.rp_id, self.origin)
            for place in range(count)
        ]  # fmt: skip
        async with transaction(self.sessions) as session:
            for place in range(count):
                self.workers.append(
                    await people.register_worker(
                        session, f"C{place:03d}", name=f"工人{place}", phone=f"1991{place:07d}", payout=payout_of(place)
                    )
                )
        deadline = await self.contractor.chain_deadline()
        for worker, key, place in zip(self.workers, self.keys, range(count), strict=True):
            data = encode_call(self._enrolment(worker, key, payout_of(place), deadline))
            made = {"from": address_of("deployer"), "to": self.deployment.addresses.registry, "data": data, "gas": "0xf4240"}
            await self.chain("eth_sendTransaction", made)

    def _enrolment(self, worker: Worker, key: Key, payout: str, deadline: int) -> Call:
        public, registry = key.public, self.deployment.registry_domain
        words: dict[str, Value] = {
            "workerId": worker.worker_id, "assurance": public.assurance, "x": public.x, "y": public.y, "payout": payout,
            "deadline": deadline,
        }  # fmt: skip
        signed = digest(registry, "Enrolment", words)
        arguments = {
            "workerId": worker.hex_id, "key": msgspec.to_builtins(public), "payout": payout, "deadline": deadline,
            "registrar": self.registrar.address,
            "registrarSignature": "0x" + self.registrar.wallet.sign_bytes(signed).hex(),
            "workerProof": "0x" + pack(key.sign(signed)).hex(),
        }  # fmt: skip
        return Call("", "WorkerRegistry", registry.contract, "enrol", arguments)

    async def _sheet(self, session: Any, project: Project, place: int, count: int) -> WageSheet:
        """A month's wage for the first `count` workers; no two amounts on the site are the same."""
        first = date(2025, 1 + place % 12, 1).replace(year=2025 + place // 12)
        days = [first.replace(day=day) for day in (8, 9, 10)]
        contract = rules.Contract(rules.ContractKind.DAY, 30_000)
        bare = rules.compute(contract, [], {}, first, first.replace(day=28), china())
        wages = []
        for line, worker in enumerate(self.workers[:count]):
            fen = LEAST_FEN + place * MAX_LINES + line
            pay = replace(bare, items=rules.Items(base=fen), days_worked=tuple(days))
            wages.append(Wage(worker, Slip(worker.worker_no, contract, pay, Net(fen), tuple(days))))
        plan = SheetPlan(first, first.replace(day=28), first.replace(day=28))
        (sheet,) = await keep_drafts(session, project, plan, wages)
        await number(session, self.deployment, project, sheet)
        await session.refresh(sheet, ["lines"])
        return sheet

    # ---------------------------------------------------------------- what people do while everything fails

    async def sign_sheets(self) -> None:
        """The contractor's page, until each sheet was signed and answered. They are posted one after the other."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(httpx.HTTPError):
                    await self.contractor.sign_sheets(self.http, self.escrow)
                    return
                await asyncio.sleep(0.5)

    async def confirm_all(self, words_a_second: float, dice: Random, is_all_over: Callable[[], bool]) -> None:
        """Each worker signs each line as soon as its sheet is final, and sends it until it is taken.

        The last of them take their time until `is_all_over`: some faults need something to be on its way.
        """
        room = asyncio.Semaphore(AT_ONCE)
        until = await self.contractor.chain_deadline() - 10 * 86400
        words = left = sum(len(sheet.lines) for sheet in self.sheets)
        async with asyncio.TaskGroup() as phones:
            for sheet in self.sheets:
                await self.posted(sheet)
                for index in dice.sample(range(len(sheet.lines)), len(sheet.lines)):
                    await room.acquire()
                    phones.create_task(self._confirm(sheet, index, until, room, again=dice.random() < 0.1))
                    left -= 1
                    is_late = left < LATE_SHARE * words and not is_all_over()
                    await asyncio.sleep(dice.expovariate(LATE_WORDS_A_SECOND if is_late else words_a_second))

    async def posted(self, sheet: WageSheet) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(OSError, Exception):  # the database may be down just now
                    async with self.sessions() as session:
                        if await session.scalar(select(WageSheet.state).where(WageSheet.id == sheet.id)) == relayed.DONE:
                            return
                await asyncio.sleep(0.5)

    async def _confirm(self, sheet: WageSheet, index: int, until: int, room: asyncio.Semaphore, *, again: bool) -> None:
        line = sheet.lines[index]
        message: dict[str, Value] = {
            "sheetId": sheet.number, "index": index, "workerId": line.worker_id, "amount": line.amount_fen,
            "dayMask": line.day_mask, "payslipHash": line.payslip_hash, "deadline": until,
        }  # fmt: skip
        words = digest(self.deployment.escrow_domain(self.escrow), "Confirmation", message)
        body = {
            "escrow": self.escrow, "sheetId": sheet.number, "index": index, "amountFen": line.amount_fen,
            "dayMask": line.day_mask, "payslipHash": "0x" + line.payslip_hash.hex(), "deadline": until,
            "signature": msgspec.to_builtins(self.keys[index].sign(words)),
        }  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await self._sent("0x" + words.hex(), body) != httpx.codes.ACCEPTED:
                    self.resent += 1
                    await asyncio.sleep(0.5)
                self.accepted["0x" + words.hex()] = (sheet.number, index)
                if again:
                    await self._sent("0x" + words.hex(), body)
        finally:
            room.release()

    async def _sent(self, words: str, body: dict[str, Any]) -> int:
        """The answer's status; 0 where nobody knows whether it was taken. Raises what a phone would not send again."""
        try:
            answer = await self.http.put(f"/api/confirmations/{words}", json=body)
        except httpx.HTTPError:
            return 0
        if answer.is_client_error:
            raise AssertionError(f"{answer.status_code} {answer.text}")
        return answer.status_code

    async def final_events(self, name: str) -> int:
        async with self.sessions() as session:
            found = await session.scalars(
                select(ChainEvent.tx_hash).where(ChainEvent.name == name, ChainEvent.state == FINAL)
            )
            return len(found.all())


def payout_of(place: int) -> str:
    return f"0x{0xC000000 + place:040x}"
