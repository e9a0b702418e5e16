"""A district on an embedded Postgres, a server in front of it, and tokens for who looks at it."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from processes import SECRET, STREAM, Server, serving  # noqa: E402
from size.conftest import PRINCIPAL, TEACHER, fill  # noqa: E402

from classpulse.database.embedded.cluster import embedded  # noqa: E402
from classpulse.database.install.migrate import migrate  # noqa: E402
from classpulse.serve.auth import tokens  # noqa: E402

#: teachers of three sections each, beside the three educators of the district
TEACHERS = 180
FIRST_TEACHER = 1001
MORE_EDUCATORS = f"""
insert into educators (id, school_id, email, full_name)
select {FIRST_TEACHER} + n, 1, 'teacher' || n || '@district.school', 'Teacher ' || n
from generate_series(0, {TEACHERS - 1}) as n;
insert into section_educators (section_id, educator_id)
select distinct 1 + (n * 3 + k) % $1, {FIRST_TEACHER} + n
from generate_series(0, {TEACHERS - 1}) as n, generate_series(0, 2) as k;
"""
UNLIMITED = {"CLASSPULSE_REQUEST_LIMIT": "0", "CLASSPULSE_STREAM_LIMIT": "0"}


@dataclass(frozen=True)
class Running:
    """What a benchmark works on."""

    url: str
    server: Server
    programs: Path
    #: how many, numbered from the first
    grades: int

    def token(self, educator: int, role: str) -> str:
        return tokens.issue(SECRET, educator, role, timedelta(hours=2))

    @property
    def principal(self) -> str:
        return self.token(PRINCIPAL, "principal")

    @property
    def teacher(self) -> str:
        return self.token(TEACHER, "educator")


@asynccontextmanager
async def district(sections: int, **settings: str) -> AsyncIterator[Running]:
    """A district of so many sections of 30 students each, with everything at work."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)  # noqa: ASYNC240
        async with embedded(Path(name) / "data") as postgres:
            await migrate(postgres.url)
            await fill(postgres.url, sections)
            connection = await asyncpg.connect(postgres.url)
            await connection.execute(MORE_EDUCATORS.replace("$1", str(sections)))
            with serving(postgres.url, Path(name) / "log", **UNLIMITED, **settings) as server:
                await connection.execute("call performance_wait(timeout => '120 s')")
                grades = await connection.fetchval("select max(id) from grades")
                await connection.close()
                yield Running(postgres.url, server, postgres.bin_path, grades)


def spread(values: list[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and highest."""
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return ordered[len(ordered) // 2], p99, ordered[-1]


def stream_request(token: str, query: str = "") -> bytes:
    """The bytes that open a stream."""
    return (
        f"GET {STREAM}{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
