"""One connection to Postgres, with what goes wrong said in a sentence that helps."""

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import asyncpg

from classpulse.database.text import read_any_bytes
from classpulse.errors import DatabaseError

CONNECT_SECONDS = 15
#: what a role or a database may have set otherwise, for sessions that reach Postgres directly (a
#: pooler refuses most of it). `row_security`: rows that a policy hides are an error, and no
#: figure is made of the rest
STEADY = {
    "search_path": "pg_catalog",
    "row_security": "off",
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "standard_conforming_strings": "on",
    "extra_float_digits": "1",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "TimeZone": "UTC",
    "quote_all_identifiers": "off",
}


async def connect(
    url: str,
    *,
    application_name: str,
    server_settings: Mapping[str, str] | None = None,
    connect_seconds: float = CONNECT_SECONDS,
) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect, or raise :class:`DatabaseError` saying what to do.

    The caller closes the connection. ``server_settings`` are Postgres settings of the session.
    """
    with converted_errors(url):
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            url,
            timeout=connect_seconds,
            server_settings={"application_name": application_name, **(server_settings or {})},
        )
        await read_any_bytes(connection)
        return connection


@contextmanager
def converted_errors(url: str) -> Iterator[None]:
    """Turn what the driver raises while connecting into :class:`DatabaseError`."""
    place = without_password(url)
    try:
        yield
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise DatabaseError(
            f"{place} refused the login: {one_line(error)}; check user and password"
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise DatabaseError(
            f"{one_line(error)}: create it with createdb, or name another one"
        ) from error
    except asyncpg.TooManyConnectionsError as error:
        raise DatabaseError(f"{place} has no connection left: raise max_connections") from error
    except asyncpg.CannotConnectNowError as error:
        raise DatabaseError(f"{place} is starting or stopping: try again in a moment") from error
    except (asyncpg.ClientConfigurationError, ValueError) as error:
        # not what the driver says: it may quote the password
        raise DatabaseError(
            "the database's address can't be read: "
            "expected one like postgresql://user:password@host:5432/database"
        ) from error
    except ssl.SSLError as error:
        raise DatabaseError(f"{place} can't be reached over TLS: {error}") from error
    except (OSError, asyncpg.ConnectionDoesNotExistError, TimeoutError) as error:
        reason = "no answer" if isinstance(error, (TimeoutError, asyncio.TimeoutError)) else error
        raise DatabaseError(
            f"{place} can't be reached ({reason}): check that Postgres runs there"
        ) from error
    except asyncpg.PostgresError as error:
        raise DatabaseError(f"{place}: {one_line(error)}") from error


def one_line(error: asyncpg.PostgresError) -> str:
    """What Postgres says, with its detail, on one line."""
    detail = error.detail if isinstance(error.detail, str) else ""
    return " ".join(f"{error.args[0]} {detail}".split())


def without_password(url: str) -> str:
    """The address for messages and logs: no user, no password, no options."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "localhost", parts.port or 5432
    except ValueError:
        return "the database"
    return f"the database {parts.path.lstrip('/') or '(default)'} on {host}:{port}"
