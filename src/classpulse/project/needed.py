"""What has to be loaded so that the changes of a batch can be told."""

from collections.abc import Collection, Mapping

from classpulse.project.change import Change, Row
from classpulse.project.figures import Needed

Memberships = Mapping[int, Collection[int]]


def needed_by(changes: list[Change], memberships: Memberships, asked: Needed) -> None:
    """Add to ``asked`` what telling these changes will want to know.

    ``memberships`` are the sections of students whose whole-day rows, or own rows, are among them.
    """
    for change in changes:
        if change.operation == "truncate":
            continue
        if change.operation == "bulk":
            if change.section_id is not None:
                asked.sections.add(change.section_id)
            for student in set(change.student_ids):
                asked.students.add(student)
                asked.sections.update(memberships.get(student, ()))
            continue
        for row in change.rows:
            _ask_of_row(change.source, row, memberships, asked)


def _ask_of_row(source: str, row: Row, memberships: Memberships, asked: Needed) -> None:
    match source:
        case "grades":
            student, section, subject = row["student_id"], row["section_id"], row["subject_id"]
            asked.subjects.add((section, subject))
            asked.marks.add((student, section, subject))
            asked.subject_names.add(subject)
            if row["exam_id"] is not None:
                asked.exams.add(row["exam_id"])
            if row.get("category_id") is not None:
                asked.categories.add(row["category_id"])
        case "exams":
            asked.exams.add(row["id"])
            asked.sections.add(row["section_id"])
            asked.subjects.add((row["section_id"], row["subject_id"]))
            asked.subject_names.add(row["subject_id"])
            return
        case "attendance" | "enrollments":
            student, section = row["student_id"], row["section_id"]
        case "students":
            student, section = row["id"], None
        case _:
            return
    asked.students.add(student)
    for mine in memberships.get(student, ()) if section is None else (section,):
        asked.pairs.add((student, mine))
        asked.sections.add(mine)
