"""Tells a captured change as an event, with the figures that resulted."""

from collections.abc import Callable
from typing import Any

from classpulse.capture.change import Change, Row
from classpulse.project.entry import Entry, spread
from classpulse.project.figures import Figures, percentage, totals
from classpulse.project.roster import enrollment, student

Part = dict[str, Any]


def tell(change: Change, figures: Figures) -> list[Entry]:
    """The events of one change: one, or one a section for a bulk change, or none."""
    if change.operation == "bulk":
        return _bulk(change, figures)
    teller = _TELLERS.get(change.source)
    if teller is None or change.operation == "truncate":
        return []
    return [teller(change, figures)]


def _grade(change: Change, figures: Figures) -> Entry:
    row, old = change.row, change.old
    moved_from = old["section_id"] if old and old["section_id"] != row["section_id"] else None
    entry = Entry(
        change.at,
        "grade_update",
        "grade_updated",
        {},
        school=figures.schools.get(row["section_id"]),
        student=row["student_id"],
        subject=row["subject_id"],
    )
    parts = {row["section_id"]: _grade_part(change.operation, change.new, old, figures)}
    if moved_from is not None:
        parts[moved_from] = _grade_part("delete", None, old, figures)
    return spread(entry, parts)


def _grade_part(operation: str, new: Row | None, old: Row | None, figures: Figures) -> Part:
    row = new or old
    assert row is not None
    student, section, subject = row["student_id"], row["section_id"], row["subject_id"]
    now: Row = new or {}
    shown = percentage(now.get("score"), row["total_marks"])
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
        "status": now.get("status"),
        "score": now.get("score"),
        "total_marks": row["total_marks"],
        "percentage": shown,
        "letter": figures.letter(section, shown),
        "previous_score": old["score"] if old else None,
        "previous_status": old["status"] if old else None,
        "graded_on": row.get("graded_on"),
        "remarks": row.get("remarks"),
    }
    if old is not None and old["student_id"] != student:
        grade["previous_student_id"] = old["student_id"]
    of_section = figures.sections.get(section)
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
            "section": of_section,
            "subject": of_subject,
            "exam": figures.exam(row["exam_id"], section),
        },
    }


def _attendance(change: Change, figures: Figures) -> Entry:
    row = change.row
    student = row["student_id"]
    entry = Entry(
        change.at,
        "attendance_update",
        "attendance_updated",
        {},
        school=figures.student_schools.get(student),
        student=student,
    )
    sections: list[int] = []
    for side in change.rows:
        own = side["section_id"]
        sections += [own] if own is not None else figures.enrollments.get(side["student_id"], [])
    parts = {
        section: _attendance_part(change, section, figures) for section in dict.fromkeys(sections)
    }
    if not parts:
        entry.body = _attendance_part(change, None, figures)
    return spread(entry, parts)


def _attendance_part(change: Change, section: int | None, figures: Figures) -> Part:
    row, old = change.row, change.old
    student = row["student_id"]
    operation, now = change.operation, change.new
    if (
        section is not None
        and now is not None
        and now["section_id"] is not None
        and now["section_id"] != section
    ):
        operation, now = "delete", None
    standing = figures.standings.get((student, section)) if section is not None else None
    of_section = figures.sections.get(section) if section is not None else None
    return {
        "operation": operation,
        "attendance_data": {
            "attendance_id": row["id"],
            "student_id": student,
            "student_name": figures.students.get(student, {}).get("name"),
            "section_id": section,
            "section_name": figures.section_names.get(section) if section is not None else None,
            "date": row["date"],
            "period": row.get("period"),
            "whole_day": row["section_id"] is None,
            "status": now["status"] if now else None,
            "previous_status": old["status"] if old else None,
            "remarks": row.get("remarks"),
            "attendance_percentage": standing and standing["attendance_percentage"],
            "section_attendance_percentage": of_section and of_section["attendance_average"],
        },
        "performance_data": {"section_id": section, "student": standing, "section": of_section},
    }


def _exam(change: Change, figures: Figures) -> Entry:
    row, old = change.row, change.old
    event = {"insert": "exam_created", "update": "exam_updated", "delete": "exam_deleted"}
    name = event[change.operation]
    entry = Entry(
        change.at,
        name,
        name,
        {},
        school=figures.schools.get(row["section_id"]),
        subject=row["subject_id"],
    )
    parts = {row["section_id"]: _exam_part(change.operation, row, figures)}
    if old is not None and old["section_id"] != row["section_id"]:
        parts[old["section_id"]] = _exam_part("delete", old, figures)
    return spread(entry, parts)


def _exam_part(operation: str, row: Row, figures: Figures) -> Part:
    section, subject = row["section_id"], row["subject_id"]
    return {
        "operation": operation,
        "exam_data": {
            "exam_id": row["id"],
            "exam_name": row["name"],
            "subject_id": subject,
            "subject_name": figures.subject_names.get(subject),
            "exam_date": row.get("exam_date"),
            "total_marks": row["total_marks"],
            "section_id": section,
            "section_name": figures.section_names.get(section),
        },
        "performance_data": {
            "section_id": section,
            "section": figures.sections.get(section),
            "subject": figures.subjects.get((section, subject)),
            "exam": figures.exam(row["id"], section) if operation != "delete" else None,
        },
    }


def _bulk(change: Change, figures: Figures) -> list[Entry]:
    if change.section_id is not None:
        counts = {change.section_id: change.row_count}
    else:
        counts = {}
        for student in change.student_ids:
            for section in figures.enrollments.get(student, []):
                counts[section] = counts.get(section, 0) + 1
    return [bulk_entry(change, section, rows, figures) for section, rows in counts.items()]


def bulk_entry(change: Change, section: int, rows: int | None, figures: Figures) -> Entry:
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
    return Entry(
        change.at,
        "bulk_update",
        "bulk_changed",
        body,
        school=figures.schools.get(section),
        sections=(section,),
    )


_TELLERS: dict[str, Callable[[Change, Figures], Entry]] = {
    "grades": _grade,
    "attendance": _attendance,
    "exams": _exam,
    "enrollments": enrollment,
    "students": student,
}
