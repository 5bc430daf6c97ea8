"""Without its database the API says so, and when to come again.

Branches: it refuses connections · it is cut off · no mistake of ours is taken for that.
"""

from http import HTTPStatus

import msgspec
import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import text

from anxin.app import build
from anxin.core.database import connect, sessions_of, transaction


async def asked(settings, url, path="/api/projects"):
    async with AsyncTestClient(build(msgspec.structs.replace(settings, database_url=url))) as client:
        return await client.get(path, headers={"accept-language": "en"})


async def test_a_database_that_refuses_connections_is_503_with_a_time_to_come_again(settings):
    answer = await asked(settings, "postgresql+asyncpg://nobody@127.0.0.1:1/none")

    assert (HTTPStatus.SERVICE_UNAVAILABLE, "5") == (answer.status_code, answer.headers["retry-after"])
    assert "try again in 5 seconds" in answer.json()["detail"]


async def test_health_is_503_too(settings):
    answer = await asked(settings, "postgresql+asyncpg://nobody@127.0.0.1:1/none", "/api/health")

    assert HTTPStatus.SERVICE_UNAVAILABLE == answer.status_code


@pytest.mark.parametrize("statement", ["SELECT 1/0", "SELECT nothing_there"])
async def test_what_the_database_refuses_for_its_own_reasons_is_not(settings, monkeypatch, statement):
    async def wrong(session):
        await session.execute(text(statement))

    monkeypatch.setattr("anxin.audit.views.projects", wrong)
    answer = await asked(settings, settings.database_url)

    assert HTTPStatus.INTERNAL_SERVER_ERROR == answer.status_code


async def test_a_connection_that_is_cut_off_is_503(settings, database_url, monkeypatch):
    async def cut(session):
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        engine = connect(database_url)
        async with transaction(sessions_of(engine)) as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        await engine.dispose()
        await session.execute(text("SELECT 1"))

    monkeypatch.setattr("anxin.audit.views.projects", cut)
    answer = await asked(settings, settings.database_url)

    assert HTTPStatus.SERVICE_UNAVAILABLE == answer.status_code
