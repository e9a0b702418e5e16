"""The server in the demo's own process: on a port that is free, stopped by a call."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from signal import SIGTERM

import anyio
import uvicorn
from starlette.types import ASGIApp

from classpulse.errors import ClasspulseError
from classpulse.selftest.client import Client
from classpulse.serve.connections import connection_options
from classpulse.serve.listening import listening_socket

HOST = "127.0.0.1"
_PORTS_TRIED = 100
_START_SECONDS = 30.0
_READY_SECONDS = 5.0
_GRACE_SECONDS = 3


def bind(port: int, *, explicit: bool) -> socket.socket:
    """A listening socket: on ``port``, or on the next free one where it was not asked for."""
    for candidate in range(port, min(port + (1 if explicit else _PORTS_TRIED), 65536)):
        with suppress(OSError):
            return listening_socket(HOST, candidate)
    raise ClasspulseError(f"port {port} is in use: give another with --port, or leave it out")


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's: it has more to stop than a server."""
        yield


@asynccontextmanager
async def hosted(app: ASGIApp, listening: socket.socket) -> AsyncIterator[str]:
    """The URL of ``app``, once it answers; at the end of the block every stream is ended."""
    server = _Server(
        uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=_GRACE_SECONDS,
            **connection_options(),
        )
    )
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    ended = anyio.Event()

    async def serve() -> None:
        # shielded: a cancelled block must not cut off the orderly end of the streams
        with anyio.CancelScope(shield=True):
            try:
                await server.serve(sockets=[listening])
            finally:
                ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        try:
            await _answers(url, ended)
            yield url
        finally:
            server.handle_exit(SIGTERM, None)
            with anyio.CancelScope(shield=True):
                with anyio.move_on_after(_GRACE_SECONDS + 2):
                    await ended.wait()
                server.force_exit = True


async def _answers(url: str, ended: anyio.Event) -> None:
    """Wait until the server answers, and a little longer for changes to arrive as well."""
    client = Client(url)
    ready_until = None
    with anyio.move_on_after(_START_SECONDS):
        while not ended.is_set():
            try:
                status, answer = await client.request("GET", "/readyz")
                live = status == 200 and answer["live"]
            except (OSError, TimeoutError):
                status, live = 0, False
            now = anyio.current_time()
            if status and ready_until is None:
                ready_until = now + _READY_SECONDS
            if live or (ready_until is not None and now > ready_until):
                return
            await anyio.sleep(0.05)
    raise ClasspulseError("the server did not start: its log says why")
