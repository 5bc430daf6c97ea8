"""A day's root: over what was received that day, signed by witnesses, anchored, and proved to a worker without us.

Branches: tree of every size · closed once a day, after midnight on site · job a project · day received · straggler · nothing
received · again · late phone · pieces and corrections · witness signs · again · stranger, foreman, ended witness · another's
signature · threshold · order of witnesses · refused by the chain: no witness, too few, already there, another root · event ·
event of another root · proof · proof of another's record · not yet in a root · salts hide · the contract itself.
"""

import json
from datetime import datetime, timedelta
from functools import partial

import pytest
from eth_utils.crypto import keccak
from sqlalchemy import select
from tests.backend.attendance_words import (
    DAY,
    FOREMAN,
    STRANGER,
    WITNESS,
    change,
    local,
    name_party,
    punch,
)
from tests.backend.conftest import CONTRACTOR, ESCROW, assert_problem
from tests.chain import RELAYER
from tests.fakes import final_event

from anxin.attendance import leaves, roots, views, witnesses
from anxin.attendance import service as attendance
from anxin.attendance.models import AttendanceLeaf, AttendanceRoot
from anxin.chain.contracts import decode_log, decode_result, encode_call
from anxin.core.calls import Call
from anxin.core.clock import SITE_ZONE, day_number, now
from anxin.core.database import transaction
from anxin.core.signing import Domain, digest
from anxin.demo.keys import Wallet
from anxin.people.staff import Staff
from anxin.stack import EMBEDDED_ACCOUNTS

pytest_plugins = ["tests.chain"]

ROOTS = "/api/witness/roots"
OTHER_WITNESS = Wallet.from_hex("0x" + "e6" * 32)
HERE = f"anxin/attendance/{ESCROW}"


def holds(leaf, proof, root):
    """OpenZeppelin's MerkleProof, written again from its description."""
    node = bytes.fromhex(leaf[2:])
    for sibling in (bytes.fromhex(each[2:]) for each in proof):
        node = keccak(min(node, sibling) + max(node, sibling))
    return node == bytes.fromhex(root[2:])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 31, 100])
def test_every_leaf_of_every_tree_is_proved(count):
    level = sorted(keccak(bytes([number])) for number in range(count))
    root = leaves.root_of(level)

    for place, leaf in enumerate(level):
        proof = ["0x" + each.hex() for each in leaves.proof_of(level, place)]
        assert holds("0x" + leaf.hex(), proof, "0x" + root.hex())
        assert not holds("0x" + bytes(32).hex(), proof, "0x" + root.hex())


def test_inner_node_is_no_record():
    """A leaf is hashed twice: nobody passes two leaves off as one record's text."""
    one, other = sorted(leaves.leaf_of(text) for text in ("a", "b"))

    assert leaves.root_of([one, other]) == keccak(one + other)
    assert leaves.leaf_of("a") == keccak(keccak(b"a"))


# ------------------------------------------------------------------ closing a day


@pytest.fixture
def close(site, jobs):
    """Make the roots until the end of DAY, as the job queue does."""

    async def close(day=DAY):
        async with transaction(site.sessions) as session:
            since = datetime(2020, 1, 1, tzinfo=SITE_ZONE)
            project = await session.merge(site.project)
            await roots.build_root(session, site.deployment, project, day, since=since)

    return close


async def received(site, *clocks, day=DAY, number="W001"):
    """Punches at these times, received at once."""
    async with transaction(site.sessions) as session:
        readings = [attendance.Reading(number, local(clock, day=day), "01", "001", "G1") for clock in clocks]
        await attendance.take_in(session, site.project, {number: site.workers[number].id}, readings, [])
    await change(site, "UPDATE punches SET received_at = at")


async def all_roots(site):
    async with site.sessions() as session:
        return list(await session.scalars(select(AttendanceRoot).order_by(AttendanceRoot.day)))


async def test_day_is_closed_once_and_a_little_after_midnight(site, jobs, monkeypatch):
    times = ["00:09", "00:11", "00:12", "23:59"]
    for clock in times:
        monkeypatch.setattr(roots, "now", partial(local, clock))
        await site.apply(roots.close_days, now())

    asked = [each["day"] for each in await jobs("attendance_roots")]
    assert [(DAY - timedelta(days=2)).isoformat(), (DAY - timedelta(days=1)).isoformat()] == asked


async def test_each_project_has_a_job_of_its_own(site, jobs):
    await received(site, "08:00")
    build = partial(roots.build_roots, deployment=site.deployment)

    await site.apply(build, {"day": DAY.isoformat()})
    (payload,) = await jobs("attendance_roots")
    await site.apply(build, payload)

    assert {"day": DAY.isoformat(), "project": site.project.id} == payload
    assert [1] == [root.leaf_count for root in await all_roots(site)]


async def test_root_is_over_what_was_received_that_day(site, close):
    await received(site, "08:00", "23:59")
    await received(site, "00:00", day=DAY + timedelta(days=1))

    await close()

    (root,) = await all_roots(site)
    assert (DAY, 2, "waiting") == (root.day, root.leaf_count, root.state)
    assert keccak(text=HERE) == root.topic


async def test_day_nothing_was_received_has_no_root(site, close):
    await close()

    assert [] == await all_roots(site)


async def test_closing_again_changes_nothing(site, close):
    await received(site, "08:00")
    await close()
    before = [root.root for root in await all_roots(site)]
    await close()

    assert before == [root.root for root in await all_roots(site)]


async def test_straggler_is_in_the_next_root(site, close):
    """Its transaction had begun before midnight and ended after the day was closed."""
    await received(site, "08:00")
    await close()
    await received(site, "23:58")
    await close()
    assert [(DAY, 1)] == [(root.day, root.leaf_count) for root in await all_roots(site)]

    await close(DAY + timedelta(days=1))

    assert [1, 1] == [root.leaf_count for root in await all_roots(site)]


async def test_days_that_nobody_closed_are_closed_each(site, close):
    for back in (3, 2, 0):
        await received(site, "08:00", day=DAY - timedelta(days=back))

    await close()

    assert [DAY - timedelta(days=back) for back in (3, 2, 0)] == [root.day for root in await all_roots(site)]


async def test_punch_of_thirty_days_ago_is_in_the_root_of_the_day_it_came(client, site, close):
    path, body = punch(site, "W001", now() - timedelta(days=30))
    await client.put(path, json=body)
    today = now().astimezone(SITE_ZONE).date()

    await close(today)

    assert [today] == [root.day for root in await all_roots(site)]


async def test_pieces_and_corrections_are_in_it_too(client, site, close, staff_headers):
    await name_party(site, FOREMAN, "foreman")
    headers = await staff_headers(FOREMAN)
    sheet = {"pieces": [{"workerNo": "W001", "day": DAY.isoformat(), "quantity": 9}]}
    await client.post(f"/api/projects/{ESCROW}/attendance/foreman", json=sheet, headers=headers)
    body = {"action": "pieces", "workerNo": "W001", "day": DAY.isoformat(), "quantity": 10, "reason": "数错"}
    path = f"/api/projects/{ESCROW}/attendance/corrections/0x{'c0' * 32}"
    shown = (await client.put(path, json=body, headers=headers)).json()
    signature = site.keys["W001"].sign(bytes.fromhex(shown["digest"][2:]))
    word = {"signature": {"kind": "device", "r": signature.r, "s": signature.s}}
    await client.put(f"/api/corrections/0x{'c0' * 32}/signature", json=word)

    await close(now().astimezone(SITE_ZONE).date())

    async with site.sessions() as session:
        kinds = set(await session.scalars(select(AttendanceLeaf.kind)))
    assert {"pieces", "correction"} == kinds


# ------------------------------------------------------------------ witnesses


@pytest.fixture
async def witness(client, site, close, staff_headers):
    """A witness at their desk, with a root to sign."""
    await name_party(site, WITNESS, "witness")
    await received(site, "08:00", "18:00")
    await close()
    return Desk(client, site, await staff_headers(WITNESS))


class Desk:
    def __init__(self, client, site, headers):
        self.client, self.site, self.headers = client, site, headers

    async def roots(self, headers=None):
        return (await self.client.get(ROOTS, headers=headers or self.headers)).json()["roots"]

    async def sign(self, root, by=WITNESS, headers=None):
        signature = "0x" + by.sign_bytes(bytes.fromhex(root["digest"][2:])).hex()
        return await self.client.put(
            f"{ROOTS}/{root['digest']}", json={"signature": signature}, headers=headers or self.headers
        )


async def test_witness_can_compute_what_to_sign(witness, site):
    (root,) = await witness.roots()
    anchor = Domain("Anxin EvidenceAnchor", site.deployment.chain_id, site.deployment.addresses.anchor)
    words = digest(anchor, "Evidence", {"topic": root["topic"], "day": day_number(DAY), "root": root["root"]})

    assert (root["digest"], day_number(DAY), 2) == ("0x" + words.hex(), root["dayNumber"], root["leafCount"])


async def test_signed_root_goes_to_the_anchor_once(witness, jobs, site):
    (root,) = await witness.roots()

    answers = [await witness.sign(root) for _ in range(2)]

    (call,) = await jobs("relay")
    assert [(202, "accepted"), (202, "accepted")] == [(each.status_code, each.json()["state"]) for each in answers]
    assert ("EvidenceAnchor", "anchor") == (call["contract"], call["function"])
    assert ([WITNESS.address], root["root"]) == (call["arguments"]["witnesses"], call["arguments"]["root"])
    assert encode_call(Call(**call)).startswith("0x")
    assert [True] == [each["signedByMe"] for each in await witness.roots()]


async def test_root_waits_for_as_many_as_the_anchor_asks_for(witness, site, jobs):
    await name_party(site, OTHER_WITNESS, "witness")
    (root,) = await witness.roots()

    async def sign(by):
        signature = "0x" + by.sign_bytes(bytes.fromhex(root["digest"][2:])).hex()
        staff = Staff(by.address)
        await site.apply(witnesses.sign_root, site.deployment, staff, root["digest"], signature, 2)

    await sign(OTHER_WITNESS)
    assert [] == await jobs("relay")
    await sign(WITNESS)

    (call,) = await jobs("relay")
    assert sorted([WITNESS.address, OTHER_WITNESS.address]) == call["arguments"]["witnesses"]


async def test_only_a_projects_witness_sees_and_signs_its_roots(witness, site, staff_headers):
    (root,) = await witness.roots()
    await name_party(site, FOREMAN, "foreman")

    for who in (STRANGER, FOREMAN, CONTRACTOR):
        headers = await staff_headers(who)
        assert [] == await witness.roots(headers)
        assert_problem(await witness.sign(root, by=who, headers=headers), 404, "root-not-found", root["digest"])


async def test_witness_that_was_dismissed_signs_no_more(witness, site):
    (root,) = await witness.roots()
    await change(site, "UPDATE parties SET until = now()")

    assert 404 == (await witness.sign(root)).status_code


async def test_nobody_signs_for_a_witness(witness):
    (root,) = await witness.roots()

    assert_problem(await witness.sign(root, by=STRANGER), 403, "wrong-signer", WITNESS.address)


# ------------------------------------------------------------------ what the chain says


async def refused(site, jobs, error, *values):
    call = (await jobs("relay"))[-1]
    await site.refused(call, error, *values)


async def test_who_is_no_witness_on_the_chain_is_left_out_and_others_can_sign(witness, site, jobs, staff_headers):
    (root,) = await witness.roots()
    await witness.sign(root)
    await refused(site, jobs, "Anchor_NotWitness", WITNESS.address)
    assert [("waiting", 0)] == [(each["state"], each["signatures"]) for each in await witness.roots()]

    await name_party(site, OTHER_WITNESS, "witness")
    await witness.sign(root, by=OTHER_WITNESS, headers=await staff_headers(OTHER_WITNESS))

    assert [[WITNESS.address], [OTHER_WITNESS.address]] == [
        call["arguments"]["witnesses"] for call in await jobs("relay")
    ]


async def test_too_few_witnesses_wait_for_more(witness, site, jobs):
    (root,) = await witness.roots()
    await witness.sign(root)

    await refused(site, jobs, "Anchor_TooFew", 1, 2)

    assert [("waiting", 1)] == [(each["state"], each["signatures"]) for each in await witness.roots()]


async def test_root_that_somebody_else_brought_is_done_by_its_event(witness, site, jobs):
    (root,) = await witness.roots()
    await witness.sign(root)
    await refused(site, jobs, "Anchor_AlreadyAnchored", root["topic"], root["dayNumber"], root["root"])

    await site.final(anchored(site, root))

    assert ["done"] == [each["state"] for each in await witness.roots()]


async def test_another_root_for_the_day_is_for_a_person_to_look_at(witness, site, jobs):
    (root,) = await witness.roots()
    await witness.sign(root)

    await refused(site, jobs, "Anchor_AlreadyAnchored", root["topic"], root["dayNumber"], "0x" + "00" * 32)

    assert ["refused"] == [each["state"] for each in await witness.roots()]


def anchored(site, root, /, **changed):
    args = {"topic": root["topic"], "day": root["dayNumber"], "root": root["root"], "witnesses": [WITNESS.address]}
    return final_event("Anchored", "EvidenceAnchor", site.deployment.addresses.anchor, **args | changed)


async def test_final_event_makes_a_root_done(witness, site):
    (root,) = await witness.roots()
    event = anchored(site, root)

    await site.final(event)

    assert [("done", event.tx_hash)] == [(each["state"], each["txHash"]) for each in await witness.roots()]


async def test_event_of_another_root_proves_nothing(witness, site):
    (root,) = await witness.roots()

    await site.final(anchored(site, root, root="0x" + "ff" * 32), anchored(site, root, topic="0x" + "ff" * 32))

    assert ["refused"] == [each["state"] for each in await witness.roots()]


# ------------------------------------------------------------------ proofs


async def proof_of(client, site, signed_in, record, number="W001"):
    return await client.get(f"/api/me/attendance/{record}/proof", headers=signed_in(site.workers[number]))


async def test_worker_proves_a_record_without_us(witness, client, site, signed_in):
    (root,) = await witness.roots()
    await witness.sign(root)
    await site.final(anchored(site, root))

    proof = (await proof_of(client, site, signed_in, "punch-1")).json()

    assert "0x" + keccak(keccak(proof["text"].encode())).hex() == proof["leaf"]
    assert holds(proof["leaf"], proof["proof"], root["root"])
    assert ("0x" + keccak(text=HERE).hex(), day_number(DAY), "done") == (
        proof["topic"], proof["dayNumber"], proof["state"]
    )  # fmt: skip
    said = json.loads(proof["text"])
    assert (site.workers["W001"].hex_id, "01", "punch-1") == (said["workerId"], said["direction"], said["record"])
    assert [WITNESS.address] == proof["witnesses"]


async def test_record_that_was_changed_is_proved_no_more(witness, client, site, signed_in):
    """Whoever changes the database cannot make the anchored root agree."""
    before = (await proof_of(client, site, signed_in, "punch-1")).json()
    await change(site, "UPDATE punches SET at = at + interval '1 hour' WHERE id = 1")

    after = (await proof_of(client, site, signed_in, "punch-1")).json()

    assert before["text"] != after["text"]
    assert not holds("0x" + keccak(keccak(after["text"].encode())).hex(), after["proof"], before["root"])


async def test_record_is_proved_to_its_own_worker_only(witness, client, site, signed_in):
    for record in ("punch-1", "punch-99", "pieces-1", "correction-0x" + "c0" * 32, "x", "punch-", "punch-" + "9" * 30):
        answer = await proof_of(client, site, signed_in, record, number="W002")
        assert_problem(answer, 404, "record-not-found", record)


async def test_record_of_today_is_in_no_root_yet(client, site, signed_in):
    await received(site, "08:00")

    assert_problem(await proof_of(client, site, signed_in, "punch-1"), 404, "not-anchored", "after midnight")


async def test_salt_hides_what_a_leaf_says(witness, client, site, signed_in):
    """Whoever knows all but the salt cannot find the record among the leaves."""
    proof = (await proof_of(client, site, signed_in, "punch-1")).json()
    said = json.loads(proof["text"])

    assert proof["leaf"] == "0x" + leaves.leaf_of(leaves.text_of(said)).hex()
    assert proof["leaf"] != "0x" + leaves.leaf_of(leaves.text_of(said | {"salt": "0x" + "00" * 16})).hex()
    assert 2 + 32 == len(said["salt"])


# ------------------------------------------------------------------ on the contract itself


async def test_contract_takes_the_root_and_finds_the_record_in_it(chain, site, jobs, session, close):
    """The real EvidenceAnchor: our call, its event, our proof."""
    site.deployment = chain.deployment
    key = Wallet.from_hex(EMBEDDED_ACCOUNTS["witness"])
    await name_party(site, key, "witness")
    await received(site, "08:00", "12:00", "13:00", "18:00", "19:00")
    await close()
    (root,) = await all_roots(site)
    signature = "0x" + key.sign_bytes(root.digest).hex()
    await site.apply(witnesses.sign_root, site.deployment, Staff(key.address), "0x" + root.digest.hex(), signature, 1)

    (call,) = await jobs("relay")
    anchor = site.deployment.addresses.anchor
    sent = {"from": RELAYER, "to": anchor, "data": encode_call(Call(**call)), "gas": "0x80000"}
    tx = await chain("eth_sendTransaction", sent)
    await chain.mine()
    receipt = await chain("eth_getTransactionReceipt", tx)
    (log,) = receipt["logs"]
    await site.final(decode_log("EvidenceAnchor", log, 1_800_000_000))

    assert ["done"] == [each.state for each in await all_roots(site)]
    proof = await views.proof(session, site.deployment, site.workers["W001"], "punch-3")
    assert 0 < await anchored_at(chain, anchor, proof, proof.leaf)
    assert 0 == await anchored_at(chain, anchor, proof, "0x" + "00" * 32)


async def anchored_at(chain, anchor, proof, leaf):
    arguments = {"topic": proof.topic, "day": proof.day_number, "leaf": leaf, "proof": proof.proof}
    data = encode_call(Call("", "EvidenceAnchor", anchor, "anchoredAt", arguments))
    return decode_result("EvidenceAnchor", "anchoredAt", await chain("eth_call", {"to": anchor, "data": data}, "latest"))
