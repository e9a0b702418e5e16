"""One exam: how far its grading is, who has what, and the same work in parallel sections."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.api.exams import exam_of, parallel_exams
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.display import letters_shown
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.query import ViewQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.shell import view
from classpulse.serve.parameters import path_id
from classpulse.serve.snapshot import Reader


async def _exam(request: Request, reader: Reader, viewer: Viewer, asked: ViewQuery) -> Page:
    exam_id = path_id(request, "exam_id", "exam")
    exam = as_json_values(await exam_of(reader, viewer, exam_id))
    return await view(
        request,
        reader,
        viewer,
        "exam.html",
        of="exams",
        asked=asked,
        figures=exam,
        watched=[exam["section_id"]],
        subject=exam["subject_id"],
        term_path="/sections",
        context={
            "exam": exam,
            "letters": _letters(exam["letters"], exam["grades"]),
            "open": [row for row in exam["grades"] if row["status"] in (None, "pending")],
            "parallel": as_json_values(await parallel_exams(reader, viewer, exam_id)),
        },
    )


def _letters(scale: Iterable[str], grades: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How many have which letter in it; nothing before anything is graded."""
    counts = Counter(row["letter"] for row in grades if row["letter"] is not None)
    return letters_shown({letter: counts[letter] for letter in scale}) if counts else []


routes = [Route("/exams/{exam_id}", for_viewers(ViewQuery, _exam))]
