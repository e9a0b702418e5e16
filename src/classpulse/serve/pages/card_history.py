"""What changed of one student, old → new, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from classpulse.serve.pages.display import shown
from classpulse.serve.pages.feed_entry import roster_change

Event = Mapping[str, Any]


def change_in_words(event: Event, student_id: int) -> dict[str, Any]:
    """What a student's card shows of an event: ``id``, ``at``, ``what``, ``old``, ``new``,
    ``place``.

    ``old`` is ``None`` of what is new, and where the old value is not known. Of a row that went
    to somebody else only that is shown: what became of it is not this student's.
    """
    words = _WORDS[event["type"]](event)
    if event.get(_ROWS[event["type"]], {}).get("previous_student_id") == student_id:
        words |= {"new": "moved to another student"}
    return {"id": event["id"], "at": event["timestamp"], **words}


def entry_shown(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A change of a row: what it was, from what to what."""
    about = entry["exam_name"] or entry["subject_name"] or entry["date"]
    kind = _KINDS[entry["kind"]]
    return {
        **entry,
        "what": f"{kind}: {about}" if about else kind,
        "before": _side(entry, "old", gone=entry["operation"] == "insert"),
        "after": _side(entry, "new", gone=entry["operation"] in ("delete", "truncate")),
    }


def _grade(event: Event) -> dict[str, Any]:
    grade = event["grade_data"]
    names = [shown(grade.get("subject_name"), "text")]
    if grade.get("exam_name"):
        names.append(grade["exam_name"])
    return {
        "what": " · ".join(names),
        "old": _old_result(event, grade),
        "new": "removed" if event["operation"] == "delete" else _result(grade),
        "place": grade.get("section_name"),
    }


def _result(grade: Event) -> str:
    if grade.get("status") != "graded":
        return shown(grade.get("status"), "text")
    text = f"{shown(grade.get('score'), 'marks')} of {shown(grade.get('total_marks'), 'marks')}"
    return f"{text} ({grade['letter']})" if grade.get("letter") else text


def _old_result(event: Event, grade: Event) -> str | None:
    if event["operation"] == "insert" or grade.get("previous_status") is None:
        return None
    if grade["previous_status"] != "graded":
        old = str(grade["previous_status"])
    else:
        old = shown(grade.get("previous_score"), "marks")
    same = event["operation"] == "update" and (
        grade["previous_status"] == grade.get("status")
        and grade.get("previous_score") == grade.get("score")
    )
    # the total, the exam or a remark changed, and of these the log keeps no old value
    return None if same else old


def _attendance(event: Event) -> dict[str, Any]:
    row = event["attendance_data"]
    period = f", period {shown(row['period'], 'whole')}" if row.get("period") else ""
    old = row.get("previous_status") if event["operation"] != "insert" else None
    new = "removed" if event["operation"] == "delete" else shown(row.get("status"), "text")
    return {
        "what": f"Attendance, {shown(row.get('date'), 'day')}{period}",
        "old": None if old == new else old,
        "new": new,
        "place": "whole day" if row.get("whole_day") else row.get("section_name"),
    }


def _roster(event: Event) -> dict[str, Any]:
    student = event["roster_data"]
    new = roster_change(event)
    return {"what": "Enrollment", "old": None, "new": new, "place": student.get("section_name")}


_ROWS = {
    "grade_update": "grade_data",
    "attendance_update": "attendance_data",
    "roster_update": "roster_data",
}
_WORDS: dict[str, Callable[[Event], dict[str, Any]]] = {
    "grade_update": _grade,
    "attendance_update": _attendance,
    "roster_update": _roster,
}


_KINDS = {"grade": "Grade", "attendance": "Attendance", "override": "Set by hand"}


def _side(entry: Mapping[str, Any], side: str, *, gone: bool) -> str:
    if gone:
        return "–"
    status, score = entry[f"{side}_status"], entry[f"{side}_score"]
    total = entry[f"{side}_total"]
    if score is None:
        return shown(status, "text")
    if entry["kind"] == "override":
        letter = f", {status}" if status else ""
        return f"{shown(score, 'percent')}{letter}"
    of = f" of {shown(total, 'marks')}" if total is not None else ""
    return f"{shown(score, 'marks')}{of}"
