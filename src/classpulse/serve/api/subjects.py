"""Subjects, each merged over the sections in view."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import json_response, listed, no_letters, with_json
from classpulse.serve.api import merged
from classpulse.serve.api.listing import BY_NAME, MOST, Listing, bare, lowest, parameters, take
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import all_sections, rights, sections_in_view, wide_school
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Term, path_id, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("subjects")
_JSON = ("grade_distribution", "coverage")
_NO_FIGURES: dict[str, Any] = {
    "total_sections": 0,
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
    "coverage": {
        "due_items": 0,
        "marked_items": 0,
        "registers_expected": None,
        "registers_taken": 0,
        "uncounted_count": 0,
    },
}


async def subject_in(
    reader: Reader,
    sections: list[int],
    subject_id: int,
    *,
    most: int | None = None,
    kept: merged.Kept | None = None,
) -> Row | None:
    """The figures of one subject of these sections; none where none of them has it.

    With those of each section in ``sections_performance``: of all by name, or of ``most`` with the
    lowest averages first where there are more, which ``truncated`` says.
    """
    rows = await _rows(reader, sections, BY_NAME, limit=None, only=subject_id, kept=kept)
    if rows[0]["subject_id"] is None:
        return None
    row = await _shown(reader, rows[0])
    asked = BY_NAME if most is None else lowest(row["total_sections"])
    each = await _section_rows(reader, sections, subject_id, asked, most)
    return row | {
        "sections_performance": [with_json(bare(one), _JSON) for one in each if one["section_id"]],
        "truncated": most is not None and row["total_sections"] > most,
    }


async def summaries_of(
    reader: Reader,
    sections: list[int],
    asked: Listing = BY_NAME,
    *,
    limit: int | None = None,
    kept: merged.Kept | None = None,
) -> list[Row]:
    """The figures of their subjects, all by name if not otherwise ``asked``, without those of each
    section."""
    rows = await _rows(reader, sections, asked, limit=limit, kept=kept)
    return [await _shown(reader, row) for row in rows if row["subject_id"] is not None]


async def subject_names(reader: Reader, sections: list[int]) -> list[Row]:
    """``id`` and ``name`` of each subject of these sections by name."""
    return await reader.all(_SQL["names"], sections=sections)


async def subjects_listed(source: Source, viewer: Viewer, asked: Listing) -> dict[str, Any]:
    """A page of the subjects of somebody's sections."""
    async with snapshot(source) as reader:
        sections = await sections_in_view(reader, viewer, asked.term)
        here = await merged.stand(reader, sections)
        rows = await _rows(reader, sections, asked, limit=asked.limit + 1, kept=here.kept)
        page, total, next_page = take(rows, asked, "subject_id")
        items = [await _shown(reader, row) for row in page]
        return {"items": items, "next": next_page, "total": total, **here.as_of}


async def subject_of(
    source: Source, viewer: Viewer, subject_id: int, *, term: int | None = None
) -> dict[str, Any]:
    """One subject with the figures of at most 100 sections; 404 unless it is taught in one of
    their sections or at their school."""
    async with snapshot(source) as reader:
        sections = await sections_in_view(reader, viewer, term)
        here = await merged.stand(reader, sections)
        row = await subject_in(reader, sections, subject_id, most=MOST, kept=here.kept)
        if row is None:
            row = await without_figures(reader, viewer, subject_id)
        return {**row, **here.as_of}


async def sections_of_subject(
    source: Source, viewer: Viewer, subject_id: int, asked: Listing
) -> dict[str, Any]:
    """A page of what somebody's sections have in a subject; 404 as for the subject."""
    async with snapshot(source) as reader:
        sections = await sections_in_view(reader, viewer, asked.term)
        rows = await _section_rows(reader, sections, subject_id, asked, asked.limit + 1)
        if not rows[0]["total"]:
            # a subject of another term has none here; one that is not theirs is no subject
            await without_figures(reader, viewer, subject_id)
        page, total, next_page = take(rows, asked, "section_id")
        items = [with_json(row, _JSON) for row in page]
        shown = [row["section_id"] for row in items]
        return await listed(reader, items, total=total, next=next_page, sections=shown)


async def _rows(
    reader: Reader,
    sections: list[int],
    asked: Listing,
    *,
    limit: int | None,
    only: int | None = None,
    kept: merged.Kept | None = None,
) -> list[Row]:
    sums = await merged.subjects(reader, sections, kept)
    return await reader.all(_SQL["page"], sums=sums, only=only, **parameters(asked, limit=limit))


async def _section_rows(
    reader: Reader, sections: list[int], subject_id: int, asked: Listing, limit: int | None
) -> list[Row]:
    return await reader.all(
        _SQL["sections"],
        sections=sections,
        subject_id=subject_id,
        **parameters(asked, limit=limit),
    )


async def _shown(reader: Reader, row: Row) -> Row:
    row = bare(row)
    if row["grade_distribution"] is None:
        letters = await no_letters(reader, row["school_id"])
        return with_json(row, ["coverage"]) | {"grade_distribution": letters}
    return with_json(row, _JSON)


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
        "sections_performance": [],
        "truncated": False,
    }


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Listing)
    return json_response(await subjects_listed(request.app.state.database, viewer, asked))


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Term)
    subject_id = path_id(request, "subject_id", "subject")
    return json_response(
        await subject_of(request.app.state.database, viewer, subject_id, term=asked.term)
    )


async def _sections(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Listing)
    subject_id = path_id(request, "subject_id", "subject")
    return json_response(
        await sections_of_subject(request.app.state.database, viewer, subject_id, asked)
    )


routes = [
    Route("/subjects", _list),
    Route("/subject/{subject_id}", _get),
    Route("/subject/{subject_id}/sections", _sections),
]
