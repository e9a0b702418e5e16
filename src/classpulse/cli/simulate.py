"""``classpulse simulate``: realistic changes by plain SQL."""

import asyncio

import click

from classpulse.cli.target import target
from classpulse.demo.simulation import simulate as write
from classpulse.settings import Settings

_COUNT = 20


@click.command()
@click.option("--continuous", is_flag=True, help="Go on until Ctrl-C, across restarts of Postgres.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1000, min_open=True),
    default=1.0,
    show_default=True,
    help="Changes a second, on average.",
)
@click.option("--count", type=click.IntRange(1), help=f"How many changes.  [default: {_COUNT}]")
@click.option(
    "--into-real-data", is_flag=True, help="Write into a database that the demo did not make."
)
def simulate(continuous: bool, rate: float, count: int | None, into_real_data: bool) -> None:
    """Write realistic grade, attendance and exam changes by plain SQL.

    It writes as a member of classpulse_writer, as any tool might; anyone watching sees it live.
    """
    if continuous and count is not None:
        raise click.UsageError("give either --continuous or --count")
    with target(Settings.from_environment()) as chosen:
        asyncio.run(
            write(
                chosen.url,
                rate=rate,
                count=None if continuous else count or _COUNT,
                into_real_data=into_real_data,
                told=click.echo,
            )
        )
