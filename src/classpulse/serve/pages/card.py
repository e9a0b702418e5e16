"""A student's card: the dialog that lies over a view."""

from typing import Any

from databases import Database
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from classpulse.serve.pages.links import Links
from classpulse.serve.pages.people import for_viewers
from classpulse.serve.pages.plain import plain
from classpulse.serve.pages.rendering import page
from classpulse.serve.parameters import NoParameters, path_id
from classpulse.serve.student import student_of
from classpulse.serve.viewer import Viewer


async def card_of(database: Database, viewer: Viewer, student_id: int) -> dict[str, Any]:
    """What the card shows; 404 unless the student is theirs to see."""
    return {"student": plain(await student_of(database, viewer, student_id))}


async def _whole(request: Request, viewer: Viewer, _: NoParameters) -> Response:
    """A student's own address: their card over the list of all."""
    student_id = path_id(request, "student_id", "student")
    return RedirectResponse(f"/students?student={student_id}", 303)


async def _card(request: Request, viewer: Viewer, _: NoParameters) -> Response:
    """The card alone, for a page that is open."""
    student_id = path_id(request, "student_id", "student")
    card = await card_of(request.app.state.database, viewer, student_id)
    return page("card.html", {"card": card, "links": Links(request, None)})


routes = [
    Route("/students/{student_id}", for_viewers(NoParameters, _whole)),
    Route("/students/{student_id}/card", for_viewers(NoParameters, _card)),
]
