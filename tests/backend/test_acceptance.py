"""Confirmations that arrive together: kept at once, and each is told what became of its own.

Branches: good and bad in one group · the same word twice · another sheet · a line that is held · no such line · a word no
column can hold · too many waiting · the database fails, refuses the group, dies before the commit · the sender has gone ·
two processes at once · a key changed meanwhile.
"""

import asyncio
from dataclasses import dataclass
from random import Random

import msgspec
import pytest
from asyncpg import IntegrityConstraintViolationError
from sqlalchemy import select, text, update
from tests.backend.signed_words import confirmation

from anxin.core.database import connect, sessions_of, transaction
from anxin.core.errors import AmountChanged, LineNotFound, Malformed, NotEnrolled, WrongKey
from anxin.demo.keys import DeviceKey
from anxin.people.models import Worker
from anxin.wages import acceptance as lanes
from anxin.wages import confirming
from anxin.wages.acceptance import MOST_WAITING, Acceptance
from anxin.wages.errors import NotKeptYet
from anxin.wages.models import Confirmation
from anxin.wages.schemas import Receipt, SignedConfirmation


@pytest.fixture
async def acceptance(sessions, deployment):
    acceptance = Acceptance(sessions, deployment)
    yield acceptance
    await acceptance.close()


@pytest.fixture
def word(site):
    """The digest and the signed words of a confirmation; `changed` fields are signed as changed."""

    def signed(sheet, index, **changed):
        path, body = confirmation(site, sheet, index, **changed)
        return path.rsplit("/", 1)[1], msgspec.convert(body, SignedConfirmation)

    return signed


@pytest.fixture
def kept(sessions):
    """Digests in the database, of words for which somebody may have a 202."""

    async def read():
        async with sessions() as session:
            return {f"0x{digest.hex()}" for digest in await session.scalars(select(Confirmation.digest))}

    return read


@dataclass
class Groups:
    """How many words were to be kept each time; the next time ends in `fail`."""

    sizes: list[int]
    fail: Exception | None = None


@pytest.fixture
def groups(monkeypatch):
    seen, real = Groups([]), lanes.keep

    async def keep(connection, deployment, words, **more):
        seen.sizes.append(len(words))
        fail, seen.fail = seen.fail, None
        if fail is not None:
            raise fail
        return await real(connection, deployment, words, **more)

    monkeypatch.setattr(lanes, "keep", keep)
    return seen


async def confirm_all(acceptance, *words):
    return await asyncio.gather(*(acceptance.confirm(*each) for each in words), return_exceptions=True)


async def test_what_arrives_together_is_kept_at_once_for_one_release(acceptance, site, word, groups, gathered, kept):
    sheet = await site.post(90_000, 91_000, 92_000)
    words = [word(sheet, index) for index in (2, 0, 1)]

    receipts = await confirm_all(acceptance, *words)

    assert [3] == groups.sizes
    assert [digest for digest, _ in words] == [each.digest for each in receipts]
    assert [sheet.id] == await gathered()
    assert {digest for digest, _ in words} == await kept()


async def test_bad_words_are_told_and_the_good_ones_beside_them_kept(acceptance, site, word, groups, kept):
    sheet = await site.post(90_000, 90_000, 90_000)
    good, other_amount = word(sheet, 0), word(sheet, 1, amountFen=90_001)
    wrong_key = word(sheet, 2, key=DeviceKey.from_number(999))
    no_hex = (good[0], msgspec.structs.replace(good[1], escrow="0x\0"))

    outcomes = await confirm_all(acceptance, other_amount, good, wrong_key, no_hex)

    assert [4] == groups.sizes
    assert [AmountChanged, Receipt, WrongKey, Malformed] == [type(each) for each in outcomes]
    assert {good[0]} == await kept()


async def test_the_same_word_twice_in_a_group_has_one_receipt(acceptance, site, word, groups, kept):
    sheet = await site.post(90_000)
    one = word(sheet, 0)

    first, second = await confirm_all(acceptance, one, one)

    assert ([2], first) == (groups.sizes, second)
    assert {one[0]} == await kept()


async def test_a_word_sent_again_beside_new_ones_keeps_its_first_time(acceptance, site, word, gathered):
    sheet = await site.post(90_000, 90_000)
    old, new = word(sheet, 0), word(sheet, 1)
    (first,) = await confirm_all(acceptance, old)
    assert [sheet.id] == await gathered()

    again, _ = await confirm_all(acceptance, old, new)

    assert first == again
    assert [sheet.id, sheet.id] == await gathered()


async def test_words_of_two_processes_at_once_are_kept_once(acceptance, site, sessions, deployment, word, kept):
    sheet = await site.post(90_000, 90_000, 90_000)
    words = [word(sheet, index) for index in range(3)]
    other = Acceptance(sessions, deployment)

    here, there = await asyncio.gather(confirm_all(acceptance, *words), confirm_all(other, *reversed(words)))

    assert here == there[::-1]
    assert {digest for digest, _ in words} == await kept()


async def test_a_line_that_is_held_holds_up_nobody_else(acceptance, site, sessions, word):
    sheet = await site.post(90_000, 90_000)
    async with transaction(sessions) as session:
        await session.execute(text("SELECT FROM wage_lines WHERE index = 0 FOR UPDATE"))
        held = asyncio.create_task(acceptance.confirm(*word(sheet, 0)))
        free = await asyncio.wait_for(acceptance.confirm(*word(sheet, 1)), 5)
        assert (free.state, held.done()) == ("accepted", False)

    assert (await asyncio.wait_for(held, 5)).state == "accepted"


async def test_no_such_line_is_not_found_and_the_others_are_kept(acceptance, site, word, kept):
    sheet = await site.post(90_000)
    good = word(sheet, 0)
    none = (good[0], msgspec.structs.replace(good[1], index=7))

    outcomes = await confirm_all(acceptance, none, good)

    assert [LineNotFound, Receipt] == [type(each) for each in outcomes]
    assert {good[0]} == await kept()


async def test_the_key_of_this_moment_counts(acceptance, site, sessions, word, kept):
    """Nothing of a worker is remembered from one group to the next: whoever stole the old phone comes too late."""
    sheet, later = await site.post(90_000), await site.post(90_000)
    await acceptance.confirm(*word(sheet, 0))
    new = DeviceKey.from_number(777)
    async with transaction(sessions) as session:
        await session.execute(update(Worker).where(Worker.worker_no == "W001").values(x=new.public.x, y=new.public.y))

    by_old, by_new = await confirm_all(acceptance, word(later, 0), word(later, 0, key=new, deadline=1_800_000_001))

    assert (WrongKey, Receipt) == (type(by_old), type(by_new))
    assert len(await kept()) == 2


async def test_whoever_has_no_key_left_is_told_so(acceptance, site, sessions, word):
    sheet = await site.post(90_000)
    async with transaction(sessions) as session:
        await session.execute(update(Worker).values(y=None))

    with pytest.raises(NotEnrolled):
        await acceptance.confirm(*word(sheet, 0))


# ------------------------------------------------------------------ nobody is told what is not so


async def test_a_group_that_is_not_kept_gives_nobody_a_receipt(acceptance, site, word, groups, kept):
    sheet = await site.post(90_000, 90_000)
    groups.fail = RuntimeError("the disk is full")

    outcomes = await confirm_all(acceptance, word(sheet, 0), word(sheet, 1))

    assert [NotKeptYet, NotKeptYet] == [type(each) for each in outcomes]
    assert set() == await kept()


async def test_a_group_whose_connection_is_killed_before_it_is_kept_gives_nobody_a_receipt(
    acceptance, site, sessions, word, monkeypatch, kept
):
    sheet, real = await site.post(90_000, 90_000), confirming._store

    async def store(connection, *arguments):
        number = await connection.fetchval("SELECT pg_backend_pid()")
        async with sessions() as other:
            await other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
        return await real(connection, *arguments)

    monkeypatch.setattr(confirming, "_store", store)
    words = [word(sheet, 0), word(sheet, 1)]
    outcomes = await confirm_all(acceptance, *words)
    monkeypatch.setattr(confirming, "_store", real)

    assert ([NotKeptYet, NotKeptYet], set()) == ([type(each) for each in outcomes], await kept())
    assert ["accepted", "accepted"] == [each.state for each in await confirm_all(acceptance, *words)]


async def test_everybody_who_waits_is_told_at_once_where_the_database_is_away(deployment, site, word):
    sheet = await site.post(*[90_000] * 3)
    engine = connect("postgresql+asyncpg://nobody@127.0.0.1:1/nowhere")

    outcomes = await confirm_all(Acceptance(sessions_of(engine), deployment), *(word(sheet, each) for each in range(3)))

    assert [NotKeptYet] * 3 == [type(each) for each in outcomes]


async def test_a_word_the_database_refuses_does_not_take_the_others_with_it(acceptance, site, word, groups, kept):
    """Each then goes alone, and only the one at fault is refused again."""
    sheet = await site.post(90_000, 90_000)
    groups.fail = IntegrityConstraintViolationError("insert")

    outcomes = await confirm_all(acceptance, word(sheet, 0), word(sheet, 1))

    assert (["accepted", "accepted"], 2) == ([each.state for each in outcomes], len(await kept()))


async def test_whoever_sent_a_word_and_is_gone_disturbs_nobody(acceptance, site, word, groups, kept):
    sheet = await site.post(90_000, 90_000)
    gone = asyncio.create_task(acceptance.confirm(*word(sheet, 0)))
    stays = asyncio.create_task(acceptance.confirm(*word(sheet, 1)))
    await asyncio.sleep(0)
    gone.cancel()

    assert (await stays).state == "accepted"
    assert ([2], 2) == (groups.sizes, len(await kept()))


async def test_nobody_is_left_waiting_where_lanes_end_and_begin_all_the_time(acceptance, site, word, monkeypatch):
    monkeypatch.setattr(lanes, "IDLE_SECONDS", 0.001)
    sheet = await site.post(90_000)
    one, spread = word(sheet, 0), Random(5)  # noqa: S311, the same each time

    async def later():
        await asyncio.sleep(spread.uniform(0, 0.5))
        return await acceptance.confirm(*one)

    receipts = await asyncio.wait_for(asyncio.gather(*(later() for _ in range(200))), 30)

    assert {one[0]} == {each.digest for each in receipts}


async def test_what_is_too_much_is_told_to_come_again_and_the_rest_is_kept(acceptance, site, word, kept):
    sheet = await site.post(90_000)
    one = word(sheet, 0)

    outcomes = await confirm_all(acceptance, *[one] * (MOST_WAITING + 5))

    assert 5 == sum(isinstance(each, NotKeptYet) for each in outcomes)
    assert MOST_WAITING == sum(isinstance(each, Receipt) for each in outcomes)
    assert {one[0]} == await kept()


async def test_overload_is_a_503_that_says_when_to_come_again(client, site, monkeypatch):
    sheet = await site.post(90_000)
    monkeypatch.setattr(lanes, "MOST_WAITING", 0)
    path, body = confirmation(site, sheet, 0)

    refused = await client.put(path, json=body)

    assert (503, "2", "urn:anxin:error:not-kept-yet") == (
        refused.status_code, refused.headers["retry-after"], refused.json()["type"]
    )  # fmt: skip
    monkeypatch.undo()
    assert 202 == (await client.put(path, json=body)).status_code
