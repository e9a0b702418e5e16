"""The overview: everything of the sections in view, and what happened there last."""

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.answers import encode
from classpulse.serve.api.history import history_of
from classpulse.serve.api.overview import overview_of
from classpulse.serve.api.visits import last_visit
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.display import overview_shown
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.feed_entry import FEED_TYPES, read_event
from classpulse.serve.pages.feed_groups import FeedGroups
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.query import ViewQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.shell import SCOPE_TEXT, view
from classpulse.serve.snapshot import Reader

# Events that the entries of the list of the newest are made of.
_NEWEST = 200


async def _overview(request: Request, reader: Reader, viewer: Viewer, asked: ViewQuery) -> Page:
    figures = as_json_values(await overview_of(reader, viewer, term=asked.term))
    events = await history_of(reader, viewer, limit=_NEWEST, types=FEED_TYPES, counted=False)
    runs = FeedGroups(read_event(event) for event in reversed(events["items"]))
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
            "scope_text": SCOPE_TEXT[viewer.role],
            "overview": overview_shown(figures),
            "before": before,
            "happenings": runs.records,
            "runs": encode(runs.state).decode(),
        },
    )


routes = [Route("/", for_viewers(ViewQuery, _overview))]
