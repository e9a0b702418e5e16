"""The stream of events over HTTP (SSE)."""

import random
import time
from collections.abc import Sequence
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from classpulse.publish.hub import Hub, HubClosed, tell
from classpulse.publish.publisher import Publisher
from classpulse.publish.resume import Since, open_with_ready, place
from classpulse.publish.shared_connection import LOST
from classpulse.publish.subscriber import Encode, Subscriber
from classpulse.serve.application import go_on_outside
from classpulse.serve.auth.arrivals import arriving
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.limits.open_streams import OpenStreams
from classpulse.serve.problems import Problem, database_outage, unavailable
from classpulse.serve.stream import sse
from classpulse.serve.stream.direct_outlet import DirectOutlet, connection_of
from classpulse.serve.stream.filters import check_names, filter_of, require_in_scope, since_of
from classpulse.serve.stream.outlet import Outlet

# Seconds: how long before its end a token's stream is told, and how long a start is waited for.
TOKEN_WARNING = 60.0
START_SECONDS = 5.0
# A quick first return; spread, so that a server's restart is no stampede.
_RETRY_MS = (1000, 3000)

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    # once the stream has ended nothing else is to come on this connection
    (b"connection", b"close"),
]
_ENCODERS: dict[str, Encode] = {"": sse.frame, "message": sse.message_frame}
_CHUNKED: dict[Encode, Encode] = {
    sse.frame: sse.chunked_frame,
    sse.message_frame: sse.chunked_message_frame,
}


class Frames:
    """Ready frames as parts of one endless body."""

    __slots__ = ()

    def parts(self, frames: list[bytes]) -> Sequence[Message]:
        """One part for all that waits."""
        return (sse.part(frames[0] if len(frames) == 1 else b"".join(frames)),)

    def end(self, reason: str, farewell: bytes) -> Message:
        """The last part."""
        return sse.end(farewell)


_FRAMES = Frames()


class Stream:
    """``GET /api/v1/performance/stream``: everything the viewer may see, as it happens."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        conn = HTTPConnection(scope)
        publisher: Publisher = conn.app.state.publisher
        await ready_or_503(publisher)
        # Before the rights are read: a change after this is noticed when subscribing.
        rights_as_of = publisher.position
        viewer = await viewer_of(conn, arriving)
        subscriber = _subscriber(conn, viewer)
        since = since_of(conn)
        await require_in_scope(conn, viewer, subscriber.event_filter)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        streams: OpenStreams = conn.app.state.limits.streams
        await streams.take(viewer.educator_id)
        try:
            await publisher.hub.enter(subscriber, rights_as_of=rights_as_of)
            reset = await placed_or_503(publisher, subscriber, since)
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        except BaseException as error:
            publisher.hub.leave(subscriber)
            streams.give_back(viewer.educator_id)
            if isinstance(error, HubClosed):
                raise unavailable("The server is restarting. Try again in a moment.") from None
            raise
        go_on_outside(
            scope, partial(_go_on, publisher, streams, subscriber, reset, viewer.expires_at)
        )


async def _go_on(
    publisher: Publisher,
    streams: OpenStreams,
    subscriber: Subscriber,
    reset: str | None,
    expires_at: float,
    receive: Receive,
    send: Send,
) -> None:
    hub = publisher.hub
    try:
        outlet = _outlet(subscriber, receive, send, hub)
        opening = b": classpulse\n\n" + sse.retry(random.randint(*_RETRY_MS))  # noqa: S311
        subscriber.push(sse.chunk(opening) if subscriber.encode in _CHUNKED.values() else opening)
        open_with_ready(publisher, subscriber, reset)
        subscriber.wake = outlet.flush
        await follow(publisher, subscriber, outlet, expires_at)
    finally:
        hub.leave(subscriber)
        streams.give_back(subscriber.educator_id)


def _outlet(
    subscriber: Subscriber, receive: Receive, send: Send, hub: Hub
) -> Outlet | DirectOutlet:
    connection = connection_of(receive)
    if connection is None:
        return Outlet(subscriber, _FRAMES, receive, send, hub.deadlines, hub.deaf)
    subscriber.encode = _CHUNKED[subscriber.encode]
    subscriber.keepalive = sse.CHUNKED_KEEPALIVE
    return DirectOutlet(subscriber, connection, send, hub.deadlines, hub.deaf)


def _subscriber(conn: HTTPConnection, viewer: Viewer) -> Subscriber:
    check_names(conn.query_params, ("format",))
    formats = conn.query_params.getlist("format")
    if len(formats) > 1 or (formats and formats[0] != "message"):
        raise Problem(400, "format can only be message (without it, events carry their type).")
    return Subscriber(
        viewer.scope,
        educator_id=viewer.educator_id,
        bearer=viewer.bearer,
        event_filter=filter_of(conn.query_params),
        encode=_ENCODERS[formats[0] if formats else ""],
        keepalive=sse.KEEPALIVE,
    )


async def ready_or_503(publisher: Publisher) -> None:
    """Wait until this process knows where the log stands."""
    if not await publisher.started(START_SECONDS):
        raise unavailable()


async def placed_or_503(
    publisher: Publisher, subscriber: Subscriber, since: Since | None
) -> str | None:
    """Set where the subscriber goes on from; the reason of a reset, if one must be said."""
    try:
        subscriber.after, reset = await place(publisher, since)
    except LOST as error:
        database_outage.failed(error)
        raise unavailable() from None
    return reset


async def follow(
    publisher: Publisher, subscriber: Subscriber, outlet: Outlet | DirectOutlet, expires_at: float
) -> None:
    """Catch up, then live until the peer leaves or the stream is ended."""
    hub = publisher.hub
    deadline = TokenDeadline(hub, subscriber, expires_at)
    publisher.overviews.ask(subscriber)
    try:
        # With what the ring holds it is done at once, without a task of its own.
        if hub.ring.covers(subscriber.after) and hub.attach(subscriber, subscriber.bound // 2):
            publisher.greet(subscriber)
            subscriber.wake()
        else:
            publisher.stragglers.begin(subscriber)
        await outlet.run()
    finally:
        publisher.stragglers.stop(subscriber)
        deadline.cancel()


class TokenDeadline:
    """Tells a stream that its token ends, then ends the stream with it."""

    __slots__ = ("_deadline", "_expires_at", "_hub", "_subscriber")

    def __init__(self, hub: Hub, subscriber: Subscriber, expires_at: float) -> None:
        self._hub = hub
        self._subscriber = subscriber
        self._expires_at = expires_at
        warn_in = expires_at - time.time() - TOKEN_WARNING
        self._deadline = hub.deadlines.after(warn_in, self._warn)

    def cancel(self) -> None:
        """The stream is over."""
        self._deadline.cancel()

    def _warn(self) -> None:
        left = self._expires_at - time.time()
        self._deadline = self._hub.deadlines.after(left, self._end)
        subscriber = self._subscriber
        if subscriber.closed is None:
            tell(subscriber, "token_expiring", {"expires_at": int(self._expires_at)})
            if not subscriber.busy:
                subscriber.wake()

    def _end(self) -> None:
        self._hub.end(self._subscriber, "token_expired")


# Without methods of its own: a wrong one would be looked for, and missed, among other routes.
routes: list[BaseRoute] = [Route("/api/v1/performance/stream", Stream(), name="stream")]
