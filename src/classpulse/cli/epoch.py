"""``classpulse epoch --new``: after a rollback that Postgres does not know of."""

import asyncio

import click

from classpulse.cli.target import target
from classpulse.errors import ClasspulseError
from classpulse.project.epoch import renew
from classpulse.project.lock import leader_session, take_over
from classpulse.settings import Settings


@click.command()
@click.option("--new", is_flag=True, help="Start a new epoch.")
def epoch(new: bool) -> None:
    """Start a new epoch after the database was rolled back outside Postgres's knowledge.

    A disk snapshot that was put back leaves no trace; every stream that resumes gets `reset`.
    """
    if not new:
        raise ClasspulseError("classpulse epoch does one thing: give --new")
    with target(Settings.from_environment()) as database:
        click.echo(asyncio.run(_renew(database.listen_url)))


async def _renew(url: str) -> str:
    async with leader_session(url) as connection:
        # a running leader would number on under the old epoch
        await take_over(connection)
        return await renew(connection)
