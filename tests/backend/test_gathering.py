"""When the release of what was signed is asked for: not before there is company, not later than it must, never twice.

Branches: waits · waited long enough · nobody left to join · a whole batch · gathered already · more than at once · held by
somebody · two at once · rolled back.
"""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from tests.backend.signed_words import confirmation

from anxin.core.database import transaction
from anxin.wages import gathering
from anxin.wages.gathering import gather
from anxin.wages.models import Confirmation

LONG = timedelta(hours=1)


@pytest.fixture
def confirm(client, site):
    async def send(sheet, *indexes):
        for index in indexes:
            path, body = confirmation(site, sheet, index)
            assert 202 == (await client.put(path, json=body)).status_code

    return send


@pytest.fixture
def asked(sessions):
    """The sheets whose release is asked for now, where words wait for `wait`."""

    async def once(wait):
        async with transaction(sessions) as session:
            return await gather(session, wait=wait)

    return once


async def test_a_word_waits_for_company(site, confirm, asked, jobs):
    await confirm(await site.post(90_000, 90_000), 0)

    assert ([], []) == (await asked(LONG), await jobs("release"))


async def test_words_that_waited_long_enough_go_with_those_that_just_came(site, confirm, asked, sessions, jobs):
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 0, 1)
    async with transaction(sessions) as session:
        await session.execute(
            update(Confirmation).where(Confirmation.line_index == 0).values(received_at=Confirmation.received_at - LONG)
        )

    assert [sheet.id] == await asked(LONG)
    assert [{"sheet": sheet.id}] == await jobs("release")
    async with sessions() as session:
        assert [True, True] == list(await session.scalars(select(Confirmation.gathered)))


async def test_nobody_waits_where_nobody_is_left_to_join(site, confirm, asked, sessions):
    """One line is released already, and one of a sheet beside it is missing."""
    full, other = await site.post(90_000, 90_000), await site.post(90_000, 90_000)
    async with transaction(sessions) as session:
        await session.execute(
            text("UPDATE wage_lines SET released_tx = '0x1' WHERE sheet_pk = :sheet AND index = 1"), {"sheet": full.id}
        )
    await confirm(full, 0)
    await confirm(other, 1)

    assert [full.id] == await asked(LONG)


async def test_a_whole_batch_does_not_wait(site, confirm, asked, monkeypatch):
    monkeypatch.setattr(gathering, "MAX_BATCH", 2)
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 0)
    assert [] == await asked(LONG)

    await confirm(sheet, 1)

    assert [sheet.id] == await asked(LONG)


async def test_what_is_gathered_is_not_gathered_again(site, confirm, asked, jobs):
    sheet = await site.post(90_000, 90_000)
    await confirm(sheet, 0)

    assert ([sheet.id], []) == (await asked(timedelta(0)), await asked(timedelta(0)))
    await confirm(sheet, 1)
    assert [sheet.id] == await asked(timedelta(0))
    assert 2 == len(await jobs("release"))


async def test_two_at_once_ask_once(site, confirm, asked, jobs):
    sheets = [await site.post(90_000), await site.post(90_000)]
    for sheet in sheets:
        await confirm(sheet, 0)

    await asyncio.gather(*(asked(timedelta(0)) for _ in range(4)))

    assert sorted(sheet.id for sheet in sheets) == sorted(job["sheet"] for job in await jobs("release"))


async def test_some_sheets_at_a_time_those_who_wait_longest_first(site, confirm, asked, monkeypatch):
    monkeypatch.setattr(gathering, "AT_ONCE", 2)
    sheets = [await site.post(90_000) for _ in range(3)]
    for sheet in reversed(sheets):
        await confirm(sheet, 0)

    first, then = await asked(timedelta(0)), await asked(timedelta(0))

    assert ([sheets[1].id, sheets[2].id], [sheets[0].id]) == (first, then)


async def test_what_somebody_holds_holds_up_nobody_and_is_gathered_later(site, confirm, asked, sessions):
    held, free = await site.post(90_000), await site.post(90_000)
    await confirm(held, 0)
    await confirm(free, 0)

    async with transaction(sessions) as session:
        await session.execute(text("SELECT FROM confirmations WHERE sheet_pk = :pk FOR UPDATE"), {"pk": held.id})
        assert [free.id] == await asyncio.wait_for(asked(timedelta(0)), 5)

    assert [held.id] == await asked(timedelta(0))


async def test_whoever_dies_while_asking_leaves_it_to_the_next(site, confirm, asked, sessions, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    async with sessions() as session:  # without a commit
        assert [sheet.id] == await gather(session, wait=timedelta(0))

    assert [] == await jobs("release")
    assert [sheet.id] == await asked(timedelta(0))
