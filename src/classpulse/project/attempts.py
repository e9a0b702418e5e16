"""Tries things under a savepoint, so that one that fails takes nothing else with it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from classpulse.errors import ClasspulseError

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Unit = TypeVar("Unit")

#: classes of SQLSTATE that say something of the server, the session or the moment, not of a row:
#: connection, transaction state, rollback, resources, object state, operator, system
_NOT_OF_DATA = ("08", "25", "40", "53", "55", "57", "58")


def is_of_data(error: Exception) -> bool:
    """Whether what failed may fail because of a row; else it is to be tried again as it is.

    Out of memory, a full disk, a lock, a lost connection say nothing of whose turn it was.
    """
    if isinstance(error, (ClasspulseError, asyncpg.InvalidCachedStatementError)):
        # what is ours to say; a table that was altered: the next session plans again
        return False
    if isinstance(error, asyncpg.PostgresError):
        return not (error.sqlstate or "08").startswith(_NOT_OF_DATA)
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, asyncpg.DataError)
    return not isinstance(error, (asyncpg.InternalClientError, OSError, MemoryError))


async def each(
    connection: "Connection",
    units: Sequence[Unit],
    attempt: Callable[[Sequence[Unit]], Awaitable[None]],
) -> list[tuple[Unit, Exception]]:
    """Attempt all at once, then the halves of what failed: returns what fails alone, and why.

    What ``attempt`` did for units that failed is undone in the database; it must keep nothing of
    them outside of it.
    """
    if not units:
        return []
    await connection.execute("savepoint attempt")
    try:
        await attempt(units)
    except Exception as error:
        if not is_of_data(error):
            raise
        await connection.execute("rollback to savepoint attempt")
        await connection.execute("release savepoint attempt")
        if len(units) == 1:
            return [(units[0], error)]
        half = len(units) // 2
        return [
            *await each(connection, units[:half], attempt),
            *await each(connection, units[half:], attempt),
        ]
    await connection.execute("release savepoint attempt")
    return []
