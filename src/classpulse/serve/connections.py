"""uvicorn's connections with bounds: on the time of a request, its head, and a socket's chatter."""

import asyncio
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# A connection that has not sent a whole request for so long is closed.
REQUEST_SECONDS = 10.0
# What is asked for in more bytes than this is no request of anybody's.
HEAD_BYTES = 64 * 1024
# A refused body is still read, so that its sender sees the answer; up to this.
DISCARDED_BYTES = 16 * 1024 * 1024
# The largest message of a socket, and what a client may send on it in a minute, answered pings and
# all. Only a first message has a reason to be long; who is signed in has nothing to say.
MESSAGE_BYTES = 1024 * 1024
SOCKET_BYTES_PER_MINUTE = MESSAGE_BYTES + 256 * 1024
_SWEEP_EVERY = 0.5
_POLICY_VIOLATION, _TOO_MUCH = 1008, "too many messages"
_CLOSE_SECONDS = 3.0


class Unfinished:
    """Connections in the order in which their time runs out, with one timer for them all."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._until: dict[BoundedHttp, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, connection: "BoundedHttp") -> None:
        """The time of its request begins now."""
        self._until.pop(connection, None)
        self._until[connection] = self._loop.time() + REQUEST_SECONDS
        if self._timer is None:
            self._timer = self._loop.call_later(_SWEEP_EVERY, self._sweep)

    def end(self, connection: "BoundedHttp") -> None:
        """The request is whole, or the connection is gone."""
        self._until.pop(connection, None)

    def _sweep(self) -> None:
        now = self._loop.time()
        try:
            for connection in [one for one, until in self._until.items() if until <= now]:
                del self._until[connection]
                connection.out_of_time()
        finally:
            self._timer = self._loop.call_later(_SWEEP_EVERY, self._sweep) if self._until else None


class _Unheard(asyncio.Event):
    """One for all who wait for nothing."""

    def set(self) -> None:
        """Nobody hears of it."""


_UNHEARD = _Unheard()


class Stream(Protocol):
    """What writes to a connection by itself, for as long as an answer lasts."""

    def paused(self) -> None:
        """The peer does not read at the moment."""

    def resumed(self) -> None:
        """The peer reads again."""

    def lost(self) -> None:
        """The connection is gone."""


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose request does not become whole, or has no end to its head.

    While an answer is a ``stream``, that is told what happens to the connection.
    """

    stream: Stream | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # one for all connections of a server: it lives as long as what they share
        state = self.server_state
        self._unfinished: Unfinished = getattr(state, "unfinished", None) or Unfinished(self.loop)
        state.unfinished = self._unfinished  # type: ignore[attr-defined]
        self._head_bytes: int | None = 0
        self._body_bytes = 0
        self._waits = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request's time begins with the connection."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for."""
        self._unfinished.end(self)
        super().connection_lost(exc)
        if self.stream is not None:
            self.stream.lost()

    def pause_writing(self) -> None:
        """The peer does not read."""
        super().pause_writing()
        if self.stream is not None:
            self.stream.paused()

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self.stream is not None:
            self.stream.resumed()

    def data_received(self, data: bytes) -> None:
        """Parse, unless the head has become too large."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > HEAD_BYTES:
            self._refuse_head()

    def handle_websocket_upgrade(self) -> None:
        """A whole request: from here on the socket has its own bounds."""
        self._unfinished.end(self)
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """The next request on a connection that was kept open."""
        super().on_message_begin()
        if self._head_bytes is None:
            self._head_bytes = 0
        if not self._waits:
            self._wait()

    def on_headers_complete(self) -> None:
        """The head's bound is kept; the body's begins."""
        self._head_bytes = None
        self._body_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """What nobody reads any more is discarded within a bound."""
        self._body_bytes += len(body)
        super().on_body(body)
        if self._body_bytes > DISCARDED_BYTES and not self.transport.is_closing():
            self.transport.close()

    def on_message_complete(self) -> None:
        """Whole."""
        super().on_message_complete()
        self._waits = False
        self._unfinished.end(self)

    def hand_to(self, stream: Stream) -> None:
        """From here on a stream writes the answer that was begun.

        It may last for hours: of its request, which may hold kilobytes of cookies, nothing stays.
        """
        self.stream = stream
        scope, method = self.cycle.scope, self.cycle.scope["method"]
        scope["headers"].clear()  # type: ignore[attr-defined]
        scope.clear()  # type: ignore[attr-defined]
        scope["method"] = method
        if self.scope is scope:
            # and not already that of a next request
            self.headers.clear()
            self.url = b""
        # nobody asks for the rest of a request that was whole
        self.cycle.message_event = _UNHEARD

    def out_of_time(self) -> None:
        """The time is up; where it is us who do not read at the moment it begins again."""
        if self.flow.read_paused:
            self._unfinished.begin(self)
        elif self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            # what waits for the rest of the body hears that it does not come
            self.transport.close()

    def _wait(self) -> None:
        self._waits = True
        self._unfinished.begin(self)

    def _refuse_head(self) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(
            STATUS_LINE[431] + b"connection: close\r\ncontent-length: 0\r\n\r\n",
        )
        self.transport.close()


class BoundedSocket(WebSocketsSansIOProtocol):
    """Closes a socket with 1008 when its client sends too much."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._minute = 0
        self._bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take it in, unless it is too much within a minute."""
        minute = int(self.loop.time() // 60)
        if minute != self._minute:
            self._minute, self._bytes = minute, 0
        self._bytes += len(data)
        if self._bytes <= SOCKET_BYTES_PER_MINUTE:
            super().data_received(data)
        elif not self.handshake_complete or self._bytes > DISCARDED_BYTES:
            self.transport.abort()
        else:
            if not self.close_sent:
                self._close()
            # discarded; a client that is sent away while it writes would not read why
            super().data_received(data)

    async def run_asgi(self) -> None:
        """A socket that was refused had its answer: the log must not call it a fault of ours."""
        app = self.app

        async def answered(*arguments: Any) -> None:
            await app(*arguments)
            if self.initial_response is not None and self.close_sent:
                self.handshake_complete = True

        self.app = answered
        await super().run_asgi()

    def _close(self) -> None:
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": _POLICY_VIOLATION, "reason": _TOO_MUCH}
        )
        self.conn.send_close(_POLICY_VIOLATION, _TOO_MUCH)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_CLOSE_SECONDS, self.transport.abort)


def connection_options() -> dict[str, Any]:
    """How every server of ours is configured, whichever command starts it."""
    return {
        "http": BoundedHttp,
        "ws": BoundedSocket,
        "ws_max_size": MESSAGE_BYTES,
        # a ready frame goes to many: compressing it for each would cost more than it saves
        "ws_per_message_deflate": False,
        # the application itself believes X-Forwarded-*, from the addresses it is told
        "proxy_headers": False,
        # its lines would hold what people search for: students' names
        "access_log": False,
        "server_header": False,
    }
