"""The limits of a process, and what keeps them right across all of them."""

import asyncio
import logging
from functools import partial

from databases import Database

from classpulse.outage import Outage
from classpulse.serve.limits.open_streams import OpenStreams
from classpulse.serve.limits.request_counts import MINUTE, RequestCounts
from classpulse.serve.limits.sign_ins import SignIns
from classpulse.serve.limits.storage import LOST
from classpulse.serve.limits.waiting_sockets import WaitingSockets
from classpulse.settings import Settings

logger = logging.getLogger(__name__)

# Seconds: a merge at the latest and at the earliest after the one before, and a clean-up.
_MERGE_EVERY = 0.5
_MERGE_REST = 0.02
_TELL_REST = 0.005
_RETRY_EVERY = 2.0
_FORGET_EVERY = 60.0


class Limits:
    """``run`` it for as long as the process lives; without Postgres each process goes on alone."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.sign_ins = SignIns(database, *settings.login_limit)
        self.requests = RequestCounts(database)
        self.streams = OpenStreams(database, settings.stream_limit)
        self.waiting_sockets = WaitingSockets()
        self._outage = Outage(logger, "sharing the counts of requests")

    async def run(self) -> None:
        """Share the counts until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._share_requests())
            tasks.create_task(self._share_streams())
            tasks.create_task(self._forget())

    # `databases` ties a connection to a task: each statement has its own task, so that one
    # that is cut off while it gives the connection back spoils nothing for the next.

    async def _share_requests(self) -> None:
        while True:
            await _wait(self.requests.due, _MERGE_EVERY)
            try:
                await asyncio.create_task(self.requests.merge())
            except LOST as error:
                self._outage.failed(error)
                await asyncio.sleep(_RETRY_EVERY)
            else:
                self._outage.over()
                await asyncio.sleep(_MERGE_REST)

    async def _share_streams(self) -> None:
        while True:
            await _wait(self.streams.due, _MERGE_EVERY)
            await asyncio.create_task(self.streams.tell())
            # Nobody waits for it but those who come at the same moment: they share the next one.
            await asyncio.sleep(_TELL_REST)

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(_FORGET_EVERY)
            for forget in (
                partial(self.requests.forget, MINUTE),
                self.sign_ins.forget,
                self.streams.forget,
            ):
                try:
                    await asyncio.create_task(forget())
                except LOST as error:
                    logger.debug("old counts stay for now: %s", error)


async def _wait(due: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await due.wait()
    except TimeoutError:
        pass
