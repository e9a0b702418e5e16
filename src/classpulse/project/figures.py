"""The figures and names that the events of a batch tell, as the database shows them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from classpulse.capture.change import Change
from classpulse.project.shown import shown_name

Figure = dict[str, Any]
#: what scores and totals lie below, by the tables' own constraints
_BOUND = Decimal(1_000_000_000)
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(slots=True)
class Asked:
    """The keys to load."""

    pairs: set[tuple[int, int]] = field(default_factory=set)
    sections: set[int] = field(default_factory=set)
    subjects: set[tuple[int, int]] = field(default_factory=set)
    marks: set[tuple[int, int, int]] = field(default_factory=set)
    students: set[int] = field(default_factory=set)
    exams: set[int] = field(default_factory=set)
    subject_names: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return any(self.arguments())

    def leave_out(self, sections: Collection[int]) -> None:
        """Ask nothing of the figures of these sections."""
        self.pairs = {key for key in self.pairs if key[1] not in sections}
        self.sections.difference_update(sections)
        self.subjects = {key for key in self.subjects if key[0] not in sections}
        self.marks = {key for key in self.marks if key[1] not in sections}

    def arguments(self) -> list[list[int]]:
        """The arrays that the query ``figures`` takes, in its order."""
        pairs, subjects, marks = list(self.pairs), list(self.subjects), list(self.marks)
        return [
            [student for student, _ in pairs],
            [section for _, section in pairs],
            list(self.sections),
            [section for section, _ in subjects],
            [subject for _, subject in subjects],
            [student for student, _, _ in marks],
            [section for _, section, _ in marks],
            [subject for _, _, subject in marks],
            list(self.students),
            list(self.exams),
            list(self.subject_names),
        ]


@dataclass(slots=True)
class Figures:
    """By key; a key that is not there has no figure (any more)."""

    standings: dict[tuple[int, int], Figure] = field(default_factory=dict)
    sections: dict[int, Figure] = field(default_factory=dict)
    schools: dict[int, int] = field(default_factory=dict)
    scales: dict[int, Figure] = field(default_factory=dict)
    subjects: dict[tuple[int, int], Figure] = field(default_factory=dict)
    marks: dict[tuple[int, int, int], Figure] = field(default_factory=dict)
    students: dict[int, Figure] = field(default_factory=dict)
    student_schools: dict[int, int] = field(default_factory=dict)
    section_names: dict[int, str | None] = field(default_factory=dict)
    subject_names: dict[int, str | None] = field(default_factory=dict)
    exams: dict[int, Figure] = field(default_factory=dict)
    exam_names: dict[int, str | None] = field(default_factory=dict)
    enrollments: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, records: Iterable[Any]) -> None:
        """Take in the rows of the queries ``figures`` and ``fold_and_tell``."""
        for record in records:
            a, b, c = record["a"], record["b"], record["c"]
            body: Any = _decode(record["body"]) if record["body"] is not None else None
            match record["kind"]:
                case "standing":
                    self.standings[a, b] = body
                case "section":
                    self.sections[a] = body
                    self.section_names[a] = body["section_name"]
                    self.schools[a] = b
                case "scale":
                    self.scales[a] = body
                case "subject":
                    self.subjects[a, b] = body
                case "student_subject":
                    self.marks[a, b, c] = body
                case "student_name":
                    self.students[a] = body
                    self.student_schools[a] = b
                case "enrollment":
                    self.enrollments[a].append(b)
                case "exam":
                    self.exams[a] = body
                    self.exam_names[a] = body["exam_name"]
                case "subject_name":
                    self.subject_names[a] = body

    def remember(self, changes: Iterable[Change]) -> None:
        """Names and memberships outlive their rows: take them from what this batch deleted."""
        for change in changes:
            if change.operation != "delete":
                continue
            row = change.row
            match change.source:
                case "students":
                    name = f"{row['first_name']} {row['last_name']}".strip()
                    known = {
                        "name": shown_name(name),
                        "student_number": shown_name(row["student_number"]),
                    }
                    self.students.setdefault(row["id"], known)
                    self.student_schools.setdefault(row["id"], row["school_id"])
                case "sections":
                    self.section_names.setdefault(row["id"], shown_name(row["name"]))
                    self.schools.setdefault(row["id"], row["school_id"])
                case "subjects":
                    self.subject_names.setdefault(row["id"], shown_name(row["name"]))
                case "exams":
                    self.exam_names.setdefault(row["id"], shown_name(row["name"]))
                case "enrollments":
                    sections = self.enrollments[row["student_id"]]
                    if row["section_id"] not in sections:
                        sections.append(row["section_id"])

    def exam(self, exam: int | None, section: int) -> Figure | None:
        """An exam's figures for those who see the section; none of one that is not there (now)."""
        figures = None if exam is None else self.exams.get(exam)
        return figures if figures is not None and figures["section_id"] == section else None

    def letter(self, section: int, percentage: Decimal | None) -> str | None:
        """The letter of a percentage on the scale of a section."""
        scale = self.scales.get(section)
        if scale is None or percentage is None:
            return None
        found = None
        for letter, minimum in zip(scale["letters"], scale["minimums"], strict=True):
            if percentage >= minimum:
                found = letter
        return found


def percentage(score: int | Decimal | None, total: int | Decimal | None) -> Decimal | None:
    """``score / total * 100``, exact, rounded half up to 2 places; none of nothing.

    None either where a table lost its bounds: a number of thousands of digits would take seconds.
    """
    if score is None or not total or Decimal(score) >= _BOUND or Decimal(total) >= _BOUND:
        return None
    exact = Fraction(score) * 10000 / Fraction(total)
    hundredths = (exact + Fraction(1, 2)).__floor__()
    return Decimal(hundredths).scaleb(-2)


def totals(section: int, figures: Figures) -> Figure:
    """The figures of a section that an event tells beside its whole."""
    of_section = figures.sections.get(section)
    return {
        "section_id": section,
        "total_students": of_section and of_section["total_students"],
        "overall_average": of_section and of_section["average_score"],
        "overall_pass_rate": of_section and of_section["pass_rate"],
        "grade_distribution": of_section and of_section["grade_distribution"],
    }
