"""Requests in the last minute, counted here at once and merged with other processes' soon."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from databases import Database
from limits.aio.storage.base import SlidingWindowCounterSupport

from classpulse.serve.limits.storage import WindowStorage
from classpulse.serve.snapshot import one_statement
from classpulse.sql import queries

# seconds
MINUTE = 60
_SQL = queries("limits")
# A process merges at the latest when it has counted this part of a limit.
_UNMERGED_PART = 20
# The bounds of one statement and of what a process remembers; beyond it the oldest are forgotten.
_AT_ONCE = 2_000
_REMEMBERED = 50_000


@dataclass(slots=True)
class _Count:
    """As far as known: what all counted in a window and in the one before it."""

    window: int
    merged: int = 0
    before: int = 0


class RequestCounts(WindowStorage, SlidingWindowCounterSupport):
    """A sliding window: the count of this window and a part of the one before.

    Every process decides by its own count and what it last heard of the others'. So each further
    process lets at most a twentieth of a limit through beyond it, and what comes in while one
    statement runs. ``due`` is set when a merge should not wait.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.due = asyncio.Event()
        self._database = database
        self._clock = clock
        self._known: dict[str, _Count] = {}
        self._unmerged: dict[tuple[str, int], int] = {}

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count a request if there is room for it."""
        now = self._clock()
        count = self._count(key, int(now // expiry))
        here = self._unmerged.get((key, count.window), 0)
        left = 1 - now / expiry % 1
        if math.floor(count.before * left) + count.merged + here + amount > limit:
            return False
        if not here and len(self._unmerged) >= _REMEMBERED:
            # nobody takes them while Postgres is away
            del self._unmerged[next(iter(self._unmerged))]
        self._unmerged[key, count.window] = here + amount
        # Of one who is new here other processes may know.
        is_new = not count.merged and not count.before and not here
        if is_new or here + amount >= limit / _UNMERGED_PART:
            self.due.set()
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The counts of the window before and of this one, and how long each of them matters."""
        now = self._clock()
        count = self._count(key, int(now // expiry))
        here = self._unmerged.get((key, count.window), 0)
        left = (1 - now / expiry % 1) * expiry
        return count.before, left if count.before else 0.0, count.merged + here, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Not of this storage: a window ends by itself."""
        self._no_fixed_window()

    async def merge(self) -> None:
        """Tell the others what was counted here, and hear what they have counted."""
        self.due.clear()
        sent = dict(list(self._unmerged.items())[:_AT_ONCE])
        if not sent:
            return
        async with one_statement(self._database) as reader:
            rows = await reader.all(
                _SQL["merge_requests"],
                counted_for=[key for key, _ in sent],
                windows=[window for _, window in sent],
                requests=list(sent.values()),
            )
        for name, amount in sent.items():
            # some may have been forgotten while the statement ran
            left = self._unmerged.pop(name, 0) - amount
            if left > 0:
                self._unmerged[name] = left
        for row in rows:
            count = self._known.get(row["counted_for"])
            if count is not None and count.window == row["window_number"]:
                count.merged, count.before = row["requests"], row["requests_before"]
        if self._unmerged and len(sent) == _AT_ONCE:
            self.due.set()

    async def forget(self, expiry: int) -> None:
        """Drop what no window reaches any more."""
        oldest = int(self._clock() // expiry) - 1
        for key in [key for key, count in self._known.items() if count.window < oldest]:
            del self._known[key]
        for name in [name for name in self._unmerged if name[1] < oldest]:
            del self._unmerged[name]
        async with one_statement(self._database) as reader:
            await reader.one(_SQL["forget_requests"], window=oldest)

    def _count(self, key: str, window: int) -> _Count:
        count = self._known.get(key)
        if count is None:
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            count = self._known[key] = _Count(window)
        elif count.window != window:
            follows = count.window == window - 1
            before = count.merged + self._unmerged.get((key, count.window), 0) if follows else 0
            count.window, count.merged, count.before = window, 0, before
        return count
