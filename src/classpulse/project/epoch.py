"""The epoch of the log: another database behind the same address never continues the numbers."""

from typing import TYPE_CHECKING

from classpulse.project.batch import Cursor
from classpulse.sql import queries

if TYPE_CHECKING:
    import asyncpg

SQL = queries("project")


async def open_log(connection: "asyncpg.Connection[asyncpg.Record]") -> Cursor:
    """Where the log stands; under a new epoch if this is not the database that it was."""
    async with connection.transaction():
        state = await connection.fetchrow(SQL["state"])
        if state is None:
            raise RuntimeError("classpulse.state is empty: run classpulse migrate")
        identity = await connection.fetchval(SQL["identity"])
        epoch: str = state["epoch"]
        if state["identity"] is None:
            await connection.execute(SQL["remember_identity"], identity)
        elif state["identity"] != identity:
            epoch = await connection.fetchval(SQL["new_epoch"], identity)
            await connection.execute(SQL["announce"], str(state["position"]))
        low_water = await connection.fetchval(SQL["oldest_change"])
    return Cursor(epoch, state["position"], low_water)


async def renew(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """Start a new epoch by hand: every resume from before gets ``reset``.

    The caller has taken the leader's place, so that nobody numbers on under the old one.
    """
    async with connection.transaction():
        epoch: str = await connection.fetchval(SQL["new_epoch"], None)
        await connection.execute(SQL["announce"], "0")
    return epoch
