"""Corrections: proposed with a reason, countersigned, the worker told old → new; nothing is taken from who did not agree.

Branches: void · add · pieces · told when proposed and when effective · resent · number used again · unknown record · another
site's record · nothing to correct · worker signs · another worker · second party · own proposal · stranger's signature ·
gives time · takes time: waits · silence · told too late · not told · objection · objected before, by silence · two that fill
one gap · signed twice · closed · roles · own team · seen by the worker · history of pieces.
"""

import json
from datetime import datetime, timedelta

import msgspec
import pytest
from sqlalchemy import func, select
from tests.backend.attendance_words import (
    ATTENDANCE,
    DAY,
    FOREMAN,
    OFFICER,
    STRANGER,
    change,
    local,
    name_party,
)
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, assert_problem

from anxin.alerts import attendance as notices
from anxin.alerts.models import Message
from anxin.attendance import corrections, countersigning
from anxin.attendance import service as attendance
from anxin.attendance.models import Correction, Punch
from anxin.core.clock import now
from anxin.core.database import transaction
from anxin.core.signing import digest

CORRECTIONS = f"{ATTENDANCE}/corrections"
ID = "0x" + "c0" * 32
OTHER_ID = "0x" + "c1" * 32
REASON = "门禁误刷"


@pytest.fixture
async def office(client, site, staff_headers, jobs):
    """Foreman and officer of the site, and the contractor; W001 was in at 8 and out at 18."""
    await name_party(site, FOREMAN, "foreman")
    await name_party(site, OFFICER, "officer")
    await seen(site, ("08:00", "01"), ("18:00", "02"))
    headers = {who: await staff_headers(who) for who in (FOREMAN, OFFICER, CONTRACTOR)}
    return Office(client, site, headers, jobs)


async def seen(site, *readings, number="W001"):
    async with transaction(site.sessions) as session:
        punches = [attendance.Reading(number, local(clock), way, "001", "G1") for clock, way in readings]
        await attendance.take_in(session, site.project, {number: site.workers[number].id}, punches, [])


class Office:
    def __init__(self, client, site, headers, jobs):
        self.client, self.site, self.headers, self.jobs = client, site, headers, jobs

    async def propose(self, by=FOREMAN, number=ID, **body):
        return await self.client.put(f"{CORRECTIONS}/{number}", json={"reason": REASON, **body}, headers=self.headers[by])

    async def void(self, clock="18:00", **how):
        record = f"punch-{await self.punch(clock)}"
        return await self.propose(action="void", record=record, **how)

    async def add(self, clock, direction, **how):
        at = local(clock).isoformat()
        return await self.propose(action="add", workerNo="W001", at=at, direction=direction, **how)

    async def pieces(self, quantity, **how):
        return await self.propose(action="pieces", workerNo="W001", day=DAY.isoformat(), quantity=quantity, **how)

    async def countersign(self, correction, by=OFFICER, signer=None):
        signature = "0x" + (signer or by).sign_bytes(bytes.fromhex(correction["digest"][2:])).hex()
        path = f"{CORRECTIONS}/{correction['correctionId']}/countersignature"
        return await self.client.put(path, json={"signature": signature}, headers=self.headers[by])

    async def sign(self, correction, number="W001"):
        signature = self.site.keys[number].sign(bytes.fromhex(correction["digest"][2:]))
        path = f"/api/corrections/{correction['correctionId']}/signature"
        return await self.client.put(path, json={"signature": msgspec.to_builtins(signature)})

    async def punch(self, clock):
        async with self.site.sessions() as session:
            return await session.scalar(select(Punch.id).where(Punch.at == local(clock)))

    async def counting(self):
        async with self.site.sessions() as session:
            punches = await attendance.punches_of(session, self.site.project)
        return [(f"{at:%H:%M}", way) for at, way in punches.get(self.site.workers["W001"].id, [])]

    async def quantity(self):
        async with self.site.sessions() as session:
            return (await attendance.pieces_of(session, self.site.project)).get(self.site.workers["W001"].id, {}).get(DAY)

    async def tell(self):
        """What the job queue does with notices."""
        for payload in await self.jobs("correction_notice"):
            await self.site.apply(notices.tell_correction, payload)

    async def silence(self, *, sent_days_ago=4.0, state="sent"):
        """Time passes: the correction was proposed, and the message went out, so long ago."""
        await self.tell()
        sent = now() - timedelta(days=sent_days_ago)
        await change(self.site, "UPDATE attendance_corrections SET proposed_at = :at", at=now() - timedelta(days=9))
        await change(self.site, "UPDATE messages SET state = :state, sent_at = :sent", state=state, sent=sent)
        async with transaction(self.site.sessions) as session:
            await countersigning.effect_silent(session, now(), told_at=notices.told_at)


WHOLE = [("08:00", "01"), ("18:00", "02")]


# ------------------------------------------------------------------ proposing


async def test_proposal_changes_nothing_and_says_old_and_new(office):
    answer = await office.void()

    shown = answer.json()
    content = json.loads(shown["content"])
    assert (202, "proposed", "void", True) == (answer.status_code, shown["state"], shown["action"], shown["takesAway"])
    assert ("W001", REASON, None) == (content["workerNo"], content["reason"], content["new"])
    assert (local("18:00").isoformat(), "02") == (content["old"]["at"], content["old"]["direction"])
    assert WHOLE == await office.counting()


async def test_worker_is_told_old_and_new_twice(office, site):
    await office.sign((await office.pieces(183)).json())

    await office.tell()

    async with site.sessions() as session:
        told = [(each.kind, each.body) for each in await session.scalars(select(Message).order_by(Message.id))]
    assert ["attendance_proposed", "attendance_corrected"] == [kind for kind, _ in told]
    assert all("无→183件" in body for _, body in told)


async def test_same_proposal_again_is_one_and_told_once(office, site):
    answers = [await office.void() for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert 1 == len(await office.jobs("correction_notice"))


async def test_number_is_used_for_one_correction(office):
    await office.void()

    assert_problem(await office.void(clock="08:00"), 409, "correction-changed", "another number")
    assert_problem(await office.pieces(1), 409, "correction-changed", "another number")
    assert_problem(await office.void(by=OFFICER), 409, "correction-changed", "another number")


async def test_record_nobody_has_cannot_be_corrected(office):
    for record in ("punch-999999", "punch-x", "pieces-1", "", "punch-" + "9" * 30):
        assert_problem(await office.propose(action="void", record=record), 404, "record-not-found", "record")


async def test_record_of_another_site_cannot_be_corrected(office, site):
    await change(site, "INSERT INTO projects (reference, name, contractor_name, contractor, bureau, arbiter, "
                 "objection_window_seconds, answer_window_seconds, bureau_window_seconds) "
                 "VALUES ('\\x02', 'b', 'b', '0x', '0x', '0x', 1, 1, 1)")  # fmt: skip
    record = f"punch-{await office.punch('18:00')}"
    await change(site, "UPDATE punches SET project_pk = (SELECT max(id) FROM projects)")

    assert_problem(await office.propose(action="void", record=record), 404, "record-not-found", "record")


async def test_nothing_to_correct_is_told(office, site):
    await office.sign((await office.pieces(183)).json())

    assert_problem(await office.pieces(183, number=OTHER_ID), 409, "nothing-to-correct", "183")
    assert_problem(await office.add("08:00", "01", number=OTHER_ID), 409, "nothing-to-correct", "changes nothing")


async def test_worker_who_is_not_on_the_site_is_named(office):
    answer = await office.propose(action="pieces", workerNo="W999", day=DAY.isoformat(), quantity=1)

    assert_problem(answer, 422, "not-on-project", "W999")


async def test_correction_needs_a_reason(office):
    assert 400 == (await office.propose(action="void", record="punch-1", reason="")).status_code


# ------------------------------------------------------------------ the worker agrees, or does not


async def test_worker_signs_and_it_counts(office):
    correction = (await office.void()).json()

    answers = [await office.sign(correction) for _ in range(2)]

    assert [(200, "effective")] * 2 == [(each.status_code, each.json()["state"]) for each in answers]
    assert [("08:00", "01")] == await office.counting()


async def test_nobody_signs_for_another_worker(office):
    correction = (await office.void()).json()

    assert_problem(await office.sign(correction, number="W002"), 403, "wrong-key", "not signed")
    assert WHOLE == await office.counting()


async def test_worker_objects_and_it_is_over(office, client, site, signed_in):
    correction = (await office.void()).json()
    path = f"/api/me/corrections/{ID}/objection"
    headers = signed_in(site.workers["W001"])

    answers = [await client.put(path, headers=headers) for _ in range(2)]

    assert ["objected", "objected"] == [each.json()["state"] for each in answers]
    assert_problem(await office.countersign(correction), 409, "correction-closed", "objected")
    assert_problem(await office.sign(correction), 409, "correction-closed", "objected")
    assert WHOLE == await office.counting()


async def test_nobody_objects_for_another(office, client, site, signed_in):
    await office.void()

    answer = await client.put(f"/api/me/corrections/{ID}/objection", headers=signed_in(site.workers["W002"]))

    assert_problem(answer, 404, "correction-not-found", ID)


async def test_agreed_correction_cannot_be_objected_to_any_more(office, client, site, signed_in):
    await office.sign((await office.void()).json())

    answer = await client.put(f"/api/me/corrections/{ID}/objection", headers=signed_in(site.workers["W001"]))

    assert_problem(answer, 409, "correction-closed", "effective")


# ------------------------------------------------------------------ a second party


async def test_second_party_lets_count_what_only_gives(office, site):
    """The out at noon of a worker who came back at one was missing."""
    await seen(site, ("13:00", "01"))
    correction = (await office.add("12:00", "02")).json()

    answer = await office.countersign(correction)

    assert (False, "effective", OFFICER.address) == (
        correction["takesAway"], answer.json()["state"], answer.json()["countersignedBy"]
    )  # fmt: skip
    assert [("08:00", "01"), ("12:00", "02"), ("13:00", "01"), ("18:00", "02")] == await office.counting()


async def test_nobody_countersigns_the_own_proposal(office):
    correction = (await office.pieces(183, by=OFFICER)).json()

    assert_problem(await office.countersign(correction, by=OFFICER), 403, "own-proposal", "Somebody else")
    assert await office.quantity() is None


async def test_countersignature_is_the_signed_in_wallets_own(office):
    correction = (await office.pieces(183)).json()

    assert_problem(await office.countersign(correction, signer=STRANGER), 403, "wrong-signer", OFFICER.address)
    assert await office.quantity() is None


async def test_foreman_countersigns_nothing(office):
    correction = (await office.pieces(183, by=OFFICER)).json()

    assert_problem(await office.countersign(correction, by=FOREMAN), 403, "role-needed", "foreman")


async def test_two_of_the_office_take_nothing_from_a_worker(office):
    correction = (await office.void()).json()

    answer = await office.countersign(correction)

    assert (200, "countersigned") == (answer.status_code, answer.json()["state"])
    assert WHOLE == await office.counting()


async def test_added_punch_that_may_cut_a_shift_waits_for_the_worker(office):
    """An out at noon between in at eight and out at six would take the afternoon away."""
    for place, (clock, direction) in enumerate((("12:00", "02"), ("12:00", "01"), ("19:00", "02"))):
        await office.countersign((await office.add(clock, direction, number=f"0x{place:064x}")).json())

    assert WHOLE == await office.counting()


async def test_two_corrections_do_not_fill_one_gap(office, site):
    """Each alone only gives time; the second, once the first counts, would cut it."""
    await seen(site, ("13:00", "01"))
    evening = (await office.add("12:55", "02")).json()
    noon = (await office.add("09:00", "02", number=OTHER_ID)).json()

    await office.countersign(evening)
    answer = await office.countersign(noon)

    assert (False, "countersigned", True) == (noon["takesAway"], answer.json()["state"], answer.json()["takesAway"])
    assert ("09:00", "02") not in await office.counting()


async def test_fewer_pieces_wait_for_the_worker_and_more_do_not(office):
    await office.countersign((await office.pieces(183)).json())
    assert 183 == await office.quantity()

    await office.countersign((await office.pieces(180, number=OTHER_ID)).json())

    assert 183 == await office.quantity()


async def test_older_proposal_does_not_undo_a_later_count(office):
    """It was more when it was proposed; by now it is less."""
    some, more = (await office.pieces(100)).json(), (await office.pieces(200, number=OTHER_ID)).json()

    await office.countersign(more)
    await office.countersign(some)

    assert 200 == await office.quantity()


async def test_latest_count_that_is_agreed_counts_and_all_stay(office, site):
    await office.sign((await office.pieces(183)).json())
    await office.sign((await office.pieces(180, number=OTHER_ID)).json())

    assert 180 == await office.quantity()
    async with site.sessions() as session:
        assert 2 == await session.scalar(select(func.count()).select_from(Correction))


# ------------------------------------------------------------------ silence


async def test_three_days_of_silence_after_the_message_let_it_count(office, site):
    await office.countersign((await office.void()).json())

    await office.silence()

    async with site.sessions() as session:
        row = (await session.scalars(select(Correction))).one()
    assert ("effective", True) == (row.state, row.by_silence)
    assert [("08:00", "01")] == await office.counting()


async def test_who_was_not_told_long_enough_has_not_been_silent(office):
    await office.countersign((await office.void()).json())

    for how in ({"sent_days_ago": 2.9}, {"state": "queued"}, {"state": "undelivered"}, {"state": "failed"}):
        await office.silence(**how)
        assert WHOLE == await office.counting()


async def test_silence_agrees_to_nothing_that_only_the_proposer_wants(office):
    await office.void()

    await office.silence()

    assert WHOLE == await office.counting()


async def test_who_objected_once_is_not_worn_down_by_asking_again(office, client, site, signed_in):
    await office.void()
    await client.put(f"/api/me/corrections/{ID}/objection", headers=signed_in(site.workers["W001"]))
    await office.countersign((await office.void(number=OTHER_ID)).json())

    await office.silence()

    assert WHOLE == await office.counting()


async def test_punch_that_was_voided_is_not_voided_again(office):
    await office.sign((await office.void()).json())

    assert_problem(await office.void(number=OTHER_ID), 409, "nothing-to-correct", "punch")


# ------------------------------------------------------------------ who may, and who sees


async def test_proposals_are_for_those_who_keep_attendance(client, office, staff_headers):
    asked = {CONTRACTOR: 403, BUREAU: 403, STRANGER: 404}
    body = {"action": "pieces", "workerNo": "W001", "day": DAY.isoformat(), "quantity": 1, "reason": REASON}

    answers = {
        who: (await client.put(f"{CORRECTIONS}/{ID}", json=body, headers=await staff_headers(who))).status_code
        for who in asked
    }

    assert asked == answers


async def test_foreman_corrects_the_own_team_only(office, site):
    await change(site, "UPDATE parties SET team = 'T9' WHERE role = 'foreman'")

    assert_problem(await office.pieces(183), 422, "not-on-project", "W001")
    assert_problem(await office.void(), 404, "record-not-found", "punch")


async def test_worker_sees_corrections_and_what_is_left(office, client, site, signed_in):
    await office.sign((await office.void()).json())

    shown = await client.get(
        "/api/me/attendance", params={"month": f"{DAY:%Y-%m}"}, headers=signed_in(site.workers["W001"])
    )

    (project,) = shown.json()["projects"]
    assert ["counted", "voided"] == [each["state"] for each in project["records"]]
    assert [("void", "effective")] == [(each["action"], each["state"]) for each in project["corrections"]]
    assert ["01"] == [each["direction"] for each in project["effective"]]


async def test_site_office_sees_corrections_by_state(office, client):
    await office.sign((await office.void()).json())
    await office.pieces(183, number=OTHER_ID)

    async def listed(**asked):
        answer = await client.get(CORRECTIONS, params=asked, headers=office.headers[OFFICER])
        return [each["correctionId"] for each in answer.json()["corrections"]]

    assert {ID, OTHER_ID} == set(await listed())
    assert [OTHER_ID] == await listed(only="proposed")


async def test_corrections_come_a_page_at_a_time_each_once(office, client, monkeypatch):
    monkeypatch.setattr(corrections, "PAGE", 2)
    numbers = [f"0x{n:064x}" for n in range(5)]
    for quantity, number in enumerate(numbers, start=1):
        await office.pieces(quantity, number=number)
    await change(office.site, "UPDATE attendance_corrections SET proposed_at = :at", at=now())  # all at one moment

    pages, before = [], None
    while before or not pages:
        asked = {"before": before} if before else {}
        answer = (await client.get(CORRECTIONS, params=asked, headers=office.headers[OFFICER])).json()
        pages.append([each["correctionId"] for each in answer["corrections"]])
        before = answer["next"]

    assert [numbers[4:2:-1], numbers[2:0:-1], numbers[:1]] == pages


async def test_page_after_an_unknown_correction_is_not_found(office, client):
    answer = await client.get(CORRECTIONS, params={"before": ID}, headers=office.headers[OFFICER])

    assert_problem(answer, 404, "correction-not-found", ID)


async def test_second_party_is_told_whose_words_they_sign(office, site):
    shown = (await office.void()).json()

    words = {"correctionId": ID, "workerId": shown["workerId"], "contentHash": shown["contentHash"]}
    signed = digest(site.deployment.escrow_domain(ESCROW), "Correction", words)
    assert (site.workers["W001"].hex_id, shown["digest"]) == (shown["workerId"], "0x" + signed.hex())


async def test_days_name_what_a_correction_added_once_it_is_in_effect(office, client):
    added = (await office.add("20:00", "02")).json()
    asked = {"first": DAY.isoformat(), "last": DAY.isoformat()}

    async def shown():
        answer = await client.get(ATTENDANCE, params=asked, headers=office.headers[OFFICER])
        return [(each["workerNo"], datetime.fromisoformat(each["at"]), each["direction"]) for each in answer.json()["added"]]

    assert [] == await shown()
    await office.sign(added)
    assert [("W001", local("20:00"), "02")] == await shown()


async def test_day_that_was_corrected_without_a_device_is_weak(office, site, session):
    await office.sign((await office.pieces(183)).json())

    assert {DAY: "weak"} == (await attendance.strength_of(session, site.project))[site.workers["W001"].id]
