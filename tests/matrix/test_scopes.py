"""On every route: who may not see a thing gets the very answer of a thing that does not exist."""

import pytest
from serve.auth.test_scope import FOREIGN, THEIRS
from serve.conftest import Client, password_hash, reader, school_template  # noqa: F401

from .routes import MATRIX, Call, application_routes, calls, calls_naming

MISSING = 999_999
IDS = {
    "section": 1,
    "subject": 1,
    "student": 1,
    "exam": 1,
    "grade": 1,
    "term": 1,
    "support": 1,
    "educator": 1,
}
REFUSED = {"api": 401, "stream": 401, "page": 303}
NO_TOKENS = {
    "none": {},
    "no kind": {"Authorization": "secret"},
    "another kind": {"Authorization": "Basic YTpi"},
    "garbage": {"Authorization": "Bearer a.b.c"},
    "unsigned": {
        "Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwicm9sZSI6ImFkbWluIn0."
    },
    "empty cookie": {"Cookie": "classpulse_token="},
    "cookie of garbage": {"Cookie": "classpulse_token=%00"},
}


def test_every_route_is_in_the_matrix() -> None:
    assert sorted(application_routes()) == sorted(MATRIX)


async def answer_to(client: Client, call: Call, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body. A stream is asked for its head alone: it would not end."""
    method = "HEAD" if call.kind == "stream" else call.method
    response = await client.http.request(method, call.address, json=call.body, headers=headers)
    return response.status_code, response.content


@pytest.mark.parametrize("how", NO_TOKENS)
async def test_nobody_gets_in_anywhere(reader: Client, how: str) -> None:  # noqa: F811
    for call in calls(IDS, kinds=REFUSED, ending=True):
        status, body = await answer_to(reader, call, NO_TOKENS[how])
        assert status == REFUSED[call.kind], (call, status, body[:200])
        assert call.kind != "page" or body == b""


@pytest.mark.parametrize("educator", THEIRS)
async def test_what_is_theirs_is_answered_on_every_route(
    reader: Client,  # noqa: F811
    educator: int,
) -> None:
    for noun, ids in THEIRS[educator].items():
        for id_ in ids:
            for call in calls_naming(noun, id_, educator):
                status, body = await answer_to(reader, call, reader.as_(educator))
                # a student's address leads to the card over the view
                assert status == (303 if call.address == f"/students/{id_}" else 200), (call, body)


@pytest.mark.parametrize("educator", FOREIGN)
async def test_what_is_not_theirs_does_not_exist_on_any_route(
    reader: Client,  # noqa: F811
    educator: int,
) -> None:
    for noun, ids in FOREIGN[educator].items():
        for id_ in ids:
            for foreign, missing in zip(
                calls_naming(noun, id_, educator),
                calls_naming(noun, MISSING, educator),
                strict=True,
            ):
                got = await answer_to(reader, foreign, reader.as_(educator))
                expected = await answer_to(reader, missing, reader.as_(educator))
                if foreign.address == f"/students/{id_}":
                    continue  # it only leads to the card, whose address is among these, too
                assert got[0] == 404, (foreign, got)
                assert got == expected, (foreign, got)
