"""Every route of the server, read from the application itself, and how each of them is asked.

A route without a line here fails ``test_every_route_is_in_the_matrix``: nobody can add one that no
test of rights knows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from classpulse.serve.app import create_app
from classpulse.settings import Settings

API = "/api/v1/performance"
#: what an id in an address, or in a query, is the id of
NOUNS = ("section", "subject", "student", "exam", "grade", "term", "support")


#: students who are elsewhere than in section 1
_HOMES = {20: 2, 30: 3}


@dataclass(frozen=True)
class Asked:
    """How a route is asked by somebody who may, and what tells that somebody may not.

    ``open`` answers anybody; ``api`` refuses with 401, ``page`` leads to the form with 303.
    ``query``: ``{home}`` and ``{taught}`` are a section and its subject where who asks, or the
    student that is asked of, is at home. ``keyed``: queries, each with one ``{noun}`` in place of
    an id. ``ends``: the session is over afterwards, so it is asked only of those whose session is
    over. ``refused``: how what is asked for is refused to whoever may ask.
    """

    kind: Literal["open", "api", "page", "stream", "socket"] = "api"
    query: str = ""
    body: Any = None
    keyed: tuple[str, ...] = ()
    ends: bool = False
    refused: int | None = None


MATRIX: dict[tuple[str, str], Asked] = {
    ("POST", "/api/v1/auth/login"): Asked("open", body={"email": "a@b.c", "password": "x"}),
    ("POST", "/api/v1/auth/refresh"): Asked(),
    ("POST", "/api/v1/auth/logout"): Asked(ends=True),
    ("GET", "/api/v1/auth/me"): Asked(),
    ("POST", "/api/v1/visits"): Asked(),
    ("GET", f"{API}/stream"): Asked(
        "stream", keyed=("section_id={section}", "subject_id={subject}", "student_id={student}")
    ),
    ("WS", f"{API}/ws/performance/{{educator_id}}"): Asked("socket"),
    ("WS", "/api/v1/ws/performance/{educator_id}"): Asked("socket"),
    ("WS", "/ws/performance/{educator_id}"): Asked("socket"),
    ("GET", f"{API}/overview"): Asked(keyed=("term={term}",)),
    ("GET", f"{API}/sections"): Asked(keyed=("term={term}",)),
    ("GET", f"{API}/section/{{section_id}}"): Asked(),
    ("GET", f"{API}/section/{{section_id}}/attendance"): Asked(),
    ("GET", f"{API}/subjects"): Asked(keyed=("term={term}",)),
    ("GET", f"{API}/subject/{{subject_id}}"): Asked(),
    ("GET", f"{API}/subject/{{subject_id}}/sections"): Asked(),
    ("GET", f"{API}/students"): Asked(
        keyed=("term={term}", "section_id={section}", "subject_id={subject}")
    ),
    ("POST", f"{API}/filtered"): Asked(body={"top_count": 1}),
    ("GET", f"{API}/student/{{student_id}}"): Asked(),
    ("GET", f"{API}/student/{{student_id}}/proof"): Asked(
        query="section_id={home}&subject_id={taught}"
    ),
    ("GET", f"{API}/student/{{student_id}}/history"): Asked(),
    ("GET", f"{API}/grade/{{grade_id}}/history"): Asked(),
    ("GET", f"{API}/grading"): Asked(query="section_id={home}&subject_id={taught}"),
    ("PUT", f"{API}/grading"): Asked(body={}),
    ("POST", f"{API}/grading/preview"): Asked(body={}),
    ("GET", f"{API}/supports"): Asked(keyed=("student_id={student}", "section_id={section}")),
    ("POST", f"{API}/supports"): Asked(body={"student_id": 1, "kind": "talk"}),
    ("PUT", f"{API}/support/{{support_id}}"): Asked(body={}),
    ("GET", f"{API}/exams"): Asked(keyed=("section_id={section}", "subject_id={subject}")),
    ("GET", f"{API}/exam/{{exam_id}}"): Asked(),
    ("GET", f"{API}/exams/unmarked"): Asked(),
    ("GET", f"{API}/registers/missing"): Asked(),
    ("GET", f"{API}/terms"): Asked(),
    ("GET", f"{API}/trends"): Asked(
        query="of=scope",
        keyed=(
            "of=section&id={section}",
            "of=subject&id={subject}",
            "of=student&id={student}&metric=attendance",
        ),
    ),
    ("GET", f"{API}/events"): Asked(),
    ("GET", f"{API}/changes"): Asked(),
    ("PUT", f"{API}/changes/mark"): Asked(body={"id": ""}, refused=422),
    ("GET", f"{API}/reports/download"): Asked(
        query="format=csv",
        keyed=(
            "format=csv&section_id={section}",
            "format=pdf&report=section&section_id={section}",
            "format=xlsx&report=subject&subject_id={subject}",
            "format=pdf&student_id={student}",
            "format=csv&term={term}",
        ),
    ),
    ("GET", "/api/v1/disclosures"): Asked(),
    ("GET", "/healthz"): Asked("open"),
    ("GET", "/readyz"): Asked("open"),
    ("GET", "/"): Asked("page", keyed=("student={student}", "term={term}")),
    ("GET", "/sections"): Asked("page", keyed=("student={student}", "term={term}")),
    ("GET", "/sections/{section_id}"): Asked("page"),
    ("GET", "/exams/{exam_id}"): Asked("page"),
    ("GET", "/subjects"): Asked("page", keyed=("term={term}",)),
    ("GET", "/subjects/{subject_id}"): Asked("page"),
    ("GET", "/students"): Asked(
        "page", keyed=("section_id={section}", "subject_id={subject}", "student={student}")
    ),
    ("GET", "/students/{student_id}"): Asked("page"),
    ("GET", "/students/{student_id}/card"): Asked("page"),
    ("GET", "/find"): Asked(
        "page", query="q=a", keyed=("q=a&student={student}", "q=a&term={term}")
    ),
    ("GET", "/find/found"): Asked("page", query="q=a", keyed=("q=a&term={term}",)),
    ("GET", "/grading"): Asked("page", query="section_id={home}&subject_id={taught}"),
    ("GET", "/missing"): Asked("page", keyed=("student={student}", "term={term}")),
    ("GET", "/supports"): Asked("page", keyed=("student={student}", "term={term}")),
    ("GET", "/changes"): Asked("page", keyed=("student={student}", "term={term}")),
    ("GET", "/login"): Asked("open"),
    ("POST", "/login"): Asked("open"),
    ("POST", "/logout"): Asked("open"),
    ("GET", "/static/{path:path}"): Asked("open"),
}


@dataclass(frozen=True)
class Call:
    """One request: an address with everything filled in."""

    method: str
    address: str
    kind: str
    body: Any = field(default=None, compare=False)
    refused: int | None = None


def routes_of(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and template of every route, without the HEAD that each GET has."""
    for route in routes:
        if isinstance(route, Mount):
            yield from routes_of(route.routes, prefix + route.path)
        elif isinstance(route, WebSocketRoute):
            yield "WS", prefix + route.path
        elif isinstance(route, Route):
            # without its own methods a route says itself what it takes: the stream
            for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
                yield method, prefix + route.path


def application_routes() -> list[tuple[str, str]]:
    """What the server that runs has."""
    nowhere = "postgresql://nobody@127.0.0.1:9/nothing"
    app = create_app(
        Settings(data_dir=Path("/nonexistent")),
        database_url=nowhere,
        listen_url=nowhere,
        jwt_secret="x" * 40,
    )
    return list(routes_of(app.routes))


def calls(ids: dict[str, int], *, kinds: Iterable[str], ending: bool = False) -> list[Call]:
    """Every route of ``kinds`` once, with these ids; those that end the session if ``ending``."""
    return [
        Call(
            method,
            _filled(template, ids) + _query(asked.query, ids),
            asked.kind,
            asked.body,
            asked.refused,
        )
        for (method, template), asked in MATRIX.items()
        if asked.kind in kinds and (ending or not asked.ends)
    ]


def calls_naming(noun: str, id_: int, educator: int) -> list[Call]:
    """Every way to name one thing by its id: in an address, or in a query."""
    ids = {noun: id_, "educator": educator}
    found = []
    for (method, template), asked in MATRIX.items():
        if f"{{{noun}_id}}" in template:
            found.append(
                Call(
                    method,
                    _filled(template, ids) + _query(asked.query, ids),
                    asked.kind,
                    asked.body,
                )
            )
        for query in asked.keyed:
            if f"{{{noun}}}" in query:
                address = template + _query(query.format(**{noun: id_}))
                found.append(Call(method, address, asked.kind, asked.body))
    return found


def _filled(template: str, ids: dict[str, int]) -> str:
    address = template.replace("{path:path}", "nothing.css")
    for noun, id_ in ids.items():
        address = address.replace(f"{{{noun}_id}}", str(id_))
    return address


def _query(query: str, ids: Mapping[str, int] | None = None) -> str:
    if ids is not None and "{home}" in query:
        home = _HOMES.get(ids.get("student", 0)) or (2 if ids.get("educator") == 2 else 1)
        query = query.format(home=home, taught=3 if home == 3 else 1)
    return f"?{query}" if query else ""
