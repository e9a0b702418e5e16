"""Every error leaves as ``application/problem+json`` (RFC 9457), with a sentence to act on."""

import http
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket

from classpulse.outage import Outage
from classpulse.serve.headers import headers_of

logger = logging.getLogger(__name__)

# However many requests meet it, it is one line in the log.
database_outage = Outage(logger, "the database")

# What the driver and the pool raise while the database is away, starting, full or too slow.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # what the driver says of a connection that the server has just ended
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    OSError,
    TimeoutError,
)
RETRY_AFTER = "2"

_SENTENCES = {
    400: "The request can't be read.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is larger than 1 MiB.",
}


class Problem(Exception):  # noqa: N818 (an answer's name, as the RFC has it)
    """An answer that is an error: a status, a sentence, and what else helps to fix it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        title: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.title = title or http.HTTPStatus(status).phrase
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def unauthorized(detail: str) -> Problem:
    """401: who asks is not known (any more)."""
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="classpulse"'})


def not_found(noun: str) -> Problem:
    """404 for what does not exist and for what is not theirs: the same words."""
    return Problem(404, f"There is no such {noun}, or it is not yours to see.")


def unavailable(
    detail: str = "The database can't be reached now. Try again in a moment.",
) -> Problem:
    """503: true for now, not for good."""
    return Problem(503, detail, headers={"Retry-After": RETRY_AFTER})


def problem_response(problem: Problem) -> Response:
    """The response that tells a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return Response(
        msgspec.json.encode(body),
        problem.status,
        {**problem.headers, "Cache-Control": "no-store"},
        "application/problem+json",
    )


def unreadable() -> Problem:
    """400: a value that passed our own checks and that Postgres refuses."""
    return Problem(400, "A value in the request can't be read.")


def failure(headers: Mapping[str, str] | None = None) -> Problem:
    """500: nobody's but ours."""
    return Problem(500, "Something went wrong here; the server's log says what.", headers=headers)


async def on_problem(conn: HTTPConnection, exc: Problem) -> Response | None:
    """Handler of :class:`Problem`; a WebSocket that is not open yet is refused with it."""
    return await _deliver(conn, exc)


async def on_http_exception(conn: HTTPConnection, exc: HTTPException) -> Response | None:
    """Handler of what the router raises: unknown addresses, wrong methods."""
    return await _deliver(conn, as_problem(exc))


def as_problem(exc: HTTPException) -> Problem:
    """The same with a sentence."""
    detail = _SENTENCES.get(exc.status_code, exc.detail)
    return Problem(exc.status_code, detail, headers=exc.headers)


async def on_away(conn: HTTPConnection, exc: Exception) -> Response | None:
    """Handler of :data:`AWAY`."""
    database_outage.failed(exc)
    return await _deliver(conn, unavailable())


async def on_refused(conn: HTTPConnection, exc: Exception) -> Response | None:
    """Handler of what the role may not read: a policy or a revoked right hides rows from it."""
    logger.error("the database refuses what is asked: %s", exc)
    return await _deliver(
        conn, unavailable("The database refuses what is asked for: /readyz says what to do.")
    )


async def on_unreadable(conn: HTTPConnection, exc: Exception) -> Response | None:
    """Handler of a value that passed our own checks and that Postgres refuses."""
    logger.warning("a value was refused by the database: %s", type(exc).__name__)
    return await _deliver(conn, unreadable())


async def on_disconnect(conn: HTTPConnection, exc: Exception) -> Response:
    """Handler of a client that left before it had sent its whole body: nobody reads this."""
    return Response(status_code=400)


async def on_failure(conn: HTTPConnection, exc: Exception) -> Response | None:
    """Handler of everything else: nothing of the cause leaves the server, its log holds it.

    It answers from outside of all middleware, so that it brings the security headers itself.
    """
    return await _deliver(conn, failure(headers_of(conn.url.path)))


async def _deliver(conn: HTTPConnection, problem: Problem) -> Response | None:
    response = problem_response(problem)
    if isinstance(conn, WebSocket):
        await conn.send_denial_response(response)
        return None
    return response


HANDLERS: dict[Any, Any] = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    **dict.fromkeys(AWAY, on_away),
    asyncpg.InsufficientPrivilegeError: on_refused,
    asyncpg.DataError: on_unreadable,
    ClientDisconnect: on_disconnect,
    Exception: on_failure,
}
