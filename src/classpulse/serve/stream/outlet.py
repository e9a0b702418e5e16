"""Writes what waits in a subscriber's buffer to its connection."""

import asyncio
import logging
import types
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from typing import Any, Protocol

from starlette.types import Message, Receive, Send

from classpulse.publish.deadlines import Deadlines
from classpulse.publish.deaf import Deaf
from classpulse.publish.subscriber import Subscriber

logger = logging.getLogger(__name__)

# How long a peer may take for the last bytes of a stream that ended before it is cut off.
LAST_BYTES_SECONDS = 3.0
# A connection is written to in pieces of this size: a peer that does not read then costs two of
# them, whatever waits for it, which it shares with all others.
PIECE_BYTES = 32 * 1024


class Framing(Protocol):
    """How a protocol wraps ready bytes, and how it ends."""

    def parts(self, frames: list[bytes]) -> Sequence[Message]:
        """ASGI messages that carry the frames."""

    def end(self, reason: str, farewell: bytes) -> Message:
        """The ASGI message after which nothing comes."""


class Outlet:
    """Writes at once, from within the dispatch, as long as the peer reads.

    An ASGI ``send`` only waits when the peer does not read, so it is stepped by hand: most
    deliveries then cost no task switch. A task takes over what had to wait, and only that.
    """

    __slots__ = (
        "_deadlines",
        "_deaf",
        "_ended",
        "_framing",
        "_hear",
        "_receive",
        "_send",
        "_subscriber",
        "_waiting",
    )

    def __init__(
        self,
        subscriber: Subscriber,
        framing: Framing,
        receive: Receive,
        send: Send,
        deadlines: Deadlines,
        deaf: Deaf,
        hear: Callable[[Message], None] | None = None,
    ) -> None:
        self._subscriber = subscriber
        self._framing = framing
        self._receive = receive
        self._send = send
        self._deadlines = deadlines
        self._deaf = deaf
        self._hear = hear
        self._waiting: asyncio.Task[None] | None = None
        self._ended = False

    async def run(self) -> None:
        """Until the peer leaves, or the end was sent."""
        try:
            while not (message := await self._receive())["type"].endswith(".disconnect"):
                if self._hear is not None:
                    self._hear(message)
        finally:
            self._ended = True
            self._subscriber.close("gone")
            if self._waiting is not None:
                self._waiting.cancel()

    def flush(self) -> None:
        """Write what is there; never waits."""
        if self._ended or self._waiting is not None:
            if self._subscriber.closed is not None and not self._ended:
                self._cut_soon()
            return
        messages = self._messages()
        try:
            for message in messages:
                step: Any = self._send(message)
                try:
                    waited = step.send(None)
                except StopIteration:
                    continue
                self._subscriber.busy = True
                self._deaf.add(self._subscriber)
                self._waiting = asyncio.get_running_loop().create_task(
                    self._drain(step, waited, messages)
                )
                return
        except OSError:
            # the peer is gone; who receives hears of it
            self._ended = True
        except Exception:
            # This runs within the dispatch to everybody, whom one connection must not harm.
            self._ended = True
            logger.exception("a stream can't be written to")

    async def _drain(self, step: Any, waited: object, messages: Iterator[Message]) -> None:
        try:
            await _resume(step, waited)
            for message in messages:
                self._deaf.add(self._subscriber)
                await self._send(message)
        except OSError:
            self._ended = True
        finally:
            self._waiting = None
            self._subscriber.busy = False
            self._deaf.remove(self._subscriber)
            self._subscriber.mark_drained()

    def _messages(self) -> Iterator[Message]:
        subscriber = self._subscriber
        while subscriber.buffer:
            yield from self._framing.parts(subscriber.take(PIECE_BYTES))
        if subscriber.closed is not None and not self._ended:
            self._ended = True
            self._cut_soon()
            yield self._framing.end(subscriber.closed, subscriber.farewell)

    def _cut_soon(self) -> None:
        """A peer that does not even take the end is let go; without this it would stay for good."""
        transport = getattr(getattr(self._receive, "__self__", None), "transport", None)
        if transport is not None:
            self._deadlines.after(LAST_BYTES_SECONDS, transport.abort)


@types.coroutine
def _resume(step: Coroutine[Any, Any, None], waited: object) -> Generator[object, Any, None]:
    """Await the rest of a coroutine that was started by hand and waits for ``waited``."""
    while True:
        try:
            sent = yield waited
        except BaseException as error:
            try:
                waited = step.throw(error)
            except StopIteration:
                return
        else:
            try:
                waited = step.send(sent)
            except StopIteration:
                return
