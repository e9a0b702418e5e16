"""What a few words find: students, sections, subjects and exams of somebody's sections."""

from typing import Any

from classpulse.serve.answers import as_of
from classpulse.serve.api.listing import Listing
from classpulse.serve.api.sections import sections_listed
from classpulse.serve.api.students import Filters, students_of
from classpulse.serve.api.subjects import subjects_listed
from classpulse.serve.auth.scope import sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.snapshot import Reader
from classpulse.sql import queries

_SQL = queries("exams")
#: standings that are read, of which several may be one student's, and most of each other kind
_STANDINGS = 24
_STUDENTS = 8
_MOST = 5


async def found_in(reader: Reader, viewer: Viewer, q: str, *, term: int | None) -> dict[str, Any]:
    """The best known of each kind that ``q`` names, in the current terms or in ``term``.

    ``students`` have an ``id``, ``name``, ``student_number`` and their ``sections``; ``sections``,
    ``subjects`` and ``exams`` are rows of their lists. ``as_of`` is that of the snapshot.
    """
    stamp = await as_of(reader)
    words = q.strip()
    if not words:
        return {"students": [], "sections": [], "subjects": [], "exams": [], **stamp}
    standings, _ = await students_of(reader, viewer, Filters(q=words, term=term, limit=_STANDINGS))
    listing = Listing(q=words, term=term, limit=_MOST)
    sections = await sections_listed(reader, viewer, listing, with_performers=False)
    subjects = await subjects_listed(reader, viewer, listing)
    exams = await reader.all(
        _SQL["found"],
        sections=await sections_in_view(reader, viewer, term),
        q=words,
        limit=_MOST,
    )
    return {
        "students": _students(standings["items"]),
        "sections": sections["items"],
        "subjects": subjects["items"],
        "exams": exams,
        **stamp,
    }


def _students(standings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each once, with the sections that they are in."""
    found: dict[int, dict[str, Any]] = {}
    for standing in standings:
        if standing["id"] not in found and len(found) == _STUDENTS:
            continue
        student = found.setdefault(
            standing["id"],
            {
                "id": standing["id"],
                "name": standing["name"],
                "student_number": standing["student_number"],
                "sections": [],
            },
        )
        student["sections"].append(standing["section_name"])
    return list(found.values())
