"""PostgreSQL goes away at the worst moments: at each commit, before it or after it; in a deadlock; when the disk is full.

Branches: confirmation accepted · each commit of a relayer, from the first look to the last · each commit of an indexer ·
deadlock lost · relation cannot grow (a limit on the server's files stands for a full disk).
"""

import asyncio
import contextlib
import shutil

import httpx
import msgspec
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from tests.backend.relaying import DEPTH, settle
from tests.backend.signed_words import confirmation
from tests.backend.test_indexer import ledger, new_indexer, values  # noqa: F401, fixtures
from tests.chaos.wires import CUT_AFTER, CUT_BEFORE, PostgresWire

from anxin.app import build
from anxin.chain.relayer import Relayer
from anxin.core.database import connect, sessions_of, transaction
from anxin.wages.models import Confirmation

pytest_plugins = ["tests.chain", "tests.backend.relaying"]

MOST_COMMITS = 40
FILLING_ROWS = 9000  # more than 16 MB: a limit below a segment of the write-ahead log would stop the whole server
ROW = "INSERT INTO relay_attempts (tx_hash, relayer, nonce, raw, no_op, closed, signed_at) SELECT "
FILL = text(ROW + "'fill' || n, 'nobody', n, convert_to(repeat('x', 1930), 'UTF8'), true, true, now() "
            "FROM generate_series(CAST(:first AS int), :rows) AS n")  # fmt: skip
SMALL = text(ROW + "'small' || CAST(:number AS int), 'nobody', 0, convert_to(repeat('x', 300), 'UTF8'), true, true, now()")


class Cut:
    """The fate of the `at`th commit from now on, and of none else; counts what came by."""

    def __init__(self, at, fate):
        self.at, self.fate, self.seen = at, fate, 0

    def __call__(self):
        self.seen += 1
        return self.fate if self.seen == self.at else None


@pytest.fixture
async def wire_to_postgres(database_url):
    place = make_url(database_url)
    async with PostgresWire(lambda: (place.host, place.port)) as wire:
        wire.url = place.set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False)
        yield wire


@pytest.fixture
async def cut_sessions(wire_to_postgres, sessions):
    engine = connect(wire_to_postgres.url)
    yield sessions_of(engine)
    await engine.dispose()


@pytest.mark.parametrize("fate", [CUT_BEFORE, CUT_AFTER])
async def test_confirmation_whose_commit_nobody_heard_of_is_kept_once_when_it_is_sent_again(
    settings, wire_to_postgres, site, sessions, gathered, fate
):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    through = msgspec.structs.replace(settings, database_url=wire_to_postgres.url)
    app = build(through)
    asgi = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.lifespan(), httpx.AsyncClient(transport=asgi, base_url="http://localhost") as phone:
        wire_to_postgres.fate = Cut(1, fate)
        first = await phone.put(path, json=body)
        again = await phone.put(path, json=body)

    assert (True, 202) == (first.status_code >= 500, again.status_code)
    assert [sheet.id] == await gathered()
    async with sessions() as session:
        assert 1 == await session.scalar(select(func.count()).select_from(Confirmation))


@pytest.mark.parametrize("fate", [CUT_BEFORE, CUT_AFTER])
async def test_relayer_cut_off_at_any_commit_makes_each_call_once(
    chain, wire_to_postgres, cut_sessions, new_relayer, ask, states, fate
):
    cut, count = Cut(0, fate), 0
    wire_to_postgres.fate = cut
    while cut.at <= MOST_COMMITS and cut.seen >= cut.at:  # until a whole run has fewer commits than that
        cut.at, cut.seen, count = cut.at + 1, 0, count + 1
        await ask(chain.approval(f"call {count}", count))
        relayer = on(cut_sessions, new_relayer())
        for _ in range(2):
            with contextlib.suppress(DBAPIError, OSError):
                await relayer.step()
            await chain.mine(DEPTH + 1)
    await settle(chain, new_relayer())

    assert 4 <= count
    assert {f"call {n}": "final" for n in range(1, count + 1)} == await states()
    assert list(range(1, count + 1)) == sorted(await chain.approvals())


@pytest.mark.parametrize("fate", [CUT_BEFORE, CUT_AFTER])
async def test_indexer_cut_off_at_any_commit_tells_each_event_once(
    chain, wire_to_postgres, cut_sessions, new_indexer, values, sessions, fate  # noqa: F811
):
    told = []

    async def record(session, event):
        told.append(event.args["value"])

    cut, count = Cut(0, fate), 0
    wire_to_postgres.fate = cut
    while cut.at <= MOST_COMMITS and cut.seen >= cut.at:
        cut.at, cut.seen, count = cut.at + 1, 0, count + 1
        await chain.approve(count)
        await chain.mine(DEPTH + 1)
        indexer = new_indexer(on_event={"Approval": (record,)})
        indexer._sessions = cut_sessions
        for _ in range(5):
            with contextlib.suppress(DBAPIError, OSError):
                await indexer.step()
    assert 2 <= count
    assert list(range(1, count + 1)) == await values("final")
    assert set(range(1, count + 1)) == set(told)


async def test_deadlock_lost_costs_a_step_and_nothing_else(chain, new_relayer, ask, states, sessions):
    """Somebody holds what the relayer wants next, and wants what it holds; PostgreSQL ends the relayer's transaction."""
    relayer = new_relayer()
    await ask(chain.approval("a", 1))
    await relayer.step()
    await chain.mine(DEPTH + 1)
    async with transaction(sessions) as other:
        await other.execute(text("SET LOCAL deadlock_timeout = '1min'"))  # the relayer is the one that notices
        await other.execute(text("SELECT 1 FROM relay_attempts FOR UPDATE"))
        losing = asyncio.create_task(relayer.step())
        await _until_waiting(sessions)
        await other.execute(text("SELECT 1 FROM relay_calls FOR UPDATE"))
        with pytest.raises(DBAPIError, match="deadlock detected"):
            await losing

    assert {"a": "signed"} == await states()
    await relayer.step()
    assert ({"a": "final"}, [1]) == (await states(), await chain.approvals())


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="limits of another process are set on Linux only")
async def test_full_disk_signs_nothing_and_loses_nothing(chain, postgres, new_relayer, ask, states, sessions):
    """A table that may not grow is told as a full disk is. When there is room again the call is made."""
    await ask(chain.approval("a", 1))
    async with transaction(sessions) as session:
        await session.execute(FILL, {"first": 0, "rows": FILLING_ROWS})
        size = await session.scalar(text("SELECT pg_relation_size('relay_attempts')"))
    pids = await _servers(sessions, postgres)
    await _limit(sessions, pids, f"{size}")
    try:
        await _fill_to_the_brim(sessions)
        with pytest.raises(DBAPIError, match="could not extend file"):
            await new_relayer().step()
        assert ({"a": "waiting"}, []) == (await states(), await chain.pending())
    finally:
        await _limit(sessions, pids, "unlimited")
    await settle(chain, new_relayer())

    assert ({"a": "final"}, [1]) == (await states(), await chain.approvals())


def on(sessions, relayer: Relayer) -> Relayer:
    """The same relayer with another way to the database."""
    relayer._sessions = relayer._lane.sessions = sessions
    return relayer


async def _until_waiting(sessions):
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with asyncio.timeout(10):
        while True:
            async with sessions() as session:
                if await session.scalar(waiting):
                    return
            await asyncio.sleep(0.02)


async def _servers(sessions, postgres):
    """The processes that serve us, and the one that makes more of them."""
    async with sessions() as session:
        pids = await session.scalars(text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"))
        return [postgres._process.pid, *pids]


async def _limit(sessions, pids, size):
    """How long a file they may write: set by the server itself, as its own user."""
    limits = "; ".join(f"prlimit --pid={pid} --fsize={size}: || true" for pid in pids)
    async with transaction(sessions) as session:
        await session.execute(text(f"COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; {limits}'".replace(":", "\\:")))


async def _fill_to_the_brim(sessions):
    """Use up what room is left in the table's last pages."""
    for number in range(1000):
        try:
            async with transaction(sessions) as session:
                await session.execute(SMALL, {"number": number})
        except DBAPIError:
            return
    raise AssertionError("the table grows on")
