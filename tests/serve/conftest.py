"""A school with everything that a route may show, folded in, and the server on top of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from starlette.applications import Starlette
from stored import quick_hash

from classpulse.serve.app import create_app
from classpulse.serve.auth import tokens
from classpulse.settings import Settings

SECRET = "a secret for tests, of more than 32 bytes"
PASSWORD = "correct horse battery staple"
API = "/api/v1/performance"

SCHOOL = """
insert into schools (id, name, time_zone) values (1, 'North', 'UTC'), (2, 'South', 'UTC');
insert into terms (id, school_id, name, starts_on, ends_on) values
(1, 1, 'Now', current_date - 30, current_date + 30),
(2, 1, 'Before', current_date - 400, current_date - 300),
(3, 2, 'Now', current_date - 30, current_date + 30);
insert into educators (id, school_id, email, full_name, role, is_active) values
(1, 1, 'Ann@North.school', 'Ann', 'educator', true),
(2, 1, 'bob@north.school', 'Bob', 'educator', true),
(3, 1, 'head@north.school', 'Head', 'principal', true),
(4, null, 'admin@all.school', 'Admin', 'admin', true),
(5, 1, 'gone@north.school', 'Gone', 'educator', false),
(6, 2, 'sue@south.school', 'Sue', 'educator', true),
(7, 1, 'new@north.school', 'New', 'educator', true);
insert into sections (id, school_id, term_id, name) values
(1, 1, 1, '10-A'), (2, 1, 1, '10-B'), (3, 2, 3, '10-A'), (4, 1, 2, '9-A');
insert into section_educators (section_id, educator_id) values (1, 1), (4, 1), (2, 2), (3, 6);
insert into subjects (id, school_id, code, name) values
(1, 1, 'MA', 'Mathematics'), (2, 1, 'HI', 'History'), (3, 2, 'MA', 'Mathematics'),
(4, 1, 'AR', 'Art');
insert into students (id, school_id, student_number, first_name, last_name, email)
select n, 1, 'N' || n, 'Student', to_char(n, 'FM000'), 's' || n || '@north.school'
from generate_series(1, 12) as n;
insert into students (id, school_id, student_number, first_name, last_name) values
(20, 1, 'N20', 'Only', 'Bob'), (30, 2, 'S30', 'Southern', 'Child');
insert into enrollments (student_id, section_id, roll_number)
select n, 1, 13 - n from generate_series(1, 12) as n;
insert into enrollments (student_id, section_id) values (1, 2), (20, 2), (30, 3), (1, 4);
insert into exams (id, section_id, subject_id, name, exam_date, total_marks) values
(1, 1, 1, 'Algebra', current_date - 10, 100), (2, 1, 1, 'Geometry', null, 50),
(3, 1, 2, 'Rome', current_date - 5, 10), (4, 2, 1, 'Algebra', current_date - 3, 100),
(5, 3, 3, 'Sums', current_date - 3, 100), (6, 4, 1, 'Old', current_date - 350, 100);
insert into grades (student_id, exam_id, score) select n, 1, 30 + 5 * n
from generate_series(1, 11) as n;
insert into grades (student_id, exam_id, score, status) values
(1, 2, 50, 'graded'), (2, 2, null, 'missing'), (3, 2, null, 'excused'), (1, 4, 90, 'graded'),
(20, 4, 40, 'graded'), (30, 5, 77, 'graded'), (1, 6, 61, 'graded');
insert into attendance (student_id, section_id, date, status)
select n, 1, current_date - day, case when (n + day) % 4 = 0 then 'absent' else 'present' end
from generate_series(1, 12) as n, generate_series(1, 12) as day;
insert into attendance (student_id, section_id, date, status) values
(1, null, current_date - 20, 'excused'), (30, 3, current_date, 'late');
insert into supports (student_id, section_id, kind, note, opened_by) values
(1, 1, 'talk', 'Of section 1', 1), (20, null, 'tutoring', 'Of Bob''s', 2),
(30, 3, 'talk', 'Of the south', 6);
"""


@dataclass
class Client:
    """A client of the server that speaks for one educator, or for nobody."""

    http: httpx2.AsyncClient
    app: Starlette

    def as_(self, educator_id: int, role: str = "educator", **claims: Any) -> dict[str, str]:
        """The header of a fresh token."""
        token = tokens.issue(SECRET, educator_id, role, timedelta(hours=1), **claims)
        return {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, educator_id: int = 1, **query: Any) -> httpx2.Response:
        """An answer of the API to an educator."""
        return await self.http.get(API + path, params=query or None, headers=self.as_(educator_id))

    async def read(self, path: str, educator_id: int = 1, **query: Any) -> Any:
        """What a 200 answer of the API holds."""
        response = await self.get(path, educator_id, **query)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="session")
def password_hash() -> str:
    return quick_hash(PASSWORD)


@pytest.fixture(scope="session")
async def school_template(cluster: Any, template: str, password_hash: str) -> AsyncIterator[str]:
    """A database with the school's rows folded in, to clone."""
    name = cluster.create(template)
    url = cluster.url_of(name)
    connection = await asyncpg.connect(url)
    await connection.execute(SCHOOL)
    await connection.execute(
        "insert into classpulse.passwords (educator_id, hash) select id, $1 from educators",
        password_hash,
    )
    async with serving(url):
        await connection.execute("call performance_wait(timeout => '20 s')")
    await connection.close()
    yield name
    cluster.drop(name)


@pytest.fixture
def school_url(cluster: Any, school_template: str) -> Iterator[str]:
    """The address of a school of this test's own."""
    name = cluster.create(school_template)
    yield cluster.url_of(name)
    cluster.drop(name)


@pytest.fixture
async def tool(school_url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection to that school, as a database-side tool has it."""
    connection = await asyncpg.connect(school_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def reader(cluster: Any, school_template: str) -> AsyncIterator[Client]:
    """A server that all tests share which only read."""
    name = cluster.create(school_template)
    async with serving(cluster.url_of(name)) as client:
        yield client
    cluster.drop(name)


@asynccontextmanager
async def serving(url: str, **settings: Any) -> AsyncIterator[Client]:
    """The server with its lifespan, reached without a socket."""
    app = create_app(
        # all tests of a session are one client: those about the limit switch it on
        Settings(data_dir=Path("/nonexistent"), **{"request_limit": (0, 0)} | settings),
        database_url=url,
        listen_url=url,
        jwt_secret=SECRET,
    )
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False, client=("10.0.0.1", 5000))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://school.test") as http,
    ):
        yield Client(http, app)


@pytest.fixture
async def client(school_url: str) -> AsyncIterator[Client]:
    """A server of this test's own."""
    async with serving(school_url) as client:
        yield client
