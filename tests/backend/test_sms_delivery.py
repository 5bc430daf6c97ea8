"""Sending stored messages: what becomes of each, by a clock of the test's own and a provider that fails as told.

Branches: taken · job again · number on record, none, changed · final refusal · opted out before, at Twilio · refused:
later each time, as asked · no answer: looked for, found, not there, another message of the same words · crash before and
after the call · two workers at once · callback was first · second copy · given up · night: waits, urgent goes · hour's and
day's limit, other numbers do not count, payout changes go all the same · Twilio down for an hour · all of it by chance.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import pytest
from sqlalchemy import select
from tests.fakes import OPTED_OUT, RememberingSender

from anxin import worker
from anxin.alerts import delivery, limits
from anxin.alerts import service as alerts
from anxin.alerts.delivery import deliver
from anxin.alerts.limits import Policy, after_quiet, retry_seconds, when_free
from anxin.alerts.models import ENDED, Message, OptOut
from anxin.alerts.sms import NotTaken, Taken, Unanswered, Undeliverable
from anxin.core import sealing
from anxin.core.clock import SITE_ZONE
from anxin.core.clock import now as real_now
from anxin.people.models import Worker
from anxin.settings import Settings, SettingsError
from anxin.wiring import on_outside_job

PHONE = "+8613800000001"
NOON = datetime(2026, 11, 5, 12, tzinfo=SITE_ZONE).astimezone(UTC)
NIGHT = datetime(2026, 11, 5, 23, tzinfo=SITE_ZONE).astimezone(UTC)
MORNING = datetime(2026, 11, 6, 8, tzinfo=SITE_ZONE).astimezone(UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
REFUSED, NO_ANSWER = NotTaken("Twilio refused: HTTP 500"), Unanswered("no answer")


class Clock:
    def __init__(self):
        self.at = NOON

    def __call__(self):
        return self.at


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (delivery, alerts):
        monkeypatch.setattr(module, "now", clock)
    return clock


@pytest.fixture
def sender():
    return RememberingSender()


@pytest.fixture
def messages(sessions):
    async def read():
        async with sessions() as session:
            return list(await session.scalars(select(Message).order_by(Message.id)))

    return read


@pytest.fixture
def send(sessions, sender):
    """Run a job for a message, the first one unless said otherwise."""

    async def run(message_id=1, policy=Policy(), sender=sender):  # noqa: B008 - it is frozen
        await deliver(sessions, {"message": message_id}, sender=sender, policy=policy)

    return run


@pytest.fixture
def told(site, clock):
    """Keep messages to W001, one a key."""

    async def tell(*keys, kind="contested", worker="W001"):
        for key in keys:
            await site.apply(partial(alerts.tell, kind=kind, key=key, amount="¥900.00"), site.workers[worker])

    return tell


@pytest.fixture
async def message(told, messages):
    """One message, read anew each time it is asked for."""
    await told("first")

    async def read():
        return (await messages())[0]

    return read


async def test_taken_message_is_sent_and_remembers_the_providers_id(message, send, sender):
    await send()

    kept = await message()
    assert [(PHONE, kept.body)] == sender.sent
    assert ("sent", "SM1", 1, NOON) == (kept.state, kept.provider_id, kept.attempts, kept.sent_at)


async def test_job_that_runs_again_sends_nothing(message, send, sender):
    await send()
    await send()

    assert len(sender.sent) == 1


async def test_number_is_the_one_on_record_when_it_is_sent(message, site, send, sender, sessions):
    async with sessions() as session, session.begin():
        (await session.get_one(Worker, site.workers["W001"].id)).phone = "+8613800000999"

    await send()

    assert ["+8613800000999"] == [to for to, _ in sender.sent]


async def test_worker_without_a_number_cannot_be_told(message, site, send, sender, sessions):
    async with sessions() as session, session.begin():
        (await session.get_one(Worker, site.workers["W001"].id)).phone = None

    await send()

    assert ("failed", "no number on record") == ((await message()).state, (await message()).reason)


async def test_final_refusal_ends_it_and_says_why(message, send, sender):
    sender.fail_with = Undeliverable("Twilio 21211", 21211)
    await send()
    sender.fail_with = None
    await send()

    kept = await message()
    assert ("failed", "Twilio 21211", 21211, []) == (kept.state, kept.reason, kept.error_code, sender.sent)


async def test_number_that_opted_out_at_the_carrier_is_remembered(message, told, send, sender, messages):
    await told("second")
    sender.fail_with = OPTED_OUT
    await send()
    sender.fail_with = None
    await send(2)

    assert [("held", 21610), ("held", None)] == [(each.state, each.error_code) for each in await messages()]
    assert sender.sent == []


async def test_number_that_wants_no_messages_gets_none(message, send, sender, sessions):
    async with sessions() as session, session.begin():
        session.add(OptOut(phone_index=sealing.sealer().index(PHONE), by="worker", since=NOON))

    await send()

    kept = await message()
    assert ("held", delivery.OPTED_OUT_REASON, []) == (kept.state, kept.reason, sender.sent)


# ------------------------------------------------------------------ refused for now


async def test_refused_message_is_tried_again_later_and_not_before(message, send, sender, clock):
    sender.fail_with = REFUSED
    await send()
    sender.fail_with = None
    waiting = await message()
    await send()  # a job that comes too early puts itself off
    assert ("queued", 0) == ((await message()).state, len(sender.sent))

    clock.at = waiting.next_attempt_at
    await send()

    assert ("sent", 2) == ((await message()).state, (await message()).attempts)


async def test_job_that_comes_early_is_put_off_and_not_lost(message, send, sender, jobs):
    sender.fail_with = REFUSED
    await send()
    before = len(await jobs("sms"))

    await send()

    assert before + 1 == len(await jobs("sms"))


async def test_as_long_as_twilio_asks_nothing_is_tried(message, send, sender, clock):
    sender.fail_with = NotTaken("Twilio answered 429", 3600)

    await send()

    assert clock.at + HOUR <= (await message()).next_attempt_at


@pytest.mark.parametrize(
    ("attempts", "least", "most"), [(1, 5, 10), (2, 10, 20), (5, 80, 160), (8, 450, 900), (99, 450, 900)]
)
def test_each_wait_is_twice_as_long_within_half_by_chance(attempts, least, most):
    waits = {retry_seconds(attempts) for _ in range(50)}

    assert least <= min(waits) < max(waits) <= most


async def test_what_twilio_does_not_take_in_three_days_is_given_up(message, send, sender, clock):
    sender.fail_with = REFUSED
    await send()
    clock.at += timedelta(days=3, seconds=1)

    await send()

    kept = await message()
    assert ("failed", "not taken by Twilio in 3 days: Twilio refused: HTTP 500") == (kept.state, kept.reason)


# ------------------------------------------------------------------ no answer


async def test_message_without_an_answer_is_looked_for_and_not_sent_again(message, send, sender, clock):
    sender.lose_answer = NO_ANSWER
    await send()
    assert (await message()).state == "sending"

    clock.at += MINUTE
    await send()

    kept = await message()
    assert ("sent", "SM1", 1) == (kept.state, kept.provider_id, len(sender.sent))


async def test_message_that_twilio_has_not_is_sent_again(message, send, sender, clock):
    sender.fail_with = NO_ANSWER
    await send()
    sender.fail_with = None
    clock.at += MINUTE
    await send()  # asks
    assert ("queued", [(PHONE, (await message()).body)]) == ((await message()).state, sender.asked)

    await send()  # sends

    assert ("sent", 2, 1) == ((await message()).state, (await message()).attempts, len(sender.sent))


async def test_same_words_of_another_message_are_not_taken_for_it(message, told, send, sender, clock, messages):
    """Two contests of the same amount: the first was sent; the second was not, and is."""
    await send()
    await told("second")
    sender.fail_with = NO_ANSWER
    await send(2)
    sender.fail_with = None
    clock.at += MINUTE
    await send(2)
    await send(2)

    assert [("sent", "SM1"), ("sent", "SM2")] == [(each.state, each.provider_id) for each in await messages()]


async def test_while_twilio_cannot_be_asked_nothing_is_sent_again(message, send, sender, clock):
    sender.lose_answer = NO_ANSWER
    await send()
    sender.fail_with = NO_ANSWER
    for _ in range(20):
        clock.at = max(clock.at, (await message()).next_attempt_at)
        await send()

    assert ("sending", 1) == ((await message()).state, len(sender.sent))
    assert clock.at < NOON + 6 * HOUR  # and it does ask again, at least every quarter of an hour


@pytest.mark.parametrize("was_taken", [True, False])
async def test_crash_around_the_call_costs_nothing(message, send, sender, clock, was_taken):
    """As kill -9 leaves it: `sending` is committed, what Twilio answered is not."""
    killed = asyncio.CancelledError()
    sender.fail_with, sender.lose_answer = (None, killed) if was_taken else (killed, None)
    with pytest.raises(asyncio.CancelledError):
        await send()
    sender.fail_with = sender.lose_answer = None
    await send()  # the job is taken up at once by another, which cannot know that nobody is at it
    assert len(sender.sent) == was_taken

    for _ in range(2):
        clock.at += MINUTE
        await send()

    assert ("sent", 1) == ((await message()).state, len(sender.sent))


async def test_two_workers_with_a_job_each_send_one_message(message, send, sender):
    await asyncio.gather(*(send() for _ in range(5)))

    assert ("sent", 1) == ((await message()).state, len(sender.sent))


async def test_worker_that_slept_through_its_time_makes_it_two_at_most(message, send, sender, clock):
    """It had committed `sending` and stood still; another found nothing at Twilio and sent; then it went on."""
    goes_on, other = asyncio.Event(), RememberingSender()

    class Sleeper(RememberingSender):
        async def send(self, to, body, *, reference=None):
            await goes_on.wait()
            return Taken("SM99")

    slept = asyncio.create_task(send(sender=Sleeper()))
    await asyncio.sleep(0.1)
    clock.at += MINUTE
    await send(sender=other)
    await send(sender=other)
    goes_on.set()
    await slept

    assert ("sent", "SM1", 1) == ((await message()).state, (await message()).provider_id, len(other.sent))


async def test_status_that_comes_before_the_answer_is_kept(message, send, sender, sessions):
    class Hasty(RememberingSender):
        async def send(self, to, body, *, reference=None):
            async with sessions() as session, session.begin():
                (await session.get_one(Message, int(reference))).state = "delivered"
            return Taken("SM7", segments=2)

    await send(sender=Hasty())

    kept = await message()
    assert ("delivered", "SM7", 2) == (kept.state, kept.provider_id, kept.segments)


# ------------------------------------------------------------------ when


@pytest.mark.parametrize(
    ("at", "goes"),
    [(NOON, NOON), (NIGHT, MORNING), (MORNING - MINUTE, MORNING), (MORNING, MORNING), (NIGHT - 2 * HOUR, MORNING)],
    ids=["noon", "night", "dawn", "eight", "nine"],
)
def test_what_can_wait_goes_by_day(at, goes):
    assert goes == after_quiet(at, (21, 8))


def test_quiet_hours_within_a_day_and_none():
    assert NOON + 3 * HOUR == after_quiet(NOON + HOUR, (13, 15))
    assert (NIGHT, NIGHT) == (after_quiet(NIGHT, None), after_quiet(NIGHT, (0, 0)))


async def test_message_of_the_night_is_put_off_and_not_dropped(message, send, sender, clock):
    clock.at = NIGHT
    await send()
    kept = await message()
    assert ("queued", MORNING, "waits for the morning", 0) == (
        kept.state, kept.next_attempt_at, kept.reason, len(sender.sent)
    )  # fmt: skip

    clock.at = MORNING
    await send()

    assert (await message()).state == "sent"


async def test_change_of_payout_is_told_at_night(told, send, sender, clock):
    clock.at = NIGHT
    await told("change", kind="payout_changed")

    await send()

    assert len(sender.sent) == 1


async def test_day_whose_share_was_used_up_on_purpose_hides_no_change_of_payout(told, send, sender):
    """Whoever is about to change a payout makes much noise first."""
    await told("a", "b")
    await told("change", kind="payout_changed")
    for number in (1, 2, 3):
        await send(number, Policy(per_day=1, per_hour=1))

    assert alerts.text("payout_changed", "zh") == sender.sent[-1][1]


async def test_more_than_an_hours_share_waits(told, send, sender, clock, messages):
    await told("a", "b", "c")
    policy = Policy(per_hour=2)
    for number, minutes in ((1, 0), (2, 10), (3, 10)):
        clock.at = NOON + minutes * MINUTE
        await send(number, policy)

    third = (await messages())[2]
    assert ("queued", NOON + HOUR, 2) == (third.state, third.next_attempt_at, len(sender.sent))
    clock.at = NOON + HOUR
    await send(3, policy)
    assert len(sender.sent) == 3


async def test_more_than_a_days_share_is_held_and_says_why(told, send, sender, messages):
    await told("a", "b", "c")
    for number in (1, 2, 3):
        await send(number, Policy(per_day=2))

    third = (await messages())[2]
    assert ("held", "more than 2 messages a day to one number", 2) == (third.state, third.reason, len(sender.sent))


async def test_other_numbers_have_shares_of_their_own(told, send, sender):
    await told("a")
    await told("b", worker="W002")
    for number in (1, 2):
        await send(number, Policy(per_hour=1, per_day=1))

    assert len(sender.sent) == 2


async def test_two_workers_do_not_exceed_the_share_together(told, send, sender, messages):
    await told(*"abcdef")

    await asyncio.gather(*(send(number, Policy(per_day=3)) for number in range(1, 7)))

    assert {"sent": 3, "held": 3} == Counter(each.state for each in await messages())


@pytest.mark.parametrize(
    ("hours", "quiet"), [("21-8", (21, 8)), ("0-5", (0, 5)), ("09-10", (9, 10)), ("", None)], ids=str
)
def test_quiet_hours_are_the_operators_to_choose(settings, hours, quiet):
    chosen = Settings.from_environment(settings.to_environment() | {"ANXIN_QUIET_HOURS": hours})

    assert quiet == Policy.of(chosen).quiet


@pytest.mark.parametrize("hours", ["21", "24-8", "night", "21-8 ", "-"])
def test_hours_that_are_none_are_named(settings, hours):
    with pytest.raises(SettingsError, match="ANXIN_QUIET_HOURS"):
        Settings.from_environment(settings.to_environment() | {"ANXIN_QUIET_HOURS": hours})


def test_share_of_the_hour_comes_back_with_time():
    earlier = [NOON - 70 * MINUTE, NOON - 50 * MINUTE, NOON - 10 * MINUTE]

    assert NOON == when_free(NOON, earlier, Policy(per_hour=3))
    assert NOON + 10 * MINUTE == when_free(NOON, earlier, Policy(per_hour=2))
    assert NOON + 50 * MINUTE == when_free(NOON, earlier, Policy(per_hour=1))
    assert when_free(NOON, earlier, Policy(per_day=3)) is None


async def test_queue_sends_what_is_told_and_what_was_put_off(told, settings, sessions, messages, monkeypatch):
    """The worker process's own queue, with jobs that wait for their time in PostgreSQL. The clock is the real one."""
    for module in (delivery, alerts):
        monkeypatch.setattr(module, "now", real_now)
    monkeypatch.setattr(delivery, "retry_seconds", lambda *_: 0.2)
    sender, stop = RememberingSender(fail_with=REFUSED), asyncio.Event()
    await told("a", "b")
    outside = on_outside_job(sender, Policy(quiet=None))
    running = asyncio.create_task(worker._run_jobs(settings, sessions, {}, outside, stop))

    async with asyncio.timeout(60):
        while not all(each.attempts for each in await messages()):
            await asyncio.sleep(0.05)
        sender.fail_with = None
        while not all(each.state == "sent" for each in await messages()):
            await asyncio.sleep(0.05)
    stop.set()
    await running

    assert len(sender.sent) == 2


# ------------------------------------------------------------------ an hour without Twilio


@pytest.mark.parametrize(
    ("failure", "took_it"), [(REFUSED, False), (NO_ANSWER, False), (NO_ANSWER, True)],
    ids=["refused", "nothing taken, no answer", "taken, answers lost"],
)  # fmt: skip
async def test_an_hour_without_twilio_loses_and_doubles_nothing(told, send, sender, clock, messages, failure, took_it):
    await told(*"abcdef")
    sender.lose_answer, sender.fail_with = (failure, None) if took_it else (None, failure)
    tries = 0
    while waiting := [each for each in await messages() if each.state not in ENDED | {"sent"}]:
        soonest = min(waiting, key=lambda each: each.next_attempt_at)
        clock.at = max(clock.at, soonest.next_attempt_at)
        if clock.at > NOON + MINUTE and took_it and clock.at < NOON + HOUR:
            sender.fail_with = failure
        if clock.at > NOON + HOUR:
            sender.fail_with = sender.lose_answer = None
        await send(soonest.id)
        tries += 1

    assert (6, 6) == (len(sender.sent), len({each.provider_id for each in await messages()}))
    assert tries < 6 * 20  # it was not hammered
    assert clock.at < NOON + HOUR + timedelta(seconds=limits.LONGEST_RETRY_SECONDS + 60)


# ------------------------------------------------------------------ anything at any time


class Capricious:
    """Takes messages, refuses them, loses answers, and is killed with its caller: by a seeded chance."""

    def __init__(self, seed):
        self.chance, self.taken = Random(seed), []  # noqa: S311 - a schedule to repeat, not a secret

    async def send(self, to, body, *, reference=None):
        what = self.chance.random()
        if what < 0.2:
            raise NotTaken("not now", self.chance.choice((None, 30)))
        if what < 0.3:
            raise NO_ANSWER
        if what < 0.4:
            raise asyncio.CancelledError
        self.taken.append((to, body))
        if what < 0.55:
            raise NO_ANSWER
        if what < 0.65:
            raise asyncio.CancelledError
        return Taken(f"SM{len(self.taken)}")

    async def find(self, to, body, since):
        if self.chance.random() < 0.3:
            raise self.chance.choice((REFUSED, NO_ANSWER))
        return [Taken(f"SM{place}") for place, each in enumerate(self.taken, start=1) if each == (to, body)]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_happens_each_message_is_taken_once(told, sessions, clock, messages, seed):
    """A third of the messages have the same words; jobs come twice, early, and after a crash."""
    twilio, count = Capricious(seed), 12
    for number in range(count):
        await told(str(number), worker=f"W00{number % 3 + 1}")
    policy = Policy(per_hour=100, per_day=100)
    while waiting := [each for each in await messages() if each.state not in ENDED | {"sent"}]:
        soonest = min(each.next_attempt_at for each in waiting)
        clock.at = max(clock.at, soonest + timedelta(seconds=twilio.chance.randrange(40)))
        picked = twilio.chance.choices(waiting, k=3)
        runs = (deliver(sessions, {"message": each.id}, sender=twilio, policy=policy) for each in picked)
        ended = await asyncio.gather(*runs, return_exceptions=True)
        assert {type(each) for each in ended} <= {type(None), asyncio.CancelledError}

    assert (count, count) == (len(twilio.taken), len({each.provider_id for each in await messages()}))
    assert {"sent"} == {each.state for each in await messages()}
