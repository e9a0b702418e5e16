"""The database in use: that of ``DATABASE_URL``, else the embedded one of the data directory."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from classpulse.database.embedded.cluster import embedded
from classpulse.database.install.migrate import is_current, is_installed, migrate
from classpulse.errors import DatabaseError, SettingError
from classpulse.settings import Settings


@dataclass(frozen=True)
class Target:
    """Where to find the database.

    ``listen_url`` is a direct address, for LISTEN, locks and installations, where ``url`` may go
    through pgbouncer. ``bin_path`` holds the embedded Postgres's programs; ``None``: not embedded.
    ``keeps_running``: the server does not end with this command.
    """

    url: str = field(repr=False)
    listen_url: str = field(repr=False)
    jwt_secret: str | None = field(repr=False)
    bin_path: Path | None = None
    keeps_running: bool = True

    def required_secret(self) -> str:
        """The secret that signs tokens, or an error that says how to make one."""
        if self.jwt_secret is None:
            raise SettingError(
                "CLASSPULSE_JWT_SECRET",
                "a secret of at least 32 bytes with DATABASE_URL; make one: openssl rand -hex 32",
            )
        return self.jwt_secret


@contextmanager
def target(settings: Settings, *, installed: bool = True) -> Iterator[Target]:
    """The database in use, for the time of a ``with`` block.

    With ``installed`` it has classpulse's schema: the embedded one is migrated where need be, any
    other one is its owner's to migrate.
    """
    if settings.database_url is not None:
        listen_url = settings.listen_url or settings.database_url
        if installed and not asyncio.run(is_installed(listen_url)):
            raise DatabaseError("the database is not up to date: run classpulse migrate")
        yield Target(settings.database_url, listen_url, settings.jwt_secret)
        return
    with embedded(settings.data_dir) as server:
        if installed and not asyncio.run(is_current(server.url)):
            asyncio.run(migrate(server.url))
        yield Target(
            server.url,
            server.url,
            settings.jwt_secret or server.jwt_secret,
            server.bin_path,
            server.is_shared,
        )
