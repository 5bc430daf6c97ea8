"""The main job in a real browser, on everything real: a phone signs and is paid, a wallet funds, a bureau reads.

The connection drops between signing and sending; the page is even reloaded before it comes back.
"""

import asyncio
import json
from typing import Any

import httpx
from playwright.async_api import Browser, Page
from sqlalchemy import select
from tests.e2e.conftest import picture

from anxin.chain.models import ORPHANED, ChainEvent
from anxin.core.signing import DEVICE, PASSKEY
from anxin.demo.phones import phone_number
from anxin.demo.site import VISITOR, read_roster
from anxin.demo.story import Story
from anxin.ledger import service as ledger
from anxin.people.models import Worker
from anxin.stack import address_of

PHONE = {"viewport": {"width": 360, "height": 780}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 860}}
PATIENCE_MS = 30_000
NEW_NUMBER = "13912345678"
ROSTER = "工号,姓名,身份证号,手机号,班组,用工类型,工价（元）\nN-1,张三,{id_number},{phone},T1,计日,310\n"


async def test_wage_signed_offline_with_a_passkey_is_released_once(story: Story, browser: Browser):
    page = await phone_page(story, browser, locale="zh-CN")
    await add_authenticator(page)
    await sign_in(page, story, VISITOR)
    await page.click("[data-enrol=none] button")
    await page.wait_for_selector(".held")
    await page.click("[data-join=offered] button")
    await page.wait_for_selector("[data-action=confirm]")
    await picture(page, "worker-line")
    await page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    await page.context.set_offline(True)
    await page.click("[data-action=confirm]")
    await picture(page, "worker-confirm")
    await page.click("[data-sheet=confirm] button.van-button--primary")
    await page.wait_for_selector("[data-stage=waiting]")
    await page.reload()
    await page.wait_for_selector("[data-stage=waiting]")
    assert await releases(story, VISITOR) == []

    await page.context.set_offline(False)
    await page.wait_for_selector("[data-stage=released]")
    await page.locator("[data-trail]").evaluate("(trail) => trail.scrollIntoView({ block: 'end' })")
    await picture(page, "worker-released")

    assert await releases(story, VISITOR) == [PASSKEY]
    await page.context.close()


async def test_phone_without_passkeys_signs_with_a_device_key_in_english(story: Story, browser: Browser):
    page = await phone_page(story, browser, locale="en-US")
    await sign_in(page, story, "W001")
    await page.click("[data-enrol=none] button")
    await page.wait_for_selector(".held")
    await page.click("[data-join=offered] button")
    story.roster = ["W001"]
    await story.until(story.joined, "W001 has joined")
    await story.post_sheet()  # nobody is on a sheet before both sides have signed
    await story.until(story.all_posted, "the sheet is final")
    await page.reload()
    await page.click("[data-action=confirm]")
    await page.click("[data-sheet=confirm] button.van-button--primary")
    await page.wait_for_selector("[data-stage=released]")

    assert await releases(story, "W001") == [DEVICE]
    await page.wait_for_selector("[data-trail] [data-step=confirmed].done")
    await page.goto(await link_to_form(story, "W001"))  # as a message has it
    await page.wait_for_selector("[data-sheet=contest]")
    assert await page.evaluate("location.hash") == ""
    await page.context.close()


async def test_worker_asks_for_another_number_and_gives_it_up(story: Story, browser: Browser):
    """The code goes to the new number, the news to the old one; whoever signs in meanwhile sees it without looking."""
    (other,) = read_roster()[2:3]
    await story.office.register(story.bank, [other])
    page = await phone_page(story, browser, locale="zh-CN")
    await sign_in(page, story, other.worker_no)
    await page.click("[data-number] summary")
    await page.fill("input[name=newPhone]", NEW_NUMBER)
    await page.click("[data-number] button[type=submit]")
    await page.fill("input[name=newCode]", await story.sms.code_for(f"+86{NEW_NUMBER}"))
    await page.click("[data-number] button[type=submit]")
    await page.wait_for_selector("[data-number] [data-waiting]")
    await story.until(lambda: told(story, other.worker_no, "换成别的号码"), "the old number is told")

    await page.reload()
    await page.wait_for_selector("[data-number][open] [data-waiting]")
    await page.locator("[data-number]").evaluate("(number) => number.scrollIntoView({ block: 'center' })")
    await picture(page, "worker-number")
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await page.click("[data-action=withdraw-number]")
    await page.wait_for_selector("[data-number] input[name=newPhone]")
    await page.context.close()


async def test_contractor_funds_from_a_wallet_and_sees_it_when_final(story: Story, browser: Browser):
    context = await browser.new_context(**DESK, locale="zh-CN")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await inject_wallet(page, story)
    async with story.sessions() as session:
        before = (await ledger.books_of(session, story.escrow)).funded_fen
    await page.goto(f"{story.stack.settings.public_url}/c/")
    await page.click("text=Test wallet")
    await page.fill("#amount", "1234.56")
    await picture(page, "contractor")
    await page.click(".fund form button[type=submit]")
    await page.wait_for_selector("[data-funding=final]")

    async with story.sessions() as session:
        assert before + 123_456 == (await ledger.books_of(session, story.escrow)).funded_fen
    await context.close()


async def test_site_office_imports_a_roster_and_signs_its_contracts(story: Story, browser: Browser):
    context = await browser.new_context(**DESK, locale="zh-CN")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await inject_wallet(page, story)
    await page.goto(f"{story.stack.settings.public_url}/c/#people")
    await page.click("[data-sign-in]")
    await page.click("[data-work=import]")
    await choose(page, ROSTER.format(id_number="11010519491231002X", phone="12"))
    await page.wait_for_selector("[data-preview] >> text=1 处错误")
    await choose(page, ROSTER.format(id_number="11010519491231002X", phone="13712340001"))
    await page.click("[data-store]")
    await page.click("[data-work=offers]")
    await page.click("[data-sign]")
    await page.wait_for_selector("[data-worker=N-1] [data-contract=offered]")
    await page.click("[data-tab=board]")
    await page.fill("input[name=officerPhone]", "")
    await page.click("[data-save]")
    await page.wait_for_selector("[data-saved]")

    await page.goto(f"{story.stack.settings.public_url}/n/?escrow={story.escrow}")
    assert "还有 1 项法定内容没有填写" in await page.inner_text("[data-missing]")
    await context.close()


async def test_bureau_reads_events_and_books(story: Story, browser: Browser):
    context = await browser.new_context(**DESK, locale="zh-CN")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{story.stack.settings.public_url}/b/")
    await page.wait_for_selector("[data-panel=events] >> text=发布工资单")
    await picture(page, "bureau")

    assert "渝安建工集团" in await page.inner_text("body")
    await context.close()


async def test_api_reference_needs_no_cdn(story: Story, browser: Browser):
    page = await browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{story.stack.settings.public_url}/docs/")
    await page.wait_for_selector('[data-path="/api/sessions"]')
    confirming = page.locator('[data-path="/api/confirmations/{digest}"]').first
    async with asyncio.timeout(30):
        while not await confirming.is_visible():  # so many operations are drawn only where one looks
            await page.mouse.wheel(0, 600)
            await asyncio.sleep(0.1)

    assert [url for url in asked if not url.startswith((story.stack.settings.public_url, "data:"))] == []
    await page.close()


# ---------------------------------------------------------------- people at the browser


async def choose(page: Page, roster: str) -> None:
    file = {"name": "roster.csv", "mimeType": "text/csv", "buffer": roster.encode()}
    await page.set_input_files("input[type=file]", files=[file])


async def phone_page(story: Story, browser: Browser, *, locale: str) -> Page:
    context = await browser.new_context(**PHONE, locale=locale)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{story.stack.settings.public_url}/w/")
    return page


async def add_authenticator(page: Page) -> None:
    """A phone with a fingerprint sensor, as far as the browser can tell."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def sign_in(page: Page, story: Story, worker_no: str) -> None:
    number = phone_number(int(worker_no[1:]))
    await page.fill("input[name=phone]", number)
    await page.click("form.sign-in button[type=submit]")
    await page.wait_for_selector("input[name=code]")
    await page.fill("input[name=code]", await story.sms.code_for(f"+86{number}"))
    await page.click("form.sign-in button[type=submit]")
    await page.wait_for_selector(".card")


async def inject_wallet(page: Page, story: Story, account: str = "contractor") -> None:
    """An EIP-1193 wallet, announced by EIP-6963, that holds one of the embedded chain's own accounts."""
    node = story.stack.chain.url

    async def ask(method: str, params: Any) -> Any:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(node, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return answer.json()

    await page.expose_function("askNode", ask)
    address = address_of(account)
    await page.add_init_script(
        f"""
        const account = {json.dumps(address)};
        const provider = {{
          on() {{}}, removeListener() {{}},
          async request({{ method, params }}) {{
            if (method === 'eth_requestAccounts' || method === 'eth_accounts') return [account];
            const answer = await window.askNode(method, params ?? []);
            if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
            return answer.result;
          }},
        }};
        const info = {{ uuid: '00000000-0000-4000-8000-000000000001', name: 'Test wallet', rdns: 'test.wallet',
                        icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>' }};
        const announce = () => window.dispatchEvent(
          new CustomEvent('eip6963:announceProvider', {{ detail: Object.freeze({{ info, provider }}) }}));
        window.addEventListener('eip6963:requestProvider', announce);
        announce();
        """
    )


async def told(story: Story, worker_no: str, words: str) -> list[str]:
    """The messages to a worker's number that say so."""
    number = f"+86{phone_number(int(worker_no[1:]))}"
    return [each.body for each in story.sms.messages if each.to == number and words in each.body]


# ---------------------------------------------------------------- what the chain says


async def releases(story: Story, worker_no: str) -> list[int]:
    """The assurance of each release of this worker's wages, seen or final."""
    async with story.sessions() as session:
        worker = (await session.scalars(select(Worker).where(Worker.worker_no == worker_no))).one()
        events = await session.scalars(
            select(ChainEvent).where(ChainEvent.name == "Released", ChainEvent.state != ORPHANED)
        )
        return [event.args["assurance"] for event in events if event.args["workerId"] == worker.hex_id]


async def link_to_form(story: Story, worker_no: str) -> str:
    """Where the contest form of this worker's only line opens."""
    async with story.sessions() as session:
        worker = (await session.scalars(select(Worker).where(Worker.worker_no == worker_no))).one()
    sheets = (await story.http.get(f"/api/projects/{story.escrow}/sheets")).json()["sheets"]
    ((sheet, index),) = [
        (sheet["sheetId"], line["index"])
        for sheet in sheets
        for line in sheet["lines"]
        if line["workerId"] == worker.hex_id
    ]
    return f"{story.stack.settings.public_url}/w/#line={story.escrow[2:10]}/{sheet}/{index}"
