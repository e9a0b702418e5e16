"""Bodies are at most 1 MiB: what says that it is larger is refused before it is read."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classpulse.serve import problems
from classpulse.serve.pages.error_pages import problem_page, reads_pages
from classpulse.serve.problems import Problem

BODY_BYTES = 1024 * 1024


class BodyLimit:
    """Pure ASGI. A body that does not say its length is cut where it becomes too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Streams are GETs, and write to the connection that their ``receive`` belongs to.
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and (len(length) > 12 or int(length) > BODY_BYTES):
            request = Request(scope)
            response = (
                problem_page(request, too_large())
                if reads_pages(request)
                else problems.problem_response(too_large())
            )
            await response(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_BYTES:
                raise too_large()
            return message

        await self._app(scope, receive_within_limit, send)


def too_large() -> Problem:
    """413."""
    return Problem(413, "The body is larger than 1 MiB.")
