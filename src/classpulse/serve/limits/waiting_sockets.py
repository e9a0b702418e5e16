"""Sockets that are open and have not said yet whose they are."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from classpulse.serve.limits.sign_ins import too_many

# Each may send a first message of 1 MiB: so much they may hold, and for ten seconds.
MOST = 256
MOST_PER_ADDRESS = 32
_RETRY_AFTER = 10


class WaitingSockets:
    """Bounds them in all and per address, in this process."""

    def __init__(self) -> None:
        self._by_address: Counter[str] = Counter()
        self._all = 0

    @contextmanager
    def wait(self, address: str) -> Iterator[None]:
        """One more until the block ends, or a 429 problem."""
        if self._all >= MOST or self._by_address[address] >= MOST_PER_ADDRESS:
            raise too_many("Too many sockets are open that have sent no token.", _RETRY_AFTER)
        self._all += 1
        self._by_address[address] += 1
        try:
            yield
        finally:
            self._all -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
