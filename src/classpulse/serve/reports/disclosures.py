"""The disclosure log: which reports left the house, when, and to whom. It is kept for good."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import msgspec
from databases import Database
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import cursors
from classpulse.serve.answers import encode, json_response, listed
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Id, Paging, read_query
from classpulse.serve.problems import Problem
from classpulse.serve.snapshot import Reader, Row, one_statement, snapshot
from classpulse.sql import queries

_SQL = queries("disclosures")


@dataclass(frozen=True)
class Disclosure:
    """One report as the log keeps it. ``schools`` are those of :func:`schools_concerned`."""

    viewer: Viewer
    report: str
    format: str
    filters: Mapping[str, object]
    student_id: int | None
    as_of: str
    schools: list[Row]


class Filters(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET /disclosures``; from one day to another in UTC, both in it."""

    educator_id: Id | None = None
    student_id: Id | None = None
    from_date: date | None = msgspec.field(name="from", default=None)
    to_date: date | None = msgspec.field(name="to", default=None)


class Before(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on before this one."""

    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]


async def schools_concerned(
    reader: Reader,
    viewer: Viewer,
    *,
    sections: list[int],
    asked_sections: list[int],
    subjects: list[int],
    term: int | None = None,
    student_id: int | None = None,
) -> list[Row]:
    """The schools that a report is about (``school_id``), each with its ``section_ids`` in it."""
    return await reader.all(
        _SQL["concerned"],
        sections=sections,
        asked_sections=asked_sections,
        subjects=subjects,
        term=term,
        student_id=student_id,
        own_school=viewer.school_id,
    )


async def record(database: Database, disclosure: Disclosure, rows: Mapping[int, int]) -> None:
    """Write a report down, committed on return; ``rows`` are how many it holds by section."""
    viewer = disclosure.viewer
    parts = [
        {**school, "row_count": sum(rows.get(section, 0) for section in school["section_ids"])}
        for school in disclosure.schools
    ]
    async with one_statement(database) as writer:
        await writer.only(
            _SQL["record"],
            educator_id=viewer.educator_id,
            educator_name=viewer.name,
            educator_email=viewer.email,
            educator_role=viewer.role,
            report=disclosure.report,
            format=disclosure.format,
            filters=encode(disclosure.filters).decode(),
            student_id=disclosure.student_id,
            row_count=sum(rows.values()),
            as_of=disclosure.as_of,
            parts=encode(parts).decode(),
        )


async def disclosures_of(database: Database, viewer: Viewer, filters: Filters) -> dict[str, Any]:
    """A page of the log, newest first: a principal's school's part of it, an admin's all of it."""
    if viewer.role not in ("principal", "admin"):
        raise Problem(403, "The disclosure log is for principals and admins: ask yours.")
    if viewer.role == "principal" and viewer.school_id is None:
        raise Problem(403, "Your account belongs to no school: ask an admin for the log.")
    before = cursors.read(filters.cursor, Before)
    asked = {
        "school_id": viewer.school_id if viewer.role == "principal" else None,
        "educator_id": filters.educator_id,
        "student_id": filters.student_id,
        "from_date": filters.from_date,
        "to_date": filters.to_date,
    }
    async with snapshot(database) as reader:
        rows = await reader.all(
            _SQL["page"], **asked, before=before and before.id, limit=filters.limit + 1
        )
        page = rows[: filters.limit]
        return await listed(
            reader,
            [{**row, "filters": msgspec.Raw(row["filters"].encode())} for row in page],
            total=(await reader.only(_SQL["total"], **asked))["total"],
            next=cursors.write(Before(page[-1]["id"])) if len(rows) > len(page) else None,
        )


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Filters)
    return json_response(await disclosures_of(request.app.state.database, viewer, asked))


routes = [Route("/disclosures", _list)]
