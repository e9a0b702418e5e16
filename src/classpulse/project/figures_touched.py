"""Which figures a batch of changes touches."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from classpulse.project.change import Change

#: what a standing is calculated from, now and at each date: no other column moves a figure
_MARKED_BY = (
    "student_id",
    "section_id",
    "subject_id",
    "exam_id",
    "category_id",
    "graded_on",
    "score",
    "total_marks",
    "status",
)
_REGISTERED_BY = ("student_id", "section_id", "date", "status")
#: what a student is sorted and searched by
_NAMED_BY = ("first_name", "last_name", "student_number", "email", "school_id")


@dataclass(slots=True)
class Touched:
    """What has to be calculated again, by what it is calculated from."""

    #: standings, as student and section, whose grades in a subject changed (none: in every one)
    marked: set[tuple[int, int, int | None]] = field(default_factory=set)
    #: standings whose attendance changed
    registered: set[tuple[int, int]] = field(default_factory=set)
    #: students whose attendance of a whole day changed, in each of their standings
    absentees: set[int] = field(default_factory=set)
    #: sections and the subject of which a rule changed: its part of every standing
    ruled: set[tuple[int, int]] = field(default_factory=set)
    #: days of attendance that changed, as student, section (none: every one of theirs) and date
    days: set[tuple[int, int | None, str]] = field(default_factory=set)
    #: sections of another day, term or calendar than before
    calendar: set[int] = field(default_factory=set)
    #: students and sections each standing of which changed
    students: set[int] = field(default_factory=set)
    sections: set[int] = field(default_factory=set)
    #: sections and the subject whose exams changed; of no subject, a section whose own row did
    exams: set[tuple[int, int | None]] = field(default_factory=set)
    #: students and schools whose names are sorted and searched otherwise now
    named_students: set[int] = field(default_factory=set)
    named_schools: set[int] = field(default_factory=set)
    every_name: bool = False
    #: schools whose clock may be another: by it a row that has no date is dated
    clocks: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return any(self.arguments())

    def add_standing(self, student: int, section: int) -> None:
        """A standing that came, went or changed in all that it is calculated from."""
        self.marked.add((student, section, None))
        self.registered.add((student, section))

    def every_section(self) -> set[int]:
        """All sections named; ``students`` and ``absentees`` name none."""
        return {
            *self.sections,
            *self.calendar,
            *(section for _, section, _ in self.days if section is not None),
            *(section for section, _ in self.exams),
            *(section for section, _ in self.ruled),
            *(section for _, section, _ in self.marked),
            *(section for _, section in self.registered),
        }

    def is_of_many(self, standings: int) -> bool:
        """Whether they may be more standings than these."""
        return bool(self.sections or self.ruled or self.students or self.absentees) or (
            len(self.marked) + len(self.registered) > standings
        )

    def of(self, sections: Collection[int]) -> "Touched":
        """What of it lies in these sections."""
        some = set(sections)
        return Touched(
            marked={key for key in self.marked if key[1] in some},
            registered={pair for pair in self.registered if pair[1] in some},
            sections=self.sections & some,
            exams={key for key in self.exams if key[0] in some},
            ruled={key for key in self.ruled if key[0] in some},
            days={key for key in self.days if key[1] in some},
            calendar=self.calendar & some,
        )

    def spread_days(self, standings: Collection[tuple[int, int]]) -> None:
        """Name the sections of days of a student in every one of theirs."""
        whole = {key for key in self.days if key[1] is None}
        self.days -= whole
        self.days |= {
            (student, section, date)
            for student, section in standings
            for other, _, date in whole
            if other == student
        }

    def arguments(self) -> list[list[Any]]:
        """The arrays that the query ``fold`` takes, in its order."""
        marked = [
            key
            for key in self.marked
            if key[2] is None or (key[0], key[1], None) not in self.marked
        ]
        registered = [*self.registered, *((student, None) for student in self.absentees)]
        return [
            [student for student, _, _ in marked],
            [section for _, section, _ in marked],
            [subject for _, _, subject in marked],
            [student for student, _ in registered],
            [section for _, section in registered],
            list(self.students),
            list(self.sections),
            [section for section, _ in self.exams],
            [subject for _, subject in self.exams],
            [section for section, _ in self.ruled],
            [subject for _, subject in self.ruled],
            [student for student, _, _ in self.days],
            [section for _, section, _ in self.days],
            [date for _, _, date in self.days],
            list(self.calendar),
        ]

    @property
    def has_names(self) -> bool:
        return bool(self.named_students or self.named_schools or self.every_name)


def touched_by(changes: Iterable[Change]) -> Touched:
    """Collect them from the changes alone, without a look at the database."""
    found = Touched()
    for change in changes:
        if change.operation == "truncate":
            found.every_name |= change.source == "students"
            continue
        if change.operation == "bulk":
            _bulk(found, change)
            continue
        match change.source:
            case "grades":
                if _differs(change, *_MARKED_BY):
                    for row in change.rows:
                        standing = row["student_id"], row["section_id"]
                        found.marked.add((*standing, row["subject_id"]))
            case "attendance":
                if _differs(change, *_REGISTERED_BY):
                    for row in change.rows:
                        found.days.add((row["student_id"], row["section_id"], row["date"]))
                        if row["section_id"] is None:
                            found.absentees.add(row["student_id"])
                        else:
                            found.registered.add((row["student_id"], row["section_id"]))
            case "enrollments":
                is_another = _differs(change, "student_id", "section_id")
                for row in change.rows:
                    if is_another:
                        found.add_standing(row["student_id"], row["section_id"])
                    else:
                        # from when until when decides which days count
                        found.registered.add((row["student_id"], row["section_id"]))
            case "students":
                if change.operation != "update" or _differs(change, "is_active"):
                    found.students.add(change.row["id"])
                if change.operation != "update" or _differs(change, *_NAMED_BY):
                    found.named_students.add(change.row["id"])
            case "schools":
                if change.operation == "update":
                    found.clocks.add(change.row["id"])
                if _differs(change, "locale"):
                    found.named_schools.add(change.row["id"])
            case "exams":
                items = {(row["section_id"], row["subject_id"]) for row in change.rows}
                found.exams |= items
                if _differs_in_rule(change):
                    found.ruled |= items
            case "grade_overrides":
                for row in change.rows:
                    found.marked.add((row["student_id"], row["section_id"], row["subject_id"]))
            case "sections":
                found.exams.update((row["id"], None) for row in change.rows)
                found.calendar.update(row["id"] for row in change.rows)
    return found


def _differs_in_rule(change: Change) -> bool:
    """Whether an item counts otherwise, or at another date; of one that came or went its grades
    tell it."""
    return change.operation == "update" and _differs(change, "category_id", "rule", "exam_date")


def _bulk(found: Touched, change: Change) -> None:
    if change.section_id is not None:
        found.sections.add(change.section_id)
    else:
        found.students.update(change.student_ids)
        if change.source == "students":
            found.named_students.update(change.student_ids)


def _differs(change: Change, *columns: str) -> bool:
    old, new = change.old, change.new
    if old is None or new is None:
        return True
    return any(old.get(column) != new.get(column) for column in columns)
