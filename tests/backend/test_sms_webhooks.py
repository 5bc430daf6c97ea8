"""What Twilio tells us, and what people write back: signed by Twilio, in any order, as often as it likes.

Branches: status: delivered, undelivered, failed, out of order, twice, before our answer, unknown, second copy, opted out ·
price · signature: none, wrong, other address, other content, other form, no token, no address · words: balance, last,
object, help, stop, start, other; either language; as people write them · strangers · again · too often · carrier answered ·
nothing but opt-out and desk notice changes · notices: stopped, limit, unreachable, others' · desk, costs: for whom.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import partial

import msgspec
import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import select, text, update
from tests.backend.conftest import BANK, BUREAU, CONTRACTOR, ESCROW, REGISTRAR, assert_problem
from tests.fakes import RememberingSender

from anxin.alerts import service as alerts
from anxin.alerts import texts
from anxin.alerts.costs import ask_price
from anxin.alerts.delivery import deliver
from anxin.alerts.inbound import ANSWERS, WORDS, word_of
from anxin.alerts.limits import Policy
from anxin.alerts.models import DeskNotice, InboundMessage, Message, OptOut
from anxin.alerts.retention import shred_messages
from anxin.alerts.sms import TwilioSender
from anxin.app import build
from anxin.core import sealing
from anxin.core.clock import now
from anxin.demo.twilio_standin import ACCOUNT_SID, AUTH_TOKEN, FROM, TwilioStandIn, sign
from anxin.payroll.models import WageLine
from anxin.people.models import Worker

PUBLIC = "https://anxin.example"
STATUS, INBOUND = "/api/twilio/status", "/api/twilio/inbound"
PHONE, STRANGER = "+8613800000001", "+8613911112222"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def settings(settings):
    return msgspec.structs.replace(settings, twilio_auth_token=AUTH_TOKEN, public_url=PUBLIC)


@pytest.fixture
def post(client):
    """Post a form as Twilio does."""

    async def send(path, form, **headers):
        signed = {"x-twilio-signature": sign(PUBLIC + path, form)} | FORM
        return await client.post(path, data=form, headers=signed | headers)

    return send


@pytest.fixture
async def messages(sessions):
    async def read():
        async with sessions() as session:
            return list(await session.scalars(select(Message).order_by(Message.id)))

    return read


@pytest.fixture
def tell(site):
    async def run(key="1", kind="contested", worker="W001", **more):
        amount = {"amount": "¥900.00"} if kind == "contested" else {}
        await site.apply(partial(alerts.tell, kind=kind, key=key, **amount, **more), site.workers[worker])

    return run


@pytest.fixture
async def sent(tell, sessions):
    """A message that Twilio has taken, as SM1."""
    await tell(escrow=ESCROW)
    await deliver(sessions, {"message": 1}, sender=RememberingSender(), policy=Policy(quiet=None))


@pytest.fixture
def state(messages):
    async def read():
        (message,) = await messages()
        return message.state

    return read


@pytest.fixture
def status(post):
    async def run(*statuses, sid="SM1", path=STATUS, **more):
        for each in statuses:
            answer = await post(path, {"MessageSid": sid, "MessageStatus": each, "AccountSid": "AC0", **more})
            assert answer.status_code == 204

    return run


# ------------------------------------------------------------------ what became of a message


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["sent"], "sent"),
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent"], "delivered"),
        (["delivered", "delivered", "queued", "sending"], "delivered"),
        (["undelivered"], "undelivered"),
        (["failed", "sent"], "failed"),
        (["failed", "undelivered"], "failed"),
        (["undelivered", "delivered"], "delivered"),
        (["delivered", "undelivered"], "delivered"),
        (["never heard of"], "sent"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
async def test_status_in_any_order_ends_the_same(sent, status, state, statuses, expected):
    await status(*statuses)

    assert expected == await state()


async def test_message_that_did_not_arrive_says_why(sent, status, messages):
    await status("undelivered", ErrorCode="30003")

    (message,) = await messages()
    assert ("Twilio 30003", 30003) == (message.reason, message.error_code)


async def test_number_that_its_carrier_has_stopped_gets_no_more(sent, status, sessions):
    await status("failed", ErrorCode="21610")

    async with sessions() as session:
        assert await session.scalar(select(OptOut.by)) == "carrier"


async def test_status_that_outruns_our_own_record_finds_its_message(tell, status, state, messages):
    """Twilio took it and we were killed before we wrote so: the callback names the message itself."""
    await tell()

    await status("delivered", path=f"{STATUS}?m=1")

    assert ("delivered", "SM1") == (await state(), (await messages())[0].provider_id)


async def test_status_of_a_second_copy_is_not_the_messages(sent, status, state):
    await status("failed", sid="SM2", path=f"{STATUS}?m=1")

    assert await state() == "sent"


@pytest.mark.parametrize("reference", ["", "?m=77", "?m=x", "?m=%C2%B2", "?m=-1", "?m=" + "9" * 30])
async def test_unknown_message_is_answered_as_any_other(sent, status, state, reference):
    await status("failed", sid="SM99", path=STATUS + reference)

    assert await state() == "sent"


async def test_price_is_asked_for_once_it_has_gone(sent, status, jobs, sessions, messages):
    await status("delivered", "delivered")
    (asked,) = await jobs("sms_price")

    await ask_price(sessions, asked, sender=RememberingSender(price_micros=7_900))

    assert (7_900, "USD") == ((await messages())[0].price_micros, (await messages())[0].price_unit)


async def test_price_that_stays_unknown_is_asked_for_four_times(sent, status, jobs, sessions):
    await status("delivered")
    for _ in range(6):
        await ask_price(sessions, (await jobs("sms_price"))[-1], sender=RememberingSender())

    assert [0, 1, 2, 3] == [job["asked"] for job in await jobs("sms_price")][:4]
    assert max(job["asked"] for job in await jobs("sms_price")) == 3


# ------------------------------------------------------------------ all of it, with the real client and the stand-in


@pytest.fixture
async def twilio(client, monkeypatch):
    """A stand-in that reaches us over ASGI, and remembers what it was answered."""
    async with TwilioStandIn() as standin:
        standin.answers = []

        async def post(url, form):
            headers = {"x-twilio-signature": sign(url, form, standin.callback_token)} | FORM
            answer = await client.post(url.removeprefix(PUBLIC), data=form, headers=headers)
            standin.answers.append(answer.status_code)
            return answer.text

        monkeypatch.setattr(standin, "_post", post)
        yield standin


@pytest.fixture
def deliver_through(tell, settings, twilio, sessions):
    """Tell W001 one thing, send it through `twilio`, and wait until it has called back."""

    async def run():
        await tell()
        account = {"twilio_account_sid": ACCOUNT_SID, "twilio_from": FROM, "twilio_api_url": twilio.origin}
        sender = TwilioSender(msgspec.structs.replace(settings, **account))
        await deliver(sessions, {"message": 1}, sender=sender, policy=Policy(quiet=None))
        await sender.close()
        async with asyncio.timeout(10):
            while len(twilio.answers) < len(twilio.statuses):
                await asyncio.sleep(0.01)

    return run


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("sent", "delivered"), "delivered"),
        (("delivered", "sent", "delivered", "queued"), "delivered"),
        (("queued", "sending", "undelivered"), "undelivered"),
        (("failed",), "failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
async def test_message_ends_as_twilio_calls_back(twilio, deliver_through, state, statuses, expected):
    twilio.statuses, twilio.error_code = statuses, 30003

    await deliver_through()

    assert ({204}, expected) == (set(twilio.answers), await state())


async def test_callbacks_under_another_token_change_nothing(twilio, deliver_through, state):
    twilio.callback_token = "guessed"

    await deliver_through()

    assert ({403}, "sent") == (set(twilio.answers), await state())


async def test_phone_writes_and_is_answered(twilio, site):
    answer = await twilio.write(PHONE, "帮助", PUBLIC + INBOUND)

    assert f"<Message>{texts.text('reply_help', 'zh')}</Message>" in answer


# ------------------------------------------------------------------ who says so


@pytest.mark.parametrize("path", [STATUS, INBOUND])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-twilio-signature": ""},
        {"x-twilio-signature": "签"},
        {"x-twilio-signature": sign(PUBLIC + STATUS, {"MessageSid": "SM1"})},
        {"x-twilio-signature": sign("https://evil.example/api/twilio/status", {"MessageSid": "SM1", "Body": "退订"})},
        {"x-twilio-signature": sign(PUBLIC + "/x", {"MessageSid": "SM1", "Body": "退订"}, token="")},
    ],
    ids=["none", "empty", "no base64", "other content", "other address", "empty token"],
)
async def test_what_twilio_has_not_signed_is_refused(client, path, headers):
    raw = {name: value.encode() for name, value in headers.items()}
    answer = await client.post(path, data={"MessageSid": "SM1", "Body": "退订", "From": PHONE}, headers=FORM | raw)

    assert_problem(answer, 403, "not-twilio", PUBLIC + path)


async def test_signature_does_not_cover_another_reference(client, sent, state):
    """Somebody has seen one callback and sends it for another message."""
    form = {"MessageSid": "SM5", "MessageStatus": "failed"}
    signature = {"x-twilio-signature": sign(f"{PUBLIC}{STATUS}?m=2", form)}

    answer = await client.post(f"{STATUS}?m=1", data=form, headers=FORM | signature)

    assert (403, "sent") == (answer.status_code, await state())


async def test_field_that_was_added_breaks_the_signature(client, site):
    form = {"MessageSid": "SM1", "From": PHONE, "Body": "余额"}
    signature = {"x-twilio-signature": sign(PUBLIC + INBOUND, form)}

    answer = await client.post(INBOUND, data={**form, "OptOutType": "STOP"}, headers=FORM | signature)

    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
async def test_other_forms_of_content_are_refused(client, kind):
    signature = {"x-twilio-signature": sign(PUBLIC + INBOUND, {}), "content-type": kind}

    answer = await client.post(INBOUND, content=b"--x--", headers=signature)

    assert answer.status_code == 403


@pytest.mark.parametrize("changed", [{"twilio_auth_token": ""}, {"public_url": "http://localhost:8000"}])
async def test_without_a_token_or_an_address_nothing_is_twilios(settings, changed):
    """An empty token would be a key that everybody has."""
    form = {"MessageSid": "SM1", "From": PHONE, "Body": "退订"}
    async with AsyncTestClient(build(msgspec.structs.replace(settings, **changed))) as client:
        for url in (PUBLIC + INBOUND, "http://localhost:8000" + INBOUND, INBOUND):
            for token in ("", AUTH_TOKEN):
                signature = {"x-twilio-signature": sign(url, form, token)}
                assert (await client.post(INBOUND, data=form, headers=FORM | signature)).status_code == 403


# ------------------------------------------------------------------ what people write


@pytest.fixture
def write(post):
    """Write to our number; return the words of the answer, or None."""
    sids = iter(range(1, 100))

    async def run(body, sender=PHONE, sid=None, **more):
        form = {"MessageSid": sid or f"SMin{next(sids)}", "From": sender, "To": FROM, "Body": body, **more}
        answer = await post(INBOUND, form)
        assert (200, "application/xml") == (answer.status_code, answer.headers["content-type"].split(";")[0])
        assert answer.text.startswith('<?xml version="1.0" encoding="UTF-8"?><Response')
        _, found, rest = answer.text.partition("<Message>")
        return rest.partition("</Message>")[0] if found else None

    return run


@pytest.fixture
def at(site, sessions):
    """Change W001's line."""

    async def change(**values):
        async with sessions() as session, session.begin():
            await session.execute(update(WageLine).where(WageLine.index == 0).values(**values))

    return change


async def test_balance_says_what_is_owed_and_when(site, write):
    await site.post(90_000, 60_000)
    await site.post(30_000, 60_000)

    assert texts.text("reply_owed", "zh", owed="¥1,200.00", payday=date(2026, 11, 13), on_way="¥0.00") == await write("余额")


async def test_balance_tells_apart_what_the_bank_has_not_paid_yet(site, write, at):
    await site.post(90_000)
    await at(released_tx="0x1", released_at=now(), released_payout=BANK)

    assert texts.text("reply_nothing_owed", "zh", on_way="¥900.00") == await write("余额")


async def test_last_payment_is_the_banks_receipt(site, write, at):
    await site.post(90_000)
    await at(released_tx="0x1", released_at=datetime(2026, 11, 5, tzinfo=UTC), released_payout=BANK)
    assert texts.text("reply_no_last", "zh") == await write("工资")

    await at(settled_at=datetime(2026, 11, 6, 17, tzinfo=UTC))

    assert texts.text("reply_last", "zh", amount="¥900.00", day=date(2026, 11, 7)) == await write("工资")


async def test_last_payment_without_a_bank_is_the_release(site, write, at):
    await site.post(90_000)
    await at(released_tx="0x1", released_at=datetime(2026, 11, 5, tzinfo=UTC), released_payout="0x" + "f1" * 20)

    assert texts.text("reply_last", "zh", amount="¥900.00", day=date(2026, 11, 5)) == await write("工资")


async def test_objection_links_to_the_newest_lines_form_and_reaches_the_desk_once_a_day(site, write, sessions):
    await site.post(90_000)

    answers = [await write("不对"), await write("不对")]

    assert [texts.text("reply_object", "zh", link=f"{PUBLIC}/w/#line=e5e5e5e5/0/0")] * 2 == answers
    async with sessions() as session:
        kept = (await session.execute(select(DeskNotice.project_pk, DeskNotice.worker_pk))).all()
    assert [(site.project.id, site.workers["W001"].id)] == [tuple(row) for row in kept]


async def test_objection_links_to_the_line_that_was_posted_last(site, write, sessions):
    await site.post(90_000)
    await site.post(60_000)

    assert "/w/#line=e5e5e5e5/1/0 " in await write("不对")


async def test_objection_of_whoever_has_no_line_links_to_the_page(site, write):
    assert f"{PUBLIC}/w/ " in await write("不对", sender="+8613800000003")


@pytest.mark.parametrize(("body", "kind"), [("帮助", "reply_help"), ("你好", "reply_help"), ("", "reply_help")])
async def test_help_and_anything_else_get_the_words_there_are(site, write, body, kind):
    assert texts.text(kind, "zh") == await write(body)


async def test_answer_is_in_the_workers_language(site, write, sessions):
    async with sessions() as session, session.begin():
        (await session.get_one(Worker, site.workers["W001"].id)).language = "en"

    assert texts.text("reply_help", "en") == await write("帮助")


@pytest.mark.parametrize(
    ("body", "word"),
    [(written, word) for word, variants in WORDS.items() for written in variants]
    + [("　Ｓｔｏｐ。", "stop"), ("“退订”！", "stop"), ("【余额】\r\n", "balance"), ("请把工资转走", "other")],
)
def test_words_as_people_write_them(body, word):
    assert word == word_of(body)


async def test_stop_and_start(site, write, tell, sessions, state):
    assert texts.text("reply_stopped", "zh") == await write("退订")
    await tell()
    await deliver(sessions, {"message": 1}, sender=RememberingSender(), policy=Policy(quiet=None))
    assert await state() == "held"

    assert texts.text("reply_started", "zh") == await write("恢复")

    async with sessions() as session:
        assert await session.scalar(select(OptOut)) is None


async def test_word_that_the_carrier_has_answered_is_kept_and_not_answered_twice(site, write, sessions):
    assert await write("STOP", OptOutType="STOP") is None

    async with sessions() as session:
        assert await session.scalar(select(OptOut.by)) == "worker"


@pytest.mark.parametrize("body", ["余额", "工资", "不对", "帮助", "你是谁", "W001"])
async def test_stranger_learns_nothing_of_anyone(site, write, body, sessions):
    await site.post(90_000)

    assert texts.text("reply_stranger", "zh") == await write(body, sender=STRANGER)
    async with sessions() as session:
        assert await session.scalar(select(DeskNotice)) is None


async def test_same_message_again_gets_the_same_answer_and_does_nothing(site, write, sessions):
    first = await write("退订", sid="SMx")
    await write("恢复")

    assert first == await write("退订", sid="SMx")
    async with sessions() as session:
        assert await session.scalar(select(OptOut)) is None


async def test_whoever_writes_without_end_is_not_answered_without_end_but_stopped(site, write, sessions):
    most = ANSWERS[0][0]
    answers = [await write("余额") for _ in range(most + 2)]
    assert [True] * most + [False] * 2 == [answer is not None for answer in answers]

    assert await write("退订") is None

    async with sessions() as session:
        assert await session.scalar(select(OptOut.by)) == "worker"


async def test_objection_of_whoever_wrote_too_often_reaches_the_desk_all_the_same(site, write, sessions):
    await site.post(90_000)
    for _ in range(ANSWERS[0][0]):
        await write("余额")

    assert await write("不对") is None

    async with sessions() as session:
        assert site.workers["W001"].id == await session.scalar(select(DeskNotice.worker_pk))


async def test_after_an_hour_answers_come_again(site, write, sessions):
    for _ in range(ANSWERS[0][0]):
        await write("余额")
    async with sessions() as session, session.begin():
        await session.execute(update(InboundMessage).values(received_at=now() - timedelta(hours=1, seconds=1)))

    assert await write("余额") is not None


@pytest.mark.parametrize("form", [{"From": PHONE}, {"MessageSid": "SM1"}, {"MessageSid": "S" * 65, "From": PHONE}])
async def test_message_of_nobody_is_malformed(site, post, form):
    assert_problem(await post(INBOUND, form), 400, "malformed", "MessageSid")


async def test_no_word_changes_anything_but_opt_out_and_desk_notice(site, write, sessions):
    """SMS never moves money: whoever holds the number, or fakes it, has every word there is, and some that there are not."""
    await site.post(90_000, 60_000)
    before = await fingerprints(sessions)
    words = [written for variants in WORDS.values() for written in variants]
    others = ["确认", "confirm", "签名", "同意", "YES", "1", "pay 0x" + "11" * 20, "转账", "撤诉", "'; DROP TABLE x"]

    for number in (PHONE, STRANGER, "+8613800000002"):
        for word in [*words, *others]:
            await write(word, sender=number, sid=f"SM{number}{word}"[:64])

    changed = {name for name, print_ in (await fingerprints(sessions)).items() if before[name] != print_}
    assert {"sms_inbound", "desk_notices"} <= changed <= {"sms_inbound", "desk_notices", "sms_opt_outs"}


async def fingerprints(sessions):
    """Of each table, the queue of jobs among them."""
    async with sessions() as session:
        names = list(await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
        content = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
        return {name: await session.scalar(text(content.format(name))) for name in names}


# ------------------------------------------------------------------ another way than by SMS


async def notices(client, signed_in, site, worker="W001"):
    return (await client.get("/api/me/notices", headers=signed_in(site.workers[worker]))).json()


async def test_what_a_stopped_number_was_not_sent_is_on_the_page(
    client, signed_in, site, write, tell, sessions, messages
):
    await write("退订")
    await tell()
    await deliver(sessions, {"message": 1}, sender=RememberingSender(), policy=Policy(quiet=None))

    shown = await notices(client, signed_in, site)

    (message,) = await messages()
    assert shown["smsStopped"]
    assert [("contested", message.body, "stopped")] == [
        (each["kind"], each["text"], each["because"]) for each in shown["notices"]
    ]


async def test_what_could_not_be_delivered_is_on_the_page(client, signed_in, site, sent, status):
    await status("undelivered", ErrorCode="30005")

    shown = await notices(client, signed_in, site)

    assert (False, ["unreachable"]) == (shown["smsStopped"], [each["because"] for each in shown["notices"]])


async def test_what_was_too_much_for_a_day_is_on_the_page(client, signed_in, site, tell, sessions):
    await tell()
    await deliver(sessions, {"message": 1}, sender=RememberingSender(), policy=Policy(quiet=None, per_day=0))

    assert ["limit"] == [each["because"] for each in (await notices(client, signed_in, site))["notices"]]


async def test_what_arrived_or_is_anothers_is_not_on_the_page(client, signed_in, site, sent, tell, sessions):
    await tell("2", worker="W002")
    await deliver(sessions, {"message": 2}, sender=RememberingSender(), policy=Policy(quiet=None, per_day=0))

    assert (await notices(client, signed_in, site))["notices"] == []


async def test_notices_are_for_whoever_is_signed_in(client, site):
    assert_problem(await client.get("/api/me/notices"), 401, "unauthorized", "signed in")


async def test_bureau_sees_who_wrote_by_the_chains_id(client, site, write, staff_headers):
    await site.post(90_000)
    await write("不对")

    desk = await client.get(f"/api/projects/{ESCROW}/desk-notices", headers=await staff_headers(BUREAU))

    assert [site.workers["W001"].hex_id] == [each["workerId"] for each in desk.json()["notices"]]


async def test_desk_is_not_the_contractors_to_read(client, site, staff_headers):
    """Who complains must not be known to who pays."""
    refused = await client.get(f"/api/projects/{ESCROW}/desk-notices", headers=await staff_headers(CONTRACTOR))

    assert_problem(refused, 403, "role-needed", "bureau")


async def test_costs_are_counted_by_month_and_kind(client, site, sent, status, jobs, sessions, staff_headers, messages):
    await status("delivered")
    await ask_price(sessions, (await jobs("sms_price"))[0], sender=RememberingSender(price_micros=7_900))

    costs = await client.get(f"/api/projects/{ESCROW}/sms-costs", headers=await staff_headers(CONTRACTOR))

    cost = {"messages": 1, "segments": 1, "priced": 1, "priceMicros": 7_900}
    assert [{**cost, "priceUnit": "USD", "kinds": [{"kind": "contested", **cost}]}] == [
        {name: value for name, value in each.items() if name != "month"} for each in costs.json()["months"]
    ]


async def test_costs_are_a_strangers_business_no_more_than_the_project(client, site, staff_headers):
    answer = await client.get(f"/api/projects/{ESCROW}/sms-costs", headers=await staff_headers(REGISTRAR))

    assert answer.status_code == 404


async def test_words_and_numbers_go_with_the_pay_records_and_their_count_stays(sessions, sent, write, messages):
    await write("余额")
    async with sessions() as session, session.begin():
        await session.execute(update(Message).values(created_at=now() - timedelta(days=1100)))
        await session.execute(update(InboundMessage).values(received_at=now() - timedelta(days=1100)))
    for _ in range(2):
        async with sessions() as session, session.begin():
            await shred_messages(session, now() - timedelta(days=1096))

    (message,) = await messages()
    assert (None, None, "sent", 1) == (message.body, message.phone_index, message.state, message.segments)
    async with sessions() as session:
        assert await session.scalar(select(InboundMessage)) is None


async def test_words_of_this_year_are_kept(sessions, sent, messages):
    async with sessions() as session, session.begin():
        await shred_messages(session, now() - timedelta(days=1096))

    assert (await messages())[0].body is not None


async def test_messages_are_not_readable_in_the_database(site, sent, write, sessions):
    """Bodies, numbers and answers are sealed."""
    await write("余额")
    async with sessions() as session:
        rows = [
            str(tuple(row))
            for table in ("messages", "sms_inbound", "sms_opt_outs")
            for row in await session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - of ours
        ]

    assert not any(PHONE[3:] in row or "安薪" in row for row in rows)
    assert sealing.sealer().index(PHONE)
