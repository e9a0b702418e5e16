"""Logging in and out."""

import time
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import tokens
from classpulse.serve.answers import answer
from classpulse.serve.auth import COOKIE, CSRF_COOKIE, same_site, viewer_of
from classpulse.serve.parameters import NoParameters, read_body, read_query
from classpulse.serve.passwords import verify_password
from classpulse.serve.problems import Problem, unauthorized
from classpulse.serve.scope import viewer_by_id
from classpulse.serve.snapshot import one_statement
from classpulse.serve.viewer import Viewer
from classpulse.sql import queries

_SQL = queries("auth")


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a login."""

    email: Annotated[str, Meta(min_length=1, max_length=320)]
    password: Annotated[str, Meta(min_length=1, max_length=1024)]


async def sign_in(conn: HTTPConnection, email: str, password: str) -> tuple[Viewer, str]:
    """The viewer with this e-mail and password, and a new token for them.

    A 401 problem tells the same, as late, for an unknown or inactive educator as for a wrong
    password; after too many failures it is a 429 problem.
    """
    state = conn.app.state
    email = email.strip()
    key = (email.lower(), conn.client.host if conn.client else "")
    wait = state.failed_logins.begin(key)
    if wait:
        raise Problem(
            429,
            f"Too many failed logins. Try again in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        )
    async with one_statement(state.database) as reader:
        found = await reader.one(_SQL["credentials"], email=email)
    matches = await verify_password(found["hash"] if found else None, password)
    viewer = await viewer_by_id(state.database, found["id"]) if found and matches else None
    if viewer is None:
        raise unauthorized("No active educator has this e-mail and password.")
    state.failed_logins.succeeded(key)
    return viewer, tokens.issue(state.jwt_secret, viewer.educator_id, viewer.role, tokens.LIFETIME)


async def sign_out(conn: HTTPConnection, viewer: Viewer) -> None:
    """The viewer's token is dead at once, on every process; its streams are closed."""
    async with one_statement(conn.app.state.database) as reader:
        await reader.one(
            _SQL["revoke"],
            jti=viewer.jti,
            educator_id=viewer.educator_id,
            expires_at=viewer.expires_at,
        )


def set_cookies(conn: HTTPConnection, response: Response, token: str) -> None:
    """The token in a cookie that no script reads, and its CSRF token in one that ours do."""
    claims = tokens.read(conn.app.state.jwt_secret, token)
    common: dict[str, Any] = {
        "max_age": max(0, int(claims.expires_at - time.time())),
        "path": "/",
        "secure": _is_secure(conn),
        "samesite": "lax",
    }
    csrf = tokens.csrf(conn.app.state.jwt_secret, claims.jti)
    response.set_cookie(COOKIE, token, httponly=True, **common)
    response.set_cookie(CSRF_COOKIE, csrf, httponly=False, **common)


def drop_cookies(conn: HTTPConnection, response: Response) -> None:
    """Forget both."""
    for name, httponly in ((COOKIE, True), (CSRF_COOKIE, False)):
        response.delete_cookie(
            name, path="/", secure=_is_secure(conn), httponly=httponly, samesite="lax"
        )


async def _login(request: Request) -> Response:
    read_query(request, NoParameters)
    if not same_site(request):
        raise Problem(403, "A login must come from this site's own pages.")
    asked = await read_body(request, Credentials)
    viewer, token = await sign_in(request, asked.email, asked.password)
    return _granted(request, viewer, token)


async def _refresh(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    token = tokens.issue(
        request.app.state.jwt_secret, viewer.educator_id, viewer.role, tokens.LIFETIME
    )
    return _granted(request, viewer, token)


async def _logout(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    await sign_out(request, viewer)
    response = Response(status_code=204)
    drop_cookies(request, response)
    return response


async def _me(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    csrf = tokens.csrf(request.app.state.jwt_secret, viewer.jti)
    return answer({**_educator(viewer), "expires_in": _seconds_left(viewer), "csrf_token": csrf})


def _granted(request: Request, viewer: Viewer, token: str) -> Response:
    claims = tokens.read(request.app.state.jwt_secret, token)
    response = answer(
        {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(tokens.LIFETIME.total_seconds()),
            "csrf_token": tokens.csrf(request.app.state.jwt_secret, claims.jti),
            "educator": _educator(viewer),
        }
    )
    set_cookies(request, response, token)
    return response


def _educator(viewer: Viewer) -> dict[str, Any]:
    return {
        "id": viewer.educator_id,
        "name": viewer.name,
        "email": viewer.email,
        "role": viewer.role,
        "school_id": viewer.school_id,
        "section_ids": None if viewer.scope.everything else sorted(viewer.scope.sections),
    }


def _seconds_left(viewer: Viewer) -> int:
    return max(0, int(viewer.expires_at - time.time()))


def _is_secure(conn: HTTPConnection) -> bool:
    # uvicorn sets the scheme from X-Forwarded-Proto where it trusts the proxy
    return conn.url.scheme in ("https", "wss")


routes = [
    Route("/login", _login, methods=["POST"]),
    Route("/refresh", _refresh, methods=["POST"]),
    Route("/logout", _logout, methods=["POST"]),
    Route("/me", _me),
]
