"""Signing in: a code by SMS opens a session that can read; nothing tells a stranger who works here.

Branches: code opens a session · wrong code · five wrong · expired · used twice · only the newest code · no code asked ·
too soon · five an hour · ten a day · at the same time · unknown number · language · not a number ·
refresh rotates · reuse ends the family · expired refresh · sign out · forged, expired, unsigned, foreign tokens · cookie.
"""

import asyncio
from datetime import timedelta

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar.testing import AsyncTestClient
from sqlalchemy import select, update
from tests.backend.conftest import assert_problem
from tests.fakes import RememberingSender

from anxin.alerts.service import send_login_code
from anxin.app import build
from anxin.core import sealing
from anxin.core.clock import now
from anxin.people.login import SessionKey
from anxin.people.models import LoginCode, RefreshToken, Worker

PHONE = "13800000001"
COOKIE = "anxin_refresh"


@pytest.fixture
def newest_code(jobs):
    """The code of the newest message on its way."""

    async def read():
        return sealing.sealer().open((await jobs("login_code"))[-1]["sealedCode"].encode())

    return read


@pytest.fixture
def in_database(sessions):
    """Change a row as time would have."""

    async def change(statement):
        async with sessions() as session, session.begin():
            await session.execute(statement)

    return change


@pytest.fixture
async def tokens(client, site, newest_code):
    """W001's open session: (access token, refresh token)."""
    await ask(client)
    answer = await enter(client, await newest_code())
    return answer.json()["accessToken"], answer.cookies[COOKIE]


async def test_code_from_the_message_opens_a_session(client, site, newest_code):
    sent = await ask(client)
    opened = await enter(client, await newest_code())

    assert (sent.status_code, sent.json()) == (202, {"resendAfterSeconds": 60, "expiresInSeconds": 300})
    assert (opened.status_code, opened.json()["expiresInSeconds"]) == (201, 900)
    assert (await me(client, opened.json()["accessToken"])).json()["workerNo"] == "W001"


async def test_message_carries_the_code_in_the_language_that_was_asked_for(client, site, jobs, newest_code):
    await ask(client, language="en")
    sender = RememberingSender()

    await site.apply(lambda session, payload: send_login_code(session, payload, sender), (await jobs("login_code"))[0])

    ((number, body),) = sender.sent
    assert ("+86" + PHONE, f"Your code is {await newest_code()}") == (number, body[8:8 + 19])


async def test_code_is_not_readable_in_the_outbox(client, site, jobs, newest_code):
    await ask(client)

    assert await newest_code() not in str(await jobs("login_code"))


async def test_wrong_code_is_counted(client, site, newest_code, sessions):
    await ask(client)

    assert_problem(await enter(client, other_than(await newest_code())), 401, "wrong-code", "Check it")
    async with sessions() as session:
        assert await session.scalar(select(LoginCode.attempts)) == 1


async def test_right_code_after_a_slip_opens(client, site, newest_code):
    await ask(client)
    code = await newest_code()
    await enter(client, other_than(code))

    assert (await enter(client, code)).status_code == 201


async def test_after_five_wrong_codes_the_right_one_is_gone(client, site, newest_code):
    await ask(client)
    code = await newest_code()
    for _ in range(5):
        await enter(client, other_than(code))

    assert_problem(await enter(client, code), 410, "code-expired", "Ask for a new one")


async def test_expired_code_is_gone(client, site, newest_code, in_database):
    await ask(client)
    await in_database(update(LoginCode).values(expires_at=now() - timedelta(seconds=1)))

    assert_problem(await enter(client, await newest_code()), 410, "code-expired", "expired")


async def test_code_opens_once(client, site, newest_code):
    await ask(client)
    code = await newest_code()
    await enter(client, code)

    assert_problem(await enter(client, code), 410, "code-expired", "was used")


async def test_only_the_newest_code_counts(client, site, newest_code, in_database):
    await ask(client)
    first = await newest_code()
    await in_database(update(LoginCode).values(created_at=LoginCode.created_at - timedelta(seconds=61)))
    await ask(client)
    if first == await newest_code():
        pytest.skip("one in a million: both codes are the same")

    assert_problem(await enter(client, first), 401, "wrong-code", "")


async def test_code_nobody_asked_for_is_wrong(client, site):
    assert_problem(await enter(client, "000000"), 401, "wrong-code", "")


async def test_asking_again_too_soon_says_when(client, site, jobs):
    await ask(client)

    answer = await ask(client)

    assert_problem(answer, 429, "too-many-codes", "Try again in")
    assert 50 <= int(answer.headers["retry-after"]) <= 60
    assert len(await jobs("login_code")) == 1


async def test_five_codes_an_hour_are_enough(client, site, in_database):
    for _ in range(5):
        assert (await ask(client)).status_code == 202
        await in_database(update(LoginCode).values(created_at=LoginCode.created_at - timedelta(seconds=61)))

    answer = await ask(client)

    assert_problem(answer, 429, "too-many-codes", "seconds")
    assert 3600 - 5 * 61 - 10 <= int(answer.headers["retry-after"]) <= 3600 - 5 * 61


async def test_ten_codes_a_day_bound_how_often_anybody_can_guess(client, site, in_database):
    for _ in range(10):
        assert (await ask(client)).status_code == 202
        await in_database(update(LoginCode).values(created_at=LoginCode.created_at - timedelta(seconds=2000)))

    assert_problem(await ask(client), 429, "too-many-codes", "seconds")
    await in_database(update(LoginCode).values(created_at=LoginCode.created_at - timedelta(seconds=86400 - 20000)))
    assert (await ask(client)).status_code == 202


async def test_asking_many_times_at_once_sends_one_code(client, site, jobs):
    answers = await asyncio.gather(*(ask(client) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [202] + [429] * 7
    assert len(await jobs("login_code")) == 1


async def test_unknown_number_is_treated_the_same_and_sent_nothing(client, site, jobs):
    known, unknown = await ask(client), await ask(client, phone="13999999999")
    sender = RememberingSender()
    for job in await jobs("login_code"):
        await site.apply(lambda session, payload: send_login_code(session, payload, sender), job)

    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert [{*job} for job in await jobs("login_code")] == [{"phoneIndex", "sealedCode", "language"}] * 2
    assert [number for number, _ in sender.sent] == ["+86" + PHONE]


async def test_whoever_only_asks_for_a_code_changes_no_language(client, site, newest_code, sessions):
    async def language():
        async with sessions() as session:
            return await session.scalar(select(Worker.language).where(Worker.worker_no == "W001"))

    await ask(client, language="en")
    asked = await language()
    await client.post("/api/sessions", json={"phone": PHONE, "code": await newest_code(), "language": "en"})

    assert (asked, await language()) == ("zh", "en")


async def test_session_opened_without_a_language_keeps_the_one_on_record(client, tokens, sessions):
    async with sessions() as session:
        assert await session.scalar(select(Worker.language).where(Worker.worker_no == "W001")) == "zh"


@pytest.mark.parametrize("phone", ["12345", "23800000001", "+1 202 555 0101", "", "１３８００００００００1"])
async def test_what_is_no_mobile_number_is_refused(client, site, phone):
    assert_problem(await ask(client, phone=phone), 422, "bad-phone", "11-digit")


@pytest.mark.parametrize("phone", ["+86 138 0000 0001", "8613800000001", "138-0000-0001"])
async def test_number_is_known_however_it_is_written(client, site, jobs, phone):
    await ask(client, phone=phone)

    assert [sealing.sealer().index("+86" + PHONE).hex()] == [job["phoneIndex"] for job in await jobs("login_code")]


async def test_refresh_replaces_the_token(client, tokens):
    answer = await refresh(client, tokens[1])

    assert answer.status_code == 201
    assert tokens[1] != answer.cookies[COOKIE]
    assert (await me(client, answer.json()["accessToken"])).status_code == 200


async def test_phone_that_lost_the_answer_goes_on(client, tokens):
    await refresh(client, tokens[1])

    again = await refresh(client, tokens[1])

    assert again.status_code == 201
    assert (await refresh(client, again.cookies[COOKIE])).status_code == 201


async def test_token_in_two_hands_ends_the_whole_family(client, tokens, in_database):
    successor = (await refresh(client, tokens[1])).cookies[COOKIE]
    await in_database(update(RefreshToken).values(used_at=RefreshToken.used_at - timedelta(minutes=2)))

    assert_problem(await refresh(client, tokens[1]), 401, "unauthorized", "Sign in again")
    assert_problem(await refresh(client, successor), 401, "unauthorized", "Sign in again")


async def test_expired_refresh_token_is_refused(client, tokens, in_database):
    await in_database(update(RefreshToken).values(expires_at=now() - timedelta(seconds=1)))

    assert_problem(await refresh(client, tokens[1]), 401, "unauthorized", "")


@pytest.mark.parametrize("token", [None, "", "made-up"])
async def test_without_a_token_of_ours_there_is_no_refresh(client, site, token):
    assert_problem(await refresh(client, token), 401, "unauthorized", "")


async def test_signing_out_ends_the_session_and_clears_the_cookie(client, tokens):
    answer = await client.delete("/api/sessions/current", headers={"cookie": f"{COOKIE}={tokens[1]}"})

    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert_problem(await refresh(client, tokens[1]), 401, "unauthorized", "")


async def test_signing_out_without_a_session_is_harmless(client, site):
    client.cookies.clear()

    assert (await client.delete("/api/sessions/current")).status_code == 204


async def test_token_cookie_is_out_of_reach_of_scripts_and_other_sites(client, site, newest_code):
    await ask(client)

    cookie = (await enter(client, await newest_code())).headers["set-cookie"]

    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=strict", "path=/api/sessions", "max-age=7776000"} <= parts
    assert "secure" not in parts


async def test_token_cookie_never_leaves_https_even_behind_a_proxy_that_ends_it(client, site, newest_code, settings):
    async with AsyncTestClient(build(msgspec.structs.replace(settings, public_url="https://wages.example"))) as behind:
        await ask(behind)
        answer = await enter(behind, await newest_code())

    assert "secure" in {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}


def _claims(**changed):
    return {"iss": "anxin", "sub": "1", "exp": now() + timedelta(minutes=5)} | changed


ANOTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"\x55" * 32)
OUR_KEY = Ed25519PrivateKey.from_private_bytes(b"\x11" * 32)


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(_claims(), ANOTHER_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(), None, algorithm="none"),
        jwt.encode(_claims(), OUR_KEY.public_key().public_bytes_raw().hex(), algorithm="HS256"),
        jwt.encode(_claims(exp=now() - timedelta(seconds=1)), OUR_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(iss="another"), OUR_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(sub="nobody"), OUR_KEY, algorithm="EdDSA"),
        jwt.encode(_claims(sub="999999"), OUR_KEY, algorithm="EdDSA"),
        jwt.encode({"iss": "anxin", "sub": "1"}, OUR_KEY, algorithm="EdDSA"),
        "rubbish",
        "",
    ],
    ids=[
        "another's key", "no signature", "our public key as a secret", "expired", "another issuer", "no number",
        "unknown worker", "without an end", "rubbish", "empty",
    ],
)  # fmt: skip
async def test_access_token_that_is_not_ours_opens_nothing(client, site, token):
    assert_problem(await me(client, token), 401, "unauthorized", "Sign in again")


async def test_access_token_goes_by_no_other_scheme(client, site, settings):
    token = SessionKey(settings.jwt_key).issue(site.workers["W001"].id)

    answer = await client.get("/api/me", headers={"authorization": f"Basic {token}"})

    assert_problem(answer, 401, "unauthorized", "")


async def test_me_shows_no_more_of_a_number_than_its_owner_needs(client, tokens):
    document = (await me(client, tokens[0])).json()

    assert (document["phoneMasked"], document["displayName"]) == ("138****0001", "工人W001")
    assert PHONE not in str(document)


async def test_language_of_messages_can_be_chosen(client, tokens, sessions):
    headers = {"authorization": f"Bearer {tokens[0]}"}

    answer = await client.put("/api/me/language", json={"language": "en"}, headers=headers)

    assert answer.status_code == 204
    async with sessions() as session:
        assert await session.scalar(select(Worker.language).where(Worker.worker_no == "W001")) == "en"


async def ask(client, *, phone=PHONE, language="zh"):
    return await client.post("/api/login-codes", json={"phone": phone, "language": language})


async def enter(client, code):
    return await client.post("/api/sessions", json={"phone": PHONE, "code": code})


async def refresh(client, token):
    client.cookies.clear()  # only what the test sends
    headers = {} if token is None else {"cookie": f"{COOKIE}={token}"}
    return await client.post("/api/sessions/refresh", headers=headers)


async def me(client, token):
    return await client.get("/api/me", headers={"authorization": f"Bearer {token}"})


def other_than(code):
    return f"{(int(code) + 1) % 10**6:06d}"
