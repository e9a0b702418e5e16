"""Since you last looked: what changed, by student and section, in words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.api.changes import Asked, changes_since
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.display import shown
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.query import ViewQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.shell import view
from classpulse.serve.parameters import Cursor
from classpulse.serve.snapshot import Reader

_GROUPS = 100
#: so many exams are named one by one
_NAMED = 5
_FIGURES = (
    ("average", "Average", "percent"),
    ("letter", "Letter", "text"),
    ("attendance_percentage", "Attendance", "percent"),
    ("missing_count", "Missing work", "whole"),
)
_REASONS = {
    "policy": "pass mark or letters changed",
    "grading": "how it is graded changed",
    "structure": "a name, a term or a section changed",
    "term": "a term began or ended",
    "support": "a support was noted or changed",
    "set_aside": "figures can’t be updated for now",
    "restored": "figures are updated again",
}

Line = dict[str, Any]


class ChangesQuery(ViewQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where: an event's id, else the mark."""

    since: str | None = None
    cursor: Cursor | None = None


async def _changes(request: Request, reader: Reader, viewer: Viewer, asked: ChangesQuery) -> Page:
    wanted = Asked(since=asked.since, cursor=asked.cursor, limit=_GROUPS)
    changes = as_json_values(await changes_since(reader, viewer, wanted))
    changes["items"] = [
        {
            **item,
            "key": f"{item['student_id']}-{item['section_id']}",
            "lines": list(lines_of(item)),
        }
        for item in changes["items"]
    ]
    return await view(
        request,
        reader,
        viewer,
        "changes.html",
        of="changes",
        asked=asked,
        figures=changes,
        watched=["*"],
        term_path="/changes",
        context={"changes": changes},
    )


def lines_of(item: Mapping[str, Any]) -> Iterator[Line]:
    """An item as lines: ``what``, ``old`` (``None`` of what is new or not known), ``new``, and how
    many ``changes`` that were."""
    figures = item["figures"] or {"old": None, "new": None}
    old, new = figures["old"] or {}, figures["new"] or {}
    for name, words, form in _FIGURES:
        if old.get(name) is not None and old.get(name) != new.get(name):
            yield _line(words, shown(old[name], form), shown(new.get(name), form))
    for grade in item["grades"]:
        names = [shown(grade["subject_name"], "text"), grade["exam_name"]]
        what = " · ".join(name for name in names if name)
        yield _line(what, _result(grade, "old"), _result(grade, "new") or "", grade["changes"])
    for day in item["attendance"]:
        period = f", period {shown(day['period'], 'whole')}" if day["period"] else ""
        what = f"Attendance, {shown(day['date'], 'day')}{period}"
        yield _line(what, day["old"], day["new"] or "removed", day["changes"])
    if item["roster"]:
        yield _line("Enrollment", None, ", then ".join(item["roster"]))
    yield from _exams(item["exams"])
    for bulk in item["bulk"]:
        rows = (
            "all rows removed" if bulk["rows"] is None else f"{shown(bulk['rows'], 'rows')} at once"
        )
        yield _line(bulk["table"], None, rows, bulk["changes"])
    for again in item["refetch"]:
        where = f" in {shown(again['sections'], 'sections')}" if again["sections"] > 1 else ""
        words = _REASONS.get(again["reason"], "figures changed")
        yield _line(
            "Figures" if again["reason"] != "support" else "Supports",
            None,
            words + where,
            again["changes"],
        )


def _exams(exams: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """Each by its name; many of which the same is to be said are counted."""
    many = Counter(exam["what"] for exam in exams)
    for what, count in many.items():
        if count > _NAMED:
            yield _line("Exams", None, f"{count} {what}")
    for exam in exams:
        if many[exam["what"]] <= _NAMED:
            name = shown(exam["exam_name"], "text")
            yield _line(name, None, f"exam {exam['what']}", exam["changes"])


def _line(what: str, old: str | None, new: str, changes: int = 1) -> Line:
    return {"what": what, "old": old, "new": new, "changes": changes}


def _result(grade: Mapping[str, Any], side: str) -> str | None:
    value = grade[side]
    if value is None:
        return None if side == "old" else "removed"
    if value["status"] != "graded":
        return shown(value["status"], "text")
    text = f"{shown(value['score'], 'marks')} of {shown(grade['total_marks'], 'marks')}"
    # of what it was before only the score is known, the total may have been another
    if side == "old":
        return shown(value["score"], "marks")
    return f"{text} ({value['letter']})" if value["letter"] else text


routes = [Route("/changes", for_viewers(ChangesQuery, _changes))]
