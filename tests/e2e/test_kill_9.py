"""Whatever is killed, a signed wage is released exactly once and its worker is told: real processes, real signals.

Killed with SIGKILL: the web server right after its 202 · the worker between the 202 and the release · the worker when
the transaction is stored but not sent · the worker when it is sent and the answer lost · PostgreSQL · the chain's node.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from tests.chain import LOSE_REPLY, PASS, REFUSE, Wire
from tests.e2e.conftest import free_port, started

from anxin.alerts.models import Message
from anxin.audit.service import audit
from anxin.chain.indexer import heights
from anxin.chain.models import ChainEvent, RelayCall
from anxin.chain.reader import read_events
from anxin.demo.phones import all_at_once
from anxin.demo.site import read_roster
from anxin.demo.story import Story
from anxin.people.models import Worker

WORKERS = ["W001", "W002", "W003", "W004", "W005", "W006"]
PATIENCE_SECONDS = 60
TOLD = ("released", "released_to_bank")  # what a worker is told of a wage they signed for


@pytest.fixture(scope="module")
async def wire() -> AsyncIterator[Wire]:
    """Between the backend and its node."""
    async with Wire(f"http://127.0.0.1:{free_port()}") as wire:
        yield wire


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> AsyncIterator[Story]:
    """Everything is up; five workers have enrolled, joined, and see October's wage."""
    settings = {
        "ANXIN_CHAIN_PORT": wire.node.rsplit(":", 1)[1], "ANXIN_RPC_URL": wire.url,
        "ANXIN_RELEASE_BATCH_SECONDS": "0.5", "ANXIN_API_WORKERS": "2",
    }  # fmt: skip
    async with started(tmp_path_factory.mktemp("anxin"), settings) as story:
        rows = [row for row in read_roster() if row.worker_no in WORKERS]
        phones = [story.phones.of(number) for number in WORKERS]
        await story.office.register(story.bank, rows)
        await asyncio.gather(story.open_and_fund(rows), all_at_once([_enrol(story, phone) for phone in phones]))
        await story.registrar.countersign_waiting(story.http)
        await _until(lambda: _count(story, "Enrolled"), len(WORKERS))
        await all_at_once([phone.join() for phone in phones])
        await _until(lambda: _count(story, "Joined"), len(WORKERS))
        await story.office.take_in_attendance(story.contractor)
        await story.office.compile_month(story.contractor)
        await story.contractor.sign_sheets(story.http, story.escrow)
        await _until(lambda: _count(story, "SheetPosted"), 1)
        yield story


async def test_web_server_killed_right_after_its_202(site):
    await confirm(site, "W001")
    os.kill(site.stack.parts["api"].pid, signal.SIGKILL)

    await assert_paid_and_told_once(site, "W001")
    await _until(lambda: _answers(site), True)


async def test_worker_killed_between_the_202_and_the_release(site):
    kill_worker(site)
    await confirm(site, "W002")

    await assert_paid_and_told_once(site, "W002")


@pytest.mark.parametrize(
    ("number", "what"), [("W003", REFUSE), ("W004", LOSE_REPLY)], ids=["stored, not sent", "sent, answer lost"]
)
async def test_worker_killed_around_sending(site, wire, number, what):
    killed = []

    def kill_as_it_sends(requests: list[dict[str, Any]]) -> str:
        if killed or all(each["method"] != "eth_sendRawTransaction" for each in requests):
            return PASS
        killed.append(site.stack.parts["worker"].pid)
        kill_worker(site)
        return what

    wire.fault = kill_as_it_sends
    await confirm(site, number)

    await assert_paid_and_told_once(site, number)
    assert len(killed) == 1


async def test_postgres_killed_while_a_release_is_under_way(site):
    """It is started again by whoever started it, with all that was committed."""
    await confirm(site, "W005")
    os.kill(await _postmaster(site), signal.SIGKILL)

    await assert_paid_and_told_once(site, "W005")


async def test_chain_killed_while_a_release_is_under_way(site):
    """It comes back with what it had stored; what it had not was final for nobody, and is sent again."""
    await confirm(site, "W006")
    os.kill(json.loads((site.stack.state / "chain.json").read_bytes())["pid"], signal.SIGKILL)

    await _until(lambda: _told(site, "W006"), 1)
    at_least = await site.rpc.head()  # a node knows no states from before it was started again
    await _until(lambda: _is_final(site, at_least), True)
    await assert_paid_and_told_once(site, "W006")


async def _is_final(site: Story, block: int) -> bool:
    async with site.sessions() as session:
        return (await heights(session))[1] >= block


async def _postmaster(site: Story) -> int:
    async with site.sessions() as session:
        folder = await session.scalar(text("SELECT current_setting('data_directory')"))
    return int((Path(folder) / "postmaster.pid").read_text().split()[0])


async def confirm(site: Story, number: str) -> None:
    phone = site.phones.of(number)
    (line,) = await phone.lines()
    await phone.confirm(line)


def kill_worker(site: Story) -> None:
    os.kill(site.stack.parts["worker"].pid, signal.SIGKILL)


async def assert_paid_and_told_once(site: Story, number: str) -> None:
    """One Released on the chain, books that agree with the ledger, nothing refused, one SMS or at most two."""
    to = f"+86{site.phones.of(number).number}"
    await _until(lambda: _told(site, number), 1)
    async with site.sessions() as session:
        _, block = await heights(session)
        audited = await audit(site.rpc, site.stack.deployment, block, session)
        worker = await session.scalar(select(Worker).where(Worker.worker_no == number))
        body = await session.scalar(
            select(Message.body).where(Message.worker_pk == worker.id, Message.kind.in_(TOLD))
        )
        refused = await session.scalar(select(func.count()).select_from(RelayCall).where(RelayCall.state == "refused"))
    events = await read_events(site.rpc, site.stack.deployment, await site.rpc.head())
    released = [each for each in events if each.name == "Released" and each.args["workerId"] == worker.hex_id]
    messages = [each for each in site.sms.messages if each.to == to and each.body == body]

    assert len(released) == 1
    assert audited.ok, audited.findings
    assert refused == 0
    assert 1 <= len(messages) <= 2


async def _enrol(site: Story, phone: Any) -> None:
    await phone.sign_in(site.sms)
    await phone.enrol()


async def _count(site: Story, name: str) -> int:
    final = select(func.count()).select_from(ChainEvent).where(ChainEvent.name == name, ChainEvent.state == "final")
    async with site.sessions() as session:
        return int(await session.scalar(final))


async def _told(site: Story, number: str) -> int:
    sent = (
        select(func.count())
        .select_from(Message)
        .join(Worker, Worker.id == Message.worker_pk)
        .where(Worker.worker_no == number, Message.kind.in_(TOLD), Message.state == "sent")
    )
    async with site.sessions() as session:
        return int(await session.scalar(sent))


async def _answers(site: Story) -> bool:
    return (await site.http.get("/api/health")).status_code == 200


async def _until(look: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Look until `wanted` is there; a server that is just coming back is looked at again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if await look() == wanted:
                    return
            except (httpx.HTTPError, OSError):
                pass
            except Exception as error:
                if not any(each in str(error).lower() for each in ("connection", "recovery", "starting up")):
                    raise
            await asyncio.sleep(0.1)
