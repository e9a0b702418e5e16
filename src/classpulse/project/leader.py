"""One leader among all processes: whoever holds the advisory lock projects.

Lock and projection share one session, and the session ends on the server's side when its process
stops answering, so that nobody projects without the lock.
"""

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg

from classpulse.database import shipped
from classpulse.database.connection import STEADY, connect, socket_of
from classpulse.errors import DatabaseError, OtherVersionError
from classpulse.project.batch import Cursor, Outcome, project
from classpulse.project.epoch import open_log
from classpulse.project.healing import Healing
from classpulse.project.wake import Wake
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("leader")
PROJECT = queries("project")
log = logging.getLogger(__name__)

#: how often a follower asks for the lock; a blocking wait would hold back vacuum
FOLLOW_SECONDS = 0.3
#: a leader asked to step down stays away so long
YIELD_SECONDS = 1.0
TAKE_OVER_SECONDS = 30.0
#: after a loss: first soon, then less often, and soon again after a session that lasted
RETRY_SECONDS, RETRY_MOST_SECONDS, LASTED_SECONDS = 0.1, 2.0, 5.0
#: how often old events are forgotten, and the bound of a take is raised
HOUSEKEEPING_SECONDS = 60.0
LOW_WATER_SECONDS = 5.0
SESSION = {
    **STEADY,
    # a leader that hangs (stopped, cut off) loses lock and session together
    "idle_session_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "tcp_user_timeout": "5s",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "synchronous_commit": "on",
    "jit": "off",
    # every statement looks up by an index what it needs; a plan made while a table was small, or
    # not yet analyzed, must not scan it once it has grown
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}
_LOST = (
    OSError,
    TimeoutError,
    DatabaseError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # what the driver says of a session that ended while it was idle
    asyncpg.InternalClientError,
)


@contextlib.asynccontextmanager
async def leader_session(url: str) -> AsyncIterator["Connection"]:
    """A session fit to hold the lock; it is closed without waiting for the server."""
    connection = await connect(
        url, application_name="classpulse projector", server_settings=SESSION, firm=True
    )
    try:
        _notice_silence(connection)
        yield connection
    finally:
        connection.terminate()


def _notice_silence(connection: "Connection") -> None:
    """A network gone silent must end a call that waits for its answer."""
    peer = socket_of(connection)
    if peer is None:
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 2), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


class Leader:
    """Projects while it leads, and stands by while another process does."""

    def __init__(self, url: str, *, retention: timedelta) -> None:
        self._url = url
        self._retention = retention
        # of the Python that runs here, whatever is installed beside it later
        self._version = shipped.version()
        self._was_fit = False
        self._said = ""
        self.leading = False
        #: why this process may not lead, and what to do about it
        self.obstacle: str | None = None
        #: changes that no notification announced: should stay 0
        self.found_late = 0

    async def run(self) -> None:
        """Stand by or lead, for ever; every loss of the database is waited out."""
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
        while True:
            number = await _try_lock(connection, self._version)
            self._was_fit, self.obstacle = True, None
            if number is not None:
                return number
            if loop.time() >= next_look:
                next_look = loop.time() + 2
                await _pass_by_stranger(connection)
                with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(SQL["end_stuck_leader"])
            await asyncio.sleep(FOLLOW_SECONDS)

    async def _lead(self, connection: "Connection", number: int) -> None:
        loop = asyncio.get_running_loop()
        cursor = await open_log(connection)
        await connection.execute(PROJECT["name_everyone"])
        wake = Wake(connection)
        await wake.start()
        self.leading = True
        log.info("projector: leading from %s-%s", cursor.epoch, cursor.position)
        # it may be of a version that can handle them
        await connection.execute(PROJECT["retry_set_aside"])
        chores = _Chores(connection, cursor, self._retention)
        healing = Healing(self._url)
        try:
            while not (wake.asked_to_look and await self._is_wanted(connection, wake)):
                began = loop.time()
                outcome = await project(connection, cursor)
                seconds, self._said = loop.time() - began, ""
                await chores.after(outcome)
                await healing.look(connection)
                await wake.wait(outcome.taken, outcome.oldest, seconds)
                self.found_late += wake.found_late
                wake.found_late = 0
        finally:
            self.leading = False
            await healing.close()
        await connection.execute(SQL["flag_awake"])
        await connection.execute(SQL["release_lock"], number)

    async def _is_wanted(self, connection: "Connection", wake: Wake) -> bool:
        wake.asked_to_look = False
        return bool(await connection.fetchval(SQL["is_wanted"]))


async def take_over(connection: "Connection") -> None:
    """Take the lock from whoever leads, for as long as ``connection`` lives.

    The leader steps aside for a moment when asked; :class:`DatabaseError` if it does not.
    """
    deadline = asyncio.get_running_loop().time() + TAKE_OVER_SECONDS
    tries = 0
    while await _try_lock(connection, shipped.version()) is None:
        if asyncio.get_running_loop().time() > deadline:
            raise DatabaseError(
                "the running server does not let go of the projector's lock: "
                "is it stopped or another version? end it and try again"
            )
        if tries % 50 == 0:
            await _pass_by_stranger(connection)
            await connection.execute(SQL["ask_leader_to_yield"])
        tries += 1
        await asyncio.sleep(0.01)


async def _try_lock(connection: "Connection", version: str) -> int | None:
    """The number of the lock, if it is ours now."""
    state = await connection.fetchrow(SQL["take_lock"], version)
    if state is None:
        raise DatabaseError("classpulse.state is empty: run classpulse migrate")
    if not state["is_our_version"]:
        raise OtherVersionError("another version of classpulse was installed in this database")
    number: int = state["lock_number"]
    if not state["taken"]:
        return None
    if await connection.fetchval(SQL["confirm_lock"], number, version):
        return number
    await connection.execute(SQL["release_lock"], number)
    return None


async def _pass_by_stranger(connection: "Connection") -> None:
    """Any role may take any advisory lock: where one that can't project has ours, use another.

    One that takes a lock confirms its number in the row locked here, so that two never lead.
    """
    holder = await connection.fetchrow(SQL["lock_holder"])
    if holder is None or not holder["is_stranger"]:
        return
    async with connection.transaction():
        await connection.execute(SQL["keep_lock_number"])
        holder = await connection.fetchrow(SQL["lock_holder"])
        if holder is None or not holder["is_stranger"]:
            return
        await connection.execute(SQL["change_lock_number"])
    log.warning(
        "projector: pid %s of role %s holds the projector's lock and is no projector:"
        " another lock is used from now on",
        holder["pid"],
        holder["role"],
    )


class _Chores:
    """What the leader does besides: raise the bound of a take, forget what is old."""

    def __init__(self, connection: "Connection", cursor: Cursor, retention: timedelta) -> None:
        self._connection = connection
        self._cursor = cursor
        self._retention = retention
        self._loop = asyncio.get_running_loop()
        self._drawn: tuple[int, int] | None = None
        self._next_bound = 0.0
        self._next_cleaning = 0.0
        self._next_machinery = 0.0
        #: machinery events up to the second are a minute old or more
        self._machinery = (max(0, cursor.position - 100_000), cursor.position)

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
            every = min(HOUSEKEEPING_SECONDS, self._retention.total_seconds() / 4)
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
        while True:
            status = await self._connection.execute(SQL["forget_events"], self._retention)
            if status == "UPDATE 0":
                break
