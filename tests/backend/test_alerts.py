"""Telling people: what messages say, how long they are, who is told of what, and that each event is told once.

Branches: both languages · segments · one row and job an event · release signed or not, to the bank or not · only the bank's
receipt says paid · settled · returned · granted · strangers · login code, too late · reminder: in time, once, not to who
signed or was paid · key and payout changes, to former numbers too · number changed · contractor told of a claim · escrow
low: contractor and bureau, once a day, not where it can pay.
"""

import re
import string
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update
from tests.backend.conftest import BANK, ESCROW, as_event
from tests.fakes import OPTED_OUT, RememberingSender, final_event

from anxin.alerts import changes, parties, reminders
from anxin.alerts import service as alerts
from anxin.alerts.models import Message
from anxin.alerts.segments import Size, size_of
from anxin.alerts.texts import LONGEST_NAME, TEXTS, short_name, text
from anxin.core import relayed, sealing
from anxin.core.clock import now
from anxin.ledger.service import Books
from anxin.payroll.models import WageLine
from anxin.people.models import LoginCode, Worker
from anxin.projects.models import Party, Project
from anxin.wages.models import Confirmation, Contest

# The longest that is realistic; an English reader's project has a Chinese name too.
INSTANT = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
VALUES = {
    "code": "123456", "days": 31, "until": INSTANT, "payday": INSTANT.date(), "day": INSTANT.date(),
    "link": "https://gongzi.chongqing.example/w/#line=e5e5e5e5/4096/255", "old": "10-08 17:30 out", "new": "10-08 18:30 out",
}  # fmt: skip
AMOUNTS = dict.fromkeys(("amount", "asked", "admitted", "granted", "owed", "on_way"), "¥12,345.67")
OF_A_SITE = dict.fromkeys(("have", "short"), "¥12,345,678.90")
CHINESE_NAME, ENGLISH_NAME = "两江新区悦来街道安置房项目三标段主体工程", "Liangjiang Resettlement Housing Lot 3"
TWO_SEGMENTS = {
    "please_confirm", "claim_to_answer", "escrow_low", "payout_change_announced", "recovery_announced", "reply_owed",
    "phone_change_announced", "reply_nothing_owed", "reply_object",
}  # fmt: skip
README = Path(alerts.__file__).with_name("README.md")
PHONE = "+8613800000001"
OFFICER = "+8613900000077"
STRANGER = "0x" + "77" * 32
OWN = "0x" + "f1" * 20


@pytest.fixture
def messages(sessions):
    async def read():
        async with sessions() as session:
            return list(await session.scalars(select(Message).order_by(Message.id)))

    return read


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


@pytest.mark.parametrize("kind", TEXTS)
def test_when_and_to_whom_each_message_goes_is_written_down(kind):
    """In the table of the feature's README: by its name, or by the beginning of it."""
    named = re.findall(r"`([a-z_]+)(…?)`", README.read_text())

    assert [] != [name for name, more in named if kind == name or (more and kind.startswith(name))]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", TEXTS)
def test_message_is_one_segment_or_two_at_most(kind, language):
    amounts = AMOUNTS | (OF_A_SITE | {"owed": "¥12,345,678.90"} if kind == "escrow_low" else {})
    name = CHINESE_NAME if language == "zh" else ENGLISH_NAME

    size = size_of(text(kind, language, **VALUES, **amounts, project=short_name(name)))

    assert ("UCS-2" if language == "zh" else "GSM-7") == size.encoding
    assert size.segments <= (2 if kind in TWO_SEGMENTS else 1)


@pytest.mark.parametrize("kind", [kind for kind in TEXTS if "{project}" in TEXTS[kind]["en"]])
def test_english_message_of_a_project_with_a_chinese_name_is_two_segments(kind):
    size = size_of(text(kind, "en", **VALUES, **AMOUNTS, **OF_A_SITE, project=short_name(CHINESE_NAME)))

    assert ("UCS-2", 2) == (size.encoding, size.segments)


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("", Size("GSM-7", 0, 1)),
        ("a" * 160, Size("GSM-7", 160, 1)),
        ("a" * 161, Size("GSM-7", 161, 2)),
        ("a" * 306, Size("GSM-7", 306, 2)),
        ("a" * 307, Size("GSM-7", 307, 3)),
        ("[" * 80, Size("GSM-7", 160, 1)),
        ("[" * 81, Size("GSM-7", 162, 2)),
        ("a" * 152 + "[" * 77, Size("GSM-7", 306, 3)),  # the escaped one at the seam is not cut: a septet is lost there
        ("工" * 70, Size("UCS-2", 70, 1)),
        ("工" * 71, Size("UCS-2", 71, 2)),
        ("工" * 134, Size("UCS-2", 134, 2)),
        ("工" * 135, Size("UCS-2", 135, 3)),
        ("😀" * 35, Size("UCS-2", 70, 1)),
        ("😀" * 67, Size("UCS-2", 134, 3)),  # 33 pairs and a lost unit each
        ("¥12 for you, ~€", Size("GSM-7", 17, 1)),
        ("`", Size("UCS-2", 1, 1)),
    ],
    ids=str,
)
def test_segments_are_counted_as_carriers_do(words, size):
    assert size == size_of(words)


def test_instants_and_days_are_said_at_the_sites_time():
    assert "11月25日23:30前" in text("claim_to_answer", "zh", **VALUES, **AMOUNTS, project="")
    assert "by 25 Nov 23:30" in text("claim_to_answer", "en", **VALUES, **AMOUNTS, project="")


def test_long_name_is_cut_within_its_own_alphabet():
    assert (CHINESE_NAME, "Liangjiang Resettle.") == (short_name(CHINESE_NAME), short_name(ENGLISH_NAME))
    assert LONGEST_NAME == len(short_name(CHINESE_NAME + "二期"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("中奖http://a.cn/x", "中奖http a cn x"),
        ("领钱 evil.example\n【银行】", "领钱 evil example 银行"),
        ("{amount}", "amount"),
        ("两江新区（二期）·3#楼", "两江新区（二期）·3#楼"),
    ],
)
def test_name_of_a_project_puts_neither_link_nor_another_sender_into_a_message(name, told):
    assert told == short_name(name)


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


@pytest.mark.parametrize("failure", [None, OPTED_OUT])
async def test_login_code_is_sent_and_not_kept(site, messages, failure):
    sender = RememberingSender(fail_with=failure)
    sealed = sealing.sealer().seal("123456").decode()
    payload = {"phoneIndex": sealing.sealer().index(PHONE).hex(), "sealedCode": sealed, "language": "zh"}

    await site.apply(lambda session: alerts.send_login_code(session, payload, sender))

    assert ([] if failure else [(PHONE, text("login_code", "zh", code="123456"))]) == sender.sent
    assert await messages() == []


async def test_code_that_has_expired_meanwhile_is_not_sent(site, sessions):
    """Twilio was away for more than five minutes: the worker has asked for another one since."""
    sender, index = RememberingSender(), sealing.sealer().index(PHONE)
    async with sessions() as session, session.begin():
        session.add(LoginCode(phone_index=index, code_hash=b"", created_at=now(), expires_at=now() - timedelta(seconds=1)))
    payload = {
        "phoneIndex": index.hex(), "sealedCode": sealing.sealer().seal("123456").decode(), "language": "zh",
    }  # fmt: skip

    await site.apply(lambda session: alerts.send_login_code(session, payload, sender))

    assert sender.sent == []


# ------------------------------------------------------------------ reminders


@pytest.fixture
async def posted(site):
    """Two lines, posted at the chain's 5 November; the objection window ends three days later."""
    return (await site.post(90_000, 60_000)).posted_at


async def remind(site, at):
    await site.apply(partial(reminders.remind_unconfirmed, signed=(Confirmation, Contest)), at)


async def test_whoever_has_not_signed_is_reminded_a_day_before_the_window_ends(site, posted, messages):
    await remind(site, posted + timedelta(days=2))

    kept = await messages()
    assert [(site.workers["W001"].id, "please_confirm"), (site.workers["W002"].id, "please_confirm")] == [
        (each.worker_pk, each.kind) for each in kept
    ]
    until = posted + timedelta(days=3)
    assert text("please_confirm", "zh", project="测试项目", amount="¥900.00", days=3, until=until) == kept[0].body


@pytest.mark.parametrize("after", [timedelta(days=2, seconds=-1), timedelta(days=3)], ids=["too early", "too late"])
async def test_nobody_is_reminded_at_another_time(site, posted, messages, after):
    await remind(site, posted + after)

    assert await messages() == []


async def test_one_is_reminded_once(site, posted, messages):
    await remind(site, posted + timedelta(days=2))
    await remind(site, posted + timedelta(days=2, hours=1))

    assert len(await messages()) == 2


async def test_whoever_was_paid_or_signed_is_not_reminded(site, posted, messages, sessions):
    async with sessions() as session, session.begin():
        await session.execute(update(WageLine).where(WageLine.index == 0).values(released_tx="0x01"))
        session.add(
            Confirmation(
                digest=b"1" * 32, sheet_pk=1, line_index=1, deadline=1, signature=b"", received_at=now(),
                state=relayed.ACCEPTED,
            )
        )  # fmt: skip

    await remind(site, posted + timedelta(days=2))

    assert await messages() == []


async def test_whose_signature_was_refused_is_reminded(site, posted, messages, sessions):
    async with sessions() as session, session.begin():
        session.add(
            Confirmation(
                digest=b"1" * 32, sheet_pk=1, line_index=1, deadline=1, signature=b"", received_at=now(),
                state=relayed.REFUSED,
            )
        )  # fmt: skip

    await remind(site, posted + timedelta(days=2))

    assert site.workers["W002"].id in [each.worker_pk for each in await messages()]


# ------------------------------------------------------------------ keys, payouts, numbers


def registry_event(site, name, **args):
    worker_id = site.workers["W001"].hex_id
    return final_event(name, "WorkerRegistry", site.deployment.addresses.registry, workerId=worker_id, **args)


@pytest.mark.parametrize(
    ("tell", "name", "args", "kind"),
    [
        (changes.tell_payout_proposed, "PayoutChangeProposed", {"payout": OWN, "effectiveAt": 1764081000},
         "payout_change_announced"),
        (changes.tell_payout_withdrawn, "PayoutChangeWithdrawn", {"payout": OWN}, "payout_change_withdrawn"),
        (changes.tell_payout_changed, "PayoutChanged", {"payout": OWN}, "payout_changed"),
        (changes.tell_recovery_proposed, "RecoveryProposed", {"effectiveAt": 1764081000}, "recovery_announced"),
        (changes.tell_recovery_cancelled, "RecoveryCancelled", {"by": "0x" + "00" * 20}, "recovery_cancelled"),
        (changes.tell_key_changed, "KeyChanged", {"recovered": True}, "key_changed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_change_of_key_or_payout_is_told(site, messages, tell, name, args, kind):
    await site.apply(tell, registry_event(site, name, **args))

    (message,) = await messages()
    assert (site.workers["W001"].id, kind) == (message.worker_pk, message.kind)


async def test_announced_change_names_the_end_of_the_cooling_off(site, messages):
    await site.apply(
        changes.tell_payout_proposed, registry_event(site, "PayoutChangeProposed", payout=OWN, effectiveAt=1764081000)
    )

    assert "11月25日22:30变更" in (await messages())[0].body


async def test_wish_for_the_present_payout_gives_up_the_change(site, messages):
    payout = site.workers["W001"].payout
    event = registry_event(site, "PayoutChangeProposed", payout=payout, effectiveAt=1764081000)

    await site.apply(changes.tell_payout_proposed, event)

    assert ["payout_change_withdrawn"] == [each.kind for each in await messages()]


async def change_number(site, new):
    """W001's number becomes `new`, and both are told."""
    async with site.sessions() as session, session.begin():
        worker = await session.get_one(Worker, site.workers["W001"].id)
        old, worker.phone = worker.phone, new
    sealed = sealing.sealer().seal(old).decode()
    payload = {"worker": site.workers["W001"].id, "sealedOldPhone": sealed, "change": new}
    await site.apply(changes.tell_phone_changed, payload)


async def test_change_of_number_is_told_to_both(site, messages):
    await change_number(site, "+8613800000999")

    assert [("phone_changed_old", PHONE), ("phone_changed_new", "+8613800000999")] == [
        (each.kind, each.to_phone) for each in await messages()
    ]


async def test_whoever_takes_the_number_first_and_the_payout_next_is_heard_of_at_the_old_number(site, messages):
    await change_number(site, "+8613800000999")

    await site.apply(changes.tell_payout_changed, registry_event(site, "PayoutChanged", payout=OWN))

    told = [each for each in await messages() if each.kind == "payout_changed"]
    assert [None, PHONE] == [each.to_phone for each in told]  # the number on record, and the former one


async def test_number_of_more_than_a_month_ago_is_somebody_elses(site, messages, sessions):
    await change_number(site, "+8613800000999")
    async with sessions() as session, session.begin():
        await session.execute(update(Message).values(created_at=now() - timedelta(days=31)))

    await site.apply(changes.tell_key_changed, registry_event(site, "KeyChanged", recovered=False))

    assert [None] == [each.to_phone for each in await messages() if each.kind == "key_changed"]


# ------------------------------------------------------------------ contractor and bureau


@pytest.fixture
async def officer(site, sessions):
    """The contractor's labour officer left a name and a number; a foreman did too, and a former officer."""
    async with sessions() as session, session.begin():
        for role, contact, until in (
            ("officer", "王敏 139 0000 0077", None), ("foreman", "13900000078", None), ("officer", "13900000079", now()),
        ):  # fmt: skip
            session.add(
                Party(
                    project_pk=site.project.id, address="0x" + "aa" * 20, role=role, firm="渝安建工", contact=contact,
                    since=now(), until=until,
                )
            )  # fmt: skip


def claimed(site):
    return final_event("Claimed", "WageEscrow", ESCROW, workerId=site.workers["W001"].hex_id, asked=30_000)


async def test_contractor_hears_of_a_claim_and_until_when_to_answer(site, officer, messages):
    event = claimed(site)

    await site.apply(parties.tell_claim_to_contractor, event)

    (message,) = await messages()
    until = event.block_time + timedelta(days=4)
    assert (None, OFFICER) == (message.worker_pk, message.to_phone)
    assert text("claim_to_answer", "zh", project="测试项目", amount="¥300.00", until=until) == message.body


async def test_claim_does_not_say_to_the_contractor_whose_it_is(site, officer, messages):
    await site.apply(parties.tell_claim_to_contractor, claimed(site))

    body = (await messages())[0].body
    assert not any(worker.worker_no in body or worker.name in body for worker in site.workers.values())


async def test_contractor_without_a_number_is_not_told(site, messages):
    await site.apply(parties.tell_claim_to_contractor, claimed(site))

    assert await messages() == []


def low(funded_fen, owed_fen):
    async def read(_session, _escrow):
        return Books(funded_fen, owed_fen, 0, 0, 0, 0)

    return partial(parties.tell_escrow_low, read_books=read)


async def test_escrow_that_cannot_pay_is_told_to_contractor_and_bureau_once_a_day(site, officer, messages, sessions):
    async with sessions() as session, session.begin():
        notice = {"inspectionPhone": "劳动监察 13700000001", "officerPhone": "0086-139-0000-0077"}
        await session.execute(update(Project).values(notice=notice))
    for _ in range(2):
        await site.apply(low(50_000, 90_000), final_event("PayoutFailed", "WageEscrow", ESCROW))

    kept = await messages()
    assert [OFFICER, "+8613700000001"] == [each.to_phone for each in kept]
    assert text("escrow_low", "zh", project="测试项目", have="¥500.00", owed="¥900.00", short="¥400.00") == kept[0].body


async def test_escrow_that_can_pay_is_nobodys_concern(site, officer, messages):
    await site.apply(low(90_000, 90_000), final_event("SheetPosted", "WageEscrow", ESCROW))

    assert await messages() == []
