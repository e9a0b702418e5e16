"""The server on a socket of this process, and clients that read it byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from classpulse.serve.app import create_app
from classpulse.serve.auth import tokens
from classpulse.serve.connections import connection_options
from classpulse.serve.stream.shutdown import end_streams
from classpulse.settings import Settings

SECRET = "a secret for tests, of more than 32 bytes"
STREAM = "/api/v1/performance/stream"


def token(educator: int = 1, ttl: float = 3600.0) -> str:
    return tokens.issue(SECRET, educator, "educator", timedelta(seconds=ttl))


@dataclass
class Live:
    """A server that listens."""

    app: Starlette
    port: int

    @property
    def hub(self) -> Any:
        return self.app.state.publisher.hub

    @asynccontextmanager
    async def stream(
        self, query: str = "", educator: int = 1, *, bearer: str | None = None, **headers: str
    ) -> "AsyncIterator[Feed]":
        """One open stream; its answer's head has been read."""
        headers = {"Authorization": f"Bearer {bearer or token(educator)}", **headers}
        async with self.request("GET", STREAM + query, headers) as feed:
            yield feed

    @asynccontextmanager
    async def request(
        self, method: str, target: str, headers: dict[str, str]
    ) -> "AsyncIterator[Feed]":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**24)
        lines = [f"{method} {target} HTTP/1.1", "Host: school.test"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        try:
            status, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            answered = dict(line.lower().split(": ", 1) for line in rest if line)
            yield Feed(reader, writer, int(status.split()[1]), answered)
        finally:
            writer.close()


@dataclass
class Feed:
    """What a stream sent, frame by frame."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int
    headers: dict[str, str]
    raw: bytes = b""
    frames: list[dict[str, str]] = field(default_factory=list)

    async def next(self, seconds: float = 5.0) -> dict[str, str]:
        """The next frame: its fields by name; ``{}`` at the end of the stream."""
        async with asyncio.timeout(seconds):
            while b"\n\n" not in self.raw:
                chunk = await self._chunk()
                if not chunk:
                    return {}
                self.raw += chunk
        text, _, self.raw = self.raw.partition(b"\n\n")
        frame = {}
        for line in text.decode().split("\n"):
            name, _, value = line.partition(":")
            frame[name] = value.removeprefix(" ")
        self.frames.append(frame)
        return frame

    async def until(self, type_: str, seconds: float = 5.0) -> dict[str, Any]:
        """What the next event of a type says."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.next(seconds)
                assert frame, f"the stream ended before {type_}"
                if "data" in frame:
                    data: dict[str, Any] = json.loads(frame["data"])
                    if data["type"] == type_:
                        return data

    async def end(self, seconds: float = 5.0) -> None:
        """Read on until the server ends the stream."""
        async with asyncio.timeout(seconds):
            while await self.next(seconds):
                pass

    async def body(self) -> bytes:
        """The whole body of an ordinary answer."""
        return await self.reader.readexactly(int(self.headers["content-length"]))

    async def _chunk(self) -> bytes:
        try:
            size = int((await self.reader.readuntil(b"\r\n")).strip(), 16)
            return (await self.reader.readexactly(size + 2))[:-2]
        except asyncio.IncompleteReadError as cut:
            if cut.partial:
                raise
            return b""


@asynccontextmanager
async def listening(url: str, **settings: Any) -> AsyncIterator[Live]:
    """The whole server, as ``classpulse serve`` runs it, within this process."""
    app = create_app(
        Settings(data_dir=Path("/nonexistent"), **{"request_limit": (0, 0)} | settings),
        database_url=url,
        listen_url=url,
        jwt_secret=SECRET,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="warning",
            lifespan="on",
            **connection_options(),
        )
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not task.done(), task.exception()
    try:
        yield Live(app, server.servers[0].sockets[0].getsockname()[1])
    finally:
        end_streams(app.state.publisher.hub)
        server.should_exit = True
        await task
