"""``classpulse token``: a JWT for curl."""

import asyncio
from datetime import timedelta

import asyncpg
import click

from classpulse.cli.target import target
from classpulse.database.connection import connect
from classpulse.errors import ClasspulseError
from classpulse.serve.auth.tokens import issue
from classpulse.settings import Settings, duration
from classpulse.sql import queries


def _duration(_: click.Context, __: click.Parameter, text: str) -> timedelta:
    value = duration(text)
    if value is None:
        raise click.BadParameter(f"{text!r} is no duration like 90s, 15m, 12h or 7d.")
    return value


@click.command()
@click.argument("email")
@click.option(
    "--ttl", default="12h", show_default=True, callback=_duration, help="How long it is valid."
)
def token(email: str, ttl: timedelta) -> None:
    """Print an access token of the educator with this EMAIL, for curl.

    curl -N -H "Authorization: Bearer $(classpulse token teacher@demo.school)" …
    """
    settings = Settings.from_environment()
    if ttl > timedelta(days=settings.session_days):
        raise ClasspulseError(
            f"a token can be valid for {settings.session_days}d at most: give a shorter --ttl, or "
            "set CLASSPULSE_SESSION_DAYS here and for the server"
        )
    with target(settings) as chosen:
        secret = chosen.required_secret()
        educator = asyncio.run(_educator(chosen.url, email))
    click.echo(issue(secret, educator["id"], educator["role"], ttl, session=educator["session"]))


async def _educator(url: str, email: str) -> asyncpg.Record:
    connection = await connect(url, application_name="classpulse token")
    try:
        row = await connection.fetchrow(queries("cli")["educator"], email.strip())
    finally:
        await connection.close()
    if row is None:
        raise ClasspulseError(
            f"there is no educator {email}: add one with classpulse educator add {email} --name …"
        )
    if not row["is_active"]:
        raise ClasspulseError(f"{email} is not active: set is_active in table educators first")
    return row
