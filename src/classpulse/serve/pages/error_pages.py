"""Problems as pages: what a person reads instead of JSON."""

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

import asyncpg
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from classpulse.serve import problems
from classpulse.serve.auth.caller import reading, viewer_of
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.rendering import Page, page
from classpulse.serve.parameters import read_query
from classpulse.serve.problems import (
    AWAY,
    Problem,
    as_problem,
    database_outage,
    failure,
    unavailable,
    unreadable,
)
from classpulse.serve.snapshot import Reader

logger = logging.getLogger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]
Q = TypeVar("Q", bound=Struct)
View = Callable[[Request, Reader, Viewer, Q], Awaitable[Page | Response]]


def for_people(endpoint: Endpoint) -> Endpoint:
    """The endpoint with its problems as a page, not as JSON."""

    @wraps(endpoint)
    async def respond(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            return problem_page(request, problem)
        except AWAY as error:
            database_outage.failed(error)
            return problem_page(request, unavailable())
        except (HTTPException, ClientDisconnect):
            raise
        except asyncpg.DataError as error:
            logger.warning("a value was refused by the database: %s", type(error).__name__)
            return problem_page(request, unreadable())
        except Exception:
            # the log holds the cause, and a person is shown a page whatever it was
            logger.exception("a page failed: %s", request.url.path)
            return problem_page(request, failure())

    return respond


def for_viewers(kind: type[Q], view: View[Q]) -> Endpoint:
    """A page of somebody who is signed in; others are led to the form and back.

    All of it is read in one snapshot, and written when that is over. ``kind``: what its address
    may hold. A field of its forms that nobody filled in is none.
    """

    @wraps(view)
    async def respond(request: Request) -> Response:
        asked = read_query(request, kind, blank_is_none=True)
        try:
            async with reading(request) as (reader, viewer):
                answered = await view(request, reader, viewer, asked)
        except Problem as problem:
            if problem.status != 401:
                raise
            return _to_login(request)
        return await answered.written() if isinstance(answered, Page) else answered

    return for_people(respond)


async def signed_in(request: Request) -> Viewer | None:
    """Who is signed in, or nobody."""
    try:
        return await viewer_of(request)
    except Problem as problem:
        if problem.status != 401:
            raise
        return None


async def on_http_exception(conn: HTTPConnection, exc: HTTPException) -> Response | None:
    """Handler of unknown addresses: a page for who looks for pages, a problem for the rest."""
    if exc.status_code == 404 and isinstance(conn, Request) and reads_pages(conn):
        return problem_page(conn, as_problem(exc))
    return await problems.on_http_exception(conn, exc)


def reads_pages(conn: HTTPConnection) -> bool:
    """Whether a person asks with a browser, not a program with the API."""
    return not conn.url.path.startswith("/api/") and "text/html" in conn.headers.get("accept", "")


def _to_login(request: Request) -> Response:
    target = request.url.path
    if request.url.query:
        target += f"?{request.url.query}"
    query = "" if target == "/" else "?" + urlencode({"next": target})
    return RedirectResponse(f"/login{query}", 303)


def problem_page(request: Request, problem: Problem) -> Response:
    """A problem in a person's words, with a way on."""
    # Neither is a form that was sent sent again by a link, nor does an address that is wrong help.
    again = request.url.path if problem.status >= 500 and request.method == "GET" else "/"
    context = {
        "title": problem.title,
        "detail": problem.detail,
        "again": again,
        "is_again": again == request.url.path,
    }
    return page("problem.html", context, problem.status, problem.headers)


# In the place of the one for programs.
HANDLERS: dict[Any, Any] = {HTTPException: on_http_exception}
