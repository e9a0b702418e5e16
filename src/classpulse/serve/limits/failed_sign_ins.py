"""Failed sign-ins of the last quarter of an hour, counted in the database."""

import time

from databases import Database
from limits.aio.storage.base import MovingWindowSupport

from classpulse.serve.limits.storage import WindowStorage
from classpulse.serve.snapshot import one_statement
from classpulse.sql import queries

_SQL = queries("limits")


class FailedSignIns(WindowStorage, MovingWindowSupport):
    """A moving window, exact for all processes: one statement counts and decides.

    Each costs much anyway (a password is checked), so one more statement does not matter.
    """

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count one more if there is room for it."""
        assert amount == 1
        async with one_statement(self._database) as reader:
            row = await reader.one(
                _SQL["count_failure"], counted_for=key, seconds=expiry, most=limit
            )
        return row is not None

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest of those in the window was, and how many there are."""
        async with one_statement(self._database) as reader:
            row = await reader.only(_SQL["failures"], counted_for=key, seconds=expiry)
        return time.time() - row["oldest_age"], row["failures"]

    async def take_back(self, key: str) -> None:
        """The last one counted was no failure."""
        async with one_statement(self._database) as reader:
            await reader.one(_SQL["take_back_failure"], counted_for=key)

    async def forget(self, expiry: int) -> None:
        """Drop what no window reaches any more."""
        async with one_statement(self._database) as reader:
            await reader.one(_SQL["forget_old_failures"], seconds=expiry)
