"""Writes what waits in a subscriber's buffer straight to the transport of a connection of ours."""

import asyncio
import logging

from starlette.types import Receive, Send

from classpulse.publish.deadlines import Deadline, Deadlines
from classpulse.publish.deaf import Deaf
from classpulse.publish.subscriber import Subscriber
from classpulse.serve.connections import BoundedHttp
from classpulse.serve.stream import outlet
from classpulse.serve.stream.sse import end

logger = logging.getLogger(__name__)


def connection_of(receive: Receive) -> BoundedHttp | None:
    """The connection that a request came on, where it is one of ours that writes in chunks.

    ``None``: another server's, or one with a body still to come.
    """
    cycle = getattr(receive, "__self__", None)
    transport = getattr(cycle, "transport", None)
    connection = None if transport is None else transport.get_protocol()
    if (
        isinstance(connection, BoundedHttp)
        and connection.cycle is cycle
        and not connection.cycle.more_body
        and connection.cycle.chunked_encoding
    ):
        return connection
    return None


class DirectOutlet:
    """Ready chunks, shared by all who read the same, without an ASGI message for each.

    The connection says when its peer stops reading, reads again, or is gone; no task waits for it.
    """

    __slots__ = (
        "_connection",
        "_cut",
        "_cycle",
        "_deadlines",
        "_deaf",
        "_lost",
        "_over",
        "_send",
        "_subscriber",
        "_transport",
    )

    def __init__(
        self,
        subscriber: Subscriber,
        connection: BoundedHttp,
        send: Send,
        deadlines: Deadlines,
        deaf: Deaf,
    ) -> None:
        self._subscriber = subscriber
        self._connection = connection
        self._transport = connection.transport
        self._cycle = connection.cycle
        self._send = send
        self._deadlines = deadlines
        self._deaf = deaf
        self._cut: Deadline | None = None
        self._lost = self._cycle.disconnected
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connection.hand_to(self)
        if connection.flow.write_paused:
            self.paused()

    async def run(self) -> None:
        """Until the peer leaves, or the end was sent."""
        try:
            if not self._lost:
                await self._over
            if not self._lost:
                await self._send(end(self._subscriber.farewell))
        finally:
            self._lost = True
            self._subscriber.close("gone")
            self._connection.stream = None
            self._deaf.remove(self._subscriber)

    def flush(self) -> None:
        """Write what is there; never waits."""
        subscriber = self._subscriber
        if self._lost:
            return
        try:
            while subscriber.buffer and not subscriber.busy:
                if len(subscriber.buffer) == 1:
                    # the usual case: one event
                    subscriber.size = 0
                    self._transport.write(subscriber.buffer.pop())
                else:
                    self._transport.writelines(subscriber.take(outlet.PIECE_BYTES))
        except Exception:
            # This runs within the dispatch to everybody, whom one connection must not harm.
            if not self._transport.is_closing():
                logger.exception("a stream can't be written to")
                self._transport.abort()
            return
        if subscriber.closed is not None:
            self._end_soon()

    def paused(self) -> None:
        """The peer does not read at the moment."""
        self._subscriber.busy = True
        self._deaf.add(self._subscriber)

    def resumed(self) -> None:
        """The peer has read what was written."""
        self._subscriber.busy = False
        self._deaf.remove(self._subscriber)
        self._subscriber.mark_drained()
        self.flush()

    def lost(self) -> None:
        """The connection is gone."""
        self._lost = True
        # said to the last request that came, which a client may have sent after this one
        self._cycle.disconnected = True
        if not self._over.done():
            self._over.set_result(None)

    def _end_soon(self) -> None:
        """A peer that does not even take the end is let go; without this it would stay for good."""
        if self._cut is None:
            self._cut = self._deadlines.after(outlet.LAST_BYTES_SECONDS, self._transport.abort)
        if not self._subscriber.buffer and not self._over.done():
            self._over.set_result(None)
