"""A student's card: the dialog that lies over a view."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from classpulse.serve.api.grade_history import history_in
from classpulse.serve.api.history import changes_of
from classpulse.serve.api.student import recorded_days, student_in
from classpulse.serve.api.supports import Filters, supports_in
from classpulse.serve.api.trends import Subject as Trend
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.card_history import change_in_words, entry_shown
from classpulse.serve.pages.card_why import brought, counting, set_by_hand, why
from classpulse.serve.pages.charts import calendar, line
from classpulse.serve.pages.display import ordinal
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.links import Links
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.trends import trends_shown
from classpulse.serve.parameters import NoParameters, Term, path_id
from classpulse.serve.snapshot import Reader, Source, snapshot

_WEEKS = 16
_NEWEST = 10
_ENTRIES = 30
_SUPPORTS = 20


async def card_of(source: Source, viewer: Viewer, student_id: int) -> dict[str, Any]:
    """What the card shows; 404 unless the student is theirs to see."""
    async with snapshot(source) as reader:
        student = as_json_values(await student_in(reader, viewer, student_id))
        days = as_json_values(await recorded_days(reader, viewer, student_id, weeks=_WEEKS))
        changes = as_json_values(await changes_of(reader, viewer, student_id, limit=_NEWEST))
        trends = {
            standing["section_id"]: await trends_shown(
                reader,
                viewer,
                Trend([standing["section_id"]], student_id=student_id),
                earlier=False,
            )
            for standing in student["standings"]
        }
        rows = await history_in(reader, viewer, student_id, since=None, limit=_ENTRIES)
        history = as_json_values(rows)
        asked = Filters(student_id=(student_id,), limit=_SUPPORTS)
        supports = as_json_values(await supports_in(reader, viewer, asked))
    # of a student in one section it need not be said at each line that it was there
    only = {standing["section_name"] for standing in student["standings"]}
    known = only.pop() if len(only) == 1 else None
    told = [change_in_words(event, student_id) for event in changes]
    return {
        "student": student,
        "standings": [
            {**_standing(student, standing), "trends": trends[standing["section_id"]]}
            for standing in student["standings"]
        ],
        "calendar": calendar(days),
        "changes": [
            change | {"place": None} if change["place"] == known else change for change in told
        ],
        "history": [entry_shown(entry) for entry in history],
        "supports": supports,
    }


def _standing(student: Mapping[str, Any], standing: Mapping[str, Any]) -> dict[str, Any]:
    key = f"{student['id']}-{standing['section_id']}"
    return {
        **standing,
        "set_by_hand": set_by_hand(standing),
        "key": key,
        "place": ordinal(standing["rank"]),
        "subjects": [
            _subject(key, subject)
            for subject in student["subject_grades"]
            if subject["section_id"] == standing["section_id"]
        ],
    }


def _subject(standing_key: str, subject: Mapping[str, Any]) -> dict[str, Any]:
    works = [{**grade, "name": grade["exam_name"]} for grade in reversed(subject["grades"])]
    query = f"section_id={subject['section_id']}&subject_id={subject['subject_id']}"
    student_id = standing_key.partition("-")[0]
    return {
        **subject,
        "grades": [{**grade, "counting": counting(grade)} for grade in subject["grades"]],
        "why": why(subject),
        "set_by_hand": set_by_hand(subject),
        "brought": brought(subject),
        "proof": f"/api/v1/performance/student/{student_id}/proof?{query}",
        "key": f"{standing_key}-{subject['subject_id']}",
        "line": line(works),
    }


async def _whole(request: Request, _: Reader, viewer: Viewer, __: NoParameters) -> Response:
    """A student's own address: their card over the list of all."""
    student_id = path_id(request, "student_id", "student")
    return RedirectResponse(f"/students?student={student_id}", 303)


async def _card(request: Request, reader: Reader, viewer: Viewer, asked: Term) -> Page:
    """The card alone, for a page that is open."""
    student_id = path_id(request, "student_id", "student")
    card = await card_of(reader, viewer, student_id)
    links = Links(request, asked.term, "/students")
    return Page("card.html", {"card": card, "links": links, "who": viewer.educator_id})


routes = [
    Route("/students/{student_id}", for_viewers(NoParameters, _whole)),
    Route("/students/{student_id}/card", for_viewers(Term, _card)),
]
