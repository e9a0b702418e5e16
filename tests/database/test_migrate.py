"""Installing, upgrading and taking out, on a real database."""

import asyncio

import asyncpg
import pytest

from classpulse.database.migrate import is_current, migrate
from classpulse.database.uninstall import uninstall


async def test_a_second_migrate_finds_nothing_to_do(empty_database_url):
    first = await migrate(empty_database_url)
    second = await migrate(empty_database_url)
    assert first.migrations
    assert first.objects
    assert (second.migrations, second.objects) == ([], [])
    assert await is_current(empty_database_url)
