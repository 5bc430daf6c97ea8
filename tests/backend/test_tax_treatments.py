"""How contracts are taxed: who may say it, who may see it, and what holds.

Branches: nobody said anything · said twice · said anew for the same day · another day · not on the roster · roles ·
others' workers.
"""

import pytest
from tests.backend.attendance_words import FOREMAN, OFFICER, STRANGER, SUBCONTRACTOR, change, name_party
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, assert_problem

PROJECT = f"/api/projects/{ESCROW}"


@pytest.fixture
async def contractor(site, staff_headers):
    return await staff_headers(CONTRACTOR)


async def say(client, headers, *, number="W001", treatment="labour-service", from_day="2026-10-01"):
    body = {"treatment": treatment, "fromDay": from_day}
    return await client.put(f"{PROJECT}/workers/{number}/tax", json=body, headers=headers)


async def said(client, headers):
    answer = await client.get(f"{PROJECT}/tax-treatments", headers=headers)
    return [(each["workerNo"], each["treatment"], each["fromDay"]) for each in answer.json()["treatments"]]


async def test_where_nobody_said_anything_nothing_is_listed(client, contractor):
    assert [] == await said(client, contractor)


async def test_treatment_is_listed_once_by_worker_newest_day_first(client, contractor):
    for number, day in (("W002", "2026-10-01"), ("W001", "2026-10-01"), ("W001", "2026-11-01"), ("W001", "2026-10-01")):
        assert 204 == (await say(client, contractor, number=number, from_day=day)).status_code

    assert [("W001", "2026-11-01"), ("W001", "2026-10-01"), ("W002", "2026-10-01")] == [
        (number, day) for number, _, day in await said(client, contractor)
    ]


async def test_of_one_day_the_last_word_is_listed(client, contractor):
    for treatment in ("labour-service", "wages", "labour-service", "wages"):
        await say(client, contractor, treatment=treatment)

    assert [("W001", "wages", "2026-10-01")] == await said(client, contractor)


async def test_worker_who_is_not_on_the_project_is_named(client, contractor):
    assert_problem(await say(client, contractor, number="W999"), 404, "not-on-roster", "W999")


async def test_only_who_compiles_says_it_and_its_parties_see_it(client, site, staff_headers):
    for wallet, role in ((OFFICER, "officer"), (FOREMAN, "foreman"), (SUBCONTRACTOR, "subcontractor")):
        await name_party(site, wallet, role)
    expected = {
        CONTRACTOR: (204, 200), SUBCONTRACTOR: (404, 200), OFFICER: (403, 200), BUREAU: (403, 200), FOREMAN: (403, 403),
        STRANGER: (404, 404),
    }  # fmt: skip

    answers = {}
    for who in expected:
        headers = await staff_headers(who)
        listed = await client.get(f"{PROJECT}/tax-treatments", headers=headers)
        answers[who] = ((await say(client, headers)).status_code, listed.status_code)

    assert expected == answers


async def test_subcontractor_says_and_sees_its_own_workers_only(client, site, contractor, staff_headers):
    await name_party(site, SUBCONTRACTOR, "subcontractor")
    statement = "UPDATE memberships SET employer = :employer WHERE worker_pk = :worker"
    await change(site, statement, employer=SUBCONTRACTOR.address, worker=site.workers["W002"].id)
    headers = await staff_headers(SUBCONTRACTOR)
    await say(client, contractor, number="W001")

    assert_problem(await say(client, headers, number="W001"), 404, "not-on-roster", "W001")
    assert 204 == (await say(client, headers, number="W002")).status_code
    assert [("W002", "labour-service", "2026-10-01")] == await said(client, headers)
