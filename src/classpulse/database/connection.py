"""One connection to Postgres, with what goes wrong said in a sentence that helps."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncpg

from classpulse.address import EXAMPLE, Address, AddressError
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

# The next host may be the one that answers, or the one that was asked for.
_NEXT = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.TargetServerAttributeNotMatched,
)
_KEEPALIVE = {
    "keepalives_idle": "TCP_KEEPIDLE",
    "keepalives_interval": "TCP_KEEPINTVL",
    "keepalives_count": "TCP_KEEPCNT",
    "tcp_user_timeout": "TCP_USER_TIMEOUT",
}


async def connect(
    url: str,
    *,
    application_name: str,
    server_settings: Mapping[str, str] | None = None,
    connect_seconds: float = CONNECT_SECONDS,
    firm: bool = False,
) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect, or raise :class:`DatabaseError` saying what to do.

    The caller closes the connection. ``server_settings`` are Postgres settings of the session;
    the address's own win over them unless they are ``firm``.
    """
    with converted_errors(url):
        return await open_session(
            Address.parse(url),
            application_name=application_name,
            server_settings=server_settings or {},
            connect_seconds=connect_seconds,
            firm=firm,
        )


async def open_session(
    address: Address,
    *,
    application_name: str,
    server_settings: Mapping[str, str],
    connect_seconds: float,
    firm: bool = False,
    **driver: Any,
) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect to the first host that is what the address asks for; errors are the driver's.

    Every connection is made here, so that no option counts on one and not on another.
    """
    ours = {
        name: value for name, value in server_settings.items() if firm or name not in address.chosen
    }
    settings = {"application_name": application_name, **ours, **address.settings}
    wanted = address.target_session_attrs
    failure: Exception | None = None
    for attributes in ("standby", "any") if wanted == "prefer-standby" else (wanted,):
        for url in address.each(attributes):
            try:
                connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
                    url,
                    timeout=address.connect_seconds or connect_seconds,
                    server_settings=settings,
                    **driver,
                )
            except _NEXT as error:
                # that one answered and is another kind of server says more than that one is away
                if not isinstance(failure, asyncpg.TargetServerAttributeNotMatched):
                    failure = error
                continue
            _set_socket(connection, address.socket)
            await read_any_bytes(connection)
            return connection
    assert failure is not None
    raise failure


def socket_of(connection: "asyncpg.Connection[asyncpg.Record]") -> socket.socket | None:
    """The connection's TCP socket; ``None`` where it has another kind."""
    transport = getattr(connection, "_transport", None)
    peer = transport.get_extra_info("socket") if transport is not None else None
    if peer is None or peer.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    return peer  # type: ignore[no-any-return]


def _set_socket(
    connection: "asyncpg.Connection[asyncpg.Record]", options: Mapping[str, int]
) -> None:
    peer = socket_of(connection) if options else None
    if peer is None:
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, options.get("keepalives", 1))
    for name, constant in _KEEPALIVE.items():
        if options.get(name) and hasattr(socket, constant):
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, constant), options[name])


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
    except AddressError as error:
        raise DatabaseError(f"the database's address can't be used: expected {error}") from error
    except asyncpg.TargetServerAttributeNotMatched as error:
        raise DatabaseError(
            f"{place}: none is what target_session_attrs asks for; wait for the failover's end, "
            "or ask for another kind"
        ) from error
    # before ValueError, which an error of a certificate is, too
    except ssl.SSLError as error:
        raise DatabaseError(f"{place} can't be reached over TLS: {error}") from error
    except (asyncpg.ClientConfigurationError, ValueError) as error:
        # not what the driver says: it may quote the password
        raise DatabaseError(
            f"the database's address can't be read: expected one like {EXAMPLE}"
        ) from error
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
        return str(Address.parse(url))
    except AddressError:
        return "the database"
