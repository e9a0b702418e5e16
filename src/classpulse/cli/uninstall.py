"""``classpulse uninstall``: takes classpulse out of a database."""

import asyncio

import click

from classpulse.cli.target import target
from classpulse.database.install import psql_script
from classpulse.database.install import uninstall as database
from classpulse.settings import Settings


@click.command()
@click.option("--print-sql", is_flag=True, help="Print the script for psql, and change nothing.")
def uninstall(print_sql: bool) -> None:
    """Remove triggers, cached figures, events, passwords and all other machinery.

    The school's own tables and their rows stay. Can run twice.
    """
    if print_sql:
        click.echo(psql_script.removal())
        return
    with target(Settings.from_environment(), installed=False) as chosen:
        warnings = asyncio.run(database.uninstall(chosen.listen_url))
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo("classpulse is out of the database; the school's tables are as they were.")
