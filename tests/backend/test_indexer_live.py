"""Open pages are told what has changed: once it is committed, whatever it concerns, and again after a lost connection.

Branches: ready · a change of its escrow · of another · of everybody · rolled back · two readers · lost connection · a slow
reader · back with the newest id · with an older one · after the end of the process · the indexer's own: seen, final, gone ·
over HTTP · no such escrow.
"""

import asyncio
import contextlib

import msgspec
import pytest
from sqlalchemy import text
from tests.backend.conftest import ESCROW, assert_problem
from tests.backend.relaying import DEPTH

from anxin.app import build
from anxin.chain import live as live_module
from anxin.chain.indexer import Indexer
from anxin.chain.live import Live, Message, announce, announce_resync
from anxin.chain.models import Block, ChainEvent
from anxin.chain.routes import _messages
from anxin.core.clock import now
from anxin.core.database import transaction

pytest_plugins = ["tests.chain"]

OTHER = "0x" + "11" * 20


@pytest.fixture
async def live(settings):
    live = Live(settings.database_url)
    yield live
    await live.close()


@pytest.fixture
def tell(sessions):
    async def tell(block, *contracts):
        async with transaction(sessions) as session:
            await announce(session, block, contracts)

    return tell


class Reader:
    """A page's stream. `next` waits for a message that says something."""

    def __init__(self, messages):
        self._messages = messages

    async def next(self):
        async with asyncio.timeout(5):
            while (message := await anext(self._messages)).event is None:
                pass
        return message.event, message.id

    async def says_nothing(self):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                return await anext(self._messages)
        return None


@pytest.fixture
async def read(live, sessions):
    readers = []

    async def read(escrow=None, known=None):
        readers.append(_messages(live, sessions, escrow, known))
        reader = Reader(readers[-1])
        if known is None:
            assert ("ready", 0) == await reader.next()
        return reader

    yield read
    for each in readers:
        await each.aclose()


async def test_change_is_told_to_whom_it_concerns(read, tell):
    mine, all_of_it, other = await read(ESCROW), await read(), await read(OTHER)

    await tell(7, ESCROW)

    assert [("change", 7), ("change", 7)] == [await mine.next(), await all_of_it.next()]
    assert await other.says_nothing() is None


async def test_every_reader_is_told(read, tell):
    readers = [await read() for _ in range(5)]

    await tell(7, ESCROW)

    assert [("change", 7)] * 5 == [await reader.next() for reader in readers]


async def test_change_of_very_many_concerns_everybody(read, tell):
    reader = await read(OTHER)

    await tell(7, *(f"0x{number:040x}" for number in range(live_module.MOST_CONTRACTS + 1)))

    assert ("change", 7) == await reader.next()


async def test_what_is_rolled_back_is_not_told(read, sessions, tell):
    reader = await read()
    async with sessions() as session:
        await announce(session, 6, [ESCROW])
        await session.rollback()

    await tell(7, ESCROW)

    assert ("change", 7) == await reader.next()


async def test_lost_connection_means_ask_for_everything_and_is_mended(read, tell, sessions):
    reader = await read()
    await tell(7, ESCROW)
    await reader.next()
    listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'"
    async with sessions() as session:
        assert list(await session.scalars(text(listening)))

    assert ("resync", 7) == await reader.next()
    await tell(8, ESCROW)
    assert ("change", 8) == await reader.next()


async def test_slow_reader_is_told_to_ask_for_everything(live, read, tell):
    reader = await read()
    for block in range(live_module.MOST_WAITING + 5):
        live._tell(Message("change", block))

    assert ("resync", live_module.MOST_WAITING) == await reader.next()


async def test_reader_that_comes_back_asks_again_only_if_something_happened(read, sessions):
    async with transaction(sessions) as session:
        session.add(Block(hash="0x07", number=7, parent="0x06", time=now(), state="final"))
        await session.flush()
        session.add(ChainEvent(
            block_hash="0x07", log_index=0, block_number=7, block_time=now(), tx_hash="0x", contract="WageEscrow",
            address=ESCROW, name="Funded", args={}, state="final",
        ))  # fmt: skip

    assert ("resync", 7) == await (await read(ESCROW, known="6")).next()
    assert ("resync", 7) == await (await read(ESCROW, known="rubbish")).next()
    assert await (await read(ESCROW, known="7")).says_nothing() is None
    assert await (await read(OTHER, known="0")).says_nothing() is None


async def test_end_of_the_process_ends_every_stream(live, read):
    reader = await read()

    await live.close()

    with pytest.raises(StopAsyncIteration):
        await reader.next()


async def test_indexer_tells_what_is_new_final_and_gone(chain, sessions, read):
    deployment = msgspec.structs.replace(chain.deployment, start_block=chain.start)
    indexer = Indexer(sessions, chain.rpc, deployment, finality_depth=DEPTH, on_event={})
    await indexer.step()
    reader = await read(chain.token.lower())
    await chain.approve(1)
    await chain.mine()
    first = await chain.head()
    await indexer.step()
    assert ("change", first) == await reader.next()

    await chain("anvil_reorg", 1, [])
    await indexer.step()
    assert "resync" == (await reader.next())[0]

    await chain.approve(2)
    await chain.mine(DEPTH + 1)
    while await indexer.step():
        pass
    assert [("change", first + 1)] * 2 == [await reader.next(), await reader.next()]


async def test_stream_over_http_lasts_until_the_reader_leaves(settings, tell, sessions):
    application, sent, left = build(settings), [], asyncio.Event()

    async def receive():
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    async def until(words):
        async with asyncio.timeout(5):
            while words not in b"".join(each.get("body", b"") for each in sent):
                await asyncio.sleep(0.01)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/api/live", "raw_path": b"/api/live", "query_string": f"escrow=0x{ESCROW[2:].upper()}".encode(),
        "headers": [], "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1),
    }  # fmt: skip
    streaming = asyncio.create_task(application(scope, receive, send))
    await until(b"event: ready")
    await tell(7, ESCROW)
    await until(b'id: 7\r\nevent: change\r\ndata: {"block":7}')
    async with transaction(sessions) as session:
        await announce_resync(session, 9)
    await until(b"event: resync")

    left.set()
    async with asyncio.timeout(5):
        await streaming
    headers = dict(sent[0]["headers"])
    assert (b"text/event-stream", b"no") == (headers[b"content-type"].split(b";")[0], headers[b"x-accel-buffering"])
    await application.dependencies["live"].dependency().close()


async def test_what_is_no_escrow_is_malformed(client):
    assert_problem(await client.get("/api/live?escrow=0x12"), 400, "malformed", "escrow")
