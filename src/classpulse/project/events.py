"""Tells a captured change as an event, with the figures that resulted."""

from collections.abc import Callable
from typing import Any

from classpulse.project.change import Change, Row
from classpulse.project.event_row import EventRow, spread
from classpulse.project.figures import Figures, percentage, totals
from classpulse.project.moved import former, previous_keys
from classpulse.project.register import attendance
from classpulse.project.roster import enrollment, student
from classpulse.project.shortened import shown_name, shown_remark

Part = dict[str, Any]


def tell(change: Change, figures: Figures) -> list[EventRow]:
    """The events of one change: one, or one a section for a bulk change, or none."""
    if change.operation == "bulk":
        return _bulk(change, figures)
    teller = _EVENT_OF.get(change.source)
    if teller is None or change.operation == "truncate":
        return []
    return [teller(change, figures)]


def _grade(change: Change, figures: Figures) -> EventRow:
    row, old = change.row, change.old
    entry = EventRow(
        change.at,
        "grade_update",
        "grade_updated",
        {},
        school=figures.schools.get(row["section_id"]),
        student=row["student_id"],
        subject=row["subject_id"],
        former_student=former("student_id", row, old),
        former_subject=former("subject_id", row, old),
    )
    moved_from = former("section_id", row, old)
    if moved_from is None or old is None:
        part = _grade_part(change.operation, change.new, old, figures)
        return spread(entry, {row["section_id"]: part})
    entry.former_sections = (moved_from,)
    return spread(
        entry,
        {
            row["section_id"]: _grade_part(change.operation, change.new, old, figures),
            moved_from: _grade_part("delete", None, old, figures),
        },
    )


def _grade_part(operation: str, new: Row | None, old: Row | None, figures: Figures) -> Part:
    row = new or old
    assert row is not None
    student, section, subject = row["student_id"], row["section_id"], row["subject_id"]
    # a change that was captured by a release without categories has none
    category: Any = row.get("category_id")
    now: Row = new or {}
    is_graded = now.get("status") == "graded"
    shown = percentage(now["score"], now["total_marks"]) if is_graded else None
    # one who sees only where it came to learns nothing of where it was
    here = old if old is not None and old["section_id"] == section else None
    grade = {
        "grade_id": row["id"],
        "student_id": student,
        "student_name": figures.students.get(student, {}).get("name"),
        "section_id": section,
        "section_name": figures.section_names.get(section),
        "subject_id": subject,
        "subject_name": figures.subject_names.get(subject),
        "exam_id": row["exam_id"],
        "exam_name": figures.exam_names.get(row["exam_id"]),
        "category_id": category,
        "category_name": figures.category_names.get(category),
        "status": now.get("status"),
        "score": now.get("score"),
        "total_marks": row["total_marks"],
        "percentage": shown,
        "letter": figures.letter(section, subject, shown),
        "previous_score": old["score"] if old else None,
        "previous_status": old["status"] if old else None,
        "graded_on": row.get("graded_on"),
        "remarks": shown_remark(row.get("remarks")),
        **previous_keys(row, here, "student_id", "subject_id", "exam_id"),
    }
    of_subject = figures.subjects.get((section, subject))
    standing = figures.standings.get((student, section))
    return {
        "operation": operation,
        "grade_data": grade,
        "performance_data": {
            "student_average": standing and standing["average_score"],
            "student_letter": standing and standing["letter"],
            "subject_average": of_subject and of_subject["average_score"],
            **totals(section, figures),
            "student": standing,
            "student_subject": figures.marks.get((student, section, subject)),
            "section": figures.sections.get(section),
            "subject": of_subject,
            "exam": figures.exam(row["exam_id"], section),
            **_previous_figures(row, here, figures),
        },
    }


def _previous_figures(row: Row, old: Row | None, figures: Figures) -> Part:
    """The figures of what a row of this section left, where it left something."""
    if old is None:
        return {}
    student, section, subject = old["student_id"], old["section_id"], old["subject_id"]
    found: Part = {}
    if student != row["student_id"]:
        found["student"] = figures.standings.get((student, section))
    if subject != row["subject_id"]:
        found["subject"] = figures.subjects.get((section, subject))
    if found:
        found["student_subject"] = figures.marks.get((student, section, subject))
    if old["exam_id"] != row["exam_id"]:
        found["exam"] = figures.exam(old["exam_id"], section)
    return {"previous": found} if found else {}


def _exam(change: Change, figures: Figures) -> EventRow:
    row, old = change.row, change.old
    event = {"insert": "exam_created", "update": "exam_updated", "delete": "exam_deleted"}
    name = event[change.operation]
    entry = EventRow(
        change.at,
        name,
        name,
        {},
        school=figures.schools.get(row["section_id"]),
        subject=row["subject_id"],
        former_subject=former("subject_id", row, old),
    )
    moved_from = former("section_id", row, old)
    parts = {
        row["section_id"]: _exam_part(
            change.operation, row, old if moved_from is None else None, figures
        )
    }
    if moved_from is not None and old is not None:
        entry.former_sections = (moved_from,)
        parts[moved_from] = _exam_part("delete", old, None, figures)
    return spread(entry, parts)


def _exam_part(operation: str, row: Row, old: Row | None, figures: Figures) -> Part:
    section, subject = row["section_id"], row["subject_id"]
    previous: Part = {}
    if old is not None and old["subject_id"] != subject:
        previous["previous"] = {"subject": figures.subjects.get((section, old["subject_id"]))}
    return {
        "operation": operation,
        "exam_data": {
            "exam_id": row["id"],
            "exam_name": shown_name(row["name"]),
            "subject_id": subject,
            "subject_name": figures.subject_names.get(subject),
            "exam_date": row.get("exam_date"),
            "total_marks": row["total_marks"],
            "section_id": section,
            "section_name": figures.section_names.get(section),
            **previous_keys(row, old, "subject_id"),
        },
        "performance_data": {
            "section_id": section,
            "section": figures.sections.get(section),
            "subject": figures.subjects.get((section, subject)),
            "exam": figures.exam(row["id"], section) if operation != "delete" else None,
            **previous,
        },
    }


def _bulk(change: Change, figures: Figures) -> list[EventRow]:
    if change.section_id is not None:
        counts = {change.section_id: change.row_count}
    else:
        counts = {}
        for student in change.student_ids:
            for section in figures.enrollments.get(student, []):
                counts[section] = counts.get(section, 0) + 1
    return [bulk_entry(change, section, rows, figures) for section, rows in counts.items()]


def bulk_entry(change: Change, section: int, rows: int | None, figures: Figures) -> EventRow:
    """Many rows of one section at once; ``rows`` is unknown of a truncation."""
    bulk = {
        "section_id": section,
        "section_name": figures.section_names.get(section),
        "table": change.source,
        "rows": rows,
    }
    body = {
        **bulk,
        "bulk_data": bulk,
        "performance_data": {
            **totals(section, figures),
            "section": figures.sections.get(section),
        },
    }
    return EventRow(
        change.at,
        "bulk_update",
        "bulk_changed",
        body,
        school=figures.schools.get(section),
        sections=(section,),
    )


_EVENT_OF: dict[str, Callable[[Change, Figures], EventRow]] = {
    "grades": _grade,
    "attendance": attendance,
    "exams": _exam,
    "enrollments": enrollment,
    "students": student,
}
