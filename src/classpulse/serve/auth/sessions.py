"""Logging in and out."""

import logging
import time
from datetime import timedelta
from typing import Annotated, Any

import asyncpg
from msgspec import Meta, Struct
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import json_response
from classpulse.serve.auth import tokens
from classpulse.serve.auth.caller import COOKIE, CSRF_COOKIE, viewer_of
from classpulse.serve.auth.origin import same_site
from classpulse.serve.auth.passwords import verify_password
from classpulse.serve.auth.scope import viewer_by_id
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.limits.sign_ins import SignIns
from classpulse.serve.parameters import NoParameters, read_body, read_query
from classpulse.serve.problems import Problem, unauthorized
from classpulse.serve.snapshot import one_statement
from classpulse.sql import queries

logger = logging.getLogger(__name__)

_SQL = queries("auth")


# After a refresh the old token holds for so long: another tab may be about to use it.
GRACE_SECONDS = 60


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a login."""

    email: Annotated[str, Meta(min_length=1, max_length=320)]
    password: Annotated[str, Meta(min_length=1, max_length=1024)]


class Logout(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a logout, which may be left out."""

    everywhere: bool = False


async def sign_in(request: Request, email: str, password: str) -> tuple[Viewer, str]:
    """The viewer with this e-mail and password, and a new token for them.

    A 401 problem tells the same, as late, for an unknown or inactive educator as for a wrong
    password; after too many failures, or with too many waiting, it is a 429 problem.
    """
    state = request.app.state
    sign_ins: SignIns = state.limits.sign_ins
    email = email.strip()
    async with sign_ins.turn(request, email) as turn:
        async with one_statement(state.database) as reader:
            found = await reader.one(_SQL["credentials"], email=email)
        async with sign_ins.attempt(turn, found["id"] if found else None) as attempt:
            matches = await verify_password(found["hash"] if found else None, password)
            viewer = await viewer_by_id(state.database, found["id"]) if found and matches else None
            # A password that was changed while it was checked opens nothing.
            if found is None or viewer is None or viewer.session != found["session"]:
                raise unauthorized("No active educator has this e-mail and password.")
            attempt.succeeded()
    return viewer, _issue(request, viewer)


async def sign_out(conn: HTTPConnection, viewer: Viewer, *, everywhere: bool = False) -> None:
    """The viewer's token (everywhere: all of theirs) is dead at once, on every process; its streams
    are closed."""
    if everywhere:
        async with one_statement(conn.app.state.database) as reader:
            await reader.one(_SQL["end_sessions"], educator_id=viewer.educator_id)
    # Also then: one that was signed elsewhere may tell a time ahead of ours.
    await _revoke(conn, viewer, 0)


def set_cookies(conn: HTTPConnection, response: Response, token: str) -> None:
    """The token in a cookie that no script reads, and its CSRF token in one that ours do."""
    claims = _claims(conn, token)
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
    token = _issue(request, viewer)
    try:
        await _revoke(request, viewer, GRACE_SECONDS)
    except asyncpg.ReadOnlySQLTransactionError:
        # A spell of reading alone signs nobody out; the old token ends by itself.
        logger.warning("a refreshed token was not ended: the database takes no writes")
    return _granted(request, viewer, token)


async def _logout(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    asked = await read_body(request, Logout, none=Logout())
    await sign_out(request, viewer, everywhere=asked.everywhere)
    response = Response(status_code=204)
    drop_cookies(request, response)
    return response


async def _me(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    csrf = tokens.csrf(request.app.state.jwt_secret, viewer.jti)
    return json_response(
        {**_educator(viewer), "expires_in": _seconds_left(viewer), "csrf_token": csrf}
    )


def _granted(request: Request, viewer: Viewer, token: str) -> Response:
    claims = _claims(request, token)
    response = json_response(
        {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": round(claims.expires_at - claims.issued_at),
            "csrf_token": tokens.csrf(request.app.state.jwt_secret, claims.jti),
            "educator": _educator(viewer),
        }
    )
    set_cookies(request, response, token)
    return response


def _issue(conn: HTTPConnection, viewer: Viewer) -> str:
    """A token in the place of the viewer's own, or their first; it ends with their session."""
    state = conn.app.state
    auth_time = None if viewer.token is None else viewer.token.auth_time
    ttl = tokens.LIFETIME
    if auth_time is not None:
        left = auth_time + timedelta(days=state.settings.session_days).total_seconds() - time.time()
        ttl = min(ttl, timedelta(seconds=max(1.0, left)))
    return tokens.issue(
        state.jwt_secret,
        viewer.educator_id,
        viewer.role,
        ttl,
        session=viewer.session,
        auth_time=auth_time,
    )


async def _revoke(conn: HTTPConnection, viewer: Viewer, grace_seconds: int) -> None:
    async with one_statement(conn.app.state.database) as reader:
        await reader.one(
            _SQL["revoke"],
            jti=viewer.jti,
            educator_id=viewer.educator_id,
            expires_at=viewer.expires_at,
            grace_seconds=grace_seconds,
        )


def _claims(conn: HTTPConnection, token: str) -> tokens.Claims:
    state = conn.app.state
    try:
        return tokens.read(state.jwt_secret, token, session_days=state.settings.session_days)
    except tokens.TokenError as error:  # the session ended as its token was issued
        raise unauthorized(str(error)) from None


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
