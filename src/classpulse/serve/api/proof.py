"""What a subject average is made of, so that it can be calculated again without the server."""

from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import as_of, json_response, with_json
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import all_sections
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Id, path_id, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Source, snapshot
from classpulse.sql import queries

_SQL = queries("proof")
_JSON = ("policy", "categories", "rows", "result")


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/student/{id}/proof``."""

    section_id: Id
    subject_id: Id


async def proof_of(source: Source, viewer: Viewer, student_id: int, asked: Asked) -> dict[str, Any]:
    """Rows, categories, policy and result of a standing in a subject, all of one snapshot.

    Fractions are percentages, ``"2197/26"`` is 84.5 %. 404 where the viewer sees no such standing,
    or the subject is none of its school's.
    """
    async with snapshot(source) as reader:
        return await proof_in(reader, viewer, student_id, asked)


async def proof_in(reader: Reader, viewer: Viewer, student_id: int, asked: Asked) -> dict[str, Any]:
    """The same, in the snapshot of an answer that holds more."""
    row = await reader.one(
        _SQL["proof"],
        student_id=student_id,
        section_id=asked.section_id,
        subject_id=asked.subject_id,
        sections=await all_sections(reader, viewer),
    )
    if row is None:
        raise not_found("standing in this section and subject")
    if row["override"] is not None:
        row = with_json(row, ["override"])
    return {
        **with_json(row, _JSON),
        "rounding": "half up to 2 places",
        **await as_of(reader, [asked.section_id]),
    }


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Asked)
    student_id = path_id(request, "student_id", "student")
    return json_response(await proof_of(request.app.state.database, viewer, student_id, asked))


routes = [Route("/student/{student_id}/proof", _get)]
