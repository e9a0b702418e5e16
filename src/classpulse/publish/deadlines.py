"""Moments to come, for any number of subscribers, on one timer of the loop."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

# Seconds. So many at once (the end of many streams) let others have their turn in between.
_AT_A_STRETCH = 0.005


class Deadline:
    """A call to come; :meth:`cancel` forgets it and what it would have called."""

    __slots__ = ("_deadlines", "call")

    def __init__(self, deadlines: "Deadlines", call: Callable[[], None]) -> None:
        self._deadlines = deadlines
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """It will not be called."""
        if self.call is not None:
            self.call = None
            self._deadlines.forget_one()


class Deadlines:
    """A heap of calls and the one timer that is due first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._number = count()
        self._cancelled = 0
        # uvloop gives a plain handle for a moment that has come, which tells no time
        self._timer: asyncio.Handle | None = None
        self._timer_due = 0.0

    def after(self, seconds: float, call: Callable[[], None]) -> Deadline:
        """Call ``call`` in so many seconds (at once where they are negative)."""
        loop = asyncio.get_running_loop()
        deadline = Deadline(self, call)
        due = loop.time() + max(0.0, seconds)
        heapq.heappush(self._heap, (due, next(self._number), deadline))
        if self._timer is None or due < self._timer_due:
            self._set(loop)
        return deadline

    def __len__(self) -> int:
        return len(self._heap)

    def forget_one(self) -> None:
        """A call was cancelled: once most are, they leave (tokens live long, readers do not)."""
        self._cancelled += 1
        if self._cancelled > 64 and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].call is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def clear(self) -> None:
        """Forget them all."""
        self._heap.clear()
        self._cancelled = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._heap:
            self._timer_due = self._heap[0][0]
            self._timer = loop.call_at(self._timer_due, self._ring)

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timer = None
        try:
            while self._heap and self._heap[0][0] <= now + 0.001:
                if loop.time() - now > _AT_A_STRETCH:
                    break
                _, _, deadline = heapq.heappop(self._heap)
                call, deadline.call = deadline.call, None
                if call is None:
                    self._cancelled -= 1
                else:
                    call()
        finally:
            # a call that raises must not take the others with it
            self._set(loop)
