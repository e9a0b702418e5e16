"""``classpulse psql``: psql on the database in use."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click

from classpulse.address import Address
from classpulse.cli.target import Target, target
from classpulse.database.embedded.programs import installed_programs
from classpulse.errors import DatabaseError
from classpulse.settings import Settings


@click.command(
    context_settings={
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
        "help_option_names": ["--help"],
    }
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def psql(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run psql on the database in use; all ARGUMENTS are psql's own.

    For example: classpulse psql -c 'select * from performance_status'
    """
    with target(Settings.from_environment(), installed=False) as chosen:
        context.exit(_run(chosen, arguments))


def _run(chosen: Target, arguments: tuple[str, ...]) -> int:
    address, password = apart(chosen.url)
    # in the environment, since everybody may read a command line
    environment = {**os.environ, **({} if password is None else {"PGPASSWORD": password})}
    # Ctrl-C is for psql, which cancels the statement and goes on
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(  # noqa: S603
            [_program(chosen, arguments), f"--dbname={address}", *arguments], env=environment
        ) as process:
            try:
                code = process.wait()
            except BaseException:
                process.terminate()
                raise
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


def apart(url: str) -> tuple[str, str | None]:
    """An address without its password, and the password. All else stays to the letter."""
    address, question, query = url.partition("?")
    scheme, slashes, rest = address.partition("//")
    authority, slash, database = rest.partition("/")
    userinfo, at, hosts = authority.rpartition("@")
    user = userinfo.partition(":")[0]
    options = query.split("&") if question else []
    kept = "&".join(option for option in options if not option.startswith("password="))
    address = f"{scheme}{slashes}{user}{at}{hosts}{slash}{database}" + (kept and f"?{kept}")
    return address, Address.parse(url).options.get("password")


def _program(chosen: Target, arguments: tuple[str, ...]) -> Path:
    found = shutil.which("psql")
    # the embedded one can't edit a line, which matters to somebody who types
    if chosen.bin_path is not None and not (found and not arguments and sys.stdin.isatty()):
        return chosen.bin_path / "psql"
    if found:
        return Path(found)
    if (programs := installed_programs()) is not None:
        return programs / "psql"
    raise DatabaseError(
        "there is no psql: install postgresql-client, or python -m pip install 'classpulse[demo]'"
    )
