"""A reorganisation deeper than finality takes a month back, an operator says to where, and it all comes again: with real
processes, two relayer keys that send in no order between them, and everybody's words as they were signed the first time.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.e2e.conftest import started

from anxin.chain.indexer import heights
from anxin.chain.models import RelayAttempt
from anxin.chain.rpc import Rpc
from anxin.core.database import transaction
from anxin.demo.phones import days_mask
from anxin.demo.site import read_roster
from anxin.demo.story import Story, missing_day
from anxin.stack import EMBEDDED_ACCOUNTS, Supervised

CONFIRMS, CONTESTS = "W001", "W003"  # paid at addresses of their own
DONE = {"Enrolled": 2, "Joined": 2, "SheetPosted": 1, "Released": 2, "Contested": 1, "Answered": 1}


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    """The escrow is there and has money; nobody is enrolled."""
    keys = ",".join(EMBEDDED_ACCOUNTS[name] for name in ("witness", "guardian"))
    async with started(tmp_path, {"ANXIN_RELAYER_KEYS": keys}) as story:
        rows = [row for row in read_roster() if row.worker_no in (CONFIRMS, CONTESTS)]
        story.roster = [row.worker_no for row in rows]
        await story.office.register(story.bank, rows)
        await story.open_and_fund(rows)
        yield story


async def test_a_month_that_is_taken_back_comes_again_by_itself(story: Story):
    common = await final_height(story)
    await story.enrol()
    await story.join()
    await story.post_sheet()
    await sign_and_answer(story)
    before = {name: len(await story.until(lambda name=name: story.events(name), name)) for name in DONE}
    assert before == DONE

    worker = story.stack.parts["worker"]
    await worker.stop()
    async with Rpc(story.stack.settings.rpc_url) as node:
        await node.call("anvil_reorg", await node.head() - common, [])
    code, said = await anxin(story, "reverse", "--to", str(common))
    assert (0, True) == (code, f"back to block {common}" in said), said
    assert dict.fromkeys(DONE, 0) == {name: len(await story.events(name)) for name in DONE}

    await an_hour_passes(story)
    again = Supervised(["worker"], story.stack.settings.to_environment(), story.stack.state / "worker.log")
    await again.start()
    try:
        await story.until(lambda: comes_again(story), "everything is final again")
        code, said = await anxin(
            story, "audit", "--rpc", story.stack.settings.rpc_url, "--deployment", str(story.stack.settings.deployment),
            "--database", story.stack.settings.database_url,
        )  # fmt: skip
    finally:
        await again.stop()

    assert (0, True) == (code, "✓ consistent" in said), said


async def sign_and_answer(story: Story) -> None:
    """One signs, one contests; the contractor admits half."""
    (line,) = await story.phones.of(CONFIRMS).lines()
    await story.phones.of(CONFIRMS).confirm(line)
    (line,) = await story.phones.of(CONTESTS).lines()
    days = [*line["days"], missing_day(line)]
    await story.phones.of(CONTESTS).contest(
        line, claimed_fen=line["amountFen"] + 10_000, claimed_days=days_mask(days, line["firstDay"]), reason="少算一天"
    )
    (contested,) = await story.until(lambda: story.events("Contested"), "the contest is final")
    await story.contractor.answer(
        story.http, story.escrow, contested.args["disputeId"], admitted_fen=5_000, evidence="考勤机记录到中午"
    )
    await story.until(lambda: story.events("Answered"), "the answer is final")
    await story.until(lambda: both_released(story), "the wages are final")


async def an_hour_passes(story: Story) -> None:
    """So that each key sends all it has at once, and not as far apart as the first time."""
    async with transaction(story.sessions) as session:
        await session.execute(update(RelayAttempt).values(sent_at=RelayAttempt.sent_at - timedelta(hours=1)))


async def both_released(story: Story) -> bool:
    return len(await story.events("Released")) == DONE["Released"]


async def comes_again(story: Story) -> bool:
    return {name: len(await story.events(name)) for name in DONE} == DONE


async def final_height(story: Story) -> int:
    async with story.sessions() as session:
        return int((await heights(session))[1])


async def anxin(story: Story, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "anxin.cli", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **story.stack.settings.to_environment()},
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode, output.decode()
