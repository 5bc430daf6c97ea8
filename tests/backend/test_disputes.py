"""Disputes over HTTP and by final events: what each side signs is checked as the contract checks it, and followed.

Branches: claim kept and relayed · resent · bound · nothing · no day · a day to come, of long ago · a day claimed or
contested before · refused, then claimed again · wrong key · high s · changed evidence · expired · too far · stranger ·
not joined · unknown project · answer: kept, resent, too late, less than before, more than asked, by a stranger,
decided, unknown · resolution: by the bureau, by the arbiter before and after, of an unanswered claim, beyond what was
asked, twice · followed: claimed, contested, answered, stood, resolved, paid, to the bank, settled, given back, not paid
· clock · money came in · new payout · refused payment · told · lists.
"""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from tests.backend.conftest import ARBITER, BANK, BUREAU, CONTRACTOR, ESCROW, WINDOWS, assert_problem
from tests.backend.signed_words import answer, claim, contest, resolution
from tests.fakes import BLOCK_TIME, final_event

from anxin.alerts.models import Message
from anxin.chain.models import Block
from anxin.core.clock import now
from anxin.core.signing import P256_ORDER
from anxin.demo.keys import DeviceKey, Wallet
from anxin.disputes import progress
from anxin.disputes.models import Claim, Dispute
from anxin.people.models import Worker
from anxin.projects.models import Membership

FIRST = date(2026, 10, 12)
DAYS = 0b101
HASH = "0x" + "ab" * 32
STRANGER = Wallet.from_hex("0x" + "d7" * 32)
ANSWERED_BY = BLOCK_TIME + timedelta(seconds=WINDOWS.answer_seconds)
SECOND = timedelta(seconds=1)


@pytest.fixture
def dispute(sessions):
    """The escrow's dispute of a number, as we have it."""

    async def read(number=0):
        async with sessions() as session:
            return (await session.scalars(select(Dispute).where(Dispute.dispute_id == number))).one()

    return read


@pytest.fixture
def told(sessions):
    """The kinds of messages kept so far."""

    async def read():
        async with sessions() as session:
            return list(await session.scalars(select(Message.kind).order_by(Message.id)))

    return read


@pytest.fixture
def chain_at(sessions):
    """The chain's clock, by its newest final block."""

    async def set_to(time):
        async with sessions() as session, session.begin():
            session.add(Block(hash=f"0x{time.timestamp():064.0f}", number=9, parent="0x00", time=time, state="final"))

    return set_to


def of_dispute(name, number=0, *, at=BLOCK_TIME, **args):
    return final_event(name, "WageEscrow", ESCROW, at=at, disputeId=number, **args)


def claimed(site, number=0, *, asked=100_000, evidence_hash=HASH, worker="W001"):
    return of_dispute(
        "Claimed", number, workerId=site.workers[worker].hex_id, asked=asked, firstDay=(FIRST - date(1970, 1, 1)).days,
        dayMask=DAYS, evidenceHash=evidence_hash,
    )  # fmt: skip


def contested(site, number=0, *, asked=30_000):
    return of_dispute(
        "Contested", number, workerId=site.workers["W001"].hex_id, sheetId=0, index=0, asked=asked, claimedDays=0b111,
        evidenceHash=HASH,
    )  # fmt: skip


def answered(admitted, number=0, *, at=BLOCK_TIME):
    return of_dispute("Answered", number, at=at, admitted=admitted, evidenceHash=HASH)


def resolved(granted, number=0):
    return of_dispute("Resolved", number, by=BUREAU.address, granted=granted, orderHash=HASH)


def paid(site, amount, number=0, *, payout="0x" + "f1" * 20, name="DisputePaid"):
    args = {"workerId": site.workers["W001"].hex_id, "payout": payout, "amount": amount, "assurance": 2}
    return of_dispute(name, number, **args)


def by_bank(site, name, amount):
    return of_dispute(name, workerId=site.workers["W001"].hex_id, amount=amount, receipt=HASH, reason=HASH)


def mine(site, **changed):
    return claim(site, "W001", **{"amount_fen": 100_000, "first_day": FIRST, "day_mask": DAYS} | changed)


# ------------------------------------------------------------------ a worker claims


async def test_claim_is_kept_and_relayed_as_it_was_signed(client, site, jobs):
    path, body = mine(site)

    reply = await client.put(path, json=body)

    assert (202, "accepted") == (reply.status_code, reply.json()["state"])
    (call,) = await jobs("relay")
    assert (call["contract"], call["address"], call["function"]) == ("WageEscrow", ESCROW, "claim")
    sent = call["arguments"]["claimed"]
    assert (site.workers["W001"].hex_id, 100_000, 20_738, DAYS) == (
        sent["workerId"], sent["amount"], sent["firstDay"], sent["dayMask"],
    )  # fmt: skip
    assert call["arguments"]["signature"] == "0x" + (body["signature"]["r"] + body["signature"]["s"][2:])[2:]


@pytest.mark.parametrize("number", ["W002", "W003"], ids=["passkey", "wallet"])
async def test_every_kind_of_key_can_claim(client, site, number):
    path, body = claim(site, number, amount_fen=90_000, first_day=FIRST, day_mask=1)

    assert (await client.put(path, json=body)).status_code == 202


async def test_resent_claim_is_relayed_once(client, site, jobs):
    path, body = mine(site)

    first, again = await client.put(path, json=body), await client.put(path, json=body)

    assert (202, first.json()) == (again.status_code, again.json())
    assert len(await jobs("relay")) == 1


@pytest.mark.parametrize(("amount_fen", "status"), [(180_000, 202), (180_001, 422), (0, 422)])
async def test_claim_is_bounded_by_the_day_cap(client, site, amount_fen, status):
    path, body = mine(site, amount_fen=amount_fen)

    reply = await client.put(path, json=body)

    assert reply.status_code == status
    if status == 422:
        assert_problem(reply, 422, "bad-claim", "at most 180000 fen")


async def test_claim_for_more_than_32_days_is_malformed(client, site):
    path, body = mine(site)

    assert_problem(await client.put(path, json={**body, "dayMask": 1 << 32}), 400, "malformed", "Claim")


async def test_claim_for_no_day_is_malformed(client, site):
    path, body = mine(site, day_mask=0)

    assert_problem(await client.put(path, json=body), 400, "malformed", "dayMask")


async def test_day_to_come_cannot_be_claimed(client, site):
    """A site's calendar may be a day ahead of UTC, not two."""
    tomorrow = now().date() + timedelta(days=1)
    path, body = mine(site, first_day=tomorrow, day_mask=1, amount_fen=1)
    assert (await client.put(path, json=body)).status_code == 202
    path, body = mine(site, first_day=tomorrow, day_mask=0b10, amount_fen=1)

    assert_problem(await client.put(path, json=body), 422, "future-day", "has not come yet")


@pytest.mark.parametrize(("first_day", "status", "slug"), [
    (date(9999, 12, 31), 422, "future-day"), (date(1969, 12, 31), 400, "malformed"),
])  # fmt: skip
async def test_day_at_the_end_of_time_is_told_as_nonsense(client, site, first_day, status, slug):
    body = {**mine(site)[1], "firstDay": first_day.isoformat(), "dayMask": 2**31}
    path = f"/api/claims/0x{'00' * 32}"
    if status == 422:
        path, body = mine(site, first_day=first_day, day_mask=2**31, amount_fen=1)

    assert_problem(await client.put(path, json=body), status, slug, "")


@pytest.mark.parametrize(("age_days", "status"), [(3652, 202), (3653, 422)], ids=["ten years", "a day more"])
async def test_day_of_long_ago_cannot_be_claimed(client, site, age_days, status):
    path, body = mine(site, first_day=now().date() - timedelta(days=age_days), day_mask=1, amount_fen=1)

    reply = await client.put(path, json=body)

    assert reply.status_code == status
    if status == 422:
        assert_problem(reply, 422, "day-too-old", "3653 days")


@pytest.mark.parametrize(
    ("first_day", "day_mask", "status"),
    [(FIRST, 0b10, 202), (FIRST - timedelta(days=4), 0b1_0000, 409), (FIRST + timedelta(days=2), 1, 409)],
    ids=["the day between", "the same day, counted from elsewhere", "its last day"],
)
async def test_day_is_claimed_once(client, site, first_day, day_mask, status):
    path, body = mine(site)
    await client.put(path, json=body)
    path, body = mine(site, first_day=first_day, day_mask=day_mask, amount_fen=1)

    reply = await client.put(path, json=body)

    assert reply.status_code == status
    if status == 409:
        assert_problem(reply, 409, "day-claimed", "already claimed or contested")


async def test_contested_day_cannot_be_claimed_too(client, site):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=0b1111_1000_0000)
    assert (await client.put(path, json=body)).status_code == 202
    path, body = mine(site, first_day=date(2026, 10, 12), day_mask=1, amount_fen=1)

    assert_problem(await client.put(path, json=body), 409, "day-claimed", "")


async def test_anothers_claim_takes_no_day_from_me(client, site):
    path, body = claim(site, "W002", amount_fen=1, first_day=FIRST, day_mask=DAYS)
    await client.put(path, json=body)
    path, body = mine(site)

    assert (await client.put(path, json=body)).status_code == 202


async def test_claim_the_chain_refused_can_be_made_again(client, site, jobs):
    path, body = mine(site)
    await client.put(path, json=body)
    await site.refused((await jobs("relay"))[0], "Escrow_Expired", 1, 2)
    path, body = mine(site, evidence="another")

    assert (await client.put(path, json=body)).json()["state"] == "accepted"
    assert len(await jobs("relay")) == 2


async def test_claim_with_another_key_is_refused(client, site, jobs):
    path, body = mine(site, key=DeviceKey.from_number(999))

    assert_problem(await client.put(path, json=body), 403, "wrong-key", "enrolled")
    assert await jobs("relay") == []


async def test_claim_in_high_s_is_refused(client, site):
    path, body = mine(site)
    high = f"0x{P256_ORDER - int(body['signature']['s'], 16):064x}"

    reply = await client.put(path, json={**body, "signature": {**body["signature"], "s": high}})

    assert_problem(reply, 422, "high-s", "n − s")


@pytest.mark.parametrize("changed", [{"evidence": "x"}, {"amountFen": 100_001}, {"firstDay": "2026-10-13"}])
async def test_changed_claim_is_not_what_was_signed(client, site, changed):
    path, body = mine(site)

    assert_problem(await client.put(path, json={**body, **changed}), 422, "digest-mismatch", "digest")


@pytest.mark.parametrize(
    ("deadline", "status", "slug"), [(1_700_000_000, 410, "signature-expired"), (2_000_000_000, 422, "deadline-too-far")]
)
async def test_claims_deadline_is_checked(client, site, deadline, status, slug):
    path, body = mine(site, deadline=deadline)

    assert_problem(await client.put(path, json=body), status, slug, "")


async def test_who_has_not_joined_cannot_claim(client, site, sessions):
    async with sessions() as session, session.begin():
        await session.execute(
            update(Membership).where(Membership.worker_pk == site.workers["W001"].id).values(state="waiting")
        )
    path, body = mine(site)

    assert_problem(await client.put(path, json=body), 409, "not-joined", "accept its terms")


async def test_worker_nobody_knows_cannot_claim(client, site, sessions):
    path, body = mine(site)
    async with sessions() as session, session.begin():
        await session.execute(
            update(Worker).where(Worker.id == site.workers["W001"].id).values(worker_id=b"\x01" * 16 + bytes(16))
        )

    assert_problem(await client.put(path, json=body), 409, "not-joined", "")


async def test_claim_on_an_unknown_project_is_not_found(client, site, sessions):
    path, body = mine(site)
    async with sessions() as session, session.begin():
        project = await session.get_one(type(site.project), site.project.id)
        project.escrow = "0x" + "77" * 20

    assert_problem(await client.put(path, json=body), 404, "project-not-found", ESCROW)


# ------------------------------------------------------------------ the contractor answers


async def test_answer_is_kept_and_relayed_as_it_was_signed(client, site, jobs, chain_at):
    await site.final(claimed(site))
    await chain_at(BLOCK_TIME)
    path, body = answer(site, admitted_fen=40_000)

    first, again = await client.put(path, json=body), await client.put(path, json=body)

    assert (202, "accepted", first.json()) == (first.status_code, first.json()["state"], again.json())
    (call,) = await jobs("relay")
    assert ("answer", 0, 40_000) == (
        call["function"], call["arguments"]["disputeId"], call["arguments"]["admitted"],
    )  # fmt: skip
    assert call["arguments"]["contractorSignature"] == body["signature"]


@pytest.mark.parametrize("by", [BUREAU, STRANGER], ids=["bureau", "stranger"])
async def test_only_the_contractor_answers(client, site, by):
    await site.final(claimed(site))
    path, body = answer(site, admitted_fen=0, by=by)

    assert_problem(await client.put(path, json=body), 403, "wrong-signer", CONTRACTOR.address)


@pytest.mark.parametrize(("at", "status"), [(ANSWERED_BY, 202), (ANSWERED_BY + SECOND, 410)], ids=["last second", "after"])
async def test_answer_is_in_time_by_the_chains_clock(client, site, chain_at, at, status):
    await site.final(claimed(site))
    await chain_at(at)
    path, body = answer(site, admitted_fen=0)

    assert (await client.put(path, json=body)).status_code == status


@pytest.mark.parametrize(("admitted_fen", "status"), [(100_000, 202), (100_001, 422)])
async def test_no_more_can_be_admitted_than_was_asked(client, site, chain_at, admitted_fen, status):
    await site.final(claimed(site))
    await chain_at(BLOCK_TIME)
    path, body = answer(site, admitted_fen=admitted_fen)

    assert (await client.put(path, json=body)).status_code == status


@pytest.mark.parametrize(("admitted_fen", "status"), [(10_000, 422), (10_001, 202)])
async def test_contested_remainder_is_answered_by_admitting_more(client, site, admitted_fen, status):
    """At any time until it is decided."""
    await site.post(90_000)
    await site.final(contested(site), answered(10_000))
    path, body = answer(site, admitted_fen=admitted_fen)

    assert (await client.put(path, json=body)).status_code == status


async def test_decided_dispute_is_not_answered(client, site):
    await site.final(claimed(site), of_dispute("ClaimStood"))
    path, body = answer(site, admitted_fen=0)

    assert_problem(await client.put(path, json=body), 409, "dispute-decided", "decided")


@pytest.mark.parametrize("signed", [answer, resolution])
async def test_dispute_the_chain_does_not_have_is_not_found(client, site, signed):
    path, body = signed(site, **{"admitted_fen" if signed is answer else "award_fen": 0})

    assert_problem(await client.put(path, json=body), 404, "dispute-not-found", "not on the chain yet")


# ------------------------------------------------------------------ the bureau decides


async def test_resolution_is_kept_and_relayed_as_it_was_signed(client, site, jobs):
    await site.post(90_000)
    await site.final(contested(site))
    path, body = resolution(site, award_fen=20_000)

    first, again = await client.put(path, json=body), await client.put(path, json=body)

    assert (202, "accepted", first.json()) == (first.status_code, first.json()["state"], again.json())
    (call,) = await jobs("relay")
    assert ("resolve", 0, 20_000, body["signature"]) == (
        call["function"], call["arguments"]["disputeId"], call["arguments"]["award"], call["arguments"]["signature"],
    )  # fmt: skip


@pytest.mark.parametrize("by", [CONTRACTOR, STRANGER], ids=["contractor", "stranger"])
async def test_only_bureau_and_arbiter_decide(client, site, by):
    await site.final(contested(site))
    path, body = resolution(site, award_fen=0, by=by)

    assert_problem(await client.put(path, json=body), 403, "wrong-signer", BUREAU.address)


@pytest.mark.parametrize(("late", "status"), [(timedelta(), 409), (SECOND, 202)], ids=["last second", "after"])
async def test_arbiter_decides_only_after_the_bureaus_window(client, site, chain_at, late, status):
    await site.final(contested(site))
    await chain_at(BLOCK_TIME + timedelta(seconds=WINDOWS.bureau_seconds) + late)
    path, body = resolution(site, award_fen=1, by=ARBITER)

    reply = await client.put(path, json=body)

    assert reply.status_code == status
    if status == 409:
        assert_problem(reply, 409, "arbiter-too-early", "only the bureau")


async def test_claim_is_not_decided_before_the_contractor_has_spoken(client, site):
    await site.final(claimed(site))
    path, body = resolution(site, award_fen=1)

    assert_problem(await client.put(path, json=body), 409, "not-answered", "may still answer")


async def test_award_is_at_most_what_was_asked(client, site):
    await site.final(contested(site))
    path, body = resolution(site, award_fen=30_001)

    assert_problem(await client.put(path, json=body), 422, "bad-dispute-amount", "0 to 30000 fen")


async def test_one_decision_at_a_time(client, site, jobs):
    await site.final(contested(site))
    path, body = resolution(site, award_fen=10_000)
    await client.put(path, json=body)
    path, body = resolution(site, award_fen=20_000)

    assert_problem(await client.put(path, json=body), 409, "dispute-decided", "")
    assert len(await jobs("relay")) == 1


async def test_decision_the_chain_refused_can_be_made_again(client, site, jobs):
    await site.final(contested(site))
    path, body = resolution(site, award_fen=10_000)
    await client.put(path, json=body)
    await site.refused((await jobs("relay"))[0], "Escrow_Expired", 1, 2)
    path, body = resolution(site, award_fen=20_000)

    assert (await client.put(path, json=body)).status_code == 202


# ------------------------------------------------------------------ followed on the chain


async def test_final_claim_opens_a_dispute_and_closes_the_word(client, site, sessions, dispute, told):
    path, body = mine(site)
    await client.put(path, json=body)
    async with sessions() as session:
        evidence_hash = "0x" + (await session.scalar(select(Claim.evidence_hash))).hex()
    event = claimed(site, evidence_hash=evidence_hash)

    await site.final(event, event)

    opened = await dispute()
    assert ("claim", "claimed", 100_000, FIRST, DAYS, BLOCK_TIME) == (
        opened.kind, opened.state, opened.asked_fen, opened.first_day, opened.day_mask, opened.since,
    )  # fmt: skip
    async with sessions() as session:
        kept = (await session.scalars(select(Claim))).one()
    assert ("done", event.tx_hash, opened.id) == (kept.state, kept.tx_hash, kept.dispute_pk)
    assert await told() == ["claimed"]


async def test_anothers_claim_with_the_same_words_is_not_mine(client, site, sessions):
    path, body = mine(site)
    await client.put(path, json=body)
    async with sessions() as session:
        evidence_hash = "0x" + (await session.scalar(select(Claim.evidence_hash))).hex()

    await site.final(claimed(site, evidence_hash=evidence_hash, worker="W002"))

    async with sessions() as session:
        assert await session.scalar(select(Claim.state)) == "accepted"


async def test_first_answer_starts_the_bureaus_clock(site, dispute, told):
    later = BLOCK_TIME + timedelta(days=2)

    await site.final(claimed(site), answered(40_000, at=later))

    after = await dispute()
    assert ("contested", 40_000, later) == (after.state, after.granted_fen, after.since)
    assert await told() == ["claimed", "answered"]


async def test_answer_that_admits_everything_decides(site, dispute):
    await site.final(claimed(site), answered(100_000))

    assert (await dispute()).state == "decided"


async def test_kept_answer_and_decision_are_done_when_final(client, site, sessions):
    await site.final(contested(site))
    for path, body in (answer(site, admitted_fen=10_000), resolution(site, award_fen=20_000)):
        await client.put(path, json=body)
    async with sessions() as session:
        evidence = await session.scalar(select(progress.Answer.evidence_hash))
        order = await session.scalar(select(progress.Resolution.order_hash))

    await site.final(
        of_dispute("Answered", admitted=10_000, evidenceHash="0x" + evidence.hex()),
        of_dispute("Resolved", by=BUREAU.address, granted=20_000, orderHash="0x" + order.hex()),
    )

    async with sessions() as session:
        states = [await session.scalar(select(table.state)) for table in (progress.Answer, progress.Resolution)]
    assert states == ["done", "done"]


async def test_resolved_dispute_says_who_decided_what(site, dispute, told):
    await site.final(contested(site), resolved(20_000), paid(site, 20_000))

    after = await dispute()
    assert ("decided", 20_000, 20_000, BUREAU.address) == (
        after.state, after.granted_fen, after.paid_fen, after.resolved_by,
    )  # fmt: skip
    assert await told() == ["contested", "resolved", "grant_released"]


async def test_grant_passes_through_the_bank(site, dispute, told):
    await site.final(claimed(site), of_dispute("ClaimStood"), paid(site, 100_000, payout=BANK))
    given = await dispute()

    await site.final(by_bank(site, "DisputeSettled", 100_000))

    after = await dispute()
    assert (100_000, 0, True) == (given.banked_fen, given.settled_fen, given.stood)
    assert (0, 100_000, 100_000) == (after.banked_fen, after.settled_fen, after.paid_fen)
    assert await told() == ["claimed", "claim_stood", "grant_released_to_bank", "paid"]


async def test_grant_the_bank_gave_back_waits_for_another_payout(site, dispute, jobs):
    await site.final(claimed(site), of_dispute("ClaimStood"), paid(site, 100_000, payout=BANK))
    await site.final(by_bank(site, "DisputeReturned", 100_000))
    back = await dispute()
    await site.final(funded())
    waiting = await jobs("relay")

    await site.final(payout_changed(site))

    assert (0, 0, 100_000, []) == (back.paid_fen, back.banked_fen, back.granted_fen, waiting)
    assert [("releaseStanding", {"disputeId": 0})] == [
        (call["function"], call["arguments"]) for call in await jobs("relay")
    ]


async def test_dispute_of_a_project_that_is_not_ours_changes_nothing(site, sessions):
    elsewhere = "0x" + "77" * 20
    theirs = claimed(site), answered(1), resolved(1), paid(site, 1), claimed(site, 1), of_dispute("ClaimStood", 1)
    for event in theirs:
        await site.final(final_event(event.name, "WageEscrow", elsewhere, **event.args))

    async with sessions() as session:
        assert list(await session.scalars(select(Dispute))) == []


# ------------------------------------------------------------------ the clock


@pytest.mark.parametrize(
    ("chain_time", "calls"),
    [(BLOCK_TIME, 0), (ANSWERED_BY, 0), (ANSWERED_BY + SECOND, 1)],
    ids=["at once", "in the last second", "after it"],
)
async def test_unanswered_claim_is_released_by_the_chains_clock(site, jobs, chain_time, calls):
    await site.final(claimed(site))

    await site.apply(progress.release_standing, chain_time)

    assert ["releaseStanding"] * calls == [call["function"] for call in await jobs("relay")]


async def test_standing_claim_is_asked_for_once(site, jobs):
    await site.final(claimed(site))

    await site.apply(progress.release_standing, ANSWERED_BY + SECOND)
    await site.apply(progress.release_standing, ANSWERED_BY + SECOND)

    assert len(await jobs("relay")) == 1


async def test_answered_claim_does_not_stand(site, jobs):
    await site.final(claimed(site), answered(0))

    await site.apply(progress.release_standing, ANSWERED_BY + SECOND)

    assert await jobs("relay") == []


@pytest.mark.parametrize("money", ["Funded", "BondDrawn"])
async def test_grant_that_could_not_be_paid_is_paid_when_money_comes_in(site, jobs, money):
    await site.final(
        claimed(site), of_dispute("ClaimStood"), paid(site, 100_000, name="DisputePayoutFailed"),
        claimed(site, 1), of_dispute("ClaimStood", 1), paid(site, 100_000, 1, name="DisputePayoutFailed"),
    )  # fmt: skip
    before = await jobs("relay")

    await site.final(funded(money))
    await site.final(funded(money))

    assert ([], [0, 1]) == (before, [call["arguments"]["disputeId"] for call in await jobs("relay")])


async def test_paid_grant_waits_for_no_money(site, jobs):
    await site.final(
        claimed(site), of_dispute("ClaimStood"), paid(site, 100_000, name="DisputePayoutFailed"), paid(site, 100_000)
    )

    await site.final(funded())

    assert await jobs("relay") == []


async def test_payment_the_chain_refuses_is_not_asked_for_again(site, jobs, dispute):
    await site.final(claimed(site))
    await site.apply(progress.release_standing, ANSWERED_BY + SECOND)

    await site.refused((await jobs("relay"))[0], "Escrow_NothingDue", 0)
    await site.apply(progress.release_standing, ANSWERED_BY + SECOND)

    assert (1, "refused:Escrow_NothingDue(0)") == (len(await jobs("relay")), (await dispute()).paying_key)


# ------------------------------------------------------------------ lists


async def test_disputes_of_a_project_are_public(client, site):
    await site.post(90_000)
    await site.final(contested(site, 0), claimed(site, 1))

    newest, oldest = (await client.get(f"/api/projects/{ESCROW}/disputes")).json()["disputes"]

    assert ("claim", 1, "claimed", ["2026-10-12", "2026-10-14"], "2026-11-09T02:00:00Z", None) == tuple(
        newest[name] for name in ("kind", "disputeId", "state", "days", "answerUntil", "bureauUntil")
    )
    assert ("contest", 0, "contested", ["2026-10-01", "2026-10-02", "2026-10-03"], None, "2026-12-05T02:00:00Z") == tuple(
        oldest[name] for name in ("kind", "disputeId", "state", "days", "answerUntil", "bureauUntil")
    )
    assert "工人" not in str(newest)


async def test_disputes_of_an_unknown_project_are_not_found(client, site):
    assert_problem(await client.get(f"/api/projects/{HASH[:42]}/disputes"), 404, "project-not-found", "")


async def test_worker_sees_their_claim_from_the_moment_it_is_kept(client, site, signed_in, sessions):
    headers = signed_in(site.workers["W001"])
    path, body = mine(site)
    await client.put(path, json=body)
    (kept,) = (await client.get("/api/me/disputes", headers=headers)).json()["disputes"]
    async with sessions() as session:
        evidence_hash = "0x" + (await session.scalar(select(Claim.evidence_hash))).hex()

    await site.final(claimed(site, evidence_hash=evidence_hash))

    (final,) = (await client.get("/api/me/disputes", headers=headers)).json()["disputes"]
    assert ("accepted", None, 100_000, "测试项目") == tuple(
        kept[name] for name in ("state", "dispute", "askedFen", "projectName")
    )
    assert ("claimed", 0, ["2026-10-12", "2026-10-14"]) == (final["state"], final["dispute"]["disputeId"], final["days"])


async def test_worker_sees_only_their_own_disputes(client, site, signed_in):
    await site.final(claimed(site))

    answer_ = (await client.get("/api/me/disputes", headers=signed_in(site.workers["W002"]))).json()

    assert answer_["disputes"] == []
    assert answer_["claimDeadline"] == pytest.approx((now() + timedelta(days=90)).timestamp(), abs=60)


async def test_own_disputes_are_for_those_who_signed_in(client, site):
    assert_problem(await client.get("/api/me/disputes"), 401, "unauthorized", "")


@pytest.mark.parametrize("signature", ["0x", "0x" + "00" * 64, "zz"])
async def test_signature_that_is_none_is_malformed(client, site, signature):
    await site.final(contested(site))
    path, body = resolution(site, award_fen=0)

    assert_problem(await client.put(path, json={**body, "signature": signature}), 400, "malformed", "signature")


def funded(name="Funded"):
    return final_event(name, "WageEscrow", ESCROW, amount=90_000, memo=HASH, orderHash=HASH)


def payout_changed(site):
    args = {"workerId": site.workers["W001"].hex_id, "payout": "0x" + "9a" * 20}
    return final_event("PayoutChanged", "WorkerRegistry", site.deployment.addresses.registry, **args)


# ------------------------------------------------------------------ to take away


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "追讨漏记的天,待承包单位答复"), ("en", "claim of days,for the contractor to answer")]
)
async def test_list_as_a_table_in_the_readers_language(client, site, language, words):
    await site.final(claimed(site))

    answer = await client.get(f"/api/projects/{ESCROW}/disputes/export?format=csv&language={language}")

    _, row = answer.content.decode("utf-8-sig").splitlines()
    assert row.startswith(f"0,{words},{site.workers['W001'].hex_id},,,{FIRST},2,1000.00,0.00,")


async def test_table_of_an_unknown_project_is_not_found(client, site):
    assert_problem(await client.get(f"/api/projects/{'0x' + '99' * 20}/disputes/export"), 404, "project-not-found", "")
