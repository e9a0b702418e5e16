"""How often an answer goes to Postgres and back: each time costs as far as the database is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from classpulse.assets import folder
from classpulse.serve.app import create_app
from classpulse.serve.auth import tokens
from classpulse.settings import Settings
from classpulse.sql import queries

from .conftest import PRINCIPAL, TEACHER, District
from .wire import Wire, relay

SECRET = "a secret for tests, of more than 32 bytes"
API = "/api/v1/performance"
MOST = {
    f"{API}/overview": 9,
    f"{API}/sections": 8,
    f"{API}/section/1": 7,
    f"{API}/students": 7,
    f"{API}/subjects": 8,
    f"{API}/student/1": 10,
    f"{API}/terms": 5,
    f"{API}/trends?of=scope": 8,
    f"{API}/trends?of=student&id=1&metric=attendance": 10,
    "/": 19,
    "/sections": 9,
    "/sections/1": 17,
    "/subjects/1": 17,
    "/students": 10,
    "/students?student=1": 25,
    "/students/1/card": 19,
    f"{API}/supports": 7,
    f"{API}/changes": 8,
    "/supports": 10,
    "/changes": 12,
}


@asynccontextmanager
async def counted(url: str, who: int = TEACHER) -> "AsyncIterator[tuple[httpx2.AsyncClient, Wire]]":
    """A server without its pipeline, and what goes over the wire for each request."""
    async with relay(url) as wire:
        app = create_app(
            Settings(data_dir=Path("/nonexistent"), request_limit=(0, 0)),
            database_url=wire.url,
            listen_url=url,
            jwt_secret=SECRET,
        )
        token = tokens.issue(SECRET, who, "educator", timedelta(hours=1))
        async with (
            app.state.database,
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app),
                base_url="http://school.test",
                headers={"Authorization": f"Bearer {token}"},
            ) as http,
        ):
            yield http, wire


@pytest.mark.parametrize("path", MOST)
async def test_an_answer_takes_few_round_trips(district: District, path: str) -> None:
    async with counted(district.url) as (http, wire):
        # the first one opens the connection and prepares the statements
        for _ in range(2):
            before = wire.round_trips
            answer = await http.get(path)
            assert answer.status_code == 200
        assert wire.round_trips - before <= MOST[path]


async def test_a_token_that_is_none_of_ours_costs_no_round_trip(district: District) -> None:
    async with counted(district.url) as (http, wire):
        await http.get(f"{API}/terms")
        before = wire.round_trips
        for path in (f"{API}/overview", "/students"):
            answer = await http.get(path, headers={"Authorization": "Bearer of.no.kind"})
            assert answer.status_code in (303, 401)
        assert wire.round_trips == before


@pytest.mark.parametrize("path", ["/", "/sections", "/subjects", "/students", "/sections/1"])
async def test_a_page_of_a_district_is_short_on_the_wire(district: District, path: str) -> None:
    async with counted(district.url, PRINCIPAL) as (http, _):
        answer = await http.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) <= 15_000


@pytest.mark.parametrize("path", ["/overview", "/sections", "/subjects", "/students"])
async def test_an_answer_of_a_district_is_short_on_the_wire(district: District, path: str) -> None:
    async with counted(district.url, PRINCIPAL) as (http, _):
        answer = await http.get(API + path, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) <= 40_000


@pytest.mark.parametrize("room", sorted(path.stem for path in folder("sql").glob("queries/*.sql")))
def test_a_statement_is_short_enough_to_stay_prepared(room: str) -> None:
    """Longer ones the driver prepares each time: another round trip, and parsing."""
    kept = 15 * 1024
    assert {name for name, text in queries(room).items() if len(text) > kept} == set()
