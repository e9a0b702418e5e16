"""The filters of a report as a person would say them."""

from classpulse.serve.api.students import Sort
from classpulse.serve.reports.content import several
from classpulse.serve.reports.report_query import ReportQuery
from classpulse.serve.snapshot import Row

_STATUS = {"pass": "passing", "fail": "failing", "no_data": "without an average"}
_ORDER = {
    ("name", "asc"): "by name",
    ("name", "desc"): "by name, from the last",
    ("last_name", "asc"): "by last name",
    ("last_name", "desc"): "by last name, from the last",
    ("average", "asc"): "by average, lowest first",
    ("average", "desc"): "by average, highest first",
    ("attendance", "asc"): "by attendance, lowest first",
    ("attendance", "desc"): "by attendance, highest first",
    ("roll_number", "asc"): "by roll number",
    ("roll_number", "desc"): "by roll number, highest first",
    ("average_if_missing_zero", "asc"): "by average with missing work as zero, lowest first",
    ("average_if_missing_zero", "desc"): "by average with missing work as zero, highest first",
    ("graded", "asc"): "by graded work, least first",
    ("graded", "desc"): "by graded work, most first",
    ("missing", "asc"): "by missing work, least first",
    ("missing", "desc"): "by missing work, most first",
    ("section", "asc"): "by section",
    ("section", "desc"): "by section, from the last",
}
_SHOWN = 8


def filters_in_words(asked: ReportQuery, names: Row, sort: Sort, *, in_subject: bool) -> list[str]:
    """A sentence or a line for each; ``names`` are those of what was asked for by id.

    ``sort``: by what the list is sorted, asked for or not.
    """
    lines = [*_which(asked, names), *_conditions(asked)]
    if in_subject:
        lines.append("Results, averages and work to filter and sort by are those in the subject")
    return [*lines, f"Listed {_ORDER[sort, asked.order]}"]


def narrows(asked: ReportQuery) -> bool:
    """Whether standings of the report's sections may be missing from its list."""
    return bool(_conditions(asked))


def _which(asked: ReportQuery, names: Row) -> list[str]:
    lines = []
    if asked.section_id:
        word = "Section" if len(names["section_names"]) == 1 else "Sections"
        lines.append(f"{word}: {several(names['section_names'], _SHOWN)}")
    if asked.term is not None:
        lines.append(f"Term: {names['term_name']}")
    elif not asked.section_id:
        lines.append("Sections of the current terms")
    if asked.subject_id:
        word = "Subject" if len(names["subject_names"]) == 1 else "Subjects"
        lines.append(f"{word}: {several(names['subject_names'], _SHOWN)}")
    return lines


def _conditions(asked: ReportQuery) -> list[str]:
    lines = []
    if asked.status is not None:
        lines.append(f"Only those {_STATUS[asked.status]}")
    if asked.min_average is not None:
        lines.append(f"Average at least {asked.min_average:f}")
    if asked.max_average is not None:
        lines.append(f"Average at most {asked.max_average:f}")
    if asked.attendance_below is not None:
        lines.append(f"Attendance below {asked.attendance_below:f}%")
    if asked.q and asked.q.strip():
        lines.append(f"Name, number or e-mail contains “{asked.q.strip()}”")
    return lines
