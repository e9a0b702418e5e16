"""What a changed rule of grading did to the letters of a section's subject."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from classpulse.project.event_row import EventRow
from classpulse.project.rights_touched import look_again
from classpulse.sql import queries

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

_SQL = queries("project")
#: a section and a subject
Place = tuple[int, int]
#: by place, what changed of its rule
Ruled = Mapping[Place, str | None]
Letters = dict[Place, dict[int, str | None]]


async def letters_of(connection: "Connection", places: Collection[Place]) -> Letters:
    """The letter of every standing there, by its student."""
    found: Letters = {}
    if places:
        for record in await connection.fetch(_SQL["letters_of"], *_columns(places)):
            place = record["section_id"], record["subject_id"]
            found.setdefault(place, {})[record["student_id"]] = record["letter"]
    return found


async def tell_rules(
    connection: "Connection", ruled: Ruled, before: Letters, now: datetime
) -> list[EventRow]:
    """One ``figures_changed`` a place, with what changed and how many letters it moved.

    ``before`` are the letters from before the fold.
    """
    if not ruled:
        return []
    after = await letters_of(connection, ruled)
    return [
        _told(record, ruled, before, after, now)
        for record in await connection.fetch(_SQL["names_of_places"], *_columns(ruled))
    ]


def _told(record: Any, ruled: Ruled, before: Letters, after: Letters, now: datetime) -> EventRow:
    place = record["section_id"], record["subject_id"]
    old, new = before.get(place, {}), after.get(place, {})
    moved = sum(old.get(student) != new.get(student) for student in old.keys() | new.keys())
    what = json.loads(ruled[place] or "{}")
    told = {
        "section_id": place[0],
        "section_name": record["section_name"],
        "subject_id": place[1],
        "subject_name": record["subject_name"],
        "category_name": what.get("category_name"),
        "changed": what.get("changed", []),
        "letters_changed": moved,
    }
    return look_again("grading", [place[0]], record["school_id"], now, grading_data=told)


def _columns(places: Collection[Place]) -> tuple[list[int], list[int]]:
    return [section for section, _ in places], [subject for _, subject in places]
