"""The kept events, newest first, as the viewer's stream showed them."""

import re
from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from databases import Database
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.events import Event
from classpulse.publish.compose import compose, needs_composing
from classpulse.serve.answers import answer, listed
from classpulse.serve.auth import viewer_of
from classpulse.serve.filters import types_of
from classpulse.serve.parameters import Limit, read_query
from classpulse.serve.problems import Problem
from classpulse.serve.scope import rights
from classpulse.serve.snapshot import Reader, Row, snapshot
from classpulse.serve.viewer import Viewer
from classpulse.sql import queries

_SQL = queries("history")
TYPES = (
    "grade_update",
    "attendance_update",
    "exam_created",
    "exam_updated",
    "exam_deleted",
    "roster_update",
    "bulk_update",
    "figures_changed",
    "scope_changed",
)
_OF_A_STUDENT = ["grade_update", "attendance_update", "roster_update"]
# How much of the log one page looks through, and up to what length of it `total` is counted.
_SPAN = 100_000
_ID = re.compile(r"[0-9A-Za-z]{1,40}-([0-9]{1,18})")


class Filters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/events``. ``before`` is an event's id; ``types`` may repeat or hold commas."""

    before: str | None = None
    limit: Limit = 50
    types: Annotated[tuple[str, ...], Meta(max_length=50)] = ()


async def history_of(
    database: Database,
    viewer: Viewer,
    *,
    before: str | None = None,
    limit: int = 50,
    types: Collection[str] = (),
) -> dict[str, Any]:
    """The newest kept events of these types (all without any) before the one of an id.

    ``next`` is the ``before`` of the next page. A page looks through a bounded stretch of the
    log, so it may hold fewer than ``limit`` and still have a ``next``. ``total`` is ``None`` where
    the log is too long to count.
    """
    theirs = {
        **rights(viewer),
        "school_id": viewer.scope.school_id,
        "educator_id": viewer.educator_id,
        "types": sorted(types) or None,
    }
    async with snapshot(database) as reader:
        kept = await reader.only(_SQL["kept"])
        if kept["newest"] is None:
            return await listed(reader, [], total=0, next=None)
        end = kept["newest"] + 1
        if before is not None:
            end = min(end, _position(before))
        start = max(kept["oldest"], end - _SPAN)
        rows = await reader.all(
            _SQL["page"], **theirs, before=end, from_position=start, limit=limit + 1
        )
        page = await listed(
            reader, [_shown(row, viewer) for row in rows[:limit]], total=0, next=None
        )
        epoch = page["as_of"].partition("-")[0]
        if len(rows) > limit:
            page["next"] = f"{epoch}-{rows[limit - 1]['position']}"
        elif start > kept["oldest"]:
            page["next"] = f"{epoch}-{start}"
        short = kept["newest"] - kept["oldest"] < _SPAN
        page["total"] = (await reader.only(_SQL["total"], **theirs))["total"] if short else None
        return page


async def changes_of(reader: Reader, viewer: Viewer, student_id: int, *, limit: int) -> list[Any]:
    """The newest kept changes of one student's rows, newest first, as the viewer's stream showed
    them: grades, attendance, and who they are and where."""
    rows = await reader.all(
        _SQL["of_a_student"],
        **rights(viewer),
        school_id=viewer.scope.school_id,
        student_id=student_id,
        types=_OF_A_STUDENT,
        limit=limit,
    )
    return [_shown(row, viewer) for row in rows]


def _shown(row: Row, viewer: Viewer) -> Any:
    parts = row["parts"]
    event = Event(
        **{
            **row,
            "section_ids": tuple(row["section_ids"]),
            "parts": msgspec.json.decode(parts, type=dict[str, msgspec.Raw]) if parts else None,
        }
    )
    if needs_composing(event):
        return msgspec.Raw(compose(event, viewer.scope.visible(event.section_ids)).encode())
    return msgspec.Raw(event.payload.encode())


def _position(event_id: str) -> int:
    match = _ID.fullmatch(event_id)
    if match is None:
        raise Problem(
            400,
            "before must be the id of an event.",
            errors=[{"parameter": "before", "detail": "not an event's id"}],
        )
    return int(match[1])


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Filters)
    return answer(
        await history_of(
            request.app.state.database,
            viewer,
            before=asked.before,
            limit=asked.limit,
            types=types_of(asked.types, TYPES) if asked.types else (),
        )
    )


routes = [Route("/events", _list)]
