"""The log's partitions: a new one when the day turns, and none that is older than the retention."""

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg

from classpulse.database.connection import STEADY, connect
from classpulse.errors import DatabaseError
from classpulse.project.batch import Cursor
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("leader")
log = logging.getLogger(__name__)

#: a long retention has longer partitions: every reader of the log opens those that it may need
MOST_PARTITIONS = 30


class Partitions:
    """The leader's look at the partitions, and the separate session that makes and drops them.

    A failure stops nothing: events go on into the partition that there is, and old ones of it are
    deleted row by row.
    """

    def __init__(self, url: str, retention: timedelta) -> None:
        self.retention = retention
        #: how long one partition is written: a day (UTC), or a number of them
        self.span = timedelta(days=max(1, -(-retention // timedelta(days=MOST_PARTITIONS))))
        self._url = url
        self._task: asyncio.Task[None] | None = None
        self._said = ""

    async def look(self, connection: "Connection", cursor: Cursor) -> None:
        """Go on in the next partition if the day turned, and start what is to be done."""
        found = await connection.fetchrow(
            SQL["look_at_log"], cursor.position, self.retention, self.span.total_seconds()
        )
        if found is None:
            return
        if found["goes_on_at"] is not None:
            # positions only grow, and may leave some out
            cursor.position = max(cursor.position, found["goes_on_at"] - 1)
        if self.is_at_work:
            return
        if found["is_short"] or found["has_old"]:
            self._task = asyncio.create_task(
                self._work(cursor.position, found["is_short"], found["has_old"])
            )

    @property
    def is_at_work(self) -> bool:
        """Whether partitions are being made or dropped."""
        return self._task is not None and not self._task.done()

    async def close(self) -> None:
        """Leave off what is under way: it is a transaction that comes to nothing."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _work(self, position: int, is_short: bool, has_old: bool) -> None:
        try:
            connection = await connect(
                self._url, application_name="classpulse partitions", server_settings=STEADY
            )
            try:
                if is_short:
                    await connection.execute(SQL["lengthen_log"], position)
                while has_old:
                    has_old = await connection.fetchval(SQL["shorten_log"], self.retention)
            finally:
                await connection.close()
        except asyncpg.LockNotAvailableError:
            # somebody reads the log for long, as a dump does: at the next look
            log.debug("the partitions of the log are in use")
        except (DatabaseError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            self._say(f"the log's partitions could not be made or dropped yet: {error}")
        except Exception:
            log.exception("projector: the log's partitions could not be made or dropped")
        else:
            self._said = ""

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            log.warning("projector: %s", text)
