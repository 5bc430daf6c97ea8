"""Bringing a database to the present: our tables by Alembic, the queue's by pgqueuer, each in its own schema."""

import asyncio

import asyncpg
from alembic import command
from alembic.config import Config
from pgqueuer.queries import Queries
from sqlalchemy.engine import make_url

MIGRATIONS = "anxin:migrations"


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes["database_url"] = database_url
    return config


async def migrate(database_url: str) -> None:
    """Upgrade to the newest version. Running it again changes nothing."""
    await asyncio.to_thread(command.upgrade, alembic_config(database_url), "head")
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        queries = Queries.from_asyncpg_connection(connection)
        if not await queries.schema_is_installed():
            await queries.install()
        else:
            await queries.upgrade()
    finally:
        await connection.close()
