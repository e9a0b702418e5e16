"""How many requests an address and an educator may send in a minute."""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from classpulse.serve import problems
from classpulse.serve.auth import tokens
from classpulse.serve.auth.caller import COOKIE, claims_in
from classpulse.serve.limits.address import address_of
from classpulse.serve.limits.request_counts import RequestCounts
from classpulse.serve.limits.sign_ins import too_many
from classpulse.serve.pages.error_pages import problem_page, reads_pages
from classpulse.serve.problems import Problem

# Files that change with a release, and what a platform asks all the time.
_FILES = "/static/"
_PROBES = frozenset({"/healthz", "/readyz"})


class RequestLimits:
    """Pure ASGI: counts what comes in and refuses what is too much, before anything is read.

    A stream or a socket counts as one request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        counts: RequestCounts,
        per_educator: int,
        per_address: int,
        secret: str,
        session_days: int,
    ) -> None:
        self._app = app
        self._limiter = SlidingWindowCounterRateLimiter(counts)
        self._per_educator = per_educator and RateLimitItemPerMinute(per_educator)
        self._per_address = per_address and RateLimitItemPerMinute(per_address)
        self._secret = secret
        self._session_days = session_days

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_uncounted(scope["path"]):
            await self._app(scope, receive, send)
            return
        conn = HTTPConnection(scope)
        problem = await self._refusal(conn)
        if problem is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(
                problems.problem_response(problem)
            )
        else:
            response = (
                problem_page(Request(scope), problem)
                if reads_pages(conn)
                else problems.problem_response(problem)
            )
            await response(scope, receive, send)

    async def _refusal(self, conn: HTTPConnection) -> Problem | None:
        if isinstance(self._per_address, RateLimitItem):
            whose = ("address", address_of(conn))
            if not await self._limiter.hit(self._per_address, *whose):
                return await self._too_many(self._per_address, whose, "from your network address")
        if isinstance(self._per_educator, RateLimitItem):
            educator_id = self._educator(conn)
            if educator_id is not None:
                whose = ("educator", str(educator_id))
                if not await self._limiter.hit(self._per_educator, *whose):
                    return await self._too_many(self._per_educator, whose, "by you")
        return None

    def _educator(self, conn: HTTPConnection) -> int | None:
        """Whose token it is. Whether it was signed out is asked later, for those let through."""
        header = conn.headers.get("authorization")
        token = conn.cookies.get(COOKIE, "") if header is None else header.partition(" ")[2].strip()
        if not token:
            return None
        try:
            claims = claims_in(conn.scope, token, self._secret, self._session_days)
        except tokens.TokenError:
            return None
        return claims.educator_id

    async def _too_many(self, limit: RateLimitItem, whose: tuple[str, str], words: str) -> Problem:
        reset, _ = await self._limiter.get_window_stats(limit, *whose)
        seconds = max(1, math.ceil(reset - time.time()))
        return too_many(f"More than {limit.amount} requests in a minute {words}.", seconds)


def _is_uncounted(path: str) -> bool:
    return path in _PROBES or path.startswith(_FILES)
