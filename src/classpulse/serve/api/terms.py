"""The terms of the viewer's schools."""

from datetime import date
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import cursors
from classpulse.serve.answers import json_response, listed
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import rights
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Id, Paging, read_query
from classpulse.serve.snapshot import Source, snapshot
from classpulse.sql import queries

_SQL = queries("terms")


class After(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on after this term."""

    starts_on: date
    id: Id


async def terms_of(source: Source, viewer: Viewer, paging: Paging) -> dict[str, Any]:
    """A page of the terms of somebody's schools, the latest first."""
    after = cursors.read(paging.cursor, After)
    async with snapshot(source) as reader:
        rows = await reader.all(
            _SQL["page"],
            **rights(viewer),
            own_school=viewer.school_id,
            after_date=after.starts_on if after else None,
            after_id=after.id if after else None,
            limit=paging.limit + 1,
        )
        total = rows[0].pop("total")
        found = [row for row in rows if row["id"] is not None]
        begins = [row.pop("begins") for row in found]
        items = [
            {name: row[name] for name in row if name != "total"} for row in found[: paging.limit]
        ]
        more = len(found) > len(items)
        return await listed(
            reader,
            items,
            total=total,
            next=cursors.write(After(begins[len(items) - 1], items[-1]["id"])) if more else None,
        )


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Paging)
    return json_response(await terms_of(request.app.state.database, viewer, asked))


routes = [Route("/terms", _list)]
