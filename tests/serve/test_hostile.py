"""Whatever is sent, the answer is a problem with a sentence, and never a 500."""

import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.conftest import API, Client

BIGGEST = 2**63 - 1
NUMBERS = ["0", "-1", "x", "1.5", "", " ", "1e3", str(BIGGEST + 1), "9" * 5000, "NaN", "٣", "1,2"]
AVERAGES = ["x", "", "NaN", "nan", "Infinity", "-inf", "-1", "1e400", "1e99999999", "0x10", "1,5"]
WRONG_QUERIES = [
    *((path, name, value) for path in ("/students", "/exams", "/sections", "/terms", "/events")
      for name in ["limit"] for value in [*NUMBERS, "501", "null"] if value != "null"),
    *(("/students", name, value) for name in ("section_id", "subject_id", "term")
      for value in NUMBERS),
    *(("/students", name, value) for name in ("min_average", "max_average", "attendance_below")
      for value in AVERAGES),
    *(("/overview", "term", value) for value in NUMBERS),
    ("/students", "status", "passed"),
    ("/students", "sort", "Name"),
    ("/students", "order", "up"),
    ("/students", "q", "a\0b"),
    ("/students", "q", "a" * 201),
    ("/students", "cursor", "a" * 2001),
    ("/students", "cursor", "\0"),
    ("/events", "before", "1"),
    ("/events", "before", "a-" + "9" * 30),
    ("/events", "before", "\0"),
    ("/events", "types", "_canary"),
    ("/section/1/attendance", "from", "2025-13-01"),
    ("/section/1/attendance", "to", "0000-00-00"),
    ("/section/1/attendance", "from", "99999-01-01"),
]  # fmt: skip
PATHS = [
    "/overview",
    "/sections",
    "/section/1",
    "/section/1/attendance",
    "/subjects",
    "/subject/1",
    "/students",
    "/student/1",
    "/exams",
    "/exam/1",
    "/terms",
    "/events",
    "/stream",
    "/reports/download",
]
WRONG_BODIES: list[tuple[bytes, set[int]]] = [
    (b"", {400}),
    (b"{", {400}),
    (b"[" * 100_000, {400, 422}),
    (b'{"limit": 1' + b" " * 2_000_000 + b"}", {413}),
    (b"\xff\xfe", {400}),
    (b'{"q": "\xff"}', {400}),
    (b'{"q": "\\ud800"}', {400}),
    (b'{"q": "\\u0000"}', {422}),
    (b"null", {422}),
    (b"[]", {422}),
    (b'"text"', {422}),
    (b'{"unknown": 1}', {422}),
    (b'{"limit": "5"}', {422}),
    (b'{"limit": 0}', {422}),
    (b'{"limit": true}', {422}),
    (b'{"limit": 1e30}', {422}),
    (b'{"limit": ' + b"9" * 400 + b"}", {400, 422}),
    (b'{"min_average": NaN}', {400}),
    (b'{"min_average": -1}', {422}),
    (b'{"min_average": 1e400}', {400, 422}),
    (b'{"performance_threshold": "Infinity"}', {422}),
    (b'{"section_ids": 1}', {422}),
    (b'{"section_ids": ["1"]}', {422}),
    (b'{"section_ids": [9223372036854775808]}', {422}),
    (b'{"section_ids": [null]}', {422}),
    (b'{"section_ids": [' + b"1," * 2000 + b"1]}", {422}),
    (b'{"top_count": -1}', {422}),
    (b'{"top_count": 101}', {422}),
    (b'{"sort_by": "id"}', {422}),
    (b'{"sort_order": null}', {422}),
    (b'{"cursor": "AAAA"}', {400}),
    (b'{"status": {"a": 1}}', {422}),
]


def check_problem(answer: Any, statuses: set[int], what: object) -> None:
    assert answer.status_code in statuses, (what, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json", what
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body.keys() >= {"type", "title", "detail"}
    assert len(body["detail"]) > 10, what
    assert len(answer.content) < 4000, what
    assert "Traceback" not in answer.text


async def test_wrong_values_in_a_query_are_named(reader: Client) -> None:
    for path, name, value in WRONG_QUERIES:
        answer = await reader.get(path, **{name: value})
        if path == "/students" and (name, value) == ("q", ""):
            continue
        check_problem(answer, {400}, (path, name, value[:40]))
        assert name in answer.text, (path, name, value[:40])


@pytest.mark.parametrize("path", PATHS)
async def test_an_unknown_parameter_is_an_error_that_names_it(reader: Client, path: str) -> None:
    for name in ("unknwon", "LIMIT", "limit[]", "é", "x" * 3000):
        answer = await reader.get(path, **{name: "1"})
        check_problem(answer, {400}, name[:10])
        assert name[:10] in answer.text


async def test_a_parameter_that_can_be_given_once_is_given_once(reader: Client) -> None:
    answer = await reader.get("/students?limit=1&limit=2")
    check_problem(answer, {400}, "twice")


async def test_an_id_that_can_be_none_is_404(reader: Client) -> None:
    for noun in ("section", "subject", "student", "exam"):
        for id_ in ("x", "0", "-1", "1.0", "1e3", "%00", "%F0", "9" * 30, "9223372036854775808",
                    "٣", "1%20", "null"):  # fmt: skip
            check_problem(await reader.get(f"/{noun}/{id_}"), {404}, (noun, id_))


@pytest.mark.parametrize("case", range(len(WRONG_BODIES)))
async def test_a_wrong_body_is_refused_with_a_sentence(reader: Client, case: int) -> None:
    body, statuses = WRONG_BODIES[case]
    headers = reader.as_(1) | {"Content-Type": "application/json"}
    answer = await reader.http.post(f"{API}/filtered", content=body, headers=headers)
    check_problem(answer, statuses, body[:60])


async def test_a_wrong_login_is_refused_with_a_sentence(reader: Client) -> None:
    for body, statuses in [
        (b"{}", {422}),
        (b'{"email": 1, "password": "x"}', {422}),
        (b'{"email": "", "password": "x"}', {422}),
        (b'{"email": "a", "password": "x", "role": "admin"}', {422}),
        (b'{"email": "a\\u0000", "password": "x"}', {422}),
        (b'{"email": "a", "password": "' + b"x" * 5000 + b'"}', {422}),
        (b'{"email": ["a"], "password": null}', {422}),
    ]:
        answer = await reader.http.post(
            "/api/v1/auth/login", content=body, headers={"Content-Type": "application/json"}
        )
        check_problem(answer, statuses, body[:60])


async def test_only_json_is_taken(reader: Client) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = await reader.http.post(
            f"{API}/filtered",
            content=b"{}",
            headers=reader.as_(1) | {"Content-Type": content_type},
        )
        check_problem(answer, {415}, content_type)


async def test_a_body_is_refused_as_it_grows(reader: Client) -> None:
    """Without a length: the limit holds for what comes, not for what is announced."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 64 * 1024 * 1024:
            sent += 65536
            yield b" " * 65536

    answer = await reader.http.post(
        f"{API}/filtered",
        content=endless(),
        headers=reader.as_(1) | {"Content-Type": "application/json"},
    )
    check_problem(answer, {413}, "endless")
    assert sent <= 2 * 1024 * 1024


NAMES = st.sampled_from(
    ["limit", "cursor", "section_id", "subject_id", "status", "min_average", "q", "sort", "order",
     "attendance_below", "term", "before", "types", "from", "to"]
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["average", "desc", "pass", "1", "name"]),
    st.text(alphabet=string.printable, max_size=30),
)


@pytest.mark.parametrize(
    "path", ["/students", "/exams", "/events", "/section/1/attendance", "/overview"]
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(query=st.dictionaries(NAMES, VALUES, max_size=3))
async def test_no_query_makes_a_500(reader: Client, path: str, query: dict[str, str]) -> None:
    answer = await reader.get(path, **query)
    assert answer.status_code in (200, 400, 404), (query, answer.text)
    if answer.status_code != 200:
        check_problem(answer, {400, 404}, query)
