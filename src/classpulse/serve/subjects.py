"""Subjects, each merged over the sections in view."""

from typing import Any

import msgspec
from databases import Database
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import cursors
from classpulse.serve.answers import answer, as_of, listed, no_letters, with_json
from classpulse.serve.auth import viewer_of
from classpulse.serve.parameters import PagingOfTerm, Term, path_id, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.scope import all_sections, rights, sections_in_view, wide_school
from classpulse.serve.sections import After
from classpulse.serve.snapshot import Reader, Row, snapshot
from classpulse.serve.viewer import Viewer
from classpulse.sql import queries

_SQL = queries("subjects")
_JSON = ("grade_distribution", "sections_performance")
_NO_FIGURES: dict[str, Any] = {
    "total_students": 0,
    "standings": 0,
    "passed_students": 0,
    "failed_students": 0,
    "no_data": 0,
    "pass_rate": None,
    "average_score": None,
    "highest_score": None,
    "lowest_score": None,
    "attendance_average": None,
}


async def subject_in(reader: Reader, sections: list[int], subject_id: int) -> Row | None:
    """The figures of one subject of these sections; none where none of them has it."""
    found = await _rows(reader, sections, only=subject_id)
    return await _shown(reader, found[0]) if found else None


async def summaries_of(reader: Reader, sections: list[int]) -> list[Row]:
    """The figures of all their subjects by name, without those of each section."""
    rows = await _rows(reader, sections, each=False)
    for row in rows:
        del row["sections_performance"]
    return [await _shown(reader, row) for row in rows]


async def subject_names(reader: Reader, sections: list[int]) -> list[Row]:
    """``id`` and ``name`` of each subject of these sections by name."""
    return await reader.all(_SQL["names"], sections=sections)


async def subjects_listed(
    database: Database, viewer: Viewer, asked: PagingOfTerm
) -> dict[str, Any]:
    """A page of the subjects of somebody's sections by name."""
    after = cursors.read(asked.cursor, After)
    async with snapshot(database) as reader:
        sections = await sections_in_view(reader, viewer, asked.term)
        rows = await _rows(reader, sections, after=after, limit=asked.limit + 1)
        keys = [row["name_key"] for row in rows]
        items = [await _shown(reader, row) for row in rows[: asked.limit]]
        total = await reader.only(_SQL["total"], sections=sections)
        return await listed(
            reader,
            items,
            total=total["total"],
            sections=sections,
            next=cursors.write(After(keys[len(items) - 1], items[-1]["subject_id"]))
            if len(rows) > len(items)
            else None,
        )


async def subject_of(
    database: Database, viewer: Viewer, subject_id: int, *, term: int | None = None
) -> dict[str, Any]:
    """One subject whole; 404 unless it is taught in one of their sections or at their school."""
    async with snapshot(database) as reader:
        sections = await sections_in_view(reader, viewer, term)
        row = await subject_in(reader, sections, subject_id)
        if row is None:
            row = await without_figures(reader, viewer, subject_id)
        return {**row, **await as_of(reader, sections)}


async def _rows(
    reader: Reader,
    sections: list[int],
    *,
    only: int | None = None,
    after: After | None = None,
    limit: int | None = None,
    each: bool = True,
) -> list[Row]:
    return await reader.all(
        _SQL["page"],
        sections=sections,
        only=only,
        after_name=after.name if after else None,
        after_id=after.id if after else None,
        limit=limit,
        each=each,
    )


async def _shown(reader: Reader, row: Row) -> Row:
    del row["name_key"]
    if row["grade_distribution"] is None:
        row["grade_distribution"] = await no_letters(reader, row["school_id"])
    return with_json(row, [name for name in _JSON if isinstance(row.get(name), str)])


async def without_figures(reader: Reader, viewer: Viewer, subject_id: int) -> Row:
    """A subject of theirs that no section in view has: of another term, or not begun yet.

    404 where it is not theirs either.
    """
    theirs = rights(viewer) | {"sections": await all_sections(reader, viewer)}
    named = await reader.one(
        _SQL["named"], subject_id=subject_id, school_id=wide_school(viewer), **theirs
    )
    if named is None:
        raise not_found("subject")
    return {
        **named,
        **_NO_FIGURES,
        "grade_distribution": await no_letters(reader, named["school_id"]),
        "sections_performance": msgspec.Raw(b"[]"),
    }


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, PagingOfTerm)
    return answer(await subjects_listed(request.app.state.database, viewer, asked))


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Term)
    subject_id = path_id(request, "subject_id", "subject")
    return answer(await subject_of(request.app.state.database, viewer, subject_id, term=asked.term))


routes = [Route("/subjects", _list), Route("/subject/{subject_id}", _get)]
