"""The session that installs: one at a time for a database, patient, never in a writer's way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from classpulse.database.connection import connect, one_line
from classpulse.database.install.plan import Step
from classpulse.errors import MigrationError
from classpulse.sql import queries

_OLDEST_POSTGRES = 15
_REFUSED = "CPREF"


@dataclass(frozen=True)
class Session:
    """Runs steps, each in its own transaction."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    patience_seconds: float

    async def run(self, step: Step) -> None:
        """Run ``step``. Its locks are waited for a second at a time, with pauses between."""
        deadline = time.monotonic() + self.patience_seconds
        pause_seconds = 0.1
        while True:
            try:
                async with self.connection.transaction():
                    for statement in step.statements:
                        await self.connection.execute(statement.sql, *statement.values)
                return
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
                if time.monotonic() + pause_seconds > deadline:
                    raise MigrationError(await self._who_is_in_the_way(step)) from error
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, 2.0)
            except asyncpg.InsufficientPrivilegeError as error:
                raise MigrationError(
                    f"{step.name}: {one_line(error)}; install as the database's owner"
                ) from error
            except asyncpg.PostgresError as error:
                if error.sqlstate == _REFUSED:
                    raise MigrationError(one_line(error)) from error
                raise MigrationError(f"{step.name}: {one_line(error)}") from error

    async def _who_is_in_the_way(self, step: Step) -> str:
        rows = await self.connection.fetch(queries("migrate")["holders_of_locks"])
        pids = ", ".join(str(row["pid"]) for row in rows) or "by now gone"
        return (
            f"{step.name} got no lock within {self.patience_seconds:.0f} s: "
            f"let the open transactions end (pids: {pids}) and try again"
        )


@asynccontextmanager
async def session(
    url: str, patience_seconds: float, warn: Callable[[str], None]
) -> AsyncIterator[Session]:
    """The database's one installing session; another's is waited for."""

    def listen(_: object, message: "asyncpg.PostgresLogMessage") -> None:
        if message.severity_en == "WARNING":
            warn(message.message)

    connection = await connect(url, application_name="classpulse migrate")
    try:
        version = connection.get_server_version()
        if version.major < _OLDEST_POSTGRES:
            raise MigrationError(
                f"PostgreSQL {version.major} is too old: PostgreSQL {_OLDEST_POSTGRES} "
                "or newer is needed"
            )
        connection.add_log_listener(listen)
        await connection.execute(queries("migrate")["session"])
        deadline = time.monotonic() + patience_seconds
        while not await connection.fetchval(queries("migrate")["take_turn"]):
            if time.monotonic() > deadline:
                holder = await connection.fetchval(queries("migrate")["holder_of_turn"])
                raise MigrationError(
                    "another installation of this database is still running "
                    f"({holder or 'by now ended'}): wait for its end, or end that session"
                )
            await asyncio.sleep(0.1)
        yield Session(connection, patience_seconds)
    finally:
        await connection.close()
