"""A table of standings as a page lays it out: its columns, their order, and its rows."""

from collections.abc import Mapping
from typing import Any

from classpulse.serve.api.students import Sorted
from classpulse.serve.pages.query import RosterQuery

# By what each column is sorted, its words, and which way its first click sorts.
_COLUMNS = (
    ("roll_number", "No.", "asc"),
    ("name", "Student", "asc"),
    ("section", "Section", "asc"),
    ("average", "Average", "desc"),
    ("average_if_missing_zero", "Missing as 0", "desc"),
    ("graded", "Graded", "desc"),
    ("missing", "Missing", "desc"),
    ("attendance", "Attendance", "asc"),
)


def roster(
    students: Mapping[str, Any],
    asked: RosterQuery,
    order: Sorted,
    *,
    of_subject: bool = False,
    several_sections: bool = False,
    choices: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The table of a page of standings.

    ``of_subject``: with each standing's average in that subject. ``several_sections``: with a
    column that says which. ``choices``: further filters by section and subject.
    """
    left_out = {"roll_number"} if several_sections else {"section"}
    return {
        "rows": [_row(student, of_subject=of_subject) for student in students["items"]],
        "total": students["total"],
        "next": students["next"],
        "is_filtered": asked.is_filtered or any(choice["chosen"] for choice in choices or ()),
        "of_subject": of_subject,
        "several_sections": several_sections,
        "choices": choices or [],
        "columns": [
            _column(column, words, first, asked.order, order)
            for column, words, first in _COLUMNS
            if column not in left_out
        ],
    }


def _column(column: str, words: str, first: str, direction: str, order: Sorted) -> dict[str, Any]:
    """The column of the students sorts by the name that the list goes by."""
    sort = order.by_its_names if column == "name" else column
    is_sorted = sort == order.sort
    return {
        "name": column,
        "sort": sort,
        "words": words,
        "next_order": _turned(direction) if is_sorted else first,
        "sorted": _SORTED[direction] if is_sorted else None,
        "title": _TITLES.get(sort),
    }


_TITLES = {"name": "By first name", "last_name": "By last name"}
_SORTED = {"asc": "ascending", "desc": "descending"}


def _turned(order: str) -> str:
    return "desc" if order == "asc" else "asc"


def _row(student: Mapping[str, Any], *, of_subject: bool) -> dict[str, Any]:
    """A standing with the names of the records that its cells show."""
    standing = f"standing:{student['id']}-{student['section_id']}"
    row = {**student, "key": f"{student['id']}-{student['section_id']}", "record": standing}
    if of_subject:
        grade = student["subject_grade"]
        row["subject_record"] = (
            f"mark:{student['id']}-{student['section_id']}-{grade['subject_id']}"
        )
    return row
