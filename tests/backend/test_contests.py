"""Contesting a line over HTTP: the claim is bounded, its evidence is what was signed, and one is handled at a time.

Branches: kept and relayed · resent · digest in capitals · second contest · beyond the cap · day outside the period ·
posted day left out · not above the posted amount · evidence changed · after release · wrong key · high s · not enrolled ·
recorded · refused · contested again.
"""

import json
from hashlib import sha256

import msgspec
import pytest
from eth_utils.crypto import keccak
from sqlalchemy import func, select, update
from tests.backend.conftest import ESCROW, assert_problem
from tests.backend.signed_words import contest
from tests.fakes import final_event

from anxin.core.calls import Refusal
from anxin.core.relayed import mark_refused
from anxin.core.signing import P256_ORDER, from_hex
from anxin.demo.keys import DeviceKey
from anxin.people.models import Worker
from anxin.wages.models import Contest

POSTED_DAYS = 0b11_1000_0000  # 8, 9 and 10 October
CLAIMED_DAYS = POSTED_DAYS | 1 << 10


async def test_contest_is_kept_and_relayed_as_it_was_signed(client, site, jobs):
    sheet = await site.post(90_000, 90_000, 90_000)
    path, body = contest(site, sheet, 1, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)

    answer = await client.put(path, json=body)

    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    (call,) = await jobs("relay")
    assert (call["contract"], call["address"], call["function"]) == ("WageEscrow", ESCROW, "contest")
    objection = call["arguments"]["objection"]
    asked = 120_000, CLAIMED_DAYS, body["deadline"]
    assert asked == (objection["claimed"], objection["claimedDays"], objection["deadline"])
    assert "0x" + sheet.lines[1].on_chain.packed().hex() == call["arguments"]["line"]


async def test_relayed_proof_leads_from_the_line_to_the_root(client, site, jobs):
    sheet = await site.post(90_000, 90_000, 90_000)
    path, body = contest(site, sheet, 2, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    await client.put(path, json=body)

    (call,) = await jobs("relay")
    (sibling,) = call["arguments"]["proof"]  # of three lines the last pairs with the parent of the others

    assert sheet.root == keccak(sheet.lines[2].on_chain.leaf() + from_hex(sibling))


async def test_resend_relays_once(client, site, jobs, sessions):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)

    first, again = await client.put(path, json=body), await client.put(path, json=body)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert len(await jobs("relay")) == 1
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Contest)) == 1


async def test_capitals_in_the_address_do_not_lose_the_call(client, site, jobs, sessions):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    capitals = path[:-64] + path[-64:].upper()

    await client.put(capitals, json=body)

    (call,) = await jobs("relay")
    async with sessions() as session:
        assert call["key"] == await session.scalar(select(Contest.call_key))


async def test_second_contest_of_a_line_is_refused(client, site, jobs):
    sheet = await site.post(90_000)
    path, body = contest(site, sheet, 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    await client.put(path, json=body)
    path, body = contest(site, sheet, 0, claimed_fen=130_000, claimed_days=CLAIMED_DAYS)

    assert_problem(await client.put(path, json=body), 409, "already-contested", "being handled")
    assert len(await jobs("relay")) == 1


@pytest.mark.parametrize(
    ("claimed_fen", "claimed_days"),
    [
        (360_001, CLAIMED_DAYS),
        (90_000, CLAIMED_DAYS),
        (120_000, POSTED_DAYS | 1 << 31),
        (120_000, 1 << 10),
    ],
    ids=["beyond the day cap", "not above the posted amount", "day outside the period", "posted days left out"],
)
async def test_claim_out_of_bounds_is_refused(client, site, jobs, claimed_fen, claimed_days):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=claimed_fen, claimed_days=claimed_days)

    assert_problem(await client.put(path, json=body), 422, "bad-objection", "Claim more than 90000")
    assert await jobs("relay") == []


async def test_claim_at_the_bound_is_kept(client, site):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=360_000, claimed_days=CLAIMED_DAYS)

    assert (await client.put(path, json=body)).status_code == 202


@pytest.mark.parametrize("changed", [{"evidence": "\0"}, {"escrow": "\0"}, {"escrow": "' OR 1=1--"}])
async def test_text_no_column_can_hold_is_malformed(client, site, changed):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)

    assert_problem(await client.put(path, json={**body, **changed}), 400, "malformed", "cannot be read")


async def test_changed_evidence_is_not_what_was_signed(client, site):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    other = json.dumps({"reason": "少算两天", "nonce": "00" * 16}, ensure_ascii=False)

    assert_problem(await client.put(path, json={**body, "evidence": other}), 422, "digest-mismatch", "digest")


async def test_released_line_can_still_be_contested(client, site):
    """Being paid the posted part waives nothing."""
    sheet = await site.post(90_000)
    payout = site.workers["W001"].payout
    await site.final(_event(site, "Released", index=0, amount=90_000, assurance=2, payout=payout))
    path, body = contest(site, sheet, 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)

    assert (await client.put(path, json=body)).status_code == 202


async def test_wrong_key_is_refused(client, site, jobs):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    forged = msgspec.to_builtins(DeviceKey.from_number(999).sign(from_hex(path[-66:])))

    assert_problem(await client.put(path, json={**body, "signature": forged}), 403, "wrong-key", "enrolled")
    assert await jobs("relay") == []


async def test_high_s_is_refused(client, site):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    high = f"0x{P256_ORDER - int(body['signature']['s'], 16):064x}"

    answer = await client.put(path, json={**body, "signature": {**body["signature"], "s": high}})

    assert_problem(answer, 422, "high-s", "n − s")


async def test_worker_without_a_key_must_enrol_first(client, site, sessions):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    async with sessions() as session, session.begin():
        await session.execute(update(Worker).values(assurance=None))

    assert_problem(await client.put(path, json=body), 409, "not-enrolled", "Enrol")


@pytest.mark.parametrize(
    "number",
    [{"index": 2**40}, {"sheetId": 2**70}, {"deadline": 2**64}, {"claimedFen": -1}, {"claimedDays": 2**40}],
    ids=lambda number: next(iter(number)),
)
async def test_number_no_contract_takes_is_malformed(client, site, number):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)

    assert_problem(await client.put(path, json={**body, **number}), 400, "malformed", "")


async def test_final_event_records_the_contest(client, site, sessions):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    await client.put(path, json=body)
    evidence_hash = "0x" + sha256(body["evidence"].encode()).hexdigest()
    asked = {"asked": 30_000, "claimedDays": CLAIMED_DAYS, "evidenceHash": evidence_hash}
    event = _event(site, "Contested", index=0, disputeId=7, **asked)

    await site.final(event)

    async with sessions() as session:
        row = (await session.scalars(select(Contest))).one()
    assert ("done", event.tx_hash, 7) == (row.state, row.tx_hash, row.dispute_id)


async def test_refused_contest_keeps_the_contracts_reason(client, site, jobs, sessions):
    path, body = contest(site, await site.post(90_000), 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    await client.put(path, json=body)
    (call,) = await jobs("relay")

    await site.apply(mark_refused, Contest, call["key"], Refusal("Escrow_AlreadyContested", [0, 0]))

    assert (await client.put(path, json=body)).json()["state"] == "refused"


async def test_worker_whose_contest_was_refused_can_contest_again(client, site, jobs):
    sheet = await site.post(90_000)
    path, body = contest(site, sheet, 0, claimed_fen=120_000, claimed_days=CLAIMED_DAYS)
    await client.put(path, json=body)
    await site.refused((await jobs("relay"))[0], "Escrow_DayClaimed", "0x00", 0, 1)
    path, body = contest(site, sheet, 0, claimed_fen=110_000, claimed_days=CLAIMED_DAYS)

    assert (await client.put(path, json=body)).json()["state"] == "accepted"
    assert len(await jobs("relay")) == 2


def _event(site, name, *, index, **args):
    worker = list(site.workers.values())[index]
    return final_event(name, "WageEscrow", ESCROW, sheetId=0, index=index, workerId=worker.hex_id, **args)
