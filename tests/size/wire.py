"""What goes over the wire to Postgres: a relay that counts the round trips."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

_READY = b"Z"


@dataclass
class Wire:
    """A relay in front of a Postgres. ``round_trips``: how often it said that it is ready."""

    url: str = ""
    round_trips: int = 0


@asynccontextmanager
async def relay(url: str) -> AsyncIterator[Wire]:
    """The same database at another address, with every round trip counted."""
    wire = Wire()
    parts = urlsplit(url)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        back, forth = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, forth))
                both.create_task(_count(wire, back, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one of the two has closed
        finally:
            forth.close()
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    place = parts.netloc.rpartition("@")[0]
    # in the clear, or the messages could not be told apart
    wire.url = urlunsplit(
        parts._replace(netloc=f"{place}@127.0.0.1:{port}", query="sslmode=disable")
    )
    try:
        yield wire
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _count(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        head = await reader.readexactly(5)
        body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
        wire.round_trips += head[:1] == _READY
        writer.write(head + body)
        await writer.drain()
