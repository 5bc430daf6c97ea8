"""A wage sheet in a real browser, from the gate's readings to the chain: compiled, looked at, submitted, signed, posted."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser
from tests.e2e.conftest import picture, started
from tests.e2e.test_pages import DESK, PATIENCE_MS, inject_wallet

from anxin.demo.site import read_roster
from anxin.demo.story import Story


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """W001 has a contract that both sides signed, W002 one that only the contractor did; both worked in October."""
    async with started(tmp_path_factory.mktemp("anxin")) as story:
        rows = read_roster()[:2]
        story.roster = [rows[0].worker_no]
        await story.office.register(story.bank, rows)
        await story.enrol()
        await story.open_and_fund(rows)
        await story.join()
        await story.office.take_in_attendance(story.contractor)
        yield story


async def test_month_is_compiled_looked_at_submitted_signed_and_posted(story: Story, browser: Browser):
    context = await browser.new_context(**DESK, locale="zh-CN")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await inject_wallet(page, story)
    await page.goto(f"{story.stack.settings.public_url}/c/#sheets")
    await page.click("[data-sign-in]")
    await page.fill("input[name=month]", "2026-10")
    await page.click("[data-act=compile]")

    await page.wait_for_selector("[data-panel=sheet][data-state=draft]")
    assert "W001" in await page.inner_text("[data-panel=lines]")
    left_out = await page.inner_text("[data-panel=check]")
    assert "W002" in left_out
    await picture(page, "sheet-draft")

    await page.click("[data-act=submit]")
    await page.click("[data-panel=sheet][data-state=waiting] [data-act=sign]")
    await page.wait_for_selector("[data-panel=sheet][data-state=done]")
    await page.wait_for_selector("[data-panel=trails] [data-trail=accrued]")

    (posted,) = await story.until(lambda: story.events("SheetPosted"), "the sheet is final")
    ids = await story.worker_ids()
    assert [ids["W001"]] == [line["workerId"] for line in posted.args["lines"]]
    await context.close()
