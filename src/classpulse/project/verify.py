"""Compares every cached figure with the base tables, in one snapshot, and mends on request."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg

from classpulse.database import shipped
from classpulse.database.migrate import migrate
from classpulse.project.batch import Cursor, project
from classpulse.project.epoch import open_log
from classpulse.project.leader import leader_session, take_over
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("verify")
PROJECT = queries("project")

_COMPARISONS = (
    "differing_policies",
    "differing_marks",
    "differing_standings",
    "differing_figures",
)


@dataclass(slots=True)
class Verified:
    """What was found: a sentence a difference, empty if all is well."""

    capture: list[str] = field(default_factory=list)
    #: sections that wait, and policies that can't be read
    set_aside: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    sections: set[int] = field(default_factory=set)
    #: those of ``set_aside`` that are so at the end, too
    still_set_aside: list[str] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        return self.capture + self.set_aside + self.figures


async def verify(url: str, *, repair: bool = False) -> Verified:
    """Compare, with ``repair`` mend, and return what was found before the mending.

    It takes the leader's place for as long as it lasts, so it can run beside a server and under
    load: the comparison is made in the snapshot of a batch, after that batch was folded in.
    """
    async with leader_session(url) as connection:
        await take_over(connection)
        cursor = await open_log(connection)
        await connection.execute(PROJECT["flag_awake"])
        found = Verified(capture=await _capture(connection))
        await _drain(connection, cursor)
        found.set_aside = await _set_aside(connection)
        if repair and found.set_aside:
            await connection.execute(PROJECT["retry_set_aside"])
            while await connection.fetchval(SQL["is_due"]):
                await project(connection, cursor)
        await _compare(connection, cursor, found, repair=repair)
        if repair and found.sections:
            await _drain(connection, cursor)
        found.still_set_aside = await _set_aside(connection)
        if repair and found.capture:
            await connection.execute(SQL["forget_installed_functions"])
    if repair and found.capture:
        await migrate(url)
    return found


async def _capture(connection: "Connection") -> list[str]:
    """Triggers and functions that are not what was shipped."""
    found = [record["difference"] for record in await connection.fetch(SQL["missing_triggers"])]
    bodies = {
        record["name"]: record["body"] for record in await connection.fetch(SQL["function_bodies"])
    }
    for script in shipped.functions():
        for created in script.creates():
            if created.kind != "function":
                continue
            if created.name not in bodies:
                found.append(f"{created.name}: the function is missing")
            elif "$$" in script.text and bodies[created.name] != script.text.split("$$")[1]:
                found.append(f"{created.name}: the function was altered")
    return found


async def _set_aside(connection: "Connection") -> list[str]:
    """What waits, or is calculated another way than written: the figures of others are exact."""
    return [
        record["difference"]
        for name in ("set_aside", "unreadable_policies")
        for record in await connection.fetch(SQL[name])
    ]


async def _drain(connection: "Connection", cursor: Cursor) -> None:
    """Until nothing was taken: sections that a policy made stale come a few a batch."""
    while (await project(connection, cursor)).written:
        pass


async def _compare(
    connection: "Connection", cursor: Cursor, found: Verified, *, repair: bool
) -> None:
    async def look() -> None:
        # this reads whole tables, as no batch does
        await connection.execute(SQL["scan_tables"])
        await connection.execute(SQL["expect_marks"])
        await connection.execute(SQL["expect_standings"])
        for name in _COMPARISONS:
            for record in await connection.fetch(SQL[name]):
                found.figures.append(record["difference"])
                found.sections.add(record["section_id"])
        if repair and found.sections:
            sections = list(found.sections)
            await connection.execute(SQL["forget_figures"], sections)
            await connection.execute(PROJECT["mark_sections"], sections, "structure")

    await project(connection, cursor, then=look)
