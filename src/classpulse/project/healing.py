"""Puts back what an administrator's routine undid: a partition without triggers, a trigger switched
off by a restore, a table exchanged for another of its name."""

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import asyncpg

from classpulse.database.install.migrate import heal
from classpulse.errors import DatabaseError
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("leader")
log = logging.getLogger(__name__)

LOOK_SECONDS = 1.5
#: after a try that left something to do, ever longer: a restore may be at work
AGAIN_SECONDS, AGAIN_MOST_SECONDS = 2.0, 10.0


class Healing:
    """The leader's look at the machinery, and the separate session that puts things back."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._task: asyncio.Task[None] | None = None
        self._next_look = 0.0
        self._pause = AGAIN_SECONDS
        self._said = ""

    async def look(self, connection: "Connection") -> None:
        """Look, if it is time, and start to put back what is missing."""
        now = asyncio.get_running_loop().time()
        if now < self._next_look or (self._task is not None and not self._task.done()):
            return
        self._next_look = now + LOOK_SECONDS
        if not await connection.fetchval(SQL["look"]):
            self._pause, self._said = AGAIN_SECONDS, ""
            return
        self._next_look = now + self._pause
        self._pause = min(2 * self._pause, AGAIN_MOST_SECONDS)
        self._task = asyncio.create_task(self._heal())

    async def close(self) -> None:
        """Leave off what is under way: it is a transaction that comes to nothing."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _heal(self) -> None:
        try:
            done = await heal(self._url)
        except (DatabaseError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            self._say(f"could not put back what was undone in the database yet: {error}")
        except Exception:
            log.exception("projector: what was undone in the database could not be put back")
        else:
            if done.objects:
                files = ", ".join(done.objects)
                log.warning("projector: somebody had undone a part of %s; it is back", files)

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            log.warning("projector: %s", text)
