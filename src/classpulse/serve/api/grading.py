"""How grades are weighed: the scheme of a section's subject."""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import as_of, embedded, json_response
from classpulse.serve.api.grading_change import Changes, may_set_policy, previewed, saved
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import rights, wide_school
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Id, NoParameters, read_body, read_query
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Source, snapshot
from classpulse.sql import queries

_SQL = queries("grading")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/grading``."""

    section_id: Id
    subject_id: Id


async def scheme_of(source: Source, viewer: Viewer, asked: Asked) -> dict[str, Any]:
    """Policy, categories and items of a section's subject; 404 unless the section is theirs.

    ``is_yours`` of a category and ``policy_is_yours`` say what the viewer may change, ``version``
    what a change of it repeats.
    """
    async with snapshot(source) as reader:
        return await scheme_in(reader, viewer, asked)


async def scheme_in(reader: Reader, viewer: Viewer, asked: Asked) -> dict[str, Any]:
    """The same, in the snapshot of an answer that holds more."""
    where = {"section_id": asked.section_id, "subject_id": asked.subject_id}
    place = await reader.one(_SQL["section"], **rights(viewer), **where)
    if place is None:
        raise not_found("section and subject")
    policy = await reader.only(_SQL["policy"], **where)
    scale = _decode(policy.pop("scale"))
    steps = zip(reversed(scale["letters"]), reversed(scale["minimums"]), strict=True)
    categories = await reader.all(
        _SQL["categories"],
        **rights(viewer),
        **where,
        school_id=wide_school(viewer),
        of_school=place["school_id"],
    )
    points = policy["letter_points"]
    return {
        **place,
        "policy": {
            **policy,
            "letter_scale": [{"letter": letter, "min": least} for letter, least in steps],
            "letter_points": None if points is None else embedded(points),
        },
        "policy_is_yours": may_set_policy(viewer, place["school_id"]),
        "categories": categories,
        "items": await reader.all(_SQL["items"], **where),
        **await as_of(reader, [asked.section_id]),
    }


async def _grading(request: Request) -> Response:
    viewer = await viewer_of(request)
    if request.method != "PUT":
        asked = read_query(request, Asked)
        return json_response(await scheme_of(request.app.state.database, viewer, asked))
    read_query(request, NoParameters)
    changes = await read_body(request, Changes)
    return json_response(await saved(request.app.state.database, viewer, changes))


async def _preview(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    changes = await read_body(request, Changes)
    return json_response(await previewed(request.app.state.database, viewer, changes))


routes = [
    Route("/grading", _grading, methods=["GET", "PUT"]),
    Route("/grading/preview", _preview, methods=["POST"]),
]
