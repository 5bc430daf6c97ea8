"""Enrolment over HTTP: the phone proves that it holds the key, the registrar that the person was seen, the chain decides.

Branches: device, passkey, wallet · resent · resent late · wrong proof · digest of something else · high s · unusable key ·
no payout · expired · not signed in · waiting list · countersigned · by a stranger · in another's name · unknown · resent
countersignature · enrolled · elsewhere · another phone afterwards · refused · key changed · payout changed · worker id.
"""

from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import func, select, update
from tests.backend.conftest import BANK, REGISTRAR, assert_problem
from tests.backend.signed_words import confirmation
from tests.fakes import final_event

from anxin.core.calls import Refusal
from anxin.core.relayed import mark_refused
from anxin.core.signing import P256_ORDER, digest, from_hex
from anxin.demo.keys import DeviceKey, Passkey, Wallet
from anxin.people import enrolment
from anxin.people import service as people
from anxin.people.models import Enrolment, Worker

DEADLINE = 2_000_000_000
PAYOUT = "0x" + "0f" * 20
PHONE_KEY = DeviceKey.from_number(901)
STRANGER = Wallet.from_hex("0x" + "d7" * 32)


@pytest.fixture
async def newcomer(session, client):
    """On record with a bank account, without a key."""
    worker = await people.register_worker(session, "W900", name="新工人", phone="13900000900", payout=PAYOUT)
    await session.commit()
    return worker


@pytest.fixture
def sign_up(client, deployment, newcomer, signed_in):
    """Send the newcomer's enrolment of a key: (path, answer)."""

    async def send(key=PHONE_KEY, *, proof_by=None, deadline=DEADLINE, sent_key=None, **changed):
        public = msgspec.to_builtins(key.public)
        message = {"workerId": newcomer.worker_id, **public, "payout": PAYOUT, "deadline": deadline}
        words = digest(deployment.registry_domain, "Enrolment", message)
        signature = msgspec.to_builtins((proof_by or key).sign(words))
        body = {"key": sent_key or public, "deadline": deadline, "signature": signature} | changed
        path = f"/api/me/enrolment/0x{words.hex()}"
        return path, await client.put(path, json=body, headers=signed_in(newcomer))

    return send


@pytest.fixture
def countersign(client):
    async def send(path, by=REGISTRAR, *, named=None):
        words = path.rsplit("/", 1)[1]
        body = {"registrar": named or by.address, "signature": "0x" + by.sign_bytes(from_hex(words)).hex()}
        return await client.put(f"/api/enrolments/{words}/countersignature", json=body)

    return send


@pytest.mark.parametrize(
    "key",
    [PHONE_KEY, Passkey.from_number(902, "localhost", "http://localhost:8000"), Wallet.from_hex("0x" + "68" * 32)],
    ids=["device key", "passkey", "wallet"],
)
async def test_proven_key_waits_for_the_registrar(client, sign_up, newcomer, signed_in, key):
    _, answer = await sign_up(key)

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    status = (await client.get("/api/me", headers=signed_in(newcomer))).json()["enrolment"]
    assert ("waiting", msgspec.to_builtins(key.public)) == (status["state"], status["key"])


async def test_resend_keeps_one(sign_up, sessions):
    (_, first), (_, again) = await sign_up(), await sign_up()

    assert first.json() == again.json()
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Enrolment)) == 1


async def test_resend_after_the_deadline_hears_what_became_of_it(sign_up, monkeypatch):
    await sign_up()
    monkeypatch.setattr(enrolment, "now", lambda: datetime.fromtimestamp(DEADLINE + 1, UTC))

    _, again = await sign_up()

    assert (again.status_code, again.json()["state"]) == (202, "waiting")


async def test_proof_by_another_key_is_refused(sign_up):
    _, answer = await sign_up(proof_by=DeviceKey.from_number(999))

    assert_problem(answer, 403, "wrong-key", "")


async def test_key_that_was_not_signed_does_not_match(sign_up):
    _, answer = await sign_up(sent_key=msgspec.to_builtins(DeviceKey.from_number(999).public))

    assert_problem(answer, 422, "digest-mismatch", "digest")


async def test_high_s_is_refused(sign_up):
    high = msgspec.to_builtins(PHONE_KEY.sign(b"\0" * 32)) | {"s": f"0x{P256_ORDER - 1:064x}"}

    assert_problem((await sign_up(signature=high))[1], 422, "high-s", "n − s")


@pytest.mark.parametrize(
    "key",
    [
        {"assurance": 2, "x": f"0x{1:064x}", "y": f"0x{1:064x}"},
        {"assurance": 1, **{axis: getattr(PHONE_KEY.public, axis) for axis in "xy"}},
        {"assurance": 2, "x": "0x01", "y": "0x02"},
        {"assurance": 3, "x": "0x" + "ff" * 32, "y": f"0x{0:064x}"},
        {"assurance": 2, "x": "zz", "y": "0x"},
    ],
    ids=["not on the curve", "no kind of key", "too short", "no address", "not hex"],
)
async def test_unusable_key_is_refused(sign_up, key):
    assert_problem((await sign_up(sent_key=key))[1], 422, "bad-key", "P-256")


async def test_without_a_bank_account_there_is_nothing_to_enrol_for(sign_up, sessions):
    async with sessions() as session, session.begin():
        await session.execute(update(Worker).values(payout=None))

    assert_problem((await sign_up())[1], 409, "no-payout", "labour officer")


async def test_expired_enrolment_is_gone(sign_up):
    assert_problem((await sign_up(deadline=1_700_000_000))[1], 410, "signature-expired", "Sign again")


@pytest.mark.parametrize("deadline", [2**63, 2**255])
async def test_deadline_that_is_no_time_is_malformed(sign_up, deadline):
    assert_problem((await sign_up(deadline=deadline))[1], 400, "malformed", "")


async def test_nobody_enrols_without_a_session(client, sign_up):
    path, _ = await sign_up()
    signature = msgspec.to_builtins(PHONE_KEY.sign(from_hex(path[-66:])))
    body = {"key": msgspec.to_builtins(PHONE_KEY.public), "deadline": DEADLINE, "signature": signature}

    assert_problem(await client.put(path, json=body), 401, "unauthorized", "Sign in")


async def test_registrar_sees_whom_to_check(client, sign_up, newcomer):
    path, _ = await sign_up()

    (waiting,) = (await client.get("/api/enrolments/waiting")).json()["enrolments"]

    assert (path.rsplit("/", 1)[1], newcomer.hex_id, PAYOUT) == (waiting["digest"], waiting["workerId"], waiting["payout"])
    assert "13900000900" not in str(waiting)


async def test_both_signatures_go_to_the_chain(client, sign_up, countersign, jobs, newcomer):
    path, _ = await sign_up()

    answer = await countersign(path)

    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    (call,) = await jobs("relay")
    arguments = call["arguments"]
    assert ("WorkerRegistry", "enrol", REGISTRAR.address) == (call["contract"], call["function"], arguments["registrar"])
    assert (newcomer.hex_id, PAYOUT, DEADLINE) == (arguments["workerId"], arguments["payout"], arguments["deadline"])
    assert (len(from_hex(arguments["workerProof"])), len(from_hex(arguments["registrarSignature"]))) == (64, 65)
    assert (await client.get("/api/enrolments/waiting")).json()["enrolments"] == []


async def test_resent_countersignature_relays_once(sign_up, countersign, jobs):
    path, _ = await sign_up()

    first, again = await countersign(path), await countersign(path)

    assert first.json() == again.json()
    assert len(await jobs("relay")) == 1


async def test_registrars_name_may_be_spelled_in_capitals(sign_up, countersign, jobs):
    path, _ = await sign_up()

    await countersign(path, named="0x" + REGISTRAR.address[2:].upper())

    assert [REGISTRAR.address] == [call["arguments"]["registrar"] for call in await jobs("relay")]


async def test_stranger_cannot_countersign(sign_up, countersign, jobs):
    path, _ = await sign_up()

    assert_problem(await countersign(path, STRANGER), 403, "wrong-signer", REGISTRAR.address)
    assert await jobs("relay") == []


async def test_registrars_name_without_the_registrars_signature_is_not_enough(sign_up, countersign, jobs):
    path, _ = await sign_up()

    answer = await countersign(path, STRANGER, named=REGISTRAR.address)

    assert_problem(answer, 403, "wrong-signer", REGISTRAR.address)
    assert await jobs("relay") == []


async def test_enrolment_nobody_sent_is_not_found(countersign):
    assert_problem(await countersign("/0x" + "ab" * 32), 404, "enrolment-not-found", "ab" * 32)


async def test_final_event_makes_the_key_the_workers(client, site, sign_up, countersign, enrolled, newcomer, signed_in):
    path, _ = await sign_up()
    await countersign(path)

    await site.apply(enrolment.record_enrolled, enrolled(PHONE_KEY))

    status = (await client.get("/api/me", headers=signed_in(newcomer))).json()["enrolment"]
    assert ("enrolled", msgspec.to_builtins(PHONE_KEY.public)) == (status["state"], status["key"])
    assert (await sign_up())[1].json()["state"] == "done"


async def test_other_phones_that_waited_are_refused_by_the_final_event(site, sign_up, enrolled, sessions):
    other = DeviceKey.from_number(903)
    await sign_up()
    await sign_up(other)

    await site.apply(enrolment.record_enrolled, enrolled(PHONE_KEY))

    async with sessions() as session:
        states = {row.x: row.state for row in await session.scalars(select(Enrolment))}
    assert {PHONE_KEY.public.x: "done", other.public.x: "refused"} == states


async def test_event_of_a_worker_of_another_operator_changes_nothing(site, deployment):
    event = final_event(
        "Enrolled", "WorkerRegistry", deployment.addresses.registry, workerId="0x" + "77" * 32, payout=PAYOUT,
        assurance=2, x=PHONE_KEY.public.x, y=PHONE_KEY.public.y, registrar=REGISTRAR.address,
    )  # fmt: skip

    await site.apply(enrolment.record_enrolled, event)


@pytest.mark.parametrize("deadline", [DEADLINE, DEADLINE + 1], ids=["another phone", "the same phone again"])
async def test_enrolled_worker_does_not_enrol_again(site, sign_up, enrolled, deadline):
    await site.apply(enrolment.record_enrolled, enrolled(PHONE_KEY))
    key = PHONE_KEY if deadline > DEADLINE else DeviceKey.from_number(999)

    assert_problem((await sign_up(key, deadline=deadline))[1], 409, "already-enrolled", "see the registrar")


async def test_refusal_by_the_chain_tells_why(client, site, sign_up, countersign, jobs, newcomer, signed_in):
    path, _ = await sign_up()
    await countersign(path)
    (call,) = await jobs("relay")

    await site.apply(mark_refused, Enrolment, call["key"], Refusal("Registry_NotRegistrar", [REGISTRAR.address]))

    status = (await client.get("/api/me", headers=signed_in(newcomer))).json()["enrolment"]
    assert ("refused", f"Registry_NotRegistrar({REGISTRAR.address})") == (status["state"], status["reason"])


@pytest.fixture
def enrolled(newcomer, deployment):
    def event(key):
        return final_event(
            "Enrolled", "WorkerRegistry", deployment.addresses.registry, workerId=newcomer.hex_id, payout=PAYOUT,
            assurance=key.public.assurance, x=key.public.x, y=key.public.y, registrar=REGISTRAR.address,
        )  # fmt: skip

    return event


async def test_changed_key_is_the_one_that_counts(client, site, jobs):
    """Rotated or recovered: from the final event on the old phone signs nothing more."""
    sheet = await site.post(90_000)
    new = Wallet.from_hex("0x" + "66" * 32)
    public = new.public
    await site.final(of_registry(site, "KeyChanged", assurance=3, x=public.x, y=public.y, recovered=True))

    path, body = confirmation(site, sheet, 0)
    old_answer = await client.put(path, json=body)
    path, body = confirmation(site, sheet, 0, key=new)

    assert_problem(old_answer, 403, "wrong-key", "")
    assert (await client.put(path, json=body)).status_code == 202


@pytest.mark.parametrize(("payout", "paid_by_bank"), [(BANK, True), ("0x" + "9a" * 20, False)])
async def test_changed_payout_is_where_the_worker_is_paid(client, site, signed_in, payout, paid_by_bank):
    await site.final(of_registry(site, "PayoutChanged", payout=payout))

    me = (await client.get("/api/me", headers=signed_in(site.workers["W001"]))).json()

    assert (payout, paid_by_bank) == (me["payout"], me["paidByBank"])


@pytest.mark.parametrize("name", ["KeyChanged", "PayoutChanged"])
async def test_change_of_a_worker_of_another_operator_changes_nothing(site, sessions, name):
    args = {"workerId": "0x" + "77" * 32, "payout": BANK, "assurance": 3, "x": "0x", "y": "0x", "recovered": False}
    await site.final(final_event(name, "WorkerRegistry", site.deployment.addresses.registry, **args))

    async with sessions() as session:
        workers = list(await session.scalars(select(Worker).order_by(Worker.worker_no)))
    assert [worker.key for worker in site.workers.values()] == [worker.key for worker in workers]
    assert BANK not in [worker.payout for worker in workers]


async def test_worker_id_fits_into_16_bytes_and_differs_for_each(site):
    ids = [worker.worker_id for worker in site.workers.values()]

    assert [bytes(16)] * 3 == [each[16:] for each in ids]
    assert len({each[:16] for each in ids}) == 3
    assert all(any(each[:16]) for each in ids)


def of_registry(site, name, **args):
    args |= {"workerId": site.workers["W001"].hex_id}
    return final_event(name, "WorkerRegistry", site.deployment.addresses.registry, **args)
