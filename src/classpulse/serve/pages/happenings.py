"""Events in words, for the list of the newest. ``static/js/happenings.js`` is the live twin."""

from collections.abc import Callable, Mapping
from typing import Any

from classpulse.serve.pages.display import shown

Event = Mapping[str, Any]


def happening(event: Event) -> dict[str, Any] | None:
    """What the list shows of an event: ``id``, ``at``, ``kind``, ``title``, ``text``, ``place``.

    ``None`` for a type that the list leaves out.
    """
    describe = _WORDS.get(event["type"])
    if describe is None:
        return None
    return {"id": event["id"], "at": event["timestamp"], **describe(event)}


def _grade(event: Event) -> dict[str, Any]:
    grade = event["grade_data"]
    work = f"in {_named(grade.get('subject_name'))}"
    if grade.get("exam_name"):
        work += f" · {_named(grade['exam_name'])}"
    now, before = _result(grade), _previous_result(grade)
    if event.get("operation") == "delete":
        now, before = "grade removed", before or now
    return _words(
        "grade",
        grade.get("student_name"),
        f"{now} {work}{_before(before, now)}",
        grade.get("section_name"),
    )


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
    now, before = shown(row.get("status"), "text"), row.get("previous_status")
    if event.get("operation") == "delete":
        now, before = "attendance removed", before or row.get("status")
    period = f", period {shown(row['period'], 'whole')}" if row.get("period") else ""
    return _words(
        "attendance",
        row.get("student_name"),
        f"{now} on {shown(row.get('date'), 'day')}{period}{_before(before, now)}",
        row.get("section_name"),
    )


def _exam(event: Event) -> dict[str, Any]:
    exam = event["exam_data"]
    done = {"exam_created": "new exam", "exam_updated": "exam changed"}.get(
        event["type"], "exam removed"
    )
    day = f", {shown(exam['exam_date'], 'day')}" if exam.get("exam_date") else ""
    text = (
        f"{done} in {_named(exam.get('subject_name'))}{day}, "
        f"out of {shown(exam.get('total_marks'), 'marks')}"
    )
    return _words("exam", exam.get("exam_name"), text, exam.get("section_name"))


def _roster(event: Event) -> dict[str, Any]:
    student = event["roster_data"]
    done = {"student_joined": "joined", "student_left": "left"}.get(
        event["event"], "student record changed"
    )
    return _words("roster", student.get("student_name"), done, student.get("section_name"))


def _bulk(event: Event) -> dict[str, Any]:
    bulk = event["bulk_data"]
    rows = bulk.get("rows")
    text = "all rows removed" if rows is None else f"{shown(rows, 'whole')} rows changed at once"
    return _words("bulk", bulk.get("section_name"), text, bulk.get("table"))


def _words(kind: str, title: str | None, text: str, place: str | None) -> dict[str, Any]:
    return {"kind": kind, "title": title, "text": text, "place": place}


def _before(before: str | None, now: str) -> str:
    return "" if before is None or before == now else f", before: {before}"


def _named(name: str | None) -> str:
    """A name inside a sentence, isolated so that its direction does not turn the rest around."""
    return f"\u2068{shown(name, 'text')}\u2069"


_WORDS: dict[str, Callable[[Event], dict[str, Any]]] = {
    "grade_update": _grade,
    "attendance_update": _attendance,
    "exam_created": _exam,
    "exam_updated": _exam,
    "exam_deleted": _exam,
    "roster_update": _roster,
    "bulk_update": _bulk,
}

HAPPENING_TYPES = tuple(_WORDS)
