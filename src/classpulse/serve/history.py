"""The kept events, newest first, as the viewer's stream showed them."""

from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from databases import Database
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.events import Event, EventId
from classpulse.publish.compose import compose, needs_composing
from classpulse.publish.subscriber import Wanted
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
        position = None if before is None else _position(before, kept["epoch"])
        if kept["newest"] is None:
            return await listed(reader, [], total=0, next=None)
        end = kept["newest"] + 1
        if position is not None:
            end = min(end, position)
        start = max(kept["oldest"], end - _SPAN)
        rows = await reader.all(
            _SQL["page"], **theirs, before=end, from_position=start, limit=limit + 1
        )
        page = await listed(
            reader, [_shown(_event(row), viewer) for row in rows[:limit]], total=0, next=None
        )
        if len(rows) > limit:
            page["next"] = str(EventId(kept["epoch"], rows[limit - 1]["position"]))
        elif start > kept["oldest"]:
            page["next"] = str(EventId(kept["epoch"], start))
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
    wanted = Wanted(students=frozenset({student_id}))
    events = [_event(row) for row in rows]
    return [_shown(event, viewer) for event in events if wanted.matches(event, viewer.scope)]


def _event(row: Row) -> Event:
    parts = row["parts"]
    return Event(
        **{
            **row,
            "section_ids": tuple(row["section_ids"]),
            "former_section_ids": tuple(row["former_section_ids"] or ()),
            "parts": msgspec.json.decode(parts, type=dict[str, msgspec.Raw]) if parts else None,
        }
    )


def _shown(event: Event, viewer: Viewer) -> Any:
    if needs_composing(event):
        return msgspec.Raw(compose(event, viewer.scope.visible(event.section_ids)).encode())
    return msgspec.Raw(event.payload.encode())


def _position(before: str, epoch: str) -> int:
    known = EventId.parse(before)
    if known is None:
        raise Problem(
            400,
            "before must be the id of an event.",
            errors=[{"parameter": "before", "detail": "not an event's id"}],
        )
    if known.epoch != epoch:
        raise Problem(
            400,
            "before is the id of an event from before the database was restored or replaced:"
            " start again without it.",
            errors=[{"parameter": "before", "detail": "an id of another epoch"}],
        )
    return known.position


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
