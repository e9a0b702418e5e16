"""``classpulse url``: the address of the database in use."""

import click

from classpulse.cli.target import target
from classpulse.settings import Settings


@click.command()
def url() -> None:
    """Print the connection URL (with its password) of the database in use.

    psql, asyncpg, JDBC tools and pandas take it.
    """
    with target(Settings.from_environment(), installed=False) as chosen:
        click.echo(chosen.url)
        if not chosen.keeps_running:
            click.echo(
                "The embedded Postgres stops with this command: "
                "the address answers while classpulse serve or classpulse demo runs.",
                err=True,
            )
