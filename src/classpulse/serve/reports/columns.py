"""The columns of every table in a report: named as in the API, titled for people."""

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["text", "letter", "number", "marks", "count", "flag", "status", "day"]


@dataclass(frozen=True)
class Column:
    """``width`` is in characters; ``page_width`` in points, 0 for what a printed page leaves out.

    A ``number`` has two places, ``marks`` have those that they were given with, a ``flag`` is yes
    or no. On a page, text columns share what the others leave, by their ``page_width``.
    """

    name: str
    title: str
    kind: Kind = "text"
    width: int = 12
    page_width: int = 42


STUDENTS = (
    Column("student_number", "Number", width=14, page_width=44),
    Column("name", "Name", width=32, page_width=104),
    Column("section_name", "Section", width=20, page_width=52),
    Column("roll_number", "Roll no.", "count", page_width=28),
    Column("average_score", "Average", "number", page_width=37),
    Column("average_if_missing_zero", "Missing as 0", "number", width=14, page_width=42),
    Column("letter", "Letter", "letter", width=8, page_width=34),
    Column("status", "Result", "status", page_width=46),
    Column("attendance_percentage", "Attendance %", "number", width=14, page_width=47),
    Column(
        "attendance_percentage_unexcused",
        "Unexcused attendance %",
        "number",
        width=22,
        page_width=0,
    ),
    Column("chronically_absent", "Chronically absent", "flag", width=18, page_width=52),
    Column("graded_count", "Graded", "count", page_width=34),
    Column("missing_count", "Missing", "count", page_width=36),
    Column("total_subjects", "Subjects", "count", page_width=0),
    Column("passed_subjects", "Subjects passed", "count", width=16, page_width=0),
    Column("failed_subjects", "Subjects failed", "count", width=16, page_width=0),
    Column("grade_points", "Grade points", "number", width=12, page_width=0),
    Column("overridden", "Set by hand", "flag", width=12, page_width=0),
)
IN_SUBJECT = (
    Column("subject_percentage", "In the subject", "number", width=14, page_width=42),
    Column("subject_letter", "Letter in the subject", "letter", width=18, page_width=44),
)
SECTIONS = (
    Column("section_name", "Section", width=28, page_width=120),
    Column("total_students", "Students", "count", page_width=44),
    Column("average_score", "Average", "number", page_width=46),
    Column("highest_score", "Highest", "number", page_width=46),
    Column("lowest_score", "Lowest", "number", page_width=46),
    Column("pass_rate", "Pass rate %", "number", page_width=52),
    Column("passed_students", "Passed", "count", page_width=42),
    Column("failed_students", "Failed", "count", page_width=40),
    Column("no_data", "No data", "count", page_width=42),
    Column("attendance_average", "Attendance %", "number", width=14, page_width=58),
)
SUBJECTS = (
    Column("subject_name", "Subject", width=28, page_width=120),
    Column("subject_code", "Code", page_width=0),
    *SECTIONS[1:],
)
STANDINGS = (
    Column("section_name", "Section", width=28, page_width=110),
    Column("term_name", "Term", width=20, page_width=60),
    Column("roll_number", "Roll no.", "count", page_width=40),
    Column("average_score", "Average", "number", page_width=46),
    Column("average_if_missing_zero", "Missing as 0", "number", width=14, page_width=42),
    Column("letter", "Letter", "letter", page_width=38),
    Column("status", "Result", "status", page_width=46),
    Column("attendance_percentage", "Attendance %", "number", width=14, page_width=58),
    Column("chronically_absent", "Chronically absent", "flag", width=18, page_width=54),
    Column("grade_points", "Grade points", "number", width=12, page_width=0),
    Column("overridden", "Set by hand", "flag", width=12, page_width=0),
)
SUBJECT_AVERAGES = (
    Column("subject_name", "Subject", width=28, page_width=110),
    Column("subject_code", "Code", page_width=40),
    Column("section_name", "Section", width=28, page_width=80),
    Column("percentage", "Average", "number", page_width=50),
    Column("percentage_if_missing_zero", "Missing as 0", "number", width=14, page_width=42),
    Column("grade_letter", "Letter", "letter", page_width=38),
    Column("is_passed", "Passed", "flag", page_width=42),
    Column("graded_count", "Graded", "count", page_width=42),
    Column("missing_count", "Missing", "count", page_width=42),
    Column("overridden", "Set by hand", "flag", width=12, page_width=42),
    Column("override_average", "Average set by hand", "number", width=18, page_width=0),
    Column("override_letter", "Letter set by hand", "letter", width=18, page_width=0),
    Column("uncounted_count", "In no weighted category", "count", width=22, page_width=0),
    Column("brought", "Earlier sections", width=28, page_width=0),
)
CATEGORIES = (
    Column("subject_name", "Subject", width=28, page_width=110),
    Column("section_name", "Section", width=28, page_width=80),
    Column("category_name", "Category", width=28, page_width=110),
    Column("weight", "Weight %", "marks", page_width=50),
    Column("percentage", "Percentage", "number", page_width=52),
    Column("graded", "Graded", "count", page_width=42),
    Column("missing", "Missing", "count", page_width=42),
    Column("dropped", "Dropped", "count", page_width=46),
)
GRADES = (
    Column("subject_name", "Subject", width=28, page_width=90),
    Column("section_name", "Section", width=20, page_width=60),
    Column("exam_name", "Exam", width=28, page_width=90),
    Column("score", "Score", "marks", page_width=40),
    Column("total_marks", "Out of", "marks", page_width=40),
    Column("percentage", "Percentage", "number", page_width=52),
    Column("status", "Status", "status", page_width=46),
    Column("category_name", "Category", width=20, page_width=52),
    Column("counts", "Counts", "flag", page_width=38),
    Column("why_not", "Why not", width=20, page_width=0),
    Column("is_late", "Late", "flag", page_width=0),
    Column("graded_on", "Date", "day", page_width=58),
    Column("remarks", "Remarks", width=40, page_width=90),
)
ATTENDANCE = (
    Column("date", "Date", "day", page_width=70),
    Column("period", "Period", "count", page_width=44),
    Column("section_name", "Section", width=28, page_width=120),
    Column("status", "Status", "status", page_width=60),
    Column("remarks", "Remarks", width=40, page_width=160),
)
# A file of rows says in each what it is as of, so that it stays a rectangle.
# The first says it of rows whose section's figures can't be updated, and is empty in all others.
STAMP = ("set_aside", "as_of", "as_of_time")


def students(*, in_subject: bool, of_one_section: bool) -> tuple[Column, ...]:
    """The columns of a list of standings.

    On a page, one section need not be named in each row, and what a standing has in a subject
    takes the room of what is less to the point there.
    """
    left_out = {"section_name"} if of_one_section else set()
    columns = list(STUDENTS)
    if in_subject:
        columns[4:4] = IN_SUBJECT
        left_out |= {"roll_number", "letter", "chronically_absent"}
    return tuple(
        replace(column, page_width=0) if column.name in left_out else column for column in columns
    )
