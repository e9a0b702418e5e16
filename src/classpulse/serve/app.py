"""The composition root: routes, middleware, and what lives as long as a process."""

import asyncio
import logging
import os
import signal
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
)
from contextlib import asynccontextmanager, contextmanager

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from classpulse.errors import SettingError
from classpulse.events import Scope
from classpulse.project.leader import Leader
from classpulse.publish.publisher import Publisher
from classpulse.publish.reading import Asked, Reading
from classpulse.rights import Rights
from classpulse.serve.api import (
    changes,
    exams,
    grade_history,
    grading,
    health,
    history,
    missing,
    overview,
    overview_update,
    proof,
    registers,
    sections,
    student,
    students,
    subjects,
    supports,
    terms,
    trends,
    visits,
)
from classpulse.serve.application import Application
from classpulse.serve.auth import sessions
from classpulse.serve.auth.arrivals import Arrivals
from classpulse.serve.auth.scope import rights_of
from classpulse.serve.headers import SecurityHeaders
from classpulse.serve.limits.limits import Limits
from classpulse.serve.middleware.body_limit import BodyLimit
from classpulse.serve.middleware.compression import Compression
from classpulse.serve.middleware.request_limits import RequestLimits
from classpulse.serve.pages import error_pages
from classpulse.serve.pages.routes import routes as page_routes
from classpulse.serve.problems import AWAY, HANDLERS, Problem
from classpulse.serve.reports import disclosures, download
from classpulse.serve.reports.report_limits import ReportLimits
from classpulse.serve.snapshot import open_pool
from classpulse.serve.stream import endpoint, websocket
from classpulse.serve.stream.shutdown import end_streams, end_streams_on_exit
from classpulse.settings import Settings

log = logging.getLogger(__name__)


def create_app(
    settings: Settings, *, database_url: str, listen_url: str, jwt_secret: str
) -> Starlette:
    """The whole server as an ASGI application.

    ``listen_url`` is a direct address of the same database that ``database_url`` leads to, for
    LISTEN and for the projector; ``database_url`` may go through pgbouncer.
    """
    database = open_pool(database_url, pooled=settings.listen_url is not None)
    limits = Limits(settings, database)
    app = Application(
        routes=_routes(),
        middleware=_middleware(settings, limits, jwt_secret),
        exception_handlers=HANDLERS | error_pages.HANDLERS,
        lifespan=_lifespan,
    )
    state = app.state
    state.settings = settings
    state.jwt_secret = jwt_secret
    state.limits = limits
    state.report_limits = ReportLimits()
    state.database = database
    state.arrivals = Arrivals(database)
    state.probe = health.Probe(state.database)

    # Each in a task of its own: `databases` ties a connection to the task, and one that is cut off
    # while it gives the connection back could never take another.
    async def resolve(bearers: Mapping[int, Collection[str]]) -> Mapping[int, Rights]:
        with _away_as_lost():
            return await asyncio.create_task(rights_of(state.database, bearers))

    async def whole(scope: Scope) -> Reading:
        with _away_as_lost():
            return await asyncio.create_task(overview_update.whole_of(state.database, scope))

    async def difference(scope: Scope, asked: Asked) -> Reading | None:
        with _away_as_lost():
            return await asyncio.create_task(
                overview_update.difference_of(state.database, scope, asked)
            )

    publisher = Publisher(listen_url, resolve=resolve, overview=whole, difference=difference)
    state.publisher = publisher
    state.leader = None
    if settings.projector == "inside":
        state.leader = Leader(
            listen_url,
            retention=settings.event_retention,
            history_retention=settings.history_retention,
            offer=publisher.offer,
        )
    return app


@contextmanager
def _away_as_lost() -> Iterator[None]:
    """The publisher knows no answers to requests: to it a database that is away is a lost one."""
    try:
        yield
    except Problem as problem:
        if problem.status != 503:
            raise
        raise ConnectionError(problem.detail) from None
    except AWAY as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from None


def from_environment() -> Starlette:
    """What uvicorn calls in each worker; addresses and secret come from the environment."""
    settings = Settings.from_environment(os.environ)
    if settings.database_url is None:
        raise SettingError("DATABASE_URL", "the address of the database")
    if settings.jwt_secret is None:
        raise SettingError("CLASSPULSE_JWT_SECRET", "at least 32 bytes")
    return create_app(
        settings,
        database_url=settings.database_url,
        listen_url=settings.listen_url or settings.database_url,
        jwt_secret=settings.jwt_secret,
    )


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    state = app.state
    async with state.database, anyio.create_task_group() as tasks:
        if state.leader is not None:
            tasks.start_soon(_vital, state.leader.run)
        tasks.start_soon(_vital, state.publisher.run)
        tasks.start_soon(_vital, state.limits.run)
        tasks.start_soon(end_streams_on_exit, state.publisher.hub)
        yield
        end_streams(state.publisher.hub)
        await state.report_limits.drawer.close()
        await state.limits.streams.leave()
        tasks.cancel_scope.cancel()


async def _vital(run: Callable[[], Awaitable[None]]) -> None:
    """A process without its pipeline must not go on answering: it ends, and is started again."""
    try:
        await run()
    except Exception:
        log.exception("the pipeline failed; the server ends")
        os.kill(os.getpid(), signal.SIGTERM)


def _routes() -> list[BaseRoute]:
    performance = [
        *overview.routes,
        *sections.routes,
        *registers.routes,
        *subjects.routes,
        *students.routes,
        *student.routes,
        *proof.routes,
        *grade_history.routes,
        *grading.routes,
        *supports.routes,
        *exams.routes,
        *missing.routes,
        *terms.routes,
        *trends.routes,
        *history.routes,
        *changes.routes,
        *download.routes,
    ]
    return [
        Mount("/api/v1/auth", routes=sessions.routes),
        *endpoint.routes,
        *websocket.routes,
        Mount("/api/v1/performance", routes=performance),
        Mount("/api/v1", routes=[*disclosures.routes, *visits.routes]),
        *health.routes,
        *page_routes,
    ]


def _middleware(settings: Settings, limits: Limits, jwt_secret: str) -> list[Middleware]:
    middleware = [Middleware(SecurityHeaders), Middleware(Compression)]
    if settings.forwarded_allow:
        # before anything that asks for the client's address or whether it came by HTTPS
        trusted = list(settings.forwarded_allow)
        middleware.append(Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted))
    if settings.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST", "PUT", "DELETE"],
                # Whatever their clients add (polyfills of EventSource, monitoring): the origin is
                # what is trusted.
                allow_headers=["*"],
                allow_credentials=True,
                expose_headers=["Retry-After", "Content-Disposition"],
                max_age=600,
            )
        )
    per_educator, per_address = settings.request_limit
    if per_educator or per_address:
        middleware.append(
            Middleware(
                RequestLimits,
                counts=limits.requests,
                per_educator=per_educator,
                per_address=per_address,
                secret=jwt_secret,
                session_days=settings.session_days,
            )
        )
    return [*middleware, Middleware(BodyLimit)]
