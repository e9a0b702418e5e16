"""One student, over the standings that the viewer may see."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import as_of, json_response, with_json
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import all_sections, rights, wide_school
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import NoParameters, path_id, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("students")


async def student_of(source: Source, viewer: Viewer, student_id: int) -> dict[str, Any]:
    """One student whole; 404 unless they are in one of the viewer's sections or at their school."""
    async with snapshot(source) as reader:
        return await student_in(reader, viewer, student_id)


async def student_in(reader: Reader, viewer: Viewer, student_id: int) -> dict[str, Any]:
    """The same, in the snapshot of an answer that holds more."""
    theirs = await _theirs(reader, viewer, student_id)
    student = await reader.one(
        _SQL["student"],
        **(rights(viewer) | theirs),
        school_id=wide_school(viewer),
    )
    if student is None:
        raise not_found("student")
    means = await reader.only(_SQL["means"], **theirs)
    rows = await reader.all(_SQL["standings"], **theirs)
    standings = [with_json(row, ["coverage"]) for row in rows]
    grades = await reader.all(_SQL["subject_grades"], **theirs)
    recorded = with_json(await reader.only(_SQL["attendance"], **theirs), ["recent"])
    averages = means.pop("averages")
    return {
        **student,
        **with_json(means, ["coverage", "earlier"]),
        "average_label": _label(averages),
        **_attendance(standings, recorded),
        "standings": standings,
        "subject_grades": [with_json(row, ["categories", "carried", "grades"]) for row in grades],
        "attendance": recorded,
        **await as_of(reader, [standing["section_id"] for standing in standings]),
    }


async def recorded_days(
    reader: Reader, viewer: Viewer, student_id: int, *, weeks: int
) -> list[Row]:
    """Attendance of the last ``weeks`` up to the newest day recorded, the oldest first.

    In the viewer's sections and for the whole day; weeks begin on Monday.
    """
    return await reader.all(_SQL["days"], **await _theirs(reader, viewer, student_id), weeks=weeks)


async def _theirs(reader: Reader, viewer: Viewer, student_id: int) -> dict[str, Any]:
    return {"student_id": student_id, "sections": await all_sections(reader, viewer)}


def _label(averages: int) -> str:
    match averages:
        case 0:
            return "no average yet"
        case 1:
            return "average of 1 section"
        case n:
            return f"mean of {n} sections"


def _attendance(standings: list[Row], recorded: Row) -> Row:
    """Of one standing its own figures; of several each recorded row once, whole days too."""
    shown = ("attendance_percentage", "attendance_percentage_unexcused")
    if len(standings) == 1:
        return {name: standings[0][name] for name in shown}
    return dict(zip(shown, (recorded["percentage"], recorded["percentage_unexcused"]), strict=True))


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    student_id = path_id(request, "student_id", "student")
    return json_response(await student_of(request.app.state.database, viewer, student_id))


routes = [Route("/student/{student_id}", _get)]
