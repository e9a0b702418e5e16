"""Lines over the weeks of a term, as the views show them."""

from typing import Any

from classpulse.serve.api.trends import (
    Metric,
    Subject,
    points_in,
    window_of,
)
from classpulse.serve.auth.scope import all_sections
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.charts import weeks_line
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.snapshot import Reader
from classpulse.sql import queries

_SQL = queries("trends")
_LINES: tuple[tuple[Metric, str], ...] = (
    ("average", "Average"),
    ("pass_rate", "Pass rate"),
    ("attendance", "Attendance"),
)


async def trends_shown(
    reader: Reader, viewer: Viewer, subject: Subject, *, earlier: bool
) -> dict[str, Any]:
    """A line for each figure that has at least 3 values; ``complete`` as in the API.

    ``earlier``: with the term before, of sections of the same name where it is about one section.
    """
    before = await _before(reader, viewer, subject) if earlier else None
    window = await window_of(reader, subject)
    lines: list[dict[str, Any]] = []
    complete = True
    for metric, name in _LINES:
        if metric == "pass_rate" and subject.student_id is not None:
            continue
        found = as_json_values(await points_in(reader, subject, metric, window))
        complete = found["complete"]
        former = []
        if before is not None and before.sections:
            then = await points_in(reader, before, metric, await window_of(reader, before))
            former = as_json_values(then)["points"]
        line = weeks_line(found["points"], former)
        if line is not None:
            lines.append({"name": name, "line": line})
    return {"lines": lines, "complete": complete, "earlier": earlier}


async def _before(reader: Reader, viewer: Viewer, subject: Subject) -> Subject:
    is_one_section = len(subject.sections) == 1 and subject.subject_id is None
    row = await reader.only(
        _SQL["earlier"],
        sections=subject.sections,
        theirs=await all_sections(reader, viewer),
        same_name=is_one_section,
    )
    return Subject(row["section_ids"], subject.student_id, subject.subject_id)
