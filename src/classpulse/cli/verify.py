"""``classpulse verify``: are the cached figures those of the base tables?"""

import asyncio

import click

from classpulse.cli.target import target
from classpulse.project.verify import verify as verify_database
from classpulse.settings import Settings

SHOWN = 100


@click.command()
@click.option("--repair", is_flag=True, help="Put right what differs.")
def verify(repair: bool) -> None:
    """Recompute every cached figure from the base tables and check every trigger.

    Lists the differences; exit status 1 if there are any. It can run beside a server. Notes are no
    differences: what the school's own tables lack.
    """
    with target(Settings.from_environment()) as database:
        found = asyncio.run(verify_database(database.listen_url, repair=repair))
    for difference in found.differences[:SHOWN]:
        click.echo(difference)
    if len(found.differences) > SHOWN:
        click.echo(f"… and {len(found.differences) - SHOWN} more")
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    if not found.differences:
        click.echo("every figure and every trigger is as it should be")
        return
    count = len(found.differences)
    click.echo(f"{count} difference{'s' * (count != 1)}{', repaired' if repair else ''}")
    if repair and found.still_set_aside:
        click.echo("not repaired, for the rows themselves have to change first:")
        for difference in found.still_set_aside[:SHOWN]:
            click.echo(difference)
    raise SystemExit(1)
