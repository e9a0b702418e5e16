"""What makes events alike, so that a list may show them as one entry.

``static/js/grouping.js`` is the live twin.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from classpulse.serve.pages.display import shown
from classpulse.serve.pages.feed_entry import (
    Event,
    attendance_change,
    day_of,
    grade_change,
    named,
    roster_change,
)


@dataclass(frozen=True, slots=True)
class Grouping:
    """What is the same of all events of a ``group``, and what the newest of them says.

    Where no figures give the ``text``, it counts what became of each row: ``row`` of this one,
    unless it is a ``is_minor`` beside what became of the row before.
    """

    group: str
    title: str | None
    place: str | None
    student: Event
    change: str
    row: tuple[str, str]
    text: str | None = None
    is_minor: bool = False


def grouping_of(event: Event) -> Grouping | None:
    """None of an event that always stands alone."""
    find = _GROUPINGS.get(event["type"])
    return None if find is None else find(event)


def counted(kind: str, rows: Mapping[str, str]) -> str:
    """How many rows came to what, in words; each row counts with the newest of it."""
    counts = Counter(rows.values())
    text = ", ".join(
        f"{shown(counts[state], 'whole')} {one if counts[state] == 1 else many}"
        for state, one, many in _STATES[kind]
        if counts[state]
    )
    return f"{text} so far" if kind == "attendance" else text


def _grade(event: Event) -> Grouping | None:
    grade = event["grade_data"]
    section, exam_id = grade.get("section_id"), grade.get("exam_id")
    if section is None:
        return None
    title = grade.get("subject_name")
    if exam_id is not None:
        title = f"{named(grade.get('exam_name'))} · {named(title)}"
    group, text = f"grades {section} {grade.get('subject_id')} {exam_id or ''}", None
    exam = event.get("performance_data", {}).get("exam")
    if exam is not None:
        group = f"exam {section} {exam_id}"
        text = (
            f"{shown(exam['graded'], 'whole')} of {shown(exam['students'], 'whole')} graded, "
            f"average {shown(exam['average'], 'percent')}"
        )
    state = "removed" if event.get("operation") == "delete" else "there"
    return Grouping(
        group,
        title,
        grade.get("section_name"),
        grade,
        _arrow(*grade_change(event)),
        (str(grade.get("grade_id")), state),
        text,
    )


def _attendance(event: Event) -> Grouping | None:
    row = event["attendance_data"]
    section = row.get("section_id")
    if section is None:
        return None
    state = "removed" if event.get("operation") == "delete" else str(row.get("status"))
    return Grouping(
        f"attendance {section} {row.get('date')} {row.get('period') or 0}",
        f"{named(row.get('section_name'))} · {day_of(row)}",
        "attendance",
        row,
        _arrow(*attendance_change(event)),
        (str(row.get("attendance_id")), state),
    )


def _roster(event: Event) -> Grouping | None:
    student = event["roster_data"]
    section = student.get("section_id")
    if section is None:
        return None
    return Grouping(
        f"roster {section}",
        student.get("section_name"),
        "students",
        student,
        roster_change(event),
        (str(student.get("student_id")), event["event"]),
        is_minor=event["event"] == "student_updated",
    )


def _arrow(before: str | None, now: str) -> str:
    return now if before is None else f"{before} → {now}"


_GROUPINGS: dict[str, Callable[[Event], Grouping | None]] = {
    "grade_update": _grade,
    "attendance_update": _attendance,
    "roster_update": _roster,
}

#: what can become of a row, and the words for one and for many
_STATES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "grade": (
        ("there", "grade", "grades"),
        ("removed", "grade removed", "grades removed"),
    ),
    "attendance": (
        *((status, status, status) for status in ("present", "late", "absent", "excused")),
        ("removed", "removed", "removed"),
    ),
    "roster": (
        ("student_joined", "student joined", "students joined"),
        ("student_left", "student left", "students left"),
        ("student_moved", "student moved", "students moved"),
        ("student_updated", "student record changed", "student records changed"),
    ),
}
