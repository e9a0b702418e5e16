"""``classpulse serve``: the server."""

import errno
import os
import socket
from contextlib import nullcontext

import click
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from classpulse.cli import logs
from classpulse.cli.project import projector_beside
from classpulse.cli.target import Target, target
from classpulse.errors import ClasspulseError
from classpulse.serve.connections import connection_options
from classpulse.serve.listening import listening_socket
from classpulse.settings import Settings

# Open streams are ended by the application at once; this is for what is left.
SHUTDOWN_SECONDS = 3


@click.command()
@click.option(
    "--host",
    help="The address to listen on.  [default: 127.0.0.1; with DATABASE_URL 0.0.0.0, "
    "which a platform's router needs]",
)
@click.option("--port", type=click.IntRange(0, 65535), help="[default: PORT, else 8000]")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="How many processes.  [default: WEB_CONCURRENCY, else 1]",
)
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the dashboard, the JSON API and the streams.

    Against DATABASE_URL (which needs CLASSPULSE_JWT_SECRET); without it, on the embedded Postgres.
    Ctrl-C stops everything it started. It projects, too, while no `classpulse project` does; with
    several workers, in a process of its own beside them.
    """
    settings = Settings.from_environment()
    everywhere = "0.0.0.0"  # noqa: S104  a router in front of us comes from outside
    host = host or ("127.0.0.1" if settings.database_url is None else everywhere)
    with (
        listening(host, settings.port if port is None else port) as listener,
        target(settings) as chosen,
    ):
        run(settings, chosen, listener, settings.workers if workers is None else workers)


def listening(host: str, port: int) -> socket.socket:
    """The server's socket, or an error that says what to choose instead."""
    try:
        return listening_socket(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ClasspulseError(f"port {port} is in use: choose another with --port") from error
        # Python's own text repeats the address; below 0 are the errors of a look-up by name
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else "no such address"
        raise ClasspulseError(
            f"can't listen on {host} port {port} ({reason}): choose others with --host and --port"
        ) from error


def run(settings: Settings, chosen: Target, listener: socket.socket, workers: int = 1) -> None:
    """Serve until a signal comes. Worker processes read addresses and secret as settings."""
    os.environ["DATABASE_URL"] = chosen.url
    if settings.database_url is None:
        os.environ.pop("CLASSPULSE_LISTEN_URL", None)
    os.environ["CLASSPULSE_JWT_SECRET"] = chosen.required_secret()
    config = uvicorn.Config(
        "classpulse.serve.app:from_environment",
        factory=True,
        lifespan="on",
        loop="classpulse.serve.listening:event_loop",
        workers=workers,
        log_config=logs.configuration(settings.log),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        **connection_options(),
    )
    host, port = listener.getsockname()[:2]
    click.echo(f"classpulse listens on http://{f'[{host}]' if ':' in host else host}:{port}")
    beside = settings.projector == "inside" and workers > 1
    with projector_beside(settings, chosen.listen_url) if beside else nullcontext():
        if _ended_in_order(config, listener):
            return
    raise ClasspulseError("the server could not start: the lines above say why")


def _ended_in_order(config: uvicorn.Config, listener: socket.socket) -> bool:
    if config.workers > 1:
        supervisor = Multiprocess(config, [listener])
        supervisor.run()
        return all(worker.exitcode != STARTUP_FAILURE for worker in supervisor.processes)
    try:
        uvicorn.Server(config).run([listener])
    except SystemExit as end:
        if end.code == STARTUP_FAILURE:
            return False
        raise
    return True
