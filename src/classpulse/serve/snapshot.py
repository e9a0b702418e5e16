"""Request-scoped reading: the pool, and one snapshot for a whole answer."""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache
from typing import Any

import anyio
import asyncpg
from databases import Database

from classpulse.address import Address
from classpulse.database.connection import open_session
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
    # compiling costs some 100 ms each time a statement looks expensive, and here it never pays
    "jit": "off",
}
_BEGIN = "begin isolation level repeatable read read only"

_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")

Row = dict[str, Any]


class Pool(Database):
    """The pool of a process. ``begin`` opens a snapshot, with what its sessions lack set there."""

    begin = _BEGIN


class Reader:
    """Runs named queries on one connection. Rows are dicts by column name."""

    def __init__(self, connection: Any) -> None:
        # the driver's own: `databases` would parse and compile each statement each time
        self._connection = connection.raw_connection
        self._known: dict[tuple[Any, ...], Row] = {}

    async def one(self, statement: str, **values: object) -> Row | None:
        """The first row, or ``None``."""
        text, names = numbered(statement)
        row = await self._connection.fetchrow(text, *(values[name] for name in names))
        return None if row is None else dict(row)

    async def only(self, statement: str, **values: object) -> Row:
        """The row of a statement that always has one."""
        row = await self.one(statement, **values)
        if row is None:
            raise LookupError("the statement returned no row")
        return row

    async def once(self, statement: str, **values: object) -> Row:
        """The same of what several parts of an answer ask: read by the first of them alone.

        Of a snapshot, where the answer can't change; the row is not to be changed either.
        """
        key = (
            statement,
            *(tuple(v) if isinstance(v, list) else v for _, v in sorted(values.items())),
        )
        if key not in self._known:
            self._known[key] = await self.only(statement, **values)
        return self._known[key]

    async def all(self, statement: str, **values: object) -> list[Row]:
        """Every row."""
        text, names = numbered(statement)
        rows = await self._connection.fetch(text, *(values[name] for name in names))
        return [dict(row) for row in rows]

    async def batches(
        self, statement: str, *, size: int, **values: object
    ) -> AsyncIterator[list[Row]]:
        """Every row of a snapshot, ``size`` at a time, by a cursor of the server's."""
        text, names = numbered(statement)
        # without a name: behind a pooler another client may have left its own under the same one
        prepared = await self._connection.prepare(text, name="")
        cursor = await prepared.cursor(*(values[name] for name in names))
        while rows := await cursor.fetch(size):
            yield [dict(row) for row in rows]


# Rights are read from the pool, or in the snapshot of an answer that is being made.
Source = Database | Reader


def open_pool(url: str, *, pooled: bool, max_size: int = 8) -> Pool:
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
    pool = Pool("postgresql:///", min_size=1, max_size=max_size, connect=connect, reset=_as_it_is)
    if pooled:
        pool.begin = "; ".join(
            [_BEGIN]
            + [
                f"set local {name} = '{value}'"
                for name, value in _SETTINGS.items()
                if name not in address.chosen
            ]
        )
    return pool


async def _as_it_is(_: object) -> None:
    """A connection given back has no state to reset, which would cost a round trip each time:
    nothing here sets, locks or listens beyond its transaction, which the driver ends."""


@cache
def numbered(statement: str) -> tuple[str, tuple[str, ...]]:
    """A named query as the driver takes it, and the names of its parameters in their order."""
    names = tuple(sorted(set(_NAMED.findall(statement))))
    return _NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", statement), names


def _said_once(record: logging.LogRecord) -> bool:
    """The pool connects again by itself; each try that fails is no more than the same outage."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return True
    database_outage.failed(error)
    return False


@asynccontextmanager
async def one_statement(source: Source) -> AsyncIterator[Reader]:
    """A connection for single statements, each of which is its own transaction; or the reader of
    an answer that is being made."""
    if isinstance(source, Reader):
        yield source
        return
    async with AsyncExitStack() as stack:
        connection = await _connection(stack, source)
        yield Reader(connection)
    database_outage.over()


@asynccontextmanager
async def snapshot(source: Source) -> AsyncIterator[Reader]:
    """A connection on which every statement sees the same moment, and none can write.

    A part of an answer reads in the snapshot of the whole: a reader given is the one that comes.
    """
    if isinstance(source, Reader):
        yield source
        return
    begin = source.begin if isinstance(source, Pool) else _BEGIN
    async with AsyncExitStack() as stack:
        connection = await _connection(stack, source)
        await stack.enter_async_context(_transaction(connection.raw_connection, begin))
        yield Reader(connection)
    database_outage.over()


@asynccontextmanager
async def writing(source: Database, *, keep: bool = True) -> AsyncIterator[Reader]:
    """A transaction of one snapshot that may write, and comes to nothing where an error ends it;
    also, unless ``keep``, where none does."""
    begin = source.begin if isinstance(source, Pool) else _BEGIN
    async with AsyncExitStack() as stack:
        connection = await _connection(stack, source)
        begin = begin.replace(" read only", "")
        end = "commit" if keep else "rollback"
        await stack.enter_async_context(_transaction(connection.raw_connection, begin, end))
        yield Reader(connection)
    database_outage.over()


@asynccontextmanager
async def _transaction(connection: Any, begin: str, end: str = "commit") -> AsyncIterator[None]:
    """Our own: the driver's takes no settings with it, and the one of ``databases`` keeps its
    connection for good when the server goes away in the middle of it."""
    try:
        await connection.execute(begin)
        yield
    except BaseException:
        # of one that is lost there is nothing to roll back
        lost = (asyncpg.InterfaceError, asyncpg.PostgresError, OSError, TimeoutError)
        with suppress(*lost), anyio.move_on_after(_WAIT, shield=True):
            await connection.execute("rollback")
        raise
    await connection.execute(end)


async def _connection(stack: AsyncExitStack, database: Database) -> Any:
    connection = database.connection()
    try:
        with anyio.move_on_after(_WAIT) as waiting:
            await connection.__aenter__()
            stack.push_async_callback(_give_back, connection)
    except (*AWAY, asyncpg.PostgresError) as error:
        # whatever the server says to one who connects, it is no fault of the request
        database_outage.failed(error)
        raise unavailable() from None
    if waiting.cancelled_caught:
        raise unavailable("All database connections are busy. Try again in a moment.")
    return connection


async def _give_back(connection: Any) -> None:
    """Also where the request is cut off: a connection that is kept is lost to all others."""
    with anyio.CancelScope(shield=True):
        await connection.__aexit__()
