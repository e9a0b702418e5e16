"""Exams with how many are graded, and one with its grades."""

from datetime import date
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import cursors
from classpulse.serve.answers import as_of, json_response, listed, with_json
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import require_sections, require_subjects, rights, sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Id, Ids, NoParameters, PagingOfTerm, path_id, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("exams")


class Filters(PagingOfTerm, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/exams``."""

    section_id: Ids = ()
    subject_id: Ids = ()


class After(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on after this exam."""

    date: date | None
    id: Id


async def exams_of(source: Source, viewer: Viewer, filters: Filters) -> dict[str, Any]:
    """A page of the exams of somebody's sections, the newest first."""
    await require_sections(source, viewer, filters.section_id)
    await require_subjects(source, viewer, filters.subject_id)
    after = cursors.read(filters.cursor, After)
    async with snapshot(source) as reader:
        if filters.section_id and filters.term is None:
            sections = sorted(set(filters.section_id))
        else:
            sections = await sections_in_view(reader, viewer, filters.term)
            if filters.section_id:
                sections = sorted(set(sections) & set(filters.section_id))
        rows = await reader.all(
            _SQL["page"],
            sections=sections,
            subjects=filters.subject_id or None,
            after_date=after.date if after else None,
            after_id=after.id if after else None,
            limit=filters.limit + 1,
        )
        total = rows[0]["total"]
        found = [row for row in rows if row["exam_id"] is not None]
        items = [
            {name: row[name] for name in row if name != "total"} for row in found[: filters.limit]
        ]
        more = len(found) > len(items)
        return await listed(
            reader,
            items,
            total=total,
            sections={row["section_id"] for row in items},
            next=cursors.write(After(items[-1]["exam_date"], items[-1]["exam_id"]))
            if more
            else None,
        )


async def exam_of(source: Source, viewer: Viewer, exam_id: int) -> dict[str, Any]:
    """One exam with a row for every student of its section; 404 unless it is theirs."""
    async with snapshot(source) as reader:
        exam = await reader.one(_SQL["one"], exam_id=exam_id, **rights(viewer))
        if exam is None:
            raise not_found("exam")
        grades = await reader.all(_SQL["grades"], exam_id=exam_id, section_id=exam["section_id"])
        return {
            **with_json(exam, ["letters"]),
            "grades": grades,
            **await as_of(reader, [exam["section_id"]]),
        }


async def parallel_exams(reader: Reader, viewer: Viewer, exam_id: int) -> list[Row]:
    """The same work in other sections of the viewer's in the same term: name and subject agree."""
    return await reader.all(_SQL["parallel"], exam_id=exam_id, **rights(viewer))


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Filters)
    return json_response(await exams_of(request.app.state.database, viewer, asked))


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    exam_id = path_id(request, "exam_id", "exam")
    return json_response(await exam_of(request.app.state.database, viewer, exam_id))


routes = [Route("/exams", _list), Route("/exam/{exam_id}", _get)]
