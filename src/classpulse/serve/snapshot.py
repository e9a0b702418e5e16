"""Request-scoped reading: the pool, and one snapshot for a whole answer."""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
import asyncpg
from databases import Database

from classpulse.address import Address
from classpulse.database.connection import open_session
from classpulse.database.text import take_any_bytes
from classpulse.serve.problems import AWAY, database_outage, unavailable

# How long a request waits for a free connection before it is told to come back.
_WAIT = 5.0
_STATEMENT_TIMEOUT = 15.0

_SETTINGS = {
    "statement_timeout": f"{_STATEMENT_TIMEOUT:.0f}s",
    # rows that a policy hides are an error, not a shorter list
    "row_security": "off",
    # After five times Postgres keeps a plan for any section and any filter. The register of
    # 2,000 students then took 6.6 s instead of 0.13, a report of 11,000 its time-out.
    "plan_cache_mode": "force_custom_plan",
}

_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")

Row = dict[str, Any]


class Reader:
    """Runs named queries on one connection. Rows are dicts by column name."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def one(self, statement: str, **values: object) -> Row | None:
        """The first row, or ``None``."""
        row = await self._connection.fetch_one(statement, values or None)
        return None if row is None else dict(row._mapping)

    async def only(self, statement: str, **values: object) -> Row:
        """The row of a statement that always has one."""
        row = await self.one(statement, **values)
        if row is None:
            raise LookupError("the statement returned no row")
        return row

    async def all(self, statement: str, **values: object) -> list[Row]:
        """Every row."""
        rows = await self._connection.fetch_all(statement, values or None)
        return [dict(row._mapping) for row in rows]

    async def batches(
        self, statement: str, *, size: int, **values: object
    ) -> AsyncIterator[list[Row]]:
        """Every row of a snapshot, ``size`` at a time, by a cursor of the server's.

        The driver's own cursor: the one of ``databases`` fetches 50 rows and opens a transaction.
        """
        names = sorted(values)
        numbered = _NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", statement)
        # without a name: behind a pooler another client may have left its own under the same one
        prepared = await self._connection.raw_connection.prepare(numbered, name="")
        cursor = await prepared.cursor(*(values[name] for name in names))
        while rows := await cursor.fetch(size):
            yield [dict(row) for row in rows]


def open_pool(url: str, *, pooled: bool, max_size: int = 8) -> Database:
    """The pool of a process, not connected yet.

    ``pooled``: the address is a pgbouncer's, which neither keeps prepared statements nor takes
    unknown start-up parameters.
    """
    logging.getLogger("asyncpg.pool").addFilter(_said_once)
    address = Address.parse(url)
    settings = {} if pooled else _SETTINGS

    async def connect(*_: Any, **__: Any) -> "asyncpg.Connection[asyncpg.Record]":
        return await open_session(
            address,
            application_name="classpulse serve",
            server_settings=settings,
            connect_seconds=_WAIT,
            # the client's own limit holds where the server's can't be set
            command_timeout=_STATEMENT_TIMEOUT + 1,
            statement_cache_size=0 if pooled else 100,
        )

    # `databases` reads an address in its own way and leaves out half of it
    return Database(
        "postgresql:///", min_size=1, max_size=max_size, connect=connect, setup=take_any_bytes
    )


def _said_once(record: logging.LogRecord) -> bool:
    """The pool connects again by itself; each try that fails is no more than the same outage."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return True
    database_outage.failed(error)
    return False


@asynccontextmanager
async def one_statement(database: Database) -> AsyncIterator[Reader]:
    """A connection for single statements, each of which is its own transaction."""
    async with AsyncExitStack() as stack:
        connection = await _connection(stack, database)
        yield Reader(connection)
    database_outage.over()


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Reader]:
    """A connection on which every statement sees the same moment, and none can write.

    The transaction is the driver's own: the one of ``databases`` keeps its connection for good
    when the server goes away in the middle of it.
    """
    async with AsyncExitStack() as stack:
        connection = await _connection(stack, database)
        transaction = connection.raw_connection.transaction(
            isolation="repeatable_read", readonly=True
        )
        await stack.enter_async_context(transaction)
        yield Reader(connection)
    database_outage.over()


async def _connection(stack: AsyncExitStack, database: Database) -> Any:
    connection = database.connection()
    try:
        with anyio.move_on_after(_WAIT) as waiting:
            await stack.enter_async_context(connection)
    except (*AWAY, asyncpg.PostgresError) as error:
        # whatever the server says to one who connects, it is no fault of the request
        database_outage.failed(error)
        raise unavailable() from None
    if waiting.cancelled_caught:
        raise unavailable("All database connections are busy. Try again in a moment.")
    return connection
