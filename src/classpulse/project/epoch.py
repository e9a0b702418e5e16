"""The epoch of the log: another database behind the same address never continues the numbers."""

import json
from typing import TYPE_CHECKING, Any

from classpulse.database.install import scripts
from classpulse.errors import DatabaseError, OtherVersionError
from classpulse.project.batch import Cursor
from classpulse.sql import queries

if TYPE_CHECKING:
    import asyncpg

SQL = queries("leader")


async def open_log(connection: "asyncpg.Connection[asyncpg.Record]") -> Cursor:
    """Where the log stands; under a new epoch if this is not the database that it was.

    :class:`OtherVersionError` where the SQL in the database is not that of this Python.
    """
    async with connection.transaction():
        state = await connection.fetchrow(SQL["state"])
        if state is None:
            raise DatabaseError("classpulse.state is empty: run classpulse migrate")
        if state["version"] != scripts.version():
            raise OtherVersionError("another version of classpulse was installed in this database")
        identity: str = await connection.fetchval(SQL["identity"])
        epoch: str = state["epoch"]
        if state["identity"] is None:
            await connection.execute(SQL["remember_identity"], identity)
        if state["is_behind"]:
            await connection.execute(SQL["catch_up"], state["position"])
        if state["is_behind"] or _is_another(state["identity"], identity):
            epoch = await connection.fetchval(SQL["new_epoch"], identity)
            await connection.execute(SQL["announce_epoch"])
        if not await connection.fetchval(SQL["has_room"], state["position"]):
            await connection.execute(SQL["lengthen_log"], state["position"])
        low_water = await connection.fetchval(SQL["oldest_change"])
    return Cursor(epoch, state["position"], low_water, state["version"])


def _is_another(stored: str | None, identity: str) -> bool:
    """Whether something known of both differs: what a server tells may change with its rights."""
    before: dict[str, Any] = json.loads(stored or "{}")
    now: dict[str, Any] = json.loads(identity)
    return any(before[name] != now[name] for name in before.keys() & now.keys())


async def renew(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """Start a new epoch by hand: every resume from before gets ``reset``.

    The caller has taken the leader's place, so that nobody numbers on under the old one.
    """
    async with connection.transaction():
        epoch: str = await connection.fetchval(SQL["new_epoch"], None)
        await connection.execute(SQL["announce_epoch"])
    return epoch
