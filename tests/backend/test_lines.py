"""A worker's lines as their phone shows them.

Branches: open · accepted · sent · released · settled by the bank · given back by it · refused ·
contested · payslip that hashes to the line · coverage ·
only one's own · only posted sheets · newest first · signed in.
"""

from datetime import date, timedelta
from functools import partial
from hashlib import sha256

import pytest
from sqlalchemy import update
from tests.backend.conftest import BANK, ESCROW, assert_problem
from tests.backend.signed_words import DEADLINE, confirmation, contest
from tests.fakes import BLOCK_TIME, final_event

from anxin.core.signing import from_hex
from anxin.ledger import service as ledger
from anxin.payroll.models import WageSheet
from anxin.wages import releases

LATER = BLOCK_TIME + timedelta(days=1)
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
    event = released(site)

    await site.final(event)

    (line,) = await lines()
    assert ("released", 2, event.tx_hash) == (line["state"], line["assurance"], line["txHash"])
    assert line["releasedAt"] == "2026-11-05T02:00:00Z"


async def test_line_the_bank_has_paid_is_settled(site, lines):
    await site.post(90_000)
    await site.final(released(site, payout=BANK))
    (before,) = await lines()
    event = from_bank(site, "LineSettled", receipt="0x" + "4e" * 32)

    await site.final(event)

    (line,) = await lines()
    assert (before["state"], before["toBank"], before["settledAt"]) == ("released", True, None)
    assert ("settled", event.tx_hash, "2026-11-05T02:00:00Z") == (line["state"], line["settledTx"], line["settledAt"])


async def test_line_the_bank_gave_back_can_be_signed_again(client, site, lines, jobs):
    """With another deadline: the same words would be the same digest, and a resend changes nothing."""
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    await batch(site, sheet)
    (before,) = await lines()
    await site.final(released(site, payout=BANK), from_bank(site, "LineReturned", reason="0x" + "01" * 32, at=LATER))

    (line,) = await lines()
    path, body = confirmation(site, sheet, 0, deadline=line["deadline"])
    await client.put(path, json=body)
    await batch(site, sheet)

    (again,) = await lines()
    assert ("returned", "accepted") == (line["state"], again["state"])
    assert line["deadline"] - before["deadline"] == 86_400
    assert [call["function"] for call in await jobs("relay")] == ["release", "release"]


async def test_line_the_bank_gave_back_goes_to_a_new_payout_by_itself(client, site, lines, jobs):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    await batch(site, sheet)
    await site.final(released(site, payout=BANK), from_bank(site, "LineReturned", reason="0x" + "01" * 32))
    await batch(site, sheet)
    waiting = len(await jobs("relay"))

    await site.final(final_event(
        "PayoutChanged", "WorkerRegistry", site.deployment.addresses.registry, workerId=site.workers["W001"].hex_id,
        payout="0x" + "9a" * 20,
    ))  # fmt: skip
    await batch(site, sheet)

    assert (waiting, len(await jobs("relay"))) == (1, 2)
    assert bytes.fromhex("9a" * 20) in from_hex((await jobs("relay"))[-1]["arguments"]["confirmations"])
    assert [line["state"] for line in await lines()] == ["accepted"]


async def test_silent_workers_line_the_bank_gave_back_is_not_sent_to_it_again(site, jobs):
    """The bank would give it back for ever; it goes out when the worker is paid elsewhere."""
    await site.post(90_000)
    await site.apply(releases.release_silent, LATER + timedelta(days=3))
    await site.final(
        released(site, payout=BANK, assurance=0), from_bank(site, "LineReturned", reason="0x" + "01" * 32)
    )

    await site.apply(releases.release_silent, LATER + timedelta(days=4))
    waiting = len(await jobs("relay"))
    await site.final(final_event(
        "PayoutChanged", "WorkerRegistry", site.deployment.addresses.registry, workerId=site.workers["W001"].hex_id,
        payout="0x" + "9a" * 20,
    ))  # fmt: skip
    await site.apply(releases.release_silent, LATER + timedelta(days=4))

    assert (waiting, [call["function"] for call in await jobs("relay")]) == (1, ["releaseUnsigned"] * 2)


async def test_refused_line_says_why(client, site, lines, jobs):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    await site.apply(partial(releases.release_batch, deployment=site.deployment), {"sheet": sheet.id})
    await site.refused((await jobs("relay"))[0], "Escrow_Expired", DEADLINE, DEADLINE + 1)

    (line,) = await lines()

    assert (line["state"], line["reason"]) == ("refused", f"Escrow_Expired({DEADLINE}, {DEADLINE + 1})")


@pytest.mark.parametrize("is_final", [False, True])
async def test_contested_line_shows_what_is_set_aside(client, site, lines, is_final):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=0b111_1000_0000)
    await client.put(path, json=body)
    if is_final:
        await site.final(final_event(
            "Contested", "WageEscrow", ESCROW, disputeId=3, workerId=site.workers["W001"].hex_id, sheetId=0, index=0,
            asked=30_000, claimedDays=0b111_1000_0000, evidenceHash="0x" + sha256(body["evidence"].encode()).hexdigest(),
        ))  # fmt: skip

    (line,) = await lines()

    shown = line["contest"]
    assert (shown["claimedFen"], shown["remainderFen"]) == (120_000, 30_000)
    assert (("contested", 3) if is_final else ("accepted", None)) == (shown["state"], shown["disputeId"])


@pytest.mark.parametrize(("funded_fen", "enough"), [(89_999, False), (90_000, True)])
async def test_worker_sees_whether_the_money_is_there(site, lines, funded_fen, enough):
    await site.post(90_000)
    await site.apply(ledger.record_sheet, final_event("SheetPosted", "WageEscrow", ESCROW, total=90_000))
    await site.apply(ledger.record_funding, final_event("Funded", "WageEscrow", ESCROW, amount=funded_fen))

    (line,) = await lines()

    assert {"fundedFen": funded_fen, "owedFen": 90_000, "enough": enough} == line["coverage"]


def released(site, **changed):
    worker = site.workers["W001"]
    args = {
        "sheetId": 0, "index": 0, "workerId": worker.hex_id, "amount": 90_000, "assurance": 2, "payout": worker.payout,
    }  # fmt: skip
    return final_event("Released", "WageEscrow", ESCROW, **args | changed)


def from_bank(site, name, **args):
    args |= {"sheetId": 0, "index": 0, "workerId": site.workers["W001"].hex_id, "amount": 90_000}
    return final_event(name, "WageEscrow", ESCROW, **args)


async def batch(site, sheet):
    await site.apply(partial(releases.release_batch, deployment=site.deployment), {"sheet": sheet.id})


async def test_lines_are_for_those_who_signed_in(client, site):
    assert_problem(await client.get("/api/me/lines"), 401, "unauthorized", "")
