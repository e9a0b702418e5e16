"""Who sent a request: a bearer token, else the cookie."""

import hmac
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from classpulse.serve import tokens
from classpulse.serve.problems import Problem, unauthorized
from classpulse.serve.scope import viewer_by_id
from classpulse.serve.viewer import Viewer

COOKIE = "classpulse_token"
CSRF_COOKIE = "classpulse_csrf"
CSRF_HEADER = "X-CSRF-Token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


async def viewer_of(conn: HTTPConnection) -> Viewer:
    """The viewer of a request, with the rights of this moment; raises a 401 problem.

    A write that is borne by the cookie alone must come from this site and repeat the CSRF token,
    else it is a 403 problem.
    """
    header = conn.headers.get("authorization")
    if header is not None:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise unauthorized("The Authorization header must read: Bearer TOKEN.")
        return await viewer_of_token(conn.app, token.strip())
    cookie = conn.cookies.get(COOKIE)
    if not cookie:
        raise unauthorized("Log in, or send a token: Authorization: Bearer TOKEN.")
    viewer = await viewer_of_token(conn.app, cookie)
    if conn.scope.get("method", "GET") not in _SAFE_METHODS:
        _check_csrf(conn, viewer)
    return viewer


async def viewer_of_token(app: Starlette, token: str) -> Viewer:
    """The viewer that a token stands for; raises a 401 problem."""
    try:
        claims = tokens.read(app.state.jwt_secret, token)
    except tokens.TokenError as error:
        raise unauthorized(str(error)) from None
    viewer = await viewer_by_id(
        app.state.database, claims.educator_id, jti=claims.jti, expires_at=claims.expires_at
    )
    if viewer is None:
        raise unauthorized("The token was signed out, or its educator is not active: log in again.")
    return viewer


def same_site(conn: HTTPConnection) -> bool:
    """Whether a browser says that this request comes from our own pages, or from allowed ones.

    Programs other than browsers send no ``Origin`` and are believed.
    """
    origin = conn.headers.get("origin")
    if origin is None:
        return conn.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    if origin in conn.app.state.settings.cors_origins:
        return True
    # The scheme is left out: behind a proxy that ends TLS we may not know ours.
    return (
        origin != "null" and urlsplit(origin).netloc.lower() == conn.headers.get("host", "").lower()
    )


def _check_csrf(conn: HTTPConnection, viewer: Viewer) -> None:
    if not same_site(conn):
        raise Problem(403, "A write with the cookie must come from this site's own pages.")
    sent = conn.headers.get(CSRF_HEADER, "")
    expected = tokens.csrf(conn.app.state.jwt_secret, viewer.jti)
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise Problem(
            403, f"A write with the cookie needs the header {CSRF_HEADER}: login and me give it."
        )
