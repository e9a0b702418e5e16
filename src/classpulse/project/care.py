"""Takes changes one by one where they can't be taken together.

What can't be read is taken in a coarser form that says where to look: the figures come from the
school's tables, so they lose nothing by it.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING

import asyncpg

from classpulse.project.attempts import each
from classpulse.project.change import Change
from classpulse.project.figures import Needed
from classpulse.project.figures_touched import touched_by
from classpulse.project.needed import Memberships, needed_by
from classpulse.project.rights_touched import structure_of
from classpulse.project.set_aside import Aside, described
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("changes")
log = logging.getLogger(__name__)


async def take_with_care(connection: "Connection", low_water: int, *, folded: bool) -> list[Change]:
    """Every visible change. ``folded``: those of the big tables as one change a section."""
    changes: list[Change] = []

    async def take(ids: Sequence[int]) -> None:
        records = await connection.fetch(SQL["take_these_changes"], ids)
        some = [Change.from_record(record) for record in records]
        for change in some:
            _look_at(change)
        changes.extend(some)

    waiting = await connection.fetch(SQL["waiting_changes"], low_water, folded)
    unreadable = await each(connection, [record["id"] for record in waiting], take)
    if unreadable:
        ids = [change for change, _ in unreadable]
        records = await connection.fetch(SQL["take_changes_folded"], low_water, ids)
        changes += [Change.from_record(record) for record in records]
        log.warning(
            "%s changes can't be read, so all rows near them are read again: %s",
            len(ids),
            described(unreadable[0][1]),
        )
    if folded:
        records = await connection.fetch(SQL["take_changes_folded"], low_water, None)
        changes += [Change.from_record(record) for record in records]
    return sorted(changes, key=lambda change: change.id)


def _look_at(change: Change) -> None:
    """Fails where a row is not of the shape that the batch counts on."""
    structure_of([change])
    touched_by([change])
    needed_by([change], {}, Needed())


async def load_with_care(
    connection: "Connection",
    units: Sequence[int | Change],
    load: Callable[[Sequence[int | Change], Collection[int]], Awaitable[None]],
    memberships: Memberships,
    aside: Aside,
) -> None:
    """Load what telling these needs, and set aside the sections of which it can't be loaded.

    ``load`` is given the units, and sections to leave out of them.
    """

    async def whole(some: Sequence[int | Change]) -> None:
        await load(some, ())

    async def rest(some: Sequence[int | Change]) -> None:
        await load(some, aside.sections)

    for unit, error in await each(connection, units, whole):
        sections = sections_of(unit, memberships)
        if len(sections) > 1:
            # one of them may be all that fails: the others are told
            for section, reason in await each(connection, sorted(sections - aside.sections), whole):
                await aside.add(section, reason)
            if not await each(connection, (unit,), rest):
                continue
        for section in sections:
            await aside.add(section, error)


def sections_of(unit: int | Change, memberships: Memberships) -> set[int]:
    """The sections that a change concerns; of a section, itself."""
    if isinstance(unit, int):
        return {unit}
    sections = {row.get("section_id") for row in unit.rows} or {unit.section_id}
    students = {*unit.student_ids, *(row.get("student_id") for row in unit.rows)}
    if unit.source == "students":
        students.update(row["id"] for row in unit.rows)
    if None in sections:
        sections.update(*(memberships.get(student, ()) for student in students if student))
    return {section for section in sections if section is not None}
