"""The short way in answers what the framework's own route answers, to whatever is sent.

Branches: kept · resent · refused, in both languages · overloaded · not to be read · unknown field · a number as text · too
large, announced and not · in pieces · no digest, another method, a slash more · our mistake.
"""

from contextlib import asynccontextmanager
from functools import cache

import httpx
import msgspec
import pytest
from tests.backend.signed_words import confirmation

from anxin.app import answering, build
from anxin.core.problems import MAX_BODY_BYTES
from anxin.demo.keys import DeviceKey
from anxin.wages import door
from anxin.wages.acceptance import Acceptance

DIGEST = "/api/confirmations/0x" + "ab" * 32
WAYS = (cache(answering), cache(build))  # they hold no state between requests, and take long to build


@pytest.fixture
async def both_ways(settings, sessions):
    """Sends a request by the short way, then by the framework's; returns status, headers and body of each."""

    @asynccontextmanager
    async def opened(app):
        asgi = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=asgi, base_url="http://localhost") as client:
            yield client

    async def send(method, path, *, content=None, **request):
        answers = []
        for way in WAYS:
            async with opened(way(settings)) as client:
                answer = await client.request(method, path, content=content() if callable(content) else content, **request)
                said = {name: answer.headers.get(name) for name in ("content-type", "retry-after")}
                answers.append((answer.status_code, said, answer.content))
        return answers

    return send


@pytest.fixture
def straight(monkeypatch):
    """Digests that came by the short way."""
    seen, real = [], Acceptance.confirm

    async def confirm(self, digest, signed):
        seen.append(digest)
        return await real(self, digest, signed)

    monkeypatch.setattr(Acceptance, "confirm", confirm)
    return seen


@pytest.mark.parametrize("index", [0, 1, 2], ids=["device key", "passkey", "wallet"])
async def test_a_good_word_is_kept_and_a_resend_told_the_same(both_ways, site, index):
    path, body = confirmation(site, await site.post(90_000, 90_000, 90_000), index)

    short, framework = await both_ways("PUT", path, json=body)

    assert 202 == short[0]
    assert short == framework


@pytest.mark.parametrize("language", ["zh-CN,zh;q=0.9", "en", ""])
async def test_a_refusal_is_the_same_problem_in_the_asker_s_language(both_ways, site, language):
    path, body = confirmation(site, await site.post(90_000), 0, key=DeviceKey.from_number(999))

    short, framework = await both_ways("PUT", path, json=body, headers={"accept-language": language})

    assert 403 == short[0]
    assert ("手机" in short[2].decode()) is (language != "en")
    assert short == framework


async def test_overload_says_when_to_come_again(both_ways, site, monkeypatch):
    monkeypatch.setattr("anxin.wages.acceptance.MOST_WAITING", 0)
    path, body = confirmation(site, await site.post(90_000), 0)

    short, framework = await both_ways("PUT", path, json=body)

    assert (503, "2") == (short[0], short[1]["retry-after"])
    assert short == framework


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"escrow": 5}', b"[" * 20_000, b'"' + b"x" * MAX_BODY_BYTES + b'"'],
    ids=["nothing", "half", "a list", "null", "no UTF-8", "other kind", "nested", "too large"],
)
async def test_what_cannot_be_read_is_told_by_the_framework(both_ways, straight, content):
    short, framework = await both_ways("PUT", DIGEST, content=content, headers={"content-type": "application/json"})

    assert 400 <= short[0] < 500
    assert (short, []) == (framework, straight)


async def test_a_body_without_end_is_left_unread(both_ways, site):
    path, body = confirmation(site, await site.post(90_000), 0)
    sent = []

    async def endless():
        yield msgspec.json.encode(body)
        while True:
            sent.append(1024)
            yield b" " * 1024

    short, _ = await both_ways("PUT", path, content=endless)

    assert 413 == short[0]
    assert sum(sent) < 8 * MAX_BODY_BYTES


async def test_a_word_in_pieces_is_put_together(both_ways, site, straight):
    path, body = confirmation(site, await site.post(90_000), 0)

    async def pieces():
        raw = msgspec.json.encode(body)
        for place in range(0, len(raw), 50):
            yield raw[place : place + 50]

    short, framework = await both_ways("PUT", path, content=pieces)

    assert 202 == short[0]
    assert short == framework


async def test_a_number_as_text_is_read_as_generously_as_everywhere(both_ways, site):
    path, body = confirmation(site, await site.post(90_000), 0)

    short, framework = await both_ways("PUT", path, json=body | {"amountFen": str(body["amountFen"])})

    assert short == framework


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", DIGEST), ("POST", DIGEST), ("PUT", DIGEST + "/"), ("PUT", DIGEST[:-1]), ("PUT", DIGEST[:-1] + "%00")],
    ids=["read", "other method", "slash", "short", "NUL"],
)
async def test_whatever_is_not_a_word_goes_the_long_way(both_ways, straight, method, path):
    short, framework = await both_ways(method, path, content=b"{}")

    assert (short, []) == (framework, straight)


async def test_our_own_mistake_is_told_as_such(both_ways, site, monkeypatch):
    async def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(Acceptance, "confirm", broken)
    path, body = confirmation(site, await site.post(90_000), 0)

    short, framework = await both_ways("PUT", path, json=body)

    assert 500 == short[0] == framework[0]
    assert "urn:anxin:error:internal" == msgspec.json.decode(short[2])["type"]


async def test_the_short_way_is_taken(both_ways, site, straight, monkeypatch):
    """Else all that is above would compare the framework with itself."""
    taken = []
    real = door._answer

    async def answer(send, status, *rest):
        taken.append(status)
        await real(send, status, *rest)

    monkeypatch.setattr(door, "_answer", answer)
    path, body = confirmation(site, await site.post(90_000), 0)

    await both_ways("PUT", path, json=body)

    assert [202] == taken
