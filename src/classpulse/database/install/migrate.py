"""Install or upgrade the schema: migrations once, functions and triggers whenever they changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from classpulse.database.connection import connect
from classpulse.database.install import plan, scripts
from classpulse.database.install.installer import Session, session
from classpulse.database.install.scripts import Script
from classpulse.errors import MigrationError
from classpulse.sql import queries

PATIENCE_SECONDS = 120.0
#: a writer that is in the way now may be gone at the next try
HEALING_SECONDS = 1.0


@dataclass
class Migrated:
    """What a call of :func:`migrate` did, by the names of the files."""

    migrations: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


async def migrate(
    url: str,
    *,
    report: Callable[[str], None] = lambda _: None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Migrated:
    """Bring the database to this version; a second call, also at the same time, does no harm.

    Raises :class:`MigrationError`, with nothing changed, where a foreign table has one of our
    names. Locks are asked for briefly and again, for ``patience_seconds`` in all, so that the
    school's writers never queue up behind an installation that itself waits.
    """
    done = Migrated()
    async with session(url, patience_seconds, done.warnings.append) as installing:
        catalog = Catalog(installing.connection)
        await installing.run(plan.refusal())
        if not await catalog.is_prepared():
            await installing.run(plan.preparation())

        for script in await catalog.pending_migrations():
            report(script.file)
            await installing.run(plan.migration(script))
            done.migrations.append(script.path.stem)

        await _renew(installing, catalog, done, report)
        if done.objects:
            await installing.run(plan.names())
        if not await catalog.has_version():
            await installing.run(plan.version())

        stale_roles = await catalog.changed([scripts.roles()]) or not await catalog.has_roles()
        if done.migrations or done.objects or stale_roles:
            report(scripts.roles().file)
            await installing.run(plan.roles())
            await installing.run(plan.retry())
        await installing.run(plan.search_path())
        done.warnings += await catalog.advice()
    return done


async def heal(url: str) -> Migrated:
    """Put back what somebody dropped, switched off or altered, in nobody's way.

    It renews what a release of this version made, and never installs one: in a database of
    another version it does nothing. Raises :class:`MigrationError` where it gets no lock soon.
    """
    done = Migrated()
    async with session(url, HEALING_SECONDS, done.warnings.append) as installing:
        await installing.connection.execute(queries("migrate")["wait_briefly"])
        catalog = Catalog(installing.connection)
        if await catalog.pending_migrations() or not await catalog.has_version():
            return done
        await _renew(installing, catalog, done, lambda _: None)
        if done.objects:
            # a table that was exchanged for another has none of the rights of the old one
            await installing.run(plan.roles())
    return done


async def _renew(
    installing: Session, catalog: "Catalog", done: Migrated, report: Callable[[str], None]
) -> None:
    """Functions, views and triggers that are not as shipped."""
    stale = await catalog.stale(scripts.functions())
    if stale:
        report(f"{len(stale)} functions and views")
        await installing.run(plan.functions(stale))
        done.objects += [script.file for script in stale]

    for script in await catalog.stale(scripts.triggers()):
        report(script.file)
        await installing.run(plan.trigger(script))
        done.objects.append(script.file)


async def is_installed(url: str) -> bool:
    """Whether every migration has been applied; functions may be of another version."""
    connection = await connect(url, application_name="classpulse migrate")
    try:
        catalog = Catalog(connection)
        return await catalog.is_prepared() and not await catalog.pending_migrations()
    finally:
        await connection.close()


async def is_current(url: str) -> bool:
    """Whether the database is of this version, as far as its own records tell."""
    connection = await connect(url, application_name="classpulse migrate")
    try:
        catalog = Catalog(connection)
        return (
            await catalog.is_prepared()
            and not await catalog.pending_migrations()
            and not await catalog.changed(scripts.objects())
            # an older release leaves the records of files that it doesn't have
            and await catalog.has_version()
        )
    finally:
        await connection.close()


class Catalog:
    """What the database has of what we ship."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def is_prepared(self) -> bool:
        return bool(await self._connection.fetchval(queries("migrate")["is_prepared"]))

    async def has_roles(self) -> bool:
        return bool(await self._connection.fetchval(queries("migrate")["has_roles"]))

    async def pending_migrations(self) -> list[Script]:
        """In order; a database that knows more of them than we do is refused."""
        ours = scripts.migrations()
        applied = {row["name"] for row in await self._fetch("applied_migrations")}
        newer = applied - {script.path.stem for script in ours}
        if newer:
            raise MigrationError(
                f"a newer classpulse installed {', '.join(sorted(newer))} here: use that version"
            )
        return [script for script in ours if script.path.stem not in applied]

    async def changed(self, wanted: Sequence[Script]) -> list[Script]:
        """Those that the database has in another wording, or not at all."""
        known = {row["file"]: row["hash"] for row in await self._fetch("known_objects")}
        return [script for script in wanted if known.get(script.file) != script.hash]

    async def has_version(self) -> bool:
        """Whether its functions are those of this release, as far as its records tell."""
        return bool(
            await self._connection.fetchval(queries("migrate")["has_version"], scripts.version())
        )

    async def stale(self, wanted: Sequence[Script]) -> list[Script]:
        """Those changed, and those of which an object is missing or not as it was made."""
        if not await self._connection.fetchval(queries("migrate")["can_compare"]):
            return list(wanted)
        missing = {script.file for script in await self.changed(wanted)}
        missing |= {row["file"] for row in await self.altered(wanted)}
        captured = {table: script.file for script in wanted for table in script.captures()}
        if captured:
            rows = await self._fetch("missing_captures", list(captured))
            missing |= {captured[row["name"]] for row in rows}
        return [script for script in wanted if script.file in missing]

    async def altered(self, wanted: Sequence[Script]) -> "list[asyncpg.Record]":
        """What they create that is missing or not as it was made: ``kind``, ``name``,
        ``relation`` and ``how``."""
        created = [(script.file, made) for script in wanted for made in script.creates()]
        return await self._fetch(
            "altered_objects",
            [file for file, _ in created],
            [made.kind for _, made in created],
            [made.name for _, made in created],
            [made.relation for _, made in created],
        )

    async def advice(self) -> list[str]:
        """What the school's own tables lack, each in a sentence with the act to do."""
        rows = await self._fetch("advice")
        return [row["sentence"] for row in rows]

    async def _fetch(self, name: str, *arguments: Any) -> "list[asyncpg.Record]":
        return await self._connection.fetch(queries("migrate")[name], *arguments)
