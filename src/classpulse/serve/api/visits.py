"""What an educator saw last, so that a page can say what has changed since."""

import logging
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import encode
from classpulse.serve.api import merged
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import NoParameters, read_query
from classpulse.serve.snapshot import Source, one_statement, snapshot
from classpulse.sql import queries

logger = logging.getLogger(__name__)

_SQL = queries("visits")
# Who comes back sooner has not been away.
_AWAY_MINUTES = 30
_KEPT = (
    "total_students",
    "overall_average",
    "overall_pass_rate",
    "percentage",
    "total_sections",
)


async def last_visit(source: Source, viewer: Viewer) -> dict[str, Any] | None:
    """What was seen at the end of the visit before this one, with its ``at``; ``None`` at a first.

    A visit ends when half an hour passes without a page that is looked at.
    """
    async with one_statement(source) as reader:
        row = await reader.one(
            _SQL["last"], educator_id=viewer.educator_id, away_minutes=_AWAY_MINUTES
        )
    if row is None or row["before"] is None:
        return None
    before: dict[str, Any] = msgspec.json.decode(row["before"])
    return {**before, "at": row["before_at"]}


async def _seen(request: Request) -> Response:
    """A page is looked at, or was left: what it shows is what the next visit is compared with."""
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    async with snapshot(request.app.state.database) as reader:
        sections = await sections_in_view(reader, viewer)
        totals = await merged.totals(reader, sections)
    seen = {name: totals[name] for name in _KEPT}
    async with one_statement(request.app.state.database) as reader:
        await reader.one(
            _SQL["note"],
            educator_id=viewer.educator_id,
            seen=encode(seen).decode(),
            away_minutes=_AWAY_MINUTES,
        )
    return Response(status_code=204)


routes = [Route("/visits", _seen, methods=["POST"])]
