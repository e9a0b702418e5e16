"""``classpulse check`` and ``classpulse simulate`` as commands."""

import re
import subprocess
from pathlib import Path

import asyncpg
import pytest
from processes import SECRET, command, free_port, serving, surroundings

Connection = asyncpg.Connection


def run(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments),
        env=surroundings(DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET),
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


async def test_it_passes_against_a_server_and_leaves_nothing(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    with serving(database_url, tmp_path / "server.log") as server:
        done = run(database_url, "check", server.url)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) >= 14
    assert all(re.match(r"ok +\d+ ms  \w", line) for line in lines)
    for table in ("schools", "sections", "educators", "students", "grades", "exams", "subjects"):
        assert await connection.fetchval(f"select count(*) from {table}") == 0
    assert await connection.fetchval("select count(*) from classpulse.passwords") == 0


@pytest.mark.reliability("sequences left behind by chosen ids")
async def test_it_passes_beside_rows_with_ids_of_their_own(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    await connection.execute(
        "insert into schools (id, name) values (1, 'A');"
        "insert into sections (id, school_id, name) values (1, 1, 'A');"
        "insert into subjects (id, school_id, name) values (1, 1, 'M');"
        "insert into educators (id, email, full_name) values (1, 'a@b.c', 'E');"
        "insert into students (id, school_id, first_name) values (1, 1, 'P');"
        "insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'X');"
        "insert into grades (id, student_id, exam_id, score) values (1, 1, 1, 50);"
        "insert into attendance (id, student_id, date, status) values (1, 1, '2026-01-05', 'late')"
    )
    with serving(database_url, tmp_path / "server.log") as server:
        done = run(database_url, "check", server.url)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert await connection.fetchval("select count(*) from students") == 1


async def test_a_server_that_is_not_there_fails_with_the_reason(database_url: str) -> None:
    done = run(database_url, "check", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert re.search(r"^FAIL +\d+ ms  the server answers", done.stdout, re.MULTILINE)
    assert "Traceback" not in done.stderr


async def test_another_database_than_the_servers_fails_and_leaves_nothing(
    database_url: str, empty_database_url: str, connection: Connection, tmp_path: Path
) -> None:
    assert run(empty_database_url, "migrate").returncode == 0
    with serving(empty_database_url, tmp_path / "server.log") as server:
        done = run(database_url, "check", server.url)
    assert done.returncode == 1
    assert "another database" in done.stdout
    assert await connection.fetchval("select count(*) from schools") == 0


async def test_triggers_that_are_off_are_found(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    await connection.execute("alter table grades disable trigger user")
    done = run(database_url, "check", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert "triggers whole is False" in done.stdout
