"""`anxin demo`: start everything, tell the story, invite the visitor, stay up until Ctrl-C."""

import asyncio
import json
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import DBAPIError

from anxin.chain.identity import ChainChanged, NodeBehind, check_chain
from anxin.chain.rpc import Rpc, RpcUnreachable
from anxin.core import sealing
from anxin.core.database import connect, sessions_of
from anxin.demo.bank import Bank
from anxin.demo.parties import Bureau, Contractor, Registrar
from anxin.demo.phones import Phones, phone_number
from anxin.demo.site import VISITOR, SiteOffice
from anxin.demo.story import Story
from anxin.demo.twilio_standin import Sms, TwilioStandIn
from anxin.stack import EMBEDDED_ACCOUNTS, CannotStart, Stack, running, until_stopped

LOST_SERVER = (
    RpcUnreachable, httpx.HTTPError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError,
)  # fmt: skip


async def run_demo(state: Path, *, once: bool) -> None:
    """Play the main job. The last line of standard output is the summary, as JSON.

    Raises: EmbeddedError, CannotStart.
    """
    console = Console(highlight=False)
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        sms = await stack.enter_async_context(TwilioStandIn())
        bank = await stack.enter_async_context(Bank(state))
        with console.status("starting PostgreSQL, the chain, the contracts and the pages …"):
            up = await stack.enter_async_context(running(state, {**os.environ, **sms.settings, **bank.settings}))
        first_page = time.monotonic() - started
        story = await story_on(stack, up, sms, console, bank)
        console.print(f"[dim]PostgreSQL, chain, contracts, API and worker are up after {first_page:.1f} s[/]\n")
        began = time.monotonic()
        await _check_chain(story)
        await _tell(story)
        summary = await story.summary()
        console.print(_ending(summary, first_page, time.monotonic() - began, time.monotonic() - started))
        if not once:
            await _stay(story, sms, console)
        console.print(json.dumps(summary), soft_wrap=True, markup=False)


async def story_on(
    stack: AsyncExitStack, up: Stack, sms: TwilioStandIn, console: Console, bank: Bank | None = None
) -> Story:
    """Bring the people to a running Anxin. `stack` closes their connections, and ends the bank's teller.

    Args:
        bank: that pays wages out; without one there is a bank that takes deposits only.
    """
    settings = up.settings
    if bank is None:
        bank = await stack.enter_async_context(Bank(up.state))
    teller = bank.teller(up)
    await teller.start()
    stack.push_async_callback(teller.stop)
    sealing.use(sealing.Sealer(settings.data_keys, settings.index_key))
    engine = connect(settings.database_url)
    stack.push_async_callback(engine.dispose)
    rpc = await stack.enter_async_context(Rpc(settings.rpc_url))
    http = await stack.enter_async_context(
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=30, trust_env=False)
    )
    sessions, deployment = sessions_of(engine), up.deployment
    return Story(
        stack=up, sms=sms, rpc=rpc, http=http, sessions=sessions, console=console,
        bank=bank,
        contractor=Contractor(EMBEDDED_ACCOUNTS["contractor"], rpc, deployment),
        bureau=Bureau(EMBEDDED_ACCOUNTS["bureau"], rpc, deployment),
        registrar=Registrar(EMBEDDED_ACCOUNTS["registrar"], rpc, deployment),
        phones=Phones(up.state / "phones.json", http, deployment, settings.public_url),
        office=SiteOffice(sessions, deployment),
    )  # fmt: skip


async def _tell(story: Story) -> None:
    """To the end. A server that was killed is started again, and what was cut short is told again: each step finds what
    is done."""
    for again_after_seconds in (1, 2, 4, 8):
        try:
            await story.tell()
            return
        except* LOST_SERVER as lost:
            why = escape(str(_first(lost)))[:120]
            story.console.print(f"[yellow]…[/] [dim]a server was lost, the story goes on: {why}[/]")
        await asyncio.sleep(again_after_seconds)
    await story.tell()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


async def _check_chain(story: Story) -> None:
    """Raises CannotStart where blocks that were final are gone: the chain's server was killed before it had saved them."""
    try:
        await check_chain(story.rpc, story.stack.deployment, story.sessions)
    except (ChainChanged, NodeBehind) as error:
        raise CannotStart(
            f"{error}: the local chain was killed and lost its last seconds. `make clean` starts afresh"
        ) from error


def _ending(summary: dict[str, object], first_page: float, story: float, whole: float) -> str:
    told = "[bold green]✓[/] the books recomputed from chain events alone agree with contract, tokens and ledger"
    contradicted = "[bold red]✗ the books do not agree: run anxin audit[/]"
    return (
        f"{told if summary['auditOk'] else contradicted}\n"
        f"[dim]{summary['sms']} SMS · first page after {first_page:.1f} s · story {story:.1f} s · in all {whole:.1f} s[/]\n"
    )


async def _stay(story: Story, sms: TwilioStandIn, console: Console) -> None:
    """Keep the registrar's desk open and show the visitor's messages until Ctrl-C."""
    await story.invite_visitor()
    number, url = phone_number(int(VISITOR[1:])), story.stack.settings.public_url
    console.rule("[bold]你的工资 · Your turn")
    console.print(  # no frame: on a narrow terminal it would cut what has to be copied
        f"[bold]工人 Worker[/]      {url}/w/   phone [bold]{number}[/]: three days' wage waits for your signature.\n"
        "                 The code of the SMS appears below.\n"
        f"[bold]总包 Contractor[/]  {url}/c/   fund with a wallet on {story.stack.chain.url}, chain 31337\n"
        f"                 [dim]test key {EMBEDDED_ACCOUNTS['contractor']}[/]\n"
        f"[bold]劳动局 Bureau[/]    {url}/b/   books, disputes and every event\n"
        f"[bold]API[/]              {url}/docs/\n\n"
        "Ctrl-C stops. A second start goes on from here; make clean removes it.",
        soft_wrap=True,
    )
    tasks = [asyncio.create_task(story.keep_desk()), asyncio.create_task(_show(sms, f"+86{number}", console))]
    await until_stopped()
    for task in tasks:
        task.cancel()


async def _show(sms: TwilioStandIn, number: str, console: Console) -> None:
    """Print what the visitor's phone would receive."""
    shown: list[Sms] = []
    while True:
        for message in [each for each in sms.messages if each.to == number and each not in shown]:
            console.print(f"[bold cyan]SMS[/] → {number}  {escape(message.body)}", soft_wrap=True)
            shown.append(message)
        await asyncio.sleep(0.2)
