"""Tells who joined a section, left it, or has another name now."""

from collections.abc import Mapping
from typing import Any

from classpulse.project.change import Change, Row
from classpulse.project.event_row import EventRow, spread
from classpulse.project.figures import Figures, totals
from classpulse.project.moved import Move


def enrollment(change: Change, figures: Figures) -> EventRow:
    """An enrollment that came, changed or went."""
    row = change.row
    event = {"insert": "student_joined", "update": "student_updated", "delete": "student_left"}
    rows = {row["section_id"]: row}
    return _roster(change, event[change.operation], row["student_id"], rows, figures)


def move(change: Change, moved: Move, figures: Figures) -> EventRow:
    """A student who left sections for others, as one event. Who sees only one side is told that
    they left, or joined; see ``publish.compose``."""
    student = change.row["student_id"]
    entry = _roster(change, "student_moved", student, moved.joined | moved.left, figures)
    entry.body["operation"] = "update"
    entry.body["from_section_ids"] = list(moved.left)
    entry.body["to_section_ids"] = list(moved.joined)
    entry.former_sections = tuple(moved.left)
    parts = entry.parts or {}
    for section in moved.joined:
        parts[section] |= {"operation": "insert", "event": "student_joined"}
    for section in moved.left:
        parts[section] |= {"operation": "delete", "event": "student_left"}
    return entry


def student(change: Change, figures: Figures) -> EventRow:
    """A student that came, changed or went, for all sections that they are in."""
    row, old = change.row, change.old
    event = "student_updated"
    if change.operation == "delete":
        event = "student_left"
    elif old is not None and old["is_active"] != row["is_active"]:
        event = "student_joined" if row["is_active"] else "student_left"
    sections = figures.enrollments.get(row["id"], []) if change.operation == "update" else []
    return _roster(change, event, row["id"], {section: {} for section in sections}, figures)


def _roster(
    change: Change, event: str, student: int, rows: Mapping[int, Row], figures: Figures
) -> EventRow:
    """``rows`` are the enrollments that are told, by their sections, as far as they are known."""
    known = figures.students.get(student, {})
    head = {
        "operation": change.operation,
        "student_id": student,
        "student_name": known.get("name"),
        "section_ids": list(rows),
    }
    entry = EventRow(
        change.at,
        "roster_update",
        event,
        head,
        school=figures.student_schools.get(student),
        student=student,
    )
    if not rows:
        entry.body["roster_data"] = {
            "student_id": student,
            "student_name": known.get("name"),
            "student_number": known.get("student_number"),
            "section_id": None,
            "section_name": None,
        }
        return entry
    parts: dict[int, dict[str, Any]] = {}
    for section, row in rows.items():
        standing = figures.standings.get((student, section))
        parts[section] = {
            "roster_data": {
                "student_id": student,
                "student_name": known.get("name"),
                "student_number": known.get("student_number"),
                "section_id": section,
                "section_name": figures.section_names.get(section),
                "roll_number": row.get("roll_number") or (standing and standing["roll_number"]),
            },
            "performance_data": {
                **totals(section, figures),
                "student": standing,
                "section": figures.sections.get(section),
            },
        }
    return spread(entry, parts)
