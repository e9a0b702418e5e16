"""Server-sent events: the frames, and the moment when the server begins to stop."""

import signal

from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import AppStatus
from starlette.types import Message as Part

from classpulse.events import one_line
from classpulse.publish.subscriber import Message

_LINE = "\n"
KEEPALIVE = b": open\n\n"


def frame(message: Message) -> bytes:
    """An event with its type as SSE's own, for ``addEventListener``."""
    data = one_line(message.data)
    return ServerSentEvent(data, event=message.type, id=message.id, sep=_LINE).encode()


def message_frame(message: Message) -> bytes:
    """The same without ``event:``, for clients that only know ``onmessage``."""
    return ServerSentEvent(one_line(message.data), id=message.id, sep=_LINE).encode()


def chunk(body: bytes) -> bytes:
    """A part of a body as HTTP/1.1 frames it: made once, where many are sent the same."""
    return b"%x\r\n%b\r\n" % (len(body), body)


CHUNKED_KEEPALIVE = chunk(KEEPALIVE)


def chunked_frame(message: Message) -> bytes:
    """:func:`frame` as a chunk."""
    return chunk(frame(message))


def chunked_message_frame(message: Message) -> bytes:
    """:func:`message_frame` as a chunk."""
    return chunk(message_frame(message))


def part(body: bytes) -> Part:
    """A part of the endless body, as the server is handed it."""
    return {"type": "http.response.body", "body": body, "more_body": True}


def end(farewell: bytes) -> Part:
    """The last part of the body."""
    return {"type": "http.response.body", "body": farewell, "more_body": False}


def retry(milliseconds: int) -> bytes:
    """How long a client should wait before it comes back."""
    return ServerSentEvent(retry=milliseconds, sep=_LINE).encode()


def server_is_stopping() -> bool:
    """Whether the server was told to stop.

    Importing ``sse_starlette`` makes uvicorn's exit set a flag; that misses a server whose signal
    handlers were in place before the import, so the server itself is asked too.
    """
    if AppStatus.should_exit:
        return True
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))
