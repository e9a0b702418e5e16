"""The students: one table over all sections in view."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.api.sections import section_names
from classpulse.serve.api.students import students_of
from classpulse.serve.api.subjects import subject_names
from classpulse.serve.auth.scope import sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.query import StudentsQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.roster import roster
from classpulse.serve.pages.shell import SCOPE_TEXT, view
from classpulse.serve.snapshot import Reader

_MOST_CHOICES = 500


async def _students(request: Request, reader: Reader, viewer: Viewer, asked: StudentsQuery) -> Page:
    filters = asked.filters(section=asked.section_id, subject=asked.subject_id)
    filters = msgspec.structs.replace(filters, term=asked.term)
    found, order = await students_of(reader, viewer, filters)
    students = as_json_values(found)
    return await view(
        request,
        reader,
        viewer,
        "students.html",
        of="students",
        asked=asked,
        figures=students,
        watched=asked.section_id or ["*"],
        subject=asked.subject_id[0] if filters.basis == "subject" else None,
        told=not (asked.term or asked.follows_figures(order)),
        context={
            "scope_text": SCOPE_TEXT[viewer.role],
            "roster": roster(
                students,
                asked,
                order,
                of_subject=filters.basis == "subject",
                several_sections=True,
                choices=await _choices(reader, viewer, asked),
            ),
        },
    )


async def _choices(reader: Reader, viewer: Viewer, asked: StudentsQuery) -> list[dict[str, Any]]:
    sections = await sections_in_view(reader, viewer, asked.term)
    subject = {
        "name": "subject_id",
        "label": "Subject",
        "options": await subject_names(reader, sections),
        "chosen": asked.subject_id,
    }
    # nobody finds one among thousands, and each page would carry them all
    offered = sections if len(sections) <= _MOST_CHOICES else list(asked.section_id)
    if sections and not offered:
        return [subject]
    section = {
        "name": "section_id",
        "label": "Section",
        "options": await section_names(reader, offered),
        "chosen": asked.section_id,
    }
    return [section, subject]


routes = [Route("/students", for_viewers(StudentsQuery, _students))]
