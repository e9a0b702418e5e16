"""Loads the demo school into an empty database, by COPY, as a database-side tool would."""

from datetime import UTC, datetime

import asyncpg
from argon2 import PasswordHasher

from classpulse.database.connection import connect
from classpulse.demo.school import PASSWORD, STUDENTS, Table, school
from classpulse.errors import DatabaseError
from classpulse.sql import queries

_SQL = queries("demo")


async def load(url: str, *, students: int = STUDENTS) -> bool:
    """Make the demo school in one transaction; ``False`` where it is already there.

    A database that holds a school of somebody's own is left alone: :class:`DatabaseError`.
    """
    connection = await connect(url, application_name="classpulse demo")
    try:
        async with connection.transaction():
            await connection.execute(_SQL["one_at_a_time"])
            if await made_by_demo(connection):
                return False
            if await connection.fetchval(_SQL["holds_a_school"]):
                raise DatabaseError(
                    "this database holds a school of its own: "
                    "give the demo another folder with --data-dir"
                )
            for table in school(datetime.now(UTC).date(), students):
                await _copy(connection, table)
            await connection.execute(_SQL["set_passwords"], PasswordHasher().hash(PASSWORD))
            await connection.execute(_SQL["mark"])
    finally:
        await connection.close()
    return True


async def made_by_demo(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether the mark is there that :func:`load` sets."""
    return bool(await connection.fetchval(_SQL["made_by_demo"]))


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", table: Table) -> None:
    await connection.copy_records_to_table(
        table.name, schema_name="public", columns=table.columns, records=table.rows
    )
    if "id" in table.columns:
        await connection.execute(_SQL["go_on_counting"], table.name, len(table.rows))
