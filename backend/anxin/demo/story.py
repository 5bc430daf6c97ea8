"""The story: one month of one site, on real parts. Every step finds out what is already done, so it can be told again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from anxin.core.events import Event
from anxin.core.money import yuan
from anxin.demo.bank import Bank
from anxin.demo.month import Month
from anxin.demo.parties import WINDOWS, Bureau, Contractor, Registrar
from anxin.demo.phones import Phone, Phones, all_at_once, days_mask
from anxin.demo.site import CLOSED_ACCOUNT, FIRM, VISITOR, VISITOR_RATE_FEN, RosterRow, SiteOffice, read_roster
from anxin.demo.twilio_standin import TwilioStandIn
from anxin.ledger import service as ledger
from anxin.stack import EMBEDDED_ROLES

Lines = list[dict[str, Any]]

CONTESTING, SILENT = "W018", "W060"
CLAIMING = "W007"  # a day of theirs is in no sheet
DEPOSIT_FEN, FUNDING_FEN = 80_000_000, 52_000_000
DESK_SECONDS = 0.5


@dataclass(kw_only=True)
class Story(Month):
    """The people, the parts, and the steps they take."""

    sms: TwilioStandIn
    bank: Bank
    contractor: Contractor
    bureau: Bureau
    registrar: Registrar
    phones: Phones
    office: SiteOffice

    async def tell(self) -> None:
        """Play every step that is not done yet, and tell it."""
        rows = read_roster()
        self.roster = [row.worker_no for row in rows]
        await self.office.register(self.bank, rows)
        with Progress(
            TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self.console, transient=True,
        ) as progress:  # fmt: skip
            self.progress = progress
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.enrol())
                tasks.create_task(self.open_and_fund(rows))
            await self.join()
            await self.post_sheet()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.decide_contest())
                await self.confirm_and_contest()
            await self.return_one_wage()
            await self.let_time_pass()
            await self.pay_out()
            await self.until(self.all_told, "every message has gone out")

    # ---------------------------------------------------------------- the steps

    async def open_site(self) -> None:
        """A project on record, a deposit at the bank, an escrow of the project's own."""
        parties = EMBEDDED_ROLES.bureau, EMBEDDED_ROLES.arbiter
        await self.office.open_project(self.contractor, *parties)
        self.bank.receive(FIRM, self.contractor.address, DEPOSIT_FEN)
        self.escrow = await self.contractor.open_escrow(*parties)
        await self.until(lambda: self._project(self.escrow), "the escrow is final")

    async def open_and_fund(self, rows: list[RosterRow]) -> None:
        """The site, labour contracts to sign, money in."""
        started = time.monotonic()
        await self.open_site()
        await self.office.enlist(self.contractor, rows)
        if not await self.events("Funded"):
            await self.until(self._mirrored, "the bank's teller has mirrored the deposit")
            await self.contractor.fund(self.escrow, FUNDING_FEN, self.contractor.reference)
        (funded, *_) = await self.until(lambda: self.events("Funded"), "the funding is final")
        await self.say("总包注资 · The contractor locks money in escrow", started, [funded], yuan(funded.args["amount"]))

    async def _mirrored(self) -> bool:
        """The contractor has the tokens, or has paid them in already."""
        token = self.stack.deployment.addresses.token
        held = await self.contractor.view("WageToken", token, "balanceOf", account=self.contractor.address)
        return int(held) >= DEPOSIT_FEN - FUNDING_FEN

    async def enrol(self) -> None:
        started = time.monotonic()
        done = await self.enrolled()
        waiting = [self.phones.of(each) for each in self.roster if each not in done]
        await all_at_once([self._sign_in_and_enrol(phone) for phone in waiting])
        await self.registrar.countersign_waiting(self.http)
        await self.fill("工人登记密钥 · Workers enrol their keys", self.enrolled, len(self.roster))
        events = await self.events("Enrolled")
        passkeys = sum(event.args["assurance"] == 4 for event in events)
        what = f"{len(events)} keys: {passkeys} passkeys, {len(events) - passkeys} device keys, none on the server"
        await self.say("工人登记密钥 · Workers enrol their own keys", started, events, what)

    async def _sign_in_and_enrol(self, phone: Phone) -> None:
        await phone.sign_in(self.sms)
        await phone.enrol()

    async def join(self) -> None:
        started = time.monotonic()
        joined = await self.joined()
        await all_at_once([self._signed_in(each, Phone.join) for each in self.roster if each not in joined])
        await self.fill("签劳动合同 · Both sides sign the contract", self.joined, len(self.roster))
        events = await self.events("Joined")
        what = f"{len(events)} contracts, day caps on chain"
        await self.say("双方签约 · Contractor and workers sign", started, events, what)

    async def _signed_in(self, worker_no: str, act: Callable[[Phone], Awaitable[None]]) -> None:
        phone = self.phones.of(worker_no)
        if phone.access is None:
            await phone.sign_in(self.sms)
        await act(phone)

    async def post_sheet(self) -> None:
        started = time.monotonic()
        punches = await self.office.take_in_attendance(self.contractor)
        await self.office.compile_month(self.contractor)
        await self.contractor.sign_sheets(self.http, self.escrow)
        events = await self.until(lambda: self.events("SheetPosted"), "the sheet is final")
        total = yuan(events[0].args["total"])
        what = f"{total} owed to {len(events[0].args['lines'])} workers, from {punches:,} punches"
        await self.say("工资表上链 · The wage sheet is posted", started, events[:1], what)

    async def confirm_and_contest(self) -> None:
        started = time.monotonic()
        released = {event.args["workerId"] for event in await self.events("Released")}
        ids = await self.worker_ids()
        signing = [n for n in self.roster if n != SILENT and ids[n] not in released]
        seen: dict[str, Lines] = {}
        await all_at_once([self._signed_in(each, partial(self._look, seen)) for each in signing])
        await all_at_once([self._answer(self.phones.of(each), seen[each]) for each in signing])
        await self._claim_missing_day()
        signed = len(self.roster) - 1
        await self.fill("签名即放款 · Signed wages are released", self.released, signed)
        events = await self.first_releases()
        signed_events = [event for event in events if event.args["assurance"]]
        contested = await self.until(lambda: self.events("Contested"), "the contest is final")
        paid_on_contest = [event for event in signed_events if event.tx_hash == contested[0].tx_hash]
        confirmed = [event for event in signed_events if event not in paid_on_contest]
        amount = yuan(sum(event.args["amount"] for event in confirmed))
        what = f"{len(confirmed)} wages, {amount}; one phone sent twice, paid once"
        await self.say("签名即放款 · Workers sign, the contract pays", started, confirmed, what)
        remainder = yuan(contested[0].args["asked"])
        posted = yuan(sum(event.args["amount"] for event in paid_on_contest))
        what = f"posted {posted} paid now, {remainder} locked for the bureau"
        await self.say("一人申诉 · One worker says it is too low", started, contested, what)
        claimed = await self.until(lambda: self.events("Claimed"), "the claim is final")
        what = f"{yuan(claimed[0].args['asked'])} for a day that is in no sheet; the contractor has three days to answer"
        await self.say("一人追讨漏记的一天 · One worker claims a missing day", started, claimed, what)

    async def _look(self, seen: dict[str, Lines], phone: Phone) -> None:
        seen[phone.worker_no] = await phone.lines()

    async def _answer(self, phone: Phone, lines: Lines) -> None:
        """One contests; the others sign. The first phone has a weak signal and sends twice."""
        for line in lines:
            if phone.worker_no == CONTESTING and line["contest"] is None:
                await self._contest(phone, line)
            elif phone.worker_no != CONTESTING and line["state"] == "open":
                await phone.confirm(line, times=2 if phone.worker_no == self.roster[0] else 1)

    async def _contest(self, phone: Phone, line: dict[str, Any]) -> None:
        missing = missing_day(line)
        days = [*line["days"], missing]
        day_fen = line["amountFen"] // len(line["days"])
        await phone.contest(
            line, claimed_fen=line["amountFen"] + day_fen, claimed_days=days_mask(days, line["firstDay"]),
            reason=f"{missing} 也上班了，没有算",
        )  # fmt: skip

    async def _claim_missing_day(self) -> None:
        if await self.events("Claimed"):
            return
        phone = self.phones.of(CLAIMING)
        if phone.access is None:
            await phone.sign_in(self.sms)
        if (await phone.disputes())["disputes"]:
            return
        (line,) = await phone.lines()
        day = missing_day(line)
        await phone.claim(
            self.escrow, amount_fen=line["amountFen"] // len(line["days"]), first_day=day, day_mask=1,
            reason=f"{day} 上班，考勤机坏了，没有记",
        )  # fmt: skip

    async def decide_contest(self) -> None:
        """The contractor admits half of what is contested, the bureau awards all of it."""
        contested, *_ = await self.until(lambda: self.events("Contested"), "the contest is final")
        started = time.monotonic()
        dispute_id, asked = contested.args["disputeId"], contested.args["asked"]
        if not await self.events("Answered") and await self._dispute_state(dispute_id) == "contested":
            await self.contractor.answer(
                self.http, self.escrow, dispute_id, admitted_fen=asked // 2, evidence="考勤机记录到中午"
            )
        answered = await self.until(lambda: self.events("Answered"), "the contractor's answer is final")
        what = f"{yuan(answered[0].args['admitted'])} of {yuan(asked)} admitted and paid at once"
        await self.say("总包答复申诉 · The contractor answers the contest", started, answered, what)
        started = time.monotonic()
        if await self._dispute_state(dispute_id) == "contested":
            with suppress(httpx.HTTPStatusError):  # an earlier run's decision is on its way
                await self.bureau.resolve(
                    self.http, self.escrow, dispute_id, award_fen=asked, reasons="门禁记录证明全天在场，裁决全额支付"
                )
        resolved = await self.until(lambda: self.events("Resolved"), "the bureau's decision is final")
        what = f"{yuan(resolved[0].args['granted'])} awarded in all, the rest paid now"
        await self.say("劳动局裁决 · The bureau decides", started, resolved, what)

    async def return_one_wage(self) -> None:
        """The bank pays out what was ordered, but for one account that is closed: owed again, signed again."""
        started = time.monotonic()
        self.bank.is_open = True
        returned = await self.until(lambda: self.events("LineReturned"), "the returned wage is final")
        settled = await self.until(lambda: self.events("LineSettled"), "the paid wages are settled")
        self.bank.reopen(CLOSED_ACCOUNT)
        what = f"{len(settled)} wages paid into accounts; {yuan(returned[0].args['amount'])} came back: owed again"
        await self.say("银行代发 · The bank pays wages out", started, [*settled, *returned], what)
        phone = self.phones.of(CLOSED_ACCOUNT)
        if phone.access is None:
            await phone.sign_in(self.sms)
        for line in await phone.lines():
            if line["state"] == "returned":
                await phone.confirm(line)
        await self.until(self._all_back, "the returned wage is released again")

    async def _all_back(self) -> bool:
        released = [event.args["workerId"] for event in await self.events("Released")]
        returned = [event.args["workerId"] for event in await self.events("LineReturned")]
        return all(released.count(each) > returned.count(each) for each in returned)

    async def let_time_pass(self) -> None:
        """Three days without a word: from one worker about their wage, from the contractor about the claim."""
        started = time.monotonic()
        if len(await self.released()) < len(self.roster) or not await self.events("ClaimStood"):
            wait = max(WINDOWS.objection_seconds, WINDOWS.answer_seconds) + 60
            await self.stack.chain.rpc("evm_increaseTime", wait)
            await self.fill("异议期满 · The objection window passes", self.released, len(self.roster))
        unsigned = [event for event in await self.events("Released") if event.args["assurance"] == 0]
        amount = yuan(sum(event.args["amount"] for event in unsigned))
        what = f"{amount}, three days later by the chain's clock; may still be contested"
        await self.say("一人未签 · One stays silent and is paid unsigned", started, unsigned, what)
        stood = await self.until(lambda: self.events("ClaimStood"), "the claim stands")
        (claimed,) = await self.events("Claimed")
        what = f"{yuan(claimed.args['asked'])}: the contractor was silent, so the claim stands and is paid"
        await self.say("总包沉默，追讨成立 · A claim nobody answers stands", started, stood, what)

    async def pay_out(self) -> None:
        """The bank pays what came to it since; from now on nothing is on its way."""
        started = time.monotonic()
        self.bank.is_open = True
        settled = await self.until(self._all_settled, "the bank's receipts are final")
        amount = yuan(sum(event.args["amount"] for event in settled))
        await self.say("银行回单上链 · The bank's receipts are on chain", started, settled, f"{amount} paid into accounts")

    async def _all_settled(self) -> list[Event]:
        """The settlements, once the bank has nothing left."""
        async with self.sessions() as session:
            left = (await ledger.books_of(session, self.escrow)).with_bank_fen
        return [] if left else [*await self.events("LineSettled"), *await self.events("DisputeSettled")]

    async def _dispute_state(self, dispute_id: int) -> str:
        answer = await self.http.get(f"/api/projects/{self.escrow}/disputes")
        disputes = answer.raise_for_status().json()["disputes"]
        return str(next(each["state"] for each in disputes if each["disputeId"] == dispute_id))

    async def invite_visitor(self) -> None:
        """One more worker with one more line, for whoever sits in front of the screen."""
        visitor = RosterRow(VISITOR, "T1", "day", VISITOR_RATE_FEN, None)
        await self.office.register(self.bank, [visitor])
        await self.office.enlist(self.contractor, [visitor])
        await self.office.compile_visitor(self.contractor)
        await self.contractor.sign_sheets(self.http, self.escrow)
        await self.until(self.all_posted, "the visitor's sheet is final")

    async def keep_desk(self) -> None:
        """The registrar's desk: signs for whoever enrols, until cancelled. A restart of the API is waited out."""
        while True:
            try:
                await self.registrar.countersign_waiting(self.http)
            except httpx.HTTPError as error:
                self.console.print(f"[dim]the registrar's desk waits: {error}[/]")
            await asyncio.sleep(DESK_SECONDS)

    async def _project(self, escrow: str) -> bool:
        return (await self.http.get(f"/api/projects/{escrow}")).status_code == 200

    async def all_posted(self) -> bool:
        sheets = (await self.http.get(f"/api/projects/{self.escrow}/sheets")).raise_for_status().json()["sheets"]
        return all(sheet["state"] == "done" for sheet in sheets)


def missing_day(line: dict[str, Any]) -> str:
    """The first day of October that a line does not have."""
    return next(day for number in range(1, 32) if (day := f"2026-10-{number:02d}") not in line["days"])
