"""What a bank must pass, behind `anxin.bank.adapter.Adapter`, before it may pay wages: its own test system against the
operator's desk on a real database.

A bank's adapter passes by a subclass of `BankConformance` whose fixture `house` is a `BankUnderTest`: its connection and the
few things one can do at its counter. `tests/backend/test_bank_conformance.py` does it for the two simulated banks.

In plain words: nothing is paid twice and nothing is lost, wherever a process dies or a reply is lost; what the bank says
counts once, however often, late or out of order it comes; a wrong amount and a reference that nobody gave never count, and
are told.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer
from tests.backend.conftest import BANK, CONTRACTOR, ESCROW, Site
from tests.fakes import final_event

from anxin.bank import wage_accounts
from anxin.bank.adapter import Adapter, Balance, BankFile, BankUnreachable, Inbox, OrderRefused
from anxin.bank.desk import Desk
from anxin.bank.ordering import order_due
from anxin.bank.payment_models import BankFile as KeptFile
from anxin.bank.payment_models import BankOrder, BankPayment
from anxin.bank.payment_schemas import NewWageAccount
from anxin.chain import alarms
from anxin.chain.models import Alarm
from anxin.core.database import transaction
from anxin.people.models import Worker
from anxin.projects.access import Acting

WAGE_ACCOUNT, FIRM = "6222020200112233445", "渝安建工"
ACCOUNTS = ("6217000000000001", "6217000000000002", "6217000000000003")
AMOUNTS_FEN = (325_000, 410_050, 99)
DEPOSIT_FEN = 1_000_000


class BankUnderTest(Protocol):
    """A bank's test system: its connection, and what its people can do. Amounts are fen."""

    adapter: Adapter
    wrong_amount_to: set[str]  # accounts to which it books another amount
    stuck: set[str]  # accounts to which it never books
    refuse_next: int  # messages it will not take

    def open_account(self, name: str, number: str, *, balance_fen: int = 0, is_wage: bool = False) -> None: ...
    def close_account(self, number: str) -> None: ...
    def deposit(self, from_name: str, amount_fen: int, reference_text: str) -> None: ...
    def give_back(self, reference: str, reason: str = "AC04") -> None: ...
    def book_stray(self, amount_fen: int = 100) -> None: ...
    def repeat_files(self) -> None: ...
    def book(self) -> None: ...
    def paid_fen(self, number: str) -> int: ...
    def balance_fen(self) -> int: ...


class Killed(Exception):
    """The process died here."""


@dataclass
class Dying:
    """A connection whose process dies, once, at a place: before or after handing in, before reading, or within it."""

    bank: Adapter
    place: str
    error: type[Exception] = Killed

    @property
    def name(self) -> str:
        return self.bank.name

    async def submit(self, message_id: str, content: bytes) -> None:
        self._die("before handing in")
        await self.bank.submit(message_id, content)
        self._die("after handing in")

    async def fetch(self, cursor: str = "") -> Inbox:
        found = await self.bank.fetch(cursor)
        self._die("before reading")
        return Inbox(Breaking(found.files, self), found.cursor)

    async def balance(self) -> Balance:
        return await self.bank.balance()

    def _die(self, place: str) -> None:
        if self.place == place:
            self.place = ""
            raise self.error(place)


class Breaking(list[BankFile]):
    def __init__(self, files: Any, dying: Dying) -> None:
        super().__init__(files)
        self._dying = dying

    def __iter__(self):  # type: ignore[no-untyped-def]
        for file in super().__iter__():
            yield file
            self._dying._die("within reading")


@dataclass
class Payday:
    """A site whose workers have accounts, and what its desk at the bank does."""

    site: Site
    house: BankUnderTest
    sheet_id: int = 0

    def desk(self, bank: Adapter | None = None) -> Desk:
        """A new process each time: it knows what the database knows."""
        return Desk(
            self.site.sessions, bank or self.house.adapter, alarms.raise_alarm, alarms.clear_alarm, wait=timedelta(0),
            resend=timedelta(0),
        )  # fmt: skip

    async def release(self, *indexes: int) -> None:
        """The chain released these lines to the bank, for good."""
        await self.site.final(*(self.event("Released", index, payout=BANK, assurance=2) for index in indexes))

    async def settle(self, *indexes: int) -> None:
        await self.site.final(*(self.event("LineSettled", index, receipt="0x" + "aa" * 32) for index in indexes))

    async def give_back(self, *indexes: int) -> None:
        await self.site.final(*(self.event("LineReturned", index, reason="0x" + "bb" * 32) for index in indexes))

    def event(self, name: str, index: int, **more: Any) -> Any:
        worker = list(self.site.workers.values())[index]
        return final_event(
            name, "WageEscrow", ESCROW, sheetId=self.sheet_id, index=index, workerId=worker.hex_id,
            amount=AMOUNTS_FEN[index], **more,
        )  # fmt: skip

    async def work(self, rounds: int = 2, bank: Adapter | None = None) -> None:
        """The desk and the bank take turns until nothing moves."""
        desk = self.desk(bank)
        for _ in range(rounds):
            await desk.step()
            self.house.book()
        await desk.step()

    async def payments(self) -> list[BankPayment]:
        async with self.site.sessions() as session:
            return list(
                await session.scalars(select(BankPayment).order_by(BankPayment.line_index, BankPayment.attempt))
            )

    async def states(self) -> list[str]:
        return [each.state for each in await self.payments()]

    async def orders(self) -> list[BankOrder]:
        async with self.site.sessions() as session:
            return list(await session.scalars(select(BankOrder).options(undefer(BankOrder.content)).order_by(BankOrder.id)))

    async def alarms(self) -> dict[str, str]:
        """The open ones: what is said of each kind."""
        async with self.site.sessions() as session:
            return {each.kind: each.text for each in await session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None)))}

    async def files(self) -> list[KeptFile]:
        async with self.site.sessions() as session:
            return list(await session.scalars(select(KeptFile).options(undefer(KeptFile.content))))

    def paid(self) -> list[int]:
        """What came to each worker's account and stayed."""
        return [self.house.paid_fen(number) for number in ACCOUNTS]

    async def change(self, worker_no: str, **values: Any) -> None:
        async with transaction(self.site.sessions) as session:
            worker = await session.get_one(Worker, self.site.workers[worker_no].id)
            for name, value in values.items():
                setattr(worker, name, value)

    async def set_wage_account(self, session: AsyncSession, number: str = WAGE_ACCOUNT) -> None:
        acting = Acting(self.site.project, "contractor", CONTRACTOR.address, FIRM)
        await wage_accounts.set_wage_account(session, acting, NewWageAccount(FIRM, number))


@pytest.fixture
async def payday(site: Site, house: BankUnderTest) -> Payday:
    """Three workers with a line each on one posted sheet, whose payday is past; accounts at the bank, and money in one."""
    made = Payday(site, house)
    house.open_account(FIRM, WAGE_ACCOUNT, is_wage=True)
    house.deposit("两江新区建设投资", DEPOSIT_FEN, "labour cost")
    for (number, worker), account in zip(site.workers.items(), ACCOUNTS, strict=True):
        await made.change(number, bank_account=account)
        house.open_account(worker.name or "", account)
    made.sheet_id = (await site.post(*AMOUNTS_FEN)).number
    async with transaction(site.sessions) as session:
        await made.set_wage_account(session)
    return made


class BankConformance:
    """Subclass it with a fixture `house`, in a module with `pytest_plugins = ["tests.backend.bank_conformance"]`."""

    # ------------------------------------------------------------ the connection alone

    async def test_an_empty_inbox_is_no_news(self, house):
        inbox = await house.adapter.fetch("")
        assert [] == list((await house.adapter.fetch(inbox.cursor)).files)

    async def test_every_file_is_told_from_the_beginning_and_none_after_its_cursor(self, payday, house):
        house.book()
        first = await house.adapter.fetch("")
        house.book_stray()
        house.book()
        later = await house.adapter.fetch(first.cursor)

        assert first.files
        assert later.files
        everything = {file.name for file in (await house.adapter.fetch("")).files}
        assert {file.name for file in [*first.files, *later.files]} <= everything

    async def test_it_says_what_it_holds_and_when(self, payday, house):
        house.book()
        said = await house.adapter.balance()
        assert (DEPOSIT_FEN, timedelta(0)) == (said.amount_fen, said.at.utcoffset())

    async def test_what_is_no_order_is_refused_and_not_taken(self, payday, house):
        """At once, or as soon as it is handed in again."""
        with suppress(OrderRefused):
            await house.adapter.submit("AXNONE", b"<Document/>")
            house.book()
        with pytest.raises(OrderRefused):
            await house.adapter.submit("AXNONE", b"<Document/>")
        assert DEPOSIT_FEN == house.balance_fen()

    # ------------------------------------------------------------ paying

    async def test_each_wage_arrives_whole_and_once(self, payday):
        """The order is handed in again at every step, for the bank has not answered: it pays once."""
        await payday.release(0, 1, 2)
        await payday.work()

        assert list(AMOUNTS_FEN) == payday.paid()
        assert ["booked"] * 3 == await payday.states()
        assert {} == await payday.alarms()

    async def test_the_same_bytes_are_handed_in_until_the_bank_answers(self, payday, house):
        await payday.release(0, 1)
        seen = []

        class Listening(Dying):
            async def submit(self, message_id, content):
                seen.append((message_id, content))
                await super().submit(message_id, content)

        desk = payday.desk(Listening(house.adapter, ""))
        for _ in range(3):
            await desk.step()
        house.book()
        await payday.work()

        assert (3, 1) == (len(seen), len(set(seen)))
        assert [*AMOUNTS_FEN[:2], 0] == payday.paid()

    @pytest.mark.parametrize("place", ["before handing in", "after handing in", "before reading", "within reading"])
    async def test_a_process_that_dies_loses_nothing_and_pays_nothing_twice(self, payday, house, place):
        await payday.release(0, 1, 2)
        house.book()
        dying = Dying(house.adapter, place)
        with suppress(Killed):
            await payday.work(bank=dying)
        assert "" == dying.place
        await payday.work()

        assert list(AMOUNTS_FEN) == payday.paid()
        assert ["booked"] * 3 == await payday.states()

    async def test_an_order_that_is_stored_and_not_handed_in_is_handed_in_after_a_restart(self, payday, house):
        await payday.release(0)
        await order_due(payday.site.sessions, house.adapter.name, wait=timedelta(0))
        assert ["ordered"] == await payday.states()
        await payday.work()
        assert [AMOUNTS_FEN[0], 0, 0] == payday.paid()

    async def test_a_lost_reply_is_no_second_wage(self, payday, house):
        """The bank took it, and nobody here knows."""
        await payday.release(0, 1, 2)
        await payday.desk(Dying(house.adapter, "after handing in", BankUnreachable)).step()
        assert ["ordered"] * 3 == await payday.states()
        await payday.work()
        assert list(AMOUNTS_FEN) == payday.paid()

    async def test_two_desks_at_once_pay_once(self, payday, house):
        await payday.release(0, 1, 2)
        one, other = payday.desk(), payday.desk()
        for desk in (one, other, one, other):
            await desk.step()
        house.book()
        await payday.work()
        assert (list(AMOUNTS_FEN), 1) == (payday.paid(), len(await payday.orders()))

    async def test_wages_released_later_go_in_an_order_of_their_own(self, payday):
        await payday.release(0)
        await payday.work()
        await payday.release(1)
        await payday.work()
        assert ([*AMOUNTS_FEN[:2], 0], 2) == (payday.paid(), len(await payday.orders()))

    # ------------------------------------------------------------ what the bank says

    async def test_files_that_come_again_change_nothing(self, payday, house):
        await payday.release(0, 1, 2)
        await payday.work()
        before = [(each.state, each.booked_at) for each in await payday.payments()]
        house.repeat_files()
        await payday.work()

        assert before == [(each.state, each.booked_at) for each in await payday.payments()]
        assert {} == await payday.alarms()

    async def test_a_closed_account_is_told_and_the_others_are_paid(self, payday, house):
        house.close_account(ACCOUNTS[1])
        await payday.release(0, 1, 2)
        await payday.work()

        assert [AMOUNTS_FEN[0], 0, AMOUNTS_FEN[2]] == payday.paid()
        not_paid = (await payday.payments())[1]
        assert "AC04" == not_paid.reason_code
        assert not_paid.state in ("rejected", "returned")
        assert DEPOSIT_FEN - AMOUNTS_FEN[0] - AMOUNTS_FEN[2] == house.balance_fen()

    async def test_another_amount_never_counts_as_booked(self, payday, house):
        house.wrong_amount_to.add(ACCOUNTS[0])
        await payday.release(0, 1)
        await payday.work()

        wrong, right = await payday.states()
        assert "booked" == right
        assert wrong in ("submitted", "pending")
        assert "but 325000 fen in CNY were sent" in (await payday.alarms())["doubts in a bank's file"]

    async def test_a_reference_that_nobody_gave_is_told(self, payday, house):
        await payday.release(0)
        house.book_stray()
        await payday.work()
        assert "not a payment that is waiting" in (await payday.alarms())["doubts in a bank's file"]
        assert ["booked"] == await payday.states()

    async def test_money_that_comes_back_after_it_was_booked_is_not_paid(self, payday, house):
        await payday.release(0)
        await payday.work()
        house.give_back(str((await payday.payments())[0].reference))
        await payday.work()

        payment = (await payday.payments())[0]
        assert ("returned", "AC04") == (payment.state, payment.reason_code)
        assert payment.booked_at
        assert [0, 0, 0] == payday.paid()

    async def test_a_payment_that_hangs_holds_up_no_other(self, payday, house):
        house.stuck.add(ACCOUNTS[0])
        await payday.release(0, 1)
        await payday.work()
        states = await payday.states()
        assert states[0] in ("submitted", "pending")
        assert "booked" == states[1]

    async def test_a_refused_order_waits_for_a_person_and_is_never_half_paid(self, payday, house):
        house.refuse_next = 1
        await payday.release(0, 1)
        await payday.work()
        assert [0, 0, 0] == payday.paid()
        assert "bank refuses an order" in await payday.alarms()
        (order,) = await payday.orders()
        assert ("refused", ["ordered", "ordered"]) == (order.state, await payday.states())

        async with transaction(payday.site.sessions) as session:
            acting = Acting(payday.site.project, "contractor", CONTRACTOR.address, FIRM)
            await wage_accounts.hand_in_again(session, acting, order.message_id)
        await payday.work()
        assert [*AMOUNTS_FEN[:2], 0] == payday.paid()

    async def test_a_wage_given_back_is_paid_again_under_another_reference(self, payday, house):
        house.close_account(ACCOUNTS[0])
        await payday.release(0)
        await payday.work()
        await payday.give_back(0)
        house.open_account(str(payday.site.workers["W001"].name), ACCOUNTS[0])
        await payday.release(0)
        await payday.work()

        first, second = await payday.payments()
        assert (0, "returned", 1, "booked") == (first.attempt, first.closed_as, second.attempt, second.state)
        assert first.reference != second.reference
        assert [AMOUNTS_FEN[0], 0, 0] == payday.paid()
