"""A file as an answer: named, told not to be kept, and sent in pieces."""

import re
import unicodedata
from datetime import date
from typing import IO
from urllib.parse import quote

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_PIECE = 256 * 1024
_LONGEST_NAME = 80
# What RFC 5987 lets stand as it is.
_ATTR_CHARS = "!#$&+-.^_`|~"
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]')


class Attachment(Response):
    """Sends a file from its start and closes it, also when the reader goes away."""

    def __init__(self, file: IO[bytes], *, name: str, media_type: str, size: int) -> None:
        self._file = file
        super().__init__(
            None,
            200,
            {
                "Content-Disposition": disposition(name),
                "Content-Length": str(size),
                "Cache-Control": "no-store",
            },
            media_type,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            while piece := await anyio.to_thread.run_sync(self._file.read, _PIECE):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()


def file_name(title: str, day: date, ending: str) -> str:
    """A name that every file system takes: the title without what none may hold, the day."""
    shown = "".join(c for c in title if unicodedata.category(c)[0] != "C")
    plain = " ".join(_NOT_IN_NAMES.sub(" ", shown).split()).strip(" .")
    return f"{plain[:_LONGEST_NAME].strip(' .') or 'report'}-{day:%Y-%m-%d}.{ending}"


def disposition(name: str) -> str:
    """``Content-Disposition`` with the name in ASCII for all, and as it is (RFC 5987)."""
    stem, _, ending = name.rpartition(".")
    letters = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    ascii_name = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    if not re.search("[a-z]", ascii_name):
        ascii_name = f"report-{ascii_name}".strip("-")
    whole = quote(name, safe=_ATTR_CHARS)
    return f"attachment; filename=\"{ascii_name}.{ending}\"; filename*=UTF-8''{whole}"
