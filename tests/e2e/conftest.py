"""One running Anxin for all browser tests, with the people of the demonstration, and a headless Chromium."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright
from rich.console import Console

from anxin.demo.bank import Bank
from anxin.demo.main import story_on
from anxin.demo.site import read_roster
from anxin.demo.story import Story
from anxin.demo.twilio_standin import TwilioStandIn
from anxin.stack import running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def started(
    state: Path, settings: Mapping[str, str] | None = None, *, bank_pays: bool = False
) -> AsyncIterator[Story]:
    """An Anxin of its own that keeps its state in `state`, with the people of the demonstration.

    Args:
        settings: instead of those of a small machine with free ports.
        bank_pays: wages out too; else there is a bank that takes deposits only.
    """
    own = {"ANXIN_PORT": str(free_port()), "ANXIN_CHAIN_PORT": str(free_port()), "ANXIN_API_WORKERS": "1"}
    async with AsyncExitStack() as stack:
        sms = await stack.enter_async_context(TwilioStandIn())
        bank = await stack.enter_async_context(Bank(state)) if bank_pays else None
        outside = {**sms.settings, **(bank.settings if bank is not None else {})}
        up = await stack.enter_async_context(running(state, {**own, **outside, **(settings or {})}))
        yield await story_on(stack, up, sms, Console(quiet=True), bank)


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """Everything is up; W001 is offered terms, the visitor's wage is posted; nobody has signed in yet."""
    async with started(tmp_path_factory.mktemp("anxin")) as story:
        first = read_roster()[:1]
        await story.office.register(story.bank, first)
        await story.open_and_fund(first)
        await story.invite_visitor()
        desk = asyncio.create_task(story.keep_desk())
        yield story
        desk.cancel()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("CHROMIUM IS MISSING: the pages were NOT tried in a browser (apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


SCREENSHOTS = os.environ.get("ANXIN_SCREENSHOTS")  # a folder: the README's pictures are taken by these tests


async def picture(page: Page, name: str) -> None:
    if SCREENSHOTS:
        await page.wait_for_timeout(600)  # let transitions end
        await page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")
