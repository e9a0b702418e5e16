"""The demo school: every row of it, made from a seed and today's date."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from classpulse.demo.model import presence, result
from classpulse.demo.names import mailbox, names
from classpulse.demo.term import Term, school_day

TEACHER, PRINCIPAL, ADMIN = "teacher@demo.school", "principal@demo.school", "admin@demo.school"
#: Published in the README: the demo listens on the loopback alone.
PASSWORD = "classpulse-demo"  # noqa: S105
#: How a database-side tool, and the simulator, finds this school again.
EXTERNAL_ID = "demo-school"
STUDENTS = 180

_SEED = 20_251_020
_CLASS_SIZE = 30
_SUBJECTS = (
    ("MATH", "Mathematics"),
    ("ENG", "English"),
    ("BIO", "Biology"),
    ("CHEM", "Chemistry"),
    ("PHY", "Physics"),
    ("HIST", "History"),
    ("GEO", "Geography"),
    ("ART", "Art and Design"),
)
# name, weight in percent, how many of the lowest are dropped: of every section of the school
_CATEGORIES = (("Quizzes", 20, 1), ("Coursework", 30, 0), ("Exams", 50, 0))
_QUIZZES, _COURSEWORK, _WRITTEN = 1, 2, 3
# name, week of the term, total marks, category; the eleventh is the current one
_EXAMS = (
    ("Quiz 1", 3, 20, _QUIZZES),
    ("Coursework", 5, 50, _COURSEWORK),
    ("Mid-term", 7, 100, _WRITTEN),
    ("Quiz 2", 11, 20, _QUIZZES),
    ("Project", 13, 50, _COURSEWORK),
    ("Final", 17, 100, _WRITTEN),
)
#: extra credit: of which subject, and what
_BONUS = ("HIST", "Local archive visit", 9, 10, _COURSEWORK)
#: subjects that weigh nothing: all their points are one pool
_POOLED = ("MATH", "ART")
#: of which students something was done, and what
_SUPPORTS = {
    57: ("talk", "Wants to sit in front; will bring the missing coursework."),
    93: ("tutoring", "Mathematics, Tuesdays after school."),
}
#: a class whose register of the last school day was forgotten
_FORGETFUL = 3
#: every so many students a letter was set by hand in one subject
_SET_BY_HAND = 37

Row = tuple[object, ...]


class Exam(NamedTuple):
    """A row of the exams, in the order of its columns."""

    id: int
    section: int
    subject: int
    name: str
    day: date
    total: Decimal
    category: int | None
    extra_credit: bool
    due_on: date | None


@dataclass(frozen=True)
class Table:
    """Rows of one table, for COPY."""

    name: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)


def school(today: date, students: int = STUDENTS) -> list[Table]:
    """The tables in the order in which they can be loaded; the same arguments, the same rows."""
    draw = random.Random(_SEED)  # noqa: S311
    term = Term.around(today)
    people = names(draw)
    sections = _sections(students)
    subjects = [(id_, 1, code, name) for id_, (code, name) in enumerate(_SUBJECTS, 1)]
    pupils = list(_students(students, people))
    enrolled = [
        (id_, 1 + (id_ - 1) % len(sections), 1 + (id_ - 1) // len(sections))
        for id_ in range(1, students + 1)
    ]
    exams = list(_exams(len(sections), term))
    educators = list(_educators(len(sections), people))
    return [
        Table(
            "schools",
            ("id", "external_id", "name", "time_zone"),
            [(1, EXTERNAL_ID, "Riverside Demo School", "UTC")],
        ),
        Table(
            "terms",
            ("id", "school_id", "name", "starts_on", "ends_on"),
            [(1, 1, term.name, term.starts_on, term.ends_on)],
        ),
        Table("school_days", ("school_id", "date", "kind"), list(_calendar(term))),
        Table("educators", ("id", "school_id", "email", "full_name", "role"), educators),
        Table(
            "sections",
            ("id", "school_id", "term_id", "name"),
            [(id_, 1, 1, name) for id_, name in enumerate(sections, 1)],
        ),
        Table("section_educators", ("section_id", "educator_id"), _teaching(len(sections))),
        Table("subjects", ("id", "school_id", "code", "name"), list(subjects)),
        Table(
            "students",
            ("id", "school_id", "student_number", "first_name", "last_name", "email"),
            pupils,
        ),
        Table("enrollments", ("student_id", "section_id", "roll_number"), list(enrolled)),
        Table(
            "grade_categories",
            ("id", "school_id", "name", "weight", "drop_lowest", "sort_order"),
            [
                (id_, 1, name, Decimal(weight), dropped, id_)
                for id_, (name, weight, dropped) in enumerate(_CATEGORIES, 1)
            ],
        ),
        Table(
            "exams",
            (
                "id",
                "section_id",
                "subject_id",
                "name",
                "exam_date",
                "total_marks",
                "category_id",
                "extra_credit",
                "due_on",
            ),
            list(exams),
        ),
        Table(
            "grades",
            (
                "student_id",
                "section_id",
                "subject_id",
                "exam_id",
                "score",
                "total_marks",
                "status",
                "graded_on",
                "submitted_at",
            ),
            list(_grades(draw, exams, enrolled, today)),
        ),
        Table(
            "grade_overrides",
            ("student_id", "section_id", "subject_id", "letter", "reason", "set_by"),
            [
                (student, section, 2, "B", "Agreed after the resit", TEACHER)
                for student, section, _ in enrolled
                if student % _SET_BY_HAND == 1
            ],
        ),
        Table(
            "attendance",
            ("student_id", "section_id", "date", "status"),
            list(_register(draw, enrolled, term, today)),
        ),
        Table(
            "supports",
            ("student_id", "section_id", "kind", "note", "opened_by", "opened_at", "review_on"),
            [
                (student, section, *_SUPPORTS[student], 1, _noted(today), today)
                for student, section, _ in enrolled
                if student in _SUPPORTS
            ],
        ),
    ]


def _calendar(term: Term) -> Iterator[Row]:
    """Every school day of the term; the last is half a one."""
    for day in term.school_days(term.ends_on + timedelta(days=1)):
        yield 1, day, "half" if day == term.ends_on else "school"


def _noted(today: date) -> datetime:
    """A week ago after school."""
    return datetime.combine(today - timedelta(days=7), time(15, 30), UTC)


def _sections(students: int) -> list[str]:
    """Six classes of about thirty; a larger school has more of them, over more years."""
    count = max(6, round(students / _CLASS_SIZE))
    years = (9, 10, 11) if count == 6 else (7, 8, 9, 10, 11, 12)
    a_year = -(-count // len(years))
    classes = [f"Class {year}-{_letters(n)}" for year in years for n in range(a_year)]
    return classes[:count]


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)


def _educators(sections: int, people: Iterator[tuple[str, str]]) -> Iterator[Row]:
    yield 1, 1, TEACHER, "Maria Lindqvist", "educator"
    yield 2, 1, "d.okonkwo@demo.school", "Daniel Okonkwo", "educator"
    yield 3, 1, "h.yamamoto@demo.school", "Hana Yamamoto", "educator"
    yield 4, 1, PRINCIPAL, "Eleanor O'Neill", "principal"
    yield 5, None, ADMIN, "Rafael Souza", "admin"
    extra = islice(people, -(-(sections - 6) // 3))
    for id_, (first, last) in enumerate(extra, 6):
        yield id_, 1, f"{mailbox(first, last)}.{id_}@demo.school", f"{first} {last}", "educator"


def _teaching(sections: int) -> list[Row]:
    """Three sections each, some of them shared; further sections have further educators."""
    shared: list[Row] = [(3, 1), (4, 1), (5, 1), (1, 2), (2, 2), (3, 2), (4, 3), (5, 3), (6, 3)]
    return shared + [(section, 6 + (section - 7) // 3) for section in range(7, sections + 1)]


def _students(count: int, people: Iterator[tuple[str, str]]) -> Iterator[Row]:
    taken: set[str] = set()
    for id_, (first, last) in enumerate(islice(people, count), 1):
        box = mailbox(first, last)
        if box in taken:
            box = f"{box}.{id_}"
        taken.add(box)
        yield id_, 1, f"S-{1000 + id_}", first, last, f"{box}@students.demo.school"


def _exams(sections: int, term: Term) -> Iterator[Exam]:
    id_ = 0
    for section in range(1, sections + 1):
        for subject, (code, subject_name) in enumerate(_SUBJECTS, 1):
            for name, week, total, category in _EXAMS:
                id_ += 1
                day = term.day(week, (section + subject) % 5)
                yield Exam(
                    id_,
                    section,
                    subject,
                    f"{name} {subject_name}",
                    day,
                    Decimal(total),
                    None if code in _POOLED else category,
                    False,
                    day if category == _COURSEWORK else None,
                )
    of, name, week, total, category = _BONUS
    subject = 1 + [code for code, _ in _SUBJECTS].index(of)
    for section in range(1, sections + 1):
        id_ += 1
        day = term.day(week, (section + subject) % 5)
        yield Exam(id_, section, subject, name, day, Decimal(total), category, True, day)


def _grades(
    draw: random.Random,
    exams: list[Exam],
    enrolled: list[tuple[int, int, int]],
    today: date,
) -> Iterator[Row]:
    members: dict[int, list[int]] = {}
    for student, section, _ in enrolled:
        members.setdefault(section, []).append(student)
    for item in exams:
        exam, section, subject, day, total = (
            item.id,
            item.section,
            item.subject,
            item.day,
            item.total,
        )
        age = (today - day).days
        for student in members.get(section, ()):
            # an exam of the last few days is still being marked
            if age < 1 or (age < 5 and draw.random() > age * 0.2):
                continue
            made = result(draw, student, subject, exam, total)
            graded_on = day if made.status == "graded" else None
            yield (
                student, section, subject, exam, made.score, total, made.status, graded_on,
                _submitted(item, student) if made.status == "graded" else None,
            )  # fmt: skip


def _submitted(exam: Exam, student: int) -> datetime | None:
    """When work that is due on a day was handed in: one in twelve a day or two late."""
    if exam.due_on is None:
        return None
    draw = random.Random(f"submitted:{exam.id}:{student}")  # noqa: S311
    late = draw.randint(1, 2) if draw.random() < 1 / 12 else -draw.randint(0, 3)
    at = time(draw.randint(8, 20), draw.randint(0, 59))
    return datetime.combine(exam.due_on + timedelta(days=late), at, UTC)


def _register(
    draw: random.Random, enrolled: list[tuple[int, int, int]], term: Term, today: date
) -> Iterator[Row]:
    """Every school day before the open register, which is left to those who take it."""
    days = list(term.school_days(school_day(today)))
    for day in days:
        for student, section, _ in enrolled:
            if section == _FORGETFUL and day == days[-1]:
                continue
            yield student, section, day, presence(draw, student, day.weekday())
