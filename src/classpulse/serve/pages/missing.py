"""What was not done: registers that were not taken, items that are due and not marked."""

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.api.missing import DayPaging, exams_unmarked, registers_missing
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.query import MissingQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.shell import SCOPE_TEXT, view
from classpulse.serve.parameters import Paging
from classpulse.serve.snapshot import Reader

_MOST = 100


async def _missing(request: Request, reader: Reader, viewer: Viewer, asked: MissingQuery) -> Page:
    registers = as_json_values(
        await registers_missing(
            reader, viewer, DayPaging(limit=_MOST, date=asked.date), term=asked.term
        )
    )
    exams = as_json_values(
        await exams_unmarked(
            reader, viewer, Paging(limit=_MOST, cursor=asked.cursor), term=asked.term
        )
    )
    return await view(
        request,
        reader,
        viewer,
        "missing.html",
        of="missing",
        asked=asked,
        figures=exams,
        # any section may take a register, or mark an item
        watched=["*"],
        term_path="/missing",
        context={
            "scope_text": SCOPE_TEXT[viewer.role],
            "registers": registers,
            "exams": exams,
        },
    )


routes = [Route("/missing", for_viewers(MissingQuery, _missing))]
