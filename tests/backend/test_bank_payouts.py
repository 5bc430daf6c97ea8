"""From a release to the bank's books: what is ordered, what waits and why, and what nobody can make of it.

Branches: at payday, not before · paid at an own address · no wage account, named later · no account, bad account, bad
name · a dispute in two parts · settled or owed again before the order went · more wages than a message takes · owed again
while the bank has it · chain and bank contradict each other · releases taken back by a reorganisation · more returns than
a reference counts · late, changed, unreadable and foreign files · hidden data · the bank out of reach · payments that hang.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import inspect, select, text, update
from tests.backend.bank_conformance import ACCOUNTS, AMOUNTS_FEN, FIRM, WAGE_ACCOUNT
from tests.backend.conftest import BANK, ESCROW
from tests.fakes import final_event

from anxin import wiring
from anxin.bank import desk as desks
from anxin.bank import ordering, payouts, reading
from anxin.bank.adapter import Balance, BankFile, BankUnreachable, Inbox
from anxin.bank.adapters import connected
from anxin.bank.answers import Named, Outcome
from anxin.bank.comparing import tell_contradictions
from anxin.bank.iso20022 import BankProfile, read_pain001
from anxin.bank.ordering import order_due
from anxin.bank.payment_models import BankOrder, BankPayment, WageAccount
from anxin.bank.reading import note, read_file
from anxin.bank.references import claim_reference, parse_reference
from anxin.bank.retention import shred_bank_files
from anxin.bank.trail import trail_of
from anxin.chain import alarms
from anxin.core.clock import now
from anxin.core.database import transaction
from anxin.demo.bank_files import NOTICE, Entry, notice
from anxin.demo.banks import HttpHouse
from anxin.payroll.models import WageLine
from anxin.people.models import Opening

pytest_plugins = ["tests.backend.bank_conformance"]

OWN_ADDRESS = "0x" + "0f" * 20
AT = datetime(2026, 11, 20, 2, tzinfo=UTC)


@pytest.fixture
async def house(tmp_path):
    house = HttpHouse(file=tmp_path / "books.json")
    async with house, connected(house.url, name="bank-a") as house.adapter:
        yield house


async def order(payday, **changed):
    """Order whatever is due; the bank hears nothing."""
    while await order_due(payday.site.sessions, "bank-a", wait=timedelta(0), **changed):
        pass


async def read(payday, *files):
    for name, content in files:
        async with transaction(payday.site.sessions) as session:
            await read_file(session, "bank-a", BankFile(name, content), alarms.raise_alarm)


def booking(payment, *, side="DBIT", reason="", status="BOOK", amount_fen=None, number="E1"):
    """A camt.054 with one entry."""
    entry = Entry(
        number, side, amount_fen or payment.amount_fen, "工人", "6217", payment.reference, reason=reason, status=status
    )
    return notice(number, AT, WAGE_ACCOUNT, [entry], NOTICE)


# ------------------------------------------------------------------ when


async def test_a_wage_released_before_its_payday_is_ordered_on_it(payday):
    async with transaction(payday.site.sessions) as session:
        await session.execute(update(ordering.WageSheet).values(payday=date(2099, 1, 15)))
    await payday.release(0)
    await order(payday)
    assert (["due"], [date(2099, 1, 15)]) == (await payday.states(), [each.due_on for each in await payday.payments()])

    async with transaction(payday.site.sessions) as session:
        await session.execute(update(BankPayment).values(due_on=now().date()))
    await order(payday)
    assert ["ordered"] == await payday.states()


async def test_an_order_waits_for_company(payday):
    await payday.release(0)
    assert not await order_due(payday.site.sessions, "bank-a", wait=timedelta(minutes=2))
    await payday.release(1)
    await order(payday)
    assert [2] == [each.payments for each in await payday.orders()]


async def test_a_wage_paid_at_its_workers_own_address_is_none_of_the_banks(payday):
    await payday.site.final(payday.event("Released", 0, payout=OWN_ADDRESS, assurance=2))
    assert [] == await payday.payments()


async def test_an_order_says_whose_wages_of_which_month_and_asks_for_no_day_gone_by(payday):
    await payday.release(0, 1)
    await order(payday)
    (kept,) = await payday.orders()
    said = read_pain001(kept.content.encode())
    assert [(FIRM, WAGE_ACCOUNT)] * 2 == [(each.debtor.name, each.debtor.number) for each in said.debits]
    assert [(f"工人W00{n + 1}", ACCOUNTS[n], AMOUNTS_FEN[n], "工资 2026-10") for n in (0, 1)] == [
        (each.credit.creditor.name, each.credit.creditor.number, each.credit.amount_fen, each.credit.text)
        for each in said.debits
    ]
    assert date(2026, 11, 13) == kept.payday < said.debits[0].payday
    assert all(parse_reference(each.credit.reference).is_of(ESCROW) for each in said.debits)


async def test_more_wages_than_a_message_takes_are_several_orders(payday, monkeypatch):
    monkeypatch.setattr(ordering, "MAX_PAYMENTS", 2)
    await payday.release(0, 1, 2)
    await payday.work()
    assert ([2, 1], list(AMOUNTS_FEN)) == ([each.payments for each in await payday.orders()], payday.paid())


# ------------------------------------------------------------------ what is held back


async def test_without_a_wage_account_wages_wait_and_say_so_until_it_is_named(payday):
    async with transaction(payday.site.sessions) as session:
        await session.execute(WageAccount.__table__.delete())
    await payday.release(0)
    await order(payday)
    async with payday.site.sessions() as session:
        trail = (await trail_of(session, ESCROW, [(payday.sheet_id, 0)]))[payday.sheet_id, 0]
    assert ("due", "总包还没有登记工资专用账户") == (trail.state, trail.reason)

    async with transaction(payday.site.sessions) as session:
        await payday.set_wage_account(session)
    await order(payday)
    assert ["ordered"] == await payday.states()


@pytest.mark.parametrize(
    ("lacking", "held"),
    [({"bank_account": None}, "no-account"), ({"bank_account": "x"}, "bad-account"), ({"name": "李\u0007"}, "bad-name")],
)
async def test_a_wage_that_cannot_go_out_is_held_with_its_reason_and_the_others_go(payday, lacking, held):
    await payday.change("W002", **lacking)
    await payday.release(0, 1, 2)
    await order(payday)

    first, second, third = await payday.payments()
    assert ("ordered", "ordered", "due", held) == (first.state, third.state, second.state, second.held)


async def test_a_bank_that_takes_latin_letters_only_gets_no_name_made_up_to_fit(payday):
    await payday.release(0)
    await order(payday, profile=BankProfile(latin_only=True))
    assert ["due"] == await payday.states()


async def test_a_held_wage_is_looked_at_again_and_paid(payday):
    await payday.change("W001", bank_account=None)
    await payday.release(0)
    await order(payday)
    await payday.change("W001", bank_account=ACCOUNTS[0])
    await order(payday)
    assert ["due"] == await payday.states()

    async with transaction(payday.site.sessions) as session:
        await session.execute(update(BankPayment).values(looked_at=now() - ordering.LOOKED_AT_AGAIN))
    await payday.work()
    assert [AMOUNTS_FEN[0], 0, 0] == payday.paid()


async def test_whose_account_was_opened_for_the_bank_is_kept_where_the_worker_sees_it(payday):
    await payday.release(0)
    await order(payday)
    async with payday.site.sessions() as session:
        rows = await session.execute(select(Opening.worker_pk, Opening.field, Opening.firm, Opening.role))
        opened = {tuple(row) for row in rows}
    worker = payday.site.workers["W001"].id
    assert {(worker, "bankAccount", "bank-a", "bank"), (worker, "name", "bank-a", "bank")} == opened


async def test_nobodys_account_counts_as_opened_while_it_is_held_back(payday):
    await payday.change("W001", name="李\u0007")
    await payday.release(0)
    await order(payday)
    async with payday.site.sessions() as session:
        assert [] == list(await session.scalars(select(Opening)))


async def test_nothing_of_a_worker_lies_open_in_the_database_nor_in_alarms(payday, house):
    house.wrong_amount_to.add(ACCOUNTS[0])
    house.refuse_next = 1
    await payday.release(0)
    await payday.work()
    async with payday.site.sessions() as session:
        tables = ("bank_orders", "bank_payments", "bank_files", "wage_accounts", "alarms")
        rows = [str([*await session.execute(text(f"SELECT * FROM {table}"))]) for table in tables]  # noqa: S608
    assert not re.search(f"{ACCOUNTS[0]}|{WAGE_ACCOUNT}|工人W001|{FIRM}", "".join(rows))


# ------------------------------------------------------------------ disputes


async def test_a_dispute_granted_in_two_parts_is_two_payments(payday, house):
    """Each at once, though the chain's clock be ahead of ours."""
    worker = payday.site.workers["W001"]
    for amount_fen in (5000, 700):
        event = final_event(
            "DisputePaid", "WageEscrow", ESCROW, disputeId=7, workerId=worker.hex_id, payout=BANK, amount=amount_fen,
            assurance=2, at=now() + timedelta(days=9),
        )  # fmt: skip
        await payday.site.apply(partial(payouts.record_released, deployment=payday.site.deployment), event)
    await payday.work()

    references = [each.reference for each in await payday.payments()]
    assert [str(claim_reference(ESCROW, 7, kind="dispute", attempt=attempt)) for attempt in (0, 1)] == references
    assert (["booked", "booked"], 5700) == (await payday.states(), house.paid_fen(ACCOUNTS[0]))


# ------------------------------------------------------------------ the chain goes first


async def test_what_is_settled_or_owed_again_before_it_is_ordered_never_is(payday):
    await payday.release(0, 1, 2)
    await payday.settle(0)
    await payday.give_back(1)
    await payday.work()
    assert ["due", "due", "booked"] == await payday.states()
    assert [0, 0, AMOUNTS_FEN[2]] == payday.paid()


async def test_a_wage_owed_again_takes_an_order_back_that_nobody_handed_in(payday):
    """After thirty days anybody may give it back. Paid under the old reference and the new one it would be paid twice."""
    await payday.release(0, 1)
    await order(payday)
    await payday.give_back(0)
    await payday.release(0)
    await payday.work()

    assert [*AMOUNTS_FEN[:2], 0] == payday.paid()
    first, again, other = await payday.payments()
    assert (("due", "returned"), ("booked", 1), "booked") == (
        (first.state, first.closed_as), (again.state, again.attempt), other.state,
    )  # fmt: skip


async def test_an_order_that_the_bank_may_have_is_not_handed_in_again_once_a_wage_in_it_is_owed_again(payday, house):
    house.outage = True
    await payday.release(0, 1)
    await payday.desk().step()
    await payday.give_back(0)
    house.outage = False
    await payday.work()
    assert [0, 0, 0] == payday.paid()

    async with transaction(payday.site.sessions) as session:
        await tell_contradictions(session, "bank-a", now() + timedelta(days=99), alarms.raise_alarm)
    assert "the bank may still pay it" in (await payday.alarms())["chain against the bank"]


@pytest.mark.parametrize(
    ("closed", "outcome", "words"),
    [
        ("settle", Outcome("rejected", "AC04"), "settled on the chain, not paid"),
        ("give_back", Outcome("settled"), "do not pay it a second time"),
    ],
)
async def test_a_person_is_told_where_chain_and_bank_cannot_both_be_right(payday, closed, outcome, words):
    """Not at once: the teller may have read the file before us. And once."""
    await payday.release(0)
    await order(payday)
    async with transaction(payday.site.sessions) as session:
        await session.execute(update(BankOrder).values(state="submitted", attempts=1))
    await getattr(payday, closed)(0)
    async with transaction(payday.site.sessions) as session:
        payment = (await session.scalars(select(BankPayment))).one()
        assert "" == note(payment, outcome, now())
        await tell_contradictions(session, "bank-a", payment.closed_at + timedelta(minutes=59), alarms.raise_alarm)
    assert {} == await payday.alarms()

    async with transaction(payday.site.sessions) as session:
        await tell_contradictions(session, "bank-a", payment.closed_at + timedelta(minutes=61), alarms.raise_alarm)
    assert words in (await payday.alarms())["chain against the bank"]
    async with transaction(payday.site.sessions) as session:
        await alarms.clear_alarm(session, "chain against the bank", str(payment.reference))
        await tell_contradictions(session, "bank-a", payment.closed_at + timedelta(days=9), alarms.raise_alarm)
    assert {} == await payday.alarms()


async def test_a_release_that_is_not_on_the_chain_after_all_is_not_ordered_until_it_is_again(payday):
    released = payday.event("Released", 0, payout=BANK, assurance=2)
    await payday.site.final(released)
    await order(payday)
    for handler in wiring.on_reversed_event(payday.site.deployment)["Released"]:
        await payday.site.apply(handler, released)
    await payday.work()
    assert ["due"] == await payday.states()

    await payday.release(0)
    await payday.work()
    assert (["booked"], [AMOUNTS_FEN[0], 0, 0]) == (await payday.states(), payday.paid())


async def test_a_settlement_that_is_not_on_the_chain_after_all_leaves_the_payment_open(payday):
    await payday.release(0)
    settled = payday.event("LineSettled", 0, receipt="0x" + "aa" * 32)
    await payday.site.final(settled)
    for handler in wiring.on_reversed_event(payday.site.deployment)["LineSettled"]:
        await payday.site.apply(handler, settled)
    assert [None] == [each.closed_as for each in await payday.payments()]


async def test_a_wage_that_comes_back_once_too_often_is_held_and_stops_nothing_else(payday):
    for _ in range(10):
        await payday.release(0)
        await payday.give_back(0)
    await payday.release(0)
    await payday.release(1)
    await payday.work()
    last = (await payday.payments())[10]
    assert (10, None, "too-often", "due") == (last.attempt, last.reference, last.held, last.state)
    assert [0, AMOUNTS_FEN[1], 0] == payday.paid()


async def test_what_the_bank_was_given_before_it_was_kept_here_still_counts(payday):
    """Or the next attempt would have the first one's reference."""
    await payday.give_back(0)
    await payday.release(0)
    assert [(0, "returned"), (1, None)] == [(each.attempt, each.closed_as) for each in await payday.payments()]


# ------------------------------------------------------------------ what the bank says, and what it cannot do


async def test_the_banks_word_alone_settles_nothing(payday):
    await payday.release(0)
    await payday.work()
    async with payday.site.sessions() as session:
        line = (await session.scalars(select(WageLine).where(WageLine.index == 0))).one()
        trail = (await trail_of(session, ESCROW, [(payday.sheet_id, 0), (payday.sheet_id, 1)], language="en"))
    assert (["booked"], None) == (await payday.states(), line.settled_at)
    assert {(payday.sheet_id, 0)} == set(trail)
    assert trail[payday.sheet_id, 0].booked_at


async def test_a_late_file_takes_nothing_back(payday):
    await payday.release(0)
    await payday.work()
    (payment,) = await payday.payments()
    await read(payday, ("late.xml", booking(payment, status="PDNG")))
    assert ["booked"] == await payday.states()


async def test_money_that_comes_back_before_its_booking_is_read_is_not_paid(payday):
    await payday.release(0)
    await payday.desk().step()
    (payment,) = await payday.payments()
    back, out = booking(payment, side="CRDT", reason="AC06", number="E2"), booking(payment)
    await read(payday, ("2.xml", back), ("1.xml", out))
    (payment,) = await payday.payments()
    assert ("returned", "AC06", True) == (payment.state, payment.reason_code, payment.booked_at is not None)


@pytest.mark.parametrize("states", [("settled", "rejected"), ("rejected", "settled")])
async def test_two_words_that_cannot_both_be_true_leave_the_first_and_are_told(states):
    payment = BankPayment(state="submitted")
    assert "" == note(payment, Outcome(states[0]), AT)
    before = payment.state
    assert "before" in note(payment, Outcome(states[1]), AT)
    assert before == payment.state


async def test_a_known_name_with_other_content_is_read_and_told(payday):
    """Half a file that was read first must not hide the whole one."""
    await payday.release(0)
    await payday.desk().step()
    (payment,) = await payday.payments()
    whole = booking(payment)
    await read(payday, ("1.xml", whole[:400]), ("1.xml", whole))
    assert ["booked"] == await payday.states()
    assert "came before under this name" in (await payday.alarms())["doubts in a bank's file"]


async def test_an_unreadable_file_is_told_without_its_words(payday):
    await read(payday, ("1.xml", f"<Document>{ACCOUNTS[0]}".encode()))
    told = (await payday.alarms())["doubts in a bank's file"]
    assert "the file cannot be read" in told
    assert ACCOUNTS[0] not in told


async def test_another_banks_file_says_nothing_of_our_payments(payday):
    await payday.release(0)
    await payday.desk().step()
    (payment,) = await payday.payments()
    async with transaction(payday.site.sessions) as session:
        await read_file(session, "bank-z", BankFile("1.xml", booking(payment)), alarms.raise_alarm)
    assert ["submitted"] == await payday.states()
    assert "not a payment that is waiting" in (await payday.alarms())["doubts in a bank's file"]


async def test_a_payment_that_nobody_ordered_is_not_booked(payday):
    """Whoever guesses a reference and transfers the amount: no order of ours has it."""
    await payday.release(0)
    (payment,) = await payday.payments()
    await read(payday, ("1.xml", booking(payment)))
    assert ["due"] == await payday.states()


async def test_a_bank_that_changes_case_is_understood(payday):
    await payday.release(0)
    await payday.desk().step()
    (payment,) = await payday.payments()
    await read(payday, ("1.xml", booking(payment).replace(payment.reference.encode(), payment.reference.lower().encode())))
    assert ["booked"] == await payday.states()


async def test_deposits_are_no_doubt(payday, house):
    house.deposit("渝安建工", 100, "AXF")
    await payday.work()
    assert (2, {}) == (sum(len(each.doubts) == 0 for each in await payday.files()), await payday.alarms())


# ------------------------------------------------------------------ what hangs


class Gone:
    """A bank that does not answer."""

    name = "bank-a"

    async def submit(self, message_id: str, content: bytes) -> None:
        raise BankUnreachable("gone")

    async def fetch(self, cursor: str = "") -> Inbox:
        raise BankUnreachable("gone")

    async def balance(self) -> Balance:
        raise BankUnreachable("gone")


async def test_a_bank_out_of_reach_is_told_after_a_while_and_over_when_it_answers(payday, house, monkeypatch):
    await payday.release(0)
    desk = payday.desk(Gone())
    assert await desk.step()
    assert {} == await payday.alarms()
    monkeypatch.setattr(desks, "OUT_OF_REACH_AFTER", timedelta(0))
    assert not await desk.step()
    assert {"bank out of reach"} == set(await payday.alarms())

    await payday.work()
    assert ([AMOUNTS_FEN[0], 0, 0], {}) == (payday.paid(), await payday.alarms())


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"looked_at": now()}, "wages held back"),
        ({"state": "pending", "submitted_at": now() - timedelta(days=3)}, "bank does not answer"),
        ({"state": "booked", "booked_at": now() - timedelta(days=2)}, "booked and not settled"),
    ],
)
async def test_payments_that_hang_are_told_until_they_do_not(payday, values, kind):
    await payday.release(0)
    async with transaction(payday.site.sessions) as session:
        await session.execute(update(BankPayment).values(held="no-account", **values))
    await payday.desk().step()
    assert {kind} == set(await payday.alarms())

    await payday.settle(0)
    await payday.desk().step()
    assert {} == await payday.alarms()


async def test_after_three_years_names_and_numbers_are_gone_and_sums_stay(payday):
    await payday.release(0)
    await payday.work()
    async with transaction(payday.site.sessions) as session:
        await shred_bank_files(session, now() + timedelta(days=1))
    assert ([None], [AMOUNTS_FEN[0]]) == (
        [each.content for each in await payday.orders()], [each.amount_fen for each in await payday.payments()],
    )  # fmt: skip
    assert {None} == {each.content for each in await payday.files()}


async def test_an_orders_bytes_are_not_opened_for_each_of_its_payments(payday):
    """They may be megabytes: reading a thousand answers would open them a thousand times."""
    await payday.release(0, 1)
    await payday.desk().step()
    named = Named(frozenset(str(each.reference) for each in await payday.payments()), frozenset())
    async with payday.site.sessions() as session:
        found = await reading._payments(session, "bank-a", named)
        assert (2, {True}) == (len(found), {"content" in inspect(order).unloaded for _, order in found.values()})
