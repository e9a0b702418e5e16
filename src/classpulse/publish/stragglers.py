"""Subscribers that are behind: those that have just come back, and those that read too slowly."""

import asyncio
import logging
from typing import TYPE_CHECKING

from classpulse.outage import Outage
from classpulse.publish.resume import catch_up
from classpulse.publish.shared_connection import LOST
from classpulse.publish.subscriber import Subscriber

if TYPE_CHECKING:
    from classpulse.publish.publisher import Publisher

logger = logging.getLogger(__name__)

# Seconds: a peer that takes nothing for so long is not slow, it has stopped reading.
DEAF_SECONDS = 10.0
_LOOK_EVERY = 1.0


class Stragglers:
    """Brings each at the pace of its own connection to where the others are; nobody waits for it.

    What it has not been given stays where it is anyway, in the ring and in the log.
    """

    def __init__(self, publisher: "Publisher") -> None:
        self._publisher = publisher
        self._tasks: dict[Subscriber, asyncio.Task[None]] = {}
        self._outage = Outage(logger, "reading the log for streams that catch up")

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, subscriber: Subscriber) -> None:
        """Bring up one that is not attached, from ``after`` on."""
        if subscriber not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._bring_up(subscriber))
            self._tasks[subscriber] = task

    def stop(self, subscriber: Subscriber) -> None:
        """Its stream is over."""
        task = self._tasks.pop(subscriber, None)
        if task is not None:
            task.cancel()

    async def watch(self) -> None:
        """Let go those that have stopped reading, until cancelled."""
        hub = self._publisher.hub
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            for subscriber in list(self._tasks):
                if hub.deaf.seconds(subscriber) > DEAF_SECONDS:
                    hub.end(subscriber, "slow")

    async def _bring_up(self, subscriber: Subscriber) -> None:
        try:
            # What waits goes first: with more than that a buffer would be full.
            await subscriber.wait_until_drained()
            await catch_up(self._publisher, subscriber)
        except LOST as error:
            # What was given is in order and complete so far: a resume goes on from there.
            self._outage.failed(error)
            self._publisher.hub.end(subscriber, "unavailable")
        except Exception:
            logger.exception("a stream can't be brought up to date")
            self._publisher.hub.end(subscriber, "unavailable")
        else:
            self._outage.over()
        finally:
            if self._tasks.get(subscriber) is asyncio.current_task():
                del self._tasks[subscriber]
