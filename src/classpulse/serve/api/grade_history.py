"""Who changed a grade, an attendance row or an override, from what to what, newest first."""

from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import json_response, listed
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import all_sections, require_students, rights
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Limit, path_id, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("grade_history")
Moment = Annotated[str, Meta(max_length=40)]


class OfGrade(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/grade/{id}/history``."""

    limit: Limit = 50


class OfStudent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/student/{id}/history``. ``since``: a moment, or the beginning of a day in UTC."""

    since: Moment | None = None
    limit: Limit = 50

    def __post_init__(self) -> None:
        if self.since is not None and _moment(self.since) is None:
            raise ValueError("since must be a moment like 2025-10-20 or 2025-10-20T15:30:00Z")


async def history_of_grade(
    source: Source, viewer: Viewer, grade_id: int, *, limit: int
) -> dict[str, Any]:
    """What happened to a grade in the viewer's sections; 404 where there was none.

    One that was written in bulk and never changed since has no history.
    """
    async with snapshot(source) as reader:
        theirs = {**rights(viewer), "grade_id": grade_id}
        rows = await reader.all(_SQL["of_a_grade"], **theirs, limit=limit)
        if not rows and not (await reader.only(_SQL["grade"], **theirs))["is_there"]:
            raise not_found("grade")
        return await listed(reader, rows, total=len(rows), next=None)


async def history_of_student(
    source: Source, viewer: Viewer, student_id: int, *, since: datetime | None, limit: int
) -> dict[str, Any]:
    """What happened to a student's rows in the viewer's sections; 404 unless they are theirs."""
    async with snapshot(source) as reader:
        await require_students(reader, viewer, [student_id])
        rows = await history_in(reader, viewer, student_id, since=since, limit=limit)
        return await listed(reader, rows, total=len(rows), next=None)


async def history_in(
    reader: Reader, viewer: Viewer, student_id: int, *, since: datetime | None, limit: int
) -> list[Row]:
    """The same, in the snapshot of an answer that holds more."""
    return await reader.all(
        _SQL["of_a_student"],
        student_id=student_id,
        everything=viewer.scope.everything,
        sections=await all_sections(reader, viewer),
        since=since,
        limit=limit,
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        return None


async def _grade(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, OfGrade)
    grade_id = path_id(request, "grade_id", "grade")
    return json_response(
        await history_of_grade(request.app.state.database, viewer, grade_id, limit=asked.limit)
    )


async def _student(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, OfStudent)
    student_id = path_id(request, "student_id", "student")
    return json_response(
        await history_of_student(
            request.app.state.database,
            viewer,
            student_id,
            since=None if asked.since is None else _moment(asked.since),
            limit=asked.limit,
        )
    )


routes = [
    Route("/grade/{grade_id}/history", _grade),
    Route("/student/{student_id}/history", _student),
]
