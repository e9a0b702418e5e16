"""How many streams and sockets an educator has open, in all processes together."""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from databases import Database

from classpulse.outage import Outage
from classpulse.serve.limits.sign_ins import too_many
from classpulse.serve.limits.storage import LOST
from classpulse.serve.snapshot import one_statement
from classpulse.sql import queries

logger = logging.getLogger(__name__)
_SQL = queries("limits")

# Streams and sockets of one process, of all educators.
MOST_IN_PROCESS = 20_000
# Seconds: a process that says nothing for fifteen is dead (take_streams.sql).
STAY_EVERY = 5.0
_ANSWER_SECONDS = 1.0
_RETRY_AFTER = 10


class OpenStreams:
    """Counts exactly: who opens one waits for a statement that all who open one now share.

    Closes are told with the next statement, half a second later at most. While Postgres does not
    answer each process counts for itself.
    """

    def __init__(self, database: Database, most: int) -> None:
        self.due = asyncio.Event()
        self.process = secrets.token_hex(8)
        self._database = database
        self._most = most
        self._in_process = 0
        self._held: Counter[int] = Counter()
        self._asked: list[tuple[int, asyncio.Future[bool]]] = []
        self._changed: set[int] = set()
        self._stayed_at = 0.0
        self._outage = Outage(logger, "counting open streams")

    @asynccontextmanager
    async def hold(self, educator_id: int) -> AsyncIterator[None]:
        """One more of an educator's until the block ends, or a 429 problem."""
        await self.take(educator_id)
        try:
            yield
        finally:
            self.give_back(educator_id)

    async def take(self, educator_id: int) -> None:
        """One more of an educator's until :meth:`give_back`, or a 429 problem."""
        if self._in_process >= MOST_IN_PROCESS:
            raise too_many("This server has as many streams open as it can.", _RETRY_AFTER)
        self._in_process += 1
        try:
            if self._most and not await self._take(educator_id):
                raise too_many(
                    f"You have {self._most} streams open, as many as one may.", _RETRY_AFTER
                )
        except BaseException:
            self._in_process -= 1
            raise

    def give_back(self, educator_id: int) -> None:
        """One that was taken is closed."""
        self._in_process -= 1
        if self._most:
            self._give_back(educator_id)

    async def _take(self, educator_id: int) -> bool:
        granted = asyncio.get_running_loop().create_future()
        self._asked.append((educator_id, granted))
        self.due.set()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await asyncio.shield(granted)
        except TimeoutError:
            if granted.done():
                return bool(granted.result())
            self._asked = [one for one in self._asked if one[1] is not granted]
            granted.cancel()
            return self._take_here(educator_id)
        except asyncio.CancelledError:
            if granted.done() and granted.result():
                self._give_back(educator_id)
            granted.cancel()
            raise

    def _take_here(self, educator_id: int) -> bool:
        if self._held[educator_id] >= self._most:
            return False
        self._held[educator_id] += 1
        self._changed.add(educator_id)
        return True

    def _give_back(self, educator_id: int) -> None:
        self._held[educator_id] -= 1
        if not self._held[educator_id]:
            del self._held[educator_id]
        self._changed.add(educator_id)

    async def tell(self) -> None:
        """Ask for those who wait, and tell what was closed."""
        self.due.clear()
        asked, self._asked = [one for one in self._asked if not one[1].done()], []
        changed, self._changed = self._changed, set()
        wanted = Counter(educator_id for educator_id, _ in asked)
        educators = sorted(changed | set(wanted))
        if not educators:
            await self._stay()
            return
        # what is given back while the statement runs is told by the next one
        held = {educator_id: self._held[educator_id] for educator_id in educators}
        try:
            async with one_statement(self._database) as reader:
                rows = await reader.all(
                    _SQL["take_streams"],
                    process=self.process,
                    educators=educators,
                    held=[held[one] for one in educators],
                    wanted=[wanted[one] for one in educators],
                    most=self._most,
                )
        except LOST as error:
            self._outage.failed(error)
            self._changed |= changed
            for educator_id, future in asked:
                if not future.done():
                    future.set_result(self._take_here(educator_id))
            return
        self._outage.over()
        self._stayed_at = time.monotonic()
        granted = Counter({row["of_educator"]: row["granted"] for row in rows})
        for educator_id, future in asked:
            if future.done():
                # it left meanwhile: what was granted to it is told as given back
                self._changed.add(educator_id)
                continue
            if granted[educator_id] > 0:
                granted[educator_id] -= 1
                self._held[educator_id] += 1
                future.set_result(True)
            else:
                future.set_result(False)

    async def _stay(self) -> None:
        if not self._held or time.monotonic() - self._stayed_at < STAY_EVERY:
            return
        self._stayed_at = time.monotonic()
        try:
            async with one_statement(self._database) as reader:
                row = await reader.only(_SQL["stay"], process=self.process)
        except LOST as error:
            self._outage.failed(error)
            return
        self._outage.over()
        if not row["was_known"]:
            self._changed |= set(self._held)

    async def leave(self) -> None:
        """The process ends, and holds nothing any more."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS), one_statement(self._database) as reader:
                await reader.one(_SQL["leave"], process=self.process)
        except LOST as error:
            logger.info("the end of this process was not told: %s", error)

    async def forget(self) -> None:
        """Drop what dead processes left."""
        async with one_statement(self._database) as reader:
            await reader.one(_SQL["forget_processes"])
            await reader.one(_SQL["forget_streams"])
