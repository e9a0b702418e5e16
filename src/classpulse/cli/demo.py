"""``classpulse demo``: a school, a server and a simulator with one command."""

import logging
import os
import socket
from dataclasses import replace
from pathlib import Path
from signal import SIGINT, SIGTERM

import anyio
import asyncpg
import click

from classpulse.database.embedded.cluster import embedded
from classpulse.database.install.migrate import migrate
from classpulse.demo.banner import invitation
from classpulse.demo.host import bind, hosted
from classpulse.demo.load import load
from classpulse.demo.school import STUDENTS
from classpulse.demo.simulation import simulate
from classpulse.errors import ClasspulseError
from classpulse.serve.app import create_app
from classpulse.serve.listening import event_loop
from classpulse.settings import Settings

_CHANGES_A_SECOND = 1.0
# A demo never touches a database of somebody's own, so their addresses need not even be valid;
# and it is one process.
_IGNORED = frozenset({"DATABASE_URL", "CLASSPULSE_LISTEN_URL", "CLASSPULSE_PROJECTOR"})


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 8000, or the next free one]")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the database is kept.  [default: CLASSPULSE_DATA_DIR, else the user's data folder]",
)
@click.option("--no-simulate", is_flag=True, help="Leave the writing to you.")
@click.option(
    "--students",
    type=click.IntRange(1, 1_000_000),
    default=STUDENTS,
    show_default=True,
    help="Size of the school, when it is made.",
)
def demo(port: int | None, data_dir: Path | None, no_simulate: bool, students: int) -> None:
    """Show a made-up school at work: Postgres, server and simulator, all on this machine.

    A second start finds everything as it was left. Ctrl-C stops everything it started.
    """
    settings = Settings.from_environment(
        {name: value for name, value in os.environ.items() if name not in _IGNORED}
    )
    if data_dir is not None:
        settings = replace(settings, data_dir=data_dir)
    settings = replace(settings, data_dir=settings.data_dir.expanduser().absolute())
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # bound before anything else is started, so that a busy port costs no time
    with bind(port or settings.port, explicit=port is not None) as listening:
        anyio.run(
            _until_stopped,
            settings,
            listening,
            students,
            not no_simulate,
            backend_options={"loop_factory": event_loop},
        )


async def _until_stopped(
    settings: Settings, listening: socket.socket, students: int, simulated: bool
) -> None:
    with anyio.open_signal_receiver(SIGINT, SIGTERM) as signals:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_run, settings, listening, students, simulated)
            async for _ in signals:
                click.echo("\nStopping …")
                tasks.cancel_scope.cancel()
                break


async def _run(
    settings: Settings, listening: socket.socket, students: int, simulated: bool
) -> None:
    click.echo(f"Starting Postgres in {settings.data_dir} …")
    async with embedded(settings.data_dir) as server:
        await migrate(server.url)
        made = await load(server.url, students=students)
        jwt_secret = settings.jwt_secret or server.jwt_secret
        app = create_app(
            settings,
            database_url=server.url,
            listen_url=server.url,
            jwt_secret=jwt_secret,
        )
        async with hosted(app, listening) as url:
            click.echo(
                await invitation(
                    url,
                    database_url=server.url,
                    data_dir=settings.data_dir,
                    jwt_secret=jwt_secret,
                    continued=not made,
                )
            )
            if simulated:
                await _simulate(server.url)
            await anyio.sleep_forever()


async def _simulate(url: str) -> None:
    """Whatever stops the simulator, the server goes on."""
    try:
        await simulate(url, rate=_CHANGES_A_SECOND, count=None, patient=True)
    except (ClasspulseError, asyncpg.PostgresError) as error:
        click.echo(f"The simulator ended: {error}", err=True)
