"""A database that is away, or not ours, is told in one sentence: what is wrong, where, and what to do; never its password.

Branches: no address · nobody there · no such host · too slow · not let in · no TLS · no such database · none left ·
starting · no PostgreSQL · empty · older · newer · not ours to read · as it should be · commands end with it ·
`anxin migrate`.
"""

import asyncio
import contextlib

import asyncpg
import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from anxin.cli import main
from anxin.core import no_database
from anxin.core.migrate import check_present, migrate
from anxin.core.no_database import NoDatabase, dsn_of, place_of

SECRET = "s3cr3t"
AWAY = f"postgresql+asyncpg://anxin:{SECRET}@127.0.0.1:1/wages"


def refusal(sqlstate):
    """What a PostgreSQL server says instead of letting somebody in."""
    fields = b"".join(kind + text + b"\0" for kind, text in ((b"S", b"FATAL"), (b"C", sqlstate), (b"M", b"no"))) + b"\0"
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


@contextlib.asynccontextmanager
async def server(reply):
    """Answers a start-up message with these bytes; with nothing where they are None. Yields its address."""

    async def serve(reader, writer):
        await reader.read(1000)
        if reply is None:
            await asyncio.sleep(5)
        else:
            writer.write(reply)
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"postgresql+asyncpg://anxin:{SECRET}@127.0.0.1:{listening.sockets[0].getsockname()[1]}/wages?ssl=disable"
    finally:
        listening.close()


async def told_of(url):
    with pytest.raises(NoDatabase) as told:
        await check_present(url)
    assert SECRET not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", f"postgresql://anxin:{SECRET}@host/wages", "sqlite:///x", f"postgresql+asyncpg://anxin:{SECRET}@host",
     f"postgresql+asyncpg://anxin:{SECRET}@host:port/wages"],
)  # fmt: skip
async def test_what_is_no_address_is_told_with_what_one_looks_like(url):
    assert "it has the form postgresql+asyncpg://name:password@host:5432/anxin" in await told_of(url)


async def test_nobody_there_is_told_with_the_place():
    told = "nobody answers for database wages at 127.0.0.1:1: is the server running, and is this its address?"
    assert told == await told_of(AWAY)
    assert "at no-such-host.invalid:5432" in await told_of("postgresql+asyncpg://anxin@no-such-host.invalid/wages")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refusal(b"28P01"), "does not let this name in, or not with this password"),
        (refusal(b"28000"), "does not let this name in"),
        (refusal(b"3D000"), "there is no database wages at 127.0.0.1"),
        (refusal(b"53300"), "has no connection left"),
        (refusal(b"57P03"), "is starting or stopping: try again"),
        (refusal(b"XX000"), "cannot be used (InternalServerError)"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "database wages at 127.0.0.1"),
        (b"", "database wages at 127.0.0.1"),
    ],
)
async def test_what_the_server_says_is_told_with_what_to_do(reply, said):
    async with server(reply) as url:
        assert said in await told_of(url)


async def test_server_that_says_nothing_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(no_database, "TIMEOUT_SECONDS", 0.2)
    async with server(None) as url:
        assert "did not answer within 0.2 seconds" in await told_of(url)


@pytest.fixture
async def at_version(postgres):
    """Makes a database of its own that says it is at this version."""

    async def make(version):
        name = f"version_{version or 'none'}".lower()
        admin = await asyncpg.connect(dsn_of(postgres.url("postgres")))
        await admin.execute(f"DROP DATABASE IF EXISTS {name}")
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        if version:
            other = await asyncpg.connect(dsn_of(postgres.url(name)))
            await other.execute("CREATE TABLE alembic_version (version_num text)")
            await other.execute("INSERT INTO alembic_version VALUES ($1)", version)
            await other.close()
        return postgres.url(name)

    return make


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (None, "is empty: `anxin migrate` sets it up"),
        ("0001", "is at version 0001, and 00"),
        ("9999", "is at version 9999, which this program does not know: it needs a newer Anxin"),
    ],
)
async def test_database_of_another_version_is_told_before_anything_is_done(at_version, version, said):
    assert said in await told_of(await at_version(version))


async def test_present_database_is_fine(database_url):
    await check_present(database_url)


async def test_who_may_not_read_it_or_has_another_password_is_told(postgres, at_version):
    url = make_url(await at_version("0001"))
    admin = await asyncpg.connect(dsn_of(postgres.url("version_0001")))
    await admin.execute("DROP ROLE IF EXISTS reader")
    await admin.execute(f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'")
    await admin.close()

    for password, said in ((SECRET, "it needs SELECT on all tables"), (f"{SECRET}x", "or not with this password")):
        reader = url.set(username="reader", password=password)
        assert said in await told_of(reader.render_as_string(hide_password=False))


async def test_server_without_tls_is_told_where_the_address_asks_for_it():
    async with server(b"N") as url:
        assert "does not speak TLS as its address asks" in await told_of(url.replace("disable", "require"))


async def test_migrating_says_it_too():
    with pytest.raises(NoDatabase, match="nobody answers for database wages"):
        await migrate(AWAY)


def test_address_is_said_in_postgresqls_own_words():
    assert "postgresql://anxin@host/wages?sslmode=require" == dsn_of("postgresql+asyncpg://anxin@host/wages?ssl=require")


def test_place_of_a_socket_is_its_folder():
    assert "database wages at /run/postgresql:5432" == place_of("postgresql+asyncpg:///wages?host=/run/postgresql")


@pytest.mark.parametrize(
    "command", [["alarms"], ["migrate"], ["worker"], ["reverse", "--to", "1"], ["payroll", "check", "--sheet", "1"]], ids=str
)
def test_command_ends_with_one_sentence_and_no_traceback(monkeypatch, settings, command):
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANXIN_DATABASE_URL", AWAY)

    ended = CliRunner().invoke(main, command)

    lines = ended.output.strip().splitlines()
    assert (1, 1, False) == (ended.exit_code, len(lines), SECRET in ended.output), ended.output
    assert lines[0].startswith("✗ nobody answers for database wages at 127.0.0.1:1")
