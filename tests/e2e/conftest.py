"""One running Anxin for all browser tests, with the people of the demonstration, and a headless Chromium."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright
from rich.console import Console

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


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """Everything is up; W001 is offered terms, the visitor's wage is posted; nobody has signed in yet."""
    state: Path = tmp_path_factory.mktemp("anxin")
    ports = {"ANXIN_PORT": str(free_port()), "ANXIN_CHAIN_PORT": str(free_port()), "ANXIN_API_WORKERS": "1"}
    async with AsyncExitStack() as stack:
        sms = await stack.enter_async_context(TwilioStandIn())
        up = await stack.enter_async_context(running(state, {**ports, **sms.settings}))
        story = await story_on(stack, up, sms, Console(quiet=True))
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
