"""The committed dump of the schema, in which a review sees what a migration changes."""

from difflib import unified_diff
from typing import TYPE_CHECKING

import pytest
import schema_dump

if TYPE_CHECKING:
    import asyncpg


async def test_the_committed_schema_is_the_installed_one(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    found = (await schema_dump.dump(connection)).splitlines()
    committed = schema_dump.FILE.read_text().splitlines()
    difference = unified_diff(committed, found, "committed", "installed", lineterm="", n=1)
    assert found == committed, "\n".join(
        ["python tests/schema_dump.py writes it again", *difference]
    )


@pytest.mark.parametrize(
    "act",
    [
        "grant update (role) on educators to classpulse_writer",
        "grant execute on function classpulse.fold to public",
        "revoke execute on procedure performance_wait from public",
        "grant create on schema classpulse to classpulse_reader",
        "alter sequence grades_id_seq increment by 2",
        "alter table grades enable row level security",
        "create or replace procedure performance_wait(timeout interval default '1 s')"
        " language sql as 'select 1'",
    ],
)
async def test_the_dump_shows(connection: "asyncpg.Connection[asyncpg.Record]", act: str) -> None:
    before = await schema_dump.dump(connection)
    await connection.execute(act)
    assert await schema_dump.dump(connection) != before
