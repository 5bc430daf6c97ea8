"""What the real Twilio client makes of every answer, from a stand-in that fails in each of Twilio's ways.

Branches: taken · never deliverable · not taken: credentials, rate limit with its Retry-After, unavailable, unreachable ·
unanswered: server error, silence, hung up, malformed and nameless answers, each before and after it was taken · slow ·
looked for: there, of other words, of long ago · price · callback asked for where Twilio can reach us · closed · with the
whole delivery: nothing lost, nothing twice.
"""

import gc
import warnings
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
from sqlalchemy import select

from anxin.alerts import service as alerts
from anxin.alerts import sms
from anxin.alerts.delivery import deliver
from anxin.alerts.limits import Policy
from anxin.alerts.models import Message
from anxin.alerts.sms import NotTaken, TwilioSender, Unanswered, Undeliverable
from anxin.demo import twilio_standin
from anxin.demo.twilio_standin import ACCOUNT_SID, AUTH_TOKEN, FROM, NOTHING_TAKEN, TAKEN_UNSAID, TwilioStandIn

PHONE = "+8613800000001"
CERTAINLY_NOT = (twilio_standin.WRONG_CREDENTIALS, twilio_standin.RATE_LIMITED, twilio_standin.UNAVAILABLE)
UNSAID = tuple(fault for fault in NOTHING_TAKEN if fault not in CERTAINLY_NOT)


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
def meet(twilio, monkeypatch):
    """Let the next message, or from now on everything, meet a fault. Silence is not waited out."""

    def run(fault, *, always=False):
        if "silent" in fault:
            monkeypatch.setattr(sms, "ANSWER_WITHIN_SECONDS", 0.3)
        if always:
            twilio.outage = fault
        else:
            twilio.faults.append(fault)

    return run


@pytest.fixture
async def sender(through):
    sender = TwilioSender(through())
    yield sender
    await sender.close()


def long_ago():
    return datetime.now(UTC) - timedelta(minutes=1)


async def test_message_is_taken(sender, twilio):
    taken = await sender.send(PHONE, "工资¥900.00")

    assert [(PHONE, "工资¥900.00", taken.sid)] == [(sms.to, sms.body, sms.sid) for sms in twilio.messages]
    assert ("queued", 1, None) == (taken.status, taken.segments, taken.price_micros)


@pytest.mark.parametrize("code", sorted(sms.FINAL_CODES))
async def test_what_twilio_will_never_deliver_is_final(sender, twilio, code):
    twilio.refuse[PHONE] = code

    with pytest.raises(Undeliverable, match=str(code)) as refused:
        await sender.send(PHONE, "工资")
    assert code == refused.value.code


async def test_number_that_is_none_is_final(sender):
    with pytest.raises(Undeliverable, match="21211"):
        await sender.send("12", "工资")


async def test_refusal_of_a_number_is_not_told_with_the_number(sender, twilio):
    """Twilio's own words hold it; ours go into a column and a log that are not sealed."""
    with pytest.raises(Undeliverable) as refused:
        await sender.send("+1", "工资")
    assert "+1" not in str(refused.value)


@pytest.mark.parametrize("code", [21606, 20429, 63038, 99999])
async def test_refusal_that_may_pass_is_tried_again(sender, twilio, code):
    twilio.refuse[PHONE] = code

    with pytest.raises(NotTaken, match=str(code)):
        await sender.send(PHONE, "工资")


@pytest.mark.parametrize("fault", CERTAINLY_NOT)
async def test_what_twilio_says_it_has_not_taken_is_not_taken(sender, twilio, fault):
    twilio.faults.append(fault)

    with pytest.raises(NotTaken):
        await sender.send(PHONE, "工资")
    assert twilio.messages == []


async def test_rate_limit_says_how_long(sender, twilio):
    twilio.faults.append(twilio_standin.RATE_LIMITED)

    with pytest.raises(NotTaken) as refused:
        await sender.send(PHONE, "工资")
    assert twilio_standin.RETRY_AFTER_SECONDS == refused.value.retry_after_seconds


@pytest.mark.parametrize("retry_after", ["Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-1"])
async def test_other_words_in_retry_after_are_no_number(sender, twilio, monkeypatch, retry_after):
    monkeypatch.setattr(twilio_standin, "RETRY_AFTER_SECONDS", retry_after)
    twilio.faults.append(twilio_standin.RATE_LIMITED)

    with pytest.raises(NotTaken) as refused:
        await sender.send(PHONE, "工资")
    assert refused.value.retry_after_seconds is None


@pytest.mark.parametrize("fault", [*UNSAID, *TAKEN_UNSAID])
async def test_without_a_readable_answer_nobody_knows(sender, twilio, meet, fault):
    meet(fault)

    with pytest.raises(Unanswered):
        await sender.send(PHONE, "工资")
    assert (fault in TAKEN_UNSAID) == len(twilio.messages)


async def test_slow_answer_is_waited_for(sender, twilio):
    twilio.slow_seconds = 0.2
    twilio.faults.append(twilio_standin.SLOW)

    assert [(await sender.send(PHONE, "工资")).sid] == [each.sid for each in twilio.messages]


async def test_unreachable_provider_has_taken_nothing(through):
    sender = TwilioSender(through(twilio_api_url="http://127.0.0.1:1"))

    with pytest.raises(NotTaken, match="cannot connect"):
        await sender.send(PHONE, "工资")
    await sender.close()


async def test_wrong_credentials_are_the_operators_to_mend(through):
    sender = TwilioSender(through(twilio_auth_token="wrong"))

    with pytest.raises(NotTaken, match="401"):
        await sender.send(PHONE, "工资")
    await sender.close()


async def test_message_is_found_by_number_and_words(sender, twilio):
    sids = [(await sender.send(PHONE, "工资")).sid for _ in range(2)]
    await sender.send(PHONE, "别的")
    await sender.send("+8613800000002", "工资")

    assert sids[::-1] == [each.sid for each in await sender.find(PHONE, "工资", long_ago())]


async def test_same_words_of_an_earlier_month_are_not_it(sender, twilio):
    await sender.send(PHONE, "工资")
    twilio.messages[0].created -= timedelta(days=30)

    assert await sender.find(PHONE, "工资", long_ago()) == []


@pytest.mark.parametrize("fault", NOTHING_TAKEN)
async def test_question_that_is_not_answered_is_asked_again(sender, meet, fault):
    meet(fault, always=True)

    with pytest.raises((NotTaken, Unanswered)):
        await sender.find(PHONE, "工资", long_ago())
    with pytest.raises((NotTaken, Unanswered)):
        await sender.fetch("SM1")


async def test_price_is_known_once_it_has_gone(sender, twilio):
    sid = (await sender.send(PHONE, "工资")).sid
    assert (await sender.fetch(sid)).price_micros is None
    twilio.messages[0].status = "delivered"

    known = await sender.fetch(sid)

    assert (7_900, "USD") == (known.price_micros, known.price_unit)


@pytest.mark.parametrize(
    ("public", "webhook", "asked"),
    [
        ("http://localhost:8000", "", None),
        ("https://anxin.example", "", "https://anxin.example/api/twilio/status?m=7"),
        ("https://anxin.example", "https://hook.example/", "https://hook.example/api/twilio/status?m=7"),
    ],
)
async def test_status_is_asked_for_where_twilio_can_reach_us(through, twilio, monkeypatch, public, webhook, asked):
    urls = []

    async def remember(_self, _sms, url):
        urls.append(url)

    monkeypatch.setattr(TwilioStandIn, "_call_back", remember)
    sender = TwilioSender(through(public_url=public, twilio_webhook_url=webhook))

    await sender.send(PHONE, "工资", reference="7")

    assert urls == ([asked] if asked else [])
    await sender.close()


async def test_number_is_never_in_a_log(sender, caplog):
    with caplog.at_level("DEBUG"):
        await sender.send(PHONE, "工资")
        await sender.find(PHONE, "工资", long_ago())

    assert PHONE[3:] not in caplog.text


async def test_closed_sender_leaves_no_connection_behind(through):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sender = TwilioSender(through())
        await sender.send(PHONE, "工资")
        await sender.close()
        del sender
        gc.collect()

    assert [str(each.message) for each in caught if "Unclosed" in str(each.message)] == []


@pytest.mark.parametrize("fault", [*NOTHING_TAKEN, *TAKEN_UNSAID])
async def test_message_meets_each_fault_and_arrives_once(site, sessions, sender, twilio, meet, monkeypatch, fault):
    """The whole delivery, real client and all, but for the waiting."""
    monkeypatch.setattr("anxin.alerts.delivery.LEASE", timedelta())
    monkeypatch.setattr("anxin.alerts.delivery.retry_seconds", lambda *_: 0)
    monkeypatch.setattr("anxin.alerts.delivery._until_look_up", lambda *_: timedelta())
    await site.apply(partial(alerts.tell, kind="contested", key="1", amount="¥900.00"), site.workers["W001"])
    meet(fault)

    for _ in range(3):
        await deliver(sessions, {"message": 1}, sender=sender, policy=Policy(quiet=None))

    async with sessions() as session:
        kept = await session.scalar(select(Message))
    assert ("sent", [kept.provider_id]) == (kept.state, [each.sid for each in twilio.messages])
