"""When to look for changes: woken by the writers, or polling while they are busy.

Every commit that notifies takes a lock of the whole server through its flush, so writers notify
only a projector that says it sleeps. The flag is a sequence, seen at once by every snapshot. A
writer appends its change, then reads the flag; so one that read "awake" began before the flag was
set, and the projector polls until no such transaction can be left.
"""

import asyncio
import enum
from typing import TYPE_CHECKING

from classpulse.sql import queries

if TYPE_CHECKING:
    import asyncpg

SQL = queries("leader")

CHANNEL = "classpulse_wake"
#: while busy: a look every so often, and after a batch of many changes a rest of up to three times
#: as long as it took: the writers keep most of the machine, and more changes share its cost
BUSY_SECONDS, REST_TIMES, REST_MOST_SECONDS = 0.005, 3.0, 0.1
#: a batch of so many changes earns a rest as long as itself; one of few leaves the machine idle
REST_CHANGES = 16
#: while writers can't notify at all
POLLING_SECONDS = 0.02
#: while writers that read "awake" may still be open
FALLING_ASLEEP_SECONDS = 0.05
#: last resort, and the sign of life that keeps the session
ASLEEP_SECONDS = 1.0
#: a change is seen a moment before its notification, longer where the machine is busy: one that
#: comes so soon did announce it
ANNOUNCED_SECONDS = 0.25
#: over this long, fewer changes a second than this, and the projector sleeps
QUIET_SECONDS, QUIET_CHANGES = 0.2, 75
#: as many changes in a batch, or batches in a row, keep it awake
BUSY_CHANGES = 8
BUSY_BATCHES = 10
#: batches closer together than this are in a row
ROW_SECONDS = 0.01


def rest_after(taken: int, seconds: float) -> float:
    """Seconds until the next look while writers are busy; ``taken`` in ``seconds`` at the last."""
    times = min(REST_TIMES, taken / REST_CHANGES)
    return max(BUSY_SECONDS, min(times * seconds, REST_MOST_SECONDS))


class State(enum.Enum):
    """Writers are told of ``FALLING_ASLEEP`` and ``ASLEEP``, not of ``BUSY`` and ``POLLING``."""

    BUSY = enum.auto()
    FALLING_ASLEEP = enum.auto()
    ASLEEP = enum.auto()
    POLLING = enum.auto()


class Pacing:
    """Decides how long to wait between two looks, and keeps the writers informed."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._woken = asyncio.Event()
        self._own_transaction = 0
        self._counted_since = 0.0
        self._counted = 0
        self._in_a_row = 0
        self._last_found = 0.0
        self._was_notified = True
        self._unannounced = 0
        self.state = State.BUSY
        #: set by a notification that wants more than a look at the changes. Anybody may send one:
        #: what it wants is to be read where only the owner writes
        self.asked_to_look = False
        #: changes that were found by the slow poll alone: should stay 0
        self.found_late = 0

    async def start(self) -> None:
        """Listen first, then read, then wait."""
        await self._connection.add_listener(CHANNEL, self._notified)
        await self._set(State.BUSY)

    def _notified(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if payload:
            self.asked_to_look = True
        self._woken.set()

    async def wait(self, taken: int, oldest: int, seconds: float, *, more: bool = False) -> None:
        """Wait for the next look; ``taken``, ``oldest`` and ``seconds`` are of the last one.

        ``more``: it left something to do. Then only writers that are busy get their rest.
        """
        now = asyncio.get_running_loop().time()
        if taken:
            self._found(taken, now)
        match self.state:
            case State.BUSY:
                if self._is_quiet(now) and not more:
                    await self._fall_asleep()
                    return
                await self._pause(rest_after(taken, seconds))
            case State.POLLING:
                if not taken and now - self._counted_since > ASLEEP_SECONDS:
                    await self._fall_asleep()
                await self._pause(0 if more else POLLING_SECONDS)
            case State.FALLING_ASLEEP | State.ASLEEP:
                if self._is_busy(taken):
                    await self._set(State.BUSY)
                    return
                if self.state is State.FALLING_ASLEEP and oldest > self._own_transaction:
                    self.state = State.ASLEEP
                settling = self.state is State.FALLING_ASLEEP
                await self._pause(
                    0 if more else FALLING_ASLEEP_SECONDS if settling else ASLEEP_SECONDS
                )

    def _found(self, taken: int, now: float) -> None:
        self._in_a_row = self._in_a_row + 1 if now - self._last_found < ROW_SECONDS else 0
        self._last_found = now
        self._counted += taken
        if self.state is State.ASLEEP and not self._was_notified:
            self._unannounced += taken

    def _is_quiet(self, now: float) -> bool:
        seconds = now - self._counted_since
        if seconds < QUIET_SECONDS:
            return False
        is_quiet = self._counted < QUIET_CHANGES * seconds
        self._count_again(now)
        return is_quiet

    def _count_again(self, now: float) -> None:
        self._counted_since, self._counted = now, 0

    def _is_busy(self, taken: int) -> bool:
        return taken >= BUSY_CHANGES or self._in_a_row >= BUSY_BATCHES

    async def _fall_asleep(self) -> None:
        self._count_again(asyncio.get_running_loop().time())
        if not await self._connection.fetchval(SQL["writers_can_notify"]):
            self.state = State.POLLING
            return
        await self._set(State.FALLING_ASLEEP)
        # in a transaction of its own, after the flag's: a writer that missed the flag is older
        self._own_transaction = await self._connection.fetchval(SQL["own_transaction"])

    async def _set(self, state: State) -> None:
        asleep = state is State.FALLING_ASLEEP
        await self._connection.execute(SQL["flag_asleep" if asleep else "flag_awake"])
        self.state = state
        self._in_a_row = 0
        self._count_again(asyncio.get_running_loop().time())

    async def _pause(self, seconds: float) -> None:
        if self._unannounced:
            await self._wait(min(seconds, ANNOUNCED_SECONDS))
            if not self._woken.is_set():
                self.found_late += self._unannounced
            self._unannounced = 0
        if seconds == 0:
            # others have their turn; what the next look finds was not waited for
            await asyncio.sleep(0)
            self._was_notified = True
            return
        self._was_notified = await self._wait(seconds)
        self._woken.clear()

    async def _wait(self, seconds: float) -> bool:
        """Until a notification, and whether there was one."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return False
        return True
