"""Which figures a batch of changes touches."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from classpulse.capture.change import Change

#: what a student is sorted and searched by
_NAMED_BY = ("first_name", "last_name", "student_number", "email", "school_id")


@dataclass(slots=True)
class Touched:
    """What has to be reckoned again. A pair is (student id, section id)."""

    pairs: set[tuple[int, int]] = field(default_factory=set)
    students: set[int] = field(default_factory=set)
    sections: set[int] = field(default_factory=set)
    #: sections whose own rows or set of subjects may have changed
    exam_sections: set[int] = field(default_factory=set)
    #: students and schools whose names are sorted and searched otherwise now
    named_students: set[int] = field(default_factory=set)
    named_schools: set[int] = field(default_factory=set)
    every_name: bool = False

    def __bool__(self) -> bool:
        return bool(self.pairs or self.students or self.sections or self.exam_sections)

    def every_section(self) -> set[int]:
        """All sections named; ``students`` name none."""
        return self.sections | self.exam_sections | {section for _, section in self.pairs}

    def of(self, sections: Collection[int]) -> "Touched":
        """What of it lies in these sections."""
        some = set(sections)
        return Touched(
            pairs={pair for pair in self.pairs if pair[1] in some},
            sections=self.sections & some,
            exam_sections=self.exam_sections & some,
        )

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
            case "grades" | "enrollments" | "attendance":
                for row in change.rows:
                    if row["section_id"] is None:
                        found.students.add(row["student_id"])
                    else:
                        found.pairs.add((row["student_id"], row["section_id"]))
            case "students":
                if change.operation != "update" or _differs(change, "is_active"):
                    found.students.add(change.row["id"])
                if change.operation != "update" or any(
                    _differs(change, column) for column in _NAMED_BY
                ):
                    found.named_students.add(change.row["id"])
            case "schools":
                if _differs(change, "locale"):
                    found.named_schools.add(change.row["id"])
            case "exams":
                found.exam_sections.update(row["section_id"] for row in change.rows)
            case "sections":
                found.exam_sections.update(row["id"] for row in change.rows)
    return found


def _bulk(found: Touched, change: Change) -> None:
    if change.section_id is not None:
        found.sections.add(change.section_id)
    else:
        found.students.update(change.student_ids)
        if change.source == "students":
            found.named_students.update(change.student_ids)


def _differs(change: Change, column: str) -> bool:
    return (change.old or {}).get(column) != (change.new or {}).get(column)
