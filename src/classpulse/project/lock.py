"""The leader's lock: a session fit to hold it, and the ways to get it.

Nobody waits for it in the database, which would hold back vacuum; and nobody listens for its
release, since every notification of the database wakes every session that listens to anything.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from classpulse.database.connection import STEADY, connect, socket_of
from classpulse.database.install import scripts
from classpulse.errors import DatabaseError, OtherVersionError
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("leader")
log = logging.getLogger(__name__)

TAKE_OVER_SECONDS = 30.0
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


@dataclass(frozen=True, slots=True)
class Try:
    """``number`` of the lock, if it is ours now; ``is_next``: we head the line of followers."""

    number: int | None
    is_next: bool = False


async def try_lock(
    connection: "Connection", version: str, *, asked: bool = False, line: int | None = None
) -> Try:
    """Try once. ``asked``: the leader was asked to step aside for us; ``line`` to head if not.

    :class:`OtherVersionError` where the SQL in the database is not that of this Python.
    """
    state = await connection.fetchrow(SQL["take_lock"], version, asked, line)
    if state is None:
        raise DatabaseError("classpulse.state is empty: run classpulse migrate")
    if not state["is_our_version"]:
        raise OtherVersionError("another version of classpulse was installed in this database")
    number: int = state["lock_number"]
    if not state["taken"]:
        return Try(None, bool(state["is_next"]))
    if await connection.fetchval(SQL["confirm_lock"], number, version):
        return Try(number)
    await connection.execute(SQL["release_lock"], number)
    return Try(None)


async def take_over(connection: "Connection") -> int:
    """Take the lock from the process that leads, for as long as ``connection`` lives: its number.

    The leader steps aside for a moment when asked; :class:`DatabaseError` if it does not.
    """
    deadline = asyncio.get_running_loop().time() + TAKE_OVER_SECONDS
    tries = 0
    while (tried := await try_lock(connection, scripts.version(), asked=True)).number is None:
        if asyncio.get_running_loop().time() > deadline:
            raise DatabaseError(
                "the running server does not let go of the projector's lock: "
                "is it stopped or another version? end it and try again"
            )
        if tries % 20 == 0:
            await pass_by_stranger(connection)
            await connection.execute(SQL["ask_leader_to_yield"])
        tries += 1
        await asyncio.sleep(0.01)
    return tried.number


async def displace(connection: "Connection", seconds: float) -> int | None:
    """Ask the leader once to make room for us: the lock's number, or ``None`` if it doesn't."""
    deadline = asyncio.get_running_loop().time() + seconds
    await connection.execute(SQL["ask_leader_to_yield"])
    while (tried := await try_lock(connection, scripts.version(), asked=True)).number is None:
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.01)
    return tried.number


async def pass_by_stranger(connection: "Connection") -> asyncpg.Record | None:
    """Any role may take any advisory lock: where one that can't project has ours, use another.

    One that takes a lock confirms its number in the row locked here, so that two never lead.
    Returns who holds it, if that is one who may.
    """
    holder = await connection.fetchrow(SQL["lock_holder"])
    if holder is None or not holder["is_stranger"]:
        return holder
    async with connection.transaction():
        await connection.execute(SQL["keep_lock_number"])
        holder = await connection.fetchrow(SQL["lock_holder"])
        if holder is None or not holder["is_stranger"]:
            return holder
        await connection.execute(SQL["change_lock_number"])
    log.warning(
        "projector: pid %s of role %s holds the projector's lock and is no projector:"
        " another lock is used from now on",
        holder["pid"],
        holder["role"],
    )
    return None
