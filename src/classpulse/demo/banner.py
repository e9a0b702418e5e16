"""What the demo prints: where to look, and lines to paste."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from classpulse.database.connection import connect
from classpulse.demo.school import ADMIN, PASSWORD, PRINCIPAL, TEACHER
from classpulse.serve.auth import tokens
from classpulse.settings import Settings
from classpulse.sql import queries

_SQL = queries("demo")


async def invitation(
    url: str, *, database_url: str, data_dir: Path, jwt_secret: str, continued: bool
) -> str:
    """The text, with lines that are valid as pasted into another terminal.

    ``continued`` says that the school is that of an earlier start.
    """
    connection = await connect(database_url, application_name="classpulse demo")
    try:
        example = await connection.fetchrow(_SQL["example"], TEACHER)
    finally:
        await connection.close()
    lines = [
        "",
        f"classpulse is running: {url}",
        f"  log in as {TEACHER} with the password {PASSWORD}",
        f"  ({PRINCIPAL} and {ADMIN} have the same one)",
    ]
    if continued:
        lines.append(f"  the school is as it was left in {data_dir}")
    if example is not None:
        token = tokens.issue(
            jwt_secret,
            example["educator_id"],
            "educator",
            tokens.LIFETIME,
            session=example["session"],
        )
        lines += [
            "",
            "Watch it from another terminal:",
            f'  curl -N -H "Authorization: Bearer {token}" {url}/api/v1/performance/stream',
            "",
            f"Write to it as any tool would (about {example['about']}):",
            f'  {_prefix(data_dir, os.environ)}classpulse psql -c "{example["to_paste"]}"',
        ]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _prefix(data_dir: Path, environ: Mapping[str, str]) -> str:
    """What another terminal must set so that ``classpulse psql`` finds this database."""
    bare = {name: environ[name] for name in ("HOME", "XDG_DATA_HOME") if name in environ}
    settings = []
    if environ.get("DATABASE_URL"):
        settings.append("DATABASE_URL=")
    if Settings.from_environment(bare).data_dir.absolute() != data_dir:
        settings.append(f"CLASSPULSE_DATA_DIR={shlex.quote(str(data_dir))}")
    return " ".join([*settings, ""])
