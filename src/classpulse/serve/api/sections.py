"""Sections: a list, and one with its performers."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import (
    as_of,
    json_response,
    listed,
    no_performers,
    performers,
    with_json,
)
from classpulse.serve.api.listing import BY_NAME, Listing, parameters, take
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import require_sections, sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import NoParameters, path_id, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("sections")
_JSON = ("grade_distribution", "subject_averages", "coverage")
_BRIEF = (
    "section_id",
    "section_name",
    "total_students",
    "passed_students",
    "failed_students",
    "no_data",
    "pass_rate",
    "average_score",
    "highest_score",
    "lowest_score",
    "attendance_average",
    "grade_distribution",
)


async def summaries_of(
    reader: Reader, sections: list[int], asked: Listing = BY_NAME, *, limit: int | None = None
) -> list[Row]:
    """The counts and scores of these sections, all by name if not otherwise ``asked``, without
    lists inside of them."""
    rows = await reader.all(
        _SQL["page"], sections=sections, brief=True, **parameters(asked, limit=limit)
    )
    return [
        with_json({name: row[name] for name in _BRIEF}, ["grade_distribution"])
        for row in rows
        if row["section_id"] is not None
    ]


async def section_names(reader: Reader, sections: list[int]) -> list[Row]:
    """``id`` and ``name`` of each of these sections by name."""
    return await reader.all(_SQL["names"], sections=sections)


async def educators_of(reader: Reader, section_id: int) -> list[str]:
    """The names of those who teach a section that the viewer sees."""
    rows = await reader.all(_SQL["educators"], section_id=section_id)
    return [row["name"] for row in rows]


async def sections_listed(
    source: Source, viewer: Viewer, asked: Listing, *, with_performers: bool = True
) -> dict[str, Any]:
    """A page of somebody's sections, each with its performers or without."""
    async with snapshot(source) as reader:
        sections = await sections_in_view(reader, viewer, asked.term)
        rows = await reader.all(
            _SQL["page"],
            sections=sections,
            brief=False,
            **parameters(asked, limit=asked.limit + 1),
        )
        page, total, next_page = take(rows, asked, "section_id")
        items = [with_json(row, _JSON) for row in page]
        shown = [row["section_id"] for row in items]
        if with_performers:
            best = await performers(reader, shown, each=True)
            items = [row | best.get(row["section_id"], no_performers()) for row in items]
        return await listed(reader, items, total=total, next=next_page, sections=shown)


async def section_of(source: Source, viewer: Viewer, section_id: int) -> dict[str, Any]:
    """One section whole; 404 unless it is theirs."""
    await require_sections(source, viewer, [section_id])
    async with snapshot(source) as reader:
        row = await reader.one(_SQL["one"], section_id=section_id)
        if row is None:
            raise not_found("section")
        best = await performers(reader, [section_id])
        return {**with_json(row, _JSON), **best[None], **await as_of(reader, [section_id])}


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Listing)
    return json_response(await sections_listed(request.app.state.database, viewer, asked))


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    section_id = path_id(request, "section_id", "section")
    return json_response(await section_of(request.app.state.database, viewer, section_id))


routes = [Route("/sections", _list), Route("/section/{section_id}", _get)]
