"""Staff signing in with a wallet: the very text we wrote, signed by its address, opens one session that ends when told.

Branches: session of twelve hours · text of ERC-4361 · another wallet's signature · changed text · text of our own making ·
used twice · expired · unreadable signature · no address · too many · others not held up · token forged, expired, unsigned ·
worker's token · staff's token at the worker's door · signed out · another session goes on.
"""

from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update
from tests.backend.conftest import CONTRACTOR, assert_problem

from anxin.core.clock import now
from anxin.demo.keys import Wallet
from anxin.people.models import StaffChallenge, StaffSession
from anxin.people.staff import personal_digest

STRANGER = Wallet.from_hex("0x" + "d9" * 32)


@pytest.fixture
def ask(client):
    async def send(wallet=CONTRACTOR):
        return await client.post("/api/staff/challenges", json={"address": wallet.address})

    return send


@pytest.fixture
def enter(client):
    """Sign `message` and send it; `sent` is sent instead of what was signed."""

    async def send(message, *, wallet=CONTRACTOR, sent=None, signature=None):
        signed = "0x" + wallet.sign_bytes(personal_digest(message)).hex()
        body = {"message": sent or message, "signature": signature or signed}
        return await client.post("/api/staff/sessions", json=body)

    return send


@pytest.fixture
def in_database(sessions):
    """Change a row as time would have."""

    async def change(statement):
        async with sessions() as session, session.begin():
            await session.execute(statement)

    return change


@pytest.fixture
def who(client):
    """A question that only staff may ask."""

    async def send(headers):
        return await client.get("/api/staff/sessions/current", headers=headers)

    return send


async def test_signed_text_opens_a_session_of_twelve_hours(ask, enter, who):
    opened = (await enter((await ask()).json()["message"])).json()

    assert CONTRACTOR.address == opened["address"]
    assert 43_190 < (datetime.fromisoformat(opened["expiresAt"]) - now()).total_seconds() <= 43_200
    answer = await who({"authorization": f"Bearer {opened['accessToken']}"})
    assert (200, CONTRACTOR.address) == (answer.status_code, answer.json()["address"])


async def test_text_says_where_who_and_that_it_costs_nothing(ask):
    lines = (await ask()).json()["message"].split("\n")

    assert "localhost:8000 wants you to sign in with your Ethereum account:" == lines[0]
    assert CONTRACTOR.address == lines[1].lower()
    assert ["", "Sign in to Anxin. This costs nothing and moves no money.", ""] == lines[2:5]
    assert ["URI: http://localhost:8000", "Version: 1", "Chain ID: 31337"] == lines[5:8]
    assert ["Nonce", "Issued At", "Expiration Time"] == [line.split(":")[0] for line in lines[8:]]


async def test_nonce_is_not_kept(ask, sessions):
    nonce = (await ask()).json()["message"].split("Nonce: ")[1][:32]

    async with sessions() as session:
        (kept,) = await session.scalars(select(StaffChallenge))
        assert bytes.fromhex(nonce) not in kept.nonce_hash


async def test_another_wallet_cannot_sign_for_an_address(ask, enter):
    message = (await ask()).json()["message"]

    assert_problem(await enter(message, wallet=STRANGER), 401, "not-their-wallet", CONTRACTOR.address)


async def test_failed_guess_does_not_use_up_the_text(ask, enter):
    message = (await ask()).json()["message"]
    await enter(message, wallet=STRANGER)

    assert 201 == (await enter(message)).status_code


async def test_text_for_one_address_does_not_sign_in_another(ask, enter):
    """A site that shows a text of its own: the stranger's text, with the stranger's address changed to the contractor's."""
    message = (await ask(STRANGER)).json()["message"]
    account = (await ask()).json()["message"].split("\n")[1]
    forged = "\n".join([message.split("\n")[0], account, *message.split("\n")[2:]])

    assert_problem(await enter(forged), 410, "challenge-gone", "not one of ours")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("localhost:8000 wants", "evil.example wants"), ("http://localhost:8000", "http://evil.example"),
        ("Chain ID: 31337", "Chain ID: 1"), ("costs nothing", "costs all"), ("\nNonce: ", "\nNonce: 0"),
        ("Version: 1", "Version: 1\nRequest ID: 7"),
    ],
    ids=["domain", "address of the page", "chain", "statement", "nonce", "more lines"],
)  # fmt: skip
async def test_only_the_very_text_we_wrote_counts(ask, enter, old, new):
    message = (await ask()).json()["message"]
    assert old in message

    assert_problem(await enter(message.replace(old, new)), 410, "challenge-gone", "not one of ours")


async def test_signature_over_our_text_does_not_vouch_for_another_text(ask, enter):
    message = (await ask()).json()["message"]

    assert_problem(await enter(message, sent=message + "\n"), 410, "challenge-gone", "")


async def test_text_opens_one_session(ask, enter):
    message = (await ask()).json()["message"]
    await enter(message)

    assert_problem(await enter(message), 410, "challenge-gone", "used before")


async def test_text_is_good_for_five_minutes(ask, enter, in_database):
    message = (await ask()).json()["message"]
    await in_database(update(StaffChallenge).values(expires_at=now() - timedelta(seconds=1)))

    assert_problem(await enter(message), 410, "challenge-gone", "expired")


@pytest.mark.parametrize("signature", ["", "0x12", "0x" + "zz" * 65])
async def test_what_is_no_signature_is_malformed(ask, enter, signature):
    message = (await ask()).json()["message"]

    assert_problem(await enter(message, signature=signature or "0x"), 400, "malformed", "signature")


@pytest.mark.parametrize("address", ["", "0x12", "hello"])
async def test_what_is_no_address_is_malformed(client, site, address):
    answer = await client.post("/api/staff/challenges", json={"address": address})

    assert_problem(answer, 400, "malformed", "address")


async def test_too_many_texts_for_one_address_have_to_wait(ask):
    for _ in range(20):
        assert 201 == (await ask()).status_code

    answer = await ask()

    assert_problem(answer, 429, "too-many-challenges", "Try again in")
    assert 0 < int(answer.headers["retry-after"]) <= 300


async def test_one_addresss_haste_holds_up_nobody_else(ask):
    for _ in range(21):
        await ask(STRANGER)

    assert 201 == (await ask()).status_code


async def test_expired_texts_are_cleared_away(ask, in_database, sessions):
    for _ in range(20):
        await ask()
    await in_database(update(StaffChallenge).values(expires_at=now() - timedelta(seconds=1)))

    assert 201 == (await ask()).status_code
    async with sessions() as session:
        assert 1 == len((await session.scalars(select(StaffChallenge))).all())


def _claims(**changed: Any) -> dict[str, Any]:
    claims = {
        "iss": "anxin", "aud": "anxin-staff", "sub": CONTRACTOR.address, "jti": "0" * 32, "exp": now() + timedelta(hours=1),
    }  # fmt: skip
    return claims | changed


OUR_KEY = Ed25519PrivateKey.from_private_bytes(b"\x11" * 32)
ANOTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"\x55" * 32)


@pytest.fixture
async def kept_session(sessions, site):
    """A session in the database that `_claims` would be the token of."""
    async with sessions() as session, session.begin():
        session.add(
            StaffSession(id="0" * 32, address=CONTRACTOR.address, opened_at=now(), expires_at=now() + timedelta(hours=1))
        )


async def test_claims_of_these_tests_are_those_of_a_session(who, kept_session):
    """Or the refusals below would be for nothing."""
    answer = await who({"authorization": f"Bearer {jwt.encode(_claims(), OUR_KEY, algorithm='EdDSA')}"})

    assert 200 == answer.status_code


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(_claims(), ANOTHER_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(), None, algorithm="none"),
        jwt.encode(_claims(), OUR_KEY.public_key().public_bytes_raw().hex(), algorithm="HS256"),
        jwt.encode(_claims(exp=now() - timedelta(seconds=1)), OUR_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(iss="another"), OUR_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(aud="anxin"), OUR_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(jti="1" * 32), OUR_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(sub=STRANGER.address), OUR_KEY, algorithm="EdDSA"),
        jwt.encode({name: value for name, value in _claims().items() if name != "exp"}, OUR_KEY, algorithm="EdDSA"),
        "rubbish",
        "",
    ],
    ids=[
        "another's key", "no signature", "our public key as a secret", "expired", "another issuer", "another audience",
        "no such session", "another's session", "without an end", "rubbish", "empty",
    ],
)  # fmt: skip
async def test_token_that_is_not_ours_is_nobodys(who, kept_session, token):
    assert_problem(await who({"authorization": f"Bearer {token}"}), 401, "not-staff", "Sign in again")


async def test_workers_token_is_no_staffs(who, site, signed_in):
    assert_problem(await who(signed_in(site.workers["W003"])), 401, "not-staff", "")


async def test_staffs_token_is_no_workers(client, site, staff_headers):
    """W003's key is a wallet: even that wallet signed in as staff reads nothing as the worker."""
    answer = await client.get("/api/me", headers=await staff_headers(site.keys["W003"]))

    assert_problem(answer, 401, "unauthorized", "")


async def test_signing_out_ends_the_session_at_once(client, who, site, staff_headers):
    headers = await staff_headers(CONTRACTOR)

    assert 204 == (await client.delete("/api/staff/sessions/current", headers=headers)).status_code
    assert_problem(await who(headers), 401, "not-staff", "")


async def test_signing_out_here_leaves_the_session_elsewhere(client, who, site, staff_headers):
    here, elsewhere = await staff_headers(CONTRACTOR), await staff_headers(CONTRACTOR)

    await client.delete("/api/staff/sessions/current", headers=here)

    assert 200 == (await who(elsewhere)).status_code


async def test_without_a_session_there_is_nobody(who, site):
    assert_problem(await who({}), 401, "not-staff", "")

