"""The application, and streams that go on once the middleware is done with them."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

GoOn = Callable[[Receive, Send], Awaitable[None]]
_KEY = "classpulse.goes_on"


class Application(Starlette):
    """Starlette's, but an endpoint may leave what it has begun to go on outside of the middleware.

    The head of such an answer passes all of it. Its body, which lasts for hours, goes straight to
    the server: neither a call nor a frame of each middleware for everybody who reads.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)
        go_on: GoOn | None = scope.pop(_KEY, None)
        if go_on is not None:
            await go_on(receive, send)


def go_on_outside(scope: Scope, go_on: GoOn) -> None:
    """What to do with the answer that an endpoint has begun, once it has returned."""
    scope[_KEY] = go_on
