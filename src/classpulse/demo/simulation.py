"""Runs the simulator against a database: as a writer, at a rate, across restarts of Postgres."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from classpulse.database.connection import connect
from classpulse.demo.load import made_by_demo
from classpulse.demo.school import EXTERNAL_ID
from classpulse.demo.simulator import Simulator
from classpulse.errors import ClasspulseError, DatabaseError
from classpulse.outage import Outage
from classpulse.sql import queries

_SQL = queries("simulate")
_logger = logging.getLogger(__name__)
_RETRY_SECONDS = 1.0
_LONGEST_PAUSE = 5.0
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # what the driver says of a connection that broke off between two of its states
    asyncpg.InternalClientError,
    OSError,
)


class RealDataError(ClasspulseError):
    """The database was not made by ``classpulse demo``."""


async def simulate(
    url: str,
    *,
    rate: float,
    count: int | None,
    into_real_data: bool = False,
    patient: bool = False,
    told: Callable[[str], None] = lambda _: None,
    draw: random.Random | None = None,
) -> None:
    """Write ``count`` changes, about ``rate`` a second; ``None``: for ever, and then it comes
    back after Postgres was restarted; ``patient``: also where it could not begin yet.

    In a database of the demo it writes into the demo's own school alone; into another database
    only where ``into_real_data`` is given, else :class:`RealDataError`.
    """
    draw = draw or random.Random()  # noqa: S311
    outage = Outage(_logger, "the simulator's connection")
    written = 0
    while count is None or written < count:
        try:
            async with _as_a_writer(url, into_real_data, draw) as simulator:
                while count is None or written < count:
                    change = await simulator.write()
                    outage.over()
                    if change is None and count is not None:
                        raise DatabaseError(
                            "there is no section with students in it to write into: load some first"
                        )
                    if change is not None:
                        written += 1
                        told(change)
                    await asyncio.sleep(min(draw.expovariate(rate), _LONGEST_PAUSE))
        except _LOST as error:
            _give_up_unless(count is None, error, outage)
        except (asyncpg.OperatorInterventionError, DatabaseError) as error:
            # before anything worked, it is no outage of a database that nobody knows
            again = count is None and (patient or written > 0 or outage.lasts)
            _give_up_unless(again, error, outage)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.TransactionRollbackError):
            # somebody else wrote the same row, or deleted what it hung on: look again
            _logger.debug("a simulated change met another writer")
        else:
            continue
        await asyncio.sleep(_RETRY_SECONDS)


def _give_up_unless(again: bool, error: Exception, outage: Outage) -> None:
    if not again:
        if isinstance(error, ClasspulseError):
            raise error
        raise DatabaseError(f"the connection to the database was lost: {error}") from error
    outage.failed(error)


@asynccontextmanager
async def _as_a_writer(
    url: str, into_real_data: bool, draw: random.Random
) -> AsyncIterator[Simulator]:
    connection = await connect(url, application_name="classpulse simulate")
    try:
        try:
            own = await made_by_demo(connection)
        except asyncpg.SyntaxOrAccessError as error:
            if not into_real_data:
                raise RealDataError(_refusal()) from error
            own = False
        if not own and not into_real_data:
            raise RealDataError(_refusal())
        with contextlib.suppress(
            asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError
        ):
            await connection.fetch(queries("migrate")["advance_sequences"], None)
        try:
            await connection.execute(_SQL["as_a_writer"])
        except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
            raise DatabaseError(
                f"this login can't act as classpulse_writer ({error}): run classpulse migrate, "
                "then grant classpulse_writer to it"
            ) from error
        yield Simulator(
            connection, school=None if into_real_data and not own else EXTERNAL_ID, draw=draw
        )
    finally:
        await connection.close(timeout=2)


def _refusal() -> str:
    return (
        "this database was not made by classpulse demo, and simulate changes grades and "
        "attendance: give --into-real-data if that is what you want"
    )
