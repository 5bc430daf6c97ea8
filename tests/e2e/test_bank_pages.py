"""Wages on their way through a real bank's files and the bank's own teller, as contractor and bureau see them in a browser.

One is paid into its worker's account; one comes back because the account is closed, is signed for again, and is paid.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from playwright.async_api import TimeoutError as NotShown
from tests.e2e.conftest import picture, started
from tests.e2e.test_pages import DESK, PATIENCE_MS, PHONE, inject_wallet

from anxin.core.clock import SITE_ZONE
from anxin.core.events import Event
from anxin.demo.site import CLOSED_ACCOUNT, PAYDAY, read_roster
from anxin.demo.story import Story

PAID, CAME_BACK = "W002", CLOSED_ACCOUNT
LOOK_MS = 2_000  # then the page is loaded anew: by itself it asks only every 15 seconds
TIME = {"zh-CN": r"\d{4}/\d\d/\d\d \d\d:\d\d", "en-US": r"\d\d/\d\d/\d{4}, \d\d:\d\d"}
WORKER, PROGRESS, LATE, _AMOUNT, _LINE, _PAYDAY, ACCRUED, CONFIRMED, RELEASED, SUBMITTED, SETTLED, RETURNED = range(12)
WAGE, STATE, _FEN, DUE_ON, TO_BANK, BOOKED, GIVEN_BACK, RECEIPT = range(8)


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """Two workers whom the bank pays have signed for October; the bank is not open yet."""
    async with started(tmp_path_factory.mktemp("anxin"), bank_pays=True) as story:
        rows = [row for row in read_roster() if row.worker_no in (PAID, CAME_BACK)]
        story.roster = [row.worker_no for row in rows]
        await story.office.register(story.bank, rows)
        await story.enrol()
        await story.open_and_fund(rows)
        await story.join()
        await story.post_sheet()
        for worker_no in story.roster:
            (line,) = await story.phones.of(worker_no).lines()
            await story.phones.of(worker_no).confirm(line)
        yield story


async def test_wages_are_followed_to_the_bank_and_back(story: Story, browser: Browser):
    async with page_of(story, browser, "contractor", "zh-CN") as page:
        await look_at(page, "bank", "[data-panel=bank-payments] [data-state=submitted]", 2)
        first = await rows(page, "bank-payments")
        assert [["已交银行", PAYDAY.isoformat(), True, False, False, False]] * 2 == [payment(row) for row in first]
        await look_at(page, "trails", "[data-panel=trails] [data-trail=submitted]", 2)
        await picture(page, "bank-trails-submitted")

        story.bank.is_open = True
        await story.until(lambda: both(story), "one wage is paid, the other is back")
        await look_at(page, "bank", "[data-panel=bank-payments] [data-state=returned]")
        await picture(page, "bank-returned")
        by_state = {payment(row)[0]: payment(row)[1:] for row in await rows(page, "bank-payments")}
        assert {
            "已到账": [PAYDAY.isoformat(), True, True, False, True],
            "退回，仍欠": [by_state["退回，仍欠"][0], True, False, True, True],
        } == by_state
        assert "账户已销户" in await page.inner_text("[data-panel=bank-payments]")
        await look_at(page, "trails", "[data-panel=trails] [data-trail=returned]")
        found = {row[WORKER]: row for row in await rows(page, "trails")}
        assert is_time(found[CAME_BACK][RETURNED])
        assert "" == found[PAID][RETURNED]

        story.bank.reopen(CAME_BACK)
        (line,) = await story.phones.of(CAME_BACK).lines()
        await story.phones.of(CAME_BACK).confirm(line)
        settled = await story.until(lambda: all_settled(story), "what came back is paid, too")
        await look_at(page, "bank", "[data-panel=bank-payments] [data-state=settled]", 2)
        assert "第 2 次付款" in await page.inner_text("[data-panel=bank-payments]")
        await picture(page, "bank-paid-again")
        await look_at(page, "trails", "[data-panel=trails] [data-trail=settled]", 2)
        await picture(page, "bank-trails-settled")
        shown = {row[WORKER]: row for row in await rows(page, "trails")}
        ids = await story.worker_ids()
        for worker_no in (PAID, CAME_BACK):
            assert all(is_time(shown[worker_no][step]) for step in (ACCRUED, CONFIRMED, RELEASED, SUBMITTED, SETTLED))
            assert shown[worker_no][LATE] == lateness(last_of(settled, ids[worker_no]), "{} 天")
        assert "第 2 次付款" in shown[CAME_BACK][PROGRESS]


async def test_a_phone_shows_the_same_in_english(story: Story, browser: Browser):
    """After the test above: both are paid."""
    async with page_of(story, browser, "contractor", "en-US", PHONE) as page:
        await look_at(page, "bank", "[data-panel=bank-payments] [data-state=settled]", 2)
        await show(page, "bank-payments")
        await picture(page, "bank-phone")
        assert {"paid", "came back, owed"} == {row[STATE].splitlines()[0] for row in await rows(page, "bank-payments")}
        assert await fits(page)
        await look_at(page, "trails", "[data-panel=trails] [data-trail=settled]", 2)
        await show(page, "trails")
        await picture(page, "bank-trails-phone")
        assert all(is_time(row[SETTLED], "en-US") for row in await rows(page, "trails"))
        assert await fits(page)


async def test_bureau_sees_who_was_paid_when_and_how_late(story: Story, browser: Browser):
    """After the first test. Late ones alone, where they were late."""
    settled = await story.events("LineSettled")
    late = sum(bool(lateness(event, "{}")) for event in settled)
    async with page_of(story, browser, "bureau", "zh-CN") as page:
        await page.click("[data-tab=trails]")
        await page.wait_for_selector("[data-panel=trails] [data-trail=settled]")
        await show(page, "trails")
        await picture(page, "bank-bureau")
        assert 2 == len(await rows(page, "trails"))
        await page.click("[data-panel=trails] .el-checkbox")
        if late:
            await page.wait_for_selector("[data-panel=trails] [data-late]")
            assert late == len(await rows(page, "trails"))
        else:
            await page.wait_for_selector("[data-panel=trails] .note")


# ------------------------------------------------------------------ what the pages show


@asynccontextmanager
async def page_of(
    story: Story, browser: Browser, account: str, locale: str, screen: dict[str, Any] = DESK
) -> AsyncIterator[Page]:
    """A party's own page, signed in with their wallet."""
    context = await browser.new_context(**screen, locale=locale, timezone_id="Asia/Shanghai")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await inject_wallet(page, story, account)
    await page.goto(f"{story.stack.settings.public_url}/{'b' if account == 'bureau' else 'c'}/#bank")
    await page.click("[data-sign-in]")
    yield page
    await context.close()


async def look_at(page: Page, tab: str, selector: str, count: int = 1) -> None:
    """Open a section and wait until it shows so many of something."""
    await page.wait_for_selector(f"[data-tab={tab}]")
    for _ in range(PATIENCE_MS // LOOK_MS):
        await page.click(f"[data-tab={tab}]")
        try:
            await page.locator(selector).nth(count - 1).wait_for(timeout=LOOK_MS)
        except NotShown:
            await page.reload()
        else:
            return
    raise AssertionError(f"{tab} never shows {count} of {selector}:\n{await page.inner_text('body')}")


async def show(page: Page, panel: str) -> None:
    await page.locator(f"[data-panel={panel}]").evaluate("(panel) => panel.scrollIntoView()")


async def rows(page: Page, panel: str) -> list[list[str]]:
    """The cells of a table, by row."""
    found: list[list[str]] = await page.eval_on_selector_all(
        f"[data-panel={panel}] .el-table__body tbody tr",
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim()))",
    )
    return found


def payment(row: list[str]) -> list[Any]:
    """What a payment is, when it is due, and which of its steps have a time."""
    steps = (TO_BANK, BOOKED, GIVEN_BACK, RECEIPT)
    return [row[STATE].splitlines()[0], row[DUE_ON], *(is_time(row[step]) for step in steps)]


def is_time(cell: str, locale: str = "zh-CN") -> bool:
    return re.fullmatch(TIME[locale], cell) is not None


async def fits(page: Page) -> bool:
    """Whether nothing but the tables is wider than the screen."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


# ------------------------------------------------------------------ what the chain says


async def both(story: Story) -> list[Event]:
    found = [*await story.events("LineReturned"), *await story.events("LineSettled")]
    return found if len(found) == 2 else []


async def all_settled(story: Story) -> list[Event]:
    settled = await story.events("LineSettled")
    return settled if len(settled) == 2 else []


def last_of(events: list[Event], worker_id: str) -> Event:
    return [event for event in events if event.args["workerId"] == worker_id][-1]


def lateness(event: Event, words: str) -> str:
    """In days, counted to the bank's receipt on the chain by the site's own calendar."""
    settled_on: datetime = event.block_time.astimezone(SITE_ZONE)
    days = (settled_on.date() - PAYDAY).days
    return words.format(days) if days > 0 else ""
