"""Text and JSON leave compressed where the client takes it.

What a page holds can be guessed from how its length changes with what somebody else put into its
address (BREACH). So each body has a random number of bytes too many, the token of its form is
masked again each time, and what hands out tokens is never compressed.
"""

import re
import secrets
import zlib

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TYPES = frozenset({"text/html", "application/json", "application/problem+json"})
# Tokens, files that are packed already, and what is sent as it happens.
_AS_THEY_ARE = ("/api/v1/auth/", "/static/", "/api/v1/performance/stream")
_LEAST = 1024
# Over it, it takes milliseconds: not on the event loop.
_IN_A_THREAD = 64 * 1024
# Half of what the highest one costs, for some percent more bytes.
_LEVEL = 5
_PADDING = 256
_NAMED = 8
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*$", re.IGNORECASE)


class Compression:
    """Pure ASGI: packs a body that is sent as one, and says by ``Vary`` that it may."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_AS_THEY_ARE):
            await self._app(scope, receive, send)
            return
        packs = takes_gzip(Headers(scope=scope).getlist("accept-encoding"))
        start: Message | None = None

        async def send_packed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                if not _may_be_packed(message["status"], headers):
                    await send(message)
                    return
                headers.add_vary_header("Accept-Encoding")
                if packs:
                    start = message
                else:
                    await send(message)
                return
            if start is not None and message["type"] == "http.response.body":
                head, start = start, None
                body = message.get("body", b"")
                if not message.get("more_body", False) and len(body) >= _LEAST:
                    packed = await _packed(body)
                    headers = MutableHeaders(raw=head["headers"])
                    headers["Content-Encoding"] = "gzip"
                    headers["Content-Length"] = str(len(packed))
                    message = {**message, "body": packed}
                await send(head)
            await send(message)

        await self._app(scope, receive, send_packed)


def takes_gzip(accepted: list[str]) -> bool:
    """Whether a client that sent these ``Accept-Encoding`` takes it; of none it does not."""
    others = False
    for part in ",".join(accepted).split(","):
        quality = _QUALITY.search(part)
        is_taken = quality is None or float(quality[1]) > 0
        name = part.partition(";")[0].strip().lower()
        if name in ("gzip", "x-gzip"):
            return is_taken
        if name == "*":
            others = is_taken
    return others


def gzipped(body: bytes, *, padding: int) -> bytes:
    """``body`` in the gzip format, so many bytes longer: a file name that nobody reads."""
    name = secrets.token_hex(padding // 2 + 1)[:padding].encode() + b"\0"
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join(
        (
            bytes((0x1F, 0x8B, 8, _NAMED, 0, 0, 0, 0, 0, 255)),
            name,
            packer.compress(body),
            packer.flush(),
            zlib.crc32(body).to_bytes(4, "little"),
            (len(body) & 0xFFFFFFFF).to_bytes(4, "little"),
        )
    )


async def _packed(body: bytes) -> bytes:
    padding = secrets.randbelow(_PADDING)
    if len(body) < _IN_A_THREAD:
        return gzipped(body, padding=padding)
    return await anyio.to_thread.run_sync(lambda: gzipped(body, padding=padding))


def _may_be_packed(status: int, headers: MutableHeaders) -> bool:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        media_type in _TYPES
        and status not in (204, 206, 304)
        and "content-encoding" not in headers
        # a strong one names these very bytes
        and not headers.get("etag", "").startswith('"')
    )
