"""A worker's lines as their phone shows them.

Branches: open · accepted · sent · released · refused · contested · payslip that hashes to the line · coverage ·
only one's own · only posted sheets · newest first · signed in.
"""

from datetime import date
from hashlib import sha256

import pytest
from sqlalchemy import update
from tests.backend.conftest import ESCROW, assert_problem
from tests.backend.signed_words import confirmation, contest
from tests.fakes import final_event

from anxin.core.calls import Refusal
from anxin.ledger import service as ledger
from anxin.payroll.models import WageSheet
from anxin.wages import releases

DAYS = [date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 10)]


@pytest.fixture
def lines(client, site, signed_in):
    async def read(number="W001"):
        return (await client.get("/api/me/lines", headers=signed_in(site.workers[number]))).json()["lines"]

    return read


async def test_posted_line_is_open_with_all_that_is_signed(site, lines):
    await site.post(90_000)

    (line,) = await lines()

    assert (line["state"], line["amountFen"], line["dayMask"]) == ("open", 90_000, 0b11_1000_0000)
    assert [day.isoformat() for day in DAYS] == line["days"]
    assert "0x" + sha256(line["payslip"].encode()).hexdigest() == line["payslipHash"]


@pytest.mark.parametrize(("number", "amounts_fen"), [("W001", [90_000]), ("W002", [60_000]), ("W003", [])])
async def test_each_sees_only_their_own(site, lines, number, amounts_fen):
    await site.post(90_000, 60_000)

    assert amounts_fen == [line["amountFen"] for line in await lines(number)]


async def test_sheet_that_is_not_final_is_not_shown(site, lines, sessions):
    await site.post(90_000)
    async with sessions() as session, session.begin():
        await session.execute(update(WageSheet).values(state="sent"))

    assert await lines() == []


async def test_newest_sheet_comes_first(site, lines):
    await site.post(90_000)
    await site.post(60_000)

    assert [line["amountFen"] for line in await lines()] == [60_000, 90_000]


async def test_signed_line_is_accepted(client, site, lines):
    path, body = confirmation(site, await site.post(90_000), 0)
    await client.put(path, json=body)

    (line,) = await lines()

    assert line["state"] == "accepted"


async def test_released_line_shows_when_and_by_what_key(site, lines):
    await site.post(90_000)
    event = final_event("Released", "WageEscrow", ESCROW, sheetId=0, index=0, amount=90_000, assurance=2)

    await site.apply(releases.record_released, event)

    (line,) = await lines()
    assert ("released", 2, event.tx_hash) == (line["state"], line["assurance"], line["txHash"])
    assert line["releasedAt"] == "2026-11-05T02:00:00Z"


async def test_refused_line_says_why(client, site, lines, jobs):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    await site.apply(releases.release_batch, {"sheet": sheet.id})
    await site.apply(releases.mend_batch, (await jobs("relay"))[0]["key"], Refusal("Escrow_BadWorkerSignature", [0]))

    (line,) = await lines()

    assert (line["state"], line["reason"]) == ("refused", "Escrow_BadWorkerSignature(0)")


@pytest.mark.parametrize("is_final", [False, True])
async def test_contested_line_shows_what_is_set_aside(client, site, lines, is_final):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=0b111_1000_0000)
    await client.put(path, json=body)
    if is_final:
        event = final_event("Contested", "WageEscrow", ESCROW, sheetId=0, index=0, remainder=30_000)
        await site.apply(releases.record_contested, event)

    (line,) = await lines()

    shown = line["contest"]
    assert (shown["claimedFen"], shown["remainderFen"]) == (120_000, 30_000)
    assert ("contested" if is_final else "accepted") == shown["state"]


@pytest.mark.parametrize(("funded_fen", "enough"), [(89_999, False), (90_000, True)])
async def test_worker_sees_whether_the_money_is_there(site, lines, funded_fen, enough):
    await site.post(90_000)
    await site.apply(ledger.record_sheet, final_event("SheetPosted", "WageEscrow", ESCROW, total=90_000))
    await site.apply(ledger.record_funding, final_event("Funded", "WageEscrow", ESCROW, amount=funded_fen))

    (line,) = await lines()

    assert {"fundedFen": funded_fen, "owedFen": 90_000, "enough": enough} == line["coverage"]


async def test_lines_are_for_those_who_signed_in(client, site):
    assert_problem(await client.get("/api/me/lines"), 401, "unauthorized", "")
