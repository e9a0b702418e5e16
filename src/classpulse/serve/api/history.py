"""The kept events, newest first, as the viewer's stream showed them."""

from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.events import Event, EventId
from classpulse.publish.compose import compose, needs_composing
from classpulse.publish.reader import is_of_few
from classpulse.publish.subscriber import EventFilter
from classpulse.serve.answers import json_response, listed
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import rights
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.event_types import LOGGED, types_of
from classpulse.serve.parameters import Limit, read_query
from classpulse.serve.problems import Problem
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("history")
TYPES = (*LOGGED, "scope_changed")
_OF_A_STUDENT = ["grade_update", "attendance_update", "roster_update"]
# How many events one page looks through where it can't look up what is theirs, and up to how many
# `total` is counted.
_STRETCH = 100_000


class Filters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/events``. ``before`` is an event's id; ``types`` may repeat or hold commas."""

    before: str | None = None
    limit: Limit = 50
    types: Annotated[tuple[str, ...], Meta(max_length=50)] = ()


async def history_of(
    source: Source,
    viewer: Viewer,
    *,
    before: str | None = None,
    limit: int = 50,
    types: Collection[str] = (),
    counted: bool = True,
) -> dict[str, Any]:
    """The newest kept events of these types (all without any) before the one of an id.

    ``next`` is the ``before`` of the next page. Where a viewer's sections are many, a page looks
    through a bounded stretch of the log, so it may hold fewer than ``limit`` and still have a
    ``next``. ``total`` is ``None`` where there is too much to count, and unless ``counted``.
    """
    theirs = {
        **rights(viewer),
        "school_id": viewer.scope.school_id,
        "educator_id": viewer.educator_id,
        "types": sorted(types) or None,
    }
    found = _of_sections if is_of_few(viewer.scope) else _of_stretch
    async with snapshot(source) as reader:
        kept = await reader.only(_SQL["kept"])
        position = None if before is None else _position(before, kept["epoch"])
        if kept["newest"] is None:
            return await listed(reader, [], total=0, next=None)
        end = kept["newest"] + 1
        rows, goes_on_at = await found(
            reader, theirs, end if position is None else min(end, position), limit
        )
        page = await listed(
            reader, [told_to(event_of(row), viewer) for row in rows], total=0, next=None
        )
        if goes_on_at is not None and goes_on_at > kept["oldest"]:
            page["next"] = str(EventId(kept["epoch"], goes_on_at))
        page["total"] = await _count(reader, theirs, viewer, end) if counted else None
        return page


async def _of_sections(
    reader: Reader, theirs: Row, before: int, limit: int
) -> tuple[list[Row], int | None]:
    """The rows of a page, found by section, and before which position the next one begins."""
    rows = await reader.all(
        _SQL["page_of_sections"], **_few(theirs), before=before, limit=limit + 1
    )
    return rows[:limit], rows[limit - 1]["position"] if len(rows) > limit else None


async def _of_stretch(
    reader: Reader, theirs: Row, before: int, limit: int
) -> tuple[list[Row], int | None]:
    """The same of the log as it lies, not further back than a stretch of it."""
    stretch = {"before": before, "stretch": _STRETCH}
    rows = await reader.all(_SQL["page"], **theirs, **stretch, limit=limit + 1)
    if len(rows) > limit:
        return rows[:limit], rows[limit - 1]["position"]
    looked = await reader.only(_SQL["stretch"], **stretch)
    return rows, looked["position"] if looked["events"] == _STRETCH else None


async def _count(reader: Reader, theirs: Row, viewer: Viewer, end: int) -> int | None:
    most = _STRETCH + 1
    if is_of_few(viewer.scope):
        counted = await reader.only(
            _SQL["count_of_sections"], **_few(theirs), before=end, limit=most
        )
        return counted["total"] if counted["total"] < most else None
    kept = await reader.only(_SQL["stretch"], before=end, stretch=most)
    if kept["events"] == most:
        return None
    total: int = (await reader.only(_SQL["count"], **theirs))["total"]
    return total


def _few(theirs: Row) -> Row:
    return {name: value for name, value in theirs.items() if name != "everything"}


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
    event_filter = EventFilter(students=frozenset({student_id}))
    events = [event_of(row) for row in rows]
    return [told_to(event, viewer) for event in events if event_filter.matches(event, viewer.scope)]


def event_of(row: Row) -> Event:
    """A row of the log."""
    parts = row["parts"]
    return Event(
        **{
            **row,
            "section_ids": tuple(row["section_ids"]),
            "former_section_ids": tuple(row["former_section_ids"] or ()),
            "parts": msgspec.json.decode(parts, type=dict[str, msgspec.Raw]) if parts else None,
        }
    )


def told_to(event: Event, viewer: Viewer) -> Any:
    """An event as the viewer's stream shows it, as JSON."""
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
    return json_response(
        await history_of(
            request.app.state.database,
            viewer,
            before=asked.before,
            limit=asked.limit,
            types=types_of(asked.types, TYPES) if asked.types else (),
        )
    )


routes = [Route("/events", _list)]
