"""The overview: the sections of the current terms, merged."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import (
    embedded,
    json_response,
    listed_student,
    no_letters,
    no_performers,
    performers,
)
from classpulse.serve.api import merged, subjects
from classpulse.serve.api import sections as of_sections
from classpulse.serve.api.listing import MOST, lowest
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Term, read_query
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("overview")
#: of the totals, what stands under ``attendance_stats``
ATTENDANCE = (
    "present",
    "late",
    "absent",
    "excused",
    "total",
    "percentage",
    "percentage_unexcused",
    "chronically_absent",
    "absence_basis",
)


async def overview_of(source: Source, viewer: Viewer, *, term: int | None = None) -> dict[str, Any]:
    """The overview of what somebody may see, ready for :func:`answers.encode`.

    Of the current terms, or of ``term``. Nothing to see: zeros for counts, ``None`` for means. Of
    more than 100 sections or subjects those with the lowest averages, and ``truncated`` is true.
    """
    async with snapshot(source) as reader:
        sections = await sections_in_view(reader, viewer, term)
        return await overview_in(reader, viewer, sections, await merged.stand(reader, sections))


async def overview_in(
    reader: Reader, viewer: Viewer, sections: list[int], here: merged.Stand
) -> dict[str, Any]:
    """The overview of these sections in the reader's snapshot."""
    overview = here.kept.overview
    if overview is None:
        overview = await _overview(reader, viewer, sections, here.kept)
        # whose letters are those of a policy may be read by somebody of another school
        if sections:
            here.kept.overview = overview
    return {**overview, **here.as_of}


async def totals_of(
    reader: Reader, viewer: Viewer, sections: list[int], kept: merged.Kept | None = None
) -> tuple[Row, msgspec.Raw]:
    """Counts, means and rates of these sections merged, and their letters."""
    totals = await merged.totals(reader, sections, kept)
    letters = totals.pop("grade_distribution")
    return totals, embedded(letters) if letters else await no_letters(reader, viewer.school_id)


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Term)
    return json_response(await overview_of(request.app.state.database, viewer, term=asked.term))


async def _overview(
    reader: Reader, viewer: Viewer, sections: list[int], kept: merged.Kept
) -> dict[str, Any]:
    totals, letters = await totals_of(reader, viewer, sections, kept)
    section_rows = await of_sections.summaries_of(
        reader, sections, lowest(len(sections)), limit=MOST
    )
    subject_rows = await subjects.summaries_of(
        reader, sections, lowest(totals["total_subjects"]), limit=MOST, kept=kept
    )
    attendance = {name: totals.pop(name) for name in ATTENDANCE}
    return {
        **totals,
        "truncated": max(totals["total_sections"], totals["total_subjects"]) > MOST,
        "grade_distribution": letters,
        "subject_performance_chart": [_bar(row, "subject") for row in subject_rows],
        "sections_performance_chart": [_bar(row, "section") for row in section_rows],
        "sections_summary": section_rows,
        "subjects_summary": subject_rows,
        "attendance_stats": attendance,
        **await performers_of(reader, sections),
    }


async def performers_of(reader: Reader, sections: list[int]) -> dict[str, list[Row]]:
    """The best and the weakest standings of these sections together."""
    if len(sections) <= MOST:
        return (await performers(reader, sections))[None]
    found = no_performers()
    for row in await reader.all(_SQL["performers"], sections=sections):
        kind = row.pop("kind")
        found[f"{kind}_performers"].append(listed_student(row))
    return found


def _bar(row: Row, noun: str) -> Row:
    return {
        "id": row[f"{noun}_id"],
        "name": row[f"{noun}_name"],
        "average": row["average_score"],
        "pass_rate": row["pass_rate"],
        "students": row["total_students"],
        "attendance": row["attendance_average"],
    }


routes = [Route("/overview", _get)]
