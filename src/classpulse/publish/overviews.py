"""``performance_update``: the overview of a stream's own scope, at the start and as it moves."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from classpulse.events import Scope
from classpulse.publish.hub import Hub, encoded
from classpulse.publish.subscriber import OVERVIEW, Encode, Message, Subscriber

logger = logging.getLogger(__name__)

# Twice a second at most, however fast the figures move.
EVERY = 0.5

Overview = Callable[[Scope], Awaitable[dict[str, Any]]]


class Overviews:
    """Reads each distinct scope once, for all who look at it."""

    def __init__(self, hub: Hub, overview: Overview | None) -> None:
        self._hub = hub
        self._overview = overview

    def ask(self, subscriber: Subscriber) -> None:
        """Send it the overview soon: it has just begun."""
        if subscriber.wanted.overview:
            self._hub.touched.add(subscriber)

    async def run(self) -> None:
        """Send what moved, forever."""
        while True:
            await asyncio.sleep(EVERY)
            touched = self._hub.touched
            if touched and self._overview is not None:
                self._hub.touched = set()
                by_scope: dict[Scope, list[Subscriber]] = {}
                for subscriber in touched:
                    by_scope.setdefault(subscriber.sight, []).append(subscriber)
                for scope, subscribers in by_scope.items():
                    await self._send(self._overview, scope, subscribers)

    async def _send(self, overview: Overview, scope: Scope, subscribers: list[Subscriber]) -> None:
        try:
            figures = await overview(scope)
        except Exception:
            # It comes from elsewhere and must not end the publishing; the next change asks again.
            logger.exception("an overview can't be read")
            self._hub.touched.update(s for s in subscribers if s.closed is None)
            return
        data = encoded({"type": OVERVIEW, "event": OVERVIEW, **figures})
        frames: dict[Encode, bytes] = {}
        for subscriber in subscribers:
            # rights may have changed while the figures were read
            if subscriber.closed is None and subscriber.sight == scope:
                encode = subscriber.encode
                if encode not in frames:
                    frames[encode] = encode(Message(OVERVIEW, data))
                subscriber.push(frames[encode])
                if not subscriber.busy:
                    subscriber.wake()
