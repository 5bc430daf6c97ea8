"""Bringing a database to the present: our tables by Alembic, the queue's by pgqueuer, each in its own schema."""

import asyncio

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pgqueuer.queries import Queries

from anxin.core.no_database import NoDatabase, connection_to, place_of

MIGRATIONS = "anxin:migrations"


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes["database_url"] = database_url
    return config


async def migrate(database_url: str) -> None:
    """Upgrade to the newest version. Running it again changes nothing. Raises NoDatabase."""
    connection = await connection_to(database_url)
    try:
        await asyncio.to_thread(command.upgrade, alembic_config(database_url), "head")
        queries = Queries.from_asyncpg_connection(connection)
        if not await queries.schema_is_installed():
            await queries.install()
        else:
            await queries.upgrade()
    finally:
        await connection.close()


async def check_present(database_url: str) -> None:
    """For those who are about to use it. Raises NoDatabase where it is out of reach, or not of this version."""
    scripts = ScriptDirectory.from_config(alembic_config(database_url))
    wanted, place = scripts.get_current_head(), place_of(database_url)
    connection = await connection_to(database_url)
    try:
        found = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    except asyncpg.InsufficientPrivilegeError as error:
        raise NoDatabase(f"{place} does not let this name read it: it needs SELECT on all tables") from error
    finally:
        await connection.close()
    if found == wanted:
        return
    if found is None:
        raise NoDatabase(f"{place} is empty: `anxin migrate` sets it up")
    if found in {each.revision for each in scripts.walk_revisions()}:
        raise NoDatabase(f"{place} is at version {found}, and {wanted} is needed: `anxin migrate` brings it there")
    raise NoDatabase(f"{place} is at version {found}, which this program does not know: it needs a newer Anxin")
