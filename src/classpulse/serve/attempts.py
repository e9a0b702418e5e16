"""Failed logins, counted in this process: a guesser is slowed down, a typist is not."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

Key = tuple[str, str]

_FAILURES = 10
_WINDOW = 300.0
# The oldest are forgotten beyond this many pairs of e-mail and address.
_REMEMBERED = 10_000


class FailedLogins:
    """At most ten failures for an e-mail from an address in five minutes.

    An attempt counts as failed from its start, so that many at once are no way around;
    :meth:`succeeded` takes it back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[Key, list[float]] = OrderedDict()

    def begin(self, key: Key) -> int:
        """Count an attempt; 0 if it may go on, else the seconds to wait before the next."""
        now = self._clock()
        recent = [moment for moment in self._failures.get(key, ()) if moment > now - _WINDOW]
        if len(recent) >= _FAILURES:
            return max(1, math.ceil(recent[0] + _WINDOW - now))
        self._failures[key] = [*recent, now]
        self._failures.move_to_end(key)
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        return 0

    def succeeded(self, key: Key) -> None:
        """Whoever knows the password starts afresh."""
        self._failures.pop(key, None)
