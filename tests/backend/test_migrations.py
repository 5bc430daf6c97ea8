"""Migrations: they make the very tables the models say, keep what is there, and can be undone.

Branches: newest is the models · a project of the first slice · back and forth.
"""

import asyncio

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from anxin import wiring
from anxin.core.database import Base, connect
from anxin.core.embedded import EmbeddedPostgres
from anxin.core.migrate import alembic_config, migrate

FIRST_SLICE_PROJECT = text(
    "INSERT INTO projects (reference, name, contractor_name, contractor, bureau, objection_window_seconds) "
    "VALUES ('\\x01', '旧', '旧', '0x01', '0x02', 86400)"
)
NOBODY = "0x" + "0" * 40


@pytest.fixture
async def url(tmp_path):
    """A database of its own: the others' must stay at the newest version."""
    async with EmbeddedPostgres(tmp_path, databases=("migrating",), settings={"fsync": "off"}) as server:
        yield server.url("migrating")


async def test_first_slice_becomes_the_present_and_can_go_back(url):
    """One test, because a server of its own takes a second: forward with a row, compared with the models, back, forward."""
    assert wiring.ROWS  # which imports every table
    await asyncio.to_thread(command.upgrade, alembic_config(url), "0001")
    engine = connect(url)
    async with engine.begin() as connection:
        await connection.execute(FIRST_SLICE_PROJECT)

    await migrate(url)

    async with engine.begin() as connection:
        assert await connection.run_sync(differences) == []
        kept = (await connection.execute(text("SELECT name, arbiter, answer_window_seconds FROM projects"))).one()
        assert ("旧", NOBODY, 0) == tuple(kept)
    await asyncio.to_thread(command.downgrade, alembic_config(url), "0001")
    await migrate(url)
    await engine.dispose()


def differences(connection: Connection) -> list[object]:
    """What autogenerate would still change; the queue's tables are its own."""
    options = {
        "compare_type": True, "compare_server_default": True,
        "include_name": lambda name, kind, _: not (kind == "table" and name.startswith("pgqueuer")),
    }  # fmt: skip
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))
