"""One batch: takes every captured change that is visible, folds it in and writes the events.

All in one transaction, so that a crash at any point repeats nothing and loses nothing, and the
figures are those of exactly the events up to the position.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg

from classpulse.errors import OtherVersionError
from classpulse.project import roster
from classpulse.project.attempts import each, is_of_data
from classpulse.project.care import load_with_care, sections_of, take_with_care
from classpulse.project.change import Change, Row, decoded
from classpulse.project.event_row import EventRow, Numbered, ascii_json
from classpulse.project.events import tell
from classpulse.project.figures import Figures, Needed
from classpulse.project.figures_touched import Touched, touched_by
from classpulse.project.moved import moves
from classpulse.project.needed import Memberships, needed_by
from classpulse.project.order import Key, in_order, unclear, with_both
from classpulse.project.remaining import (
    machinery,
    of_stale_sections,
    sections_not_told,
    with_section,
)
from classpulse.project.rights_touched import (
    Structure,
    everybodys_rights_changed,
    figures_changed,
    look_again,
    scope_changed,
    structure_of,
)
from classpulse.project.rules_told import Place, letters_of, tell_rules
from classpulse.project.set_aside import Aside, described
from classpulse.sql import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("project")
CHANGES = queries("changes")
log = logging.getLogger(__name__)

#: more changes than this are folded per section
LARGE_BACKLOG = 10_000
#: and so are changes that hold more bytes, so that no text of theirs is carried here
LARGE_BYTES = 16 * 2**20
#: standings of stale sections that one batch calculates again
STALE_STANDINGS = 3_000
#: how long a batch derives trends that wait
TREND_SECONDS = 0.1
#: of more standings than this the trends may be left to the batches that follow
MANY_STANDINGS = 100
#: how long a batch stands aside while somebody holds a table alone
LOCKED_SECONDS = 0.05
#: events encoded and written at once, and their bytes
SLICE = 1_000
SLICE_BYTES = 4 * 2**20


#: why a section is to be calculated again
Stale = dict[int, set[str]]
#: standings that changed, as (student, section); without a student, the section's own figures
Changed = list[tuple[int | None, int]]


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
    """``taken`` changes became ``written`` events; ``oldest`` is the snapshot's xmin.

    ``more``: stale sections are left, or were marked in this batch, so the next one has work at
    once. ``rows`` are the events as written, or none where they are too many to keep.
    """

    taken: int
    written: int
    oldest: int
    as_of_time: datetime
    more: bool = False
    rows: Sequence[Numbered] = ()


async def project(
    connection: "Connection",
    cursor: Cursor,
    *,
    then: Callable[[], Awaitable[None]] | None = None,
) -> Outcome:
    """Run one batch and move ``cursor``; one with nothing to do leaves no trace.

    ``then`` is run in the same transaction, when everything that its snapshot shows is folded in.
    A batch that meets a concurrent change, or a table that somebody holds alone, is repeated. One
    that fails by a row is repeated with care: what fails in it alone is set aside.
    """
    careful = False
    while True:
        try:
            await connection.execute(CHANGES["begin"])
            batch = _Batch(connection, cursor, careful=careful)
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
        except Exception as error:
            if not connection.is_closed():
                await connection.execute("rollback")
            if careful or not is_of_data(error):
                raise
            log.debug("a batch is repeated with care: %s", error)
            careful = True
        else:
            cursor.position += batch.written
            return Outcome(
                batch.taken,
                batch.written,
                batch.oldest,
                batch.as_of_time,
                more=batch.more,
                rows=batch.rows,
            )


def _with_calendar(stale: Stale, calendar: set[int], changed: Changed) -> Stale:
    """And of those of which another day or calendar changed something."""
    for section in calendar & {section for _, section in changed}:
        stale.setdefault(section, set()).add("calendar")
    return stale


class _Batch:
    def __init__(self, connection: "Connection", cursor: Cursor, *, careful: bool) -> None:
        self._connection = connection
        self._cursor = cursor
        self._careful = careful
        self._aside = Aside(connection, ())
        self._members: Memberships = {}
        self.taken = 0
        self.written = 0
        self.oldest = 0
        #: from before the snapshot
        self.as_of_time = datetime.fromtimestamp(0, UTC)
        self.more = False
        self.rows: Sequence[Numbered] = ()

    async def run(self) -> None:
        backlog, *records = await self._connection.fetch(
            CHANGES["look"],
            self._cursor.low_water,
            LARGE_BACKLOG,
            LARGE_BYTES,
            not self._careful,
        )
        if backlog["version"] != self._cursor.version:
            raise OtherVersionError("the database was migrated to another version of classpulse")
        self.oldest, self.as_of_time = backlog["oldest"], backlog["as_of_time"]
        if not (
            backlog["waiting"]
            or backlog["is_stale"]
            or backlog["is_due"]
            or backlog["is_turning"]
            or backlog["is_new_day"]
        ):
            return
        self._aside = Aside(self._connection, backlog["set_aside"])
        taken = await self._take(backlog, records)
        changes = await self._in_order(taken)
        stale = await self._take_stale() if backlog["is_stale"] else {}
        ruled = await self._take_ruled() if backlog["is_stale"] else {}
        letters = await letters_of(self._connection, ruled)
        calendar = await self._take_calendar() if backlog["is_stale"] else set()
        if backlog["is_due"]:
            await self._aside.take_due()
            stale |= {section: {"restored"} for section in self._aside.due}
        structure = structure_of(changes)
        if structure or structure.carrying_schools:
            await self._mark(structure)
        if structure.has_calendar:
            await self._mark_by("mark_days", *structure.calendar_arguments())
        if backlog["is_new_day"] or structure.turns_terms:
            await self._mark_by("turn_days")
        self._members = await self._memberships(changes)
        touched = touched_by(with_both(taken, changes))
        touched.ruled.update(ruled)
        touched.calendar |= calendar
        figures, changed = await self._folded(touched, changes, stale)
        await self._derive_trends(touched, is_due=backlog["is_stale"])
        figures.remember(changes)
        now = self.as_of_time
        told = await self._told(changes, figures, changed)
        told += await tell_rules(self._connection, ruled, letters, now)
        stale = _with_calendar(stale, calendar, changed)
        told += of_stale_sections(self._current(stale), figures, now)
        entries = await self._scopes(structure, now) + self._aside.left_out_of(told)
        entries += await self._figures_changed_events(
            structure, stale, changed, entries, figures, now
        )
        entries += figures_changed(self._aside.new, figures.schools, "set_aside", now)
        entries += await self._supports(structure, now)
        await self._aside.restore()
        if backlog["is_turning"] or structure.turns_terms:
            entries += await self._turned(structure, now)
        # a batch without events moves the log all the same: something was taken
        if not entries:
            entries = [EventRow(now, "_nothing", "_nothing", {})]
        await self._write(entries, now)

    def _is_aside(self, change: Change) -> bool:
        """Whether all that it concerns is set aside, and will be told when it no longer is."""
        if not self._aside.sections:
            return False
        sections = sections_of(change, self._members)
        return bool(sections) and self._aside.sections.issuperset(sections)

    def _current(self, stale: Stale) -> Stale:
        aside = self._aside.sections
        return {section: why for section, why in stale.items() if section not in aside}

    async def _take(
        self, backlog: asyncpg.Record, records: Sequence[asyncpg.Record]
    ) -> list[Change]:
        if not backlog["waiting"]:
            return []
        low_water = self._cursor.low_water
        if self._careful:
            is_large = backlog["waiting"] > LARGE_BACKLOG or backlog["bytes"] > LARGE_BYTES
            changes = await take_with_care(self._connection, low_water, folded=is_large)
        else:
            if not backlog["is_taken"]:
                records = await self._connection.fetch(
                    CHANGES["take_changes_folded"], low_water, None
                )
            changes = [Change.from_record(record) for record in records]
        self.taken = len(changes)
        return changes

    async def _in_order(self, changes: list[Change]) -> list[Change]:
        rows = unclear(changes)
        if not rows:
            return changes
        held: dict[Key, Row] = {}

        async def look(_: Sequence[object]) -> None:
            for record in await self._connection.fetch(CHANGES["rows_now"], *rows.arguments()):
                key = (record["source"], record["id"], record["section_id"])
                held[key] = decoded(record["body"])

        if not self._careful:
            await look(())
        elif await each(self._connection, (rows,), look):
            # nothing can be said of rows that can't be read: they stay as they were captured
            return changes
        return in_order(changes, rows, held)

    async def _take_stale(self) -> Stale:
        stale: Stale = {}
        for record in await self._connection.fetch(SQL["take_stale_sections"], STALE_STANDINGS):
            stale.setdefault(record["section_id"], set()).add(record["reason"])
            self.more |= record["is_more"]
        # one that is set aside is worked off whole once it no longer is
        return self._current(stale)

    async def _take_ruled(self) -> dict[Place, str | None]:
        """Sections and subjects of which a rule changed, and what of it."""
        ruled: dict[Place, str | None] = {}
        for record in await self._connection.fetch(SQL["take_stale_subjects"], STALE_STANDINGS):
            ruled[record["section_id"], record["subject_id"]] = record["what"]
            self.more |= record["is_more"]
        return {key: what for key, what in ruled.items() if key[0] not in self._aside.sections}

    async def _take_calendar(self) -> set[int]:
        """Sections of another day, term or calendar."""
        found: set[int] = set()
        for record in await self._connection.fetch(SQL["take_stale_days"], STALE_STANDINGS):
            found.add(record["section_id"])
            self.more |= record["is_more"]
        return found - self._aside.sections

    async def _mark(self, structure: Structure) -> None:
        if structure.policy_schools or structure.default_policy:
            await self._mark_by(
                "mark_sections_of_policy",
                list(structure.policy_schools),
                structure.default_policy,
            )
        if structure.policy_sections:
            await self._mark_by("mark_sections", list(structure.policy_sections), "policy")
        if structure.categories:
            await self._mark_by(
                "mark_subjects_of_categories",
                list(structure.categories),
                list(structure.categories.values()),
            )
        if structure.carrying_schools:
            await self._mark_by("mark_carrying_sections", list(structure.carrying_schools))
        if structure.new_sections:
            await self._mark_by("mark_reused_sections", list(structure.new_sections))
        reasons = structure.truncated + ["structure"] * structure.every_school
        for reason in reasons:
            await self._mark_by("mark_every_section", reason)

    async def _mark_by(self, statement: str, *arguments: object) -> None:
        done = await self._connection.execute(SQL[statement], *arguments)
        self.more |= done != "INSERT 0 0"

    async def _folded(
        self, touched: Touched, changes: list[Change], stale: Stale
    ) -> tuple[Figures, Changed]:
        """The figures that the events tell, once what was touched is folded in."""
        if touched.has_names or stale:
            await self._name(touched, stale)
        touched.sections.update(stale)
        if self._careful or self._aside.sections or self._aside.due:
            changed = await self._fold(touched, stale)
            return await self._figures(changes, stale, changed), changed
        if stale:
            await self._connection.execute(SQL["apply_policies"], list(stale))
        asked = Needed(sections=set(stale) | {section for section, _ in touched.ruled})
        needed_by(changes, self._members, asked)
        figures = Figures()
        if not touched:
            if asked:
                figures.add(await self._connection.fetch(SQL["figures"], *asked.arguments()))
            return figures, []
        records = await self._connection.fetch(
            SQL["fold_and_tell"], *touched.arguments(), *asked.arguments()
        )
        changed = [(row["a"], row["b"]) for row in records if row["kind"] == "changed"]
        figures.add(records)
        return figures, changed

    async def _fold(self, touched: Touched, stale: Stale) -> Changed:
        """Returns the standings that changed, and (without a student) the sections."""
        if not touched:
            return []
        students = touched.students | touched.absentees
        if students:
            standings = [
                (record["student_id"], record["section_id"])
                for record in await self._connection.fetch(SQL["standings_of"], list(students))
            ]
            for student, section in standings:
                touched.add_standing(student, section)
            touched.spread_days(standings)
            touched.students.clear()
            touched.absentees.clear()
        changed: Changed = []

        async def fold(sections: Sequence[int]) -> None:
            if not sections:
                return
            some = touched.of(sections)
            found = await self._fold_together(some, {s: stale[s] for s in sections if s in stale})
            changed.extend(found)

        sections = touched.every_section() - self._aside.sections - self._aside.due
        if self._careful:
            # what fails where there is nothing to fold is nobody's fault
            nobody = Touched()
            nobody.add_standing(-1, -1)
            await self._fold_together(nobody, {})
            failed = await each(self._connection, sorted(sections), fold)
        else:
            failed = []
            await fold(sorted(sections))
        for section in sorted(self._aside.due):
            failed += await each(self._connection, [section], fold)
        for section, error in failed:
            await self._aside.add(section, error)
        return changed

    async def _derive_trends(self, touched: Touched, *, is_due: bool) -> None:
        """Some of those that wait: what each batch leaves is the next one's, or a leader's."""
        if touched.clocks:
            await self._mark_by("mark_trends_of_schools", list(touched.clocks))
        if is_due:
            await self._connection.execute(SQL["derive_trends"], TREND_SECONDS)
        if is_due or touched.is_of_many(MANY_STANDINGS):
            self.more |= await self._connection.fetchval(SQL["has_due_trends"])

    async def _name(self, touched: Touched, stale: Stale) -> None:
        async def name(students: Sequence[int | None]) -> None:
            await self._connection.execute(
                SQL["name_students"],
                None if None in students else list(students),
                list(stale),
                list(touched.named_schools),
            )

        units: list[int | None] = [None] if touched.every_name else [*touched.named_students]
        if not self._careful:
            await name(units)
            return
        for student, error in await each(self._connection, units or [-1], name):
            log.warning("student %s keeps an old place in lists: %s", student, described(error))

    async def _fold_together(self, touched: Touched, stale: Stale) -> Changed:
        if stale:
            await self._connection.execute(SQL["apply_policies"], list(stale))
        records = await self._connection.fetch(SQL["fold"], *touched.arguments())
        return [(record["student_id"], record["section_id"]) for record in records]

    async def _figures(self, changes: list[Change], stale: Stale, changed: Changed) -> Figures:
        figures = Figures()

        async def load(units: Sequence[int | Change], without: Collection[int] = ()) -> None:
            asked = Needed()
            asked.sections.update(unit for unit in units if isinstance(unit, int))
            needed_by([unit for unit in units if isinstance(unit, Change)], self._members, asked)
            if without:
                asked.leave_out(without)
            if asked:
                figures.add(await self._connection.fetch(SQL["figures"], *asked.arguments()))

        units: list[int | Change] = [
            *{*stale, *(section for _, section in changed), *self._aside.new},
            *(change for change in changes if not self._is_aside(change)),
        ]
        if self._careful:
            await load_with_care(self._connection, units, load, self._members, self._aside)
        else:
            await load(units)
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

    async def _scopes(self, structure: Structure, now: datetime) -> list[EventRow]:
        """First of all, so that nobody reads what a change in the same batch took from them."""
        educators = set(structure.educators)
        entries: list[EventRow] = []
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
        self, changes: list[Change], figures: Figures, changed: Changed
    ) -> list[EventRow]:
        entries: list[EventRow] = []
        moved = moves(changes) if not self._aside.sections else []
        moves_at = {move.place: move for move in moved}
        told_by_a_move = {place for move in moved for place in move.places}
        for number, change in enumerate(changes, 1):
            if self._is_aside(change):
                continue
            try:
                if number - 1 in moves_at:
                    entries.append(roster.move(change, moves_at[number - 1], figures))
                elif number - 1 not in told_by_a_move:
                    entries += tell(change, figures) or machinery(change)
            except Exception:
                # a table that somebody altered: its figures are right, only this can't be told
                log.exception("a change of %s can't be told; its sections are", change.source)
                changed += [(None, row["section_id"]) for row in with_section(change)]
            if number % SLICE == 0:
                await self._connection.execute(SQL["still_here"])
        return entries

    async def _figures_changed_events(
        self,
        structure: Structure,
        stale: Stale,
        changed: Changed,
        entries: list[EventRow],
        figures: Figures,
        now: datetime,
    ) -> list[EventRow]:
        """Sections of which something changed that no event of this batch tells."""
        schools = dict(figures.schools)
        sections = sections_not_told(changed, entries) - set(stale) - self._aside.sections
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

    async def _supports(self, structure: Structure, now: datetime) -> list[EventRow]:
        """Where to look again for what was done about a student; of whom and what is not told."""
        if not (structure.supported or structure.every_support):
            return []
        records = await self._connection.fetch(
            SQL["sections_of_students"], list(structure.supported), structure.every_support
        )
        schools = {r["id"]: r["school_id"] for r in records if r["id"] is not None}
        entries = figures_changed(schools, schools, "support", now)
        elsewhere = {r["school_id"] for r in records} - set(schools.values())
        # students who are in no section
        return entries + [look_again("support", [], school, now) for school in sorted(elsewhere)]

    async def _turned(self, structure: Structure, now: datetime) -> list[EventRow]:
        """Terms that the clock turned over; an edit of the terms is told as what it is."""
        records = await self._connection.fetch(
            SQL["turn_terms"], list(structure.schools), structure.every_school
        )
        by_school: dict[int, set[int]] = {}
        for record in records:
            sections = by_school.setdefault(record["school_id"], set())
            if record["section_id"] is not None:
                sections.add(record["section_id"])
        # they came into view, or left it
        return [look_again("term", sorted(of), school, now) for school, of in by_school.items()]

    async def _write(self, entries: list[EventRow], now: datetime) -> None:
        position = self._cursor.position
        is_utf8 = self._connection.get_settings().server_encoding == "UTF8"
        rows: list[Numbered] = []
        size = 0
        for entry in entries:
            position += 1
            row = self._numbered(entry, position, now)
            row = row if is_utf8 else ascii_json(row)
            rows.append(row)
            size += len(row[9]) + len(row[10] or "")
            if len(rows) == SLICE or size > SLICE_BYTES:
                await self._write_slice(rows)
                rows, size = [], 0
        await self._write_slice(rows)
        self.written = len(entries)
        # those that fit one slice
        self.rows = rows if len(rows) == self.written else ()

    def _numbered(self, entry: EventRow, position: int, now: datetime) -> Numbered:
        try:
            return entry.numbered(self._cursor.epoch, position)
        except Exception as error:
            if not self._careful:
                raise
            log.warning("an event can't be written; its sections are: %s", described(error))
            (instead,) = figures_changed(entry.sections, {}, "figures", now) or [
                EventRow(now, "_nothing", "_nothing", {})
            ]
            return instead.numbered(self._cursor.epoch, position)

    async def _write_slice(self, rows: list[Numbered]) -> None:
        if rows:
            await self._connection.execute(
                SQL["write_events"],
                *(list(column) for column in zip(*rows, strict=True)),
                rows[-1][0],
                self.as_of_time,
                self._cursor.low_water,
            )
