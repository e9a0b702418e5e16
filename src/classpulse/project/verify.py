"""Compares every cached figure with the base tables, in one snapshot, and repairs on request."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg

from classpulse.database.install import scripts
from classpulse.database.install.migrate import Catalog, migrate
from classpulse.errors import DatabaseError
from classpulse.project.batch import Cursor, project
from classpulse.project.epoch import open_log
from classpulse.project.lock import leader_session, take_over
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("verify")
PROJECT, LEADER = queries("project"), queries("leader")
MIGRATE = queries("migrate")

#: stale sections come a few a batch: far more than any school has
_ROUNDS = 20_000
#: a comparison that a changed policy overtook is made again
_TRIES = 5
_EXPECTATIONS = (
    "expect_days",
    "expect_unmarked",
    "expect_attended_days",
    "expect_registers",
    "expect_marks",
    "expect_standings",
)
_COMPARISONS = (
    "differing_policies",
    "differing_days",
    "differing_marks",
    "differing_standings",
    "differing_figures",
    "differing_names",
    "differing_trends",
)


@dataclass(slots=True)
class Verified:
    """What was found: a sentence per difference, none if all is well. ``notes`` are no difference:
    what the school's own tables lack."""

    capture: list[str] = field(default_factory=list)
    #: sections that wait, and policies that can't be read
    set_aside: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sections: set[int] = field(default_factory=set)
    #: those of ``set_aside`` that are so at the end, too
    still_set_aside: list[str] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        return self.capture + self.set_aside + self.figures


async def verify(url: str, *, repair: bool = False) -> Verified:
    """Compare, with ``repair`` put right, and return what was found before the repair.

    It takes the leader's place for as long as it lasts, so it can run beside a server and under
    load: the comparison is made in the snapshot of a batch, after that batch was folded in.
    :class:`DatabaseError` where a policy hides rows: no figure can be compared then.
    """
    async with leader_session(url) as connection:
        # in one snapshot, so nobody need stand still for it
        unlisted = await _unlisted(connection, repair=repair)
        await take_over(connection)
        hidden = await connection.fetch(SQL["hidden_tables"])
        if hidden:
            raise DatabaseError("; ".join(row["problem"] for row in hidden))
        cursor = await open_log(connection)
        await connection.execute(LEADER["flag_awake"])
        found = Verified(capture=unlisted + await _machinery(connection))
        found.notes = await Catalog(connection).advice()
        await _work_off(connection, cursor)
        found.set_aside = await _set_aside(connection)
        if repair and found.set_aside:
            await connection.execute(PROJECT["retry_set_aside"])
            while await connection.fetchval(SQL["is_due"]):
                await project(connection, cursor)
        await _compare(connection, cursor, found, repair=repair)
        if repair and found.sections:
            await _work_off(connection, cursor)
        found.still_set_aside = await _set_aside(connection)
        if repair and found.capture:
            await connection.execute(SQL["revoke_strange_grants"])
            await connection.execute(SQL["forget_installed_functions"])
        if repair and found.notes:
            await connection.fetch(MIGRATE["advance_sequences"], None)
    if repair and found.capture:
        await migrate(url)
    return found


async def _unlisted(connection: "Connection", *, repair: bool) -> list[str]:
    """Events that the readers of a section would not find."""
    async with connection.transaction():
        await connection.execute(SQL["scan_tables"])
        found = await connection.fetch(SQL["unlisted_events"])
        if repair and found:
            await connection.execute(SQL["list_events"])
    return [row["difference"] for row in found]


async def _machinery(connection: "Connection") -> list[str]:
    """Triggers, functions, views and rights that are not what was shipped."""
    found = [row["difference"] for row in await connection.fetch(SQL["machinery"])]
    objects = [*scripts.functions(), *scripts.triggers()]
    # what words all others is compared by its source, which it can't word
    for script in objects:
        for made in script.creates():
            if made.name == "classpulse.definition_of":
                body = await connection.fetchval(SQL["body_of_definition_of"])
                if body != script.text.split("$$")[1]:
                    found.append(f"{made.name}: the function was altered")
                    return found
    for row in await Catalog(connection).altered(objects):
        if row["kind"] == "trigger":
            found.append(f"{row['relation']}: the trigger {row['name']} {row['how']}")
        else:
            found.append(f"{row['name']}: the {row['kind']} {row['how']}")
    return found


async def _set_aside(connection: "Connection") -> list[str]:
    """What waits, or is calculated another way than written: the figures of others are exact."""
    return [
        record["difference"]
        for name in ("set_aside", "waiting_trends", "unreadable_policies")
        for record in await connection.fetch(SQL[name])
    ]


async def _work_off(connection: "Connection", cursor: Cursor) -> None:
    """Until no section is stale: never until no change comes, which under load it always does."""
    for _ in range(_ROUNDS):
        await project(connection, cursor)
        if not await connection.fetchval(SQL["is_stale"]):
            return


async def _compare(
    connection: "Connection", cursor: Cursor, found: Verified, *, repair: bool
) -> None:
    was_overtaken = False

    async def look() -> None:
        nonlocal was_overtaken
        was_overtaken = await connection.fetchval(SQL["is_stale"])
        if was_overtaken:
            return
        # this reads whole tables, as no batch does
        await connection.execute(SQL["scan_tables"])
        for name in _EXPECTATIONS:
            await connection.execute(SQL[name])
        for name in _COMPARISONS:
            for record in await connection.fetch(SQL[name]):
                found.figures.append(record["difference"])
                found.sections.add(record["section_id"])
        if repair and found.sections:
            sections = list(found.sections)
            await connection.execute(SQL["forget_figures"], sections)
            await connection.execute(PROJECT["mark_sections"], sections, "structure")

    for _ in range(_TRIES):
        await project(connection, cursor, then=look)
        if not was_overtaken:
            return
        await _work_off(connection, cursor)
    raise DatabaseError("the sections' policies keep changing: verify again when they don't")
