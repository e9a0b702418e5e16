"""The attendance register of a section over a span of days."""

from datetime import date, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import as_of, json_response, with_json
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import require_sections
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import path_id, read_query
from classpulse.serve.problems import Problem, not_found
from classpulse.serve.snapshot import Source, snapshot
from classpulse.sql import queries

_SQL = queries("registers")
_USUAL = timedelta(days=13)
_LONGEST = timedelta(days=366)
_SHOWN_DAYS = 10


class Span(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From one day to another, both in it; two weeks up to the last day recorded if left out."""

    from_date: date | None = msgspec.field(name="from", default=None)
    to_date: date | None = msgspec.field(name="to", default=None)


async def register_of(
    source: Source, viewer: Viewer, section_id: int, span: Span
) -> dict[str, Any]:
    """Every student of a section with what was recorded; 404 unless the section is theirs."""
    await require_sections(source, viewer, [section_id])
    async with snapshot(source) as reader:
        bounds = await reader.one(_SQL["bounds"], section_id=section_id)
        if bounds is None:
            raise not_found("section")
        recorded = [bounds[name] for name in ("last_date", "last_whole_day") if bounds[name]]
        first, last = _days(span, max(recorded, default=bounds["today"]))
        asked = {"section_id": section_id, "from_date": first, "to_date": last}
        students = await reader.all(_SQL["register"], **asked)
        return {
            "section_id": section_id,
            "section_name": bounds["section_name"],
            "from": first,
            "to": last,
            "sessions": await reader.all(_SQL["sessions"], **asked),
            "students": [with_json(row, ["marks"]) for row in students],
            **await as_of(reader, [section_id]),
        }


async def days_of(source: Source, viewer: Viewer, section_id: int) -> list[dict[str, Any]]:
    """The newest days of a section's register that hold anything, with how many of each status.

    At most ten, the oldest first; 404 unless the section is theirs.
    """
    await require_sections(source, viewer, [section_id])
    async with snapshot(source) as reader:
        return await reader.all(_SQL["newest_days"], section_id=section_id, days=_SHOWN_DAYS)


def _days(span: Span, newest: date) -> tuple[date, date]:
    first, last = span.from_date, span.to_date
    try:
        if last is None:
            last = newest if first is None else max(newest, first)
            if first is not None:
                last = min(last, first + _LONGEST)
        if first is None:
            first = last - _USUAL
    except OverflowError:
        raise Problem(400, "from and to must be days of our calendar.") from None
    if first > last:
        raise Problem(400, "from must not be after to.", errors=[_error("from", "after to")])
    if last - first > _LONGEST:
        raise Problem(
            400, "Ask for at most 366 days at a time.", errors=[_error("to", "too far from from")]
        )
    return first, last


def _error(parameter: str, detail: str) -> dict[str, str]:
    return {"parameter": parameter, "detail": detail}


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Span)
    section_id = path_id(request, "section_id", "section")
    return json_response(await register_of(request.app.state.database, viewer, section_id, asked))


routes = [Route("/section/{section_id}/attendance", _get)]
