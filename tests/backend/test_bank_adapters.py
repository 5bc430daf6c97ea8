"""The two ways to a bank, and all that can go wrong on them.

Branches: HTTP: closed for now · hung up · reply lost · silent after taking · stranger · another message under a known MsgId
· no answer of the bank's · answers that are none · folder: order whole or not there · half-written answers · one second,
older times · a file rewritten · more files than one reading takes · a strange cursor · no folder · addresses to nowhere.
"""

import os
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from aiohttp import web

from anxin.bank.adapter import BankUnreachable, OrderRefused
from anxin.bank.adapters import BadBankUrl, connected, folder
from anxin.bank.adapters.folder import FolderBank
from anxin.bank.adapters.http import HttpBank
from anxin.bank.answers import read_answer
from anxin.bank.files import errors_in
from anxin.bank.iso20022 import Account, Credit, Debit, Initiation, read_pain001, write_pain001
from anxin.bank.references import claim_reference
from anxin.demo.banks import HUNG_UP, LOST_REPLY, SILENT, UNAVAILABLE, FolderHouse, HttpHouse

FIRM, WAGE_ACCOUNT, WORKER = "渝安建工", "6222020200112233445", "6217000000000001"
AT = datetime(2026, 11, 20, 2, tzinfo=UTC)


def order(fen=1000):
    credit = Credit(str(claim_reference("0x" + "e5" * 20, 7, 1)), Account("张伟", WORKER), fen, "工资")
    content = write_pain001(Initiation(FIRM, AT, (Debit(Account(FIRM, WAGE_ACCOUNT), date(2026, 11, 20), credit),)))
    return read_pain001(content).message_id, content


def opened(house):
    house.open_account(FIRM, WAGE_ACCOUNT, is_wage=True, balance_fen=5000)
    house.open_account("张伟", WORKER)
    return house


@pytest.fixture
async def house(tmp_path):
    async with opened(HttpHouse(file=tmp_path / "books.json", token="t", silent_seconds=2)) as house:
        yield house


@pytest.fixture
async def bank(house):
    async with HttpBank(house.url, name="a", token="t", answer_within_seconds=0.5) as bank:
        yield bank


# ------------------------------------------------------------------ HTTP


@pytest.mark.parametrize("fault", [UNAVAILABLE, HUNG_UP, LOST_REPLY, SILENT])
async def test_an_order_without_an_answer_is_handed_in_again_and_paid_once(house, bank, fault):
    house.faults.append(fault)
    with pytest.raises(BankUnreachable):
        await bank.submit(*order())
    await bank.submit(*order())
    house.book()
    assert (1000, 4000) == (house.paid_fen(WORKER), house.balance_fen())


async def test_a_stranger_gets_nowhere_and_is_not_called_refused(house):
    """Who we are is nothing the order can help: it waits."""
    async with HttpBank(house.url, name="a", token="wrong") as bank:
        for asking in (bank.submit(*order()), bank.fetch(), bank.balance()):
            with pytest.raises(BankUnreachable):
                await asking
    assert [] == house.books.payments


async def test_another_message_under_a_known_number_is_refused(house, bank):
    number, content = order()
    await bank.submit(number, content)
    with pytest.raises(OrderRefused, match="was used for another message"):
        await bank.submit(number, content.replace("张伟".encode(), "张三".encode()))


async def test_a_bank_that_is_not_there_is_out_of_reach():
    async with HttpBank("http://127.0.0.1:1", name="a") as bank:
        with pytest.raises(BankUnreachable):
            await bank.fetch()


@pytest.mark.parametrize(
    "answer",
    [
        "<html>", '{"files": [{"name": "1", "content": "%"}], "cursor": "1"}', '{"files": {}}', "[]",
        '{"at": "2026-11-20T10:00:00", "amountFen": 5}', '{"at": "2026-11-20T10:00:00Z", "amountFen": 5.5}',
    ],
)  # fmt: skip
async def test_answers_that_are_none_are_no_answer(answer):
    async def say(_: web.Request) -> web.Response:
        return web.Response(text=answer)

    application = web.Application()
    application.router.add_get("/{path}", say)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with HttpBank(f"http://127.0.0.1:{runner.addresses[0][1]}", name="a") as bank:
        for asking in (bank.fetch(), bank.balance()):
            with pytest.raises(BankUnreachable):
                await asking
    await runner.cleanup()


async def test_a_killed_bank_goes_on_with_its_books(tmp_path):
    async with opened(HttpHouse(file=tmp_path / "books.json")) as house, HttpBank(house.url, name="a") as bank:
        await bank.submit(*order())
        house.advance()
    again = HttpHouse(file=tmp_path / "books.json")
    again.book()
    assert (1000, 4000) == (again.paid_fen(WORKER), again.balance_fen())


# ------------------------------------------------------------------ folder


@pytest.fixture
def exchange(tmp_path):
    return opened(FolderHouse(tmp_path / "exchange", file=tmp_path / "books.json"))


@pytest.fixture
def out(exchange):
    return exchange.folder / "out"


@pytest.fixture
def by_folder(exchange):
    return FolderBank(exchange.folder, name="b")


async def test_an_order_is_there_whole_and_under_its_own_name(exchange, by_folder):
    number, content = order()
    await by_folder.submit(number, content)
    await by_folder.submit(number, content)
    assert [(f"{number}.xml", content)] == [(each.name, each.read_bytes()) for each in (exchange.folder / "in").iterdir()]


async def test_a_file_still_being_written_is_not_read(out, by_folder):
    (out / ".1.xml.part").write_bytes(b"<")
    (out / "1.xml.tmp").write_bytes(b"<")
    assert [] == (await by_folder.fetch()).files


async def test_files_of_one_second_and_of_long_ago_are_all_told_once(out, by_folder):
    """The bank's own times say nothing: what counts is when a file came into the folder."""
    told, cursor = [], ""
    for name, at in (("b.xml", 10**9), ("a.xml", 10**9), ("c.xml", 1)):
        (out / name).write_bytes(b"<x/>")
        os.utime(out / name, (at, at))
        found = await by_folder.fetch(cursor)
        told, cursor = told + [file.name for file in found.files], found.cursor
    assert ["b.xml", "a.xml", "c.xml"] == told
    assert [] == (await by_folder.fetch(cursor)).files


async def test_a_file_that_is_written_anew_is_told_anew(out, by_folder):
    (out / "1.xml").write_bytes(b"<half")
    cursor = (await by_folder.fetch()).cursor
    (out / "1.xml.part").write_bytes(b"<whole/>")
    (out / "1.xml.part").replace(out / "1.xml")
    assert [b"<whole/>"] == [file.content for file in (await by_folder.fetch(cursor)).files]


async def test_more_files_than_one_reading_takes_come_with_the_next(out, by_folder, monkeypatch):
    monkeypatch.setattr(folder, "MAX_FILES", 2)
    for number in range(5):
        (out / f"{number}.xml").write_bytes(b"<x/>")
    told, cursor = [], ""
    for _ in range(4):
        found = await by_folder.fetch(cursor)
        told, cursor = told + [file.name for file in found.files], found.cursor
    assert [f"{number}.xml" for number in range(5)] == sorted(told)


@pytest.mark.parametrize("cursor", ["7", "{", '{"newest": "x"}', "[]"])
async def test_a_cursor_of_nobodys_begins_at_the_beginning(out, by_folder, cursor):
    (out / "1.xml").write_bytes(b"<x/>")
    assert ["1.xml"] == [file.name for file in (await by_folder.fetch(cursor)).files]


async def test_a_refusal_is_told_once_and_the_order_goes_in_afresh(exchange, by_folder):
    exchange.refuse_next = 1
    await by_folder.submit(*order())
    exchange.book()
    with pytest.raises(OrderRefused, match="no mandate"):
        await by_folder.submit(*order())
    await by_folder.submit(*order())
    exchange.book()
    assert 1000 == exchange.paid_fen(WORKER)


async def test_a_folder_that_is_gone_is_a_bank_out_of_reach(tmp_path):
    bank = FolderBank(tmp_path / "none", name="b")
    for asking in (bank.submit(*order()), bank.fetch(), bank.balance()):
        with pytest.raises(BankUnreachable):
            await asking


# ------------------------------------------------------------------ addresses, and the simulated banks' own files


@pytest.mark.parametrize("url", ["http://bank.example/", "ftp://bank.example/", "file://host/folder", "bank", ""])
async def test_wages_do_not_travel_unencrypted_nor_to_nowhere(url):
    with pytest.raises(BadBankUrl):
        async with connected(url, name="a"):
            pass


async def test_the_address_says_which_way(tmp_path):
    async with connected((tmp_path / "a b").as_uri(), name="b") as bank:
        assert isinstance(bank, FolderBank)
        with suppress(BankUnreachable):
            await bank.balance()
    async with connected("https://bank.example/h2h", name="a") as bank:
        assert isinstance(bank, HttpBank)


@pytest.mark.parametrize("make", [HttpHouse, lambda file: FolderHouse(file.parent / "exchange", file=file)])
def test_what_a_simulated_bank_writes_is_valid_by_its_schema(make, tmp_path):
    house = opened(make(file=tmp_path / "books.json"))
    house.open_account("李娜", "6217000000000002")
    house.close_account(WORKER)
    house.take(order()[1])
    house.deposit("渝安建工", 100, "AXF1")
    house.book_stray()
    house.book()
    kinds = {letter.name: ("pain002" if "pain002" in letter.name else "camt054") for letter in house.books.letters}
    for letter in house.books.letters:
        assert [] == errors_in(letter.content.encode(), kinds[letter.name])
        read_answer(letter.content.encode(), {}, letter.name)
    assert len(kinds) >= 3
