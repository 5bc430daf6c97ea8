"""anxin up | api | worker | demo | migrate | teller | audit | payroll | doctor | files | openapi"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from anxin.settings import ROOT, Settings, SettingsError

STATE = ROOT / ".anxin"
STREAMS_END_WITHIN_SECONDS = 5  # when the API is stopped: a page's open stream ends by itself never


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Anxin (安薪): wages locked in escrow, released by the worker's own signature."""


@main.command()
@click.option("--state", type=click.Path(path_type=Path), default=STATE, help="Folder of the embedded services.")
def up(state: Path) -> None:
    """Run everything in one place: embedded PostgreSQL and chain, contracts, API, pages and worker."""
    from anxin.stack import run_up

    _run(run_up(state))


@main.command()
@click.option("--once", is_flag=True, help="Tell the story, print the summary, and end.")
@click.option("--state", type=click.Path(path_type=Path), default=STATE, help="Folder of the embedded services.")
def demo(once: bool, state: Path) -> None:
    """Play one month of one site on real parts: 60 workers are paid."""
    from anxin.demo.main import run_demo

    _run(run_demo(state, once=once))


@main.command()
def api() -> None:
    """Serve the API and the pages. Holds no state: run as many as you like."""
    from granian.constants import Interfaces
    from granian.server import Server

    settings = _settings()
    Server(
        "anxin.app:create",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=settings.api_workers,
        respawn_failed_workers=True,
        workers_kill_timeout=STREAMS_END_WITHIN_SECONDS,
        log_access=False,
    ).serve()


@main.command()
def worker() -> None:
    """Run jobs, relayer and indexer. Several may run: each part has one leader, the others wait to take over."""
    from anxin.worker import run

    _run(run(_settings()))


@main.command()
def migrate() -> None:
    """Bring the database to the present version."""
    from anxin.core.migrate import migrate as run_migrations

    _run(run_migrations(_settings().database_url))


@main.command()
@click.option("--rpc", "rpc_url", required=True, help="JSON-RPC of any node of the chain.")
@click.option("--deployment", type=click.Path(path_type=Path, dir_okay=False), default=STATE / "deployment.json")
@click.option("--block", type=click.IntRange(min=0), help="Up to this block; the node's newest otherwise.")
@click.option("--attestation", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="The bank's attested balance, as /api/bank/balances/latest answers: checked, too.")  # fmt: skip
@click.option("--database", "database_url", help="Its rows are compared, too, at its newest final block: postgresql+asyncpg://…")
def audit(
    rpc_url: str, deployment: Path, block: int | None, attestation: Path | None, database_url: str | None
) -> None:
    """Recompute every balance and payment from chain events alone; ends with 1 if anything contradicts.

    With --database every row that follows from the chain is compared with it. Nothing is written.
    """
    if database_url is not None and block is not None:
        raise click.ClickException("--block does not go with --database, which is compared at its own newest final block")
    _run(_audit(rpc_url, deployment, block, attestation, database_url))


async def _audit(
    rpc_url: str, deployment: Path, block: int | None, attestation: Path | None, database_url: str | None
) -> None:
    from anxin.audit.against_database import audit_url
    from anxin.audit.attested import check_attestation, check_supply, read_attestation, supply_of, token_events
    from anxin.audit.service import audit as run_audit
    from anxin.chain.identity import check_first_block
    from anxin.chain.rpc import Rpc
    from anxin.core.deployment import Deployment
    from anxin.core.money import yuan
    from anxin.disputes.views import stored as read_disputes

    contracts = Deployment.read(deployment)
    said = None if attestation is None else read_attestation(attestation)
    async with Rpc(rpc_url) as rpc:
        await check_first_block(rpc, contracts)
        if database_url is not None:
            upto, result = await audit_url(rpc, contracts, database_url, read_disputes)
        else:
            upto = await rpc.head() if block is None else block
            result = await run_audit(rpc, contracts, upto)
        tokens = await token_events(rpc, contracts, upto)
        result.findings += await check_supply(rpc, contracts, tokens, upto)
        if said is not None:
            result.findings += await check_attestation(rpc, contracts, tokens, said)
    for escrow, books in result.escrows.items():
        click.echo(
            f"{escrow}  funded {yuan(books.funded_fen)}  owed {yuan(books.owed_fen)}  "
            f"contested {yuan(books.contested_fen)}  bond {yuan(books.bond_fen)}  free {yuan(books.free_fen)}  "
            f"released {yuan(books.released_fen)}, of it with the bank {yuan(books.banked_fen)}  "
            f"lines {len(books.lines)}, paid {len(books.released)}  disputes {len(books.disputes)}"
        )
    attested = "" if said is None else f", attested by the bank {yuan(said.amount_fen)}"
    click.echo(f"tokens in circulation {yuan(supply_of(tokens))}{attested}")
    for finding in result.findings:
        click.echo(f"✗ {finding}", err=True)
    click.echo(f"{'✓ consistent' if result.ok else '✗ NOT consistent'} up to block {upto}")
    if not result.ok:
        sys.exit(1)


@main.group()
def payroll() -> None:
    """What a month of work is worth."""


CSV_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@payroll.command()
@click.option("--month", required=True, metavar="YYYY-MM", help="The month that is paid.")
@click.option("--roster", type=CSV_FILE, required=True, help="worker_no, contract_type, rate_fen, piece_quota")
@click.option("--punches", type=CSV_FILE, required=True, help="worker_no, at, direction")
@click.option("--pieces", type=CSV_FILE, help="worker_no, date, quantity")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--district", default="Chongqing", show_default=True, help="Whose minimum wage is compared with.")
@click.option("--tier", type=click.IntRange(1), default=1, show_default=True, help="Of the district's minimum wages.")
@click.option("--no-minimum", is_flag=True, help="Compare with no minimum wage.")
def compute(
    month: str, roster: Path, punches: Path, pieces: Path | None, form: Any, district: str, tier: int, no_minimum: bool
) -> None:
    """Compute a month's wages from CSV files alone; ends with 2 if anything in them is wrong, and prints nothing then."""
    from anxin.payroll.bulk.command import compute_command

    compute_command(month, roster, punches, pieces, form, None if no_minimum else (district, tier))


@payroll.command("check")
@click.option("--sheet", type=int, required=True, help="The sheet's number in the book, as its page shows it.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh")
def check_sheet(sheet: int, lang: Any) -> None:
    """Say what is odd about a wage sheet; ends with 1 if something must be settled before it is submitted."""
    from anxin.payroll.check_command import check_command

    _run(check_command(_settings(), sheet, lang))


@payroll.command("rules")
def show_rules() -> None:
    """Print the hash of the pay rules that sheets carry, and the files it is over."""
    from anxin.payroll.rule_version import HERE, rule_files, rules_hash

    for file in rule_files():
        click.echo(file.relative_to(HERE).as_posix())
    click.echo(f"0x{rules_hash().hex()}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--rpc", "rpc_url", required=True, help="JSON-RPC of any node of the chain.")
@click.option("--deployment", type=click.Path(path_type=Path, dir_okay=False), default=STATE / "deployment.json")
@click.option("--key-file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Holds a funded key, hex.")
@click.option("--wait-seconds", type=click.IntRange(min=0), default=120, show_default=True, help="For its block.")
def relay(file: Path, rpc_url: str, deployment: Path, key_file: Path | None, wait_seconds: int) -> None:
    """Take a worker's signed word (FILE) to the chain, with any funded key and nothing else.

    The key is read from --key-file or ANXIN_RELAYER_KEY. It pays for gas and gains no power over the wage. What is wrong is
    said before anything is sent; what is done already is not done again.
    """
    key = key_file.read_text() if key_file else os.environ.get("ANXIN_RELAYER_KEY", "")
    _run(_relay(file.read_bytes(), rpc_url, deployment, key, wait_seconds))


async def _relay(content: bytes, rpc_url: str, deployment: Path, key: str, wait_seconds: int) -> None:
    from anxin.chain.relay_file import account_of, read_file, receipt_within, take_to_chain
    from anxin.chain.rpc import Rpc
    from anxin.core.deployment import Deployment

    word, account, contracts = read_file(content), account_of(key), Deployment.read(deployment)
    async with Rpc(rpc_url) as rpc:
        outcome = await take_to_chain(rpc, contracts, word, account, wait=receipt_within(wait_seconds))
    click.echo(f"✓ {outcome.sentence}" + (f" ({outcome.tx_hash})" if outcome.tx_hash else ": nothing was sent"))


def _teller_options(command: Any) -> Any:
    """The options that both ways of running a teller have."""
    for option in (
        click.option("--safe-height-file", default="", envvar="ANXIN_SAFE_HEIGHT_FILE", hidden=True),
        click.option("--finality-depth", type=click.IntRange(min=0), default=12, show_default=True, help="In blocks."),
        click.option("--account", "accounts", multiple=True, help="A wage account that the token mirrors; all otherwise."),
        click.option("--api", default="", help="The operator that publishes attested balances, such as https://wages.example"),
        click.option("--key-file", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Mode 0600."),
        click.option("--bank-name", default="bank", show_default=True, help="In every receipt: never changed afterwards."),
        click.option("--bank", "bank_url", required=True, help="https://… (with ANXIN_BANK_TOKEN) or file:///folder"),
        click.option("--deployment", type=click.Path(path_type=Path, dir_okay=False), default=STATE / "deployment.json"),
        click.option("--rpc", "rpc_url", required=True, help="JSON-RPC of the bank's own node."),
    ):
        command = option(command)
    return command


@main.group()
def teller() -> None:
    """The bank's own process: mirrors deposits, settles what it has paid, gives back what it could not."""


@teller.command("run")
@_teller_options
@click.option("--every-seconds", type=click.FloatRange(min=0.1), default=15, show_default=True)
def teller_run(every_seconds: float, accounts: tuple[str, ...], **options: Any) -> None:
    """Go on until stopped. Keeps its transactions in KEY-FILE.journal, and sends each once."""
    from anxin.teller.command import Options, run_teller

    token = os.environ.get("ANXIN_BANK_TOKEN", "")
    _run(run_teller(Options(accounts=frozenset(accounts), bank_token=token, **options), every_seconds))


@teller.command("once")
@_teller_options
def teller_once(accounts: tuple[str, ...], **options: Any) -> None:
    """One round, for cron. Ends with 1 where a person must look at something; what can be done is done."""
    from anxin.teller.command import Options, tell_once

    token = os.environ.get("ANXIN_BANK_TOKEN", "")
    if not _run(tell_once(Options(accounts=frozenset(accounts), bank_token=token, **options))):
        sys.exit(1)


@main.command()
@click.option("--to", "to_block", type=click.IntRange(min=0), required=True, help="The last block both chains have.")
def reverse(to_block: int) -> None:
    """Take back what was final above a block, after a reorganisation deeper than finality halted the chain side.

    Entries of the ledger are reversed, never deleted; transactions of those blocks are sent again. Then restart the workers.
    """
    _run(_reverse(to_block))


async def _reverse(to_block: int) -> None:
    from anxin.chain.reversal import reverse as take_back
    from anxin.chain.rpc import Rpc
    from anxin.core import sealing
    from anxin.core.database import connect, sessions_of
    from anxin.core.deployment import Deployment
    from anxin.core.migrate import check_present
    from anxin.ledger.reversal import reverse_after
    from anxin.wiring import on_reversed_event

    settings = _settings()
    await check_present(settings.database_url)
    sealing.use(sealing.Sealer(settings.data_keys, settings.index_key))
    deployment, engine = Deployment.read(settings.deployment), connect(settings.database_url)
    async with Rpc(settings.rpc_url) as rpc:
        done = await take_back(
            sessions_of(engine), rpc, deployment, to_block, on_reversed=on_reversed_event(deployment),
            reverse_books=reverse_after,
        )  # fmt: skip
    await engine.dispose()
    click.echo(
        f"✓ back to block {to_block}: {done.blocks} blocks and {done.events} events taken back, {done.entries} entries "
        f"reversed, {done.transactions} transactions to be sent again. Restart the workers."
    )


@main.command()
@click.option("--clear", nargs=2, metavar="KIND SUBJECT", help="Close one that somebody has looked at.")
def alarms(clear: tuple[str, str] | None) -> None:
    """List what a person must look at."""
    _run(_alarms(clear))


async def _alarms(clear: tuple[str, str] | None) -> None:
    from anxin.chain.alarms import clear_alarm, open_alarms
    from anxin.core.database import connect, sessions_of, transaction
    from anxin.core.migrate import check_present

    url = _settings().database_url
    await check_present(url)
    engine = connect(url)
    async with transaction(sessions_of(engine)) as session:
        if clear is not None and not await clear_alarm(session, *clear):
            click.echo(f"✗ no such alarm is open: {clear[0]}, {clear[1]}", err=True)
        for alarm in await open_alarms(session):
            click.echo(f"{alarm.raised_at:%Y-%m-%d %H:%M} UTC  {alarm.kind}  {alarm.subject}\n  {alarm.text}")
    await engine.dispose()


@main.command()
def doctor() -> None:
    """Say what is missing: settings, the database, the node, the contracts. Changes nothing."""
    from anxin.doctor import missing

    async def ask() -> list[str]:
        return await missing(Settings.from_environment())

    found = _run(ask())
    for sentence in found:
        click.echo(f"✗ {sentence}", err=True)
    if found:
        sys.exit(1)
    click.echo("✓ nothing is missing")


@main.group()
def files() -> None:
    """Files that go to banks and come from them."""


@files.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(["sif", "qatar", "pain001", "pain002", "camt054"]), help="Seen by itself mostly.")
@click.option("--profile", default="uae-central-bank", help="Which of the UAE's banks, for a SIF.")
@click.option("--currency", default="CNY", help="That a pain.001 must be in.")
def check(file: Path, kind: Any, profile: str, currency: str) -> None:
    """Print everything that is wrong with a file, by line and field; ends with 1 if anything is."""
    from anxin.bank.files import errors_in, kind_of
    from anxin.core.errors import AnxinError

    content = file.read_bytes()
    kind = kind or kind_of(content)
    if kind is None:
        raise click.ClickException(f"{file.name} is like no file known here: say which with --kind")
    try:
        errors = errors_in(content, kind, profile=profile, currency=currency)
    except AnxinError as error:
        raise click.ClickException(str(error)) from error
    for each in errors:
        click.echo(f"✗ {file.name}:{each.line} {each.column}: {each.problem}" + f" ({each.value})" * bool(each.value))
    if errors:
        sys.exit(1)
    click.echo(f"✓ {file.name}: {kind}, nothing is wrong")


@main.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    from anxin.app import schema

    click.echo(json.dumps(schema(), ensure_ascii=False, indent=1))


def _settings() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _run(task: Any) -> Any:
    """Run to the end and return what it does; what people can act on is a sentence, not a traceback."""
    import asyncio  # here, for commands that do without it start sooner

    from anxin.audit.attested import NoAttestation
    from anxin.chain.identity import ChainChanged, NodeBehind
    from anxin.chain.relay_file import CannotRelay
    from anxin.chain.reversal import CannotReverse
    from anxin.chain.rpc import RpcError, RpcUnreachable
    from anxin.core.deployment import NoDeployment
    from anxin.core.embedded import EmbeddedError
    from anxin.core.no_database import NoDatabase
    from anxin.stack import CannotStart
    from anxin.teller.errors import CannotTell

    try:
        return asyncio.run(_stoppable(task))
    except* (
        EmbeddedError, ChainChanged, NodeBehind, NoDeployment, RpcError, RpcUnreachable, CannotRelay, CannotReverse,
        CannotStart, CannotTell, NoAttestation, NoDatabase, SettingsError,
    ) as group:  # fmt: skip
        for error in _leaves(group):
            click.echo(f"✗ {error}", err=True)
        sys.exit(1)
    except* KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except* asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)


async def _stoppable(task: Any) -> Any:
    """SIGTERM and a closed terminal stop as Ctrl-C does: what was started is ended first."""
    import asyncio

    whole = asyncio.current_task()
    assert whole is not None  # noqa: S101 - asyncio.run made it
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, whole.cancel)
    return await task


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


if __name__ == "__main__":
    main()
