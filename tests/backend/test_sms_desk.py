"""The bureau's desk: what came, who has seen to it, and what messages cost, as pages and as tables.

Branches: open, done, both · counts · pages · done: who and when, twice, by another, undone, undone twice, another project's,
unknown · for whom: contractor, nobody · worker's number on this project · export of notices, of costs.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, assert_problem

from anxin.alerts import desk
from anxin.alerts.models import DeskNotice, Message
from anxin.projects import service as projects

PATH = f"/api/projects/{ESCROW}/desk-notices"
FIRST = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.fixture
async def written(site, sessions):
    """W001 wrote on two days, W002 on one: notices 1, 2 and 3."""
    async with sessions() as session, session.begin():
        for number, days in (("W001", 0), ("W002", 0), ("W001", 1)):
            session.add(
                DeskNotice(
                    project_pk=site.project.id, worker_pk=site.workers[number].id,
                    day=date(2026, 11, 20) + timedelta(days=days), written_at=FIRST + timedelta(days=days),
                )
            )  # fmt: skip
            await session.flush()


@pytest.fixture
async def bureau(staff_headers):
    return await staff_headers(BUREAU)


@pytest.fixture
def read(client, bureau):
    async def run(**query):
        return (await client.get(PATH, headers=bureau, params=query)).json()

    return run


async def test_open_notices_come_newest_first_under_the_projects_own_number(written, read):
    found = await read(done=False)

    assert [(3, "W001"), (2, "W002"), (1, "W001")] == [(each["id"], each["workerNo"]) for each in found["notices"]]
    assert (3, 0, None) == (found["open"], found["done"], found["next"])


async def test_who_has_seen_to_it_and_when_is_kept(written, client, bureau, read):
    answer = await client.put(f"{PATH}/2/done", headers=bureau)

    assert (200, BUREAU.address) == (answer.status_code, answer.json()["doneBy"])
    assert answer.json()["doneAt"] is not None
    found = await read(done=True)
    assert ([2], 2, 1) == ([each["id"] for each in found["notices"]], found["open"], found["done"])


async def test_done_twice_is_done_once(written, client, bureau):
    first = await client.put(f"{PATH}/2/done", headers=bureau)

    assert first.json() == (await client.put(f"{PATH}/2/done", headers=bureau)).json()


async def test_what_was_not_done_after_all_is_open_again(written, client, bureau, read):
    await client.put(f"{PATH}/2/done", headers=bureau)

    answers = [await client.delete(f"{PATH}/2/done", headers=bureau) for _ in range(2)]

    assert [(200, None, None)] * 2 == [(each.status_code, each.json()["doneAt"], each.json()["doneBy"]) for each in answers]
    assert 3 == (await read())["open"]


async def test_pages_follow_each_other(written, read, monkeypatch):
    monkeypatch.setattr(desk, "PAGE", 2)

    first = await read()
    second = await read(before=first["next"])

    assert [3, 2, 1] == [each["id"] for each in first["notices"] + second["notices"]]
    assert second["next"] is None


async def test_notice_that_is_not_there_cannot_be_done(written, client, bureau):
    assert_problem(await client.put(f"{PATH}/99/done", headers=bureau), 404, "desk-notice-not-found", "99")


async def test_another_projects_notice_is_not_this_desks(written, client, site, bureau, sessions):
    async with sessions() as session, session.begin():
        other = await projects.open_project(
            session, b"\x02" * 32, name="别处", contractor_name="别家", contractor=CONTRACTOR.address,
            bureau=CONTRACTOR.address, arbiter=CONTRACTOR.address, windows=projects.Windows(1, 1, 1),
        )  # fmt: skip
        theirs = DeskNotice(
            project_pk=other.id, worker_pk=site.workers["W003"].id, day=date(2026, 11, 20), written_at=FIRST
        )
        session.add(theirs)
        await session.flush()
        number = theirs.id

    assert_problem(await client.put(f"{PATH}/{number}/done", headers=bureau), 404, "desk-notice-not-found", "")


@pytest.mark.parametrize("method", ["put", "delete"])
async def test_contractor_neither_sees_nor_closes_who_complains(written, client, staff_headers, method):
    refused = await client.request(method.upper(), f"{PATH}/1/done", headers=await staff_headers(CONTRACTOR))

    assert_problem(refused, 403, "role-needed", "bureau")


async def test_contractor_does_not_take_the_desk_away_as_a_file(written, client, staff_headers):
    refused = await client.get(f"{PATH}/export?format=csv", headers=await staff_headers(CONTRACTOR))

    assert_problem(refused, 403, "role-needed", "bureau")


async def test_desk_as_a_table(written, client, site, bureau):
    await client.put(f"{PATH}/3/done", headers=bureau)

    answer = await client.get(f"{PATH}/export?format=csv&language=en", headers=bureau)

    titles, newest, *_, oldest = answer.content.decode("utf-8-sig").splitlines()
    assert "Number,Written,Worker,Id on the chain,Done,Done by" == titles
    assert ["3", "2026-11-21T10:00:00+08:00", "W001"] == newest.split(",")[:3]
    assert BUREAU.address == newest.split(",")[-1]
    assert f"1,2026-11-20T10:00:00+08:00,W001,{site.workers['W001'].hex_id},," == oldest


async def test_costs_as_a_table_by_month_and_kind(client, site, sessions, staff_headers):
    async with sessions() as session, session.begin():
        sent = (("paid", 1, 7_900), ("paid", 1, None), ("please_confirm", 2, 15_800))
        for place, (kind, segments, micros) in enumerate(sent):
            session.add(
                Message(
                    key=f"{kind}:{place}", project_pk=site.project.id, kind=kind, state="sent", segments=segments,
                    price_micros=micros, price_unit=micros and "USD", created_at=FIRST, sent_at=FIRST, next_attempt_at=FIRST,
                )
            )  # fmt: skip

    path = f"/api/projects/{ESCROW}/sms-costs/export?format=csv&language=en"
    answer = await client.get(path, headers=await staff_headers(CONTRACTOR))

    assert [
        "Month,Kind,Messages,Segments,Priced,Cost,Currency",
        "2026-11,paid,2,2,1,0.007900,USD",
        "2026-11,please_confirm,1,2,1,0.015800,USD",
    ] == answer.content.decode("utf-8-sig").splitlines()
