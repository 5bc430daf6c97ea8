"""How far each line has come, for the worker and for the office.

Branches: accrued · confirmed · refused word · released to the bank · submitted · settled · returned · signed again ·
straight to the worker · silent · late: open, in time, at settlement and not at release, from the payday's next day on ·
office: one sheet, pages, late only, counts, no cursor · whose: contractor, bureau, officer, subcontractor its own people,
foreman, stranger, nobody · as a table · the bank is asked for these lines of this escrow.
"""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import update
from tests.backend.conftest import BANK, BUREAU, CONTRACTOR, ESCROW, REGISTRAR, assert_problem
from tests.backend.signed_words import DEADLINE, confirmation
from tests.fakes import BLOCK_TIME, final_event

from anxin.bank import trail as bank_trail
from anxin.bank.trail import BankTrail
from anxin.core import clock
from anxin.core.database import transaction
from anxin.demo.keys import Wallet
from anxin.payroll.models import WageSheet
from anxin.projects.models import Party, RosterEntry
from anxin.wages import releases, trails

LATER = BLOCK_TIME + timedelta(days=1)
PAYDAY_EVENING = datetime(2026, 11, 13, 15, 59, tzinfo=UTC)  # 23:59 on the site
DAY_AFTER = datetime(2026, 11, 13, 16, 1, tzinfo=UTC)
SUBCONTRACTOR = Wallet.from_hex("0x" + "d1" * 32)
FOREMAN = Wallet.from_hex("0x" + "d2" * 32)
PATH = f"/api/projects/{ESCROW}/trails"


@pytest.fixture
def bank(monkeypatch):
    """What the bank's files have said, by sheet and line."""
    known, asked = {}, []

    async def read(session, escrow, places, *, language):
        asked.append((escrow, list(places)))
        return {place: known[place] for place in places if place in known}

    monkeypatch.setattr(bank_trail, "trail_of", read)
    read.known, read.asked = known, asked
    return read


@pytest.fixture
def at(monkeypatch):
    """Set the clock by which open lines are late."""
    def set_to(moment):
        monkeypatch.setattr(trails, "now", lambda: moment)

    set_to(BLOCK_TIME)
    return set_to


@pytest.fixture
def mine(client, site, signed_in, at):
    """W001's only trail."""

    async def read():
        answer = await client.get("/api/me/lines", headers=signed_in(site.workers["W001"]))
        (line,) = answer.json()["lines"]
        return line["trail"]

    return read


@pytest.fixture
def office(client, site, staff_headers, at):
    async def read(wallet=CONTRACTOR, **query):
        return await client.get(PATH, headers=await staff_headers(wallet), params=query)

    return read


def released(site, **changed):
    worker = site.workers["W001"]
    args = {"sheetId": 0, "index": 0, "workerId": worker.hex_id, "amount": 90_000, "assurance": 2, "payout": BANK}
    return final_event("Released", "WageEscrow", ESCROW, **args | changed)


def from_bank(site, name, **args):
    args |= {"sheetId": 0, "index": 0, "workerId": site.workers["W001"].hex_id, "amount": 90_000}
    return final_event(name, "WageEscrow", ESCROW, **args)


async def sign(client, site, sheet, **changed):
    path, body = confirmation(site, sheet, 0, **changed)
    assert (await client.put(path, json=body)).status_code == 202


# ------------------------------------------------------------------ how far


async def test_posted_line_is_accrued_since_its_sheet_was_final(site, mine):
    await site.post(90_000)

    assert await mine() == {
        "payday": "2026-11-13", "accruedAt": "2026-11-05T02:00:00Z", "confirmedAt": None, "releasedAt": None,
        "submittedAt": None, "settledAt": None, "returnedAt": None, "reason": None, "attempt": 0, "toBank": False,
        "state": "accrued", "lateDays": 0,
    }  # fmt: skip


async def test_signed_line_is_confirmed_at_the_time_its_word_was_kept(client, site, mine):
    sheet = await site.post(90_000)
    before = clock.now()
    await sign(client, site, sheet)

    found = await mine()
    assert "confirmed" == found["state"]
    assert before <= datetime.fromisoformat(found["confirmedAt"]) <= clock.now()


async def test_word_the_chain_refused_confirms_nothing(client, site, mine, jobs):
    sheet = await site.post(90_000)
    await sign(client, site, sheet)
    await site.apply(partial(releases.release_batch, deployment=site.deployment), {"sheet": sheet.id})
    await site.refused((await jobs("relay"))[0], "Escrow_Expired", DEADLINE, DEADLINE + 1)

    found = await mine()
    assert ("accrued", None) == (found["state"], found["confirmedAt"])


async def test_line_released_to_the_bank_is_not_paid(site, mine):
    await site.post(90_000)
    await site.final(released(site))

    found = await mine()
    assert ("released", True, None) == (found["state"], found["toBank"], found["settledAt"])


async def test_line_the_bank_has_the_order_for_is_submitted(site, mine, bank):
    await site.post(90_000)
    await site.final(released(site))
    bank.known[0, 0] = BankTrail(submitted_at=LATER)

    found = await mine()
    assert ("submitted", "2026-11-06T02:00:00Z") == (found["state"], found["submittedAt"])


async def test_what_the_banks_file_books_is_not_settled_before_the_chain_says_so(site, mine, bank):
    """The operator reads the files; only the bank's own key settles."""
    await site.post(90_000)
    await site.final(released(site))
    bank.known[0, 0] = BankTrail(submitted_at=LATER, booked_at=LATER)

    assert "submitted" == (await mine())["state"]


async def test_banks_receipt_settles(site, mine, bank):
    await site.post(90_000)
    await site.final(released(site), from_bank(site, "LineSettled", receipt="0x" + "4e" * 32, at=LATER))

    found = await mine()
    assert ("settled", "2026-11-06T02:00:00Z") == (found["state"], found["settledAt"])


async def test_line_the_bank_gave_back_says_when_and_why(client, site, mine, bank):
    sheet = await site.post(90_000)
    await sign(client, site, sheet)
    bank.known[0, 0] = BankTrail(submitted_at=BLOCK_TIME, rejected_at=LATER, reason="账号不存在")
    await site.final(released(site), from_bank(site, "LineReturned", reason="0x" + "01" * 32, at=LATER))

    found = await mine()
    assert ("returned", "2026-11-06T02:00:00Z", "账号不存在") == (
        found["state"], found["returnedAt"], found["reason"]
    )  # fmt: skip


async def test_line_signed_again_after_a_return_is_confirmed_and_still_shows_the_return(client, site, mine):
    sheet = await site.post(90_000)
    await sign(client, site, sheet)
    await site.final(released(site), from_bank(site, "LineReturned", reason="0x" + "01" * 32, at=LATER))
    await sign(client, site, sheet, deadline=1_799_000_000)

    found = await mine()
    assert ("confirmed", "2026-11-06T02:00:00Z") == (found["state"], found["returnedAt"])


async def test_line_released_straight_to_its_worker_has_arrived(site, mine, bank):
    """What the bank says of another payment is not theirs."""
    await site.post(90_000)
    await site.final(released(site, payout=site.workers["W001"].payout))
    bank.known[0, 0] = BankTrail(submitted_at=LATER)

    found = await mine()
    assert ("arrived", False, None) == (found["state"], found["toBank"], found["submittedAt"])


async def test_silent_workers_line_was_never_confirmed(site, mine):
    await site.post(90_000)
    await site.final(released(site, assurance=0))

    found = await mine()
    assert ("released", None) == (found["state"], found["confirmedAt"])


# ------------------------------------------------------------------ lateness


@pytest.mark.parametrize(("moment", "days"), [(PAYDAY_EVENING, 0), (DAY_AFTER, 1), (DAY_AFTER + timedelta(days=9), 10)])
async def test_open_line_is_late_from_the_sites_day_after_its_payday(site, mine, at, moment, days):
    await site.post(90_000)
    at(moment)

    assert days == (await mine())["lateDays"]


async def test_line_with_the_bank_goes_on_being_late(site, mine, at):
    """Released is not paid."""
    await site.post(90_000)
    await site.final(released(site))
    at(DAY_AFTER)

    assert 1 == (await mine())["lateDays"]


async def test_lateness_ends_with_the_banks_receipt_and_not_with_the_release(site, mine, at):
    await site.post(90_000)
    await site.final(
        released(site), from_bank(site, "LineSettled", receipt="0x" + "4e" * 32, at=DAY_AFTER + timedelta(days=2))
    )
    at(DAY_AFTER + timedelta(days=50))

    assert 3 == (await mine())["lateDays"]


async def test_line_released_in_time_to_its_worker_is_never_late(site, mine, at):
    await site.post(90_000)
    await site.final(released(site, payout=site.workers["W001"].payout))
    at(DAY_AFTER)

    assert 0 == (await mine())["lateDays"]


# ------------------------------------------------------------------ the office


async def test_office_sees_every_line_under_the_projects_own_numbers(site, office):
    await site.post(90_000, 60_000)

    page = (await office()).json()

    assert [("W001", 90_000), ("W002", 60_000)] == [(row["workerNo"], row["amountFen"]) for row in page["trails"]]
    assert (2, 0, None) == (page["lines"], page["late"], page["next"])


async def test_office_asks_for_one_sheet(site, office):
    await site.post(90_000)
    await site.post(60_000)

    assert [60_000] == [row["amountFen"] for row in (await office(sheet=1)).json()["trails"]]


async def test_pages_follow_each_other_without_gap_or_overlap(site, office):
    await site.post(90_000, 60_000)
    await site.post(30_000)

    first = (await office(limit=2)).json()
    second = (await office(limit=2, after=first["next"])).json()

    assert [90_000, 60_000, 30_000] == [row["amountFen"] for row in first["trails"] + second["trails"]]
    assert (3, None) == (second["lines"], second["next"])


async def test_late_lines_alone_are_counted_beside_all(site, office, at):
    await site.post(90_000, 60_000)
    await site.final(released(site), from_bank(site, "LineSettled", receipt="0x" + "4e" * 32))
    at(DAY_AFTER)

    page = (await office(late=True)).json()

    assert [("W002", 1)] == [(row["workerNo"], row["trail"]["lateDays"]) for row in page["trails"]]
    assert (2, 1) == (page["lines"], page["late"])


async def test_sheet_that_is_not_final_has_no_trails(site, office, sessions):
    await site.post(90_000)
    async with sessions() as session, session.begin():
        await session.execute(update(WageSheet).values(state="sent"))

    assert [] == (await office()).json()["trails"]


@pytest.mark.parametrize("cursor", ["x", "1", "1-2-3", "-1-2"])
async def test_cursor_that_is_none_is_malformed(site, office, cursor):
    assert_problem(await office(after=cursor), 400, "malformed", "after")


async def test_bank_is_asked_for_the_pages_lines_alone(site, office, bank):
    await site.post(90_000, 60_000)

    await office(limit=1)

    assert [(ESCROW, [(0, 0)])] == bank.asked


async def test_more_lines_than_one_statement_may_name_are_asked_for_in_turn(site, office, bank, monkeypatch):
    monkeypatch.setattr(trails, "ASKED_AT_ONCE", 2)
    await site.post(90_000, 60_000, 30_000)
    bank.known[0, 2] = BankTrail(attempt=3)
    worker = site.workers["W003"]
    await site.final(released(site, index=2, workerId=worker.hex_id, amount=30_000))

    page = (await office()).json()

    assert [(ESCROW, [(0, 0), (0, 1)]), (ESCROW, [(0, 2)])] == bank.asked
    assert [0, 0, 3] == [row["trail"]["attempt"] for row in page["trails"]]


# ------------------------------------------------------------------ whose


@pytest.mark.parametrize("wallet", [CONTRACTOR, BUREAU], ids=["contractor", "bureau"])
async def test_contractor_and_bureau_see_all(site, office, wallet):
    await site.post(90_000)

    assert 1 == (await office(wallet)).json()["lines"]


async def test_subcontractor_sees_its_own_people_on_a_sheet_of_everybodys(site, office):
    await _name(site, SUBCONTRACTOR, "subcontractor")
    async with transaction(site.sessions) as session:
        own = update(RosterEntry).where(RosterEntry.worker_no == "W002")
        await session.execute(own.values(employer=SUBCONTRACTOR.address))
    await site.post(90_000, 60_000)

    page = (await office(SUBCONTRACTOR)).json()
    assert (["W002"], 1) == ([row["workerNo"] for row in page["trails"]], page["lines"])


async def test_foreman_does_not_see_others_wages(site, office):
    await _name(site, FOREMAN, "foreman")

    assert_problem(await office(FOREMAN), 403, "role-needed", "")


async def test_strangers_are_told_there_is_no_such_project(site, office):
    assert_problem(await office(REGISTRAR), 404, "project-not-found", "")


async def test_nobody_without_a_session(client, site):
    assert_problem(await client.get(PATH), 401, "not-staff", "")


# ------------------------------------------------------------------ to take away


async def test_table_says_the_state_in_words_and_the_sites_time(client, site, staff_headers, at):
    await site.post(90_000)
    await site.final(released(site))
    at(DAY_AFTER)

    query = {"format": "csv", "language": "zh", "late": True}
    answer = await client.get(f"{PATH}/export", headers=await staff_headers(CONTRACTOR), params=query)

    _, row = answer.content.decode("utf-8-sig").splitlines()
    assert "0,0,W001,900.00,2026-11-13,已放款，待提交银行,2026-11-05T10:00:00+08:00,,2026-11-05T10:00:00+08:00,,,,,1" == row


async def _name(site, wallet, role):
    async with transaction(site.sessions) as session:
        session.add(Party(project_pk=site.project.id, address=wallet.address, role=role, firm="分包", since=BLOCK_TIME))
