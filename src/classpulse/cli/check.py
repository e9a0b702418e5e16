"""``classpulse check``: the end-to-end self-test against a running server."""

import asyncio
import re

import click

from classpulse.cli.target import target
from classpulse.selftest.client import Client
from classpulse.selftest.self_test import Checkup
from classpulse.settings import Settings


@click.command()
@click.argument("url", required=False)
def check(url: str | None) -> None:
    """Test a running server from end to end: by SQL in, by HTTP and a stream out.

    URL is the server's, else http://127.0.0.1 on PORT (8000); the database in use must be the
    server's. It writes only into a school of its own and removes it. Exit status 1 on a failure.
    """
    settings = Settings.from_environment()
    url = url or f"http://127.0.0.1:{settings.port}"
    if not re.fullmatch(r"https?://[^/\s?#]+(/[^\s?#]*)?", url):
        raise click.BadParameter(f"{url!r} is no address like http://127.0.0.1:8000.")
    with target(settings) as chosen:
        # pgbouncer may hand each transaction another session: the direct address is safe
        succeeded = asyncio.run(Checkup(Client(url), chosen.listen_url, _tell).run())
    if not succeeded:
        raise SystemExit(1)


def _tell(step: str, seconds: float, problem: str | None) -> None:
    click.echo(f"{'ok  ' if problem is None else 'FAIL'} {seconds * 1000:7.0f} ms  {step}")
    if problem is not None:
        click.echo(f"                 {problem}")
