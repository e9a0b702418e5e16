"""Peers that do not read at the moment, and the memory that they may cost together."""

import time

from classpulse.publish.subscriber import Subscriber

BUDGET_BYTES = 64 * 1024 * 1024
# What a connection holds that is not in the subscriber's buffer: about three pieces.
CONNECTION_BYTES = 96 * 1024
# Seconds: who reads now and then is slow, not deaf.
PATIENCE = 1.0


class Deaf:
    """Those that are waited for; over the budget those are closed that are waited for longest.

    What waits is counted for each although many share it: it is not known who is the last to
    hold a frame. A resume brings everything back.
    """

    def __init__(self, budget: int = BUDGET_BYTES) -> None:
        self._budget = budget
        self._since: dict[Subscriber, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, subscriber: Subscriber) -> None:
        """It has stopped reading for now, or has read a part of what it is waited for."""
        self._since.pop(subscriber, None)
        self._since[subscriber] = time.monotonic()

    def seconds(self, subscriber: Subscriber) -> float:
        """How long it has taken nothing; 0 for one that is not waited for."""
        since = self._since.get(subscriber)
        return 0.0 if since is None else time.monotonic() - since

    def remove(self, subscriber: Subscriber) -> None:
        """It reads again, or is gone."""
        self._since.pop(subscriber, None)

    def keep_within_budget(self) -> None:
        """Close as many as it takes."""
        cost = sum(CONNECTION_BYTES + one.size for one in self._since if one.closed is None)
        if cost <= self._budget:
            return
        now = time.monotonic()
        for subscriber, since in list(self._since.items()):
            if cost <= self._budget or now - since <= PATIENCE:
                break
            if subscriber.closed is None:
                cost -= CONNECTION_BYTES + subscriber.size
                subscriber.close("slow")
