"""The composition root: routes, middleware, and what lives as long as a process."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from classpulse.errors import SettingError
from classpulse.serve.headers import SecurityHeaders
from classpulse.serve.problems import HANDLERS
from classpulse.serve.snapshot import open_pool
from classpulse.settings import Settings


def create_app(
    settings: Settings, *, database_url: str, listen_url: str, jwt_secret: str
) -> Starlette:
    """The whole server as an ASGI application.

    ``listen_url`` is a direct address of the same database that ``database_url`` leads to, for
    LISTEN and for the projector; ``database_url`` may go through pgbouncer.
    """
    app = Starlette(
        routes=_routes(),
        middleware=_middleware(settings),
        exception_handlers=HANDLERS,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.jwt_secret = jwt_secret
    app.state.listen_url = listen_url
    app.state.database = open_pool(database_url, pooled=settings.listen_url is not None)
    return app


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
        yield
        tasks.cancel_scope.cancel()


def _routes() -> list[BaseRoute]:
    return []


def _middleware(settings: Settings) -> list[Middleware]:
    middleware = [Middleware(SecurityHeaders)]
    if settings.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "Last-Event-ID", "X-CSRF-Token"],
                allow_credentials=True,
                expose_headers=["Retry-After"],
                max_age=600,
            )
        )
    return middleware
