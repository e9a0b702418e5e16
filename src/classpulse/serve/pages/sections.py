"""The sections: all in view as a list, and one with its roster."""

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.api.exams import Filters as ExamFilters
from classpulse.serve.api.exams import exams_of
from classpulse.serve.api.registers import days_of
from classpulse.serve.api.sections import educators_of, section_of, sections_listed
from classpulse.serve.api.students import students_of
from classpulse.serve.api.trends import Subject as Trend
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.charts import stacks_of_days
from classpulse.serve.pages.display import day_of, exams_shown, letters_shown, performers_shown
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.listed import MOST, listed_shown
from classpulse.serve.pages.query import ListQuery, SectionQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.roster import roster
from classpulse.serve.pages.shell import SCOPE_TEXT, view
from classpulse.serve.pages.trends import trends_shown
from classpulse.serve.parameters import path_id
from classpulse.serve.snapshot import Reader

_EXAMS = 40


async def _sections(request: Request, reader: Reader, viewer: Viewer, asked: ListQuery) -> Page:
    listing = asked.listing(MOST)
    found = as_json_values(await sections_listed(reader, viewer, listing, with_performers=False))
    return await view(
        request,
        reader,
        viewer,
        "sections.html",
        of="sections",
        asked=asked,
        figures=found,
        # where each stands in another order is told by no event
        watched=None if asked.sort == "name" else ["*"],
        context={
            "list": listed_shown(found, listing, "Section"),
            "scope_text": SCOPE_TEXT[viewer.role],
        },
    )


async def _section(request: Request, reader: Reader, viewer: Viewer, asked: SectionQuery) -> Page:
    section_id = path_id(request, "section_id", "section")
    section = as_json_values(await section_of(reader, viewer, section_id))
    filters = asked.filters(section=(section_id,))
    found, order = await students_of(reader, viewer, filters)
    students = as_json_values(found)
    exams = as_json_values(
        await exams_of(reader, viewer, ExamFilters(section_id=(section_id,), limit=_EXAMS))
    )
    trends = await trends_shown(
        reader, viewer, Trend([section_id]), earlier=asked.earlier is not None
    )
    days = as_json_values(await days_of(reader, viewer, section_id))
    return await view(
        request,
        reader,
        viewer,
        "section.html",
        of="sections",
        asked=asked,
        figures=section,
        watched=[section_id],
        context={
            "section": section,
            "educators": await educators_of(reader, section_id),
            "letters": letters_shown(section["grade_distribution"]),
            "top": performers_shown(section["top_performers"]),
            "low": performers_shown(section["low_performers"]),
            "roster": roster(students, asked, order),
            "exams": exams_shown(exams, day_of(section["as_of_time"])),
            "trends": trends,
            "days": days,
            "stacks": stacks_of_days(days),
        },
    )


routes = [
    Route("/sections", for_viewers(ListQuery, _sections)),
    Route("/sections/{section_id}", for_viewers(SectionQuery, _section)),
]
