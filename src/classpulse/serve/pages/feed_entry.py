"""Events in words, for the list of the newest. ``static/js/feed-entry.js`` is the live twin."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypedDict

import msgspec

from classpulse.serve.pages.display import shown

Event = Mapping[str, Any]


class _Figures(TypedDict, total=False):
    exam: dict[str, Any] | None


class _Told(TypedDict, total=False):
    type: str
    event: str
    operation: str
    id: str
    position: int
    timestamp: str
    grade_data: dict[str, Any]
    attendance_data: dict[str, Any]
    exam_data: dict[str, Any]
    roster_data: dict[str, Any]
    bulk_data: dict[str, Any]
    grading_data: dict[str, Any]
    performance_data: _Figures


#: Of an event's JSON what is put in words: a small part of it, for most of it are figures.
read_event: Callable[[bytes | msgspec.Raw], Event] = msgspec.json.Decoder(
    _Told, float_hook=Decimal
).decode


def feed_entry(event: Event) -> dict[str, Any] | None:
    """What the list shows of one event: ``id``, ``at``, ``kind``, ``title``, ``text``, ``place``
    and ``student_id``, the student whom the title names, if it names one.

    ``None`` for an event that the list leaves out.
    """
    describe = _WORDS.get(event["type"])
    if describe is None:
        return None
    words = describe(event)
    return words and {"id": event["id"], "at": event["timestamp"], **words}


def grade_change(event: Event) -> tuple[str | None, str]:
    """What a grade was before, if it was anything else, and what it is now."""
    grade = event["grade_data"]
    now, before = _result(grade), _previous_result(grade)
    if event.get("operation") == "delete":
        now, before = "grade removed", before or now
    return before if before != now else None, now


def attendance_change(event: Event) -> tuple[str | None, str]:
    """What an attendance row said before, if it said anything else, and what it says now."""
    row = event["attendance_data"]
    now, before = shown(row.get("status"), "text"), row.get("previous_status")
    if event.get("operation") == "delete":
        now, before = "attendance removed", before or row.get("status")
    return before if before != now else None, now


def roster_change(event: Event) -> str:
    """What became of a student in a section."""
    done = {"student_joined": "joined", "student_left": "left", "student_moved": "moved here"}
    return done.get(event["event"], "student record changed")


def day_of(row: Event) -> str:
    """The day of an attendance row, and its period other than the whole day."""
    period = f", period {shown(row['period'], 'whole')}" if row.get("period") else ""
    return f"{shown(row.get('date'), 'day')}{period}"


def named(name: str | None) -> str:
    """A name inside a sentence, isolated so that its direction does not turn the rest around."""
    return f"\u2068{shown(name, 'text')}\u2069"


def _grade(event: Event) -> dict[str, Any]:
    grade = event["grade_data"]
    work = f"in {named(grade.get('subject_name'))}"
    if grade.get("exam_name"):
        work += f" · {named(grade['exam_name'])}"
    before, now = grade_change(event)
    text = f"{now} {work}{_before(before)}"
    return _of_student("grade", grade, text)


def _result(grade: Event) -> str:
    if grade.get("status") != "graded":
        return shown(grade.get("status"), "text")
    text = f"{shown(grade.get('score'), 'marks')} of {shown(grade.get('total_marks'), 'marks')}"
    return f"{text} ({grade['letter']})" if grade.get("letter") else text


def _previous_result(grade: Event) -> str | None:
    if grade.get("previous_status") in (None, "graded"):
        score = grade.get("previous_score")
        return None if score in (None, grade.get("score")) else shown(score, "marks")
    return str(grade["previous_status"])


def _attendance(event: Event) -> dict[str, Any]:
    row = event["attendance_data"]
    before, now = attendance_change(event)
    return _of_student("attendance", row, f"{now} on {day_of(row)}{_before(before)}")


def _exam(event: Event) -> dict[str, Any]:
    exam = event["exam_data"]
    done = {"exam_created": "new exam", "exam_updated": "exam changed"}.get(
        event["type"], "exam removed"
    )
    day = f", {shown(exam['exam_date'], 'day')}" if exam.get("exam_date") else ""
    text = (
        f"{done} in {named(exam.get('subject_name'))}{day}, "
        f"out of {shown(exam.get('total_marks'), 'marks')}"
    )
    return _words("exam", exam.get("exam_name"), text, exam.get("section_name"))


def _roster(event: Event) -> dict[str, Any]:
    student = event["roster_data"]
    if student.get("section_id") is None:  # in no section (any more): nothing to lead to
        student = {**student, "student_id": None}
    return _of_student("roster", student, roster_change(event))


def _bulk(event: Event) -> dict[str, Any]:
    bulk = event["bulk_data"]
    rows = bulk.get("rows")
    text = "all rows removed" if rows is None else f"{shown(rows, 'whole')} rows changed at once"
    return _words("bulk", bulk.get("section_name"), text, bulk.get("table"))


def _grading(event: Event) -> dict[str, Any] | None:
    rule = event.get("grading_data")
    if rule is None:  # it says what to fetch again, and nothing to people
        return None
    if rule.get("category_name") and not rule["changed"]:  # it has another name, or place in a list
        return None
    changed = {_RULES[column] for column in rule["changed"]}
    moved = rule["letters_changed"]
    letters = "1 letter" if moved == 1 else f"{shown(moved, 'whole') if moved else 'no'} letters"
    text = (
        f"{' and '.join(sorted(changed)) or 'grading'} changed in "
        f"{named(rule.get('subject_name'))}: {letters} moved"
    )
    return _words("grading", rule.get("category_name") or "Grading", text, rule.get("section_name"))


def _of_student(kind: str, row: Event, text: str) -> dict[str, Any]:
    words = _words(kind, row.get("student_name"), text, row.get("section_name"))
    return words | {"student_id": row.get("student_id")}


def _words(kind: str, title: str | None, text: str, place: str | None) -> dict[str, Any]:
    return {"kind": kind, "title": title, "text": text, "place": place, "student_id": None}


def _before(before: str | None) -> str:
    return "" if before is None else f", before: {before}"


_RULES = {"weight": "weight", "drop_lowest": "drops", "drop_highest": "drops"}

_WORDS: dict[str, Callable[[Event], dict[str, Any] | None]] = {
    "grade_update": _grade,
    "attendance_update": _attendance,
    "exam_created": _exam,
    "exam_updated": _exam,
    "exam_deleted": _exam,
    "roster_update": _roster,
    "bulk_update": _bulk,
    "figures_changed": _grading,
}

FEED_TYPES = tuple(_WORDS)
