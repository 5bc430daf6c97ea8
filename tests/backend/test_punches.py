"""A worker's own punches: signed, taken late and twice, and worth what their signature and hint are worth.

Branches: kept · resent · offline for thirty days, in any order · another's key · a replaced key · changed words · other
escrow · no such project · stranger · not enrolled · high s · absurd times · clock ahead · passkey, device key, wallet · site
code matched, stale, wrong, none · mocked position · unreadable and newer hints · personal data · my month · what counts.
"""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import func, select, text, update
from tests.backend.attendance_words import DAY, FOREMAN, OFFICER, STRANGER, change, local, name_party, punch
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, assert_problem
from tests.fakes import final_event

from anxin import wiring
from anxin.attendance import phone, site_code, sources
from anxin.attendance import service as attendance
from anxin.attendance.effective import Reading, fills_a_gap, outweighed
from anxin.attendance.models import Punch
from anxin.core.clock import SITE_ZONE, now
from anxin.core.database import transaction
from anxin.core.errors import Malformed
from anxin.core.signing import SECP256K1_ORDER, WalletSignature
from anxin.core.tables import read_table
from anxin.demo.keys import DeviceKey
from anxin.people.models import Worker

MONTH = f"{DAY:%Y-%m}"


@pytest.fixture
def send(client, site):
    """Punch with a phone; return the answer."""

    async def send(number, at, direction=1, **how):
        path, body = punch(site, number, at, direction, **how)
        return await client.put(path, json=body)

    return send


@pytest.fixture
async def secret(site):
    async with transaction(site.sessions) as session:
        return (await sources.ensure(session, site.project, sources.PHONE)).secret


async def kept(site):
    async with site.sessions() as session:
        return list(await session.scalars(select(Punch).order_by(Punch.at)))


async def test_punch_is_kept_with_what_both_clocks_say(send, site):
    before = now()
    answer = await send("W001", local("07:30"))

    (row,) = await kept(site)
    assert (202, "kept") == (answer.status_code, answer.json()["state"])
    assert (local("07:30"), "01", site.workers["W001"].id) == (row.at, row.direction, row.worker_pk)
    assert before <= row.received_at <= now()


async def test_same_punch_again_is_one_punch(send, site):
    answers = [await send("W001", local("07:30")) for _ in range(3)]

    assert [202, 202, 202] == [each.status_code for each in answers]
    assert 1 == len(await kept(site))


async def test_thirty_days_offline_come_in_any_order(client, site, session):
    days = range(30)
    sent = [punch(site, "W001", local(clock, days=-day), way) for day in days for clock, way in (("18:00", 2), ("08:00", 1))]
    for path, body in [*reversed(sent), *sent[:7]]:
        assert 202 == (await client.put(path, json=body)).status_code

    counting = (await attendance.punches_of(session, site.project))[site.workers["W001"].id]
    assert 60 == len(counting)
    assert ["01", "02"] * 30 == [direction for _, direction in counting]


async def test_nobody_punches_with_anothers_key(send, site):
    answer = await send("W001", local("07:30"), key=site.keys["W002"])

    assert_problem(answer, 403, "wrong-key", "not signed with the key")
    assert [] == await kept(site)


async def test_what_was_signed_cannot_be_changed(client, site):
    path, body = punch(site, "W001", local("07:30"), hint={"mocked": True})
    changed = {"direction": 2, "at": body["at"] + 3600, "hintText": '{"mocked": false}'}

    for field, value in changed.items():
        assert_problem(await client.put(path, json={**body, field: value}), 422, "digest-mismatch", "digest")


async def test_punch_of_one_site_is_none_of_another(client, site):
    path, body = punch(site, "W001", local("07:30"))

    answer = await client.put(path, json={**body, "escrow": "0x" + "e6" * 20})

    assert_problem(answer, 422, "digest-mismatch", "digest")


async def test_punch_for_a_site_nobody_knows_is_refused(send):
    assert_problem(await send("W001", local("07:30"), escrow="0x" + "e6" * 20), 404, "project-not-found", "no project")


async def test_worker_nobody_knows_is_refused(send, site):
    site.workers["W001"].worker_id = bytes(32)

    assert_problem(await send("W001", local("07:30")), 409, "not-joined", "not joined")


async def test_punch_by_a_key_that_was_replaced_is_refused_unless_it_was_kept_before(send, site):
    """Who finds an old phone cannot fill in last month; a phone that never heard our answer does hear it."""
    first = await send("W001", local("07:30"))
    new = DeviceKey.from_number(4242).public
    await site.final(
        final_event(
            "KeyChanged", "WorkerRegistry", site.deployment.addresses.registry, workerId=site.workers["W001"].hex_id,
            assurance=new.assurance, x=new.x, y=new.y, recovered=True,
        )
    )  # fmt: skip

    again, backdated = await send("W001", local("07:30")), await send("W001", local("06:30"))

    assert (202, 202, "kept") == (first.status_code, again.status_code, again.json()["state"])
    assert_problem(backdated, 403, "wrong-key", "not signed with the key")
    assert [local("07:30")] == [row.at for row in await kept(site)]


async def test_worker_without_a_key_enrols_first(send, site, session):
    await session.execute(update(Worker).values(assurance=None))
    await session.commit()

    assert_problem(await send("W001", local("07:30")), 409, "not-enrolled", "Enrol")


async def test_signature_has_one_form(client, site):
    path, body = punch(site, "W003", local("07:30"))
    raw = bytes.fromhex(body["signature"]["signature"][2:])
    high = (SECP256K1_ORDER - int.from_bytes(raw[32:64])).to_bytes(32)
    varied = WalletSignature("0x" + (raw[:32] + high + raw[64:]).hex())

    answer = await client.put(path, json={**body, "signature": msgspec.to_builtins(varied)})

    assert_problem(answer, 422, "high-s", "s is high")


async def test_impossible_time_is_refused_by_name(send, site):
    for away in (timedelta(days=-401), timedelta(days=1, minutes=1), timedelta(days=300_000)):
        answer = await send("W001", datetime.now(UTC) + away)
        assert_problem(answer, 422, "absurd-time", "set the device's clock")

    assert [] == await kept(site)


async def test_time_beyond_any_calendar_is_refused(client, site):
    path, body = punch(site, "W001", local("07:30"))

    answer = await client.put(path, json={**body, "at": 2**62})

    assert 422 == answer.status_code


async def test_clock_that_is_ahead_refuses_nothing(send, site):
    at = now().replace(microsecond=0) + timedelta(hours=20)

    assert 202 == (await send("W001", at)).status_code
    assert [at] == [row.at for row in await kept(site)]


async def test_only_a_passkey_is_strong_evidence(send, site):
    """W001 has a device key, W002 a passkey, W003 a wallet."""
    for minute, number in enumerate(site.workers):
        await send(number, local(f"07:3{minute}"))

    assert ["medium", "strong", "medium"] == [row.strength for row in await kept(site)]


@pytest.mark.parametrize(
    ("days", "shown", "verdict"),
    [
        (0, "07:30:00", "matched"), (0, "07:28:00", "matched"), (0, "07:32:00", "matched"), (0, "07:27:59", "stale"),
        (0, "07:32:30", "stale"), (0, "23:00:00", "stale"), (-1, "07:30:00", "stale"), (-1, "07:29:59", "wrong"),
        (1, "07:30:29", "stale"), (1, "07:30:30", "wrong"),
    ],
)  # fmt: skip
def test_site_code_says_when_it_was_seen(days, shown, verdict):
    """Of two minutes beside the punch, of a day beside it, or of no time we need to think of."""
    code = site_code.code_at("ab" * 32, local(shown, days=days))

    assert verdict == site_code.verdict("ab" * 32, code, local("07:30"))


def test_site_code_is_eight_digits_that_change_every_half_minute():
    codes = [site_code.code_at("ab" * 32, local("07:30") + timedelta(seconds=second)) for second in range(0, 3600, 10)]

    assert {True} == {len(code) == 8 and code.isascii() and code.isdecimal() for code in codes}
    assert 120 == len(set(codes))


@pytest.mark.parametrize("code", ["x", "1234567", "123456789", "+1234567", "1234567\n", "１２３４５６７８", "0" * 8])
def test_code_that_is_none_of_ours_is_wrong(code):
    assert "wrong" == site_code.verdict("ab" * 32, code, local("07:30"))


@pytest.mark.parametrize("code", [None, ""])
def test_no_code_is_no_wrong_code(code):
    assert "none" == site_code.verdict("ab" * 32, code, local("07:30"))


async def test_scanned_punch_says_so(send, site, secret):
    await send("W001", local("07:30"), hint={"siteCode": site_code.code_at(secret, local("07:30"))})

    assert [("matched", "010")] == [(row.code_verdict, row.attend_type) for row in await kept(site)]


async def test_code_of_another_site_is_kept_as_wrong_and_refuses_nothing(send, site, secret):
    answer = await send("W001", local("07:30"), hint={"siteCode": site_code.code_at("00" * 32, local("07:30"))})

    assert 202 == answer.status_code
    assert [("wrong", "011")] == [(row.code_verdict, row.attend_type) for row in await kept(site)]


async def test_made_up_position_is_kept_as_said(send, site):
    hint = {"latitude": 29.56, "longitude": 106.55, "accuracyMetres": 5.0, "mocked": True, "deviceId": "a" * 32}

    answer = await send("W001", local("07:30"), hint=hint)

    (row,) = await kept(site)
    assert 202 == answer.status_code
    assert hint == msgspec.json.decode(row.hint)
    assert "a" * 32 == row.device


async def test_hint_of_a_newer_phone_is_kept(send, site):
    assert 202 == (await send("W001", local("07:30"), hint={"barometerHectopascal": 993})).status_code


async def test_hint_that_cannot_be_read_is_named(send):
    assert_problem(await send("W001", local("07:30"), hint_text="{"), 400, "malformed", "hintText")


@pytest.mark.parametrize("hint_text", ["[]", '"x"', '{"latitude": "north"}', '{"deviceId": "\\u0000"}'])
def test_hint_of_another_form_cannot_be_read(hint_text):
    with pytest.raises(Malformed):
        phone.read_hint(hint_text)


async def test_position_is_sealed_in_the_database(send, session):
    await send("W001", local("07:30"), hint={"latitude": 29.56789})

    stored = await session.scalar(text("SELECT hint FROM punches"))
    assert b"29.56789" not in stored


# ------------------------------------------------------------------ my month


async def month(client, headers):
    return (await client.get("/api/me/attendance", params={"month": MONTH}, headers=headers)).json()


async def test_worker_sees_the_own_month(client, send, site, signed_in):
    await send("W002", local("07:30"))
    await send("W002", local("18:00"), 2)

    seen = await month(client, signed_in(site.workers["W002"]))

    (project,) = seen["projects"]
    assert (ESCROW, "测试项目", MONTH) == (project["escrow"], project["name"], seen["month"])
    assert [("01", "counted", "phone", "strong"), ("02", "counted", "phone", "strong")] == [
        (each["direction"], each["state"], each["sourceKind"], each["strength"]) for each in project["records"]
    ]
    assert [local("07:30"), local("18:00")] == [datetime.fromisoformat(each["at"]) for each in project["effective"]]


async def test_worker_sees_nothing_of_others(client, send, site, signed_in):
    await send("W001", local("07:30"))

    assert [] == (await month(client, signed_in(site.workers["W002"])))["projects"]


async def test_month_that_is_none_is_named(client, site, signed_in):
    for asked in ("2026-13", "2026-1", "abc", "2026-10-01", "1999-10"):
        answer = await client.get("/api/me/attendance", params={"month": asked}, headers=signed_in(site.workers["W001"]))
        assert_problem(answer, 400, "malformed", "month")


async def test_worker_takes_the_own_month_along(client, send, site, signed_in):
    await send("W001", local("07:30"))
    await send("W002", local("07:31"))

    asked = {"month": MONTH, "format": "csv"}
    answer = await client.get("/api/me/attendance/export", params=asked, headers=signed_in(site.workers["W001"]))

    (taken,) = read_table(answer.content, "mine").rows
    assert ("测试项目", local("07:30").isoformat(), "01", "medium", "counted") == (
        taken.cells["project"], taken.cells["at"], taken.cells["direction"], taken.cells["strength"], taken.cells["state"]
    )  # fmt: skip


async def test_month_needs_a_session(client, site):
    assert 401 == (await client.get("/api/me/attendance", params={"month": MONTH})).status_code


# ------------------------------------------------------------------ the site's code


async def test_site_code_is_for_the_site_office(client, site, staff_headers):
    await name_party(site, OFFICER, "officer")
    await name_party(site, FOREMAN, "foreman")

    asked = {CONTRACTOR: 200, OFFICER: 200, FOREMAN: 200, BUREAU: 403, STRANGER: 404}
    answers = {
        wallet: (await client.get(f"/api/projects/{ESCROW}/site-code", headers=await staff_headers(wallet))).status_code
        for wallet in asked
    }
    assert asked == answers


async def test_site_code_on_the_screen_is_what_a_punch_is_checked_against(client, site, staff_headers, send):
    shown = (await client.get(f"/api/projects/{ESCROW}/site-code", headers=await staff_headers(CONTRACTOR))).json()
    at = datetime.fromisoformat(shown["validFrom"])

    await send("W001", at, hint={"siteCode": shown["code"]})

    assert ["matched"] == [row.code_verdict for row in await kept(site)]
    assert timedelta(seconds=30) == datetime.fromisoformat(shown["expiresAt"]) - at
    assert shown["url"].endswith(f"/w/#site={ESCROW}&code={shown['code']}")
    assert shown["svg"].startswith("<svg")


# ------------------------------------------------------------------ what counts


def reading(clock, direction, strength="medium", *, days=0, agreed=False):
    return Reading(local(clock, days=days), direction, strength, f"{clock}/{days}", agreed)


def test_weak_reading_does_not_end_a_shift_that_was_signed():
    assert {"12:00/0"} == outweighed([reading("08:00", "01"), reading("12:00", "02", "weak"), reading("18:00", "02")])


def test_break_that_was_written_down_does_not_cut_a_signed_shift():
    written = [reading("12:00", "02", "weak"), reading("17:50", "01", "weak")]

    assert {"12:00/0", "17:50/0"} == outweighed([reading("08:00", "01"), *written, reading("18:00", "02")])


@pytest.mark.parametrize(
    "readings",
    [
        [reading("08:00", "01", "weak"), reading("12:00", "02", "weak"), reading("18:00", "02", "weak")],
        [reading("08:00", "01"), reading("18:00", "02", "weak")],
        [reading("08:00", "01", "weak"), reading("18:00", "02")],
        [reading("08:00", "01"), reading("12:00", "02"), reading("13:00", "01", "weak"), reading("18:00", "02", "weak")],
        [reading("08:00", "01"), reading("12:00", "02", "weak", agreed=True), reading("18:00", "02")],
        [reading("08:00", "01"), reading("12:00", "02", "weak"), reading("08:00", "02", days=1)],
    ],
    ids=["all weak", "fills the out", "fills the in", "an afternoon of its own", "agreed by correction", "over 16 hours"],
)
def test_weak_reading_counts_where_nothing_stronger_contradicts_it(readings):
    assert set() == outweighed(readings)


@pytest.mark.parametrize(
    ("present", "clock", "direction", "fills"),
    [
        ("01 08:00", "18:00", "02", True),
        ("01 08:00, 01 13:00, 02 18:00", "12:00", "02", True),
        ("02 12:00, 02 18:00", "13:00", "01", True),
        ("02 18:00", "08:00", "01", True),
        ("01 08:00, 02 18:00", "12:00", "02", False),
        ("01 08:00, 02 18:00", "12:00", "01", False),
        ("01 08:00, 02 18:00", "19:00", "02", False),
        ("01 08:00, 02 18:00", "07:56", "01", False),
        ("01 08:00", "09:00", "01", False),
        ("", "09:00", "01", False),
        ("", "09:00", "02", False),
    ],
)
def test_added_punch_can_only_give_time_where_one_was_missing(present, clock, direction, fills):
    readings = [reading(each[3:], each[:2]) for each in present.split(", ") if each]

    assert fills is fills_a_gap(readings, local(clock), direction)


async def test_foreman_cannot_cut_short_what_the_worker_signed(client, send, site, staff_headers, session):
    """The sheet says noon; the worker's own phone says six."""
    await name_party(site, FOREMAN, "foreman")
    await send("W001", local("08:00"))
    await send("W001", local("18:00"), 2)
    sheet = {"shifts": [{"workerNo": "W001", "day": DAY.isoformat(), "in": "08:03", "out": "12:00"}]}
    answer = await client.post(
        f"/api/projects/{ESCROW}/attendance/foreman", json=sheet, headers=await staff_headers(FOREMAN)
    )

    counting = (await attendance.punches_of(session, site.project))[site.workers["W001"].id]
    assert 2 == answer.json()["kept"]
    assert [(local("08:00"), "01"), (local("18:00"), "02")] == counting
    assert {"strong", "medium"} >= {(await attendance.strength_of(session, site.project))[site.workers["W001"].id][DAY]}


async def test_weakest_reading_says_how_good_a_day_is(send, site, session):
    await send("W002", local("08:00"))
    async with transaction(site.sessions) as own:
        workers = {"W002": site.workers["W002"].id}
        readings = [attendance.Reading("W002", local("18:00"), "02", "007", "G1")]
        await attendance.take_in(own, site.project, workers, readings, [])

    assert {DAY: "weak"} == (await attendance.strength_of(session, site.project))[site.workers["W002"].id]


async def test_punch_counts_on_the_site_calendar(send, site, session):
    await send("W001", local("23:30"))

    (counting,) = (await attendance.punches_of(session, site.project)).values()
    assert [(DAY, SITE_ZONE)] == [(at.date(), at.tzinfo) for at, _ in counting]
    assert 1 == await session.scalar(select(func.count()).select_from(Punch))


# ------------------------------------------------------------------ the end of it


async def test_positions_and_salts_go_with_the_ledger_of_an_ended_project(send, site):
    """Three years after the escrow's closing; not a day earlier."""
    await send("W001", local("07:30"), hint={"latitude": 29.56})
    await change(site, "UPDATE projects SET closed_at = '2027-01-31T08:00:00Z'")
    shred = wiring.on_job(None, site.deployment)["shred"]

    await site.apply(shred, {"day": "2030-01-31"})
    (before,) = await kept(site)
    await site.apply(shred, {"day": "2030-02-01"})
    (after,) = await kept(site)

    assert (True, 16) == (before.hint is not None, len(before.salt))
    assert (None, b"") == (after.hint, after.salt)
    assert (before.at, before.digest) == (after.at, after.digest)
