"""Real names: one ID number is one person under one number a project; what is known elsewhere stays there.

Branches: ID number's form, region, birthday, check character, spelling · names · accounts · registered · again · corrected ·
after a key · on two projects: found, told nothing, nothing overwritten, opened only once signed · two numbers · number of
another · shared phone · shared account · roles · subcontractor's own · employer · terms once signed · masked · sealed ·
opened with a reason, seen by the worker · file: looked through, every bad cell, stored whole, again, other digest.
"""

import asyncio
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select, text, update
from tests.backend.conftest import ARBITER, BUREAU, CONTRACTOR, ESCROW, WINDOWS, assert_problem, escrow_created

from anxin.core.clock import now
from anxin.core.database import transaction
from anxin.core.tables import read_table, write_csv, write_xlsx
from anxin.demo.keys import Wallet
from anxin.people import real_names
from anxin.people.errors import BadBankAccount, BadIdNumber, BadName
from anxin.people.id_number import check_character, normal_id_number
from anxin.people.models import Opening, Worker
from anxin.people.real_names import normal_account, normal_name
from anxin.projects import service as projects
from anxin.projects.models import Membership, RosterEntry
from anxin.projects.roster import workers_by_number

OFFICER = Wallet.from_hex("0x" + "e1" * 32)
SUBCONTRACTOR = Wallet.from_hex("0x" + "e2" * 32)
FOREMAN = Wallet.from_hex("0x" + "e3" * 32)
ELSEWHERE = Wallet.from_hex("0x" + "e4" * 32)
OTHER_ESCROW = "0x" + "e6" * 20


def id_number(place):
    body = f"50011219900101{place:03d}"
    return body + check_character(body)


def person(place, **changed):
    body = {
        "name": "张三丰", "idNumber": id_number(place), "phone": f"139{place:08d}", "team": "T1", "contractType": "day",
        "rateFen": 30_000, "bankAccount": f"62220000{place:08d}",
    }  # fmt: skip
    return body | changed


class Desk:
    """Somebody signed in at a project."""

    def __init__(self, client, headers, escrow):
        self.client, self.headers, self.path = client, headers, f"/api/projects/{escrow}/roster"

    async def put(self, number, body):
        return await self.client.put(f"{self.path}/{number}", json=body, headers=self.headers)

    async def rows(self):
        return {row["workerNo"]: row for row in (await self.client.get(self.path, headers=self.headers)).json()["rows"]}

    async def open(self, number, field, reason="核对证件"):
        body = {"field": field, "reason": reason}
        return await self.client.post(f"{self.path}/{number}/openings", json=body, headers=self.headers)

    async def look(self, content, name="roster.csv"):
        return await self.client.post(f"{self.path}/files?name={name}", content=content, headers=self.headers)

    async def store(self, content, digest=None):
        digest = digest or sha256(content).hexdigest()
        return await self.client.put(f"{self.path}/files/{digest}", content=content, headers=self.headers)


@pytest.fixture
async def at(client, site, staff_headers):
    """The desk of a wallet; parties of the roles under test are named."""
    contractor = await staff_headers(CONTRACTOR)
    for wallet, role in ((OFFICER, "officer"), (SUBCONTRACTOR, "subcontractor"), (FOREMAN, "foreman")):
        path = f"/api/projects/{ESCROW}/parties/{wallet.address}/{role}"
        await client.put(path, json={"firm": "甲劳务", "team": "T1"}, headers=contractor)

    async def sit(wallet, escrow=ESCROW):
        return Desk(client, contractor if wallet is CONTRACTOR else await staff_headers(wallet), escrow)

    return sit


@pytest.fixture
async def office(at):
    return await at(OFFICER)


@pytest.fixture
async def elsewhere(at, sessions, deployment):
    """The desk of another contractor's project."""
    async with transaction(sessions) as session:
        await projects.open_project(
            session, b"\x07" * 32, name="别的项目", contractor_name="别家", contractor=ELSEWHERE.address,
            bureau=BUREAU.address, arbiter=ARBITER.address, windows=WINDOWS,
        )  # fmt: skip
        created = escrow_created(
            deployment, escrow=OTHER_ESCROW, contractor=ELSEWHERE.address, project="0x" + "07" * 32
        )
        await projects.record_escrow_created(session, created)
    return await at(ELSEWHERE, OTHER_ESCROW)


async def worker_of(sessions, place):
    async with sessions() as session:
        return await real_names.find(session, id_number(place))


# ------------------------------------------------------------------ the form of things


@pytest.mark.parametrize("written", ["11010519491231002X", "11010519491231002x", " 110105 19491231 002X "])
def test_id_number_may_be_spelled_with_spaces_and_a_small_x(written):
    """The number is the standard's own example."""
    assert "11010519491231002X" == normal_id_number(written)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "not 0"), ("1101051949123100", "not 16"), ("110105194912310021", "does not fit"),
        ("11010519491231OO2X", "17 digits"), ("990105194912310027", "region"), ("110105194913310024", "date of birth"),
        ("110105209912310029", "date of birth"), ("１10105194912310021", "17 digits"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_id_number_is_said_but_not_the_number(written, problem):
    with pytest.raises(BadIdNumber, match=problem) as refused:
        normal_id_number(written)

    assert not written or written not in str(refused.value.document("zh"))


def test_any_one_wrong_digit_is_noticed():
    right = id_number(7)

    for place in range(17):
        wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
        with pytest.raises(BadIdNumber):
            normal_id_number(wrong)


@pytest.mark.parametrize("name", ["张三", "买买提·吐尔逊", "Anna Maria O'Neil", "欧阳娜娜"])
def test_names_are_written_in_many_ways(name):
    assert name == normal_name(f"  {name} ")


@pytest.mark.parametrize("name", ["", "张", "张3", "=SUM(A1)", "张" * 51, "张三;李四", "··"])
def test_what_is_no_name(name):
    with pytest.raises(BadName):
        normal_name(name)


@pytest.mark.parametrize("account", ["1234567", "6222 0000 x", "6" * 33])
def test_what_is_no_account(account):
    with pytest.raises(BadBankAccount):
        normal_account(account)


# ------------------------------------------------------------------ one project


async def test_registered_person_is_on_the_roster_masked(office):
    answer = await office.put("A-1", person(1))

    assert {"workerNo": "A-1", "alreadyOnRecord": False, "phoneUsable": True} == answer.json()
    row = (await office.rows())["A-1"]
    assert ("张**", "139****0001", "none", "none") == (row["nameMasked"], row["phoneMasked"], row["key"], row["contract"])
    assert (CONTRACTOR.address, True) == (row["employer"], row["hasBankAccount"])


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_roster_is_taken_away_as_masked_as_it_is_shown(office, kind):
    await office.put("A-1", person(1))

    answer = await office.client.get(f"{office.path}/export?format={kind}", headers=office.headers)

    by_number = {row.cells["worker_no"]: row.cells for row in read_table(answer.content, f"roster.{kind}").rows}
    assert set(await office.rows()) == set(by_number)
    shown = tuple(by_number["A-1"][name] for name in ("name", "phone", "employer"))
    assert ("张**", "139****0001", CONTRACTOR.address) == shown


async def test_roster_is_taken_away_by_nobody_else(at, elsewhere):
    stranger = await at(ELSEWHERE)

    assert 404 == (await stranger.client.get(f"{stranger.path}/export", headers=stranger.headers)).status_code


async def test_wages_of_who_has_an_account_go_to_the_bank(office, sessions, deployment):
    await office.put("A-1", person(1))
    await office.put("A-2", person(2, bankAccount=None))

    assert deployment.bank == (await worker_of(sessions, 1)).payout
    assert (await worker_of(sessions, 2)).payout is None


async def test_registering_again_changes_nothing(office, sessions):
    await office.put("A-1", person(1))
    before = (await worker_of(sessions, 1)).worker_id

    assert 200 == (await office.put("A-1", person(1))).status_code
    assert before == (await worker_of(sessions, 1)).worker_id


async def test_mistake_is_written_over(office, sessions):
    await office.put("A-1", person(1, name="章三丰"))

    await office.put("A-1", person(1, rateFen=31_000))

    assert "张三丰" == (await worker_of(sessions, 1)).name
    assert 31_000 == (await office.rows())["A-1"]["rateFen"]


async def test_whoever_holds_a_key_is_not_written_over(office, sessions):
    """A contractor that would send the codes, or the money, of an enrolled worker to itself."""
    await office.put("A-1", person(1))
    async with transaction(sessions) as session:
        await session.execute(update(Worker).values(assurance=2, x="0x1", y="0x2"))

    assert_problem(await office.put("A-1", person(1, phone="13911119999")), 409, "record-fixed", "in person")
    assert_problem(await office.put("A-1", person(1, bankAccount="62229999999")), 409, "record-fixed", "in person")


async def test_person_has_one_number(office):
    await office.put("A-1", person(1))

    assert_problem(await office.put("A-2", person(1)), 409, "on-roster-already", "A-1")


async def test_number_is_one_person(office):
    await office.put("A-1", person(1))

    assert_problem(await office.put("A-1", person(2)), 409, "number-taken", "A-1")


async def test_same_person_registered_twice_at_once_is_one(office, sessions):
    answers = await asyncio.gather(*(office.put(f"A-{place}", person(1)) for place in range(4)))

    assert [200, 409, 409, 409] == sorted(answer.status_code for answer in answers)
    async with sessions() as session:
        assert 1 == await session.scalar(select(func.count()).where(RosterEntry.worker_no.like("A-%")))


async def test_shared_phone_signs_only_the_first_in(office, sessions):
    await office.put("A-1", person(1))
    answer = await office.put("A-2", person(2, phone=person(1)["phone"]))

    assert (200, False) == (answer.status_code, answer.json()["phoneUsable"])
    assert (await worker_of(sessions, 1)).phone_index is not None
    await office.put("A-2", person(2))
    assert (await office.rows())["A-2"]["phoneUsable"]


async def test_one_account_for_several_is_shown(office):
    for place in (1, 2, 3):
        await office.put(f"A-{place}", person(place, bankAccount="6222000011112222" if place < 3 else "6222000033334444"))

    rows = await office.rows()
    assert [True, True, False] == [rows[f"A-{place}"]["sharesAccount"] for place in (1, 2, 3)]


async def test_database_holds_nothing_readable(office, sessions):
    await office.put("A-1", person(1))

    async with sessions() as session:
        raw = str((await session.execute(text("SELECT * FROM workers WHERE id_number IS NOT NULL"))).mappings().all())
    for secret in ("张三丰", id_number(1), "13900000001", "6222000000000001"):
        assert secret not in raw
        assert secret.encode().hex() not in raw


async def test_id_number_cannot_be_found_by_hashing_all_of_them(office, sessions):
    """The index is keyed: who has the table but not the key cannot try numbers out."""
    await office.put("A-1", person(1))

    index = (await worker_of(sessions, 1)).id_number_index
    assert index not in (sha256(id_number(1).encode()).digest(), sha256(f"id:{id_number(1)}".encode()).digest())


@pytest.mark.parametrize(
    ("changed", "status", "slug"),
    [
        ({"idNumber": "123"}, 422, "bad-id-number"), ({"name": "3"}, 422, "bad-name"), ({"phone": "12"}, 422, "bad-phone"),
        ({"bankAccount": "x"}, 422, "bad-bank-account"), ({"rateFen": 0}, 400, "malformed"),
        ({"contractType": "year"}, 400, "malformed"), ({"team": ""}, 400, "malformed"),
        ({"employer": "0x" + "99" * 20}, 422, "unknown-employer"), ({"employer": "me"}, 400, "malformed"),
    ],
    ids=["ID", "name", "phone", "account", "rate", "contract", "team", "employer", "no address"],
)  # fmt: skip
async def test_what_cannot_be_registered(office, changed, status, slug):
    assert_problem(await office.put("A-1", person(1, **changed)), status, slug, "")
    assert "A-1" not in await office.rows()


# ------------------------------------------------------------------ who may


async def test_subcontractor_has_to_do_with_its_own_only(at, office):
    theirs = await at(SUBCONTRACTOR)
    await office.put("A-1", person(1))
    await theirs.put("B-1", person(2))

    assert ["B-1"] == list(await theirs.rows())
    assert SUBCONTRACTOR.address == (await office.rows())["B-1"]["employer"]
    assert_problem(await theirs.put("A-1", person(1)), 409, "number-taken", "")
    assert_problem(await theirs.open("A-1", "idNumber"), 404, "not-on-roster", "A-1")
    assert_problem(await theirs.put("B-2", person(3, employer=CONTRACTOR.address)), 422, "unknown-employer", "")


async def test_officer_registers_for_a_subcontractor(office):
    await office.put("B-1", person(1, employer=SUBCONTRACTOR.address))

    assert SUBCONTRACTOR.address == (await office.rows())["B-1"]["employer"]


async def test_foreman_and_bureau_register_nobody(at):
    assert_problem(await (await at(FOREMAN)).put("A-1", person(1)), 403, "role-needed", "foreman")
    assert_problem(await (await at(BUREAU)).put("A-1", person(1)), 403, "role-needed", "bureau")
    assert_problem(await (await at(FOREMAN)).look(b"x"), 403, "role-needed", "foreman")


async def test_roster_is_no_business_of_another_project(at, elsewhere):
    assert 404 == (await (await at(ELSEWHERE)).put("A-1", person(1))).status_code


# ------------------------------------------------------------------ two projects


async def test_person_known_elsewhere_joins_as_the_same_worker(office, elsewhere, sessions):
    await office.put("A-1", person(1))

    answer = await elsewhere.put("Z-9", person(1))

    assert {"workerNo": "Z-9", "alreadyOnRecord": True, "phoneUsable": True} == answer.json()
    async with sessions() as session:
        pks = set(await session.scalars(select(RosterEntry.worker_pk).where(RosterEntry.worker_no.in_(["A-1", "Z-9"]))))
    assert 1 == len(pks)


async def test_two_projects_may_use_the_same_number(office, elsewhere, session, site):
    await office.put("A-1", person(1))
    await elsewhere.put("A-1", person(2))

    here = await workers_by_number(session, site.project)
    assert {"A-1", "W001", "W002", "W003"} == set(here)


async def test_second_project_can_overwrite_nothing(office, elsewhere, sessions):
    """Who knows an ID number cannot take over the phone that signs in, nor the account that is paid."""
    await office.put("A-1", person(1))

    await elsewhere.put("Z-9", person(1, name="李四光", phone="13977777777", bankAccount="6222777777777777"))
    await elsewhere.put("Z-9", person(1, name="李四光", phone="13966666666", bankAccount="6222777777777777"))

    kept = await worker_of(sessions, 1)
    assert ("张三丰", "+8613900000001", "6222000000000001") == (kept.name, kept.phone, kept.bank_account)


async def test_answer_is_the_same_whether_what_was_sent_fits_the_record(office, elsewhere):
    """Or it could be asked which phone belongs to which ID number."""
    await office.put("A-1", person(1))

    right = await elsewhere.put("Z-9", person(1))
    wrong = await elsewhere.put("Z-9", person(1, name="李四光", phone="13977777777", bankAccount=None))

    assert (right.status_code, right.json()) == (wrong.status_code, wrong.json())


async def test_second_project_sees_nothing_before_the_worker_has_signed(office, elsewhere):
    await office.put("A-1", person(1))
    await elsewhere.put("Z-9", person(1))

    row = (await elsewhere.rows())["Z-9"]
    assert [None] * 5 == [row[name] for name in ("nameMasked", "phoneMasked", "phoneUsable", "hasBankAccount", "key")]
    assert_problem(await elsewhere.open("Z-9", "phone"), 409, "not-signed-here", "on record before")


async def test_second_project_sees_who_has_signed_with_it(office, elsewhere, sessions):
    await office.put("A-1", person(1))
    await elsewhere.put("Z-9", person(1))
    async with transaction(sessions) as session:
        entry = (await session.scalars(select(RosterEntry).where(RosterEntry.worker_no == "Z-9"))).one()
        session.add(
            Membership(
                digest=b"\x09" * 32, project_pk=entry.project_pk, worker_pk=entry.worker_pk, team="T1",
                employer=ELSEWHERE.address, contract_type="day", rate_fen=1, day_cap_fen=3, terms_hash=b"\0" * 32,
                deadline=2_000_000_000, state="done",
            )
        )  # fmt: skip

    assert "张**" == (await elsewhere.rows())["Z-9"]["nameMasked"]
    assert "+8613900000001" == (await elsewhere.open("Z-9", "phone")).json()["value"]


async def test_first_project_cannot_change_who_is_on_another_too(office, elsewhere):
    await office.put("A-1", person(1))
    await elsewhere.put("Z-9", person(1))

    assert_problem(await office.put("A-1", person(1, phone="13955555555")), 409, "record-fixed", "")


# ------------------------------------------------------------------ opening


async def test_opened_field_is_told_and_the_worker_sees_who_and_why(office, client, sessions, signed_in):
    await office.put("A-1", person(1))

    answer = await office.open("A-1", "idNumber", "办理工资卡")

    assert (201, id_number(1)) == (answer.status_code, answer.json()["value"])
    headers = signed_in(await worker_of(sessions, 1))
    (seen,) = (await client.get("/api/me/openings", headers=headers)).json()["openings"]
    assert (OFFICER.address, "officer", "甲劳务") == (seen["address"], seen["role"], seen["firm"])
    assert ("测试项目", "idNumber", "办理工资卡") == (seen["project"], seen["field"], seen["reason"])


async def test_looking_at_the_roster_opens_nothing(office, sessions):
    await office.put("A-1", person(1))
    await office.rows()

    async with sessions() as session:
        assert 0 == await session.scalar(select(func.count()).select_from(Opening))


async def test_nobody_opens_without_a_reason(office):
    await office.put("A-1", person(1))

    assert_problem(await office.open("A-1", "idNumber", ""), 400, "malformed", "reason")


async def test_worker_sees_the_openings_of_nobody_else(office, client, site, signed_in):
    await office.put("A-1", person(1))
    await office.open("A-1", "idNumber")

    assert [] == (await client.get("/api/me/openings", headers=signed_in(site.workers["W001"]))).json()["openings"]


# ------------------------------------------------------------------ files

HEADER = ["工号", "姓名", "身份证号", "手机号", "班组", "用工类型", "工价（元）", "计件定额", "开工日期", "银行卡号"]


def line(place, *, number=None, **changed):
    row = {
        "工号": number or f"A-{place}", "姓名": "张三丰", "身份证号": id_number(place), "手机号": f"139{place:08d}",
        "班组": "T1", "用工类型": "计件", "工价（元）": "12.5", "计件定额": "40", "开工日期": "2026-10-08", "银行卡号": "",
    }  # fmt: skip
    return list((row | changed).values())


@pytest.mark.parametrize("write", [write_csv, lambda *args: write_xlsx("名册", *args)], ids=["CSV", "XLSX"])
async def test_file_is_looked_through_then_stored(office, write):
    content = write(HEADER, [line(1), line(2)])

    seen = (await office.look(content)).json()
    assert (2, 2, 0, []) == (seen["rows"], seen["newRows"], seen["errorCount"], seen["errors"])
    assert not {"A-1", "A-2"} & set(await office.rows())
    stored = await office.store(content, seen["fileDigest"])

    assert {"rows": 2, "alreadyOnRecord": [], "phoneUnusable": []} == stored.json()
    row = (await office.rows())["A-1"]
    assert ("piece", 1_250, 40, "2026-10-08") == tuple(
        row[name] for name in ("contractType", "rateFen", "pieceQuota", "startsOn")
    )


async def test_every_bad_cell_is_named(office):
    await office.put("A-9", person(9))
    content = write_csv(
        HEADER,
        [
            line(1), line(2, 身份证号="500112199001010020"), line(3, 手机号="12", **{"工价（元）": "1.234"}),
            line(4, 用工类型="年薪", 开工日期="明天"), line(5, number="A-1"), line(1, number="A-6"), line(9, number="A-7"),
            line(8, number="A-9"),
        ],
    )  # fmt: skip

    seen = (await office.look(content)).json()

    assert [
        (3, "身份证号"), (4, "手机号"), (4, "工价（元）"), (5, "用工类型"), (5, "开工日期"), (6, "工号"), (7, "身份证号"),
        (8, "身份证号"), (9, "工号"),
    ] == [(each["line"], each["column"]) for each in seen["errors"]]  # fmt: skip
    assert "500112199001010020" not in str(seen)
    assert "A-9" in seen["errors"][7]["problem"]
    assert_problem(await office.store(content), 422, "bad-roster-file", "9 cells")
    assert "A-1" not in await office.rows()


async def test_problems_of_a_file_are_told_in_the_readers_language(office):
    office.headers["accept-language"] = "zh"

    seen = (await office.look(write_csv(HEADER, [line(1, 手机号="12")]))).json()

    assert "11 位手机号" in seen["errors"][0]["problem"]


async def test_file_stored_again_changes_nothing(office):
    content = write_csv(HEADER, [line(1), line(2)])
    await office.store(content)
    before = await office.rows()

    assert 200 == (await office.store(content)).status_code
    assert before == await office.rows()
    assert 0 == (await office.look(content)).json()["newRows"]


async def test_file_other_than_was_looked_at_is_not_stored(office):
    content = write_csv(HEADER, [line(1)])

    answer = await office.store(write_csv(HEADER, [line(2)]), sha256(content).hexdigest())

    assert_problem(answer, 422, "digest-mismatch", "")


async def test_preview_does_not_say_who_is_on_record_elsewhere(office, elsewhere):
    """Looking costs nothing and leaves no trace: it must not answer whether an ID number or a phone is known."""
    await office.put("A-1", person(1))

    known, unknown = write_csv(HEADER, [line(1)]), write_csv(HEADER, [line(2)])
    seen = [(await elsewhere.look(content)).json() for content in (known, unknown)]

    assert seen[0] | {"fileDigest": ""} == seen[1] | {"fileDigest": ""}


@pytest.mark.parametrize(
    ("content", "slug"),
    [(b"", "no-table"), (write_csv(["a"], [["b"]]), "bad-roster-file"), (b"PK broken", "damaged-table")],
    ids=["empty", "other columns", "damaged"],
)
async def test_what_is_no_roster_file(office, content, slug):
    assert_problem(await office.look(content), 422, slug, "")


async def test_terms_that_are_signed_are_those_of_the_contract(office, sessions):
    await office.put("A-1", person(1))
    async with transaction(sessions) as session:
        entry = (await session.scalars(select(RosterEntry).where(RosterEntry.worker_no == "A-1"))).one()
        session.add(
            Membership(
                digest=b"\x09" * 32, project_pk=entry.project_pk, worker_pk=entry.worker_pk, team="T1",
                employer=CONTRACTOR.address, contract_type="day", rate_fen=30_000, day_cap_fen=90_000,
                terms_hash=b"\0" * 32, deadline=int((now() + timedelta(days=1)).timestamp()), state="accepted",
            )
        )  # fmt: skip

    assert_problem(await office.put("A-1", person(1, rateFen=20_000)), 409, "terms-signed", "contract")
    assert 200 == (await office.put("A-1", person(1))).status_code
