"""Style sheets, scripts and the icon, read once and served under the hash of what they hold."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOREVER = "public, max-age=31536000, immutable"
# A page of another release asks for its own hash: it gets what there is, and asks again next time.
_ASK_AGAIN = "no-cache"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes
    media_type: str
    etag: str


class StaticFiles:
    """The files of one folder.

    One hash stands for all of them, in the path, so that modules import each other by relative
    names and a change of any file changes the address of each.
    """

    def __init__(self, folder: Path, bundles: Mapping[str, Sequence[str]] | None = None) -> None:
        """``bundles``: further files, each of which is others of them one after the other."""
        self._files = {
            path.relative_to(folder).as_posix(): _file(path.name, path.read_bytes())
            for path in sorted(folder.rglob("[!.]*"))
            if path.is_file()
        }
        for name, parts in (bundles or {}).items():
            body = b"".join(self._files[part].body for part in parts)
            self._files[name] = _file(name, body)
        names = "\n".join(f"{name} {file.etag}" for name, file in self._files.items())
        self.version = hashlib.sha256(names.encode()).hexdigest()[:12]

    @property
    def route(self) -> Route:
        # one parameter: with the version as another, an address that ends there would be redirected
        return Route("/static/{path:path}", self.respond, name="static")

    def address(self, path: str) -> str:
        """Where ``path`` is served; a file that is not there is an error, not a dead link."""
        if path not in self._files:
            raise LookupError(f"no static file {path}")
        return f"/static/{self.version}/{path}"

    def names(self, folder: str) -> list[str]:
        """The files directly in ``folder``."""
        prefix = f"{folder}/"
        return [name.removeprefix(prefix) for name in self._files if name.startswith(prefix)]

    async def respond(self, request: Request) -> Response:
        version, _, path = request.path_params["path"].partition("/")
        file = self._files.get(path)
        if file is None:
            raise HTTPException(404)
        current = version == self.version
        headers = {
            "cache-control": _FOREVER if current else _ASK_AGAIN,
            "etag": file.etag,
            "vary": "accept-encoding",
        }
        if _matches(request.headers.get("if-none-match", ""), file.etag):
            return Response(status_code=304, headers=headers)
        body = file.body
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = file.packed
            headers["content-encoding"] = "gzip"
        return Response(body, headers=headers, media_type=file.media_type)


def _file(name: str, body: bytes) -> _File:
    media_type = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    return _File(
        body=body,
        packed=gzip.compress(body, mtime=0),
        media_type=media_type or "application/octet-stream",
        # Weak: the packed and the plain form share it.
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:20]}"',
    )


def _matches(asked: str, etag: str) -> bool:
    opaque = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") in (opaque, "*") for tag in asked.split(","))
