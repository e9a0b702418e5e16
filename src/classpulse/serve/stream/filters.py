"""What a stream's address asks for."""

from collections.abc import Iterable

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection

from classpulse.publish.resume import Since, parse_id
from classpulse.publish.subscriber import EventFilter
from classpulse.serve.auth.scope import BIGINT, require_sections, require_students, require_subjects
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.event_types import CONTROL, TYPES, types_of
from classpulse.serve.problems import Problem

_IDS = ("section_id", "subject_id", "student_id")
_KNOWN = frozenset({"types", *_IDS, "since", "lastEventId"})


def filter_of(query: QueryParams) -> EventFilter:
    """The filters of a query; a value that means nothing is a 400 problem."""
    types = types_of(query.getlist("types"), TYPES | CONTROL) if "types" in query else None
    sections, subjects, students = (_ids(query, name) for name in _IDS)
    return EventFilter(types, sections, subjects, students)


def check_names(query: QueryParams, extra: Iterable[str] = ()) -> None:
    """A parameter that is not known is a 400 problem: it would be ignored silently."""
    known = _KNOWN.union(extra)
    for name in query:
        if name not in known:
            raise Problem(
                400, f"The parameter {name} is not known. Known are: {', '.join(sorted(known))}."
            )


def since_of(conn: HTTPConnection) -> Since | None:
    """Where to resume: the header ``Last-Event-ID`` wins, then ``since``, then ``lastEventId``.

    A malformed parameter is a 400 problem. A malformed header can't be: a browser would give up
    for good; it gets a reset.
    """
    asked = [_since(conn.query_params, name) for name in ("since", "lastEventId")]
    header = conn.headers.get("last-event-id")
    if header:
        return parse_id(header.strip()) or Since(malformed=True)
    return next((since for since in asked if since is not None), None)


async def require_in_scope(conn: HTTPConnection, viewer: Viewer, event_filter: EventFilter) -> None:
    """404 unless everything filtered on is theirs to see."""
    database = conn.app.state.database
    await require_sections(database, viewer, event_filter.sections or ())
    await require_subjects(database, viewer, event_filter.subjects or ())
    await require_students(database, viewer, event_filter.students or ())


def _since(query: QueryParams, name: str) -> Since | None:
    values = query.getlist(name)
    if not values:
        return None
    since = parse_id(values[0]) if len(values) == 1 else None
    if since is None:
        raise Problem(400, f"{name} must be the id of an event, or 0 for all that is kept.")
    return since


def _ids(query: QueryParams, name: str) -> frozenset[int] | None:
    values = query.getlist(name)
    for value in values:
        if not (value.isascii() and value.isdigit()) or len(value) > 19 or int(value) > BIGINT:
            raise Problem(400, f"{name} must be a whole number, not {value[:40]!r}.")
    return frozenset(map(int, values)) if values else None
