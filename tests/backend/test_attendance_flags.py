"""Flags: what deserves a look is shown to the bureau and the contractor, and refuses nothing.

Branches, each with what is just below it: one device · one position · same second · same time on many days · future clock ·
late sync · mocked · wrong code · weak day · not enlisted · two projects at once · gate against phone · days · roles ·
others' projects unnamed.
"""

from datetime import timedelta

import pytest
from tests.backend.attendance_words import (
    ATTENDANCE,
    DAY,
    FOREMAN,
    OFFICER,
    STRANGER,
    SUBCONTRACTOR,
    change,
    local,
    name_party,
    punch,
)
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, assert_problem

from anxin.attendance import service as attendance
from anxin.attendance.flags import Seen, flags_of
from anxin.core.clock import now
from anxin.core.database import transaction

FLAGS = f"/api/projects/{ESCROW}/attendance-flags"
HERE, ELSEWHERE = "1", "2"


def seen(worker="W001", clock="08:00", direction="01", **more):
    """A phone's signed punch, received at once, unless said otherwise."""
    at = local(clock, days=more.pop("days", 0))
    usual = {
        "project": HERE, "record": f"punch-{worker}-{at}", "received_at": at, "kind": "phone", "strength": "medium",
    }  # fmt: skip
    return Seen(worker=worker, at=at, direction=direction, **usual | more)


def kinds(*punches):
    return [flag.kind for flag in flags_of(punches, HERE)]


def workers_of(kind, *punches):
    return [flag.workers for flag in flags_of(punches, HERE) if flag.kind == kind]


def test_ordinary_day_has_no_flags():
    assert [] == kinds(*(seen(f"W{n}", f"08:0{n}:1{n}", device_id=f"d{n}", place=(29.5, 106.5 + n / 1e6)) for n in range(6)))


def test_phone_that_punches_for_two_is_flagged():
    shared = [seen("W001", device_id="d"), seen("W002", "08:01", device_id="d"), seen("W003", device_id="other")]

    assert [("W001", "W002")] == workers_of("one-device", *shared)


def test_own_phone_used_twice_is_not_flagged():
    assert [] == kinds(seen(device_id="d"), seen(clock="18:00", direction="02", device_id="d"))


def test_phone_that_changed_hands_between_days_is_not_flagged():
    assert [] == kinds(seen("W001", device_id="d"), seen("W002", device_id="d", days=1))


def test_phones_without_a_name_are_not_one_phone():
    assert [] == kinds(seen("W001"), seen("W002", "08:01"))


@pytest.mark.parametrize(("count", "flagged"), [(2, []), (3, ["one-position"])])
def test_the_very_same_place_for_three_is_flagged(count, flagged):
    assert flagged == kinds(*(seen(f"W{n}", f"08:0{n}", place=(29.563012, 106.551557)) for n in range(count)))


@pytest.mark.parametrize(("count", "flagged"), [(2, []), (3, ["machine-like"])])
def test_three_through_a_gate_in_one_second_are_flagged(count, flagged):
    assert flagged == kinds(*(seen(f"W{n}", "07:59:31", kind="device", device="G1") for n in range(count)))


def test_gate_that_keeps_minutes_only_is_not_flagged():
    assert [] == kinds(*(seen(f"W{n}", "07:59", kind="device", device="G1") for n in range(9)))


@pytest.mark.parametrize(("days", "flagged"), [(7, []), (8, ["machine-like"])])
def test_same_second_of_the_day_on_many_days_is_flagged(days, flagged):
    assert flagged == kinds(*(seen(clock="07:59:31", days=-day) for day in range(days)))


def test_times_that_were_typed_are_weak_and_not_machine_like():
    typed = (seen(clock="08:00", days=-day, kind="foreman", strength="weak") for day in range(9))

    assert {"weak-source"} == set(kinds(*typed))


@pytest.mark.parametrize(("minutes", "flagged"), [(5, []), (6, ["future-clock"])])
def test_clock_that_is_ahead_is_flagged(minutes, flagged):
    assert flagged == kinds(seen(received_at=local("08:00") - timedelta(minutes=minutes)))


@pytest.mark.parametrize(("days", "flagged"), [(7, []), (8, ["late-sync"])])
def test_reading_that_came_late_is_flagged(days, flagged):
    assert flagged == kinds(seen(received_at=local("08:00", days=days)))


def test_file_is_late_by_its_nature():
    assert ["weak-source"] == kinds(seen(kind="file", strength="weak", received_at=local("08:00", days=20)))


def test_made_up_position_is_flagged():
    assert ["mocked"] == kinds(seen(mocked=True))


@pytest.mark.parametrize(
    ("verdict", "flagged"), [("wrong", ["wrong-code"]), ("stale", []), ("matched", []), ("none", [])]
)
def test_made_up_code_is_flagged(verdict, flagged):
    assert flagged == kinds(seen(code_verdict=verdict))


def test_somebody_on_no_list_is_flagged():
    assert ["not-enlisted"] == kinds(seen(enlisted=False))


def test_day_with_one_firm_reading_does_not_rest_on_weak_ones():
    assert [] == kinds(seen(), seen(clock="18:00", direction="02", kind="foreman", strength="weak"))


@pytest.mark.parametrize(("begins", "flagged"), [("11:59", ["simultaneous"]), ("12:00", [])])
def test_worker_at_two_sites_at_once_is_flagged(begins, flagged):
    here = [seen(clock="08:00"), seen(clock="12:00", direction="02")]
    there = [seen(clock=begins, project=ELSEWHERE), seen(clock="18:00", direction="02", project=ELSEWHERE)]

    assert flagged == kinds(*here, *there)


@pytest.mark.parametrize(
    ("clock", "direction", "flagged"),
    [
        ("12:00", "02", ["contradicts-phone"]), ("12:00", "01", ["contradicts-phone"]),
        ("17:55", "02", []), ("17:54", "02", ["contradicts-phone"]), ("17:56", "01", ["contradicts-phone"]),
        ("08:05", "01", []), ("08:06", "01", ["contradicts-phone"]), ("08:04", "02", ["contradicts-phone"]),
        ("07:59", "01", []), ("18:01", "02", []), ("08:00", "02", []),
    ],
)  # fmt: skip
def test_gate_that_cuts_a_signed_shift_in_two_is_flagged(clock, direction, flagged):
    """Within five minutes of the phone's own word, and the same as that, a gate says nothing else."""
    signed = [seen(clock="08:00"), seen(clock="18:00", direction="02")]

    assert flagged == kinds(*signed, seen(clock=clock, direction=direction, kind="device", device="G1"))


def test_gate_that_contradicts_is_named_with_all_that_was_said():
    signed = [seen(clock="08:00", record="in"), seen(clock="18:00", direction="02", record="out")]
    gate = seen(clock="12:00", direction="02", kind="device", device="G1", record="gate")

    (flag,) = flags_of([*signed, gate], HERE)
    assert (("W001",), ("in", "gate", "out"), "G1") == (flag.workers, flag.records, flag.detail)


@pytest.mark.parametrize(
    "other",
    [{"worker": "W002"}, {"strength": "weak"}, {"kind": "foreman", "strength": "weak"}, {"project": ELSEWHERE}],
    ids=["another worker's", "opened by hand", "a sheet's", "another site's"],
)
def test_what_cuts_no_signed_shift_contradicts_nobody(other):
    signed = [seen(clock="08:00"), seen(clock="18:00", direction="02")]
    gate = seen(**{"clock": "12:00", "direction": "02", "kind": "device", "device": "G1"} | other)

    assert "contradicts-phone" not in kinds(*signed, gate)


def test_gate_within_what_no_shift_can_be_contradicts_nobody():
    signed = [seen(clock="01:00"), seen(clock="17:01", direction="02")]

    assert [] == kinds(*signed, seen(clock="12:00", direction="02", kind="device", device="G1"))


def test_other_site_is_not_named():
    here = [seen(clock="08:00", record="here"), seen(clock="12:00", direction="02")]
    there = [seen(clock="09:00", project=ELSEWHERE), seen(clock="18:00", direction="02", project=ELSEWHERE)]

    (flag,) = flags_of([*here, *there], HERE)
    assert (("here",), "") == (flag.records, flag.detail)


def test_what_is_only_elsewhere_is_not_ours_to_flag():
    assert [] == kinds(seen(project=ELSEWHERE, mocked=True, enlisted=False))


# ------------------------------------------------------------------ over HTTP


async def asked(client, headers, **query):
    usual = {"first": DAY.isoformat(), "last": DAY.isoformat()}
    return await client.get(FLAGS, params=usual | query, headers=headers)


async def test_shared_phone_reaches_the_bureau_and_the_punches_count(client, site, staff_headers, session):
    for number in ("W001", "W002"):
        path, body = punch(site, number, local("08:00"), hint={"deviceId": "d" * 32, "mocked": number == "W002"})
        assert 202 == (await client.put(path, json=body)).status_code

    answer = (await asked(client, await staff_headers(BUREAU))).json()

    flags = {flag["kind"]: flag["workerNos"] for flag in answer["flags"]}
    assert {"one-device": ["W001", "W002"], "mocked": ["W002"], "late-sync": ["W001", "W002"]} == flags
    assert 2 == len(await attendance.punches_of(session, site.project))


async def test_stranger_with_a_key_is_flagged_and_kept(client, site, staff_headers):
    """Somebody works here and was never put on the list: their own word is kept, and the bureau sees it."""
    path, body = punch(site, "W001", local("08:00"))
    for table in ("memberships", "roster"):
        await change(site, f"DELETE FROM {table} WHERE worker_pk = :worker", worker=site.workers["W001"].id)  # noqa: S608
    assert 202 == (await client.put(path, json=body)).status_code

    answer = (await asked(client, await staff_headers(BUREAU))).json()

    assert ["W001"] == next(flag["workerNos"] for flag in answer["flags"] if flag["kind"] == "not-enlisted")


async def test_flags_are_for_the_bureau_and_the_contractor(client, site, staff_headers):
    for wallet, role in ((OFFICER, "officer"), (FOREMAN, "foreman"), (SUBCONTRACTOR, "subcontractor")):
        await name_party(site, wallet, role)
    allowed = {BUREAU: 200, CONTRACTOR: 200, OFFICER: 403, FOREMAN: 403, SUBCONTRACTOR: 403, STRANGER: 404}

    answers = {who: (await asked(client, await staff_headers(who))).status_code for who in allowed}

    assert allowed == answers


async def test_a_month_of_flags_is_the_most(client, site, staff_headers):
    headers = await staff_headers(BUREAU)
    long_ago, tomorrow = DAY - timedelta(days=31), DAY + timedelta(days=1)

    assert_problem(await asked(client, headers, first=long_ago.isoformat()), 400, "malformed", "31 days")
    assert_problem(await asked(client, headers, first=tomorrow.isoformat()), 400, "malformed", "31 days")


async def test_last_seven_days_are_shown_where_none_are_named(client, site, staff_headers):
    async with transaction(site.sessions) as session:
        worker = {"W001": site.workers["W001"].id}
        readings = [attendance.Reading("W001", now() - timedelta(hours=1), "01", "008", "G1")]
        await attendance.take_in(session, site.project, worker, readings, [])

    answer = (await client.get(FLAGS, headers=await staff_headers(BUREAU))).json()

    assert ["weak-source"] == [flag["kind"] for flag in answer["flags"]]


async def test_day_names_no_workers_of_other_teams_to_a_foreman(client, site, staff_headers):
    await name_party(site, FOREMAN, "foreman", team="T9")

    asked = {"first": DAY.isoformat(), "last": DAY.isoformat()}
    answer = await client.get(ATTENDANCE, params=asked, headers=await staff_headers(FOREMAN))

    (day,) = answer.json()["days"]
    assert ([], []) == (day["records"], day["withoutReading"])
