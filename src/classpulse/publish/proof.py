"""Proof of life: a change made in the database now would arrive here."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from classpulse.events import Event
from classpulse.outage import Outage
from classpulse.publish.reader import QUERY_SECONDS
from classpulse.publish.shared_connection import LOST, SharedConnection
from classpulse.sql import queries

logger = logging.getLogger(__name__)
_SQL = queries("publish")

# Seconds. A canary younger than the first, whosever, makes another one needless.
CANARY_EVERY = 3.0
CANARY_LOST = 5.0
PROOF_HOLDS = 7.0


class _Canary(msgspec.Struct):
    process: str
    beat: int


_decode_canary = msgspec.json.Decoder(_Canary).decode


class Proof:
    """What is known of the way from a writer to here.

    ``fresh`` only if a canary born within the last seven seconds came back and no capture trigger
    was missing when last looked at. Ages are by the database's clock, estimated from the last
    answer, so that this machine's may be wrong.
    """

    def __init__(self, process: str) -> None:
        self.process = process
        self.intact = False
        self.lag_ms: float | None = None
        self._beat = time.time_ns()
        self._sent_at: float | None = None
        self._next_beat = 0.0
        self._born: datetime | None = None
        self._clock_ahead = timedelta()
        self._outage = Outage(logger, "writing a canary")

    @property
    def age(self) -> float | None:
        """Seconds since the birth of the last canary that came back."""
        if self._born is None:
            return None
        return (self._database_now() - self._born).total_seconds()

    @property
    def fresh(self) -> bool:
        """Whether a change made now would arrive."""
        return self.intact and self.age is not None and self.age <= PROOF_HOLDS

    @property
    def overdue(self) -> bool:
        """Whether our own canary should have come back by now."""
        return self._sent_at is not None and time.monotonic() - self._sent_at > CANARY_LOST

    def set_clock(self, database_now: datetime) -> None:
        """What time it was in the database just now."""
        self._clock_ahead = database_now - datetime.now(UTC)

    def seen(self, event: Event) -> None:
        """A canary came back."""
        canary = _decode_canary(event.payload)
        now = self._database_now()
        if self._born is None or event.at > self._born:
            self._born = event.at
            self.lag_ms = max(0.0, (now - event.at).total_seconds() * 1000)
        if canary.process == self.process and canary.beat >= self._beat:
            if self._sent_at is not None:
                self.lag_ms = (time.monotonic() - self._sent_at) * 1000
            self._sent_at = None

    def give_up(self) -> None:
        """The canary under way counts as lost."""
        self._sent_at = None

    async def beat(self, line: SharedConnection) -> None:
        """Write a canary, unless a young one is known; look at the triggers either way."""
        age = self.age
        self._next_beat = time.monotonic() + CANARY_EVERY
        async with line.use() as connection:
            if self._sent_at is not None or (age is not None and age < CANARY_EVERY * 0.8):
                self.intact = await connection.fetchval(
                    _SQL["capture_is_intact"], timeout=QUERY_SECONDS
                )
                return
            self._beat += 1
            self._sent_at = time.monotonic()
            try:
                row = await connection.fetchrow(
                    _SQL["write_canary"], self.process, self._beat, timeout=QUERY_SECONDS
                )
            except LOST:
                self._sent_at = None
                raise
        if row is None or row["born_at"] is None:
            self._sent_at = None
        self.intact = row is not None and row["intact"]

    async def run(self, line: SharedConnection, on_overdue: Callable[[], None]) -> None:
        """Beat forever; ``on_overdue`` is told once per canary that does not come back."""
        while True:
            if self.overdue:
                self.give_up()
                on_overdue()
            if time.monotonic() >= self._next_beat:
                try:
                    await self.beat(line)
                except LOST as error:
                    self.intact = False
                    self._outage.failed(error)
                else:
                    self._outage.over()
            await asyncio.sleep(CANARY_EVERY / 6)

    def _database_now(self) -> datetime:
        return datetime.now(UTC) + self._clock_ahead
