"""Another phone number: proven by a code sent to it, told to the old one, in force after three days, and signing nothing.

Branches: code goes to the new number · not a login · counted by number and by worker · wrong code · code of another worker ·
same number · no number · waits, masked · resent · another wish begins anew · withdrawn · nothing to withdraw · due · too
early · done twice · taken meanwhile · old and new told · the record corrected before there is a key: told · same number:
nothing · old number signs in no more, the new one does · signed in · before a registrar: waits as long, twice, another's
card, by whom.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.backend.conftest import BUREAU, CONTRACTOR, REGISTRAR, assert_problem
from tests.fakes import RememberingSender

from anxin.alerts import changes
from anxin.alerts.models import Message
from anxin.alerts.service import send_number_code
from anxin.core import sealing
from anxin.core.clock import now
from anxin.core.database import transaction
from anxin.people import numbers, real_names
from anxin.people.models import LoginCode, NumberChange, Worker
from anxin.people.real_names import Person

OLD, NEW, OTHER = "13800000001", "13911110001", "13911110002"
TAKEN = "13800000002"  # W002 signs in with it


@pytest.fixture
def headers(site, signed_in):
    return signed_in(site.workers["W001"])


@pytest.fixture
def asks(client, headers, jobs, sessions):
    """W001 asks for a code to a number, and then for the number; rates are not what most tests are about."""

    async def run(phone=NEW):
        async with sessions() as session, session.begin():
            await session.execute(update(LoginCode).values(created_at=now() - timedelta(days=2)))
        await client.post("/api/me/phone/codes", headers=headers, json={"phone": phone})
        code = sealing.sealer().open((await jobs("number_code"))[-1]["sealedCode"].encode())
        return await client.put("/api/me/phone/change", headers=headers, json={"phone": phone, "code": code})

    return run


@pytest.fixture
def due(site, sessions):
    """Three days have passed, and the job of a change runs."""

    async def run(change=1, *, passed=True):
        if passed:
            async with sessions() as session, session.begin():
                await session.execute(
                    update(NumberChange).values(effective_at=NumberChange.effective_at - timedelta(days=3))
                )
        await site.apply(numbers.effect, {"change": change})

    return run


@pytest.fixture
def phone(site, sessions):
    """W001's number on record."""

    async def read():
        async with sessions() as session:
            return (await session.get_one(Worker, site.workers["W001"].id)).phone

    return read


async def test_code_goes_to_the_new_number(client, headers, site, jobs):
    await client.post("/api/me/phone/codes", headers=headers, json={"phone": NEW, "language": "en"})
    sender = RememberingSender()

    (job,) = await jobs("number_code")
    await site.apply(send_number_code, job, sender)

    ((number, body),) = sender.sent
    assert ("+86" + NEW, "[Anxin] Code to put this number on record: ") == (number, body[:43])


async def test_number_and_code_are_not_readable_in_the_outbox(client, headers, jobs):
    await client.post("/api/me/phone/codes", headers=headers, json={"phone": NEW})

    assert NEW not in str(await jobs("number_code"))


async def test_new_number_waits_three_days_and_the_old_one_stays(asks, phone, sessions):
    answer = await asks()

    assert (202, "138****0001", "139****0001") == (
        answer.status_code, answer.json()["phoneMasked"], answer.json()["waiting"]["phoneMasked"]
    )  # fmt: skip
    async with sessions() as session:
        change = (await session.scalars(select(NumberChange))).one()
    assert timedelta(days=3) == change.effective_at - change.asked_at
    assert "+86" + OLD == await phone()


async def test_old_number_is_told_at_once(asks, site, jobs, sessions):
    await asks()

    (job,) = await jobs("number_notice")
    await site.apply(changes.tell_number_notice, job)

    async with sessions() as session:
        message = (await session.scalars(select(Message))).one()
    assert ("phone_change_announced", site.workers["W001"].id, None) == (
        message.kind, message.worker_pk, message.to_phone
    )  # fmt: skip


async def test_after_three_days_the_new_number_is_on_record_and_both_are_told(asks, due, phone, jobs):
    await asks()
    await due()

    assert "+86" + NEW == await phone()
    (job,) = await jobs("phone_changed")
    assert "+86" + OLD == sealing.sealer().open(job["sealedOldPhone"].encode())


async def test_job_that_comes_early_puts_itself_off(asks, due, phone, jobs):
    await asks()
    await due(passed=False)

    assert ("+86" + OLD, 2) == (await phone(), len(await jobs("number_due")))


async def test_job_that_comes_twice_tells_once(asks, due, jobs):
    await asks()
    await due()
    await due()

    assert 1 == len(await jobs("phone_changed"))


async def test_withdrawn_number_never_comes(asks, client, headers, due, phone, jobs):
    await asks()
    answers = [await client.delete("/api/me/phone/change", headers=headers) for _ in range(2)]
    await due()

    assert [(200, None)] * 2 == [(each.status_code, each.json()["waiting"]) for each in answers]
    assert "+86" + OLD == await phone()
    assert ["phone_change_announced", "phone_change_withdrawn"] == [job["kind"] for job in await jobs("number_notice")]


async def test_wish_that_is_sent_again_changes_nothing(asks, client, headers, jobs):
    first = await asks()
    again = await client.put("/api/me/phone/change", headers=headers, json={"phone": NEW, "code": "000000"})

    assert (202, first.json()) == (again.status_code, again.json())
    assert 1 == len(await jobs("number_due"))


async def test_another_wish_takes_the_place_of_the_first_and_waits_its_own_three_days(asks, due, phone):
    await asks()
    await asks(OTHER)
    await due(1)
    before = await phone()
    await due(2)

    assert ("+86" + OLD, "+86" + OTHER) == (before, await phone())


async def test_number_somebody_else_signs_in_with_is_not_taken_from_them(asks, due, phone, site, sessions):
    """And whoever asked for it is not locked out."""
    await asks(TAKEN)
    await due()

    assert "+86" + OLD == await phone()
    async with sessions() as session:
        assert "taken" == await session.scalar(select(NumberChange.outcome))
        assert (await session.get_one(Worker, site.workers["W002"].id)).phone_index is not None


async def test_who_has_the_number_already_is_not_told_to_whoever_asks(asks):
    free, taken = await asks(NEW), await asks(TAKEN)

    assert (202, 202) == (free.status_code, taken.status_code)


async def test_wrong_code_moves_nothing(client, headers, asks, jobs):
    await client.post("/api/me/phone/codes", headers=headers, json={"phone": NEW})
    code = sealing.sealer().open((await jobs("number_code"))[-1]["sealedCode"].encode())
    wrong = f"{(int(code) + 1) % 10**6:06d}"

    refused = await client.put("/api/me/phone/change", headers=headers, json={"phone": NEW, "code": wrong})

    assert_problem(refused, 401, "wrong-code", "")


async def test_code_for_one_worker_is_none_for_another(client, headers, site, signed_in, jobs):
    """Who was sent a code for their own number does not bring it to somebody else's record."""
    await client.post("/api/me/phone/codes", headers=headers, json={"phone": NEW})
    code = sealing.sealer().open((await jobs("number_code"))[-1]["sealedCode"].encode())

    thief = signed_in(site.workers["W003"])
    refused = await client.put("/api/me/phone/change", headers=thief, json={"phone": NEW, "code": code})

    assert_problem(refused, 401, "wrong-code", "")


async def test_code_for_a_number_signs_nobody_in(client, headers, site, jobs):
    """Sent to W002's number at W001's wish: it opens no session of W002's."""
    await client.post("/api/me/phone/codes", headers=headers, json={"phone": TAKEN})
    code = sealing.sealer().open((await jobs("number_code"))[-1]["sealedCode"].encode())

    refused = await client.post("/api/sessions", json={"phone": TAKEN, "code": code})

    assert_problem(refused, 401, "wrong-code", "")


async def test_login_code_moves_no_number(client, headers, site, jobs):
    await client.post("/api/login-codes", json={"phone": NEW})
    code = sealing.sealer().open((await jobs("login_code"))[-1]["sealedCode"].encode())

    refused = await client.put("/api/me/phone/change", headers=headers, json={"phone": NEW, "code": code})

    assert_problem(refused, 401, "wrong-code", "")


async def test_one_worker_does_not_have_codes_sent_to_many_numbers(client, headers, jobs):
    await client.post("/api/me/phone/codes", headers=headers, json={"phone": NEW})
    second = await client.post("/api/me/phone/codes", headers=headers, json={"phone": OTHER})

    assert_problem(second, 429, "too-many-codes", "")
    assert 1 == len(await jobs("number_code"))


@pytest.mark.parametrize(("phone", "status", "slug"), [(OLD, 409, "number-on-record"), ("12345", 422, "bad-phone")])
async def test_number_that_is_none_or_the_same_is_refused(client, headers, phone, status, slug):
    assert_problem(await client.post("/api/me/phone/codes", headers=headers, json={"phone": phone}), status, slug, "")


async def test_whoever_waits_sees_it(asks, client, headers):
    asked = await asks()

    assert asked.json() == (await client.get("/api/me/phone", headers=headers)).json()


async def test_number_is_for_whoever_is_signed_in(client, site):
    assert_problem(await client.get("/api/me/phone"), 401, "unauthorized", "")


async def test_old_number_signs_in_no_more_and_the_new_one_does(asks, due, client, site, jobs, sessions):
    await asks()
    await due()

    opened = [await _sign_in(client, jobs, sessions, number) for number in (OLD, NEW)]

    assert [401, 201] == opened


# ------------------------------------------------------------------ before a registrar


CARD = {"idNumber": "11010519491231002X", "name": "王小明", "phone": NEW}


async def test_whoever_lost_their_number_asks_before_a_registrar_and_waits_as_long(
    newcomer, client, staff_headers, due, sessions, jobs
):
    worker, _ = newcomer
    headers = await staff_headers(REGISTRAR)
    first, again = [await client.post("/api/numbers", headers=headers, json=CARD) for _ in range(2)]
    await due()

    assert (202, first.json()) == (again.status_code, again.json())
    assert ["phone_change_announced"] == [job["kind"] for job in await jobs("number_notice")]
    async with sessions() as session:
        assert "+86" + NEW == (await session.get_one(Worker, worker.id)).phone
        assert REGISTRAR.address == await session.scalar(select(NumberChange.asked_by))


@pytest.mark.parametrize("changed", [{"name": "王大明"}, {"idNumber": "110105199003070017"}])
async def test_another_persons_card_finds_nobody(newcomer, client, staff_headers, changed):
    refused = await client.post("/api/numbers", headers=await staff_headers(REGISTRAR), json=CARD | changed)

    assert_problem(refused, 404, "person-not-found", "")


@pytest.mark.parametrize("wallet", [CONTRACTOR, BUREAU], ids=["contractor", "bureau"])
async def test_neither_contractor_nor_bureau_takes_a_workers_number(newcomer, client, staff_headers, wallet):
    refused = await client.post("/api/numbers", headers=await staff_headers(wallet), json=CARD)

    assert_problem(refused, 403, "not-registrar", wallet.address)


# ------------------------------------------------------------------ a record corrected by whoever made it


@pytest.fixture
async def newcomer(sessions):
    """Somebody put on record a moment ago, without a key."""
    person = Person.read("11010519491231002X", "王小明", OLD.replace("0001", "0091"), None)
    async with transaction(sessions) as session:
        return (await real_names.put_on_record(session, person, payout=None)).worker, person


async def test_corrected_number_is_told_to_old_and_new(newcomer, sessions, jobs):
    worker, person = newcomer
    corrected = Person(person.id_number, person.name, "+86" + NEW, None)
    async with transaction(sessions) as session:
        await real_names.correct(session, await session.get_one(Worker, worker.id), corrected, payout=None)

    (job,) = await jobs("phone_changed")
    assert (worker.id, person.phone) == (job["worker"], sealing.sealer().open(job["sealedOldPhone"].encode()))


async def test_correction_that_keeps_the_number_tells_nobody(newcomer, sessions, jobs):
    worker, person = newcomer
    corrected = Person(person.id_number, "王晓明", person.phone, None)
    async with transaction(sessions) as session:
        await real_names.correct(session, await session.get_one(Worker, worker.id), corrected, payout=None)

    assert [] == await jobs("phone_changed")


async def test_correction_that_does_not_commit_tells_nobody(newcomer, sessions, jobs):
    worker, person = newcomer
    corrected = Person(person.id_number, person.name, "+86" + NEW, None)
    async with sessions() as session:
        await real_names.correct(session, await session.get_one(Worker, worker.id), corrected, payout=None)
        await session.rollback()

    assert [] == await jobs("phone_changed")


async def _sign_in(client, jobs, sessions, number):
    async with sessions() as session, session.begin():
        await session.execute(update(LoginCode).values(created_at=now() - timedelta(days=2)))
    await client.post("/api/login-codes", json={"phone": number})
    code = sealing.sealer().open((await jobs("login_code"))[-1]["sealedCode"].encode())
    return (await client.post("/api/sessions", json={"phone": number, "code": code})).status_code
