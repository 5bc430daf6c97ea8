"""Why the database cannot be used, in a sentence that says where and what to do. Nobody's password is ever in it."""

import ssl

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DRIVER = "postgresql+asyncpg"
NO_URL = (
    "the address of the database (--database, ANXIN_DATABASE_URL) is none: it has the form "
    f"{DRIVER}://name:password@host:5432/anxin"
)
TIMEOUT_SECONDS = 10.0


class NoDatabase(Exception):
    """The database is out of reach, or not one of this version."""


async def connection_to(url: str) -> asyncpg.Connection:
    """Return a connection of its own. Raises NoDatabase."""
    try:
        return await asyncpg.connect(dsn_of(url), timeout=TIMEOUT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise NoDatabase(_why(place_of(url), error)) from error


def dsn_of(url: str) -> str:
    """The same address as PostgreSQL's own tools take it. Raises NoDatabase where it is none."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise NoDatabase(NO_URL) from None
    if parts.drivername != DRIVER or not parts.database:
        raise NoDatabase(NO_URL)
    query = {"sslmode" if name == "ssl" else name: value for name, value in parts.query.items()}  # SQLAlchemy's word for it
    return parts.set(drivername="postgresql", query=query).render_as_string(hide_password=False)


def place_of(url: str) -> str:
    """Host, port and name. Raises NoDatabase where it is no address."""
    parts = make_url(dsn_of(url))
    host = parts.host or parts.query.get("host") or "localhost"
    return f"database {parts.database} at {host}:{parts.port or 5432}"


def _why(place: str, error: Exception) -> str:
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return f"{place} does not let this name in, or not with this password: look at both in its address"
        case asyncpg.InvalidCatalogNameError():
            return f"there is no {place}: create it (createdb), or look at the address"
        case asyncpg.TooManyConnectionsError():
            return f"{place} has no connection left: end what is not needed, or raise its max_connections"
        case asyncpg.CannotConnectNowError():
            return f"{place} is starting or stopping: try again in a moment"
        case TimeoutError():
            return f"{place} did not answer within {TIMEOUT_SECONDS:g} seconds: is the server running, and within reach?"
        case OSError() if isinstance(error, ssl.SSLError) or "SSL" in str(error):
            return f"{place} does not speak TLS as its address asks: look at `ssl=` in it, and at the server's certificate"
        case OSError():
            return f"nobody answers for {place}: is the server running, and is this its address?"
        case _:
            return f"{place} cannot be used ({type(error).__name__}): look at its address, and at the server's log"
