"""A connection that is made when needed and made again after it was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from classpulse.database.connection import STEADY, connect
from classpulse.errors import DatabaseError
from classpulse.publish.reader import QUERY_SECONDS, Connection

CONNECT_SECONDS = 4.0

# What a lost, silent or restarting server looks like from here.
LOST = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # what the driver says of a connection that broke off between two of its states
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    DatabaseError,
)


async def open_connection(url: str, name: str) -> Connection:
    """Connect within bounds; the server ends what an unreachable client left open."""
    return await connect(
        url,
        application_name=name,
        connect_seconds=CONNECT_SECONDS,
        server_settings={
            **STEADY,
            "statement_timeout": "0",
            "idle_session_timeout": "0",
            "idle_in_transaction_session_timeout": "10s",
            "jit": "off",
        },
    )


class SharedConnection:
    """One connection, used by one caller at a time, in the order of asking."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Connection]:
        """The connection. An error that means it is lost drops it; the next use makes another."""
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                self._connection = await open_connection(self._url, self._name)
            try:
                yield self._connection
            except (*LOST, asyncio.CancelledError):
                self._drop()
                raise

    async def close(self) -> None:
        """Close what is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await close(connection)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


async def close(connection: Connection) -> None:
    """Close politely for a moment, else cut it."""
    try:
        await connection.close(timeout=QUERY_SECONDS / 4)
    except LOST:
        connection.terminate()
