"""The subjects: all in view as a list, and one over its sections with its roster."""

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.api.exams import Filters as ExamFilters
from classpulse.serve.api.exams import exams_of
from classpulse.serve.api.students import students_of
from classpulse.serve.api.subjects import subject_of, subjects_listed
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.display import day_of, exams_shown, letters_shown
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.listed import MOST, listed_shown
from classpulse.serve.pages.query import ListQuery, RosterQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.roster import roster
from classpulse.serve.pages.shell import SCOPE_TEXT, view
from classpulse.serve.parameters import path_id
from classpulse.serve.snapshot import Reader

_EXAMS = 40


async def _subjects(request: Request, reader: Reader, viewer: Viewer, asked: ListQuery) -> Page:
    listing = asked.listing(MOST)
    found = as_json_values(await subjects_listed(reader, viewer, listing))
    return await view(
        request,
        reader,
        viewer,
        "subjects.html",
        of="subjects",
        asked=asked,
        figures=found,
        # which subjects there are is told by no figure
        watched=["*"],
        told=asked.term is None and asked.sort == "name",
        context={
            "list": listed_shown(found, listing, "Subject"),
            "scope_text": SCOPE_TEXT[viewer.role],
        },
    )


async def _subject(request: Request, reader: Reader, viewer: Viewer, asked: RosterQuery) -> Page:
    subject_id = path_id(request, "subject_id", "subject")
    subject = as_json_values(await subject_of(reader, viewer, subject_id, term=asked.term))
    found, order = await students_of(reader, viewer, asked.filters(subject=(subject_id,)))
    students = as_json_values(found)
    asked_exams = ExamFilters(subject_id=(subject_id,), term=asked.term, limit=_EXAMS)
    exams = as_json_values(await exams_of(reader, viewer, asked_exams))
    return await view(
        request,
        reader,
        viewer,
        "subject.html",
        of="subjects",
        asked=asked,
        figures=subject,
        # any section may get the subject
        watched=["*"],
        subject=subject_id,
        told=not (asked.term or asked.follows_figures(order) or subject.get("truncated")),
        context={
            "subject": subject,
            "letters": letters_shown(subject["grade_distribution"]),
            "roster": roster(students, asked, order, of_subject=True, several_sections=True),
            "exams": exams_shown(exams, day_of(subject["as_of_time"])),
        },
        term_path=request.url.path,
    )


routes = [
    Route("/subjects", for_viewers(ListQuery, _subjects)),
    Route("/subjects/{subject_id}", for_viewers(RosterQuery, _subject)),
]
