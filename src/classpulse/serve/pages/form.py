"""A form post, as browsers send it without JavaScript."""

from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

_MOST_BYTES = 16_384
_MOST_FIELDS = 20


async def form(request: Request) -> dict[str, str]:
    """The fields of a URL-encoded form; nothing of one that is too large or not to be read."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def local_path(target: str | None) -> str:
    """``target`` if it stays on this site, else the first page.

    Browsers read a backslash as a slash and leave out control characters: with either, what looks
    like a path may lead elsewhere.
    """
    if not target or not target.startswith("/") or target.startswith("//") or len(target) > 2000:
        return "/"
    if "\\" in target or any(character <= " " or character == "\x7f" for character in target):
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    return "/" if parts.netloc or parts.path in ("/login", "/logout") else target
