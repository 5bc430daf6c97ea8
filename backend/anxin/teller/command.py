"""`anxin teller run` and `once`: the parts put together. Who runs it is the bank; nothing of the operator's is needed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import httpx

from anxin.bank.adapters import BadBankUrl, connected
from anxin.chain.identity import check_first_block
from anxin.chain.roles import BANK, holds_role
from anxin.chain.rpc import Rpc
from anxin.core import logs
from anxin.core.deployment import Deployment
from anxin.teller.attesting import Publisher
from anxin.teller.chain_view import ChainView
from anxin.teller.errors import CannotTell
from anxin.teller.journal import Journal
from anxin.teller.keys import read_key
from anxin.teller.plan import Desk
from anxin.teller.sending import Sender
from anxin.teller.service import Teller, run


@dataclass(frozen=True)
class Options:
    """What a teller is told. `api`: of the operator that publishes attested balances; empty for none.

    `accounts`: the wage accounts that the token mirrors; all that the bank's files name where there are none.
    """

    rpc_url: str
    deployment: Path
    bank_url: str
    bank_name: str
    key_file: Path
    api: str = ""
    accounts: frozenset[str] = frozenset()
    finality_depth: int = 12
    bank_token: str = ""
    safe_height_file: str = ""


@asynccontextmanager
async def teller_of(options: Options) -> AsyncIterator[Teller]:
    """Raises CannotTell, NoDeployment, ChainChanged, RpcUnreachable."""
    account, deployment = read_key(options.key_file), Deployment.read(options.deployment)
    async with AsyncExitStack() as stack:
        rpc = await stack.enter_async_context(Rpc(options.rpc_url, safe_height_file=options.safe_height_file))
        await check_first_block(rpc, deployment)
        await _check_role(rpc, deployment, account.address)
        try:
            connection = connected(options.bank_url, name=options.bank_name, token=options.bank_token)
            bank = await stack.enter_async_context(connection)
        except BadBankUrl as error:
            raise CannotTell(str(error)) from error
        journal = Journal(
            Path(f"{options.key_file}.journal"), deployment.genesis_hash, account.address, options.bank_name
        )
        stack.enter_context(journal)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        yield Teller(
            bank, rpc, Desk(options.bank_name, deployment, options.accounts),
            Sender(rpc, deployment, account, journal, options.finality_depth),
            ChainView(rpc, deployment, options.finality_depth), Publisher(options.api, http) if options.api else None,
        )  # fmt: skip


async def _check_role(rpc: Rpc, deployment: Deployment, address: str) -> None:
    is_bank, _ = await holds_role(rpc, deployment, BANK, address)
    if not is_bank:
        roles = deployment.addresses.roles
        raise CannotTell(f"{address} does not hold the bank's role on {roles}: the administrator grants it (operations.md)")


async def run_teller(options: Options, every_seconds: float) -> None:
    """Until it is stopped."""
    logs.configure()
    async with teller_of(options) as teller:
        await run(teller, every_seconds)


async def tell_once(options: Options) -> bool:
    """One round. Return whether there is nothing that a person must look at."""
    logs.configure()
    async with teller_of(options) as teller:
        done = await teller.round()
    for what in done.sent:
        click.echo(f"→ {what}")
    if done.attested is not None:
        click.echo(f"→ attested {done.attested.amount_fen} fen at {done.attested.at}")
    for doubt in sorted(done.doubts):
        click.echo(f"? {doubt.subject}: {doubt.problem}", err=True)
    click.echo(f"{len(done.sent)} sent, {done.under_way} under way, {len(done.doubts)} to be looked at")
    return not done.doubts
