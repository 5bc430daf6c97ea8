"""Joining a project: an offer the contractor signed, accepted by the worker's signature under the same words.

Branches: accepted and relayed · resent · escrow in capitals · wrong key · high s · not enrolled · other terms ·
other escrow · not an escrow · expired · resent late · contractor's forged offer · joined · elsewhere · my projects ·
escrow by a stranger, with other parties or windows.
"""

from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import select, update
from tests.backend.conftest import (
    ARBITER,
    BUREAU,
    CONTRACTOR,
    ESCROW,
    REGISTRAR,
    WINDOWS,
    assert_problem,
    escrow_created,
)
from tests.fakes import final_event

from anxin.core.errors import WrongSigner
from anxin.core.signing import P256_ORDER, digest, from_hex
from anxin.demo.keys import DeviceKey, Wallet
from anxin.people import enrolment
from anxin.people import service as people
from anxin.people.models import Worker
from anxin.projects import service as projects
from anxin.projects.models import Membership

DEADLINE = 2_000_000_000
TERMS = projects.Terms("T2", "day", 32_500, 97_500)
PHONE_KEY = DeviceKey.from_number(901)


@pytest.fixture
async def newcomer(site, session, deployment):
    """Enrolled, and offered work by the site's contractor."""
    worker = await people.register_worker(session, "W900", name="新工人", phone="13900000900", payout="0x" + "0f" * 20)
    public = PHONE_KEY.public
    enrolled = final_event(
        "Enrolled", "WorkerRegistry", deployment.addresses.registry, workerId=worker.hex_id, payout=worker.payout,
        assurance=public.assurance, x=public.x, y=public.y, registrar=REGISTRAR.address,
    )  # fmt: skip
    await enrolment.record_enrolled(session, enrolled)
    await enlist(session, site, worker)
    await session.commit()
    return worker


@pytest.fixture
def accept(client, site, newcomer):
    """Send the newcomer's signature under the offer; `changed` fields are signed and sent as changed."""

    async def send(*, key=PHONE_KEY, spelled=None, **changed):
        body = {
            "escrow": ESCROW, "workerId": newcomer.hex_id, "dayCapFen": TERMS.day_cap_fen,
            "termsHash": "0x" + TERMS.hash.hex(), "deadline": DEADLINE, **changed,
        }  # fmt: skip
        words = join_digest(site, newcomer, body["dayCapFen"], body["termsHash"], escrow=body["escrow"])
        signature = msgspec.to_builtins(key.sign(words))
        return await client.put(
            f"/api/joins/0x{words.hex()}", json={"signature": signature, **body, "escrow": spelled or body["escrow"]}
        )

    return send


async def test_both_signatures_go_to_the_chain(accept, jobs, newcomer):
    answer = await accept()

    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    (call,) = await jobs("relay")
    arguments = call["arguments"]
    assert (call["contract"], call["address"], call["function"]) == ("WageEscrow", ESCROW, "join")
    assert (newcomer.hex_id, 97_500, DEADLINE) == (arguments["workerId"], arguments["dayCap"], arguments["deadline"])
    assert (len(from_hex(arguments["workerSignature"])), len(from_hex(arguments["contractorSignature"]))) == (64, 65)


async def test_resend_relays_once(accept, jobs):
    first, again = await accept(), await accept()

    assert (first.status_code, again.status_code) == (202, 202)
    assert len(await jobs("relay")) == 1


async def test_escrow_may_be_spelled_in_capitals(accept, jobs):
    answer = await accept(spelled="0x" + ESCROW[2:].upper())

    assert answer.status_code == 202
    assert [call["address"] for call in await jobs("relay")] == [ESCROW]


async def test_wrong_key_is_refused(accept, jobs):
    assert_problem(await accept(key=DeviceKey.from_number(999)), 403, "wrong-key", "")
    assert await jobs("relay") == []


async def test_high_s_is_refused(accept):
    high = msgspec.to_builtins(PHONE_KEY.sign(b"\0" * 32)) | {"s": f"0x{P256_ORDER - 1:064x}"}

    assert_problem(await accept(signature=high), 422, "high-s", "n − s")


async def test_worker_without_a_key_must_enrol_first(accept, sessions):
    async with sessions() as session, session.begin():
        await session.execute(update(Worker).values(assurance=None))

    assert_problem(await accept(), 409, "not-enrolled", "Enrol")


@pytest.mark.parametrize(
    "changed", [{"dayCapFen": 97_501}, {"termsHash": "0x" + "ab" * 32}, {"escrow": "0x" + "11" * 20}],
    ids=["day cap", "terms", "escrow"],
)  # fmt: skip
async def test_terms_nobody_offered_are_not_found(accept, changed):
    assert_problem(await accept(**changed), 404, "offer-not-found", "terms are others")


@pytest.mark.parametrize("escrow", ["hello", "0x12", ""])
async def test_what_is_no_address_is_malformed(accept, escrow):
    assert_problem(await accept(spelled=escrow or "0x"), 400, "malformed", "escrow")


async def test_expired_offer_is_gone(accept, monkeypatch, jobs):
    monkeypatch.setattr(projects, "now", lambda: datetime.fromtimestamp(DEADLINE + 1, UTC))

    assert_problem(await accept(), 410, "signature-expired", "")
    assert await jobs("relay") == []


async def test_resend_after_the_deadline_hears_what_became_of_it(accept, monkeypatch):
    await accept()
    monkeypatch.setattr(projects, "now", lambda: datetime.fromtimestamp(DEADLINE + 1, UTC))

    assert (await accept()).status_code == 202


async def test_offer_that_the_contractor_did_not_sign_is_not_kept(site, session):
    worker = await people.register_worker(session, "W901", name="甲", phone="13900000901", payout=None)

    with pytest.raises(WrongSigner):
        await enlist(session, site, worker, contractor=Wallet.from_hex("0x" + "d7" * 32))


async def test_final_event_records_the_member(client, site, accept, newcomer, signed_in):
    await accept()

    await site.apply(projects.record_joined, joined(newcomer.hex_id))

    (mine,) = (await client.get("/api/me/projects", headers=signed_in(newcomer))).json()["projects"]
    assert (mine["join"]["state"], mine["join"]["dayCapFen"]) == ("joined", 97_500)


@pytest.mark.parametrize("place", ["worker", "escrow"])
async def test_final_event_of_somebody_else_changes_nothing(site, newcomer, sessions, place):
    event = joined("0x" + "77" * 32) if place == "worker" else joined(newcomer.hex_id, escrow="0x" + "11" * 20)

    await site.apply(projects.record_joined, event)

    async with sessions() as session:
        mine = select(Membership.state).where(Membership.worker_pk == newcomer.id)
        assert await session.scalar(mine) == "waiting"


async def test_worker_sees_the_offer_with_its_terms(client, newcomer, signed_in):
    (mine,) = (await client.get("/api/me/projects", headers=signed_in(newcomer))).json()["projects"]

    assert (mine["name"], mine["contractorName"], mine["escrow"]) == ("测试项目", "渝安建工", ESCROW)
    assert tuple(mine["join"][name] for name in ("state", "contractType", "rateFen")) == ("offered", "day", 32_500)


async def test_projects_are_for_those_who_signed_in(client, newcomer):
    assert_problem(await client.get("/api/me/projects"), 401, "unauthorized", "")


@pytest.mark.parametrize("contractor", [CONTRACTOR.address, "0x" + "99" * 20], ids=["on record", "a stranger"])
async def test_only_the_contractor_on_record_makes_the_escrow(session, deployment, contractor):
    project = await projects.open_project(
        session, b"\x02" * 32, name="新", contractor_name="渝安建工", contractor=CONTRACTOR.address,
        bureau=BUREAU.address, arbiter=ARBITER.address, windows=WINDOWS,
    )  # fmt: skip
    escrow = "0x" + "22" * 20
    event = escrow_created(deployment, escrow=escrow, contractor=contractor, project="0x" + "02" * 32)

    await projects.record_escrow_created(session, event)

    assert (escrow if contractor == CONTRACTOR.address else None) == project.escrow


@pytest.mark.parametrize(
    "changed",
    [
        {"bureau": "0x" + "99" * 20},
        {"arbiter": CONTRACTOR.address},
        {"windows": {**WINDOWS.on_chain, "answer": 30 * 86_400}},
    ],
    ids=["bureau", "arbiter", "windows"],
)
async def test_escrow_made_on_other_terms_than_agreed_is_not_the_projects(session, deployment, changed):
    project = await projects.open_project(
        session, b"\x02" * 32, name="新", contractor_name="渝安建工", contractor=CONTRACTOR.address,
        bureau=BUREAU.address, arbiter=ARBITER.address, windows=WINDOWS,
    )  # fmt: skip

    await projects.record_escrow_created(
        session, escrow_created(deployment, escrow="0x" + "22" * 20, project="0x" + "02" * 32, **changed)
    )

    assert project.escrow is None


async def enlist(session, site, worker, *, contractor=CONTRACTOR):
    words = join_digest(site, worker, TERMS.day_cap_fen, TERMS.hash)
    return await projects.enlist(
        session, site.deployment, site.project, worker, TERMS, DEADLINE, contractor.sign_bytes(words)
    )


def join_digest(site, worker, day_cap_fen, terms_hash, *, escrow=ESCROW):
    message = {"workerId": worker.worker_id, "dayCap": day_cap_fen, "termsHash": terms_hash, "deadline": DEADLINE}
    return digest(site.deployment.escrow_domain(escrow), "Join", message)


def joined(worker_id, *, escrow=ESCROW):
    return final_event("Joined", "WageEscrow", escrow, workerId=worker_id, dayCap=97_500)
