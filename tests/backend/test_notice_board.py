"""The notice board: for anybody to read, for contractor and officer to write, saying what is missing.

Branches: nobody signed in · no such project · empty · written · written again · entries taken away · bureau and others do
not write · subcontractors, while they act · minimum wage of the district · unknown district · dates · QR code.
"""

from datetime import date

import pytest
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, assert_problem

from anxin.demo.keys import Wallet
from anxin.payroll.minimum import minimum_wage

OFFICER = Wallet.from_hex("0x" + "e1" * 32)
SUBCONTRACTOR = Wallet.from_hex("0x" + "e2" * 32)
PATH = f"/api/projects/{ESCROW}/board"
ENTRIES = {
    "address": "重庆市两江新区", "district": "Chongqing", "paydayDay": 15, "startedOn": "2026-03-01", "completedOn": None,
    "developer": "两江建设", "projectOffice": "三标段项目部", "bureauName": "两江新区人社局",
    "authority": "两江新区建设局", "authorityPhone": "023-60000000", "officer": "张三", "officerPhone": "13800000000",
    "inspectionPhone": "12333", "arbitration": "两江新区仲裁院", "arbitrationPhone": "023-60000001",
    "legalAid": "两江新区法律援助中心",
    "legalAidPhone": "12348",
}  # fmt: skip


@pytest.fixture
async def contractor(site, staff_headers):
    return await staff_headers(CONTRACTOR)


@pytest.fixture
def write(client, contractor):
    async def send(entries=ENTRIES, *, headers=None, **changed):
        return await client.put(PATH, json=entries | changed, headers=headers or contractor)

    return send


async def test_anybody_reads_what_was_written(client, write):
    assert 204 == (await write()).status_code

    board = (await client.get(PATH)).json()
    assert (ENTRIES, []) == (board["entries"], board["missing"])
    assert ("测试项目", "渝安建工", ESCROW) == (board["name"], board["contractorName"], board["escrow"])


async def test_nobody_else_has_a_board(client, site):
    for path in (PATH.replace("e5", "11"), PATH.replace("e5", "11") + "/qr.svg"):
        assert_problem(await client.get(path), 404, "project-not-found", "no project")


async def test_empty_board_says_all_that_is_missing(client, site):
    missing = (await client.get(PATH)).json()["missing"]

    assert {*ENTRIES, "minimumWage"} - {"completedOn", "district"} == set(missing)


async def test_what_is_taken_away_is_missing_again(client, write):
    await write()
    await write(officerPhone=None, legalAid="  ")

    assert {"officerPhone", "legalAid"} == set((await client.get(PATH)).json()["missing"])


async def test_officer_writes_too(client, write, contractor, staff_headers):
    await client.put(
        f"/api/projects/{ESCROW}/parties/{OFFICER.address}/officer", json={"firm": "劳资部"}, headers=contractor
    )

    assert 204 == (await write(headers=await staff_headers(OFFICER))).status_code


async def test_nobody_else_writes(client, write, staff_headers):
    assert_problem(await write(headers=await staff_headers(BUREAU)), 403, "role-needed", "bureau")
    assert_problem(await write(headers=await staff_headers(OFFICER)), 404, "project-not-found", "")
    assert_problem(await client.put(PATH, json=ENTRIES), 401, "not-staff", "")


async def test_subcontractors_stand_on_it_while_they_act(client, contractor):
    path = f"/api/projects/{ESCROW}/parties/{SUBCONTRACTOR.address}/subcontractor"
    await client.put(path, json={"firm": "甲劳务", "contact": "李四 13911111111"}, headers=contractor)
    acting = (await client.get(PATH)).json()
    await client.delete(path, headers=contractor)
    after = (await client.get(PATH)).json()

    assert (["甲劳务"], []) == (acting["subcontractors"], after["subcontractors"])
    assert "李四" not in str(acting)


async def test_minimum_wage_is_the_districts(client, write):
    await write()

    shown = (await client.get(PATH)).json()["minimumWage"]
    known = minimum_wage("Chongqing", 1, date.today())
    assert (known.month_fen, known.hour_fen, known.name) == (shown["monthFen"], shown["hourFen"], shown["name"])


async def test_district_nobody_knows_leaves_the_minimum_missing(client, write):
    await write(district="Atlantis")

    board = (await client.get(PATH)).json()
    assert (None, ["minimumWage"]) == (board["minimumWage"], board["missing"])


@pytest.mark.parametrize("changed", [{"paydayDay": 0}, {"paydayDay": 32}, {"officer": "张" * 201}, {"fee": "1"}])
async def test_what_no_board_can_say_is_malformed(write, changed):
    assert_problem(await write(**changed), 400, "malformed", "")


async def test_completed_before_it_started_is_no_project(write):
    assert_problem(await write(completedOn="2026-02-28"), 422, "bad-project-days", "2026-02-28")


async def test_qr_code_is_an_image_that_leads_to_the_workers_page(client, site):
    answer = await client.get(PATH + "/qr.svg")

    assert (200, "image/svg+xml") == (answer.status_code, answer.headers["content-type"].split(";")[0])
    assert answer.text.startswith("<svg")
    assert "http://localhost:8000/w/" == (await client.get(PATH)).json()["workerUrl"]
