"""``performance_update``: the overview of a stream's own scope, at the start and as it moves."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from classpulse.events import Scope
from classpulse.outage import Outage
from classpulse.publish.hub import Hub, encoded
from classpulse.publish.line import LOST
from classpulse.publish.subscriber import OVERVIEW, Encode, Message, Subscriber

logger = logging.getLogger(__name__)

# Seconds. Twice a second at most, however fast the figures move; less often while the database is
# away.
EVERY = 0.5
RETRY_EVERY = 2.0

Overview = Callable[[Scope], Awaitable[dict[str, Any]]]


class Overviews:
    """Reads each distinct scope once, for all who look at it."""

    def __init__(self, hub: Hub, overview: Overview | None) -> None:
        self._hub = hub
        self._overview = overview
        self._outage = Outage(logger, "reading overviews")
        # lately: it may be they alone that can't be read
        self._failed: set[Scope] = set()

    def ask(self, subscriber: Subscriber) -> None:
        """Send it the overview soon: it has just begun."""
        if subscriber.wanted.overview:
            self._hub.touched.add(subscriber)

    async def run(self) -> None:
        """Send what moved, forever."""
        while True:
            await asyncio.sleep(RETRY_EVERY if self._outage.lasts else EVERY)
            touched = self._hub.touched
            if touched and self._overview is not None:
                self._hub.touched = set()
                by_scope: dict[Scope, list[Subscriber]] = {}
                for subscriber in touched:
                    by_scope.setdefault(subscriber.sight, []).append(subscriber)
                await self._send_all(self._overview, by_scope)

    async def _send_all(self, overview: Overview, by_scope: dict[Scope, list[Subscriber]]) -> None:
        self._failed &= by_scope.keys()
        # those that failed come last, so that they keep nothing from the others
        for scope in sorted(by_scope, key=self._failed.__contains__):
            try:
                await self._send(overview, scope, by_scope[scope])
            except LOST as error:
                # the others would fail as well: all wait for the next round
                self._outage.failed(error)
                self._failed.add(scope)
                for subscribers in by_scope.values():
                    self._hub.touched.update(s for s in subscribers if s.closed is None)
                return
            except Exception:
                # It comes from elsewhere and must not end the publishing; a change asks again.
                logger.exception("an overview can't be read")
            else:
                self._failed.discard(scope)
            del by_scope[scope]
        self._outage.over()

    async def _send(self, overview: Overview, scope: Scope, subscribers: list[Subscriber]) -> None:
        figures = await overview(scope)
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
