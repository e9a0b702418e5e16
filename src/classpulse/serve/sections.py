"""Sections: a list, and one with its performers."""

from typing import Any

from databases import Database
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import cursors
from classpulse.serve.answers import (
    answer,
    as_of,
    listed,
    no_performers,
    performers,
    with_json,
)
from classpulse.serve.auth import viewer_of
from classpulse.serve.parameters import NoParameters, PagingOfTerm, path_id, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.scope import require_sections, sections_in_view
from classpulse.serve.snapshot import Reader, Row, snapshot
from classpulse.serve.viewer import Viewer
from classpulse.sql import queries

_SQL = queries("sections")
_JSON = ("grade_distribution", "subject_averages")
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


class After(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A list by name goes on after this one; ``name`` is what it is sorted by."""

    name: str
    id: int


async def summaries_of(reader: Reader, sections: list[int]) -> list[Row]:
    """The counts and scores of all these sections by name, without lists inside of them."""
    rows = await reader.all(
        _SQL["page"], sections=sections, after_name=None, after_id=None, limit=None, brief=True
    )
    return [with_json({name: row[name] for name in _BRIEF}, ["grade_distribution"]) for row in rows]


async def section_names(reader: Reader, sections: list[int]) -> list[Row]:
    """``id`` and ``name`` of each of these sections by name."""
    return await reader.all(_SQL["names"], sections=sections)


async def sections_listed(
    database: Database, viewer: Viewer, asked: PagingOfTerm, *, with_performers: bool = True
) -> dict[str, Any]:
    """A page of somebody's sections by name, each with its performers or without."""
    after = cursors.read(asked.cursor, After)
    async with snapshot(database) as reader:
        sections = await sections_in_view(reader, viewer, asked.term)
        rows = await reader.all(
            _SQL["page"],
            sections=sections,
            after_name=after.name if after else None,
            after_id=after.id if after else None,
            limit=asked.limit + 1,
            brief=False,
        )
        keys = [row.pop("name_key") for row in rows]
        items = [with_json(row, _JSON) for row in rows[: asked.limit]]
        if with_performers:
            best = await performers(reader, [row["section_id"] for row in items], each=True)
            items = [row | best.get(row["section_id"], no_performers()) for row in items]
        return await listed(
            reader,
            items,
            total=len(sections),
            sections=[row["section_id"] for row in items],
            next=cursors.write(After(keys[len(items) - 1], items[-1]["section_id"]))
            if len(rows) > len(items)
            else None,
        )


async def section_of(database: Database, viewer: Viewer, section_id: int) -> dict[str, Any]:
    """One section whole; 404 unless it is theirs."""
    await require_sections(database, viewer, [section_id])
    async with snapshot(database) as reader:
        row = await reader.one(_SQL["one"], section_id=section_id)
        if row is None:
            raise not_found("section")
        best = await performers(reader, [section_id])
        return {**with_json(row, _JSON), **best[None], **await as_of(reader, [section_id])}


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, PagingOfTerm)
    return answer(await sections_listed(request.app.state.database, viewer, asked))


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    section_id = path_id(request, "section_id", "section")
    return answer(await section_of(request.app.state.database, viewer, section_id))


routes = [Route("/sections", _list), Route("/section/{section_id}", _get)]
