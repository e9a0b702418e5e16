"""What was not done: registers that were not taken, items that are due and not marked."""

import datetime
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import cursors
from classpulse.serve.answers import json_response, listed
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Id, Paging, read_query
from classpulse.serve.snapshot import Row, Source, snapshot
from classpulse.sql import queries

_REGISTERS = queries("registers")
_EXAMS = queries("exams")


class DayPaging(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/registers/missing``: a day, or today by the clock of each school."""

    date: datetime.date | None = None


class AfterSection(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on after this section."""

    name: str
    id: Id


class AfterItem(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on after this item."""

    date: datetime.date
    id: Id


async def registers_missing(
    source: Source, viewer: Viewer, asked: DayPaging, *, term: int | None = None
) -> dict[str, Any]:
    """A page of somebody's sections of the current terms whose register of a day is missing, or of
    those of ``term``.

    None where it was no school day, or is none yet. By the name of the section.
    """
    after = cursors.read(asked.cursor, AfterSection)
    async with snapshot(source) as reader:
        rows = await reader.all(
            _REGISTERS["missing"],
            sections=await sections_in_view(reader, viewer, term),
            date=asked.date,
            after_name=after.name if after else None,
            after_id=after.id if after else None,
            limit=asked.limit + 1,
        )
        total, found = _found(rows, "section_id")
        page = found[: asked.limit]
        more = len(found) > len(page)
        return await listed(
            reader,
            [_without(row, "total", "name_key") for row in page],
            total=total,
            sections=[row["section_id"] for row in page],
            next=cursors.write(AfterSection(page[-1]["name_key"], page[-1]["section_id"]))
            if more
            else None,
        )


async def exams_unmarked(
    source: Source, viewer: Viewer, asked: Paging, *, term: int | None = None
) -> dict[str, Any]:
    """A page of the items of somebody's sections that are due, today too, and that at least one
    student has no mark of; the longest due first. Of the current terms, or of ``term``."""
    after = cursors.read(asked.cursor, AfterItem)
    async with snapshot(source) as reader:
        rows = await reader.all(
            _EXAMS["unmarked"],
            sections=await sections_in_view(reader, viewer, term),
            after_date=after.date if after else None,
            after_id=after.id if after else None,
            limit=asked.limit + 1,
        )
        total, found = _found(rows, "exam_id")
        page = found[: asked.limit]
        more = len(found) > len(page)
        return await listed(
            reader,
            [_without(row, "total", "day") for row in page],
            total=total,
            sections={row["section_id"] for row in page},
            next=cursors.write(AfterItem(page[-1]["day"], page[-1]["exam_id"])) if more else None,
        )


def _found(rows: list[Row], id_name: str) -> tuple[int, list[Row]]:
    """A statement that lists answers one row without an id where it found none."""
    return rows[0]["total"], [row for row in rows if row[id_name] is not None]


def _without(row: Row, *names: str) -> Row:
    return {name: row[name] for name in row if name not in names}


async def _registers(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, DayPaging)
    return json_response(await registers_missing(request.app.state.database, viewer, asked))


async def _exams(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Paging)
    return json_response(await exams_unmarked(request.app.state.database, viewer, asked))


routes = [Route("/registers/missing", _registers), Route("/exams/unmarked", _exams)]
