"""The overview: everything of the sections in view, and what happened there last."""

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.answers import encode
from classpulse.serve.history import history_of
from classpulse.serve.overview import overview_of
from classpulse.serve.pages.display import overview_shown
from classpulse.serve.pages.happenings import HAPPENING_TYPES, read_event
from classpulse.serve.pages.people import for_viewers
from classpulse.serve.pages.plain import plain
from classpulse.serve.pages.query import ViewQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.runs import Runs
from classpulse.serve.pages.shell import view
from classpulse.serve.snapshot import Reader
from classpulse.serve.viewer import Viewer
from classpulse.serve.visits import last_visit

# Events that the entries of the list of the newest are made of.
_NEWEST = 200
SEES = {
    "educator": "The sections you teach",
    "principal": "Your whole school",
    "admin": "Every school",
}


async def _overview(request: Request, reader: Reader, viewer: Viewer, asked: ViewQuery) -> Page:
    figures = plain(await overview_of(reader, viewer, term=asked.term))
    events = await history_of(reader, viewer, limit=_NEWEST, types=HAPPENING_TYPES, counted=False)
    runs = Runs(read_event(event) for event in reversed(events["items"]))
    # Of another term nothing moves, so there is nothing to compare with a visit before.
    before = None if asked.term else await last_visit(reader, viewer)
    return await view(
        request,
        reader,
        viewer,
        "overview.html",
        of="overview",
        asked=asked,
        figures=figures,
        context={
            "scope_text": SEES[viewer.role],
            "overview": overview_shown(figures),
            "before": before,
            "happenings": runs.records,
            "runs": encode(runs.state).decode(),
        },
    )


routes = [Route("/", for_viewers(ViewQuery, _overview))]
