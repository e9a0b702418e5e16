"""The report on one student, over what the viewer may see of them."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import msgspec
from msgspec import Struct

from classpulse.serve.api.student import student_in
from classpulse.serve.api.trends import Metric, Subject, points_in, window_of
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.carried import Carried, in_words
from classpulse.serve.reports import columns
from classpulse.serve.reports.content import Chart, Content, Figure, Line, Table
from classpulse.serve.reports.disclosures import schools_concerned
from classpulse.serve.reports.draft import Draft, stamp_of
from classpulse.serve.reports.labels import STATUS
from classpulse.serve.snapshot import Reader, Row
from classpulse.sql import queries

_SQL = queries("reports")
_LINES: dict[Metric, str] = {
    "average": "Average, week by week",
    "attendance": "Attendance, week by week",
}
#: of fewer values no line is drawn
_FEWEST = 3


class Place(Struct, frozen=True):
    """The section that a grade was earned in, where it is not the one that it counts in."""

    section_name: str


class Grade(Struct, frozen=True):
    """A grade as a student's page embeds it; numbers stay as exact as they were written."""

    exam_name: str | None
    score: Decimal | None
    total_marks: Decimal
    percentage: Decimal | None
    status: str
    graded_on: date | None
    remarks: str | None
    category_id: int | None
    counts: bool
    why_not: str | None
    is_late: bool | None
    carried_from: Place | None


class Category(Struct, frozen=True):
    """A category of a subject as a student's page embeds it."""

    category_id: int
    name: str | None
    weight: Decimal | None
    percentage: Decimal | None
    graded: int
    missing: int
    dropped: int


async def student_report(reader: Reader, viewer: Viewer, student_id: int) -> Draft:
    """One row a grade; 404 unless the student is the viewer's to see."""
    student = await student_in(reader, viewer, student_id)
    of_sections = [standing["section_id"] for standing in student["standings"]]
    schools = await schools_concerned(
        reader,
        viewer,
        sections=of_sections,
        asked_sections=[],
        subjects=[],
        student_id=student_id,
    )
    stamp, school_names = await stamp_of(reader, schools, of_sections)
    attendance = await reader.all(_SQL["attendance"], student_id=student_id, sections=of_sections)
    grades = _grades(student["subject_grades"])
    categories = _categories(student["subject_grades"])
    subjects = [{**one, "brought": _brought(one)} for one in student["subject_grades"]]
    number = student["student_number"]
    content = Content(
        report="student",
        title=student["name"],
        about=", ".join(filter(None, (number and f"Number {number}", *school_names))),
        stamp=stamp,
        viewer_name=viewer.name,
        filters=["Over the sections that you may see, of every term"],
        figures=_figures(student),
        chart=_chart(student["subject_grades"]),
        before=[
            Table("Sections", columns.STANDINGS, student["standings"]),
            Table("Subjects", columns.SUBJECT_AVERAGES, subjects),
            *([Table("Categories", columns.CATEGORIES, categories)] if categories else []),
        ],
        main=Table("Grades", columns.GRADES, []),
        total=len(grades),
        after=[_attendance(attendance)],
        lines=await _lines(reader, of_sections, student_id),
    )
    return Draft(content, _at_once(grades), schools)


async def _lines(reader: Reader, sections: list[int], student_id: int) -> list[Line]:
    """Average and attendance week by week, each from three values on."""
    who = Subject(sections, student_id=student_id)
    window = await window_of(reader, who)
    found, _ = await points_in(reader, who, [*_LINES], window)
    lines = []
    for metric, title in _LINES.items():
        points = found[metric]
        values = [point["value"] for point in points]
        if len(values) - values.count(None) >= _FEWEST:
            first, last = (f"{points[at]['date']:%B} {points[at]['date'].day}" for at in (0, -1))
            lines.append(Line(title, f"Weeks of {first}", last, values))
    return lines


def _attendance(rows: list[Row]) -> Table:
    """Every row; on paper those that are no plain "present", for these fill pages by themselves."""
    exceptions = [row for row in rows if row["status"] != "present"]
    title = f"Attendance: present {len(rows) - len(exceptions)} of {len(rows)} times; all others"
    printed = Table(title, columns.ATTENDANCE, exceptions)
    return Table("Attendance", columns.ATTENDANCE, rows, printed=printed if rows else None)


def _grades(subjects: list[Row]) -> list[Row]:
    return [
        {
            **_place(subject),
            **msgspec.structs.asdict(grade),
            "category_name": names.get(grade.category_id or 0),
            **({"section_name": grade.carried_from.section_name} if grade.carried_from else {}),
        }
        for subject in subjects
        for names in [{one.category_id: one.name for one in _of(subject)}]
        for grade in msgspec.json.decode(bytes(subject["grades"]), type=list[Grade])
    ]


def _categories(subjects: list[Row]) -> list[Row]:
    return [
        {**_place(subject), **msgspec.structs.asdict(one), "category_name": one.name}
        for subject in subjects
        for one in _of(subject)
    ]


def _of(subject: Row) -> list[Category]:
    return msgspec.json.decode(bytes(subject["categories"]), type=list[Category])


def _brought(subject: Row) -> str:
    return in_words(msgspec.json.decode(bytes(subject["carried"]), type=list[Carried]))


def _place(subject: Row) -> Row:
    return {name: subject[name] for name in ("section_id", "section_name", "subject_name")}


def _chart(subjects: list[Row]) -> Chart:
    """A subject that the student has in several sections is a bar of each, told apart by it."""
    names = [subject["subject_name"] for subject in subjects]
    bars: dict[str, Decimal | int | None] = {}
    for subject in subjects:
        name = subject["subject_name"]
        if names.count(name) > 1:
            name = f"{name} ({subject['section_name']})"
        while name in bars:
            name += " "
        bars[name] = subject["percentage"]
    return Chart("Average by subject", "Subject", "Average", bars, "percent")


def _figures(student: Row) -> list[Figure]:
    label = student["average_label"]
    return [
        Figure(label[:1].upper() + label[1:], student["average_score"], "percent"),
        Figure("Missing as 0", student["average_if_missing_zero"], "percent"),
        Figure("Letter", student["letter"], "text"),
        Figure("Result", STATUS[student["status"]], "text"),
        Figure("Attendance", student["attendance_percentage"], "percent"),
        Figure("Unexcused attendance", student["attendance_percentage_unexcused"], "percent"),
        Figure("Subjects", student["total_subjects"], "whole"),
        Figure("Subjects passed", student["passed_subjects"], "whole"),
        Figure("Subjects failed", student["failed_subjects"], "whole"),
        Figure("Graded", student["graded_count"], "whole"),
        Figure("Missing", student["missing_count"], "whole"),
    ]


async def _at_once(rows: list[Row]) -> AsyncIterator[list[Row]]:
    if rows:
        yield rows
