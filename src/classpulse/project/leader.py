"""One leader among all processes: the holder of the advisory lock projects.

Lock and projection share one session, and the session ends on the server's side when its process
stops answering, so that nobody projects without the lock.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import asyncpg

from classpulse.database.install import scripts
from classpulse.errors import DatabaseError, OtherVersionError
from classpulse.events import Batch
from classpulse.project.batch import Cursor, Outcome, project
from classpulse.project.epoch import open_log
from classpulse.project.handover import handed_over
from classpulse.project.healing import Healing
from classpulse.project.lock import displace, leader_session, pass_by_stranger, try_lock
from classpulse.project.pacing import Pacing
from classpulse.project.partitions import Partitions
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("leader")
PROJECT = queries("project")
log = logging.getLogger(__name__)

#: how often the first in the line of servers, and in that of projectors apart, asks for the lock:
#: a process that does nothing else is to be first
FOLLOW_SECONDS, FOLLOW_APART_SECONDS = 0.3, 0.1
#: how often all others do, so that a hundred of them cost little: they step in where a leader and
#: the first of its followers go at once
OTHERS_SECONDS = (1.5, 2.5)
#: how often a follower looks at who holds the lock, and one that is not the first in its line
LOOK_SECONDS, OTHERS_LOOK_SECONDS = 2.0, 10.0
SERVERS, APART = 0, 2
#: a leader asked to step down stays away so long
YIELD_SECONDS = 1.0
#: how long a projector apart waits for a server to step down, and how soon it asks again if it lost
#: the lead: ever later, so that one that can't hold it is no bother
DISPLACE_SECONDS, ASK_AGAIN_SECONDS, ASK_AGAIN_MOST_SECONDS = 2.0, 10.0, 600.0
#: a leader that ends gives the lock back, if the database answers so soon
RELEASE_SECONDS = 1.0
#: after a loss: first soon, then less often, and soon again after a session that lasted
RETRY_SECONDS, RETRY_MOST_SECONDS, LASTED_SECONDS = 0.1, 2.0, 5.0
#: how often old events are forgotten, and the bound of a take is raised
HOUSEKEEPING_SECONDS = 60.0
LOW_WATER_SECONDS = 5.0
_LOST = (
    OSError,
    TimeoutError,
    DatabaseError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # what the driver says of a session that ended while it was idle
    asyncpg.InternalClientError,
)


class Leader:
    """Projects while it leads, and stands by while another process does.

    ``apart``: this process does nothing else, and is to lead before those that also serve.
    ``offer`` is given the events of each batch once it is committed; it must not wait or fail.
    """

    def __init__(
        self,
        url: str,
        *,
        retention: timedelta,
        history_retention: timedelta = timedelta(days=5 * 366),
        apart: bool = False,
        offer: Callable[[Batch], None] | None = None,
    ) -> None:
        self._url = url
        self._retention = retention
        self._history_retention = history_retention
        self._apart = apart
        self._offer = offer
        # of the Python that runs here, whatever is installed beside it later
        self._version = scripts.version()
        self._was_fit = False
        self._said = ""
        self._stands_by = False
        self._next_ask = 0.0
        self._ask_pause = ASK_AGAIN_SECONDS
        self.leading = False
        #: why this process may not lead, and what to do about it
        self.obstacle: str | None = None
        #: changes that no notification announced: should stay 0
        self.found_late = 0

    async def run(self) -> None:
        """Stand by or lead, for ever; every loss of the database is waited out.

        Cancelled, it gives the lock back, so that another takes over at once.
        """
        loop = asyncio.get_running_loop()
        pause = RETRY_SECONDS
        while True:
            began = loop.time()
            try:
                async with leader_session(self._url) as connection:
                    number = await self._follow(connection)
                    await self._lead(connection, number)
                    # it was asked to step aside
                    pause = YIELD_SECONDS
            except OtherVersionError as error:
                self.obstacle = f"{error}: {self._act()}"
                self._say(self.obstacle)
            except _LOST as error:
                self._say(f"{error}; trying again")
            except Exception:
                # it must not end the process: readers are told by the missing proof of life
                log.exception("projector: trying again")
            finally:
                self.leading = False
            if loop.time() - began > LASTED_SECONDS and pause != YIELD_SECONDS:
                pause = RETRY_SECONDS
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, RETRY_MOST_SECONDS)

    def _act(self) -> str:
        if self._was_fit:
            return "restart this process with that version"
        return "run classpulse migrate with this version, or start the version that installed it"

    def _say(self, text: str) -> None:
        """Once, however often it is tried again."""
        if text != self._said:
            self._said = text
            log.warning("projector: %s", text)

    async def _follow(self, connection: "Connection") -> int:
        """Return with the lock held: its number."""
        loop = asyncio.get_running_loop()
        next_look = loop.time()
        line = APART if self._apart else SERVERS
        is_next = False
        while True:
            tried = await try_lock(connection, self._version, line=None if is_next else line)
            self._was_fit, self.obstacle = True, None
            is_next = is_next or tried.is_next
            number = tried.number
            if number is None and loop.time() >= next_look:
                next_look = loop.time() + _spread(LOOK_SECONDS if is_next else OTHERS_LOOK_SECONDS)
                number = await self._look(connection)
            if number is not None:
                if is_next:
                    await connection.execute(SQL["leave_line"], line)
                return number
            if not self._stands_by:
                self._stands_by = True
                log.info("projector: standing by")
            if is_next:
                await asyncio.sleep(FOLLOW_APART_SECONDS if self._apart else FOLLOW_SECONDS)
            else:
                await asyncio.sleep(random.uniform(*OTHERS_SECONDS))  # noqa: S311

    async def _look(self, connection: "Connection") -> int | None:
        """At who holds the lock; its number, if a server made room for us."""
        holder = await pass_by_stranger(connection)
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
            await connection.execute(SQL["end_stuck_leader"])
        now = asyncio.get_running_loop().time()
        if not (self._apart and holder and holder["is_server"] and now >= self._next_ask):
            return None
        self._next_ask = now + self._ask_pause
        self._ask_pause = min(2 * self._ask_pause, ASK_AGAIN_MOST_SECONDS)
        return await displace(connection, DISPLACE_SECONDS)

    async def _lead(self, connection: "Connection", number: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        healing = Healing(self._url)
        partitions = Partitions(self._url, self._retention)
        try:
            cursor = await open_log(connection)
            await connection.execute(SQL["lead"], self._apart)
            await connection.execute(PROJECT["name_everyone"])
            pacing = Pacing(connection)
            await pacing.start()
            self.leading, self._stands_by = True, False
            log.info("projector: leading from %s-%s", cursor.epoch, cursor.position)
            # it may be of a version that can handle them
            await connection.execute(PROJECT["retry_set_aside"])
            chores = _Chores(connection, cursor, partitions, self._history_retention)
            while not (pacing.asked_to_look and await self._is_wanted(connection, pacing)):
                looked = loop.time()
                outcome = await project(connection, cursor)
                seconds, self._said = loop.time() - looked, ""
                if self._offer is not None and outcome.written:
                    self._offer(handed_over(connection.get_server_pid(), cursor, outcome))
                await chores.after(outcome)
                await healing.look(connection)
                await pacing.wait(outcome.taken, outcome.oldest, seconds, more=outcome.more)
                self._count_late(pacing)
        finally:
            self.leading = False
            if loop.time() - began > 2 * self._ask_pause:
                self._ask_pause = ASK_AGAIN_SECONDS
            await healing.close()
            await partitions.close()
            await self._release(connection, number)

    def _count_late(self, pacing: Pacing) -> None:
        if pacing.found_late:
            log.warning("projector: no notification announced %s changes", pacing.found_late)
            self.found_late += pacing.found_late
            pacing.found_late = 0

    async def _release(self, connection: "Connection", number: int) -> None:
        """Give the lock back; a session that is lost took it along."""
        with contextlib.suppress(*_LOST), anyio.move_on_after(RELEASE_SECONDS, shield=True):
            if connection.is_in_transaction():
                await connection.execute("rollback")
            await connection.execute(SQL["flag_awake"])
            await connection.execute(SQL["release_lock"], number)

    async def _is_wanted(self, connection: "Connection", pacing: Pacing) -> bool:
        pacing.asked_to_look = False
        return bool(await connection.fetchval(SQL["is_wanted"]))


def _spread(seconds: float) -> float:
    """Not everybody at once."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311


class _Chores:
    """What the leader does besides: raise the bound of a take, forget what is old."""

    def __init__(
        self,
        connection: "Connection",
        cursor: Cursor,
        partitions: Partitions,
        history_retention: timedelta,
    ) -> None:
        self._connection = connection
        self._history_retention = history_retention
        self._cursor = cursor
        self._partitions = partitions
        self._loop = asyncio.get_running_loop()
        self._drawn: tuple[int, int] | None = None
        self._next_bound = 0.0
        self._next_cleaning = 0.0
        self._next_machinery = 0.0
        #: machinery events up to the second are a minute old or more
        self._machinery = (0, cursor.position)

    async def after(self, outcome: Outcome) -> None:
        """Do what is due after a batch."""
        now = self._loop.time()
        if self._drawn is not None and outcome.oldest >= self._drawn[1]:
            # every transaction that drew an id up to this one had ended, and the batch took it
            self._cursor.low_water = max(self._cursor.low_water, self._drawn[0] + 1)
            self._drawn = None
        if self._drawn is None and now >= self._next_bound:
            self._next_bound = now + LOW_WATER_SECONDS
            drawn = await self._connection.fetchval(SQL["drawn_id"])
            if drawn + 1 < self._cursor.low_water:
                # a restore of data alone set the sequence back: ids start below the bound again
                self._cursor.low_water = 0
            self._drawn = (drawn, await self._connection.fetchval(SQL["next_transaction"]))
        if now >= self._next_cleaning:
            # a short retention is kept about as exactly as a long one
            every = min(HOUSEKEEPING_SECONDS, self._partitions.retention.total_seconds() / 4)
            self._next_cleaning = now + max(every, 1.0)
            await self._clean()

    async def _clean(self) -> None:
        await self._connection.execute(SQL["forget_processes"])
        await self._connection.execute(PROJECT["forget_accounts"])
        now = self._loop.time()
        if now >= self._next_machinery:
            self._next_machinery = now + HOUSEKEEPING_SECONDS
            await self._connection.execute(SQL["forget_plans"])
            await self._connection.execute(SQL["forget_machinery"], *self._machinery)
            self._machinery = (self._machinery[1], self._cursor.position)
        await self._partitions.look(self._connection, self._cursor)
        kept = (self._partitions.retention, self._partitions.span)
        while await self._connection.fetchval(SQL["forget_events"], *kept):
            pass
        # somebody may read the history for long, as a dump does: then at the next look
        with contextlib.suppress(asyncpg.LockNotAvailableError):
            await self._connection.execute(SQL["lengthen_history"])
            while await self._connection.fetchval(SQL["shorten_history"], self._history_retention):
                pass
