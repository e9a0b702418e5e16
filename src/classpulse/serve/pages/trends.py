"""Lines over the weeks of a term, as the views show them."""

from typing import Any

from classpulse.serve.api.trends import Metric, Subject, points_in, window_of
from classpulse.serve.auth.scope import all_sections
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.charts import weeks_line
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.snapshot import Reader, Row
from classpulse.sql import queries

_SQL = queries("trends")
_LINES: dict[Metric, str] = {
    "average": "Average",
    "pass_rate": "Pass rate",
    "attendance": "Attendance",
}


async def trends_shown(
    reader: Reader, viewer: Viewer, subject: Subject, *, earlier: bool
) -> dict[str, Any]:
    """A line for each figure that has at least 3 values; ``complete`` as in the API.

    ``earlier``: with the term before, of sections of the same name.
    """
    # whether one student passes is no rate
    metrics = [metric for metric in _LINES if metric != "pass_rate" or subject.student_id is None]
    now, complete = await points_in(reader, subject, metrics, await window_of(reader, subject))
    former: dict[Metric, list[Row]] = {}
    before = await _before(reader, viewer, subject) if earlier else None
    if before is not None and before.sections:
        former, _ = await points_in(reader, before, metrics, await window_of(reader, before))
    lines = [
        {"name": _LINES[metric], "line": line}
        for metric in metrics
        for line in [
            weeks_line(as_json_values(now[metric]), as_json_values(former.get(metric, [])))
        ]
        if line is not None
    ]
    return {"lines": lines, "complete": complete, "earlier": earlier}


async def _before(reader: Reader, viewer: Viewer, subject: Subject) -> Subject:
    theirs = await all_sections(reader, viewer)
    row = await reader.only(_SQL["earlier"], sections=subject.sections, theirs=theirs)
    return Subject(row["section_ids"], subject.student_id, subject.subject_id)
