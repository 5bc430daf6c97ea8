"""Attendance in a real browser: a punch made without a signal, at the site's code, and a file that has a bad cell.

The phone is opened cold without a connection before the punch is sent; the office stores nothing before it has seen what
is wrong.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from sqlalchemy import select
from tests.e2e.conftest import picture, started
from tests.e2e.test_pages import DESK, PATIENCE_MS, add_authenticator, inject_wallet, phone_page, sign_in

from anxin.attendance.models import Punch
from anxin.demo.site import VISITOR
from anxin.demo.story import Story
from anxin.people.models import Worker

FILE = """worker_no,at,direction,attend_type,device
{worker},2026-10-08 07:58,01,002,G1
{worker},2026-10-08 17:32,02,002,G1
{worker},2026-10-09 25:00,01,002,G1
"""


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """Everything is up, with a project and one worker who is offered its terms."""
    async with started(tmp_path_factory.mktemp("anxin")) as story:
        await story.open_and_fund([])
        await story.invite_visitor()
        desk = asyncio.create_task(story.keep_desk())
        yield story
        desk.cancel()


async def test_punch_made_offline_at_the_sites_code_is_received_once_with_both_clocks(story: Story, browser: Browser):
    office = await office_page(story, browser)
    await office.click("[data-part=siteCode]")
    phone = await phone_page(story, browser, locale="zh-CN")
    await add_authenticator(phone)
    await sign_in(phone, story, VISITOR)
    await phone.click("[data-enrol=none] button")
    await phone.wait_for_selector(".held")
    await phone.click("[data-join=offered] button")
    await phone.wait_for_selector("[data-punch='1']")
    await phone.wait_for_function("() => navigator.serviceWorker.controller !== null")

    code = await office.inner_text("[data-code]")
    await phone.context.set_offline(True)
    await phone.evaluate(f"location.hash = 'site={story.escrow}&code={code}'")
    await phone.wait_for_selector("[data-site=held]")
    assert await phone.evaluate("location.hash") == ""
    await phone.click("[data-action=punch]")
    await phone.wait_for_selector("[data-punched=waiting]")
    await picture(phone, "worker-punch")
    await phone.reload()
    await phone.wait_for_selector("[data-punched=waiting]")
    assert await punches(story) == []

    await phone.context.set_offline(False)
    await phone.wait_for_selector("[data-punched=received]")

    assert await punches(story) == [("01", "strong", "matched")]
    await phone.click("[data-action=attendance]")
    await phone.click(".work-day .more")
    assert "工地码对得上" in await phone.inner_text("[data-record^=punch-]")
    await phone.context.close()
    await office.context.close()


async def test_file_with_a_bad_cell_is_named_before_anything_is_stored(story: Story, browser: Browser, tmp_path: Path):
    file = tmp_path / "october.csv"
    file.write_text(FILE.format(worker=VISITOR), encoding="utf-8")
    page = await office_page(story, browser)
    before = len(await punches(story))
    await page.click("[data-part=files]")
    await page.set_input_files("input[name=file]", file)
    await page.wait_for_selector("[data-bad-cell]")

    assert (await page.inner_text("[data-bad-cell]")).split("\t")[:3] == ["4", "at", "2026-10-09 25:00"]
    assert await page.is_disabled("[data-action=confirm-file]")
    assert before == len(await punches(story))

    await page.click("[data-panel=attendance-files] .el-checkbox")
    await page.click("[data-action=confirm-file]")
    await page.wait_for_selector("[data-stored]")
    assert before + 2 == len(await punches(story))
    await page.context.close()


async def office_page(story: Story, browser: Browser) -> Page:
    """The attendance section, with the contractor signed in by wallet."""
    context = await browser.new_context(**DESK, locale="zh-CN")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await inject_wallet(page, story)
    await page.goto(f"{story.stack.settings.public_url}/c/#attendance")
    await page.click("[data-sign-in]")
    await page.wait_for_selector("[data-part]")
    return page


async def punches(story: Story) -> list[tuple[str, str, str]]:
    """Way, strength and what the site code was worth, of each of the visitor's punches."""
    async with story.sessions() as session:
        rows = await session.execute(
            select(Punch.direction, Punch.strength, Punch.code_verdict)
            .join(Worker, Worker.id == Punch.worker_pk)
            .where(Worker.worker_no == VISITOR)
            .order_by(Punch.at)
        )
        return [(direction, strength, verdict) for direction, strength, verdict in rows]
