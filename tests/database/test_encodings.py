"""Databases of other encodings than UTF-8: installed, folded and shown like any other."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from conftest import Cluster
from leaders import leading
from processes import admin_token, serving

from classpulse.assets import folder
from classpulse.database.install.migrate import migrate
from classpulse.project.verify import verify
from classpulse.sql import read

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name, last_name)
select n, 1, 'P' || n, 'Last' from generate_series(1, 5) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 5) as n;
"""
GRADE = "insert into grades (student_id, section_id, subject_id, score) values ($1, 1, 1, $2)"


@pytest.fixture
def encoded_url(cluster: Cluster, encoding: str) -> Iterator[str]:
    name = f"test_{encoding.lower()}"
    cluster.drop(name)
    cluster.run(
        f"create database {name} encoding '{encoding}' template template0"
        " locale 'C' locale_provider libc"
    )
    yield cluster.url_of(name)
    cluster.drop(name)


async def told(connection: Any, count: int) -> list[Any]:
    async with asyncio.timeout(10):
        while True:
            rows = await connection.fetch(
                "select payload from classpulse.events"
                " where type = 'grade_update' order by position"
            )
            if len(rows) == count:
                return [json.loads(row["payload"])["grade_data"] for row in rows]
            await asyncio.sleep(0.02)


@pytest.mark.reliability("a database of another encoding")
@pytest.mark.parametrize(
    ("encoding", "name", "shown"),
    [
        ("LATIN1", "chr(252)", "ü"),
        ("LATIN2", "chr(177)", "ą"),
        ("WIN1252", "chr(128)", "€"),
        ("EUC_JP", "convert_from('\\xb9e2'::bytea, 'EUC_JP')", "高"),
        ("SQL_ASCII", "E'\\374'", "\ufffd"),
        ("SQL_ASCII", "E'\\303\\274'", "ü"),
    ],
)
async def test_names_and_figures_of_a_database_of_another_encoding_are_shown(
    encoded_url: str, encoding: str, name: str, shown: str, tmp_path: Path
) -> None:
    await migrate(encoded_url)
    connection = await asyncpg.connect(encoded_url)
    try:
        await connection.execute(SCHOOL)
        await connection.execute(f"update students set last_name = 'M' || {name} where id = 1")
        await connection.execute(f"update sections set name = 'A' || {name}")
        token = await admin_token(connection)
        async with leading(encoded_url):
            await connection.execute(GRADE, 1, 50)
            await connection.execute(GRADE, 2, 60)
            first, second = await told(connection, 2)
            assert first["student_name"] == f"P1 M{shown}"
            assert second["student_name"] == "P2 Last"
        assert (await verify(encoded_url)).differences == []
    finally:
        await connection.close()

    def students(address: str) -> list[str]:
        request = urllib.request.Request(
            f"{address}/api/v1/performance/students", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return [item["name"] for item in json.load(answer)["items"]]

    with serving(encoded_url, tmp_path / "log") as server:
        assert f"P1 M{shown}" in await asyncio.to_thread(students, server.url)


def test_all_sql_is_sent_in_characters_that_every_encoding_has() -> None:
    for path in folder("sql").rglob("*.sql"):
        code = [line for line in path.read_text().splitlines() if not line.startswith("--")]
        assert "\n".join(code).isascii(), path
        assert read(path).isascii()
