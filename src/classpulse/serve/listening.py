"""What a server of ours listens with, whichever command starts it: its socket and its loop."""

import asyncio
import contextlib
import socket

_BACKLOG = 2048
# What the kernel takes of a connection beyond what is on its way.
UNSENT_BYTES = 128 * 1024


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound before anything else is started, so that a busy port costs no time.

    Raises OSError where the port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with its protocol named, since asyncio turns off Nagle's delay only on what it knows as TCP
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # inherited by what it accepts; an answer's head and body are two writes, and the second
        # would wait for the client to acknowledge the first
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # the kernel, too, holds little for a peer that does not read: else some MB for each
        with contextlib.suppress(AttributeError, OSError):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, where there is one for the platform."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
