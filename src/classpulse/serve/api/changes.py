"""What changed since an educator last looked, by student and section, old → new."""

from collections.abc import Iterable
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.events import Event, EventId
from classpulse.publish.reader import is_of_few
from classpulse.publish.resume import Since, parse_id
from classpulse.serve import cursors
from classpulse.serve.answers import json_response, listed
from classpulse.serve.api.change_groups import Group, Groups, Place, Told, figures_in, read_told
from classpulse.serve.api.history import event_of, told_to
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import rights
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.event_types import LOGGED
from classpulse.serve.parameters import Cursor, Limit, NoParameters, read_body, read_query
from classpulse.serve.problems import Problem
from classpulse.serve.snapshot import Reader, Row, Source, one_statement, snapshot
from classpulse.sql import queries

_SQL = queries("since")
#: events that one answer groups; and how many of anybody's it looks through for them
MOST_EVENTS = 2_000
STRETCH = 20_000

_Position = Annotated[int, Meta(ge=0, le=2**62)]
_GAPS = {
    "expired": "What happened before this is no longer kept, so it is not in this list.",
    "epoch": "The database was restored or replaced since: this list holds all that is kept.",
    "ahead": "The log was set back since: this list holds all that is kept.",
}


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/changes``. ``since``: an event's id, or ``0`` for all that is kept; without it the
    mark of the educator, and without one all that is kept."""

    since: Annotated[str, Meta(max_length=100)] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class Mark(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``PUT …/changes/mark``: read up to this event. It moves back only if that is asked for."""

    id: Annotated[str, Meta(max_length=100)]
    back: bool = False


class After(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on after the event at a position; within the events up to ``up_to``, where
    that is set, after so many ``groups``."""

    epoch: str
    after: _Position
    up_to: _Position | None = None
    groups: Annotated[int, Meta(ge=0, le=10**6)] = 0


async def changes_since(source: Source, viewer: Viewer, asked: Asked) -> dict[str, Any]:
    """What changed since an event in what the viewer may see, the oldest first.

    Up to :data:`MOST_EVENTS` are taken at a time, and what they did to a student in a section is
    one item; ``next`` goes on with the rest of their items, then with the events that follow.
    ``total`` is known where one time held all. ``through`` is the id up to which everything has
    been listed once this page and those before it were read: what to mark. ``gap`` says what can't
    be listed, and why.
    """
    async with snapshot(source) as reader:
        log = await reader.only(_SQL["log"], educator_id=viewer.educator_id)
        place, gap = _begin(asked, log)
        events, through = await _events(reader, viewer, place, log["newest"])
        groups = Groups(
            told for event in events if event.type in LOGGED for told in _told(event, viewer)
        ).in_order
        page = groups[place.groups : place.groups + asked.limit]
        is_last = through == log["newest"]
        items = await _items(reader, viewer, page, place.after, is_last=is_last)
        rest = place.groups + len(page)
        next_page, listed_to = None, through
        if rest < len(groups):
            next_page = cursors.write(After(log["epoch"], place.after, through, rest))
            listed_to = place.after
        elif through < log["newest"]:
            next_page = cursors.write(After(log["epoch"], through))
        is_whole = asked.cursor is None and is_last
        sections = {group.section_id for group in page if group.section_id is not None}
        return {
            **await listed(
                reader,
                items,
                total=len(groups) if is_whole else None,
                next=next_page,
                sections=sections,
            ),
            "since": str(EventId(log["epoch"], place.after)),
            "through": str(EventId(log["epoch"], listed_to)),
            "mark": _mark_in(log),
            "gap": gap,
        }


def _begin(asked: Asked, log: Row) -> tuple[After, dict[str, Any] | None]:
    """Where the list begins, and what is missing before that."""
    cursor = cursors.read(asked.cursor, After)
    since: Since | None
    if cursor is not None:
        since = Since(cursor.epoch, cursor.after)
    elif asked.since is not None:
        since = parse_id(asked.since)
        if since is None:
            raise Problem(
                400,
                "since must be the id of an event, or 0 for all that is kept.",
                errors=[{"parameter": "since", "detail": "not an event's id"}],
            )
    elif log["mark_epoch"] is not None:
        since = Since(log["mark_epoch"], log["mark_position"])
    else:
        since = Since()
    if since.epoch is None:
        return After(log["epoch"], log["start"]), None
    reason = None
    if since.epoch != log["epoch"]:
        reason = "epoch"
    elif since.position > log["newest"]:
        reason = "ahead"
    elif since.position < log["start"]:
        reason = "expired"
    if reason is None:
        return cursor or After(since.epoch, since.position), None
    gap = {
        "reason": reason,
        "detail": _GAPS[reason],
        "kept_since": log["kept_since"],
    }
    return After(log["epoch"], log["start"]), gap


async def _events(
    reader: Reader, viewer: Viewer, place: After, newest: int
) -> tuple[list[Event], int]:
    """The viewer's next events, and up to where they are all of them."""
    up_to = newest if place.up_to is None else min(place.up_to, newest)
    where = {
        **rights(viewer),
        "school_id": viewer.scope.school_id,
        "after": place.after,
        "up_to": up_to,
        "limit": MOST_EVENTS,
    }
    if is_of_few(viewer.scope):
        rows = await reader.all(_SQL["of_sections"], **where)
    else:
        rows = await reader.all(_SQL["of_stretch"], **where, stretch=STRETCH)
    places = [row.pop("place") for row in rows]
    if len(rows) == MOST_EVENTS:
        up_to = places[-1]
    elif not is_of_few(viewer.scope):
        looked = await reader.one(_SQL["end_of_stretch"], **where, stretch=STRETCH)
        up_to = looked["position"] if looked else up_to
    # of a place in the list whose event is gone there is nothing to tell
    return [event_of(row) for row in rows if row["position"] is not None], up_to


def _told(event: Event, viewer: Viewer) -> Iterable[Told]:
    """An event as the viewer's stream showed it, each section's part for itself."""
    if event.section_ids and not viewer.scope.visible(event.section_ids):
        # whatever the list of sections says: rows of the log may have been exchanged by hand
        return ()
    return read_told(told_to(event, viewer))


async def _items(
    reader: Reader, viewer: Viewer, groups: list[Group], after: int, *, is_last: bool
) -> list[dict[str, Any]]:
    standings = [
        (group.student_id, group.section_id)
        for group in groups
        if group.student_id is not None and group.section_id is not None
    ]
    before: dict[Place, Any] = {}
    now: dict[Place, Any] | None = None
    if standings:
        those = {
            "students": [student for student, _ in standings],
            "in_sections": [section for _, section in standings],
        }
        if is_last:
            now = {
                (row.pop("student_id"), row.pop("section_id")): row
                for row in await reader.all(_SQL["figures_now"], **those)
            }
        for row in await reader.all(_SQL["figures_before"], **those, after=after, stretch=STRETCH):
            key = row.pop("asked_student"), row.pop("asked_section")
            for told in _told(event_of(row), viewer):
                if told.place == key:
                    before[key] = figures_in(told)
    sections = {group.section_id for group in groups if group.section_id is not None}
    # the events name the others, as they were called when they were last seen here
    students = {
        group.student_id
        for group in groups
        if group.student_id is not None and group.student_name is None
    }
    names: dict[tuple[str, int], str] = {}
    if sections or students:
        found = await reader.all(_SQL["names"], sections=list(sections), students=list(students))
        names = {(row["kind"], row["id"]): row["name"] for row in found}
    return [group.item(names, before, now) for group in groups]


def _mark_in(log: Row) -> dict[str, Any] | None:
    if log["mark_epoch"] is None:
        return None
    return {
        "id": str(EventId(log["mark_epoch"], log["mark_position"])),
        "at": log["mark_at"],
    }


async def marked(source: Source, viewer: Viewer, mark: Mark) -> dict[str, Any]:
    """Note that the viewer has read up to an event; the mark as it is then.

    It stays where it is if it is further on, unless ``back`` is asked for. 422 for an id that the
    log does not know.
    """
    known = EventId.parse(mark.id)
    async with one_statement(source) as reader:
        log = await reader.only(_SQL["log"], educator_id=viewer.educator_id)
        if known is None:
            raise _no_mark("must be the id of an event")
        if known.epoch != log["epoch"]:
            raise _no_mark("is from before the database was restored: load the list again")
        if known.position > log["newest"]:
            raise _no_mark("is of an event that is not there yet")
        await reader.all(
            _SQL["mark"],
            educator_id=viewer.educator_id,
            epoch=known.epoch,
            position=known.position,
            back=mark.back,
        )
        after = await reader.only(_SQL["log"], educator_id=viewer.educator_id)
    return {"mark": _mark_in(after)}


def _no_mark(what: str) -> Problem:
    return Problem(422, f"id {what}.", errors=[{"body": "id", "detail": what}])


async def _changes(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Asked)
    return json_response(await changes_since(request.app.state.database, viewer, asked))


async def _mark(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    mark = await read_body(request, Mark)
    return json_response(await marked(request.app.state.database, viewer, mark))


routes = [
    Route("/changes", _changes),
    Route("/changes/mark", _mark, methods=["PUT"]),
]
