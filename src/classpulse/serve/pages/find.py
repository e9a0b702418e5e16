"""Finding somebody or something by its name, from any page."""

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.api.found import found_in
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.links import Links
from classpulse.serve.pages.query import FindQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.shell import view
from classpulse.serve.snapshot import Reader


async def _find(request: Request, reader: Reader, viewer: Viewer, asked: FindQuery) -> Page:
    found = await found_in(reader, viewer, asked.q or "", term=asked.term)
    return await view(
        request,
        reader,
        viewer,
        "find.html",
        of="find",
        asked=asked,
        figures=found,
        term_path="/",
        context={"found": found},
    )


async def _found(request: Request, reader: Reader, viewer: Viewer, asked: FindQuery) -> Page:
    """What was found alone, for a page that is open."""
    found = await found_in(reader, viewer, asked.q or "", term=asked.term)
    links = Links(request, asked.term, "/find")
    return Page("found.html", {"found": found, "links": links, "asked": asked})


routes = [
    Route("/find", for_viewers(FindQuery, _find)),
    Route("/find/found", for_viewers(FindQuery, _found)),
]
