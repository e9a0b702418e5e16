"""The figures and names that the events of a batch tell, as the database shows them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from classpulse.project.change import Change
from classpulse.project.shortened import shown_name

#: what scores and totals lie below, by the tables' own constraints
_BOUND = Decimal(1_000_000_000)
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Figure:
    """A JSON object as the database wrote it, spliced into each event that tells it.

    It is taken apart only where an event repeats a field beside it: a number keeps its digits.
    """

    __slots__ = ("_fields", "text")

    def __init__(self, text: str) -> None:
        #: without spaces between its tokens
        self.text = msgspec.Raw(msgspec.json.format(text.encode(), indent=-1))
        self._fields: dict[str, msgspec.Raw] | None = None

    def __getitem__(self, name: str) -> msgspec.Raw:
        if self._fields is None:
            self._fields = _decode_fields(self.text)
        return self._fields[name]


def spliced(value: Any) -> msgspec.Raw:
    """The hook of an encoder that writes figures."""
    if isinstance(value, Figure):
        return value.text
    raise NotImplementedError(f"{type(value).__name__} is not told")


#: of a row that is there as the database wrote it
Name = msgspec.Raw | str | None


@dataclass(slots=True)
class Needed:
    """The keys to load."""

    pairs: set[tuple[int, int]] = field(default_factory=set)
    sections: set[int] = field(default_factory=set)
    subjects: set[tuple[int, int]] = field(default_factory=set)
    marks: set[tuple[int, int, int]] = field(default_factory=set)
    students: set[int] = field(default_factory=set)
    exams: set[int] = field(default_factory=set)
    subject_names: set[int] = field(default_factory=set)
    categories: set[int] = field(default_factory=set)

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
            list(self.categories),
        ]


@dataclass(slots=True)
class Figures:
    """By key; a key that is not there has no figure (any more)."""

    standings: dict[tuple[int, int], Figure] = field(default_factory=dict)
    sections: dict[int, Figure] = field(default_factory=dict)
    schools: dict[int, int] = field(default_factory=dict)
    scales: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    subjects: dict[tuple[int, int], Figure] = field(default_factory=dict)
    marks: dict[tuple[int, int, int], Figure] = field(default_factory=dict)
    students: dict[int, dict[str, Any]] = field(default_factory=dict)
    student_schools: dict[int, int] = field(default_factory=dict)
    section_names: dict[int, Name] = field(default_factory=dict)
    subject_names: dict[int, Name] = field(default_factory=dict)
    category_names: dict[int, Name] = field(default_factory=dict)
    exams: dict[int, Figure] = field(default_factory=dict)
    exam_sections: dict[int, int] = field(default_factory=dict)
    exam_names: dict[int, Name] = field(default_factory=dict)
    enrollments: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, records: Iterable[Any]) -> None:
        """Take in the rows of the queries ``figures`` and ``fold_and_tell``."""
        for record in records:
            a, b, c, body = record["a"], record["b"], record["c"], record["body"]
            match record["kind"]:
                case "standing":
                    self.standings[a, b] = Figure(body)
                case "section":
                    self.sections[a] = Figure(body)
                    self.section_names[a] = self.sections[a]["section_name"]
                    self.schools[a] = b
                case "scale":
                    self.scales[a, b] = _decode(body)
                case "subject":
                    self.subjects[a, b] = Figure(body)
                case "student_subject":
                    self.marks[a, b, c] = Figure(body)
                case "student_name":
                    self.students[a] = _decode(body)
                    self.student_schools[a] = b
                case "enrollment":
                    self.enrollments[a].append(b)
                case "exam":
                    self.exams[a] = Figure(body)
                    self.exam_sections[a] = b
                    self.exam_names[a] = self.exams[a]["exam_name"]
                case "category_name":
                    self.category_names[a] = msgspec.Raw(body)
                case "subject_name":
                    self.subject_names[a] = msgspec.Raw(body)

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
                case "grade_categories":
                    self.category_names.setdefault(row["id"], shown_name(row["name"]))
                case "exams":
                    self.exam_names.setdefault(row["id"], shown_name(row["name"]))
                case "enrollments":
                    sections = self.enrollments[row["student_id"]]
                    if row["section_id"] not in sections:
                        sections.append(row["section_id"])

    def exam(self, exam: int | None, section: int) -> Figure | None:
        """An exam's figures for those who see the section; none of one that is not there (now)."""
        if exam is None or self.exam_sections.get(exam) != section:
            return None
        return self.exams[exam]

    def letter(self, section: int, subject: int, percentage: Decimal | None) -> str | None:
        """The letter of a percentage on the scale of a section's subject."""
        scale = self.scales.get((section, subject))
        if scale is None or percentage is None:
            return None
        place = bisect_right(scale["minimums"], percentage)
        return scale["letters"][place - 1] if place else None


def percentage(score: int | Decimal | None, total: int | Decimal | None) -> Decimal | None:
    """``score / total * 100``, exact, rounded half up to 2 places; none of nothing.

    None either where a table lost its bounds: a number of thousands of digits would take seconds.
    """
    if score is None or not total or Decimal(score) >= _BOUND or Decimal(total) >= _BOUND:
        return None
    part, parts = score.as_integer_ratio()
    whole, wholes = total.as_integer_ratio()
    hundredths = (20_000 * part * wholes + parts * whole) // (2 * parts * whole)
    return Decimal(hundredths).scaleb(-2)


def totals(section: int, figures: Figures) -> dict[str, Any]:
    """The figures of a section that an event tells beside its whole."""
    of_section = figures.sections.get(section)
    return {
        "section_id": section,
        "total_students": of_section and of_section["total_students"],
        "overall_average": of_section and of_section["average_score"],
        "overall_pass_rate": of_section and of_section["pass_rate"],
        "grade_distribution": of_section and of_section["grade_distribution"],
    }
