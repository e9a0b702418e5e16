"""Who sent a request: a bearer token, else the cookie."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.types import Scope

from classpulse.serve.auth import tokens
from classpulse.serve.auth.origin import same_site
from classpulse.serve.auth.scope import viewer_by_id
from classpulse.serve.auth.tokens import Claims
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.problems import Problem, unauthorized
from classpulse.serve.snapshot import Reader, snapshot

COOKIE = "classpulse_token"
CSRF_COOKIE = "classpulse_csrf"
CSRF_HEADER = "X-CSRF-Token"
ENDED = "The token was signed out, or its educator is not active: log in again."
# Where the limits leave what a token says, so that it is checked once for a request.
_READ = "classpulse.claims"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


Look = Callable[[Starlette, Claims], Awaitable[Viewer | None]]


async def _look_up(app: Starlette, claims: Claims) -> Viewer | None:
    return await viewer_by_id(app.state.database, claims.educator_id, claims)


async def viewer_of(conn: HTTPConnection, look_up: Look = _look_up) -> Viewer:
    """The viewer of a request, with the rights of this moment; raises a 401 problem.

    ``look_up`` reads the rights, ``None`` for a token that does not hold.

    A write that is borne by the cookie alone must come from this site and repeat the CSRF token,
    else it is a 403 problem.
    """
    claims, from_cookie = _claims_of(conn)
    viewer = _active(await look_up(conn.app, claims))
    if from_cookie and conn.scope.get("method", "GET") not in _SAFE_METHODS:
        _check_csrf(conn, viewer)
    return viewer


@asynccontextmanager
async def reading(conn: HTTPConnection) -> AsyncIterator[tuple[Reader, Viewer]]:
    """One snapshot for an answer that only reads, and who asks for it with the rights of its
    moment; raises a 401 problem. A token that is none of ours costs no connection."""
    claims, _ = _claims_of(conn)
    async with snapshot(conn.app.state.database) as reader:
        yield reader, _active(await viewer_by_id(reader, claims.educator_id, claims))


async def viewer_of_token(app: Starlette, token: str, look_up: Look = _look_up) -> Viewer:
    """The viewer that a token stands for; raises a 401 problem."""
    return _active(await look_up(app, _claims(app, token, {})))


def claims_in(scope: Scope, token: str, secret: str, session_days: int) -> Claims:
    """What a request's token says, checked for the first who asks; raises ``TokenError``."""
    known: dict[str, Claims] = scope.setdefault(_READ, {})
    if token not in known:
        known[token] = tokens.read(secret, token, session_days=session_days)
    return known[token]


def _claims_of(conn: HTTPConnection) -> tuple[Claims, bool]:
    """What the request's token says, and whether the cookie alone bears it."""
    header = conn.headers.get("authorization")
    if header is not None:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise unauthorized("The Authorization header must read: Bearer TOKEN.")
        return _claims(conn.app, token.strip(), conn.scope), False
    cookie = conn.cookies.get(COOKIE)
    if not cookie:
        raise unauthorized("Log in, or send a token: Authorization: Bearer TOKEN.")
    return _claims(conn.app, cookie, conn.scope), True


def _claims(app: Starlette, token: str, scope: Scope) -> Claims:
    state = app.state
    try:
        return claims_in(scope, token, state.jwt_secret, state.settings.session_days)
    except tokens.TokenError as error:
        raise unauthorized(str(error)) from None


def _active(viewer: Viewer | None) -> Viewer:
    if viewer is None:
        raise unauthorized(ENDED)
    return viewer


def _check_csrf(conn: HTTPConnection, viewer: Viewer) -> None:
    if not same_site(conn):
        raise Problem(403, "A write with the cookie must come from this site's own pages.")
    sent = conn.headers.get(CSRF_HEADER, "")
    if not tokens.is_csrf(conn.app.state.jwt_secret, viewer.jti, sent):
        raise Problem(
            403, f"A write with the cookie needs the header {CSRF_HEADER}: login and me give it."
        )
