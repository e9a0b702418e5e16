"""Follows the log and hands its events to the hub, through whatever happens to the connection."""

import asyncio
import logging
import os
import platform
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from classpulse.events import Batch
from classpulse.publish.entry import Entry
from classpulse.publish.hub import Hub, Resolve, tell
from classpulse.publish.overviews import Difference, Overviews, Whole
from classpulse.publish.proof import Proof
from classpulse.publish.reader import (
    PAGE_EVENTS,
    QUERY_SECONDS,
    Connection,
    Ends,
    log_ends,
    read_events,
    recent_events,
)
from classpulse.publish.ring import RING_EVENTS
from classpulse.publish.shared_connection import LOST, SharedConnection, close, open_connection
from classpulse.publish.stragglers import Stragglers
from classpulse.publish.subscriber import Subscriber

logger = logging.getLogger(__name__)

CHANNEL = "classpulse_events"
# Seconds.
SLOW_POLL = 2.0
HEARTBEAT_EVERY = 10.0
RETRY_FIRST = 0.1
RETRY_MOST = 2.0
# How long a notification from the projector of this process waits for its hand-over: it and the
# answer to the COMMIT come at the same moment, on two connections.
OFFER_GRACE = 0.003
# Batches: more are read from the log.
_MOST_OFFERS = 64


@dataclass(frozen=True, slots=True)
class Status:
    """What readiness asks. ``proof_age``: seconds since the birth of the last canary seen."""

    connected: bool
    epoch: str
    position: int
    log_position: int
    proof_age: float | None
    capture_intact: bool
    lag_ms: float | None
    subscribers: int

    @property
    def caught_up(self) -> bool:
        """Whether everything logged, as far as known, was handed out."""
        return self.position >= self.log_position


class Publisher:
    """One process's view of the log. ``run`` it for as long as the process lives.

    ``listen_url`` must be a direct address: LISTEN does not pass a transaction pooler.
    ``resolve`` reads the rights of educators; ``overview`` the merged figures of a scope, and
    ``difference`` what may have changed of them.
    """

    def __init__(
        self,
        listen_url: str,
        *,
        resolve: Resolve,
        overview: Whole | None = None,
        difference: Difference | None = None,
        process: str | None = None,
        heartbeat_every: float = HEARTBEAT_EVERY,
    ) -> None:
        self.hub = Hub(resolve)
        self.proof = Proof(process or f"{platform.node()}:{os.getpid()}")
        self.replays = SharedConnection(listen_url, "classpulse replay")
        self.overviews = Overviews(self.hub, overview, difference)
        self.stragglers = Stragglers(self)
        self.hub.falls_behind = self.stragglers.begin
        self._url = listen_url
        self._canaries = SharedConnection(listen_url, "classpulse canary")
        self._heartbeat_every = heartbeat_every
        self._connection: Connection | None = None
        self._woken = asyncio.Event()
        self._offers: deque[Batch] = deque()
        # positions up to which the last ones reached: their notifications say nothing new
        self._handed_over: deque[str] = deque(maxlen=_MOST_OFFERS)
        self._neighbour: int | None = None
        self._is_read_due = True
        self._next_read = 0.0
        self._started = asyncio.Event()
        self._log_position = 0
        # we ended the connection ourselves, and no proof has come since
        self._cut_off = False

    @property
    def position(self) -> int:
        """The last event handed out."""
        return self.hub.position

    @property
    def alive(self) -> bool:
        """Whether a change made in the database now would arrive."""
        return self._connection is not None and self.proof.fresh

    def status(self) -> Status:
        """For readiness and metrics."""
        return Status(
            connected=self._connection is not None,
            epoch=self.hub.epoch,
            position=self.hub.position,
            log_position=self._log_position,
            proof_age=self.proof.age,
            capture_intact=self.proof.intact,
            lag_ms=self.proof.lag_ms,
            subscribers=len(self.hub),
        )

    async def started(self, seconds: float) -> bool:
        """Wait for the first look at the log; ``False`` if it takes longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._started.wait()
        except TimeoutError:
            return False
        return True

    async def log_ends(self) -> Ends:
        """Where the log begins and ends now."""
        async with self.replays.use() as connection:
            return await log_ends(connection)

    def greet(self, subscriber: Subscriber) -> None:
        """A first heartbeat to one who is live now, if there is proof: nobody waits for the next.

        The caller wakes the subscriber.
        """
        hub = self.hub
        if self.alive and subscriber.attached and subscriber.after <= hub.position:
            tell(subscriber, "heartbeat", self._heartbeat(), hub.as_of)

    def offer(self, batch: Batch) -> None:
        """Take what the projector of this process has just committed, and spare the read.

        Only what goes on exactly where the hub stands is handed out; all else is read as ever.
        """
        self._neighbour = batch.session
        if self._connection is None:
            # its first look finds the place
            return
        if batch.events and len(self._offers) < _MOST_OFFERS:
            self._offers.append(batch)
        else:
            self._offers.clear()
            self._is_read_due = True
        self._woken.set()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_forever())
                tasks.create_task(self.proof.run(self._canaries, self._cut))
                tasks.create_task(self._heartbeats())
                tasks.create_task(self.overviews.run())
                tasks.create_task(self.stragglers.watch())
        finally:
            self.hub.deadlines.clear()
            await self.replays.close()
            await self._canaries.close()

    async def _follow_forever(self) -> None:
        pause = RETRY_FIRST
        told = False
        while True:
            try:
                async with self._listening() as connection:
                    await self._find_place(connection)
                    if told:
                        logger.info("listening again, at position %d", self.position)
                    pause, told = RETRY_FIRST, False
                    await self._follow(connection)
            except LOST as error:
                if not (told or self._cut_off):
                    logger.warning("the listening connection is lost: %s", error)
                    told = True
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 (spreads, hides nothing)
            pause = min(RETRY_MOST, pause * 2)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[Connection]:
        connection = await open_connection(self._url, "classpulse listener")
        try:
            connection.add_termination_listener(self._wake)
            async with asyncio.timeout(QUERY_SECONDS):
                await connection.add_listener(CHANNEL, self._notified)
            yield connection
        except BaseException:
            # Nobody answers a goodbye on a lost connection.
            connection.terminate()
            raise
        finally:
            self._connection = None
            await close(connection)

    async def _find_place(self, connection: Connection) -> None:
        """Where to go on: at the end of the log at first, else after our own position."""
        page = await read_events(connection, self.position, 1)
        hub = self.hub
        if not hub.epoch:
            hub.epoch, hub.position = page.epoch, page.log_position
            hub.as_of_time = page.as_of_time
            hub.ring.restart(page.log_position)
            recent = await recent_events(connection, page.log_position, RING_EVENTS)
            # As if they had been handed out here: after a restart everybody resumes at once.
            hub.ring.restart(recent[0].position - 1 if recent else page.log_position)
            for event in recent:
                hub.ring.append(Entry(event))
        elif page.epoch == hub.epoch and (await log_ends(connection)).start > hub.position:
            await hub.restart(page.epoch, page.log_position, "expired")
        self._connection = connection
        self._started.set()

    async def _follow(self, connection: Connection) -> None:
        self._offers.clear()
        self._handed_over.clear()
        self._is_read_due = True
        while True:
            self._woken.clear()
            await self._take_offers()
            if self._is_read_due and await self._read(connection):
                # others have their turn between pages
                await asyncio.sleep(0)
                continue
            await self._wait()
            if connection.is_closed():
                raise ConnectionError("it was closed")

    async def _take_offers(self) -> None:
        hub = self.hub
        while self._offers:
            batch = self._offers.popleft()
            if batch.epoch == hub.epoch and batch.after == hub.position:
                await hub.dispatch(batch.events)
                hub.as_of_time = batch.as_of_time
                self._log_position = max(self._log_position, hub.position)
                self._handed_over.append(str(hub.position))
            else:
                self._handed_over.clear()
                self._is_read_due = True

    async def _read(self, connection: Connection) -> bool:
        """Read on and hand out what comes; whether there may be more."""
        hub = self.hub
        self._is_read_due = False
        page = await read_events(connection, hub.position)
        self._next_read = asyncio.get_running_loop().time() + SLOW_POLL
        self.proof.set_clock(page.now)
        self._log_position = page.log_position
        if page.epoch != hub.epoch:
            await hub.restart(page.epoch, page.log_position, "epoch")
            return self._read_on()
        if page.log_position < hub.position:
            await hub.restart(page.epoch, page.log_position, "ahead")
            return self._read_on()
        was_alive = self.alive
        for event in page.events:
            if event.type == "_canary":
                self.proof.seen(event)
                self._cut_off = False
        await hub.dispatch(page.events)
        if hub.position >= page.log_position:
            hub.as_of_time = page.as_of_time
        if self.alive and not was_alive:
            # those who were there before the proof need not wait for the next round
            hub.broadcast("heartbeat", self._heartbeat())
        return len(page.events) == PAGE_EVENTS and self._read_on()

    def _read_on(self) -> bool:
        self._is_read_due = True
        return True

    async def _wait(self) -> None:
        """For a hand-over or a notification; a read is due now and then without one."""
        try:
            async with asyncio.timeout_at(self._next_read):
                await self._woken.wait()
        except TimeoutError:
            self._is_read_due = True

    async def _heartbeats(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_every)
            if self.alive:
                self.hub.broadcast("heartbeat", self._heartbeat())
            else:
                self.hub.keep_open()

    def _heartbeat(self) -> dict[str, Any]:
        lag = self.proof.lag_ms
        return {
            "as_of_time": self.hub.as_of_time,
            "lag_ms": None if lag is None else round(lag),
        }

    def _cut(self) -> None:
        """The canary did not come back: this connection may be deaf."""
        if self._connection is not None:
            if not self._cut_off:
                logger.warning(
                    "no proof that a change would arrive: connecting again until there is one"
                    " (is no projector running?)"
                )
            self._cut_off = True
            self._connection.terminate()
            self._wake()

    def _notified(self, _connection: object, pid: int, _channel: str, payload: object) -> None:
        """There is more in the log: the payload says up to where."""
        if pid == self._neighbour:
            asyncio.get_running_loop().call_later(OFFER_GRACE, self._look_up_to, payload)
        else:
            self._look_up_to(payload)

    def _look_up_to(self, payload: object) -> None:
        if payload not in self._handed_over:
            self._wake()

    def _wake(self, *_: object) -> None:
        self._is_read_due = True
        self._woken.set()
