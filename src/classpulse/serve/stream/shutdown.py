"""Streams end when the server is told to stop: it waits for open connections before anything."""

import asyncio
import random

from classpulse.publish.hub import Hub
from classpulse.publish.subscriber import Subscriber
from classpulse.serve.stream import sse

# How often the server is asked, and over how long the readers spread their return.
_LOOK_EVERY = 0.1
_FIRST_MS, _LAST_MS = 1000, 6000


async def end_streams_on_exit(hub: Hub) -> None:
    """Wait for the signal to stop, then end every stream."""
    while not sse.server_is_stopping():  # noqa: ASYNC110 (a flag that no event announces)
        await asyncio.sleep(_LOOK_EVERY)
    end_streams(hub)


def end_streams(hub: Hub) -> None:
    """End every stream, each told another moment to come back at."""
    hub.close("shutdown", _farewell)


def _farewell(subscriber: Subscriber) -> bytes:
    if not subscriber.keepalive:
        return b""
    return sse.retry(random.randint(_FIRST_MS, _LAST_MS))  # noqa: S311 (spreads, hides nothing)
