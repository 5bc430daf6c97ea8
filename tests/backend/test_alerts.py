"""Telling workers: what messages say, that each is sent once, and what the real Twilio client makes of every answer.

Branches: both languages · one segment · one row and job an event · release signed or not, to the bank or not · only the
bank's receipt says paid · settled · returned · granted · strangers · sent · sent again ·
undeliverable · transient error · login code · Twilio: taken, wrong credentials, opted out, bad number, unreachable, closed.
"""

import asyncio
import gc
import string
import warnings
from functools import partial

import msgspec
import pytest
from sqlalchemy import select
from tests.backend.conftest import BANK, ESCROW, as_event
from tests.fakes import OPTED_OUT, RememberingSender, final_event
from twilio.base.exceptions import TwilioRestException

from anxin.alerts import service as alerts
from anxin.alerts import sms
from anxin.alerts.models import Message
from anxin.alerts.sms import TwilioSender, Undeliverable
from anxin.alerts.texts import TEXTS, text
from anxin.core import sealing
from anxin.demo.twilio_standin import ACCOUNT_SID, AUTH_TOKEN, FROM, TwilioStandIn
from anxin.people.models import Worker

VALUES = {
    "zh": {"code": "123456", "project": "两江新区安置房项目三标段", "days": 31},
    "en": {"code": "123456", "project": "Liangjiang Resettlement Housing Lot 3", "days": 31},
}
AMOUNTS = dict.fromkeys(("amount", "asked", "admitted", "granted"), "¥12,345.67")
SEGMENT = {"zh": 70, "en": 160}
GSM_7 = set(string.ascii_letters + string.digits + " \n!\"#%&'()*+,-./:;<=>?@_$£¥")
GSM_7_TWICE = set("[]{}€")  # from the extension table: each counts for two
PHONE = "+8613800000001"
STRANGER = "0x" + "77" * 32
OWN = "0x" + "f1" * 20


@pytest.fixture
def messages(sessions):
    async def read():
        async with sessions() as session:
            return list(await session.scalars(select(Message).order_by(Message.id)))

    return read


@pytest.fixture
def send(site, jobs):
    """Run the newest `sms` job with this sender."""

    async def run(sender):
        payload = (await jobs("sms"))[-1]
        await site.apply(lambda session: alerts.send(session, payload, sender))

    return run


@pytest.fixture
async def released(site):
    """The event of W001's release, told."""
    event = release_of(site)
    await tell_released(site, event)
    return event


def release_of(site, **changed):
    args = {"workerId": site.workers["W001"].hex_id, "amount": 90_000, "assurance": 2, "payout": OWN}
    return final_event("Released", "WageEscrow", ESCROW, **args | changed)


async def tell_released(site, event):
    await site.apply(partial(alerts.tell_released, deployment=site.deployment), event)


@pytest.mark.parametrize("kind", TEXTS)
def test_both_languages_say_the_same_things(kind):
    named = {
        language: {field for _, field, _, _ in string.Formatter().parse(words) if field}
        for language, words in TEXTS[kind].items()
    }

    assert {"zh", "en"} == set(named)
    assert named["zh"] == named["en"]


@pytest.mark.parametrize("language", SEGMENT)
@pytest.mark.parametrize("kind", TEXTS)
def test_message_is_one_segment(kind, language):
    words = text(kind, language, **VALUES[language], **AMOUNTS)

    assert language == "zh" or set(words) <= GSM_7 | GSM_7_TWICE
    assert len(words) + sum(words.count(each) for each in GSM_7_TWICE) <= SEGMENT[language]


async def test_posted_sheet_is_told_to_each_worker_of_it(site, messages, jobs):
    sheet = await site.post(90_000, 60_000)
    event = final_event("SheetPosted", "WageEscrow", ESCROW, lines=[as_event(line) for line in sheet.lines])

    await site.apply(alerts.tell_posted, event)

    kept = await messages()
    assert [site.workers["W001"].id, site.workers["W002"].id] == [each.worker_pk for each in kept]
    assert kept[0].body == "【安薪】测试项目 3天工资¥900.00已上链，请打开安薪核对并签名。"
    assert [each.id for each in kept] == [job["message"] for job in await jobs("sms")]


async def test_event_that_comes_twice_is_told_once(site, released, messages, jobs):
    await tell_released(site, released)

    assert (len(await messages()), len(await jobs("sms"))) == (1, 1)


@pytest.mark.parametrize(
    ("assurance", "payout", "kind"),
    [
        (4, OWN, "released"),
        (2, OWN, "released"),
        (0, OWN, "released_unsigned"),
        (4, BANK, "released_to_bank"),
        (0, BANK, "released_unsigned_to_bank"),
    ],
)
async def test_release_says_who_signed_and_who_pays(site, messages, assurance, payout, kind):
    await tell_released(site, release_of(site, assurance=assurance, payout=payout))

    (message,) = await messages()
    assert (kind, text(kind, "zh", amount="¥900.00")) == (message.kind, message.body)


@pytest.mark.parametrize("kind", sorted(set(TEXTS) - {"paid"}))
def test_only_the_banks_receipt_says_paid(kind):
    """"Paid now" and "is paying" are something else; "has paid" and 已将…转入 are the receipt's."""
    assert "has paid" not in TEXTS[kind]["en"]
    assert "已将" not in TEXTS[kind]["zh"]


@pytest.mark.parametrize(
    ("tell", "name", "kind"),
    [
        (alerts.tell_settled, "LineSettled", "paid"),
        (alerts.tell_settled, "DisputeSettled", "paid"),
        (alerts.tell_returned, "LineReturned", "returned"),
        (alerts.tell_returned, "DisputeReturned", "grant_returned"),
    ],
)
async def test_banks_word_is_told(site, messages, tell, name, kind):
    event = final_event(name, "WageEscrow", ESCROW, workerId=site.workers["W001"].hex_id, amount=90_000)

    await site.apply(tell, event)

    assert [(kind, text(kind, "zh", amount="¥900.00"))] == [(each.kind, each.body) for each in await messages()]


@pytest.mark.parametrize(("payout", "kind"), [(OWN, "grant_released"), (BANK, "grant_released_to_bank")])
async def test_grant_that_was_paid_is_told(site, messages, payout, kind):
    args = {"disputeId": 0, "workerId": site.workers["W001"].hex_id, "amount": 90_000, "payout": payout, "assurance": 2}

    await site.apply(
        partial(alerts.tell_grant_paid, deployment=site.deployment), final_event("DisputePaid", "WageEscrow", ESCROW, **args)
    )

    assert [kind] == [each.kind for each in await messages()]


async def test_contest_is_told_with_what_is_set_aside(site, messages):
    event = final_event("Contested", "WageEscrow", ESCROW, workerId=site.workers["W001"].hex_id, asked=30_000)

    await site.apply(alerts.tell_contested, event)

    assert [text("contested", "zh", amount="¥300.00")] == [each.body for each in await messages()]


async def test_message_is_in_the_workers_language(site, sessions, messages):
    async with sessions() as session, session.begin():
        (await session.get_one(Worker, site.workers["W001"].id)).language = "en"
    event = final_event("Contested", "WageEscrow", ESCROW, workerId=site.workers["W001"].hex_id, asked=30_000)

    await site.apply(alerts.tell_contested, event)

    assert "[Anxin]" in (await messages())[0].body


@pytest.mark.parametrize(
    ("tell", "event"),
    [
        (alerts.tell_settled, final_event("LineSettled", "WageEscrow", ESCROW, workerId=STRANGER, amount=1)),
        (alerts.tell_contested, final_event("Contested", "WageEscrow", ESCROW, workerId=STRANGER, asked=1)),
        (alerts.tell_posted, final_event("SheetPosted", "WageEscrow", "0x" + "11" * 20, lines=[])),
        (
            alerts.tell_posted,
            final_event("SheetPosted", "WageEscrow", ESCROW, lines=[{"index": 0, "dayMask": 1, "workerId": STRANGER}]),
        ),
    ],
    ids=["settlement", "contest", "project", "line"],
)
async def test_strangers_are_told_nothing(site, messages, tell, event):
    await site.apply(tell, event)

    assert await messages() == []


async def test_sent_message_remembers_the_providers_id(released, send, messages):
    sender = RememberingSender()

    await send(sender)

    (message,) = await messages()
    assert [(PHONE, message.body)] == sender.sent
    assert (message.state, message.provider_id) == ("sent", "SM1")
    assert message.sent_at is not None


async def test_job_that_runs_again_sends_nothing(released, send):
    sender = RememberingSender()

    await send(sender)
    await send(sender)

    assert len(sender.sent) == 1


async def test_undeliverable_is_final_and_says_why(released, send, messages):
    await send(RememberingSender(fail_with=OPTED_OUT))
    await send(sender := RememberingSender())

    (message,) = await messages()
    assert (message.state, message.reason, sender.sent) == ("undeliverable", "Twilio 21610", [])


async def test_message_that_could_not_be_sent_now_stays_queued(released, send, messages):
    with pytest.raises(ConnectionError):
        await send(RememberingSender(fail_with=ConnectionError("no route")))

    assert [each.state for each in await messages()] == ["queued"]


@pytest.mark.parametrize("failure", [None, OPTED_OUT])
async def test_login_code_is_sent_and_not_kept(site, messages, failure):
    sender = RememberingSender(fail_with=failure)
    sealed = sealing.sealer().seal("123456").decode()
    payload = {"phoneIndex": sealing.sealer().index(PHONE).hex(), "sealedCode": sealed, "language": "zh"}

    await site.apply(lambda session: alerts.send_login_code(session, payload, sender))

    assert ([] if failure else [(PHONE, text("login_code", "zh", code="123456"))]) == sender.sent
    assert await messages() == []


# ------------------------------------------------------------------ Twilio's own client


@pytest.fixture
async def twilio():
    async with TwilioStandIn() as standin:
        yield standin


@pytest.fixture
def through(settings, twilio):
    """Settings that reach the stand-in; `changed` is wrong on purpose."""

    def build(**changed):
        known = {
            "twilio_account_sid": ACCOUNT_SID, "twilio_auth_token": AUTH_TOKEN, "twilio_from": FROM,
            "twilio_api_url": twilio.origin,
        }  # fmt: skip
        return msgspec.structs.replace(settings, **known | changed)

    return build


@pytest.fixture
async def sender(through):
    sender = TwilioSender(through())
    yield sender
    await sender.close()


async def test_twilio_takes_a_message(sender, twilio):
    sid = await sender.send(PHONE, "工资¥900.00")

    assert [(PHONE, "工资¥900.00", sid)] == [(sms.to, sms.body, sms.sid) for sms in twilio.messages]


@pytest.mark.parametrize("code", [21211, 21408, 21610, 21612, 21614])
async def test_number_twilio_will_never_reach_is_undeliverable(sender, twilio, code):
    twilio.refuse[PHONE] = code

    with pytest.raises(Undeliverable, match=str(code)):
        await sender.send(PHONE, "工资")


async def test_number_that_is_none_is_undeliverable(sender):
    with pytest.raises(Undeliverable, match="21211"):
        await sender.send("12", "工资")


async def test_refusal_that_may_pass_is_tried_again(sender, twilio):
    twilio.refuse[PHONE] = 20429

    with pytest.raises(TwilioRestException):
        await sender.send(PHONE, "工资")


async def test_wrong_credentials_are_the_operators_to_mend(through):
    sender = TwilioSender(through(twilio_auth_token="wrong"))

    with pytest.raises(TwilioRestException, match="Authenticate"):
        await sender.send(PHONE, "工资")
    await sender.close()


async def test_unreachable_provider_is_tried_again(through):
    sender = TwilioSender(through(twilio_api_url="http://127.0.0.1:1"))

    with pytest.raises(OSError, match="Cannot connect"):
        await sender.send(PHONE, "工资")
    await sender.close()


async def test_closed_sender_leaves_no_connection_behind(through):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sender = TwilioSender(through())
        await sender.send(PHONE, "工资")
        await sender.close()
        del sender
        gc.collect()

    assert [str(each.message) for each in caught if "Unclosed" in str(each.message)] == []


async def test_silent_provider_is_given_up_and_asked_again_later(through, monkeypatch):
    monkeypatch.setattr(sms, "ANSWER_WITHIN_SECONDS", 0.2)
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(5), "127.0.0.1", 0)
    sender = TwilioSender(through(twilio_api_url=f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"))

    with pytest.raises(TimeoutError):
        await sender.send("+8613800000001", "body")

    await sender.close()
    silent.close()
