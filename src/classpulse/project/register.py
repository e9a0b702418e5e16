"""Tells a row of attendance, to each section that it counts in."""

from typing import Any

from classpulse.project.change import Change, Row
from classpulse.project.event_row import EventRow, spread
from classpulse.project.figures import Figures
from classpulse.project.moved import former, previous_keys
from classpulse.project.shortened import shown_remark

Part = dict[str, Any]


def attendance(change: Change, figures: Figures) -> EventRow:
    """An attendance row that came, changed, moved or went."""
    row, old = change.row, change.old
    entry = EventRow(
        change.at,
        "attendance_update",
        "attendance_updated",
        {},
        school=figures.student_schools.get(row["student_id"]),
        student=row["student_id"],
        former_student=former("student_id", row, old),
    )
    now_in = _sections_of(row, figures)
    was_in = _sections_of(old, figures) if old is not None else ()
    entry.former_sections = tuple(section for section in was_in if section not in now_in)
    parts = {
        section: _part(
            change.operation, change.new, old, section, figures, was_here=section in was_in
        )
        for section in now_in
    }
    for section in entry.former_sections:
        parts[section] = _part("delete", None, old, section, figures, was_here=True)
    if not parts:
        entry.body = _part(change.operation, change.new, old, None, figures, was_here=True)
    return spread(entry, parts)


def _sections_of(row: Row, figures: Figures) -> tuple[int, ...]:
    """Where an attendance row counts: in its section, or in all that the student is in."""
    if row["section_id"] is not None:
        return (row["section_id"],)
    return tuple(dict.fromkeys(figures.enrollments.get(row["student_id"], [])))


def _part(
    operation: str,
    new: Row | None,
    old: Row | None,
    section: int | None,
    figures: Figures,
    *,
    was_here: bool,
) -> Part:
    row = new or old
    assert row is not None
    student = row["student_id"]
    here = old if was_here else None
    standing = figures.standings.get((student, section)) if section is not None else None
    of_section = figures.sections.get(section) if section is not None else None
    performance: Part = {"section_id": section, "student": standing, "section": of_section}
    if here is not None and here["student_id"] != student and section is not None:
        performance["previous"] = {"student": figures.standings.get((here["student_id"], section))}
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
            "status": new["status"] if new else None,
            "previous_status": old["status"] if old else None,
            "remarks": shown_remark(row.get("remarks")),
            "attendance_percentage": standing and standing["attendance_percentage"],
            "section_attendance_percentage": of_section and of_section["attendance_average"],
            **previous_keys(row, here, "student_id"),
        },
        "performance_data": performance,
    }
