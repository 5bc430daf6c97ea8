"""Uploads to the real-name platform: everything once, in the order it needs, through its failures, and nothing in the clear.

Against a stand-in that signs, decrypts and validates by itself (`realname_standin`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import AsyncTestClient
from sqlalchemy import select, text, update
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, Site, assert_problem
from tests.backend.realname_standin import APPID, SECRET, PlatformStandIn, Wrong

from anxin.app import build
from anxin.attendance.models import AttendanceSource, Punch
from anxin.core.database import Sessions, transaction
from anxin.demo.keys import Wallet
from anxin.payroll.fund.models import ProjectFund
from anxin.payroll.models import WageLine
from anxin.people.id_number import check_character
from anxin.people.models import Worker
from anxin.people.staff import personal_digest
from anxin.projects.models import EntryExit, Project
from anxin.realname import calls, plan
from anxin.realname.cipher import SECRET_FIELDS, decrypt, encrypt, with_secrets_encrypted
from anxin.realname.client import Handled, NoAnswer, Platform, Refused
from anxin.realname.errors import BadAppSecret
from anxin.realname.models import PlatformProject, Upload
from anxin.realname.retention import shred_uploads
from anxin.realname.upload import upload
from anxin.settings import Settings

PEOPLE = {f"W00{place}": f"50011219900101{place:03d}" for place in (1, 2, 3)}
IDS = {number: digits + check_character(digits) for number, digits in PEOPLE.items()}
TERMS = {
    "projectCode": APPID, "workType": "040", "bank": {"account": "6222020200112233445", "code": "104", "name": "中国银行"},
    "corps": {CONTRACTOR.address: {"code": "91500112MA5U000001", "name": "渝安建工", "kind": "009"}},
}  # fmt: skip
URL = f"/api/projects/{ESCROW}/real-name-platform"
AT = datetime(2026, 10, 8, 0, 1, tzinfo=UTC)
Drain = Callable[..., Awaitable[None]]


@pytest.fixture
async def standin() -> AsyncIterator[PlatformStandIn]:
    async with PlatformStandIn() as standin:
        yield standin


@pytest.fixture
async def platform(standin: PlatformStandIn) -> AsyncIterator[Platform]:
    async with Platform(standin.url, APPID, SECRET, answer_within_seconds=0.3) as platform:
        yield platform


@pytest.fixture
async def linked(site: Site) -> Site:
    """The site's project, linked; its workers have ID numbers and accounts."""
    async with transaction(site.sessions) as session:
        for number, worker in site.workers.items():
            kept = await session.get_one(Worker, worker.id)
            kept.id_number, kept.bank_account = IDS[number], f"62172312080104{kept.id:05d}"
        await session.execute(update(Project).values(started_on=date(2026, 10, 1)))
        link = PlatformProject(project_pk=site.project.id, terms=TERMS, linked_by=CONTRACTOR.address, linked_at=AT)
        session.add(link)
    return site


@pytest.fixture
def drain(sessions: Sessions, platform: Platform) -> Drain:
    """Work the plan's and the uploads' jobs without waiting until there are none, or `steps` are done."""

    async def run(*, steps: int = 200, first_plan: bool = True) -> None:
        if first_plan:
            async with transaction(sessions) as session:
                project_pk = await session.scalar(select(Project.id))
                await plan.plan_project(session, {"project": project_pk})
        for _ in range(steps):
            async with transaction(sessions) as session:
                row = (await session.execute(NEXT_JOB)).one_or_none()
                if row is None:
                    return
            job, payload = row.entrypoint, json.loads(row.payload)
            if job == plan.UPLOAD_JOB:
                await upload(sessions, payload, platform=platform)
            else:
                async with transaction(sessions) as session:
                    await plan.plan_project(session, payload)

    return run


NEXT_JOB = text(
    "DELETE FROM pgqueuer WHERE id = (SELECT min(id) FROM pgqueuer WHERE entrypoint LIKE 'realname%') "
    "RETURNING entrypoint, payload"
)


async def punch(site: Site, count: int = 2) -> None:
    """The same source's readings of each worker, one a minute."""
    async with transaction(site.sessions) as session:
        source = AttendanceSource(project_pk=site.project.id, kind="device", name="G1", strength="medium", created_at=AT)
        session.add(source)
        await session.flush()
        for worker in site.workers.values():
            session.add_all(
                Punch(
                    project_pk=site.project.id, worker_pk=worker.id, source_pk=source.id, record_id=f"{worker.id}-{place}",
                    at=AT + timedelta(minutes=place), received_at=AT, direction=("01", "02")[place % 2], attend_type="001",
                    device="G1", strength="medium", code_verdict="none", salt=bytes(16),
                )
                for place in range(count)
            )  # fmt: skip


async def uploads(site: Site) -> list[Upload]:
    async with transaction(site.sessions) as session:
        return list(await session.scalars(select(Upload).order_by(Upload.id)))


# ------------------------------------------------------------------ the call


def test_the_cipher_is_the_standards() -> None:
    """AES-256-CBC, the secret's characters as the key and its first 16 as IV: a vector made with OpenSSL."""
    assert "pXVlMCWD/Tl4hK/3nzDpVXFRaI8osAeQiiGC5Kk3dp8=" == encrypt("6222020200112233445", SECRET)


@given(st.text(max_size=40), st.sampled_from(["s" * 16, "t" * 24, "u" * 32]))
def test_what_is_encrypted_is_decrypted(number: str, secret: str) -> None:
    assert number == decrypt(encrypt(number, secret), secret)


@pytest.mark.parametrize("secret", ["", "short", "s" * 17])
def test_a_secret_of_another_length_is_refused(secret: str) -> None:
    with pytest.raises(BadAppSecret):
        encrypt("1", secret)


def test_numbers_are_encrypted_wherever_they_are() -> None:
    hidden = with_secrets_encrypted({"a": [dict.fromkeys(SECRET_FIELDS, "6222")], "b": "6222"}, SECRET)
    assert {"6222"} == {decrypt(each, SECRET) for each in hidden["a"][0].values()}
    assert "6222" == hidden["b"]


def test_every_field_that_is_a_number_of_somebody_is_secret() -> None:
    """Whoever adds a field for a number to a call must add it there too."""
    named = {
        name
        for kind in (*calls.OBJECTS.values(), *calls._Person.__subclasses__())
        for name in kind.__struct_encode_fields__
        if name.lower().endswith(("cardnumber", "idnumber", "account"))
    }
    assert named <= SECRET_FIELDS
    assert {"idCardNumber", "payBankCardNumber", "payRollBankCardNumber"} <= named


async def test_a_call_is_taken_and_its_result_asked_for(standin: PlatformStandIn, platform: Platform) -> None:
    team = calls.TeamMaster(project_code="5", corp_code="9", corp_name="渝安", team_name="钢筋一班")
    standin.asked_before = 1

    serial, _ = await platform.send("Team.Add", calls.encoded(team))

    assert serial is not None
    assert Handled(None, "") == await platform.result(serial)
    assert Handled(True, {"teamSysNo": 1500}) == await platform.result(serial)


@pytest.mark.parametrize(
    ("given", "code", "for_now"),
    [({"secret": "x" * 32}, "-2", True), ({"appid": "9"}, "-3", True)],
    ids=["another secret", "another appid"],
)
async def test_the_standin_refuses_what_is_not_ours(
    standin: PlatformStandIn, given: dict[str, str], code: str, for_now: bool
) -> None:
    async with Platform(standin.url, given.get("appid", APPID), given.get("secret", SECRET)) as other:
        with pytest.raises(Refused) as raised:
            await other.send("Team.Add", '{"projectCode": "5"}')
    assert (True, for_now) == (str(raised.value).startswith(code), raised.value.for_now)


async def test_a_call_that_lacks_a_field_is_refused_for_good(platform: Platform) -> None:
    with pytest.raises(Refused) as raised:
        await platform.send("Team.Add", '{"projectCode": "5"}')
    assert ("-1 缺少 ['corpCode', 'corpName', 'teamName']", False) == (str(raised.value), raised.value.for_now)


async def test_a_replayed_form_is_refused(standin: PlatformStandIn, platform: Platform) -> None:
    """Nonce and time are in what is signed: whoever overhears a form cannot send it again, nor later."""
    taken: list[dict[str, str]] = []
    checked = standin._checked

    def remember(form: dict[str, str]) -> dict[str, Any]:
        taken.append(form)
        return checked(form)

    standin._checked = remember  # type: ignore[method-assign]
    await platform.send("Team.Add", '{"projectCode": "5", "corpCode": "9", "corpName": "x", "teamName": "y"}')
    with pytest.raises(Wrong, match="nonce"):
        checked(taken[0])
    with pytest.raises(Wrong, match="签名"):
        checked(taken[0] | {"nonce": "another"})
    with pytest.raises(Wrong, match="签名"):
        checked(taken[0] | {"timestamp": "20200101000000"})


@pytest.mark.parametrize("failure", ["500", "html", "late"])
async def test_no_answer_is_no_refusal(standin: PlatformStandIn, platform: Platform, failure: str) -> None:
    standin.failures.append(failure)
    with pytest.raises(NoAnswer) as raised:
        await platform.send("Team.Add", '{"projectCode": "5", "corpCode": "9", "corpName": "x", "teamName": "y"}')
    assert "projectCode" not in str(raised.value)


# ------------------------------------------------------------------ everything, once, in order


async def test_a_site_is_told_in_the_order_the_platform_needs(linked: Site, standin: PlatformStandIn, drain: Drain) -> None:
    await punch(linked)
    await linked.post(90_000, 60_000)
    async with transaction(linked.sessions) as session:
        await session.execute(update(WageLine).where(WageLine.index == 0).values(settled_at=AT))
        entry = EntryExit(
            project_pk=linked.project.id, worker_pk=linked.workers["W001"].id, kind="entry", day=date(2026, 10, 1),
            recorded_by=CONTRACTOR.address, recorded_at=AT,
        )  # fmt: skip
        session.add(entry)

    await drain()

    assert [
        "ProjectSubContractor.Add", "Team.Add", "ProjectWorker.Add", "WorkerContract.Add", "WorkerEntryExit.Add",
        "WorkerAttendance.Add", "Payroll.Add",
    ] == [each.method for each in standin.taken]  # fmt: skip
    (workers,), (attendance,), (wages,) = (
        standin.of(method) for method in ("ProjectWorker.Add", "WorkerAttendance.Add", "Payroll.Add")
    )
    assert sorted(IDS.values()) == sorted(each["idCardNumber"] for each in workers.items)
    assert 1500 == attendance.data["teamSysNo"]
    assert 6 == len(attendance.items)
    first = {"date": "2026-10-08 08:01:00", "direction": "01", "attendType": "001", "channel": "G1"}
    assert first == {key: value for key, value in attendance.items[0].items() if not key.startswith("idCard")}
    (paid,) = wages.items
    assert ("2026-10", IDS["W001"], "900.00", 3, "6222020200112233445") == (
        wages.data["payMonth"], paid["idCardNumber"], paid["totalPayAmount"], paid["days"], paid["payBankCardNumber"]
    )  # fmt: skip


async def test_a_second_plan_tells_nothing_again(linked: Site, standin: PlatformStandIn, drain: Drain) -> None:
    await punch(linked)
    await drain()
    before = list(standin.methods)

    await drain()

    assert before == standin.methods


async def test_lists_are_bounded_and_nothing_is_left_out(linked: Site, standin: PlatformStandIn, drain: Drain) -> None:
    await punch(linked, count=9)
    await drain()

    batches = [len(each.items) for each in standin.of("WorkerAttendance.Add")]
    assert (27, calls.MAX_ITEMS) == (sum(batches), max(batches))


async def test_later_readings_are_told_later(linked: Site, standin: PlatformStandIn, drain: Drain) -> None:
    await drain()
    await punch(linked)
    await drain()
    assert [6] == [len(each.items) for each in standin.of("WorkerAttendance.Add")]


async def test_a_changed_worker_is_updated_once(linked: Site, standin: PlatformStandIn, drain: Drain) -> None:
    await drain()
    async with transaction(linked.sessions) as session:
        (await session.get_one(Worker, linked.workers["W002"].id)).phone = "13900000002"
    await drain()
    await drain()

    (changed,) = standin.of("ProjectWorker.Update")
    assert ["13900000002"] == [each["cellPhone"] for each in changed.items]


async def test_a_wage_that_was_only_released_is_not_told_as_paid(
    linked: Site, standin: PlatformStandIn, drain: Drain
) -> None:
    await linked.post(90_000)
    async with transaction(linked.sessions) as session:
        await session.execute(update(WageLine).values(released_at=AT))
    await drain()
    assert [] == standin.of("Payroll.Add")


async def test_the_funds_line_is_told_as_nobodys_wage(linked: Site, standin: PlatformStandIn, drain: Drain) -> None:
    await linked.post(90_000)
    async with transaction(linked.sessions) as session:
        await session.execute(update(WageLine).values(released_at=AT, settled_at=AT))
        fund = (await session.scalars(select(WageLine))).one().worker_pk
        session.add(
            ProjectFund(
                project_pk=linked.project.id, worker_pk=fund, name="公积金", named_by=linked.project.contractor, named_at=AT
            )
        )
    await drain()
    assert [] == standin.of("Payroll.Add")


async def test_a_worker_without_id_number_waits_and_the_others_do_not(
    linked: Site, standin: PlatformStandIn, drain: Drain
) -> None:
    async with transaction(linked.sessions) as session:
        (await session.get_one(Worker, linked.workers["W003"].id)).id_number = None
    await drain()
    assert [IDS["W001"], IDS["W002"]] == [each["idCardNumber"] for each in standin.of("ProjectWorker.Add")[0].items]


async def test_a_project_the_platform_does_not_know_is_registered_first(
    linked: Site, standin: PlatformStandIn, drain: Drain
) -> None:
    new = {"projectCode": None, "registerAs": {"areaCode": "500112", "category": "01", "prjStatus": "003"}}
    async with transaction(linked.sessions) as session:
        await session.execute(update(PlatformProject).values(terms=TERMS | new))
    await drain()
    assert ["Project.Add", "ProjectSubContractor.Add", "Team.Add", "ProjectWorker.Add", "WorkerContract.Add"] == [
        each.method for each in standin.taken
    ]
    assert {"50011320261122001"} == {each.data["projectCode"] for each in standin.taken[1:]}


async def test_a_project_that_is_not_linked_is_not_told(site: Site, standin: PlatformStandIn, drain: Drain) -> None:
    await drain()
    assert [] == standin.methods


async def test_once_an_hour_by_the_chains_clock_a_plan_is_asked_for(linked: Site, jobs: Any) -> None:
    for minutes in (0, 1, 59, 61):
        async with transaction(linked.sessions) as session:
            await plan.plan_each_hour(session, AT + timedelta(minutes=minutes))
    assert 2 * [{"project": linked.project.id}] == await jobs(plan.PLAN_JOB)


# ------------------------------------------------------------------ failures


@pytest.mark.parametrize("failures", [["500", "500"], ["html"], ["late"], ["-5"], ["-2", "-4"], ["500", "late", "-5"]])
async def test_whatever_fails_for_now_is_told_once_in_the_end(
    linked: Site, standin: PlatformStandIn, drain: Drain, failures: list[str]
) -> None:
    """A call that was taken and not answered is sent again; "already there" then means that it is."""
    standin.failures.extend(failures)
    await drain()
    assert ["ProjectSubContractor.Add", "Team.Add", "ProjectWorker.Add", "WorkerContract.Add"] == [
        each.method for each in standin.taken
    ]
    assert {"done"} == {each.state for each in await uploads(linked)}


async def test_already_there_without_a_lost_answer_is_a_rejection(
    linked: Site, standin: PlatformStandIn, platform: Platform, drain: Drain
) -> None:
    """Somebody else may have told the platform otherwise: a person has to look."""
    firm = calls.SubContractor(project_code=APPID, corp_code="91500112MA5U000001", corp_name="渝安建工", corp_type="009")
    await platform.send("ProjectSubContractor.Add", calls.encoded(firm))
    await drain()
    assert [("rejected", "数据已存在")] == [(each.state, each.message) for each in await uploads(linked)]


async def test_waiting_grows_and_the_platforms_words_are_kept(
    linked: Site, standin: PlatformStandIn, drain: Drain
) -> None:
    standin.failures.extend(["-5"] * 3)
    await drain(steps=3)
    (row,) = await uploads(linked)
    assert ("waiting", 3, "-5 平台忙") == (row.state, row.attempts, row.message)
    async with transaction(linked.sessions) as session:
        due = await session.scalar(text("SELECT execute_after - now() FROM pgqueuer WHERE entrypoint = 'realname_upload'"))
    assert timedelta(seconds=15) < due <= timedelta(seconds=20)


async def test_one_rejected_worker_does_not_keep_the_others_out(
    linked: Site, standin: PlatformStandIn, drain: Drain
) -> None:
    standin.refuse_ids = {IDS["W002"]}
    await punch(linked)
    await drain()

    told = {each["idCardNumber"] for call in standin.of("ProjectWorker.Add") for each in call.items}
    assert {IDS["W001"], IDS["W003"]} == told
    assert told == {each["idCardNumber"] for call in standin.of("WorkerAttendance.Add") for each in call.items}
    rejected = [each for each in await uploads(linked) if each.state == "rejected"]
    assert ["1 人身份核验不通过"] == [each.message for each in rejected]


async def test_a_platform_that_takes_its_time_is_asked_again(
    linked: Site, standin: PlatformStandIn, drain: Drain
) -> None:
    standin.asked_before = 2
    await drain()
    assert 4 == len(standin.taken)
    assert {"done"} == {each.state for each in await uploads(linked)}


async def test_many_jobs_for_one_upload_send_it_once(
    linked: Site, standin: PlatformStandIn, platform: Platform, drain: Drain
) -> None:
    await drain(steps=0)
    (row,) = await uploads(linked)
    for _ in range(3):
        await upload(linked.sessions, {"upload": row.id}, platform=platform)
    assert ["ProjectSubContractor.Add"] == [each.method for each in standin.taken]


async def test_uploads_that_end_at_once_are_followed_by_a_plan(
    linked: Site, platform: Platform, drain: Drain, jobs: Any
) -> None:
    """Each of them sees the other still open unless they take turns."""
    async with transaction(linked.sessions) as session:
        for number in range(4):
            team = calls.TeamMaster(project_code="5", corp_code="9", corp_name="渝安", team_name=f"{number} 班")
            carried = [(f"team/{number}", b"1" * 32)]
            await plan.keep_upload(session, linked.project.id, "Team.Add", calls.encoded(team), carried)
    pending = [{"upload": row.id} for row in await uploads(linked)]

    for _ in ("send", "ask"):
        await asyncio.gather(*(upload(linked.sessions, payload, platform=platform) for payload in pending))

    assert ({"done"}, True) == ({row.state for row in await uploads(linked)}, bool(await jobs(plan.PLAN_JOB)))


async def test_while_one_job_has_it_another_does_not_send(
    linked: Site, standin: PlatformStandIn, platform: Platform, drain: Drain, jobs: Any
) -> None:
    await drain(steps=0)
    async with transaction(linked.sessions) as session:
        await session.execute(update(Upload).values(leased_until=datetime.now(UTC) + timedelta(minutes=1)))
    (row,) = await uploads(linked)
    await upload(linked.sessions, {"upload": row.id}, platform=platform)
    assert ([], 2) == (standin.methods, len(await jobs(plan.UPLOAD_JOB)))


async def test_a_platform_that_is_not_set_up_keeps_uploads_waiting(linked: Site, drain: Drain, jobs: Any) -> None:
    await drain(steps=0)
    (row,) = await uploads(linked)
    await upload(linked.sessions, {"upload": row.id}, platform=None)
    assert ("waiting", 2) == ((await uploads(linked))[0].state, len(await jobs(plan.UPLOAD_JOB)))


# ------------------------------------------------------------------ personal data


async def test_the_database_never_sees_a_number_and_keeps_no_content(
    linked: Site, standin: PlatformStandIn, drain: Drain
) -> None:
    standin.refuse_ids = {IDS["W002"]}
    await drain()
    async with transaction(linked.sessions) as session:
        dump = str((await session.execute(text("SELECT realname_uploads::text FROM realname_uploads"))).all())
        dump += str((await session.execute(text("SELECT realname_items::text FROM realname_items"))).all())
    assert not any(number in dump for number in IDS.values())
    assert {"rejected"} == {each.state for each in await uploads(linked) if each.data is not None}


async def test_what_the_platform_never_took_is_kept_three_years_and_no_longer(
    linked: Site, standin: PlatformStandIn, drain: Drain
) -> None:
    standin.refuse_ids = {IDS["W002"]}
    await drain()
    made = (await uploads(linked))[-1].created_at
    for before, kept in ((made - timedelta(days=1), {True, False}), (made + timedelta(days=1), {False})):
        async with transaction(linked.sessions) as session:
            await shred_uploads(session, before)
        rows = await uploads(linked)
        assert (kept, kept) == ({row.data is not None for row in rows}, {row.message is not None for row in rows})


# ------------------------------------------------------------------ linking


@pytest.fixture
async def switched_on(settings: Settings, sessions: Sessions) -> AsyncIterator[AsyncTestClient[Any]]:
    on = msgspec.structs.replace(settings, realname_url="http://127.0.0.1:1", realname_appid=APPID, realname_secret=SECRET)
    async with AsyncTestClient(build(on)) as client:
        client.headers["accept-language"] = "en"
        yield client


async def test_the_contractor_links_the_project_and_sees_what_is_lacking(
    site: Site, switched_on: AsyncTestClient[Any], sign_in_to: Any
) -> None:
    headers = await sign_in_to(switched_on, CONTRACTOR)
    assert not (await switched_on.get(URL, headers=headers)).json()["linked"]

    linked = await switched_on.put(URL, headers=headers, json=TERMS | {"corps": {}})

    assert (200, True, APPID) == (linked.status_code, linked.json()["linked"], linked.json()["projectCode"])
    assert [f"corps.{CONTRACTOR.address.lower()}"] == linked.json()["lacking"]


async def test_a_bureau_reads_and_does_not_link(site: Site, switched_on: AsyncTestClient[Any], sign_in_to: Any) -> None:
    headers = await sign_in_to(switched_on, BUREAU)
    assert 200 == (await switched_on.get(URL, headers=headers)).status_code
    assert_problem(await switched_on.put(URL, headers=headers, json=TERMS), 403, "role-needed", "This is for")


async def test_strangers_are_told_of_no_project(site: Site, switched_on: AsyncTestClient[Any], sign_in_to: Any) -> None:
    headers = await sign_in_to(switched_on, Wallet.from_hex("0x" + "99" * 32))
    assert_problem(await switched_on.get(URL, headers=headers), 404, "project-not-found", "There is no project")
    assert 401 == (await switched_on.get(URL)).status_code


async def test_without_the_operators_key_nothing_is_linked(
    site: Site, client: AsyncTestClient[Any], sign_in_to: Any
) -> None:
    headers = await sign_in_to(client, CONTRACTOR)
    assert_problem(await client.put(URL, headers=headers, json=TERMS), 409, "real-name-off", "ANXIN_REALNAME_URL")


async def test_one_of_code_and_registration_is_needed(
    site: Site, switched_on: AsyncTestClient[Any], sign_in_to: Any
) -> None:
    headers = await sign_in_to(switched_on, CONTRACTOR)
    answer = await switched_on.put(URL, headers=headers, json=TERMS | {"projectCode": None})
    assert_problem(answer, 400, "malformed", "projectCode or registerAs")


async def test_a_rejected_upload_is_seen_and_sent_again(
    linked: Site, switched_on: AsyncTestClient[Any], sign_in_to: Any, standin: PlatformStandIn, drain: Drain
) -> None:
    standin.refuse_ids = {IDS["W002"]}
    await drain()
    headers = await sign_in_to(switched_on, CONTRACTOR)
    (rejected,) = (await switched_on.get(URL, headers=headers)).json()["rejected"]
    assert ("ProjectWorker.Add", [f"worker/{linked.workers['W002'].id}"]) == (rejected["method"], rejected["things"])

    standin.refuse_ids = set()
    again = await switched_on.post(f"{URL}/uploads/{rejected['id']}/attempts", headers=headers)
    await drain(first_plan=False)

    assert (204, []) == (again.status_code, (await switched_on.get(URL, headers=headers)).json()["rejected"])
    twice = await switched_on.post(f"{URL}/uploads/{rejected['id']}/attempts", headers=headers)
    assert_problem(twice, 404, "upload-not-found", "no rejected upload")


@pytest.fixture
def sign_in_to() -> Any:
    async def sign_in(client: AsyncTestClient[Any], wallet: Wallet) -> dict[str, str]:
        asked = (await client.post("/api/staff/challenges", json={"address": wallet.address})).json()
        signature = "0x" + wallet.sign_bytes(personal_digest(asked["message"])).hex()
        body = {"message": asked["message"], "signature": signature}
        return {"authorization": f"Bearer {(await client.post('/api/staff/sessions', json=body)).json()['accessToken']}"}

    return sign_in
