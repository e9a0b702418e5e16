"""The committed dump of the schema, in which a review sees what a migration changes."""

from difflib import unified_diff
from typing import TYPE_CHECKING

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
