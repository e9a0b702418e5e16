"""A small HTTP client for the self-test: JSON requests, and a stream read as curl would."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_ANSWER_SECONDS = 15.0
#: Longest line of a stream: an event is one line, and a bulk one may be large.
_LINE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Message:
    """One message of a stream; ``data`` is decoded."""

    id: str | None
    event: str
    data: Any


@dataclass(frozen=True)
class Client:
    """Speaks to one server. Raises OSError where it can't be reached."""

    url: str

    async def request(
        self, method: str, path: str, *, token: str | None = None, body: object = None
    ) -> tuple[int, Any]:
        """Status and decoded JSON (``None`` where there is none)."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            content = b"" if body is None else json.dumps(body).encode()
            async with self._answer(method, path, _headers(token), content) as (status, answer):
                text = await answer.all()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, None

    @asynccontextmanager
    async def stream(
        self, path: str, *, token: str, last_event_id: str | None = None
    ) -> AsyncIterator[tuple[int, AsyncIterator[Message]]]:
        """Status and messages of a server-sent event stream, until the block is left."""
        headers = {**_headers(token), "accept": "text/event-stream"}
        if last_event_id is not None:
            headers["last-event-id"] = last_event_id
        async with self._answer("GET", path, headers, b"") as (status, answer):
            yield status, _messages(answer)

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes
    ) -> AsyncIterator[tuple[int, "_Answer"]]:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        host, port = parts.hostname or "127.0.0.1", parts.port or (443 if secure else 80)
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=ssl.create_default_context() if secure else None, limit=_LINE_BYTES
            )
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                lines = [
                    f"{method} {parts.path.rstrip('/')}{path} HTTP/1.1",
                    f"host: {parts.netloc}",
                    "connection: close",
                    f"content-length: {len(content)}",
                    *(f"{name}: {value}" for name, value in headers.items()),
                ]
                writer.write("\r\n".join([*lines, "", ""]).encode() + content)
                await writer.drain()
                status, chunked = await _head(reader)
            yield status, _Answer(reader, chunked)
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status, and whether the body comes in chunks."""
    words = (await reader.readline()).split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        raise ConnectionError("it ended the connection or speaks no HTTP")
    chunked = False
    while line := (await reader.readline()).strip().lower():
        chunked = chunked or (line.startswith(b"transfer-encoding:") and b"chunked" in line)
    return int(words[1]), chunked


class _Answer:
    """The body of an answer."""

    def __init__(self, reader: asyncio.StreamReader, chunked: bool) -> None:
        self._reader = reader
        self._chunked = chunked

    async def pieces(self) -> AsyncIterator[bytes]:
        while True:
            if not self._chunked:
                piece = await self._reader.read(65536)
            else:
                piece = await self._chunk()
            if not piece:
                return
            yield piece

    async def _chunk(self) -> bytes:
        try:
            size = int((await self._reader.readline()).split(b";")[0], 16)
            piece = await self._reader.readexactly(size)
            await self._reader.readline()
        except (ValueError, asyncio.IncompleteReadError) as error:
            raise ConnectionError("the server broke off") from error
        return piece

    async def all(self) -> bytes:
        return b"".join([piece async for piece in self.pieces()])


async def _messages(answer: _Answer) -> AsyncIterator[Message]:
    id_, event, rest = None, "message", b""
    data: list[str] = []
    async for piece in answer.pieces():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            name, _, value = line.rstrip(b"\r").decode().partition(":")
            value = value.removeprefix(" ")
            match name:
                case "id":
                    id_ = value
                case "event":
                    event = value
                case "data":
                    data.append(value)
                case "" if not value:
                    if data:
                        yield Message(id_, event, json.loads("\n".join(data)))
                    event, data = "message", []


def _headers(token: str | None) -> dict[str, str]:
    headers = {"accept": "application/json", "content-type": "application/json"}
    return headers if token is None else {**headers, "authorization": f"Bearer {token}"}
