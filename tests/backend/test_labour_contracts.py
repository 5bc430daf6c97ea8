"""Labour contracts: written from the roster, read by both, signed by the contractor's wallet and then the worker's key.

Branches: what the text says · salt · prepared · prepared again · roster changed since · run out · nobody's offer before the
contractor signs · other wallet · another project's · signed again · worker reads and accepts · both have it again ·
strangers do not · who was known elsewhere is not named · entries and exits: recorded, again, before a contract, after, by
whom, on which days · leaving takes no claim.
"""

import json
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from sqlalchemy import select, update
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, assert_problem
from tests.backend.signed_words import claim
from tests.backend.test_parties import FOREMAN, OFFICER, STRANGER
from tests.backend.test_real_names import id_number, person
from tests.fakes import final_event

from anxin.core.clock import SITE_ZONE, now
from anxin.core.database import transaction
from anxin.core.signing import digest, from_hex, recover_wallet
from anxin.demo.keys import DeviceKey
from anxin.people import real_names
from anxin.people.models import Worker
from anxin.projects import service as projects
from anxin.projects.contract_text import Agreed, contract_hash, contract_text
from anxin.projects.models import EntryExit, Membership, RosterEntry

PATH = f"/api/projects/{ESCROW}"
KEY = DeviceKey.from_number(903)
AGREED = Agreed(
    worker="张三丰（A-1）", employer="甲劳务", contractor="渝安建工", project="测试项目", address=None, team="T1",
    contract_type="piece", rate_fen=1_250, piece_quota=40, day_cap_fen=150_000, starts_on=None, payday_day=15,
)  # fmt: skip


class Office:
    def __init__(self, client, headers):
        self.client, self.headers = client, headers

    async def prepare(self, *numbers):
        answer = await self.client.post(f"{PATH}/offers", json={"workerNos": list(numbers)}, headers=self.headers)
        return {offer["workerNo"]: offer for offer in answer.json()["offers"]}

    async def sign(self, offer, wallet=CONTRACTOR):
        signature = "0x" + wallet.sign_bytes(from_hex(offer["digest"])).hex()
        path = f"{PATH}/offers/{offer['digest']}"
        return await self.client.put(path, json={"signature": signature}, headers=self.headers)

    async def put(self, number, place, **changed):
        return await self.client.put(f"{PATH}/roster/{number}", json=person(place, **changed), headers=self.headers)

    async def move(self, number, kind, day):
        return await self.client.put(f"{PATH}/roster/{number}/moves/{kind}/{day.isoformat()}", headers=self.headers)


@pytest.fixture
async def office(client, site, staff_headers):
    """The contractor at its desk, with A-1 on the roster."""
    office = Office(client, await staff_headers(CONTRACTOR))
    await office.put("A-1", 1)
    return office


@pytest.fixture
async def newcomer(office, sessions):
    """A-1 with a key."""
    async with transaction(sessions) as session:
        worker = await real_names.find(session, id_number(1))
        worker.assurance, worker.x, worker.y = KEY.public.assurance, KEY.public.x, KEY.public.y
        return worker


# ------------------------------------------------------------------ the text


def test_text_says_what_the_law_asks_in_both_languages():
    text = json.loads(contract_text(AGREED, "5a17"))

    chinese = ("张三丰（A-1）", "甲劳务", "渝安建工", "测试项目", "每件 ¥12.50", "定额 40 件", "次月 15 日前", "¥1,500.00")
    english = ("张三丰（A-1）", "甲劳务", "测试项目", "¥12.50 a piece", "40 pieces", "day 15", "¥1,500.00", "300 %")
    assert [] == [said for said in chinese if said not in text["zh"]]
    assert [] == [said for said in english if said not in text["en"]]


def test_same_terms_under_another_salt_have_another_hash():
    """Or the public hash could be tried out: rates are few."""
    assert contract_hash(contract_text(AGREED, "a")) != contract_hash(contract_text(AGREED, "b"))


def test_hash_is_sha_256_of_the_exact_text():
    text = contract_text(AGREED, "a")

    assert sha256(text.encode()).digest() == contract_hash(text)


# ------------------------------------------------------------------ preparing and signing


async def test_prepared_contract_is_what_the_contractor_signs(office, site):
    offer = (await office.prepare())["A-1"]

    assert "0x" + contract_hash(offer["contract"]).hex() == offer["termsHash"]
    message = {
        "workerId": offer["workerId"], "dayCap": 90_000, "termsHash": offer["termsHash"], "deadline": offer["deadline"],
    }  # fmt: skip
    assert "0x" + digest(site.deployment.escrow_domain(ESCROW), "Join", message).hex() == offer["digest"]
    assert "每工作日（8 小时） ¥300.00" in json.loads(offer["contract"])["zh"]


async def test_who_has_a_contract_needs_no_other(office):
    """W001 to W003 have joined."""
    assert ["A-1"] == list(await office.prepare())


async def test_preparing_again_changes_nothing(office):
    assert await office.prepare() == await office.prepare("A-1")


async def test_roster_that_changed_makes_another_contract(office):
    before = (await office.prepare())["A-1"]
    await office.put("A-1", 1, rateFen=40_000)

    after = (await office.prepare())["A-1"]
    assert before["digest"] != after["digest"]
    assert "¥400.00" in after["contract"]
    assert_problem(await office.sign(before), 404, "offer-not-found", "")


async def test_number_that_is_not_on_the_roster_is_named(office):
    answer = await office.client.post(f"{PATH}/offers", json={"workerNos": ["Z-1"]}, headers=office.headers)

    assert_problem(answer, 404, "not-on-roster", "Z-1")


async def test_worker_is_offered_nothing_the_contractor_has_not_signed(office, client, newcomer, signed_in):
    offer = (await office.prepare())["A-1"]

    assert [] == (await client.get("/api/me/projects", headers=signed_in(newcomer))).json()["projects"]
    assert_problem(await accept(client, offer), 404, "offer-not-found", "")


async def test_only_the_contractors_wallet_makes_it_an_offer(office, client, staff_headers):
    offer = (await office.prepare())["A-1"]

    assert_problem(await office.sign(offer, STRANGER), 403, "wrong-signer", CONTRACTOR.address)
    assert_problem(await office.sign(offer, OFFICER), 403, "wrong-signer", CONTRACTOR.address)


async def test_officer_prepares_and_brings_the_contractors_signature(office, client, staff_headers):
    await client.put(f"{PATH}/parties/{OFFICER.address}/officer", json={"firm": "甲"}, headers=office.headers)
    desk = Office(client, await staff_headers(OFFICER))

    assert 202 == (await desk.sign((await desk.prepare())["A-1"])).status_code


async def test_bureau_prepares_nothing(office, client, staff_headers):
    answer = await client.post(f"{PATH}/offers", json={}, headers=await staff_headers(BUREAU))

    assert_problem(answer, 403, "role-needed", "contractor")


async def test_signing_again_changes_nothing(office):
    offer = (await office.prepare())["A-1"]
    first, again = await office.sign(offer), await office.sign(offer)

    assert [(202, "waiting")] * 2 == [(each.status_code, each.json()["state"]) for each in (first, again)]
    assert {} == await office.prepare()


async def test_contract_that_ran_out_is_neither_signed_nor_in_the_way(office, sessions):
    offer = (await office.prepare())["A-1"]
    async with transaction(sessions) as session:
        await session.execute(update(Membership).where(Membership.state == "prepared").values(deadline=1))

    assert_problem(await office.sign(offer), 410, "signature-expired", "")
    assert offer["digest"] != (await office.prepare())["A-1"]["digest"]


# ------------------------------------------------------------------ the worker


async def test_worker_reads_the_very_text_then_signs(office, client, newcomer, signed_in, jobs):
    offer = (await office.prepare())["A-1"]
    await office.sign(offer)

    (mine,) = (await client.get("/api/me/projects", headers=signed_in(newcomer))).json()["projects"]
    assert (offer["contract"], offer["termsHash"]) == (mine["join"]["contract"], mine["join"]["termsHash"])
    assert "A-1" == mine["workerNo"]
    assert 202 == (await accept(client, offer)).status_code
    (call,) = await jobs("relay")
    assert ("join", offer["termsHash"]) == (call["function"], call["arguments"]["termsHash"])


async def test_both_sides_can_take_the_contract_away_again(office, client, newcomer, signed_in):
    offer = (await office.prepare())["A-1"]
    await office.sign(offer)
    await accept(client, offer)

    mine = (await client.get(f"/api/me/projects/{ESCROW}/contract", headers=signed_in(newcomer))).json()
    theirs = (await client.get(f"{PATH}/roster/A-1/contract", headers=office.headers)).json()

    assert mine == theirs
    assert "0x" + sha256(mine["contract"].encode()).hexdigest() == mine["termsHash"]
    assert CONTRACTOR.address == recover_wallet(from_hex(mine["digest"]), from_hex(mine["contractorSignature"]))
    assert 64 == len(from_hex(mine["workerSignature"]))


async def test_worker_sees_that_the_office_wrote_and_read_it(office, client, newcomer, signed_in):
    await office.sign((await office.prepare())["A-1"])
    await client.get(f"{PATH}/roster/A-1/contract", headers=office.headers)

    seen = (await client.get("/api/me/openings", headers=signed_in(newcomer))).json()["openings"]
    assert [("contract", "查看劳动合同"), ("contract", "起草劳动合同")] == [(each["field"], each["reason"]) for each in seen]


async def test_nobody_else_reads_it(office, client, newcomer, signed_in, site, staff_headers):
    await office.sign((await office.prepare())["A-1"])

    other = await client.get(f"/api/me/projects/{ESCROW}/contract", headers=signed_in(site.workers["W001"]))
    assert_problem(other, 404, "offer-not-found", "")
    stranger = await client.get(f"{PATH}/roster/A-1/contract", headers=await staff_headers(STRANGER))
    assert_problem(stranger, 404, "project-not-found", "")


async def test_who_was_known_elsewhere_is_not_named_in_a_text_they_have_not_seen(office, sessions):
    async with transaction(sessions) as session:
        await session.execute(update(RosterEntry).where(RosterEntry.worker_no == "A-1").values(was_known=True))

    text = (await office.prepare())["A-1"]["contract"]

    assert ("张三丰" in text, "A-1" in text) == (False, True)


# ------------------------------------------------------------------ entry and exit


def today():
    return now().astimezone(SITE_ZONE).date()


async def test_entry_and_exit_are_kept_with_who_recorded_them(office, client):
    await office.move("W001", "entry", today() - timedelta(days=9))
    await office.move("W001", "exit", today())

    moves = (await client.get(f"{PATH}/roster/W001/moves", headers=office.headers)).json()["moves"]
    assert [("exit", CONTRACTOR.address), ("entry", CONTRACTOR.address)] == [(m["kind"], m["recordedBy"]) for m in moves]
    row = next(
        row for row in (await client.get(f"{PATH}/roster", headers=office.headers)).json()["rows"]
        if row["workerNo"] == "W001"
    )  # fmt: skip
    assert ((today() - timedelta(days=9)).isoformat(), today().isoformat()) == (row["enteredOn"], row["leftOn"])


async def test_recording_again_changes_nothing(office, session):
    for _ in range(2):
        assert 204 == (await office.move("W001", "entry", today())).status_code

    assert 1 == len((await session.scalars(select(EntryExit))).all())


async def test_who_came_back_has_not_left(office, session):
    for kind, days in (("entry", 9), ("exit", 5), ("entry", 2)):
        await office.move("W001", kind, today() - timedelta(days=days))

    member = await session.scalar(select(Membership).join(Worker, Worker.id == Membership.worker_pk).where(
        Worker.worker_no == "W001"
    ))  # fmt: skip
    assert (today() - timedelta(days=2), None) == (member.entered_on, member.left_on)


async def test_entry_before_the_contract_counts_once_there_is_one(office, client, newcomer, site, sessions):
    """A missing contract is the employer's fault: it must not cost the worker the day."""
    await office.move("A-1", "entry", today())
    offer = (await office.prepare())["A-1"]
    await office.sign(offer)
    await accept(client, offer)
    await site.apply(
        projects.record_joined, final_event("Joined", "WageEscrow", ESCROW, workerId=newcomer.hex_id, dayCap=90_000)
    )

    async with sessions() as session:
        assert today() == await session.scalar(
            select(Membership.entered_on).where(Membership.worker_pk == newcomer.id)
        )


async def test_leaving_takes_no_claim_away(office, client, site):
    await office.move("W001", "entry", today() - timedelta(days=9))
    await office.move("W001", "exit", today())

    path, body = claim(site, "W001", amount_fen=30_000, first_day=today() - timedelta(days=3), day_mask=1)

    assert 202 == (await client.put(path, json=body)).status_code


@pytest.mark.parametrize("days", [1, -401])
async def test_day_that_has_not_come_or_is_long_gone_cannot_be_recorded(office, days):
    answer = await office.move("W001", "entry", today() + timedelta(days=days))

    assert_problem(answer, 422, "bad-move-day", "cannot be recorded")


async def test_foreman_records_the_own_team(office, client, staff_headers):
    path = f"{PATH}/parties/{FOREMAN.address}/foreman"
    await client.put(path, json={"firm": "甲", "team": "T1"}, headers=office.headers)
    await office.put("B-1", 2, team="T2")
    desk = Office(client, await staff_headers(FOREMAN))

    assert 204 == (await desk.move("W001", "entry", today())).status_code
    assert_problem(await desk.move("B-1", "entry", today()), 404, "not-on-roster", "B-1")


async def test_bureau_reads_and_records_nothing(office, client, staff_headers):
    desk = Office(client, await staff_headers(BUREAU))

    assert_problem(await desk.move("W001", "exit", today()), 403, "role-needed", "bureau")
    assert 200 == (await client.get(f"{PATH}/roster/W001/moves", headers=desk.headers)).status_code


async def accept(client, offer):
    body = {
        "escrow": ESCROW, "workerId": offer["workerId"], "dayCapFen": offer["dayCapFen"],
        "termsHash": offer["termsHash"], "deadline": offer["deadline"],
        "signature": msgspec.to_builtins(KEY.sign(from_hex(offer["digest"]))),
    }  # fmt: skip
    return await client.put(f"/api/joins/{offer['digest']}", json=body)
