"""Gates, face terminals and foremen's sheets: taken once, answered for row by row, strangers kept aside.

Branches: kept · retried · row of a pushed batch bad · absurd time · clock ahead · unknown worker · assigned, twice, to
nobody, to another · wrong secret · ended device · another's appid · no device · fields missing · method · data no JSON · too
many · weak attend types · night shift · sources listed · secret shown to managers only · device ended · sheet kept, again,
differing · missing half · past midnight · two shifts · own team only · pieces · roles.
"""

from datetime import UTC, date, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select, text
from tests.backend.attendance_words import (
    ATTENDANCE,
    DAY,
    FOREMAN,
    OFFICER,
    STRANGER,
    SUBCONTRACTOR,
    local,
    name_party,
    push,
    row,
)
from tests.backend.conftest import BUREAU, CONTRACTOR, assert_problem

from anxin.attendance import service as attendance
from anxin.attendance.models import PieceCount, Punch, StrayReading
from anxin.core.clock import now
from anxin.core.database import transaction
from anxin.core.platform_sign import sign, verify
from anxin.people import service as people
from anxin.people.id_number import check_character
from anxin.people.models import Worker
from anxin.people.real_names import id_index
from anxin.projects.models import Membership
from anxin.realname import cipher

DEVICE = "/api/device/attendance"


@pytest.fixture
async def office(client, site, staff_headers):
    """The contractor's headers."""
    return await staff_headers(CONTRACTOR)


@pytest.fixture
async def gate(client, office):
    """(appid, secret) of gate G1."""
    source = (await client.put(f"{ATTENDANCE}/sources/G1", headers=office)).json()
    return source["appId"], source["secret"]


@pytest.fixture
def pushed(client, gate):
    async def pushed(*rows, **changed):
        return await client.post(DEVICE, data=push(*gate, *rows, **changed))

    return pushed


async def kept(site):
    async with site.sessions() as session:
        return list(await session.scalars(select(Punch).order_by(Punch.at)))


def states(answer):
    return [each["state"] for each in answer.json()["data"]]


# ------------------------------------------------------------------ signing


def test_signature_is_the_platforms():
    """Fields ascending, joined, with the secret, in lower case."""
    assert sha256(b"a=1&b=2&appsecret=s").hexdigest() == sign({"b": "2", "a": "1", "sign": "x"}, "S")


def test_signature_is_of_every_field():
    form = {"appid": "1", "data": "{}"}
    signed = {**form, "sign": sign(form, "secret")}

    assert verify(signed, "secret")
    assert verify({**signed, "sign": signed["sign"].upper()}, "secret")
    assert not verify(signed, "another")
    assert not verify({**signed, "data": "[]"}, "secret")
    assert not verify({**signed, "more": "1"}, "secret")
    assert not verify(form, "secret")


# ------------------------------------------------------------------ pushes


async def test_reading_of_a_gate_is_kept_on_the_sites_clock(pushed, site):
    answer = await pushed(row("W001", local("07:59:30")), row("W001", local("18:00"), "02", channel="East"))

    assert (200, "0", ["kept", "kept"]) == (answer.status_code, answer.json()["code"], states(answer))
    assert [(local("07:59:30"), "01", "G1", "medium"), (local("18:00"), "02", "East", "medium")] == [
        (each.at, each.direction, each.device, each.strength) for each in await kept(site)
    ]


async def test_push_that_comes_again_is_acknowledged_again(pushed, site):
    answers = [await pushed(row("W001", local("07:59"))) for _ in range(3)]

    assert [["kept"], ["known"], ["known"]] == [states(each) for each in answers]
    assert 1 == len(await kept(site))


async def test_row_twice_in_a_push_is_one_record(pushed, site):
    answer = await pushed(row("W001", local("07:59")), row("W001", local("07:59")))

    assert ["kept", "known"] == states(answer)
    assert 1 == len(await kept(site))


async def test_bad_row_does_not_lose_the_good_ones(pushed, site):
    absurd = row("W001", local("07:59"), date="2000-01-01 00:00:00")
    answer = await pushed(
        row("W001", local("07:59")), {"workerNo": "W001"}, row("W001", local("08:00"), direction="03"), absurd, 7,
        row("W001", local("08:00"), date="yesterday"), row("W002", local("08:01")),
    )  # fmt: skip

    assert ["kept", "bad", "bad", "bad", "bad", "bad", "kept"] == states(answer)
    problems = [each["problem"] for each in answer.json()["data"]]
    assert "set the device's clock" in problems[3]
    assert "date" in problems[1]
    assert 2 == len(await kept(site))


async def test_clock_that_is_ahead_is_kept_beside_ours(pushed, site):
    ahead = now() + timedelta(hours=3)

    assert ["kept"] == states(await pushed(row("W001", ahead)))
    (reading,) = await kept(site)
    assert reading.at > reading.received_at


async def test_reading_that_a_person_let_pass_is_weak(pushed, site):
    types = {"001": "medium", "010": "medium", "007": "weak", "008": "weak", "009": "weak", "011": "weak"}
    await pushed(*[row("W001", local(f"07:{int(each):02d}"), attendType=each) for each in types])

    assert types == {each.attend_type: each.strength for each in await kept(site)}


async def test_signature_of_another_secret_is_refused(client, gate, site):
    answer = await client.post(DEVICE, data=push(gate[0], "00" * 32, row("W001", local("07:59"))))

    assert_problem(answer, 401, "bad-device-signature", gate[0])
    assert [] == await kept(site)


async def test_data_that_was_changed_is_refused(client, gate):
    form = push(*gate, row("W001", local("07:59")))

    answer = await client.post(DEVICE, data={**form, "data": form["data"].replace("W001", "W002")})

    assert 401 == answer.status_code


async def test_device_nobody_registered_is_refused_as_a_wrong_signature_is(client, gate):
    for appid in ("999999", "0", "x", "-1", "9" * 30, "²"):
        assert 401 == (await client.post(DEVICE, data=push(appid, gate[1], row("W001", local("07:59"))))).status_code


async def test_source_that_is_no_device_pushes_nothing(client, gate, site, office, session):
    """The phones' source has a secret too: it is what the site's code is made of."""
    await client.get(f"/api/projects/{site.project.escrow}/site-code", headers=office)
    found = await session.execute(text("SELECT id FROM attendance_sources WHERE kind = 'phone'"))

    answer = await client.post(DEVICE, data=push(str(found.scalar_one()), gate[1], row("W001", local("07:59"))))

    assert 401 == answer.status_code


async def test_field_that_is_missing_is_named(client, gate):
    for field in ("appid", "data", "format", "method", "nonce", "timestamp", "version", "sign"):
        form = push(*gate, row("W001", local("07:59")))
        del form[field]
        assert_problem(await client.post(DEVICE, data=form), 400, "malformed", field)


async def test_push_that_cannot_be_read_is_refused_whole(pushed):
    unreadable = ({"method": "Payroll.Add"}, {"format": "xml"}, {"data": "{"}, {"data": "{}"}, {"data": '{"dataList": 7}'})
    for changed in unreadable:
        assert 400 == (await pushed(**changed)).status_code


async def test_push_has_an_end(client, gate):
    form = push(*gate, *[{}] * 501)

    assert 400 == (await client.post(DEVICE, data=form)).status_code


async def test_night_shift_counts_in_time_order(pushed, site, session):
    await pushed(row("W001", local("04:00", days=1), "02"), row("W001", local("20:00")))

    assert [(local("20:00"), "01"), (local("04:00", days=1), "02")] == (
        await attendance.punches_of(session, site.project)
    )[site.workers["W001"].id]


# ------------------------------------------------------------------ strangers


async def test_stranger_is_kept_aside_once_and_sealed(client, pushed, office, session):
    answers = [await pushed(row("W777", local("07:59"))) for _ in range(2)]

    strays = (await client.get(f"{ATTENDANCE}/strays", headers=office)).json()["strays"]
    assert [["stray"], ["stray"]] == [states(each) for each in answers]
    assert [("W777", "G1")] == [(each["subject"], each["sourceName"]) for each in strays]
    stored = (await session.execute(text("SELECT subject, record_id FROM stray_readings"))).one()
    assert b"W777" not in stored[0]
    assert "W777" not in stored[1]


async def test_stray_reading_is_given_to_the_person_once_enrolled(client, pushed, site, office, session):
    await pushed(row("W777", local("07:59")))
    async with transaction(site.sessions) as own:
        await enlist(own, site, "W777")
    path = f"{ATTENDANCE}/strays/{await session.scalar(select(StrayReading.id))}"

    answers = [await client.put(path, json={"workerNo": "W777"}, headers=office) for _ in range(2)]

    (reading,) = await kept(site)
    assert [204, 204] == [each.status_code for each in answers]
    assert (local("07:59"), "weak") == (reading.at, reading.strength)
    assert [] == (await client.get(f"{ATTENDANCE}/strays", headers=office)).json()["strays"]
    assert ["known"] == states(await pushed(row("W777", local("07:59"))))


async def test_stray_reading_is_given_to_nobody_else_afterwards(client, pushed, site, office, session):
    await pushed(row("W777", local("07:59")))
    path = f"{ATTENDANCE}/strays/{await session.scalar(select(StrayReading.id))}"
    nobody = await client.put(path, json={"workerNo": "W778"}, headers=office)
    await client.put(path, json={"workerNo": "W001"}, headers=office)

    answer = await client.put(path, json={"workerNo": "W002"}, headers=office)

    assert_problem(nobody, 422, "not-on-project", "W778")
    assert_problem(answer, 404, "stray-not-found", "unassigned")
    assert [site.workers["W001"].id] == [each.worker_pk for each in await kept(site)]


async def enlist(session, site, number):
    worker = await people.register_worker(session, number, name="新", phone="13900000777", payout=None)
    known = (await session.scalars(select(Membership).limit(1))).one()
    session.add(
        Membership(
            digest=b"\x07" * 32, project_pk=site.project.id, worker_pk=worker.id, team="T1", employer=known.employer,
            contract_type="day", rate_fen=1, day_cap_fen=3, terms_hash=b"\x07" * 32, deadline=2_000_000_000,
            state="done",
        )
    )  # fmt: skip


# ------------------------------------------------------------------ sources


async def test_secret_is_for_those_who_manage_the_site(client, site, staff_headers, gate):
    for wallet, role in ((OFFICER, "officer"), (FOREMAN, "foreman"), (SUBCONTRACTOR, "subcontractor")):
        await name_party(site, wallet, role)
    asked = {CONTRACTOR: 200, OFFICER: 200, FOREMAN: 403, SUBCONTRACTOR: 403, BUREAU: 403, STRANGER: 404}

    answers = {who: await client.put(f"{ATTENDANCE}/sources/G1", headers=await staff_headers(who)) for who in asked}

    assert asked == {who: answer.status_code for who, answer in answers.items()}
    assert {gate[1]} == {answer.json()["secret"] for answer in answers.values() if answer.status_code == 200}


async def test_sources_are_listed_without_their_secrets(client, pushed, office, gate):
    await pushed(row("W001", local("07:59")))

    answer = await client.get(f"{ATTENDANCE}/sources", headers=office)

    (source,) = answer.json()["sources"]
    assert ("device", "G1", "medium", None) == (source["kind"], source["name"], source["strength"], source["endedAt"])
    assert source["latestAt"] is not None
    assert gate[1] not in answer.text


async def test_secret_is_sealed_in_the_database(gate, session):
    assert gate[1].encode() not in await session.scalar(text("SELECT secret FROM attendance_sources"))


async def test_ended_device_pushes_nothing_more_and_what_it_sent_stays(client, pushed, office, site):
    await pushed(row("W001", local("07:59")))
    ended = [await client.delete(f"{ATTENDANCE}/sources/G1", headers=office) for _ in range(2)]

    assert [204, 204] == [each.status_code for each in ended]
    assert 401 == (await pushed(row("W001", local("18:00"), "02"))).status_code
    assert_problem(await client.put(f"{ATTENDANCE}/sources/G1", headers=office), 409, "source-ended", "G1")
    assert 1 == len(await kept(site))


async def test_device_nobody_registered_cannot_be_ended(client, office):
    assert_problem(await client.delete(f"{ATTENDANCE}/sources/G9", headers=office), 404, "source-not-found", "G9")


# ------------------------------------------------------------------ the foreman's sheet


@pytest.fixture
async def sheet(client, site, staff_headers):
    """Send a foreman's sheet of team T1."""
    await name_party(site, FOREMAN, "foreman", team="T1")
    headers = await staff_headers(FOREMAN)

    async def sheet(*shifts, pieces=()):
        body = {"shifts": list(shifts), "pieces": list(pieces)}
        return (await client.post(f"{ATTENDANCE}/foreman", json=body, headers=headers)).json()

    return sheet


def shift(number="W001", day=DAY, **clocks):
    return {"workerNo": number, "day": day.isoformat(), **clocks}


async def test_sheet_is_kept_as_weak_evidence_once(sheet, site):
    written = shift(**{"in": "08:00", "out": "17:30"})

    answers = [await sheet(written) for _ in range(2)]

    assert [(2, 0, []), (0, 2, [])] == [(each["kept"], each["known"], each["problems"]) for each in answers]
    assert [(local("08:00"), "weak"), (local("17:30"), "weak")] == [(each.at, each.strength) for each in await kept(site)]


async def test_sheet_past_midnight_ends_on_the_next_day(sheet, site):
    await sheet(shift(**{"in": "20:00", "out": "04:00"}))

    assert [local("20:00"), local("04:00", days=1)] == [each.at for each in await kept(site)]


async def test_missing_half_is_left_missing(sheet, site):
    await sheet(shift(**{"in": "08:00"}))

    assert ["01"] == [each.direction for each in await kept(site)]


async def test_second_shift_of_a_day_is_its_own(sheet, site):
    await sheet(shift(**{"in": "08:00", "out": "12:00"}), shift(**{"in": "13:00", "out": "17:00", "shift": 2}))

    assert 4 == len(await kept(site))


async def test_sheet_that_says_something_else_is_not_taken(sheet, site):
    await sheet(shift(**{"in": "08:00", "out": "17:30"}))

    answer = await sheet(shift(**{"in": "10:00", "out": "17:30"}))

    assert [("shifts", 0, "W001", "differs")] == [tuple(each.values()) for each in answer["problems"]]
    assert [local("08:00"), local("17:30")] == [each.at for each in await kept(site)]


async def test_rows_that_cannot_be_taken_are_named_and_the_others_kept(sheet, site):
    answer = await sheet(
        shift("W999", **{"in": "08:00"}), shift(), shift(day=date(2001, 1, 1), **{"in": "08:00"}), shift(**{"in": "08:00"}),
    )  # fmt: skip

    assert ["not-on-project", "empty", "impossible-time"] == [each["problem"] for each in answer["problems"]]
    assert 1 == len(await kept(site))


async def test_foreman_writes_for_the_own_team_only(sheet, site, session):
    await session.execute(text("UPDATE roster SET team = 'T2' WHERE worker_no = 'W002'"))
    await session.execute(
        text("UPDATE memberships SET team = 'T2' WHERE worker_pk = :worker"), {"worker": site.workers["W002"].id}
    )
    await session.commit()

    answer = await sheet(shift("W002", **{"in": "08:00"}))

    assert ["not-on-project"] == [each["problem"] for each in answer["problems"]]


async def test_pieces_are_kept_once_and_not_replaced(sheet, site, session):
    counted = {"workerNo": "W001", "day": DAY.isoformat(), "quantity": 183}
    first, again = await sheet(pieces=[counted]), await sheet(pieces=[counted])
    less = await sheet(pieces=[{**counted, "quantity": 18}])

    assert [(1, 0), (0, 1)] == [(each["kept"], each["known"]) for each in (first, again)]
    assert ["differs"] == [each["problem"] for each in less["problems"]]
    assert {DAY: 183} == (await attendance.pieces_of(session, site.project))[site.workers["W001"].id]
    assert 1 == await session.scalar(select(func.count()).select_from(PieceCount))


async def test_sheet_is_for_those_who_keep_attendance(client, site, staff_headers):
    asked = {CONTRACTOR: 403, BUREAU: 403, STRANGER: 404}

    answers = {
        who: (await client.post(f"{ATTENDANCE}/foreman", json={}, headers=await staff_headers(who))).status_code
        for who in asked
    }

    assert asked == answers


async def test_day_shows_who_has_no_reading(client, pushed, office):
    await pushed(row("W001", local("07:59")))

    (day,) = (await client.get(ATTENDANCE, params=days(DAY, DAY), headers=office)).json()["days"]

    assert ["W002", "W003"] == day["withoutReading"]
    (record,) = day["records"]
    assert ("W001", "device", "counted", False) == (
        record["workerNo"], record["sourceKind"], record["state"], record["signed"]
    )  # fmt: skip
    assert record["skewSeconds"] > 86400


async def test_days_hold_their_own_records_and_those_around_them_apart(client, pushed, office):
    """The night shift that begins before the first day, and the one that ends after the last, are there to be paired."""
    eve, morrow = DAY - timedelta(days=1), DAY + timedelta(days=2)
    times = {"before": local("23:59", day=eve), "first": local("00:00"), "last": local("23:59", days=1)}
    await pushed(*(row("W001", at) for at in (*times.values(), local("00:00", day=morrow))))
    for far in (local("23:59", days=-2), local("00:00", days=3)):
        await pushed(row("W001", far))

    answer = (await client.get(ATTENDANCE, params=days(DAY, DAY + timedelta(days=1)), headers=office)).json()

    held = [(each["day"], [record["at"] for record in each["records"]]) for each in answer["days"]]
    assert [(DAY.isoformat(), [utc(times["first"])]), ((DAY + timedelta(days=1)).isoformat(), [utc(times["last"])])] == held
    assert [utc(times["before"]), utc(local("00:00", day=morrow))] == [record["at"] for record in answer["around"]]


async def test_a_month_of_days_is_the_most(client, office):
    late, early = DAY + timedelta(days=31), DAY - timedelta(days=1)

    assert 200 == (await client.get(ATTENDANCE, params=days(DAY, DAY + timedelta(days=30)), headers=office)).status_code
    for last in (late, early):
        answer = await client.get(ATTENDANCE, params=days(DAY, last), headers=office)
        assert_problem(answer, 400, "malformed", "31 days")


def days(first, last):
    return {"first": first.isoformat(), "last": last.isoformat()}


def utc(at):
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")



# ------------------------------------------------------------------ ID numbers, as the platform's own form has them

ID_NUMBER = "50010119900101001" + check_character("50010119900101001")


@pytest.fixture
async def on_record(site):
    """W001's ID number is on record."""
    async with transaction(site.sessions) as session:
        worker = await session.get_one(Worker, site.workers["W001"].id)
        worker.id_number, worker.id_number_index = ID_NUMBER, id_index(ID_NUMBER)


def by_id(secret, at, number=ID_NUMBER):
    reading = {**row("", at), "idCardType": "01", "idCardNumber": cipher.encrypt(number, secret)}
    del reading["workerNo"]
    return reading


async def test_reading_by_encrypted_id_number_is_the_persons(pushed, gate, site, on_record):
    answers = [await pushed(by_id(gate[1], local("07:59")), row("W001", local("07:59"))) for _ in range(2)]

    assert [["kept", "known"], ["known", "known"]] == [states(each) for each in answers]
    assert [site.workers["W001"].id] == [each.worker_pk for each in await kept(site)]


async def test_id_number_of_nobody_on_the_site_is_kept_aside_and_shown_by_its_end(client, pushed, gate, office, session):
    assert ["stray"] == states(await pushed(by_id(gate[1], local("07:59"))))

    (stray,) = (await client.get(f"{ATTENDANCE}/strays", headers=office)).json()["strays"]
    assert "*" * 14 + ID_NUMBER[-4:] == stray["subject"]
    stored = (await session.execute(text("SELECT subject, record_id FROM stray_readings"))).one()
    assert ID_NUMBER.encode() not in stored[0]
    assert ID_NUMBER not in stored[1]


async def test_id_number_that_cannot_be_read_is_bad_and_not_repeated(pushed, gate, site):
    wrong_digit = ID_NUMBER[:-1] + ("5" if ID_NUMBER[-1] != "5" else "6")
    rows = [
        by_id("00" * 16, local("07:59")), by_id(gate[1], local("07:59"), wrong_digit),
        {**by_id(gate[1], local("07:59")), "idCardNumber": ID_NUMBER}, {"date": "2026-10-08 08:00:00", "direction": "01"},
    ]  # fmt: skip

    answer = await pushed(*rows)

    assert ["bad"] * 4 == states(answer)
    assert ID_NUMBER[:10] not in answer.text
    assert [] == await kept(site)
