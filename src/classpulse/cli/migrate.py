"""``classpulse migrate``: installs or upgrades the schema."""

import asyncio

import click

from classpulse.cli.progress import progress
from classpulse.cli.target import target
from classpulse.database.install import migrate as database
from classpulse.database.install import psql_script
from classpulse.settings import Settings


@click.command()
@click.option("--print-sql", is_flag=True, help="Print the script for psql, and change nothing.")
def migrate(print_sql: bool) -> None:
    """Install or upgrade tables, functions and triggers.

    Can run twice, also at the same time. A foreign table of one of our names stops it with nothing
    changed. Locks are waited for a second at a time, so that nobody queues up behind it.
    """
    if print_sql:
        click.echo(psql_script.installation())
        return
    with target(Settings.from_environment(), installed=False) as chosen:
        with progress("migrate") as advance:
            done = asyncio.run(database.migrate(chosen.listen_url, report=advance))
        for warning in done.warnings:
            click.echo(f"warning: {warning}", err=True)
        click.echo(_summary(done))


def _summary(done: database.Migrated) -> str:
    if not done.migrations and not done.objects:
        return "The database is up to date."
    return (
        f"The database is up to date: {len(done.migrations)} migrations applied, "
        f"{len(done.objects)} functions, views and triggers renewed."
    )
