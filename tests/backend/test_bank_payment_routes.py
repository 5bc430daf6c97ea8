"""A project's wage account and its wages at the bank, over HTTP, and the worker's loop that pays them.

Branches: named, masked · named again · not the contractor · stranger · no account · the list, narrowed · exported · refused
order again · another account for it · the same account for it · the loop.
"""

import asyncio
import csv
import io

import pytest
from sqlalchemy import select
from tests.backend.bank_conformance import AMOUNTS_FEN, FIRM, WAGE_ACCOUNT
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, assert_problem

from anxin import worker
from anxin.bank.adapters import connected
from anxin.bank.deposit_references import deposit_reference
from anxin.bank.payment_models import WageAccount
from anxin.demo.banks import HttpHouse
from anxin.demo.keys import Wallet
from anxin.settings import Settings

pytest_plugins = ["tests.backend.bank_conformance"]

STRANGER = Wallet.from_hex("0x" + "e3" * 32)
ACCOUNT = f"/api/projects/{ESCROW}/wage-account"
PAYMENTS = f"/api/projects/{ESCROW}/bank-payments"
OTHER = "6222020200119876543"


@pytest.fixture
async def house(tmp_path):
    house = HttpHouse(file=tmp_path / "books.json")
    async with house, connected(house.url, name="bank") as house.adapter:
        yield house


@pytest.fixture
async def contractor(staff_headers):
    return await staff_headers(CONTRACTOR)


async def test_the_contractor_names_the_account_and_nobody_reads_its_number(client, payday, contractor, staff_headers):
    body = {"name": "渝安建工 专户", "number": "6222 0202-0011 9876543", "bank": "102653000021"}
    named = (await client.put(ACCOUNT, json=body, headers=contractor)).json()
    read = (await client.get(ACCOUNT, headers=await staff_headers(BUREAU))).json()

    assert ("渝安建工 专户", "…6543", "102653000021") == (named["name"], named["number"], named["bank"])
    assert (named, CONTRACTOR.address) == (read, read["setBy"])
    async with payday.site.sessions() as session:
        assert OTHER == (await session.scalars(select(WageAccount))).one().number


async def test_naming_the_same_account_again_changes_nothing(client, payday, contractor):
    body = {"name": FIRM, "number": WAGE_ACCOUNT}
    before = (await client.get(ACCOUNT, headers=contractor)).json()
    assert before == (await client.put(ACCOUNT, json=body, headers=contractor)).json()


async def test_office_is_told_what_to_write_on_a_transfer_that_funds_the_escrow(client, payday, contractor):
    shown = (await client.get(ACCOUNT, headers=contractor)).json()

    assert str(deposit_reference(ESCROW)) == shown["depositReference"]


async def test_only_the_contractor_names_it_and_a_stranger_sees_no_project(client, payday, staff_headers):
    body = {"name": FIRM, "number": OTHER}
    answer = await client.put(ACCOUNT, json=body, headers=await staff_headers(BUREAU))
    assert_problem(answer, 403, "role-needed", "contractor")
    stranger = await staff_headers(STRANGER)
    for path in (ACCOUNT, PAYMENTS, f"{PAYMENTS}/export"):
        assert 404 == (await client.get(path, headers=stranger)).status_code
        assert 401 == (await client.get(path)).status_code


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": FIRM, "number": "AE080331234567890123456"}, 422), ({"name": FIRM, "number": OTHER, "bank": "ICBC"}, 422),
        ({"name": " ", "number": OTHER}, 422), ({"name": FIRM, "number": "工资"}, 400), ({"name": FIRM}, 400),
    ],
)  # fmt: skip
async def test_what_is_no_account_is_refused(client, payday, contractor, body, status):
    assert status == (await client.put(ACCOUNT, json=body, headers=contractor)).status_code


async def test_the_list_says_how_far_each_wage_is_and_why_it_waits(client, payday, house, contractor):
    await payday.change("W002", bank_account=None)
    await payday.release(0, 1)
    await payday.work()
    shown = (await client.get(PAYMENTS, headers=contractor)).json()
    waiting = (await client.get(f"{PAYMENTS}?only=due", headers=contractor)).json()

    assert ({"booked": 1, "due": 1}, [1]) == (shown["counts"], [each["payments"] for each in shown["orders"]])
    assert [(1, "due", "no bank account of the worker is on record")] == [
        (each["index"], each["state"], each["reason"]) for each in waiting["payments"]
    ]
    assert "工人" not in str(shown)


async def test_the_list_is_exported_as_a_table(client, payday, house, contractor):
    await payday.release(0)
    await payday.work()
    table = await client.get(f"{PAYMENTS}/export?format=csv", headers=contractor)
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [("0", str(AMOUNTS_FEN[0]), "booked")] == [(row["line"], row["amount (fen)"], row["state"]) for row in rows]
    assert 200 == (await client.get(f"{PAYMENTS}/export?format=xlsx", headers=contractor)).status_code


async def test_a_refused_order_goes_in_again_when_the_contractor_says_so(client, payday, house, contractor, staff_headers):
    house.refuse_next = 1
    await payday.release(0)
    await payday.work()
    (order,) = (await client.get(PAYMENTS, headers=contractor)).json()["orders"]
    assert ("refused", "422 no mandate for this account") == (order["state"], order["reason"])
    again = f"/api/projects/{ESCROW}/bank-orders/{order['messageId']}/again"

    assert 403 == (await client.post(again, headers=await staff_headers(BUREAU))).status_code
    assert 204 == (await client.post(again, headers=contractor)).status_code
    assert_problem(await client.post(again, headers=contractor), 404, "no-refused-order", order["messageId"])
    await payday.work()
    assert AMOUNTS_FEN[0] == payday.paid()[0]


async def test_what_a_bank_refused_to_pay_from_one_account_is_ordered_from_the_next(client, payday, house, contractor):
    """The refused order is never handed in again then: its wages are in another."""
    house.refuse_next = 1
    await payday.release(0)
    await payday.work()
    (first,) = await payday.orders()
    house.open_account(FIRM, OTHER, is_wage=True, balance_fen=AMOUNTS_FEN[0])
    await client.put(ACCOUNT, json={"name": FIRM, "number": OTHER}, headers=contractor)
    again = await client.post(f"/api/projects/{ESCROW}/bank-orders/{first.message_id}/again", headers=contractor)
    await payday.work()

    assert (404, [AMOUNTS_FEN[0], 0, 0], 0) == (again.status_code, payday.paid(), house.books.accounts[OTHER].balance_fen)


async def test_an_account_named_back_orders_what_was_refused_under_the_same_number(client, payday, house, contractor):
    """The same wages from the same account are the same message."""
    house.refuse_next = 1
    await payday.release(0)
    await payday.work()
    for number in (OTHER, WAGE_ACCOUNT):
        await client.put(ACCOUNT, json={"name": FIRM, "number": number}, headers=contractor)
    await payday.work()
    assert (1, [AMOUNTS_FEN[0], 0, 0]) == (len(await payday.orders()), payday.paid())


async def test_the_worker_process_pays_and_stops_when_told(payday, house, settings):
    """The loop as `anxin worker` runs it: led by one, everything from the database."""
    await payday.release(0, 1, 2)
    changed = {"ANXIN_BANK_URL": house.url, "ANXIN_BANK_ORDER_SECONDS": "0", "ANXIN_BANK_POLL_SECONDS": "0.05"}
    stop = asyncio.Event()
    loop = asyncio.create_task(
        worker._go_to_bank(Settings.from_environment(settings.to_environment() | changed), payday.site.sessions, stop)
    )
    async with asyncio.timeout(60):
        while await payday.states() != ["booked"] * 3:
            house.book()
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(loop, 10)
    assert list(AMOUNTS_FEN) == payday.paid()
