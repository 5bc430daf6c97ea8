"""PostgreSQL: one engine a process, one transaction a request or job."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from pgqueuer.db import AsyncpgDriver
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

Sessions = async_sessionmaker[AsyncSession]

# What a process has locked that froze, or whose machine is gone, others get after five minutes: it ends no transaction.
LET_GO = {"idle_in_transaction_session_timeout": "300s"}


class Base(DeclarativeBase):
    """Every table. Money is integer fen, instants are UTC, 32-byte hashes are bytes."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def connect(url: str, *, pool_size: int = 10) -> AsyncEngine:
    # A statement's values are people's: an error names the statement alone, or they would be in the log.
    return create_async_engine(
        url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, hide_parameters=True,
        connect_args={"server_settings": LET_GO},
    )  # fmt: skip


def sessions_of(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False)


async def connection_of(session: AsyncSession) -> asyncpg.Connection:
    """The session's own connection, for COPY. Its transaction begins with the session's first statement, not before."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, asyncpg.Connection)  # noqa: S101
    return connection


async def driver_of(session: AsyncSession) -> AsyncpgDriver:
    """pgqueuer's driver on the session's own connection, so that a job commits with the data it follows from."""
    return AsyncpgDriver(await connection_of(session))


@asynccontextmanager
async def transaction(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    async with sessions() as session, session.begin():
        yield session


@asynccontextmanager
async def bare_connection(sessions: Sessions) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool without a session's costs, for what comes thousands of times. Each statement commits."""
    async with sessions() as session:
        yield await connection_of(session)
