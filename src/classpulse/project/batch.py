"""One batch: takes every captured change that is visible, folds it in and writes the events.

All in one transaction, so that a crash at any point repeats nothing and loses nothing, and the
figures are those of exactly the events up to the position.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from classpulse.capture.change import Change, Row, decoded
from classpulse.errors import OtherVersionError
from classpulse.project.asking import asked_by
from classpulse.project.entry import Entry
from classpulse.project.figures import Asked, Figures
from classpulse.project.order import Key, in_order, unclear, with_both
from classpulse.project.structure import (
    Structure,
    everybodys_rights_changed,
    figures_changed,
    scope_changed,
    structure_of,
    term_turned,
)
from classpulse.project.telling import tell
from classpulse.project.touched import Touched, touched_by
from classpulse.project.untold import machinery, of_stale_sections, untold, with_section
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("project")
log = logging.getLogger(__name__)

#: more changes than this are folded per section
LARGE_BACKLOG = 10_000
#: standings of stale sections that one batch reckons anew
STALE_STANDINGS = 3_000
#: how long a batch stands aside while somebody holds a table alone
LOCKED_SECONDS = 0.05
#: events encoded and written at once
SLICE = 1_000


@dataclass(slots=True)
class Cursor:
    """Where the log stands. Only the leader moves it, so it is kept beside the session."""

    epoch: str
    position: int
    low_water: int
    #: of the SQL in the database: under another one no batch is made
    version: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """``taken`` changes became ``written`` events; ``oldest`` is the snapshot's xmin."""

    taken: int
    written: int
    oldest: int


async def project(
    connection: "Connection",
    cursor: Cursor,
    *,
    then: Callable[[], Awaitable[None]] | None = None,
) -> Outcome:
    """Run one batch and move ``cursor``; one with nothing to do leaves no trace.

    ``then`` is run in the same transaction, when everything that its snapshot shows is folded in.
    A batch that meets a concurrent change, or a table that somebody holds alone, is repeated.
    """
    while True:
        try:
            await connection.execute(SQL["begin"])
            batch = _Batch(connection, cursor)
            await batch.run()
            if then is not None:
                await then()
            await connection.execute("commit" if batch.written or then else "rollback")
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as error:
            await connection.execute("rollback")
            log.debug("a batch is repeated: %s", error)
        except asyncpg.LockNotAvailableError:
            # a TRUNCATE or an ALTER is under way: stand aside, never in anybody's way
            await connection.execute("rollback")
            await asyncio.sleep(LOCKED_SECONDS)
        except Exception:
            if not connection.is_closed():
                await connection.execute("rollback")
            raise
        else:
            cursor.position += batch.written
            return Outcome(batch.taken, batch.written, batch.oldest)


class _Batch:
    def __init__(self, connection: "Connection", cursor: Cursor) -> None:
        self._connection = connection
        self._cursor = cursor
        self.taken = 0
        self.written = 0
        self.oldest = 0

    async def run(self) -> None:
        backlog = await self._connection.fetchrow(
            SQL["backlog"], self._cursor.low_water, LARGE_BACKLOG + 1
        )
        assert backlog is not None
        if backlog["version"] != self._cursor.version:
            raise OtherVersionError("the database was migrated to another version of classpulse")
        self.oldest = backlog["oldest"]
        if not (backlog["waiting"] or backlog["is_stale"] or backlog["is_turning"]):
            return
        taken = await self._take(backlog["waiting"])
        changes = await self._in_order(taken)
        stale = await self._take_stale() if backlog["is_stale"] else {}
        structure = structure_of(changes)
        if structure:
            await self._mark(structure)
        changed = await self._fold(touched_by(with_both(taken, changes)), stale)
        figures = await self._figures(changes, stale, changed)
        now: datetime = backlog["as_of_time"]
        entries = await self._scopes(structure, now)
        entries += await self._told(changes, figures, changed)
        entries += of_stale_sections(stale, figures, now)
        entries += await self._look_again(structure, stale, changed, entries, figures, now)
        if backlog["is_turning"] or structure.turns_terms:
            entries += await self._turned(structure, now)
        # a batch without events moves the log all the same: something was taken
        if not entries:
            entries = [Entry(now, "_nothing", "_nothing", {})]
        await self._write(entries, now)

    async def _take(self, waiting: int) -> list[Change]:
        if not waiting:
            return []
        statement = "take_changes" if waiting <= LARGE_BACKLOG else "take_changes_folded"
        records = await self._connection.fetch(SQL[statement], self._cursor.low_water)
        self.taken = len(records)
        return [Change.from_record(record) for record in records]

    async def _in_order(self, changes: list[Change]) -> list[Change]:
        rows = unclear(changes)
        if not rows:
            return changes
        records = await self._connection.fetch(SQL["rows_now"], *rows.arguments())
        held: dict[Key, Row] = {}
        for record in records:
            key = (record["source"], record["id"], record["section_id"])
            try:
                held[key] = decoded(record["body"])
            except (RecursionError, ValueError):
                # nothing can be said of a row that can't be read: it stays as it was captured
                rows.forget(key)
        return in_order(changes, rows, held)

    async def _take_stale(self) -> dict[int, str]:
        records = await self._connection.fetch(SQL["take_stale_sections"], STALE_STANDINGS)
        return {record["section_id"]: record["reason"] for record in records}

    async def _mark(self, structure: Structure) -> None:
        if structure.policy_schools or structure.default_policy:
            await self._connection.execute(
                SQL["mark_sections_of_policy"],
                list(structure.policy_schools),
                structure.default_policy,
            )
        if structure.new_sections:
            await self._connection.execute(
                SQL["mark_reused_sections"], list(structure.new_sections)
            )
        reasons = structure.truncated + ["structure"] * structure.every_school
        for reason in reasons:
            await self._connection.execute(SQL["mark_every_section"], reason)

    async def _fold(self, touched: Touched, stale: dict[int, str]) -> list[tuple[int | None, int]]:
        """Returns the standings that changed, and (without a student) the sections."""
        if touched.has_names or stale:
            await self._connection.execute(
                SQL["name_students"],
                None if touched.every_name else list(touched.named_students),
                list(stale),
                list(touched.named_schools),
            )
        if stale:
            await self._connection.execute(SQL["apply_policies"], list(stale))
            touched.sections.update(stale)
        if not touched:
            return []
        pairs = list(touched.pairs)
        records = await self._connection.fetch(
            SQL["fold"],
            [student for student, _ in pairs],
            [section for _, section in pairs],
            list(touched.students),
            list(touched.sections),
            list(touched.exam_sections),
        )
        return [(record["student_id"], record["section_id"]) for record in records]

    async def _figures(
        self,
        changes: list[Change],
        stale: dict[int, str],
        changed: list[tuple[int | None, int]],
    ) -> Figures:
        figures = Figures()
        asked = Asked()
        asked.sections.update(stale)
        asked.sections.update(section for _, section in changed)
        asked_by(changes, await self._memberships(changes), asked)
        if asked:
            figures.add(await self._connection.fetch(SQL["figures"], *asked.arguments()))
        figures.remember(changes)
        return figures

    async def _memberships(self, changes: list[Change]) -> dict[int, set[int]]:
        """The sections of students whose whole-day rows, or own rows, are among the changes."""
        students: set[int] = set()
        found: defaultdict[int, set[int]] = defaultdict(set)
        for change in changes:
            if change.operation == "bulk":
                students.update(change.student_ids)
            elif change.source == "attendance":
                students.update(r["student_id"] for r in change.rows if r["section_id"] is None)
            elif change.source == "students" and change.operation == "update":
                students.add(change.row["id"])
            elif change.source == "enrollments" and change.operation == "delete":
                found[change.row["student_id"]].add(change.row["section_id"])
        if students:
            for record in await self._connection.fetch(SQL["enrollments_of"], list(students)):
                found[record["student_id"]].add(record["section_id"])
        return found

    async def _scopes(self, structure: Structure, now: datetime) -> list[Entry]:
        """First of all, so that nobody reads what a change in the same batch took from them."""
        educators = set(structure.educators)
        entries: list[Entry] = []
        if structure.educators_left:
            await self._connection.execute(SQL["forget_accounts"])
        if structure.every_educator:
            entries.append(everybodys_rights_changed(structure.at or now))
            educators.update(r["id"] for r in await self._connection.fetch(SQL["every_educator"]))
        elif structure.principals_of:
            records = await self._connection.fetch(
                SQL["principals_of_schools"], list(structure.principals_of)
            )
            educators.update(record["id"] for record in records)
        return entries + scope_changed(educators, structure.at or now)

    async def _told(
        self, changes: list[Change], figures: Figures, changed: list[tuple[int | None, int]]
    ) -> list[Entry]:
        entries: list[Entry] = []
        for number, change in enumerate(changes, 1):
            try:
                entries += tell(change, figures) or machinery(change)
            except Exception:
                # a table that somebody altered: its figures are right, only this can't be told
                log.exception("a change of %s can't be told; its sections are", change.source)
                changed += [(None, row["section_id"]) for row in with_section(change)]
            if number % SLICE == 0:
                await self._connection.execute(SQL["still_here"])
        return entries

    async def _look_again(
        self,
        structure: Structure,
        stale: dict[int, str],
        changed: list[tuple[int | None, int]],
        entries: list[Entry],
        figures: Figures,
        now: datetime,
    ) -> list[Entry]:
        """Sections of which something changed that no event of this batch tells."""
        schools = dict(figures.schools)
        sections = untold(changed, entries) - set(stale)
        if structure:
            sections.update(structure.sections)
            schools |= structure.sections
            for statement, keys in (
                ("sections_of_schools", structure.schools),
                ("sections_of_subjects", structure.subjects),
            ):
                if keys:
                    for record in await self._connection.fetch(SQL[statement], list(keys)):
                        sections.add(record["id"])
                        schools[record["id"]] = record["school_id"]
        return figures_changed(sections, schools, "structure" if structure else "figures", now)

    async def _turned(self, structure: Structure, now: datetime) -> list[Entry]:
        """Terms that the clock turned over; an edit of the terms is told as what it is."""
        records = await self._connection.fetch(
            SQL["turn_terms"], list(structure.schools), structure.every_school
        )
        by_school: dict[int, set[int]] = {}
        for record in records:
            sections = by_school.setdefault(record["school_id"], set())
            if record["section_id"] is not None:
                sections.add(record["section_id"])
        return [term_turned(school, sorted(of), now) for school, of in by_school.items()]

    async def _write(self, entries: list[Entry], now: datetime) -> None:
        position = self._cursor.position
        for start in range(0, len(entries), SLICE):
            rows = [
                entry.numbered(self._cursor.epoch, position + number)
                for number, entry in enumerate(entries[start : start + SLICE], 1)
            ]
            position += len(rows)
            await self._connection.execute(
                SQL["write_events"], *(list(column) for column in zip(*rows, strict=True))
            )
        await self._connection.execute(SQL["move_log"], position, now, self._cursor.low_water)
        self.written = len(entries)
