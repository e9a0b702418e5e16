"""What stands between two ends of a TCP connection, and does not always let everything through."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from anyio.from_thread import start_blocking_portal

STREAM_REQUEST = b"GET /api/v1/performance/stream"
Mode = Literal["open", "closed", "hold streams", "cut streams"]
# Seconds that a stream lives whose proxy cuts it.
_CUT_AFTER = 0.2


@dataclass
class Gate:
    """A proxy in front of a port, in a thread of its own.

    ``closed`` refuses all and ends what there is. ``hold streams`` keeps the answers to stream
    requests to itself, as a proxy does that buffers; ``cut streams`` ends them after a moment.
    """

    host: str
    target: int
    port: int = 0
    mode: Mode = "open"
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    def close(self) -> None:
        """Nobody comes through, from now on and of those who did."""
        self.mode = "closed"
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._abort)

    def open(self) -> None:
        self.mode = "open"

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _start(self) -> asyncio.Server:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _stop(self, server: asyncio.Server) -> None:
        server.close()
        self._abort()
        await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "closed":
            writer.transport.abort()
            return
        try:
            there_reader, there = await asyncio.open_connection(self.host, self.target)
        except OSError:
            writer.transport.abort()
            return
        held = asyncio.Event()
        self._writers |= {writer, there}
        try:
            await asyncio.gather(
                self._ask(reader, there, writer, held), self._answer(there_reader, writer, held)
            )
        finally:
            self._writers -= {writer, there}
            writer.close()
            there.close()

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        there: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        held: asyncio.Event,
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                if chunk.startswith(STREAM_REQUEST):
                    if self.mode == "hold streams":
                        held.set()
                    elif self.mode == "cut streams":
                        asyncio.get_running_loop().call_later(_CUT_AFTER, back.transport.abort)
                there.write(chunk)
                await there.drain()
        there.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, held: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                if not held.is_set():
                    writer.write(chunk)
                    await writer.drain()
        writer.close()


@contextlib.contextmanager
def gate(target: int, host: str = "127.0.0.1") -> Iterator[Gate]:
    """A gate, open."""
    with start_blocking_portal("asyncio") as portal:
        made = Gate(host, target)
        server = portal.call(made._start)
        try:
            yield made
        finally:
            portal.call(made._stop, server)
