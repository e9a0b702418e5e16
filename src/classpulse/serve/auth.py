"""Who sent a request: a bearer token, else the cookie."""

import hmac
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from classpulse.serve import tokens
from classpulse.serve.origin import same_site
from classpulse.serve.problems import Problem, unauthorized
from classpulse.serve.scope import viewer_by_id
from classpulse.serve.tokens import Claims
from classpulse.serve.viewer import Viewer

COOKIE = "classpulse_token"
CSRF_COOKIE = "classpulse_csrf"
CSRF_HEADER = "X-CSRF-Token"
ENDED = "The token was signed out, or its educator is not active: log in again."
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
    header = conn.headers.get("authorization")
    if header is not None:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise unauthorized("The Authorization header must read: Bearer TOKEN.")
        return await viewer_of_token(conn.app, token.strip(), look_up)
    cookie = conn.cookies.get(COOKIE)
    if not cookie:
        raise unauthorized("Log in, or send a token: Authorization: Bearer TOKEN.")
    viewer = await viewer_of_token(conn.app, cookie, look_up)
    if conn.scope.get("method", "GET") not in _SAFE_METHODS:
        _check_csrf(conn, viewer)
    return viewer


async def viewer_of_token(app: Starlette, token: str, look_up: Look = _look_up) -> Viewer:
    """The viewer that a token stands for; raises a 401 problem."""
    state = app.state
    try:
        claims = tokens.read(state.jwt_secret, token, session_days=state.settings.session_days)
    except tokens.TokenError as error:
        raise unauthorized(str(error)) from None
    viewer = await look_up(app, claims)
    if viewer is None:
        raise unauthorized(ENDED)
    return viewer


def _check_csrf(conn: HTTPConnection, viewer: Viewer) -> None:
    if not same_site(conn):
        raise Problem(403, "A write with the cookie must come from this site's own pages.")
    sent = conn.headers.get(CSRF_HEADER, "")
    expected = tokens.csrf(conn.app.state.jwt_secret, viewer.jti)
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise Problem(
            403, f"A write with the cookie needs the header {CSRF_HEADER}: login and me give it."
        )
