"""``classpulse educator add``: who may look at the figures."""

import asyncio
import sys

import asyncpg
import click

from classpulse.cli.target import target
from classpulse.database.connection import connect, one_line
from classpulse.errors import ClasspulseError
from classpulse.serve.auth.passwords import hash_password
from classpulse.settings import Settings
from classpulse.sql import queries

SHORTEST_PASSWORD = 8


@click.group()
def educator() -> None:
    """Who may look at the figures."""


@educator.command()
@click.argument("email")
@click.option("--name", required=True, help="The full name.")
@click.option(
    "--role",
    type=click.Choice(["educator", "principal", "admin"]),
    help="Sees their own sections, their school, or all.  [default: educator]",
)
@click.option("--school", type=int, help="The id of their school; a principal needs one.")
def add(email: str, name: str, role: str | None, school: int | None) -> None:
    """Add an educator, or set a new password for one.

    The password is read from standard input. Of an educator who is there already, the name is
    changed, and role and school where they are given.
    """
    if not ("@" in email.strip("@") and email.isprintable() and " " not in email):
        raise click.BadParameter(f"{email!r} is no e-mail address.", param_hint="EMAIL")
    if not name.strip():
        raise click.BadParameter("it is empty.", param_hint="--name")
    password = _password()
    with target(Settings.from_environment()) as chosen:
        is_new = asyncio.run(_add(chosen.url, email, name.strip(), role, school, password))
    click.echo(f"{email} {'is added' if is_new else 'has a new password'}.")


def _password() -> str:
    if sys.stdin.isatty():
        password: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST_PASSWORD:
        raise ClasspulseError(
            f"the password on standard input needs at least {SHORTEST_PASSWORD} characters"
        )
    return password


async def _add(
    url: str, email: str, name: str, role: str | None, school: int | None, password: str
) -> bool:
    """Whether the educator is new."""
    hashed = await hash_password(password)
    connection = await connect(url, application_name="classpulse educator add")
    try:
        async with connection.transaction():
            known = await connection.fetchrow(queries("cli")["educator"], email)
            await _check_school(connection, known, role, school)
            if known is None:
                # a tool that chose its ids left the sequence behind
                advance = queries("migrate")["advance_sequences"]
                for said in await connection.fetch(advance, "public.educators"):
                    click.echo(f"note: {said['sentence']}", err=True)
                educator_id = await connection.fetchval(
                    queries("cli")["add_educator"], email, name, role, school
                )
            else:
                educator_id = known["id"]
                await connection.execute(
                    queries("cli")["change_educator"], educator_id, name, role, school
                )
            await connection.execute(queries("cli")["set_password"], educator_id, hashed)
    except asyncpg.PostgresError as error:
        raise ClasspulseError(f"{email} could not be added: {one_line(error)}") from error
    finally:
        await connection.close()
    return known is None


async def _check_school(
    connection: "asyncpg.Connection[asyncpg.Record]",
    known: "asyncpg.Record | None",
    role: str | None,
    school: int | None,
) -> None:
    if school is None:
        if role == "principal" and (known is None or known["school_id"] is None):
            raise ClasspulseError("a principal sees a school: say which with --school ID")
    elif not await connection.fetchval(queries("cli")["school_exists"], school):
        raise ClasspulseError(
            f"there is no school {school}: classpulse psql -c 'table schools' lists them"
        )
