"""The stream of events over a WebSocket."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from classpulse.events import one_line
from classpulse.publish import subscriber as waiting
from classpulse.publish.hub import HubClosed
from classpulse.publish.publisher import Publisher
from classpulse.publish.resume import Since, open_with_ready
from classpulse.publish.subscriber import EventFilter, Subscriber
from classpulse.serve.auth.arrivals import arriving
from classpulse.serve.auth.caller import COOKIE, viewer_of, viewer_of_token
from classpulse.serve.auth.origin import same_site
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.limits.address import address_of
from classpulse.serve.limits.chatter import Chatter
from classpulse.serve.problems import AWAY, Problem, not_found, unauthorized
from classpulse.serve.stream.endpoint import follow, placed_or_503, ready_or_503
from classpulse.serve.stream.filters import check_names, filter_of, require_in_scope, since_of
from classpulse.serve.stream.outlet import Outlet

# How long the first message, with the token, may take.
TOKEN_SECONDS = 10.0

TOKEN, NOT_THEIRS, TOO_SLOW, RESTARTING, TRY_LATER = 4401, 4404, 1013, 1012, 1013
CHATTER = 1008
_CODES = {
    "slow": TOO_SLOW,
    "shutdown": RESTARTING,
    "unavailable": TRY_LATER,
    "chatter": CHATTER,
    "token_expired": TOKEN,
    "token_revoked": TOKEN,
    "rights_ended": TOKEN,
}


class TextFrame(bytes):
    """A ready text, with the ASGI message that carries it to every socket."""

    message: Message


class Messages:
    """Ready texts, one a message."""

    __slots__ = ()

    def parts(self, frames: Sequence[bytes]) -> Sequence[Message]:
        """A message for each: the same for all sockets that are sent the same."""
        return [
            frame.message
            if isinstance(frame, TextFrame)
            else {"type": "websocket.send", "text": frame.decode()}
            for frame in frames
        ]

    def end(self, reason: str, farewell: bytes) -> Message:
        """The closing handshake, its code saying why."""
        return {"type": "websocket.close", "code": _CODES.get(reason, 1000), "reason": reason}


_MESSAGES = Messages()


def text_frame(message: waiting.Message) -> bytes:
    """An event as one message: its JSON, which holds type and id."""
    text = one_line(message.data)
    frame = TextFrame(text.encode())
    frame.message = {"type": "websocket.send", "text": text}
    return frame


class EventSocket:
    """``WS …/ws/performance/{educator_id}``: the same events as the stream, one a message."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if not same_site(socket):
            raise Problem(403, "A page of another site may not open this socket.")
        check_names(socket.query_params)
        event_filter, since = filter_of(socket.query_params), since_of(socket)
        publisher: Publisher = socket.app.state.publisher
        await ready_or_503(publisher)
        try:
            await _serve(socket, receive, send, event_filter, since)
        except WebSocketDisconnect:
            return
        except HubClosed:
            await _close(socket, RESTARTING, "shutdown")
        except Problem as problem:
            if problem.status == 429 and socket.application_state is WebSocketState.CONNECTING:
                # said before it is open, with Retry-After
                raise
            code = {401: TOKEN, 404: NOT_THEIRS}.get(problem.status, TRY_LATER)
            # a reason has room for 123 bytes
            await _close(socket, code, problem.detail[:100])
        except AWAY:
            await _close(socket, TRY_LATER, "unavailable")


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """Only a socket that is open can say why it closes."""
    if socket.application_state is WebSocketState.CONNECTING:
        await socket.accept()
    await socket.close(code, reason)


async def _serve(
    socket: WebSocket, receive: Receive, send: Send, event_filter: EventFilter, since: Since | None
) -> None:
    publisher: Publisher = socket.app.state.publisher
    viewer, rights_as_of = await _viewer(socket, publisher)
    if socket.path_params["educator_id"] != str(viewer.educator_id):
        raise not_found("educator")
    await require_in_scope(socket, viewer, event_filter)
    hub = publisher.hub
    subscriber = Subscriber(
        viewer.scope,
        educator_id=viewer.educator_id,
        bearer=viewer.bearer,
        event_filter=event_filter,
        encode=text_frame,
    )
    chatter = Chatter(lambda: hub.end(subscriber, "chatter"))
    outlet = Outlet(subscriber, _MESSAGES, receive, send, hub.deadlines, hub.deaf, chatter.hear)
    async with (
        socket.app.state.limits.streams.hold(viewer.educator_id),
        hub.subscribe(subscriber, rights_as_of=rights_as_of),
    ):
        if socket.application_state is WebSocketState.CONNECTING:
            await socket.accept()
        reset = await placed_or_503(publisher, subscriber, since)
        open_with_ready(publisher, subscriber, reset)
        subscriber.wake = outlet.flush
        await follow(publisher, subscriber, outlet, viewer.expires_at)


async def _viewer(socket: WebSocket, publisher: Publisher) -> tuple[Viewer, int]:
    """Who it is, and where the log stood before their rights were read."""
    rights_as_of = publisher.position
    if "authorization" in socket.headers or socket.cookies.get(COOKIE):
        return await viewer_of(socket, arriving), rights_as_of
    with socket.app.state.limits.waiting_sockets.wait(address_of(socket)):
        await socket.accept()
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                token = _token(await socket.receive())
        except TimeoutError:
            raise unauthorized("No token came within 10 seconds.") from None
    rights_as_of = publisher.position
    return await viewer_of_token(socket.app, token, arriving), rights_as_of


def _token(message: Any) -> str:
    """The token of a first message: ``{"token": "…"}``, or the token alone."""
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text") or (message.get("bytes") or b"").decode(errors="replace")
    text = text.strip()
    if text.startswith("{"):
        try:
            return str(msgspec.json.decode(text, type=dict[str, Any]).get("token", ""))
        except (msgspec.MsgspecError, RecursionError):
            return ""
    return str(text)


_endpoint = EventSocket()
routes: list[BaseRoute] = [
    WebSocketRoute(f"{prefix}/ws/performance/{{educator_id}}", _endpoint, name=name)
    for prefix, name in (
        ("/api/v1/performance", "event_socket"),
        ("/api/v1", "event_socket_short"),
        ("", "event_socket_plain"),
    )
]
